"""New arrays of compiled programs: what NumPy makes, with NumPy's errors."""

from __future__ import annotations

import numpy as np
import pytest

from gradc_runtime.jit import kernel


@kernel("i8, i8")
def make(n, m):
    plain = np.zeros(n)
    flags = np.zeros((n, m), np.bool_)
    counts = np.zeros((m, 2, n), np.int64)
    single = np.empty((n, m), np.float32)
    for i in range(n):
        for j in range(m):
            single[i, j] = i + 10 * j
    return plain, flags, counts, single


@pytest.mark.parametrize(("n", "m"), [(3, 2), (0, 5), (1, 0), (7, 11)])
def test_sizes_types_and_layout(n, m):
    for made, wanted in zip(make(n, m), make.py_func(n, m), strict=True):
        assert made.dtype == wanted.dtype
        assert made.shape == wanted.shape
        assert made.strides == wanted.strides or made.size == 0
        assert made.flags.carray
        np.testing.assert_array_equal(made, wanted)


@pytest.mark.parametrize(("n", "m"), [(-1, 2), (2, -3), (-2, -2)])
def test_negative_sizes_are_refused(n, m):
    with pytest.raises(ValueError, match="negative dimensions not allowed"):
        make(n, m)


def test_sizes_beyond_all_memory_are_refused():
    with pytest.raises(ValueError, match="array is too big"):
        make(2**62, 2)

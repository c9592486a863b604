"""Compiled kernels index arrays with unsigned integers, and mean the same."""

import re
from pathlib import Path

import numpy as np

from gradc_runtime.arrays import wrap
from gradc_runtime.jit import kernel


@kernel("f8[:, ::1], f8[::1]")
def eliminate(a, y):
    for i in range(y.shape[0]):
        for j in range(i + 1, y.shape[0]):
            y[j] -= a[i, j] * y[i]
    return y[0]


@kernel("f8[:, ::1], i8")
def indices_of_all_kinds(x, n):
    total = 0.0
    y = np.zeros((x.shape[0], 3))
    for i in range(n):
        total += x[i, 0] + x[i, wrap(-1, x.shape[1], 5)]
        y[i, 1] += x[i, 2]
        y[i, i % 3] = 2.0
        x[i, 0:2] = y[i, 1:3]
        x[i] = y[i]
        y[i:, 2] += x[i:n, 0]
    return total, y, x[n - 1].copy()


def test_a_loop_that_starts_at_a_variable_is_vectorised():
    # code from numba's cache, left by an earlier run, cannot be looked at
    for file in (Path(__file__).parent / "__pycache__").glob("test_unsigned.*.nb[ic]"):
        file.unlink(missing_ok=True)
    assert re.search(r"<\d+ x double>", eliminate.inspect_llvm())


def test_compiled_and_uncompiled_agree():
    rng = np.random.default_rng(0)
    matrix, ours, theirs = rng.random((9, 9)), *[np.arange(9.0) + 1.0] * 2
    theirs = theirs.copy()
    eliminate(matrix, ours)
    eliminate.py_func(matrix, theirs)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_every_kind_of_index():
    ours = np.arange(12.0).reshape(4, 3)
    theirs = ours.copy()
    for one, other in zip(
        indices_of_all_kinds(ours, 4), indices_of_all_kinds.py_func(theirs, 4), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(ours, theirs)

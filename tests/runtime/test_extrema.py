"""The extremum of two numbers in kernels: NaN is passed on, types as they are, and vectorised."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

pytest.importorskip("numba")

from gradc_runtime.jit import kernel
from gradc_runtime.loading import load

NUMBERS = [0.0, -0.0, 1.5, -1.5, math.inf, -math.inf, math.nan, 5e-324, 1e308]


@kernel("f8[::1], f8[::1], f8[:, ::1]")
def of_floats(x, y, out):
    for i in range(x.shape[0]):
        out[0, i] = np.maximum(x[i], y[i])
        out[1, i] = np.minimum(x[i], y[i])


@kernel("f4[::1], f4[::1], f4[:, ::1]")
def of_singles(x, y, out):
    for i in range(x.shape[0]):
        out[0, i] = np.maximum(x[i], y[i])
        out[1, i] = np.minimum(x[i], 0)


@kernel("i8[::1], i8[::1], i8[:, ::1]")
def of_integers(x, y, out):
    for i in range(x.shape[0]):
        out[0, i] = np.maximum(x[i], y[i])
        out[1, i] = np.minimum(x[i], y[i])


LARGEST = """
import numpy as np

from gradc_runtime.jit import kernel


@kernel("f8[::1]")
def largest(x):
    found = -np.inf
    for i in range(x.shape[0]):
        found = np.maximum(found, x[i])
    return found
"""


@pytest.fixture(scope="module")
def largest(tmp_path_factory):
    path = tmp_path_factory.mktemp("extrema") / "module.py"
    path.write_text(LARGEST, encoding="utf-8")
    return load(path).largest


def test_floats_as_numpy_has_them():
    x, y = map(np.array, zip(*itertools.product(NUMBERS, NUMBERS), strict=True))
    out = np.empty((2, x.shape[0]))
    of_floats(x, y, out)
    np.testing.assert_array_equal(out[0], np.maximum(x, y))
    np.testing.assert_array_equal(out[1], np.minimum(x, y))


def test_singles_stay_single_beside_a_literal():
    x, y = map(np.array, zip(*itertools.product(NUMBERS, NUMBERS), strict=True))
    with np.errstate(over="ignore"):
        x, y = x.astype(np.float32), y.astype(np.float32)
    out = np.empty((2, x.shape[0]), np.float32)
    of_singles(x, y, out)
    np.testing.assert_array_equal(out[0], np.maximum(x, y))
    np.testing.assert_array_equal(out[1], np.minimum(x, np.float32(0.0)))


def test_integers():
    x, y = np.array([3, -4, 2**60, -(2**62)]), np.array([5, -7, 2**60 + 1, 2**62])
    out = np.empty((2, 4), np.int64)
    of_integers(x, y, out)
    np.testing.assert_array_equal(out, [np.maximum(x, y), np.minimum(x, y)])


@pytest.mark.parametrize("size", [1, 7, 8, 129])
def test_nan_is_never_lost(largest, size):
    x = np.random.default_rng(size).normal(size=size)
    assert largest(x) == x.max()
    for place in range(size):
        spoilt = x.copy()
        spoilt[place] = math.nan
        assert math.isnan(largest(spoilt)), place


def test_the_reduction_is_one_of_vectors(largest):
    largest(np.ones(3))
    assert "llvm.maximum.v" in largest.inspect_llvm()


def test_pythons_max_and_min_are_those_of_python():
    import numba

    from gradc_runtime.compiled import BUILTINS

    largest, smallest = BUILTINS["max"], BUILTINS["min"]
    both = numba.njit(lambda a, b: (largest(a, b), smallest(a, b), largest(b, 0), smallest(0, b)))
    values = [(3, -2), (-5, 5), (2, 2), (1.5, -0.5), (np.nan, 1.0), (1.0, np.nan), (0.0, -0.0)]
    for a, b in [*values, (2, 1.5), (-1.5, 4)]:
        expected = (max(a, b), min(a, b), max(b, 0), min(0, b))
        np.testing.assert_array_equal(both(a, b), expected)
        assert [np.signbit(each) for each in both(a, b)] == [np.signbit(each) for each in expected]

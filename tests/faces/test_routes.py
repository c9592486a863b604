"""Repeated calls, which take a shorter way: the same answers as the first, whatever is passed."""

from __future__ import annotations

import ctypes

import numba
import numpy as np
import pytest

import gradc
from gradc import grad, value_and_grad


def cubic(x):
    return x * x * x + 2.0 * x


def weighted(x, w):
    total = 0.0
    for i in range(x.shape[0]):
        total += w * x[i] * x[i]
    return total


def product(x, y):
    total = 0.0
    for i in range(x.shape[0]):
        x[i] = x[i] * y[i]
        total += x[i] * x[i]
    return total


def element(x, i):
    return x[i] * x[i]


@pytest.fixture(scope="module")
def of_weighted():
    gradient = grad(weighted)
    gradient(np.arange(4.0), 0.5)
    assert gradient._routes  # so that the tests below go that way
    return gradient


def test_numbers_keep_their_type():
    gradient = grad(cubic)
    for _ in range(2):
        assert gradient(2.0) == 14.0
        assert type(gradient(2.0)) is float
        assert gradient(np.float64(2.0)) == 14.0
        assert type(gradient(np.float64(2.0))) is np.float64
        assert type(gradient(np.float32(2.0))) is np.float32
        with pytest.raises(gradc.GradTypeError, match="is no float but an int"):
            gradient(2)


def test_value_and_gradient_keep_their_types():
    pair = value_and_grad(cubic)
    for x in (2.0, np.float64(2.0), np.float32(2.0)):
        first, second = pair(x), pair(x)
        assert first == second == (12.0, 14.0)
        assert [type(part) for part in first] == [type(part) for part in second]
        assert type(first[1]) is type(x)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(5.0),
        np.arange(10.0)[::2],
        np.arange(5.0)[::-1],
        np.arange(5.0).astype(">f8"),
        np.arange(1.0),
        np.arange(0.0),
        np.frombuffer(np.arange(5.0).tobytes()),
        np.frombuffer(b"\0" + np.arange(5.0).tobytes(), offset=1),
    ],
    ids=["plain", "strided", "reversed", "swapped", "one", "empty", "readonly", "unaligned"],
)
def test_arrays_that_are_laid_out_otherwise(of_weighted, array):
    before = array.copy()
    for _ in range(2):
        np.testing.assert_array_equal(of_weighted(array, 0.5), before)
    np.testing.assert_array_equal(array, before)


def test_other_element_types_are_compiled_for(of_weighted):
    single = np.arange(3, dtype=np.float32)
    for _ in range(2):
        assert of_weighted(single, 0.5).dtype == np.float32
        assert of_weighted(np.arange(3.0), 0.5).dtype == np.float64
        with pytest.raises(gradc.GradTypeError):
            of_weighted(np.arange(3), 0.5)


def test_arrays_that_overlap_and_are_written_by_the_function():
    gradient = grad(product, argnums=(0, 1))
    x, y = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    for _ in range(2):
        x_bar, y_bar = gradient(x, y)
        np.testing.assert_allclose(x_bar, 2 * x * y * y)
        np.testing.assert_allclose(y_bar, 2 * y * x * x)
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_arrays_that_share_memory_are_seen_every_time_where_one_is_written():
    gradient = grad(product, argnums=(0, 1))
    x = np.array([1.0, 2.0])
    for _ in range(2):
        apart, together = gradient(x, x.copy()), gradient(x, x)
        np.testing.assert_allclose(sum(apart), 4 * x**3)
        np.testing.assert_allclose(sum(together), 4 * x**3)
        with pytest.raises(gradc.AliasingError, match="overlaps in memory"):
            gradient(x, x[::-1])


def test_errors_stay_in_the_users_words():
    gradient = grad(element)
    x = np.arange(3.0)
    line = element.__code__.co_firstlineno + 1
    for _ in range(2):
        np.testing.assert_array_equal(gradient(x, 2), [0.0, 0.0, 4.0])
        with pytest.raises(IndexError, match=f"py:{line}: index 5 is out of range for size 3"):
            gradient(x, 5)


def test_keywords_and_positions_in_turn():
    gradient = grad(weighted, argnums=("w", "x"))
    x = np.arange(3.0)
    for _ in range(2):
        for found in (gradient(x, 0.5), gradient(x, w=0.5), gradient(w=0.5, x=x)):
            assert found[0] == 5.0
            assert type(found[0]) is float
            np.testing.assert_array_equal(found[1], x)


def test_source_is_that_of_the_last_call():
    gradient = grad(weighted)
    double, single = np.arange(3.0), np.arange(3, dtype=np.float32)
    gradient(double, 0.5)
    gradient(single, 0.5)
    gradient(double, 0.5)
    assert "f8[::1]" in gradient.source
    gradient(single, 0.5)
    assert "f4[::1]" in gradient.source


def test_dispatcher_in_compiled_code():
    gradient = grad(cubic)
    gradient(2.0)
    inner = gradient.dispatcher

    @numba.njit
    def total(n):
        found = 0.0
        for i in range(n):
            found += inner(float(i))
        return found

    assert total(4) == sum(3.0 * i * i + 2.0 for i in range(4))


def test_address_is_that_of_a_c_function():
    gradient = grad(cubic)
    gradient(2.0)
    prototype = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)
    assert prototype(gradient.address)(2.0) == 14.0


def test_expressions():
    expression = gradc.compile_expression("x*y + 1", wrt=("x", "y"))
    for _ in range(2):
        assert expression(2.0, 3.0) == (7.0, (3.0, 2.0))
        assert expression(2, 3) == expression(x=2.0, y=3.0) == expression(2.0, y=3)
        with pytest.raises(gradc.GradTypeError, match="3 numbers for 2 names"):
            expression(1.0, 2.0, 3.0)

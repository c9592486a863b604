"""Equal elements share the derivative; the middle two share the median; NaN sorts to the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc

TARGETS = pytest.mark.parametrize("target", ["python", "cpu"])


def gradient(fn: Any, x: Any, target: str) -> Any:
    return gradc.grad(fn, target=target)(x)


@TARGETS
def test_sorted_elements_that_are_equal_share(target: str) -> None:
    x = np.array([2.0, 1.0, 2.0, 3.0, 2.0, 1.0])
    weights = np.array([1.0, 10.0, 100.0, 1000.0, 10000.0, 1e5])
    ones, twos = (1.0 + 10.0) / 2, (100.0 + 1000.0 + 10000.0) / 3
    found = gradient(lambda x: np.sort(x) @ weights, x, target)
    np.testing.assert_allclose(found, [twos, ones, twos, 1e5, twos, ones], rtol=1e-14)


@TARGETS
def test_equal_elements_of_rows(target: str) -> None:
    x = np.array([[1.0, 1.0, 0.5], [2.0, 2.0, 2.0]])
    weights = np.array([[1.0, 2.0, 4.0], [3.0, 6.0, 9.0]])
    found = gradient(lambda x: np.sum(np.sort(x, axis=1) * weights), x, target)
    np.testing.assert_allclose(found, [[3.0, 3.0, 1.0], [6.0, 6.0, 6.0]], rtol=1e-14)


def test_forward_mode_shares_alike() -> None:
    x = np.array([2.0, 1.0, 2.0])
    _, x_dot = gradc.jvp(lambda x: np.sort(x), (x,), (np.array([1.0, 5.0, 3.0]),))
    np.testing.assert_allclose(x_dot, [5.0, 2.0, 2.0], rtol=1e-14)


@TARGETS
@pytest.mark.parametrize(
    ("x", "wanted"),
    [
        ([3.0, 1.0, 2.0, 5.0], [0.5, 0.0, 0.5, 0.0]),
        ([3.0, 1.0, 2.0], [0.0, 0.0, 1.0]),
        ([2.0, 2.0, 2.0, 7.0], [1 / 3, 1 / 3, 1 / 3, 0.0]),
        ([4.0], [1.0]),
    ],
)
def test_median(x: list[float], wanted: list[float], target: str) -> None:
    np.testing.assert_allclose(gradient(lambda x: np.median(x), np.array(x), target), wanted)


@pytest.mark.parametrize("fn", [np.max, np.min, np.nanmax])
def test_extrema(fn: Any) -> None:
    x = np.array([2.0, 2.0, 2.0, 2.0])
    np.testing.assert_allclose(gradient(lambda x: fn(x) * 1.0, x, "python"), [0.25] * 4)


@TARGETS
@pytest.mark.parametrize("fn", [np.max, np.nanmax])
def test_the_largest_of_nothing_is_what_the_search_begins_with(fn: Any, target: str) -> None:
    def call(x: Any) -> Any:
        return fn(x, axis=0, initial=0.5) * 2.0

    nothing = np.zeros((0, 3))
    value, pullback = gradc.vjp(call, nothing, target=target)
    np.testing.assert_array_equal(value, [1.0, 1.0, 1.0])
    assert pullback(np.ones(3))[0].shape == (0, 3)
    _, tangent = gradc.jvp(call, (nothing,), (nothing,), target=target)
    np.testing.assert_array_equal(tangent, np.zeros(3))


@TARGETS
@pytest.mark.parametrize("fn", [np.nanmax, np.nanmin, np.nanargmax, np.nanargmin])
def test_integers_are_never_nan(fn: Any, target: str) -> None:
    def call(k: Any, x: float) -> Any:
        return fn(k) * x

    for k in (np.array([3, 1, 2]), np.array([True, False])):
        assert gradc.vjp(call, k, 1.5, target=target)[0] == fn(k) * 1.5


def test_spread_of_equal_elements_has_derivative_zero() -> None:
    x = np.array([0.3, 0.3, 0.3])
    np.testing.assert_array_equal(gradient(lambda x: np.std(x), x - 0.3, "python"), np.zeros(3))


@TARGETS
def test_order_is_stable_and_puts_nan_last(target: str) -> None:
    rng = np.random.default_rng(5)
    for size in (0, 1, 2, 15, 16, 17, 33, 100, 513):
        x = rng.integers(0, 9, (2, size)).astype(float)
        x[x == 8] = np.nan
        value, _ = gradc.vjp(lambda x: np.argsort(x, axis=1) + 0.0 * x, x, target=target)
        there = np.isfinite(x)
        np.testing.assert_array_equal(value[there], np.argsort(x, axis=1, kind="stable")[there])
        sorted_, pullback = gradc.vjp(lambda x: np.sort(x), x, target=target)
        np.testing.assert_array_equal(sorted_, np.sort(x))
        (bar,) = pullback(np.ones_like(x))
        np.testing.assert_allclose(bar, np.ones_like(x), rtol=1e-14)


def test_median_of_missing_values_is_missing() -> None:
    assert np.isnan(gradc.vjp(lambda x: np.median(x), np.array([1.0, np.nan, 0.5]))[0])


@TARGETS
def test_indices_out_of_range_are_errors(target: str) -> None:
    with pytest.raises(IndexError):
        gradc.vjp(lambda x, k: np.take(x, k), np.ones(3), np.array([3]), target=target)
    with pytest.raises(ValueError, match="range"):
        gradc.vjp(lambda x, q: np.quantile(x, q), np.ones(3), 1.5, target=target)
    with pytest.raises(ValueError, match="equal division"):
        gradc.vjp(lambda x: np.split(x, 2), np.ones(3), target=target)

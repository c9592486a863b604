"""Medians, quantiles and percentiles, read off the sorted elements.

The methods are those of Hyndman and Fan (1996), "Sample quantiles in statistical packages", and
those that NumPy adds to them. Equal elements share the derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import (
    Array,
    at_end,
    ended,
    is_empty,
    refuse,
    with_axes_kept,
)

#: For the methods that interpolate, `alpha` and `beta` of Hyndman and Fan.
_PLOTTING_POSITIONS = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "median_unbiased": (1.0 / 3.0, 1.0 / 3.0),
    "normal_unbiased": (3.0 / 8.0, 3.0 / 8.0),
}


def median(
    a: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    keepdims: Any = False,
) -> Any:
    """``np.median``: of an even number of elements the two in the middle share equally."""
    x = np.asarray(a)
    if is_empty(x):
        return np.mean(x, axis=axis, keepdims=keepdims)  # NaN, where something is left
    rows = np.sort(at_end(x, axis), axis=-1)
    return with_axes_kept(_middle(ended(rows), rows.shape[-1]), x, axis, keepdims)


def _middle(rows: Array, count: Any) -> Any:
    """The median of the first `count` elements of sorted rows; NaN where one of these is."""
    found = 0.5 * (rows[..., (count - 1) // 2] + rows[..., count // 2])
    return np.where(np.isnan(rows[..., count - 1]), np.nan, found)


def quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    method: Any = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
) -> Any:
    """``np.quantile``: differentiable in the array, and in `q` where the method interpolates."""
    x = np.asarray(a)
    if weights is not None:
        return _weighted(x, q, axis, method, keepdims, np.asarray(weights))
    if x.dtype == np.bool_ or x.dtype == np.int64:
        x = x.astype(np.float64)
    rows = np.sort(at_end(x, axis), axis=-1)
    if np.ndim(q) == 0:
        found = _at_level(rows, rows.shape[-1], _checked(q), method)
        return with_axes_kept(found, x, axis, keepdims)
    levels = np.asarray(q)
    if np.any(levels < 0) or np.any(levels > 1):
        raise ValueError("Quantiles must be in the range [0, 1]")
    several = _at_levels(rows, levels.ravel(), method)
    kept = with_axes_kept(several[0], x, axis, keepdims)
    return several.reshape(*levels.shape, *np.shape(kept))


def percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    method: Any = "linear",
    keepdims: Any = False,
    *,
    weights: Any = None,
) -> Any:
    """``np.percentile``."""
    level = q / 100 if np.ndim(q) == 0 else np.asarray(q) / 100
    return quantile(a, level, axis, overwrite_input, method, keepdims, weights=weights)


def _weighted(x: Array, q: Any, axis: Any, method: Any, keepdims: Any, weights: Array) -> Any:
    """Elements at which the sum of the weights before them passes a part of the whole sum."""
    if method != "inverted_cdf":
        return refuse("weighted quantiles have the method 'inverted_cdf'", "method='inverted_cdf'")
    rows = at_end(x, axis)
    if weights.ndim == x.ndim:
        spread = at_end(np.broadcast_to(weights, x.shape), axis)
    else:
        spread = np.broadcast_to(weights, rows.shape)
    order = np.argsort(rows, axis=-1)
    arranged = np.take_along_axis(rows, order, axis=-1)
    sums = np.cumsum(np.take_along_axis(spread, order, axis=-1), axis=-1)
    levels = np.atleast_1d(q)
    if np.any(levels < 0) or np.any(levels > 1):
        raise ValueError("Quantiles must be in the range [0, 1]")
    found = np.empty((len(levels), *rows.shape[:-1]), rows.dtype)
    last = rows.shape[-1] - 1
    for k in range(len(levels)):
        # at level 0 the first element that has a weight
        before = np.where(levels[k] == 0, sums <= 0, sums < levels[k] * sums[..., -1:])
        place = np.minimum(np.sum(before, axis=-1, keepdims=True), last)
        found[k] = np.take_along_axis(arranged, place, axis=-1)[..., 0]
    kept = with_axes_kept(found[0], x, axis, keepdims)
    if np.ndim(q) == 0:
        return kept
    return found.reshape(*np.shape(q), *np.shape(kept))


def _checked(q: Any) -> Any:
    if q < 0 or q > 1:
        raise ValueError("Quantiles must be in the range [0, 1]")
    return q


def _at_levels(rows: Array, levels: Array, method: Any) -> Array:
    found = np.empty((len(levels), *rows.shape[:-1]), np.result_type(rows.dtype, levels.dtype))
    for k in range(len(levels)):
        found[k] = _at_level(rows, rows.shape[-1], levels[k], method)
    return found


def _at_level(rows: Array, count: Any, q: Any, method: Any) -> Any:
    """A quantile of the first `count` elements of sorted rows; NaN where one of these is."""
    below, above, fraction = _position(count, q, method)
    low = rows[..., min(max(below, 0), count - 1)]
    high = rows[..., min(max(above, 0), count - 1)]
    return np.where(np.isnan(rows[..., count - 1]), np.nan, low + (high - low) * fraction)


def _position(n: Any, q: Any, method: Any) -> tuple[Any, Any, Any]:
    """Between which two sorted elements a quantile lies, and how far from the first."""
    if method == "linear":
        return _between((n - 1) * q)
    if method in _PLOTTING_POSITIONS:
        alpha, beta = _PLOTTING_POSITIONS[method]
        return _between(n * q + (alpha + q * (1.0 - alpha - beta)) - 1.0)
    if method == "lower":
        return _just(math.floor((n - 1) * q))
    if method == "higher":
        return _just(math.ceil((n - 1) * q))
    if method == "nearest":
        return _just(round((n - 1) * q))
    if method == "midpoint":
        return math.floor((n - 1) * q), math.ceil((n - 1) * q), 0.5
    if method == "inverted_cdf":
        return _just(math.ceil(n * q - 1.0))
    if method == "averaged_inverted_cdf":
        return math.floor(n * q), math.ceil(n * q - 1.0), 0.5
    if method != "closest_observation":
        refuse("np.quantile has no such method", "'linear', 'lower' and 'midpoint' are some")
    return _just(_nearest_odd(n * q - 1.5))


def _between(place: Any) -> tuple[Any, Any, Any]:
    whole = math.floor(place)
    return whole, whole + 1, place - whole


def _just(index: Any) -> tuple[Any, Any, Any]:
    return index, index, 0.0


def _nearest_odd(place: Any) -> Any:
    """The next whole number above, but an odd one stays."""
    whole = math.floor(place)
    return whole if place == whole and whole % 2 == 1 else whole + 1


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.median: median,
    np.quantile: quantile,
    np.percentile: percentile,
}

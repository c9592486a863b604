"""Covariances, rows by rows, membership, and phases without jumps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import Array, refuse


def cov(
    m: Any,
    y: Any = None,
    rowvar: Any = True,
    bias: Any = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
) -> Any:
    """``np.cov``: differentiable in the values and in `aweights`."""
    rows = _variables(m, rowvar)
    if y is not None:
        rows = np.concatenate([rows, _variables(y, rowvar)])
    less = (0 if bias else 1) if ddof is None else ddof
    if fweights is None and aweights is None:
        centred = rows - np.mean(rows, axis=1, keepdims=True)
        found = centred @ centred.T / max(rows.shape[1] - less, 0)
    else:
        found = _weighted(rows, less, fweights, aweights)
    return found[0, 0] if np.ndim(m) < 2 and y is None else found


def _weighted(rows: Array, less: Any, fweights: Any, aweights: Any) -> Any:
    """The covariance with counts, and with weights of which only the ratios matter."""
    weights = 1.0 if fweights is None else np.asarray(fweights)
    if aweights is not None:
        weights = weights * np.asarray(aweights)
    total = np.sum(weights)
    lost = 1.0 if aweights is None else np.sum(weights * np.asarray(aweights)) / total
    centred = rows - np.sum(rows * weights, axis=1, keepdims=True) / total
    return (centred * weights) @ centred.T / (total - less * lost)


def _variables(m: Any, rowvar: Any) -> Array:
    """One variable a row."""
    x = np.atleast_2d(m)
    return x if rowvar or np.ndim(m) < 2 else x.T


def corrcoef(x: Any, y: Any = None, rowvar: Any = True) -> Any:
    """``np.corrcoef``."""
    if np.ndim(x) < 2 and y is None:
        return 1.0
    found = cov(x, y, rowvar)
    spread = np.sqrt(np.diagonal(found))
    return np.clip(found / spread[:, None] / spread[None, :], -1.0, 1.0)


def apply_along_axis(func1d: Any, axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Array:
    """``np.apply_along_axis``, of a function that gives a number or a vector."""
    rows = np.moveaxis(np.asarray(arr), axis, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    first = func1d(flat[0], *args, **kwargs)
    if np.ndim(first) > 1:
        refuse("the function gives an array of several axes", "write the loop over the rows")
    out = np.empty((len(flat), *np.shape(first)), np.result_type(first))
    for k in range(len(flat)):
        out[k] = func1d(flat[k], *args, **kwargs)
    if np.ndim(first) == 0:
        return out.reshape(rows.shape[:-1])
    return np.moveaxis(out.reshape(*rows.shape[:-1], len(first)), -1, axis)


def isin(
    element: Any,
    test_elements: Any,
    assume_unique: Any = False,
    invert: Any = False,
    *,
    kind: Any = None,
) -> Any:
    """``np.isin``."""
    x = np.asarray(element)
    found = np.any(x[..., None] == np.ravel(test_elements), axis=-1)
    return np.logical_not(found) if invert else found


def unwrap(p: Any, discont: Any = None, axis: Any = -1, *, period: Any = 2.0 * np.pi) -> Array:
    """``np.unwrap``: the multiples of the period that are added are constants."""
    rows = np.moveaxis(np.asarray(p), axis, 0)
    steps = rows[1:] - rows[:-1]
    half = period / 2.0
    least = half if discont is None else max(discont, half)
    inside = np.mod(steps + half, period) - half
    inside = np.where(np.logical_and(inside == -half, steps > 0), half, inside)
    jumps = np.where(np.abs(steps) < least, 0.0, np.round((inside - steps) / period) * period)
    out = np.concatenate([rows[:1], rows[1:] + np.cumsum(jumps, axis=0)])
    return np.moveaxis(out, 0, axis)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.cov: cov,
    np.corrcoef: corrcoef,
    np.apply_along_axis: apply_along_axis,
    np.isin: isin,
    np.unwrap: unwrap,
}

"""Differences of neighbours, numerical gradients and integrals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradc.frontend.python.written.support import Array, refuse


def diff(a: Any, n: Any = 1, axis: Any = -1, prepend: Any = None, append: Any = None) -> Array:
    """``np.diff``."""
    x = np.asarray(a)
    if x.ndim == 0:
        refuse("np.diff takes an array, not a number")
    rows = np.moveaxis(x, axis, 0)
    if prepend is not None:
        rows = np.concatenate([_border(prepend, rows, axis), rows])
    if append is not None:
        rows = np.concatenate([rows, _border(append, rows, axis)])
    for _ in (None,) * n:
        rows = rows[1:] - rows[:-1]
    return np.moveaxis(rows, 0, axis)


def _border(given: Any, rows: Array, axis: Any) -> Array:
    """What is put before or behind: a number is put there along the whole border."""
    if np.ndim(given) == 0:
        return np.full((1, *rows.shape[1:]), given)
    return np.moveaxis(np.asarray(given), axis, 0)


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Array:
    """``np.ediff1d``."""
    x = np.asarray(ary).ravel()
    found: Array = x[1:] - x[:-1]
    if to_begin is not None:
        found = np.concatenate([np.atleast_1d(to_begin).ravel().astype(x.dtype), found])
    if to_end is not None:
        found = np.concatenate([found, np.atleast_1d(to_end).ravel().astype(x.dtype)])
    return found


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: Any = 1) -> Any:
    """``np.gradient``: second order inside, first or second order at the edges."""
    x = np.asarray(f)
    axes = normalize_axis_tuple(tuple(range(x.ndim)) if axis is None else axis, x.ndim)
    if len(varargs) not in (0, 1, len(axes)):
        refuse("np.gradient takes no spacing, one, or one for each axis")
    if len(varargs) == 1 and len(axes) > 1 and np.ndim(varargs[0]) > 0:
        refuse("np.gradient takes coordinates for each axis", "give one array for each axis")
    spacings = varargs if len(varargs) == len(axes) else (varargs or (1.0,)) * len(axes)
    found = [
        np.moveaxis(_slopes(np.moveaxis(x, along, 0), spacing, edge_order), 0, along)
        for along, spacing in zip(axes, spacings, strict=True)
    ]
    if len(axes) == 1:
        return found[0]
    return tuple(found)


def _slopes(f: Array, spacing: Any, edge_order: Any) -> Array:
    if edge_order not in (1, 2):
        refuse("np.gradient has edges of order 1 and 2")
    if np.ndim(spacing) == 0:
        return _slopes_of_even(f, spacing, edge_order)
    return _slopes_of_uneven(f, np.asarray(spacing), edge_order)


def _slopes_of_even(f: Array, h: Any, edge_order: Any) -> Array:
    out = np.empty(f.shape, np.result_type(f.dtype, np.float32))
    out[1:-1] = (f[2:] - f[:-2]) / (2.0 * h)
    if edge_order == 1:
        out[0] = (f[1] - f[0]) / h
        out[-1] = (f[-1] - f[-2]) / h
    else:
        out[0] = (-1.5 * f[0] + 2.0 * f[1] - 0.5 * f[2]) / h
        out[-1] = (0.5 * f[-3] - 2.0 * f[-2] + 1.5 * f[-1]) / h
    return out


def _slopes_of_uneven(f: Array, x: Array, edge_order: Any) -> Array:
    steps = x[1:] - x[:-1]
    out = np.empty(f.shape, np.result_type(f.dtype, np.float32))
    left = steps[:-1].reshape(-1, *(1,) * (f.ndim - 1))
    right = steps[1:].reshape(-1, *(1,) * (f.ndim - 1))
    before = -right / (left * (left + right))
    here = (right - left) / (left * right)
    after = left / (right * (left + right))
    out[1:-1] = before * f[:-2] + here * f[1:-1] + after * f[2:]
    if edge_order == 1:
        out[0] = (f[1] - f[0]) / steps[0]
        out[-1] = (f[-1] - f[-2]) / steps[-1]
    else:
        one, two = steps[0], steps[1]
        out[0] = (
            -(2.0 * one + two) / (one * (one + two)) * f[0]
            + (one + two) / (one * two) * f[1]
            - one / (two * (one + two)) * f[2]
        )
        one, two = steps[-2], steps[-1]
        out[-1] = (
            two / (one * (one + two)) * f[-3]
            - (one + two) / (one * two) * f[-2]
            + (2.0 * two + one) / (two * (one + two)) * f[-1]
        )
    return out


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: Any = -1) -> Any:
    """``np.trapezoid``."""
    samples = np.asarray(y)
    rows = np.moveaxis(samples, axis, 0)
    if x is None:
        return np.sum(dx * (rows[1:] + rows[:-1]) / 2.0, axis=0)
    points = np.asarray(x)
    if points.ndim == 1:
        steps = (points[1:] - points[:-1]).reshape(-1, *(1,) * (rows.ndim - 1))
    else:
        columns = np.moveaxis(points, axis, 0)
        steps = columns[1:] - columns[:-1]
    return np.sum(steps * (rows[1:] + rows[:-1]) / 2.0, axis=0)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.diff: diff,
    np.ediff1d: ediff1d,
    np.gradient: gradient,
    np.trapezoid: trapezoid,
}

"""Running products, and running sums with the value that they begin with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import Array, refuse


def _numbers(a: Any, dtype: Any) -> Array:
    x = np.asarray(a)
    if dtype is not None:
        return x.astype(dtype)
    return x.astype(np.int64) if x.dtype == np.bool_ else x


def cumprod(a: Any, axis: Any = None, dtype: Any = None) -> Array:
    """``np.cumprod``."""
    x = _numbers(a, dtype)
    if axis is None or x.ndim < 2:
        return _running_product(x.ravel())
    rows = np.moveaxis(x, axis, -1)
    flat = rows.reshape(-1, rows.shape[-1])
    out = flat.copy()
    for i in range(flat.shape[0]):
        for k in range(1, flat.shape[1]):
            out[i, k] = out[i, k - 1] * flat[i, k]
    return np.moveaxis(out.reshape(rows.shape), -1, axis)


def _running_product(x: Array) -> Array:
    out = x.copy()
    for k in range(1, len(x)):
        out[k] = out[k - 1] * x[k]
    return out


def cumulative_sum(
    x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: Any = False
) -> Array:
    """``np.cumulative_sum``."""
    found = np.cumsum(x, _needed(x, axis), dtype)
    return _begun(found, 0, axis) if include_initial else found


def cumulative_prod(
    x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: Any = False
) -> Array:
    """``np.cumulative_prod``."""
    found = cumprod(x, _needed(x, axis), dtype)
    return _begun(found, 1, axis) if include_initial else found


def _needed(x: Any, axis: Any) -> Any:
    if axis is None and np.ndim(x) > 1:
        refuse("an array of several axes needs an axis", "give axis=...")
    return axis


def _begun(found: Array, value: Any, axis: Any) -> Array:
    along = 0 if axis is None else axis
    rows = np.moveaxis(found, along, 0)
    first = np.full((1, *rows.shape[1:]), value, found.dtype)
    return np.moveaxis(np.concatenate([first, rows]), 0, along)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.cumprod: cumprod,
    # since NumPy 2.1
    "numpy.cumulative_sum": cumulative_sum,
    "numpy.cumulative_prod": cumulative_prod,
}
METHODS: Mapping[str, Callable[..., Any]] = {"cumprod": cumprod}

"""The ``nan*`` functions: reductions that leave out what is not a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.accumulations import cumprod
from gradc.frontend.python.written.quantiles import _at_level, _middle
from gradc.frontend.python.written.reductions import prod
from gradc.frontend.python.written.support import (
    Array,
    at_end,
    ended,
    is_empty,
    with_axes_kept,
)


def _filled(a: Any, value: Any) -> Array:
    x = np.asarray(a)
    return np.where(np.isnan(x), np.full_like(x, value), x)


def _may_miss(a: Any) -> bool:
    """Whether elements can be NaN: those of integers and of truth values cannot."""
    return np.asarray(a).dtype.kind == "f"


def _present(a: Any, where: Any) -> Any:
    """Which elements count."""
    there = np.logical_not(np.isnan(np.asarray(a)))
    return there if where is True else np.logical_and(there, where)


def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """``np.nansum``."""
    x = _filled(a, 0)
    return np.sum(x, axis=axis, dtype=dtype, keepdims=keepdims, initial=initial, where=where)


def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """``np.nanprod``."""
    return prod(_filled(a, 1), axis, dtype, keepdims=keepdims, initial=initial, where=where)


def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    """``np.nanmean``."""
    there = _present(a, where)
    return np.mean(np.asarray(a), axis=axis, dtype=dtype, keepdims=keepdims, where=there)


def nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """``np.nanvar``: NaN where too few elements are left."""
    there = _present(a, where)
    less = ddof if correction is None else correction
    found = np.var(np.asarray(a), axis, dtype, ddof=less, keepdims=keepdims, where=there, mean=mean)
    return np.where(np.sum(there, axis=axis, keepdims=keepdims) > less, found, np.nan)


def nanstd(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """``np.nanstd``: NaN where too few elements are left."""
    there = _present(a, where)
    less = ddof if correction is None else correction
    found = np.std(np.asarray(a), axis, dtype, ddof=less, keepdims=keepdims, where=there, mean=mean)
    return np.where(np.sum(there, axis=axis, keepdims=keepdims) > less, found, np.nan)


def nanmax(
    a: Any,
    axis: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """``np.nanmax``: NaN where nothing else is there."""
    if not _may_miss(a):
        return np.max(a, axis=axis, keepdims=keepdims, initial=initial, where=where)
    top = np.max(_filled(a, -np.inf), axis=axis, keepdims=keepdims, initial=initial, where=where)
    if initial is not None:
        return top
    some = np.any(_present(a, True), axis=axis, keepdims=keepdims)
    return np.where(some, top, np.nan)


def nanmin(
    a: Any,
    axis: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """``np.nanmin``: NaN where nothing else is there."""
    if not _may_miss(a):
        return np.min(a, axis=axis, keepdims=keepdims, initial=initial, where=where)
    bottom = np.min(_filled(a, np.inf), axis=axis, keepdims=keepdims, initial=initial, where=where)
    if initial is not None:
        return bottom
    some = np.any(_present(a, True), axis=axis, keepdims=keepdims)
    return np.where(some, bottom, np.nan)


def nanargmax(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    """``np.nanargmax``."""
    if not _may_miss(a):
        return np.argmax(a, axis=axis, keepdims=keepdims)
    _need_some(a, axis)
    return np.argmax(_filled(a, -np.inf), axis=axis, keepdims=keepdims)


def nanargmin(a: Any, axis: Any = None, *, keepdims: Any = False) -> Any:
    """``np.nanargmin``."""
    if not _may_miss(a):
        return np.argmin(a, axis=axis, keepdims=keepdims)
    _need_some(a, axis)
    return np.argmin(_filled(a, np.inf), axis=axis, keepdims=keepdims)


def _need_some(a: Any, axis: Any) -> None:
    if np.any(np.all(np.isnan(np.asarray(a)), axis=axis)):
        raise ValueError("All-NaN slice encountered")


def nancumsum(a: Any, axis: Any = None, dtype: Any = None) -> Array:
    """``np.nancumsum``."""
    return np.cumsum(_filled(a, 0), axis, dtype)


def nancumprod(a: Any, axis: Any = None, dtype: Any = None) -> Array:
    """``np.nancumprod``."""
    return cumprod(_filled(a, 1), axis, dtype)


def nanmedian(
    a: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    keepdims: Any = False,
) -> Any:
    """``np.nanmedian``."""
    x = np.asarray(a)
    if is_empty(x):
        return nanmean(x, axis, keepdims=keepdims)
    rows = ended(np.sort(at_end(x, axis), axis=-1))  # NaN comes last
    flat = rows.reshape(-1, rows.shape[-1])
    found = np.empty(len(flat), flat.dtype)
    for k in range(len(flat)):
        count = np.sum(np.logical_not(np.isnan(flat[k])))
        found[k] = _middle(flat[k], max(count, 1))
    return _shaped(found, rows, x, axis, keepdims)


def nanquantile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    method: Any = "linear",
    keepdims: Any = False,
) -> Any:
    """``np.nanquantile``."""
    x = np.asarray(a)
    if is_empty(x):
        return nanmean(x, axis, keepdims=keepdims)  # of one size, whatever the levels, as in NumPy
    rows = ended(np.sort(at_end(x, axis), axis=-1))  # NaN comes last
    if np.ndim(q) == 0:
        return _shaped(_levels_of_rows(rows, q, method), rows, x, axis, keepdims)
    levels = np.asarray(q)
    parts = np.empty((len(levels), *rows.shape[:-1]), np.result_type(rows.dtype, levels.dtype))
    for k in range(len(levels)):
        parts[k] = _shaped(_levels_of_rows(rows, levels[k], method), rows, x, axis, False)
    if not keepdims:
        return parts
    return parts.reshape(len(levels), *np.shape(with_axes_kept(parts[0], x, axis, True)))


def nanpercentile(
    a: Any,
    q: Any,
    axis: Any = None,
    overwrite_input: Any = False,
    method: Any = "linear",
    keepdims: Any = False,
) -> Any:
    """``np.nanpercentile``."""
    level = q / 100 if np.ndim(q) == 0 else np.asarray(q) / 100
    return nanquantile(a, level, axis, overwrite_input, method, keepdims)


def _levels_of_rows(rows: Array, q: Any, method: Any) -> Array:
    flat = rows.reshape(-1, rows.shape[-1])
    found = np.empty(len(flat), np.result_type(flat.dtype, q))
    for k in range(len(flat)):
        count = np.sum(np.logical_not(np.isnan(flat[k])))
        found[k] = _at_level(flat[k], max(count, 1), q, method)
    return found


def _shaped(found: Array, rows: Array, x: Array, axis: Any, keepdims: Any) -> Any:
    """One number for each row, in the shape of the result."""
    if rows.ndim == 1:
        return with_axes_kept(found[0], x, axis, keepdims)
    return with_axes_kept(found.reshape(rows.shape[:-1]), x, axis, keepdims)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.nansum: nansum,
    np.nanprod: nanprod,
    np.nanmean: nanmean,
    np.nanvar: nanvar,
    np.nanstd: nanstd,
    np.nanmax: nanmax,
    np.nanmin: nanmin,
    np.nanargmax: nanargmax,
    np.nanargmin: nanargmin,
    np.nancumsum: nancumsum,
    np.nancumprod: nancumprod,
    np.nanmedian: nanmedian,
    np.nanquantile: nanquantile,
    np.nanpercentile: nanpercentile,
}

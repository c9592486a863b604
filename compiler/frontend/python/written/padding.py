"""``np.pad`` in its modes, one axis after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import Array, refuse

_STATISTICS = ("maximum", "minimum", "mean", "median")


def pad(
    array: Any,
    pad_width: Any,
    mode: Any = "constant",
    *,
    constant_values: Any = 0,
    end_values: Any = 0,
    stat_length: Any = None,
    reflect_type: Any = "even",
) -> Array:
    """``np.pad``: modes that are functions are refused; "empty" means zeros here."""
    x = np.asarray(array)
    widths = _pairs(pad_width, x.ndim)
    values = _pairs(end_values if mode == "linear_ramp" else constant_values, x.ndim)
    lengths = ((None, None),) * x.ndim if stat_length is None else _pairs(stat_length, x.ndim)
    for axis in range(x.ndim):
        rows = np.moveaxis(x, axis, 0)
        before, after = widths[axis]
        if mode == "constant":
            rows = _with_constants(rows, before, after, values[axis])
        elif mode == "empty":
            rows = _with_constants(rows, before, after, (0, 0))
        elif mode == "edge":
            rows = np.concatenate([_wide(rows[:1], before), rows, _wide(rows[-1:], after)])
        elif mode == "linear_ramp":
            rows = _with_ramps(rows, before, after, values[axis])
        elif mode in _STATISTICS:
            rows = _with_statistics(rows, before, after, mode, lengths[axis])
        elif mode == "wrap":
            rows = _wrapped(rows, before, after)
        elif mode == "reflect":
            rows = _mirrored(rows, before, after, 1, reflect_type == "odd")
        elif mode == "symmetric":
            rows = _mirrored(rows, before, after, 0, reflect_type == "odd")
        else:
            refuse("np.pad has no such mode here", "'constant', 'edge' and 'reflect' are some")
        x = np.moveaxis(rows, 0, axis)
    return x


def _pairs(given: Any, count: Any) -> Any:
    """One pair (before, after) for each axis, from the short forms that NumPy takes."""
    if np.ndim(given) == 0:
        return ((given, given),) * count
    if np.ndim(given) == 1:
        return ((given[0], given[-1]),) * count
    if len(given) == 1:
        return ((given[0][0], given[0][-1]),) * count
    if len(given) != count:
        refuse("the widths name another number of axes", "give one pair, or one for each axis")
    return [(pair[0], pair[-1]) for pair in given]


def _wide(row: Array, count: Any) -> Array:
    """A slice of one row, repeated."""
    return np.broadcast_to(row, (count, *row.shape[1:]))


def _with_constants(rows: Array, before: Any, after: Any, values: Any) -> Array:
    out = np.empty((before + len(rows) + after, *rows.shape[1:]), rows.dtype)
    out[:before] = values[0]
    out[before : before + len(rows)] = rows
    out[before + len(rows) :] = values[1]
    return out


def _with_ramps(rows: Array, before: Any, after: Any, ends: Any) -> Array:
    size = len(rows)
    out = np.empty((before + size + after, *rows.shape[1:]), rows.dtype)
    for k in range(before):
        out[k] = ends[0] + (rows[0] - ends[0]) * (k / before)
    out[before : before + size] = rows
    for k in range(after):
        out[before + size + k] = ends[1] + (rows[-1] - ends[1]) * ((after - 1 - k) / after)
    return out


def _with_statistics(rows: Array, before: Any, after: Any, mode: Any, lengths: Any) -> Array:
    size = len(rows)
    first, last = lengths
    head = rows if first is None else rows[: min(first, size)]
    tail = rows if last is None else rows[max(size - last, 0) :]
    top = _wide(_statistic(head, mode), before)
    bottom = _wide(_statistic(tail, mode), after)
    return np.concatenate([top, rows, bottom])


def _statistic(rows: Array, mode: Any) -> Any:
    if mode == "maximum":
        return np.max(rows, axis=0, keepdims=True)
    if mode == "minimum":
        return np.min(rows, axis=0, keepdims=True)
    if mode == "mean":
        return np.mean(rows, axis=0, keepdims=True)
    return np.median(rows, axis=0, keepdims=True)


def _wrapped(rows: Array, before: Any, after: Any) -> Array:
    size = _some(rows)
    out = np.empty((before + size + after, *rows.shape[1:]), rows.dtype)
    for k in range(len(out)):
        out[k] = rows[(k - before) % size]
    return out


def _mirrored(rows: Array, before: Any, after: Any, overlap: Any, odd: Any) -> Array:
    """Reflected at both ends, again and again where the width asks for it.

    The edge itself is repeated, or it is not where `overlap` is 1. Turned over as well ("odd"), a
    period adds twice the difference of the ends.
    """
    size = _some(rows)
    period = max(2 * (size - overlap), 1)
    out = np.empty((before + size + after, *rows.shape[1:]), rows.dtype)
    for k in range(len(out)):
        place = (k - before) % period
        mirror = period - place - (1 - overlap)
        inside = place < size
        row = rows[place if inside else mirror]
        if odd:
            drift = 2.0 * ((k - before) // period) * (rows[-1] - rows[0])
            row = drift + row if inside else drift + 2.0 * rows[-1] - row
        out[k] = row
    return out


def _some(rows: Array) -> Any:
    """The number of rows, which is not zero."""
    if len(rows) == 0:
        raise ValueError("an axis without elements cannot be extended in this mode")
    return len(rows)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {np.pad: pad}

"""Taking and putting elements: by index arrays, masks, conditions and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradc.frontend.python.written.support import Array, refuse, stretches, with_axis


def _in_range(indices: Any, size: Any, mode: Any) -> Any:
    """Indices brought into range as a mode says; "raise" leaves that to the reading."""
    if mode == "wrap":
        return indices % size
    if mode == "clip":
        return np.clip(indices, 0, size - 1)
    if mode != "raise":
        refuse("the mode is one of 'raise', 'wrap' and 'clip'")
    return indices


def take(a: Any, indices: Any, axis: Any = None, mode: Any = "raise") -> Any:
    """``np.take``."""
    x, own = with_axis(a, axis)
    chosen = indices if np.ndim(indices) == 0 else np.asarray(indices)
    index = (slice(None),) * own + (_in_range(chosen, x.shape[own], mode),)
    return x[index]


def _rows_of(x: Array, axis: Any) -> Array:
    """The axis at the end, all others as one."""
    rows = np.moveaxis(x, axis, -1)
    return rows.reshape(-1, rows.shape[-1])


def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Array:
    """``np.take_along_axis``."""
    if axis is None:
        return np.ravel(arr)[np.ravel(indices)]
    x, chosen = _of_one_shape(np.asarray(arr), np.asarray(indices), axis)
    rows, places = _rows_of(x, axis), _rows_of(chosen, axis)
    flat = np.empty(places.shape, rows.dtype)
    for i in range(places.shape[0]):
        for k in range(places.shape[1]):
            flat[i, k] = rows[i, places[i, k]]
    shape = np.moveaxis(chosen, axis, -1).shape
    return np.moveaxis(flat.reshape(shape), -1, axis)


def _of_one_shape(x: Array, chosen: Array, axis: Any) -> tuple[Array, Array]:
    """An array and indices of it, broadcast against each other but for one axis."""
    if x.ndim != chosen.ndim:
        refuse("the indices have as many axes as the array", "reshape them")
    along = normalize_axis_index(axis, x.ndim)
    shape = [x.shape[k] if stretches(chosen.shape[k]) else chosen.shape[k] for k in range(x.ndim)]
    own = [x.shape[k] if k == along else shape[k] for k in range(x.ndim)]
    wanted = [chosen.shape[k] if k == along else shape[k] for k in range(x.ndim)]
    return np.broadcast_to(x, own), np.broadcast_to(chosen, wanted)


def put_along_axis(arr: Array, indices: Any, values: Any, axis: Any) -> None:
    """``np.put_along_axis``: writes to the array."""
    if axis is None:
        put(arr, np.ravel(indices), values)
        return
    _, chosen = _of_one_shape(arr, np.asarray(indices), axis)
    places = _rows_of(chosen, axis)
    fresh = _rows_of(np.broadcast_to(values, chosen.shape), axis)
    rows = _rows_of(arr, axis).copy()
    for i in range(places.shape[0]):
        for k in range(places.shape[1]):
            rows[i, places[i, k]] = fresh[i, k]
    arr[...] = np.moveaxis(rows.reshape(np.moveaxis(arr, axis, -1).shape), -1, axis)


def put(a: Array, ind: Any, v: Any, mode: Any = "raise") -> None:
    """``np.put``: writes to the array; values start over at the end."""
    flat = a.ravel().copy()
    places = _in_range(np.ravel(ind), len(flat), mode)
    values = np.ravel(v)
    for k in range(len(places)):
        flat[places[k]] = values[k % len(values)]
    a[...] = flat.reshape(a.shape)


def place(arr: Array, mask: Any, vals: Any) -> None:
    """``np.place``: writes to the array where a mask is true, one value after the other."""
    put(arr, np.flatnonzero(mask), vals)


def putmask(a: Array, mask: Any, values: Any) -> None:
    """``np.putmask``: writes to the array where a mask is true, values in step with it."""
    flat = a.ravel().copy()
    marks, given = np.ravel(mask), np.ravel(values)
    for k in range(len(flat)):
        if marks[k]:
            flat[k] = given[k % len(given)]
    a[...] = flat.reshape(a.shape)


def copyto(dst: Array, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    """``np.copyto``: writes to the array."""
    if casting != "same_kind":
        refuse("np.copyto is supported with casting='same_kind' only", "leave the casting out")
    dst[...] = np.asarray(src) if where is True else np.where(where, src, dst)


# -- by conditions and labels ------------------------------------------------------------------


def choose(a: Any, choices: Any, mode: Any = "raise") -> Any:
    """``np.choose``."""
    count = len(choices)
    labels = _in_range(np.asarray(a), count, mode)
    if mode == "raise" and (np.any(labels < 0) or np.any(labels >= count)):
        raise ValueError("invalid entry in choice array")
    found = np.where(labels == 0, choices[0], choices[0])
    for k in range(1, count):
        found = np.where(labels == k, choices[k], found)
    return found


def choose_method(a: Any, choices: Any, mode: Any = "raise") -> Any:
    """``x.choose``."""
    return choose(a, choices, mode)


def compress(condition: Any, a: Any, axis: Any = None) -> Array:
    """``np.compress``."""
    places = np.flatnonzero(np.asarray(condition))
    x, own = with_axis(a, axis)
    return np.moveaxis(np.moveaxis(x, own, 0)[places], 0, own)


def compress_method(a: Any, condition: Any, axis: Any = None) -> Array:
    """``x.compress``."""
    return compress(condition, a, axis)


def extract(condition: Any, arr: Any) -> Array:
    """``np.extract``."""
    return np.ravel(arr)[np.flatnonzero(np.asarray(condition))]


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    """``np.select``: the first condition that holds decides."""
    if len(condlist) != len(choicelist):
        refuse("there must be as many conditions as choices")
    found = default
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        found = np.where(condition, choice, found)
    return found


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    """``np.piecewise``: each function sees the elements for which its condition holds."""
    points = np.asarray(x)
    conditions = list(condlist) if isinstance(condlist, list | tuple) else [condlist]
    if len(funclist) == len(conditions) + 1:
        conditions = [*conditions, np.logical_not(_any_of(conditions))]
    elif len(funclist) != len(conditions):
        refuse("there must be a function for each condition, or one more for the rest")
    if points.ndim == 0:
        number = 0.0 * x
        for condition, function in zip(conditions, funclist, strict=True):
            number = np.where(condition, _value_of(function, x, args, kw), number)
        return number
    found = np.zeros_like(points)
    for condition, function in zip(conditions, funclist, strict=True):
        if isinstance(function, int | float):
            found = np.where(condition, function, found)
        else:
            found[condition] = function(points[condition], *args, **kw)
    return found


def _any_of(conditions: Any) -> Any:
    found = conditions[0]
    for condition in conditions[1:]:
        found = np.logical_or(found, condition)
    return found


def _value_of(function: Any, x: Any, args: Any, kw: Any) -> Any:
    return function if isinstance(function, int | float) else function(x, *args, **kw)


def argwhere(a: Any) -> Array:
    """``np.argwhere``."""
    return np.stack(np.nonzero(np.asarray(a)), axis=1)


def unravel_index(indices: Any, shape: Any, order: Any = "C") -> tuple[Any, ...]:
    """``np.unravel_index``."""
    if order != "C":
        refuse("np.unravel_index is supported for the order 'C'")
    rest = indices if np.ndim(indices) == 0 else np.asarray(indices)
    found: list[Any] = []
    for size in reversed(shape if isinstance(shape, tuple | list) else (shape,)):
        found = [rest % size, *found]
        rest = rest // size
    return tuple(found)


def ravel_multi_index(multi_index: Any, dims: Any, mode: Any = "raise", order: Any = "C") -> Any:
    """``np.ravel_multi_index``."""
    if order != "C" or mode != "raise":
        refuse("np.ravel_multi_index is supported for the order 'C' and indices in range")
    found = 0
    for index, size in zip(multi_index, dims, strict=True):
        found = found * size + index
    return found


# -- sets and orders ---------------------------------------------------------------------------


def unique(
    ar: Any,
    return_index: Any = False,
    return_inverse: Any = False,
    return_counts: Any = False,
    axis: Any = None,
    *,
    equal_nan: Any = True,
    sorted: Any = True,
) -> Any:
    """``np.unique``: equal elements share the derivative; of equal rows the first has it."""
    x = np.asarray(ar)
    if axis is not None:
        return _unique_rows(x, axis, return_index, return_inverse, return_counts)
    values = np.sort(x.ravel())
    first = np.ones(len(values), np.bool_)
    first[1:] = values[1:] != values[:-1]
    if equal_nan:
        first[1:] = np.logical_and(
            first[1:], np.logical_not(np.logical_and(np.isnan(values[1:]), np.isnan(values[:-1])))
        )
    starts = np.flatnonzero(first)
    parts: tuple[Array, ...] = (values[starts],)
    order = np.argsort(x.ravel())
    if return_index:
        parts = (*parts, order[starts])
    if return_inverse:
        inverse = np.empty(len(values), np.int64)
        inverse[order] = np.cumsum(first) - 1
        parts = (*parts, inverse.reshape(x.shape))
    if return_counts:
        parts = (*parts, np.diff(starts, append=len(values)))
    return parts if len(parts) > 1 else parts[0]


def _unique_rows(x: Array, axis: Any, index: Any, inverse: Any, counts: Any) -> Any:
    rows = np.moveaxis(x, axis, 0)
    flat = rows.reshape(rows.shape[0], -1)
    order = np.arange(len(flat))
    for k in range(flat.shape[1] - 1, -1, -1):  # the first column counts most
        order = order[np.argsort(flat[order, k])]
    arranged = flat[order]
    first = np.ones(len(flat), np.bool_)
    first[1:] = np.any(arranged[1:] != arranged[:-1], axis=1)
    starts = np.flatnonzero(first)
    parts: tuple[Array, ...] = (np.moveaxis(rows[order[starts]], 0, axis),)
    if index:
        parts = (*parts, order[starts])
    if inverse:
        places = np.empty(len(flat), np.int64)
        places[order] = np.cumsum(first) - 1
        parts = (*parts, places)
    if counts:
        parts = (*parts, np.diff(starts, append=len(flat)))
    return parts if len(parts) > 1 else parts[0]


def lexsort(keys: Any, axis: Any = -1) -> Array:
    """``np.lexsort`` of vectors: the last key counts most."""
    if any(np.ndim(key) != 1 for key in keys):
        refuse("np.lexsort is supported for vectors")
    if axis != -1 and axis != 0:
        refuse("the keys of np.lexsort have one axis", "leave the axis out")
    order = np.argsort(keys[0])
    for key in keys[1:]:
        order = order[np.argsort(np.asarray(key)[order])]
    return order


def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Array:
    """``np.insert``: before one position, or before each of several."""
    x = np.ravel(arr) if axis is None else np.asarray(arr)
    along = 0 if axis is None else axis
    rows = np.moveaxis(x, along, 0)
    if isinstance(obj, slice):
        made = _inserted_at_each(rows, np.arange(len(rows))[obj], values, along, x.ndim)
    elif np.ndim(obj) == 0:
        made = _inserted_at_one(rows, obj, values, x.ndim)
    elif stretches(len(obj)):  # all values go there
        fresh = np.moveaxis(np.array(values, ndmin=x.ndim), along, 0)
        made = _inserted(rows, np.asarray(obj)[0], fresh)
    else:
        made = _inserted_at_each(rows, np.asarray(obj), values, along, x.ndim)
    return np.moveaxis(made, 0, along)


def _inserted_at_one(rows: Array, position: Any, values: Any, rank: Any) -> Array:
    fresh = np.asarray(values)
    if fresh.ndim < rank:
        # the values of one row, or of a vector one after the other
        fresh = np.expand_dims(fresh, 0) if rank > 1 or fresh.ndim == 0 else fresh
    elif rank > 1:
        fresh = np.moveaxis(fresh, 0, 0)
    return _inserted(rows, position, fresh)


def _inserted(rows: Array, position: Any, fresh: Array) -> Array:
    block = np.broadcast_to(fresh, (fresh.shape[0], *rows.shape[1:])).astype(rows.dtype)
    start = position + len(rows) if position < 0 else position
    return np.concatenate([rows[:start], block, rows[start:]])


def _inserted_at_each(rows: Array, positions: Array, values: Any, along: Any, rank: Any) -> Array:
    count = len(positions)
    fresh = np.asarray(values)
    moved = np.moveaxis(fresh, along, 0) if fresh.ndim == rank and rank > 1 else fresh
    block = np.broadcast_to(moved, (count, *rows.shape[1:]))
    places = np.where(positions < 0, positions + len(rows), positions)
    order = np.argsort(places)
    places[order] += np.arange(count)
    is_old = np.ones(len(rows) + count, np.bool_)
    is_old[places] = False
    out = np.empty((len(rows) + count, *rows.shape[1:]), rows.dtype)
    out[places] = block
    out[np.flatnonzero(is_old)] = rows
    return out


def delete(arr: Any, obj: Any, axis: Any = None) -> Array:
    """``np.delete``: an index, a slice, a list of indices or a mask."""
    x = np.ravel(arr) if axis is None else np.asarray(arr)
    along = 0 if axis is None else axis
    rows = np.moveaxis(x, along, 0)
    size = len(rows)
    if isinstance(obj, int | np.integer):
        if obj < -size or obj >= size:
            raise IndexError("the index to be deleted is out of bounds")
        start = obj + size if obj < 0 else obj
        return np.moveaxis(np.concatenate([rows[:start], rows[start + 1 :]]), 0, along)
    keep = np.ones(size, np.bool_)
    keep[obj] = False
    return np.moveaxis(rows[np.flatnonzero(keep)], 0, along)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.take: take,
    np.take_along_axis: take_along_axis,
    np.put_along_axis: put_along_axis,
    np.put: put,
    np.place: place,
    np.putmask: putmask,
    np.copyto: copyto,
    np.choose: choose,
    np.compress: compress,
    np.extract: extract,
    np.select: select,
    np.piecewise: piecewise,
    np.argwhere: argwhere,
    np.unravel_index: unravel_index,
    np.ravel_multi_index: ravel_multi_index,
    np.unique: unique,
    np.lexsort: lexsort,
    np.insert: insert,
    np.delete: delete,
}
METHODS: Mapping[str, Callable[..., Any]] = {
    "take": take,
    "put": put,
    "choose": choose_method,
    "compress": compress_method,
}

"""Putting arrays together, taking them apart, and repeating them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradc.frontend.python.written.support import Array, in_one, refuse, with_axis


def atleast_1d(*arys: Any) -> Any:
    """``np.atleast_1d``."""
    made = [np.reshape(one, (1,)) if np.ndim(one) == 0 else np.asarray(one) for one in arys]
    return made[0] if len(made) == 1 else tuple(made)


def atleast_2d(*arys: Any) -> Any:
    """``np.atleast_2d``."""
    made = [np.expand_dims(one, 0) if one.ndim == 1 else one for one in map(atleast_1d, arys)]
    return made[0] if len(made) == 1 else tuple(made)


def atleast_3d(*arys: Any) -> Any:
    """``np.atleast_3d``."""
    made = [np.expand_dims(one, -1) if one.ndim == 2 else one for one in map(atleast_2d, arys)]
    return made[0] if len(made) == 1 else tuple(made)


def of_one(x: Array, axis: int) -> Array:
    """The parts of one array along its first axis, joined along one of their own."""
    moved = np.moveaxis(x, 0, axis)
    sizes = moved.shape
    return moved.reshape(*sizes[:axis], sizes[axis] * sizes[axis + 1], *sizes[axis + 2 :]).copy()


def stack_of_one(x: Array, axis: int) -> Array:
    """The parts of one array along its first axis, along another one."""
    return np.moveaxis(x, 0, axis).copy()


def _parts(tup: Any, least: int) -> Any:
    """What is joined, each with at least so many axes."""
    tup = in_one(tup)
    if not isinstance(tup, np.ndarray):
        return [atleast_2d(one) if least == 2 else atleast_1d(one) for one in tup]
    if tup.ndim > least:
        return tup
    return tup.reshape(tup.shape[0], *(1,) * (least + 1 - tup.ndim), *tup.shape[1:])


def vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Array:
    """``np.vstack``."""
    return np.concatenate(_parts(tup, 2), axis=0, dtype=dtype, casting=casting)


def hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Array:
    """``np.hstack``."""
    parts = _parts(tup, 1)
    return np.concatenate(parts, axis=0 if parts[0].ndim == 1 else 1, dtype=dtype, casting=casting)


def dstack(tup: Any) -> Array:
    """``np.dstack``."""
    tup = in_one(tup)
    if isinstance(tup, np.ndarray):
        tup = _parts(tup, 2)
        return np.concatenate(tup if tup.ndim > 3 else tup[..., None], axis=2)
    return np.concatenate([atleast_3d(one) for one in tup], axis=2)


def column_stack(tup: Any) -> Array:
    """``np.column_stack``."""
    tup = in_one(tup)
    if isinstance(tup, np.ndarray):
        return np.concatenate(tup if tup.ndim > 2 else tup.reshape(len(tup), -1, 1), axis=1)
    parts = [np.reshape(one, (-1, 1)) if np.ndim(one) < 2 else np.asarray(one) for one in tup]
    return np.concatenate(parts, axis=1)


def block(arrays: Any) -> Any:
    """``np.block``: lists inside are joined along the last axis, those around them along others."""
    depth = _depth(arrays)
    if depth == 0:
        return np.array(arrays)
    return _joined(arrays, depth, _rank(arrays, depth))


def _depth(arrays: Any) -> int:
    return 1 + _depth(arrays[0]) if isinstance(arrays, list) else 0


def _rank(arrays: Any, least: int) -> int:
    """The largest number of axes of any block."""
    if not isinstance(arrays, list):
        return max(least, np.ndim(arrays))
    for one in arrays:
        least = _rank(one, least)
    return least


def _joined(arrays: Any, depth: int, rank: int) -> Array:
    if depth == 0:  # axes are missing in front
        return np.reshape(arrays, (1,) * (rank - np.ndim(arrays)) + np.shape(arrays))
    if not isinstance(arrays, list):
        refuse("np.block takes lists of one depth", "put each block into as many lists")
    return np.concatenate([_joined(one, depth - 1, rank) for one in arrays], axis=-depth)


def append(arr: Any, values: Any, axis: Any = None) -> Array:
    """``np.append``."""
    if axis is None:
        return np.concatenate([np.ravel(arr), np.ravel(values)])
    return np.concatenate([np.asarray(arr), np.asarray(values)], axis=axis)


# -- taking apart ------------------------------------------------------------------------------


def array_split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Array]:
    """``np.array_split``: a number of sections that is known when the call is read, or indices."""
    rows = np.moveaxis(np.asarray(ary), axis, 0)
    size = len(rows)
    if np.ndim(indices_or_sections) == 0:
        sections = indices_or_sections
        bounds = [k * (size // sections) + min(k, size % sections) for k in range(sections + 1)]
    else:
        bounds = [0, *indices_or_sections, size]
    parts = [rows[bounds[k] : bounds[k + 1]] for k in range(len(bounds) - 1)]
    return [np.moveaxis(part, 0, axis) for part in parts]


def split(ary: Any, indices_or_sections: Any, axis: Any = 0) -> list[Array]:
    """``np.split``."""
    if np.ndim(indices_or_sections) == 0 and np.shape(ary)[axis] % indices_or_sections != 0:
        raise ValueError("array split does not result in an equal division")
    return array_split(ary, indices_or_sections, axis)


def unstack(x: Any, /, *, axis: Any = 0) -> tuple[Array, ...]:
    """``np.unstack``: along an axis whose size is known when the call is read."""
    rows = np.moveaxis(x, axis, 0)
    return tuple([rows[k] for k in range(rows.shape[0])])


def hsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    """``np.hsplit``."""
    return split(ary, indices_or_sections, 0 if np.ndim(ary) == 1 else 1)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    """``np.vsplit``."""
    if np.ndim(ary) < 2:
        refuse("np.vsplit takes arrays of at least two axes", "use np.split")
    return split(ary, indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Array]:
    """``np.dsplit``."""
    if np.ndim(ary) < 3:
        refuse("np.dsplit takes arrays of at least three axes", "use np.split")
    return split(ary, indices_or_sections, 2)


# -- repeating and moving ----------------------------------------------------------------------


def repeat(a: Any, repeats: Any, axis: Any = None) -> Array:
    """``np.repeat``, with one count for all or one for each."""
    x, own = with_axis(a, axis)
    rows = np.moveaxis(x, own, 0)
    if np.ndim(repeats) == 0:
        wide = np.broadcast_to(rows[:, None], (rows.shape[0], repeats, *rows.shape[1:]))
        made = wide.reshape(rows.shape[0] * repeats, *rows.shape[1:])
    else:
        made = _repeated(rows, np.asarray(repeats))
    return np.moveaxis(made, 0, own)


def _repeated(rows: Array, counts: Array) -> Array:
    counts = np.broadcast_to(counts, (rows.shape[0],))
    out = np.empty((np.sum(counts), *rows.shape[1:]), rows.dtype)
    place = 0
    for k in range(len(rows)):
        for _ in range(counts[k]):
            out[place] = rows[k]
            place += 1
    return out


def tile(A: Any, reps: Any) -> Array:
    """``np.tile``."""
    x = np.asarray(A)
    counts = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    counts = (1,) * (x.ndim - len(counts)) + counts
    sizes = (1,) * (len(counts) - x.ndim) + x.shape
    narrow: list[Any] = []
    wide: list[Any] = []
    for count, size in zip(counts, sizes, strict=True):
        narrow += [1, size]
        wide += [count, size]
    spread = np.broadcast_to(x.reshape(narrow), wide)
    return spread.reshape([count * size for count, size in zip(counts, sizes, strict=True)])


def roll(a: Any, shift: Any, axis: Any = None) -> Array:
    """``np.roll``."""
    x = np.asarray(a)
    if axis is None:
        return _rolled(x.ravel(), shift).reshape(x.shape)
    axes = tuple(axis) if isinstance(axis, tuple | list) else (axis,)
    shifts = (shift,) * len(axes) if np.ndim(shift) == 0 else tuple(shift)
    if len(axes) == 1:
        axes = axes * len(shifts)
    for own, by in zip(axes, shifts, strict=True):  # an axis may be there twice
        x = np.moveaxis(_rolled(np.moveaxis(x, own, 0), by), 0, own)
    return x


def _rolled(rows: Array, shift: Any) -> Array:
    size = rows.shape[0]
    cut = size - shift % max(size, 1)
    return np.concatenate([rows[cut:], rows[:cut]])


def flipud(m: Any) -> Array:
    """``np.flipud``."""
    return np.flip(m, 0)


def fliplr(m: Any) -> Array:
    """``np.fliplr``."""
    return np.flip(m, 1)


def rot90(m: Any, k: Any = 1, axes: Any = (0, 1)) -> Array:
    """``np.rot90``."""
    x = np.asarray(m)
    first, second = normalize_axis_tuple(axes, x.ndim)
    turns = k % 4
    if turns == 0:
        return x[:]
    if turns == 2:
        return np.flip(x, (first, second))
    if turns == 1:
        return np.swapaxes(np.flip(x, second), first, second)
    return np.flip(np.swapaxes(x, first, second), second)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.atleast_1d: atleast_1d,
    np.atleast_2d: atleast_2d,
    np.atleast_3d: atleast_3d,
    np.vstack: vstack,
    np.hstack: hstack,
    np.dstack: dstack,
    np.column_stack: column_stack,
    np.block: block,
    np.append: append,
    np.array_split: array_split,
    np.split: split,
    np.hsplit: hsplit,
    np.vsplit: vsplit,
    np.unstack: unstack,
    np.dsplit: dsplit,
    np.repeat: repeat,
    np.tile: tile,
    np.roll: roll,
    np.flipud: flipud,
    np.fliplr: fliplr,
    np.rot90: rot90,
}
METHODS: Mapping[str, Callable[..., Any]] = {"repeat": repeat}


def enlarged(items: Array, more: int) -> Array:
    """An array with room for more items after those it has."""
    made = np.empty((len(items) + more, *items.shape[1:]), dtype=items.dtype)
    made[: len(items)] = items
    return made

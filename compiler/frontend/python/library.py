"""NumPy functions written as plain loops: they are read like functions of the user.

They are interpreted where they are called, at the line of the call, and never run. What is written
here needs no derivative rule of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def gather(x: Array, *indices: Array) -> Array:
    """``x[i, j, ...]`` with index arrays of one axis."""
    out = np.empty((len(indices[0]), *x.shape[len(indices) :]), x.dtype)
    for k in range(len(indices[0])):
        out[k] = x[tuple([index[k] for index in indices])]
    return out


def scatter(x: Array, values: Array, *indices: Array) -> None:
    """``x[i, j, ...] = values``: of several writes to one place the last one counts."""
    for k in range(len(indices[0])):
        x[tuple([index[k] for index in indices])] = values[k]


def scatter_add(x: Array, values: Array, *indices: Array) -> None:
    """``np.add.at(x, (i, j, ...), values)``: all additions count."""
    for k in range(len(indices[0])):
        x[tuple([index[k] for index in indices])] += values[k]


def positions(mask: Array) -> Array:
    """Where a mask of one axis is true."""
    found = np.empty(np.sum(mask), np.int64)
    count = 0
    for k in range(len(mask)):
        if mask[k]:
            found[count] = k
            count += 1
    return found


def positions_in_matrix(mask: Array) -> tuple[Array, Array]:
    """Where a mask of two axes is true: rows and columns."""
    rows = np.empty(np.sum(mask), np.int64)
    columns = np.empty_like(rows)
    count = 0
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            if mask[i, j]:
                rows[count] = i
                columns[count] = j
                count += 1
    return rows, columns


def lower_triangle(x: Array, diagonal: int) -> Array:
    """``np.tril``."""
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        stop = min(max(i + diagonal + 1, 0), x.shape[1])
        out[i, :stop] = x[i, :stop]
    return out


def upper_triangle(x: Array, diagonal: int) -> Array:
    """``np.triu``."""
    out = np.zeros_like(x)
    for i in range(x.shape[0]):
        start = min(max(i + diagonal, 0), x.shape[1])
        out[i, start:] = x[i, start:]
    return out


def diagonal_matrix(x: Array) -> Array:
    """``np.diag`` of a vector."""
    out = np.zeros((len(x), len(x)), x.dtype)
    for k in range(len(x)):
        out[k, k] = x[k]
    return out


def rolled(x: Array, shift: int) -> Array:
    """``np.roll`` along the first axis."""
    out = np.empty_like(x)
    n = len(x)
    for k in range(n):
        out[(k + shift) % n] = x[k]
    return out


def repeated(x: Array, count: int) -> Array:
    """``np.repeat`` along the first axis."""
    out = np.empty((len(x) * count, *x.shape[1:]), x.dtype)
    for k in range(len(x)):
        for j in range(count):
            out[k * count + j] = x[k]
    return out


def tiled(x: Array, count: int) -> Array:
    """``np.tile`` along the first axis."""
    out = np.empty((len(x) * count, *x.shape[1:]), x.dtype)
    for j in range(count):
        for k in range(len(x)):
            out[j * len(x) + k] = x[k]
    return out


def interpolated(x: Any, xp: Array, fp: Array) -> Any:
    """``np.interp`` at one point: constant beyond the ends."""
    if x <= xp[0]:
        return fp[0] + 0.0 * x
    if x >= xp[-1]:
        return fp[-1] + 0.0 * x
    low = 0
    high = len(xp) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if xp[middle] <= x:
            low = middle
        else:
            high = middle
    slope = (fp[high] - fp[low]) / (xp[high] - xp[low])
    return fp[low] + slope * (x - xp[low])


def interpolated_points(x: Array, xp: Array, fp: Array) -> Array:
    """``np.interp`` at the points of an array."""
    out = np.empty(len(x))
    for k in range(len(x)):
        out[k] = interpolated(x[k], xp, fp)
    return out

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


def positions_in_solid(mask: Array) -> tuple[Array, ...]:
    """Where a mask of several axes is true: the positions along each axis."""
    return np.unravel_index(positions(mask.ravel()), mask.shape)

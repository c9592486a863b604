"""What the functions of :mod:`gradc_runtime.sorting` become in compiled programs.

Plain Python for the compiler: loops over the rows of an array, which are laid end to end, so that
the rank is no matter. The sort is a merge sort from the bottom up, on runs that insertion has
sorted: stable, and `n log n` comparisons whatever the input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

# Runs of this length are sorted by insertion.
_RUN = 16


def _comes_first(left: Any, right: Any) -> bool:
    """Whether `right` has to stay behind `left`: NaN comes last."""
    return bool(left <= right or right != right)


def _insert(row: Array, order: Array, start: int, stop: int) -> None:
    for place in range(start + 1, stop):
        moved = order[place]
        hole = place
        while hole > start and not _comes_first(row[order[hole - 1]], row[moved]):
            order[hole] = order[hole - 1]
            hole -= 1
        order[hole] = moved


def _merge(row: Array, order: Array, out: Array, start: int, middle: int, stop: int) -> None:
    left, right = start, middle
    for place in range(start, stop):
        takes_left = left < middle and (
            right >= stop or _comes_first(row[order[left]], row[order[right]])
        )
        if takes_left:
            out[place] = order[left]
            left += 1
        else:
            out[place] = order[right]
            right += 1


def _sort(row: Array, order: Array, scratch: Array) -> None:
    size = len(row)
    for start in range(0, size, _RUN):
        _insert(row, order, start, min(start + _RUN, size))
    width = _RUN
    while width < size:
        for start in range(0, size, 2 * width):
            middle, stop = min(start + width, size), min(start + 2 * width, size)
            _merge(row, order, scratch, start, middle, stop)
        order[:] = scratch
        width *= 2


def argsort(x: Array) -> Array:
    """:func:`gradc_runtime.sorting.argsort`."""
    size = x.shape[-1]
    rows = np.ascontiguousarray(x).ravel()
    order = np.empty(x.shape, np.int64)
    flat = order.ravel()
    scratch = np.empty(size, np.int64)
    for begin in range(0, len(rows), max(size, 1)):
        own = flat[begin : begin + size]
        for k in range(size):
            own[k] = k
        _sort(rows[begin : begin + size], own, scratch)
    return order


def in_order(x: Array, order: Array) -> Array:
    """:func:`gradc_runtime.sorting.in_order`."""
    size = x.shape[-1]
    rows = np.ascontiguousarray(x).ravel()
    places = np.ascontiguousarray(order).ravel()
    out = np.empty(x.shape, x.dtype)
    flat = out.ravel()
    for begin in range(0, len(rows), max(size, 1)):
        for k in range(begin, begin + size):
            flat[k] = rows[begin + places[k]]
    return out


def _average(values: Array, keys: Array) -> None:
    """Average a row over the runs of equal keys."""
    start = 0
    while start < len(values):
        stop = start + 1
        while stop < len(values) and keys[stop] == keys[start]:
            stop += 1
        if stop - start > 1:
            values[start:stop] = np.sum(values[start:stop]) / (stop - start)
        start = stop


def in_order_shared(x: Array, order: Array, keys: Array) -> Array:
    """:func:`gradc_runtime.sorting.in_order_shared`."""
    out = in_order(x, order)
    size = x.shape[-1]
    flat = out.ravel()
    runs = np.ascontiguousarray(keys).ravel()
    for begin in range(0, len(flat), max(size, 1)):
        _average(flat[begin : begin + size], runs[begin : begin + size])
    return out


def from_order_shared(x: Array, order: Array, keys: Array) -> Array:
    """:func:`gradc_runtime.sorting.from_order_shared`."""
    size = x.shape[-1]
    shared = x.copy().ravel()
    runs = np.ascontiguousarray(keys).ravel()
    places = np.ascontiguousarray(order).ravel()
    out = np.empty(x.shape, x.dtype)
    flat = out.ravel()
    for begin in range(0, len(shared), max(size, 1)):
        _average(shared[begin : begin + size], runs[begin : begin + size])
        for k in range(begin, begin + size):
            flat[begin + places[k]] = shared[k]
    return out

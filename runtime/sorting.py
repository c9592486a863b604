"""Sorting in generated programs: the order of rows, and arranging rows in it.

All functions work on the last axis of arrays of any rank. Here they are written with NumPy; in
compiled programs :mod:`gradc_runtime.compiled_sorting` stands in their place.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def argsort(x: Array) -> Array:
    """The positions that sort the last axis: equal elements as they come, NaN at the end."""
    order: Array = np.argsort(x, axis=-1, kind="stable")
    return order


def in_order(x: Array, order: Array) -> Array:
    """``x`` with the elements of each row in the order given."""
    arranged: Array = np.take_along_axis(x, order, axis=-1)
    return arranged


def in_order_shared(x: Array, order: Array, keys: Array) -> Array:
    """``in_order(x, order)`` averaged over each run of equal `keys`.

    Parameters
    ----------
    x : ndarray
        Rows to be arranged.
    order : ndarray of int
        Of the shape of `x`.
    keys : ndarray
        Of the shape of `x`: what was sorted, in order.
    """
    return _averaged(in_order(x, order), keys)


def from_order_shared(x: Array, order: Array, keys: Array) -> Array:
    """The transpose of :func:`in_order_shared`: averaged over runs, then put back."""
    out = np.empty_like(x)
    np.put_along_axis(out, order, _averaged(x, keys), axis=-1)
    return out


def _averaged(values: Array, keys: Array) -> Array:
    """Each row averaged over the runs of equal keys."""
    first = np.ones(keys.shape, np.bool_)
    first[..., 1:] = keys[..., 1:] != keys[..., :-1]
    run = np.cumsum(first) - 1
    total = np.bincount(run, values.ravel())
    means = total / np.bincount(run)
    return np.reshape(means[run], values.shape).astype(values.dtype)

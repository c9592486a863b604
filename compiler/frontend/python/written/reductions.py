"""Products and weighted averages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradc.frontend.python.written.support import Array, in_front, refuse, with_axes_kept


def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    *,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """``np.prod``: factor by factor, so that zeros among the factors do no harm."""
    x = np.asarray(a)
    if dtype is not None:
        x = x.astype(dtype)
    elif x.dtype == np.bool_:
        x = x.astype(np.int64)
    if where is not True:
        x = np.where(where, x, np.ones_like(x))
    found = _product(in_front(x, axis)) if x.ndim else x
    if initial is not None:
        found = found * initial
    return with_axes_kept(found, x, axis, keepdims)


def _product(rows: Array) -> Any:
    total = np.ones(rows.shape[1:], rows.dtype)
    for k in range(len(rows)):
        total = total * rows[k]
    return total


def average(
    a: Any, axis: Any = None, weights: Any = None, returned: Any = False, *, keepdims: Any = False
) -> Any:
    """``np.average``."""
    x = np.asarray(a)
    if weights is None:
        mean = np.mean(x, axis=axis, keepdims=keepdims)
        if returned:
            return mean, np.ones_like(mean) * (np.size(x) / np.size(mean))
        return mean
    w = _fitted(np.asarray(weights), x, axis)
    mass = np.sum(w, axis=axis, keepdims=keepdims)
    total = np.sum(x * w, axis=axis, keepdims=keepdims)
    if returned:
        return total / mass, mass + np.zeros_like(total / mass)
    return total / mass


def _fitted(w: Array, x: Array, axis: Any) -> Array:
    """Weights of the axes that are averaged over, as weights of all elements."""
    if w.ndim == x.ndim:
        return np.broadcast_to(w, x.shape)
    if axis is None:
        refuse("weights of another shape than the array need an axis", "give axis=...")
    axes = normalize_axis_tuple(axis, x.ndim)
    if w.ndim != len(axes):
        refuse("the weights have neither the shape of the array nor that of its axis")
    order = [axes.index(k) for k in range(x.ndim) if k in axes]
    shape = [x.shape[k] if k in axes else 1 for k in range(x.ndim)]
    return np.broadcast_to(np.transpose(w, order).reshape(shape), x.shape)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {np.prod: prod, np.average: average}
METHODS: Mapping[str, Callable[..., Any]] = {"prod": prod}

"""Convolution and correlation of two sequences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from gradc.frontend.python.written.support import Array, refuse


def convolve(a: Any, v: Any, mode: Any = "full") -> Array:
    """``np.convolve``."""
    left, right = _not_empty(a), _not_empty(v)
    size = max(len(left), len(right))
    less = min(len(left), len(right)) - 1
    return _part(_convolved(left, right), size, less, less // 2, mode)


def _not_empty(a: Any) -> Array:
    x = np.atleast_1d(a)
    if len(x) == 0:
        raise ValueError("there is nothing to convolve")
    return x


def correlate(a: Any, v: Any, mode: Any = "valid") -> Array:
    """``np.correlate``."""
    left, right = _not_empty(a), _not_empty(v)
    size = max(len(left), len(right))
    less = min(len(left), len(right)) - 1
    middle = less // 2 if len(left) >= len(right) else (less + 1) // 2
    return _part(_convolved(left, right[::-1]), size, less, middle, mode)


def windows(x: Array, window_shape: Any, axis: Any) -> Array:
    """``np.lib.stride_tricks.sliding_window_view``, as a copy."""
    sizes = window_shape if isinstance(window_shape, tuple) else (window_shape,)
    given = axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(range(x.ndim))
    if axis is not None:  # each on its own, for an axis may be there twice
        axes = tuple([normalize_axis_tuple(one, x.ndim)[0] for one in given])
    if len(sizes) != len(axes):
        refuse("there is one length of a window for each axis", "name the axes: axis=...")
    for size, along in zip(sizes, axes, strict=True):
        count = x.shape[along] - size + 1
        if size < 0 or count < 1:
            raise ValueError("window shape cannot be larger than input array shape")
        places = np.arange(count)[:, None] + np.arange(size)
        x = np.moveaxis(np.take(x, places, axis=along), along + 1, -1)
    return x


def _part(full: Array, size: Any, less: Any, middle: Any, mode: Any) -> Array:
    """What a mode keeps: everything, `size` elements from `middle` on, or the full overlaps."""
    if mode in ("full", 2):
        return full
    if mode in ("same", 1):
        return full[middle : middle + size]
    if mode not in ("valid", 0):
        refuse("the mode is one of 'full', 'same' and 'valid'")
    return full[less:size]


def _convolved(a: Array, v: Array) -> Array:
    if a.ndim != 1 or v.ndim != 1:
        refuse("the sequences have one axis each", "write loops for more")
    out = np.zeros(len(a) + len(v) - 1, np.result_type(a.dtype, v.dtype))
    for i in range(len(a)):
        for j in range(len(v)):
            out[i + j] += a[i] * v[j]
    return out


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {np.convolve: convolve, np.correlate: correlate}

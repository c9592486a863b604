"""Arrays as sets of values, without zeros at their ends, or repeated to another size.

The elements that a set keeps carry derivatives, as those of ``np.unique``; which they are, and how
many, are constants.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import Array, refuse


def union1d(ar1: Any, ar2: Any) -> Array:
    """``np.union1d``."""
    return np.unique(np.concatenate([np.ravel(ar1), np.ravel(ar2)]))


def intersect1d(
    ar1: Any, ar2: Any, assume_unique: Any = False, return_indices: Any = False
) -> Array:
    """``np.intersect1d``: derivatives go to the first array."""
    if return_indices:
        return refuse("np.intersect1d with return_indices is not supported", "np.isin")
    first = np.sort(np.ravel(ar1)) if assume_unique else np.unique(ar1)
    return first[np.isin(first, ar2)]


def setdiff1d(ar1: Any, ar2: Any, assume_unique: Any = False) -> Array:
    """``np.setdiff1d``."""
    first = np.ravel(ar1) if assume_unique else np.unique(ar1)
    return first[np.isin(first, ar2, invert=True)]


def setxor1d(ar1: Any, ar2: Any, assume_unique: Any = False) -> Array:
    """``np.setxor1d``."""
    one, other = setdiff1d(ar1, ar2, assume_unique), setdiff1d(ar2, ar1, assume_unique)
    return np.sort(np.concatenate([one, other]))


def array_equal(a1: Any, a2: Any, equal_nan: Any = False) -> Any:
    """``np.array_equal``: a truth, with no derivative."""
    x, y = np.asarray(a1), np.asarray(a2)
    if x.ndim != y.ndim:
        return False
    for k in range(x.ndim):
        if x.shape[k] != y.shape[k]:
            return False
    same = x == y
    if equal_nan:
        same = np.logical_or(same, np.logical_and(x != x, y != y))
    return bool(np.all(same))


def array_equiv(a1: Any, a2: Any) -> Any:
    """``np.array_equiv``: whether arrays are equal after broadcasting, which they must allow."""
    return bool(np.all(np.asarray(a1) == np.asarray(a2)))


def trim_zeros(filt: Any, trim: Any = "fb") -> Array:
    """``np.trim_zeros`` of a vector."""
    x = np.asarray(filt)
    if x.ndim == 0:
        return x
    if x.ndim != 1:
        return refuse("np.trim_zeros is supported for one axis", "slice the others yourself")
    first, last = 0, len(x)
    if trim in ("f", "fb", "bf", "F", "FB", "BF"):
        while first < last and x[first] == 0:
            first += 1
    if trim in ("b", "fb", "bf", "B", "FB", "BF"):
        while last > first and x[last - 1] == 0:
            last -= 1
    return x[first:last]


def resize(a: Any, new_shape: Any) -> Array:
    """``np.resize``: the elements again and again."""
    flat = np.ravel(a)
    sizes = (new_shape,) if np.ndim(new_shape) == 0 else tuple(new_shape)
    count = 1
    for size in sizes:
        count = count * size
    if len(flat) == 0:
        return np.zeros(sizes, flat.dtype)
    return flat[np.arange(count) % len(flat)].reshape(sizes)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.union1d: union1d,
    np.intersect1d: intersect1d,
    np.setdiff1d: setdiff1d,
    np.setxor1d: setxor1d,
    np.array_equal: array_equal,
    np.array_equiv: array_equiv,
    np.trim_zeros: trim_zeros,
    np.resize: resize,
}

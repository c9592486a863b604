"""What the functions written in Python have in common."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

Array = np.ndarray[Any, Any]


def refuse(message: str, hint: str | None = None) -> NoReturn:
    """Refuse the call that is being read: the front end reports it at the user's line.

    Raises
    ------
    NotImplementedError
        Where the function is run by Python.
    """
    raise NotImplementedError(message if hint is None else f"{message}; {hint}")


def stretches(size: int) -> bool:
    """Whether a size is known to be 1 when the call is read: such an axis is broadcast."""
    return size == 1


def held(x: Any) -> Any:
    """The same value as a constant: without derivative."""
    return x


def are_equal(left: Any, right: Any) -> bool:
    """Whether two sizes are known to be equal when the call is read."""
    return bool(left == right)


def is_empty(x: Array) -> bool:
    """Whether an array is known to have no elements when the call is read."""
    return any(are_equal(size, 0) for size in x.shape)


def in_one(tup: Any) -> Any:
    """What is joined; a list whose length is not known when the call is read as one array."""
    return tup


def may_be_empty(x: Array) -> bool:
    """Whether an array may turn out to have no elements, in a program for sizes as they come."""
    return x.size == 0


def ended(rows: Array) -> Array:
    """Rows with a NaN behind the last element, which is read where they turn out to be empty."""
    if not may_be_empty(rows):
        return rows
    return np.concatenate([rows, np.full((*rows.shape[:-1], 1), np.nan)], axis=-1)


def half_spectrum(x: Array, scale: Any, axis: int) -> Any:
    """The transform of real numbers, times a factor: frequencies 0 to ``n//2``."""
    return np.fft.rfft(x, axis=axis) * scale


def from_half_spectrum(z: Any, n: int, scale: Any, axis: int) -> Any:
    """The real numbers with a given half of a spectrum, times their number and a factor."""
    return np.fft.irfft(z, n, axis, norm="forward") * scale


def spectrum(z: Any, scale: Any, axis: int, inverse: bool) -> Any:
    """The transform of complex numbers in one of both directions, times a factor."""
    if inverse:
        return np.fft.ifft(z, axis=axis, norm="forward") * scale
    return np.fft.fft(z, axis=axis) * scale


def with_axis(a: Any, axis: Any) -> tuple[Array, int]:
    """What is counted along an axis, and that axis: None means all elements, as one.

    A number is an array of one element.
    """
    x = np.ravel(a) if axis is None or np.ndim(a) == 0 else np.asarray(a)
    return x, 0 if axis is None else normalize_axis_index(axis, x.ndim)


def in_front(x: Array, axis: Any) -> Array:
    """What an axis argument names as one first axis; None means all elements."""
    if axis is None:
        return x.ravel()
    axes = normalize_axis_tuple(axis, x.ndim)
    others = [k for k in range(x.ndim) if k not in axes]
    moved = np.transpose(x, [*axes, *others])
    if len(axes) == 1:
        return moved
    return moved.reshape(-1, *[x.shape[k] for k in others])


def at_end(x: Array, axis: Any) -> Array:
    """What an axis argument names as one last axis; None means all elements."""
    if axis is None:
        return x.ravel()
    axes = normalize_axis_tuple(axis, x.ndim)
    others = [k for k in range(x.ndim) if k not in axes]
    moved = np.transpose(x, [*others, *axes])
    if len(axes) == 1:
        return moved
    return moved.reshape(*[x.shape[k] for k in others], -1)


def with_axes_kept(result: Any, x: Array, axis: Any, keepdims: Any) -> Any:
    """A result over axes of `x`, with these as axes of size 1 where `keepdims` asks for it."""
    if not keepdims:
        return result
    if axis is None or x.ndim == 0:
        return np.reshape(result, (1,) * x.ndim)
    axes = normalize_axis_tuple(axis, x.ndim)
    return np.reshape(result, [1 if k in axes else x.shape[k] for k in range(x.ndim)])

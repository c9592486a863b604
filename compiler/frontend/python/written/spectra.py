"""``np.fft``: transforms of several kinds and axes, from three along one axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from gradc.frontend.python.written.support import (
    Array,
    are_equal,
    from_half_spectrum,
    half_spectrum,
    refuse,
    spectrum,
)


def _factor(n: Any, norm: Any, inverse: bool) -> Any:
    """What a transform of `n` numbers is multiplied by."""
    if norm == "ortho":
        return 1.0 / np.sqrt(n)
    if norm is None:
        norm = "backward"
    if norm not in ("backward", "forward"):
        refuse(f"norm is 'backward', 'ortho' or 'forward', not {norm!r}")
    return 1.0 / n if inverse == (norm == "backward") else 1.0


def _checked(n: Any) -> None:
    if are_equal(n, 0):
        refuse("a Fourier transform takes at least one number")
    if n < 1:
        raise ValueError("a Fourier transform takes at least one number")


def _fitted(x: Array, n: Any, axis: Any) -> Array:
    """The first `n` elements along an axis, with zeros after them where there are fewer."""
    if are_equal(x.shape[axis], n):
        return x
    rows = np.moveaxis(x, axis, -1)
    out = np.zeros((*rows.shape[:-1], n), x.dtype)
    count = min(n, rows.shape[-1])
    out[..., :count] = rows[..., :count]
    return np.moveaxis(out, -1, axis)


def _floats(a: Any) -> Array:
    x = np.asarray(a)
    if x.ndim == 0:
        return refuse("a Fourier transform takes an array, not a number")
    if np.iscomplexobj(x) or x.dtype in (np.float32, np.float64):
        return x
    return x.astype(np.float64)


def _reals(a: Any, title: str) -> Array:
    if np.iscomplexobj(a):
        return refuse(f"np.fft.{title} takes real numbers", "use np.fft.fft, or x.real")
    return _floats(a)


def _other(norm: Any) -> str:
    """The norm that scales one direction as this one does the other."""
    if norm == "ortho":
        return "ortho"
    return "backward" if norm == "forward" else "forward"


# -- one axis -----------------------------------------------------------------------------------


def rfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """``np.fft.rfft``: pairs of real arrays, since complex results stay inside the function."""
    x = _reals(a, "rfft")
    axis = normalize_axis_index(axis, x.ndim)
    size = x.shape[axis] if n is None else n
    _checked(size)
    return half_spectrum(_fitted(x, size, axis), _factor(size, norm, False), axis)


def irfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """``np.fft.irfft``: imaginary parts of frequency zero and of the highest even one count not."""
    z = _floats(a)
    axis = normalize_axis_index(axis, z.ndim)
    size = 2 * (z.shape[axis] - 1) if n is None else n
    _checked(size)
    if n is not None:
        z = _fitted(z, n // 2 + 1, axis)
    return from_half_spectrum(z, size, _factor(size, norm, True), axis)


def fft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """``np.fft.fft``; that of real numbers is half computed, half mirrored."""
    return _transform(a, n, axis, norm, False)


def ifft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """``np.fft.ifft``."""
    return _transform(a, n, axis, norm, True)


def _transform(a: Any, n: Any, axis: Any, norm: Any, inverse: bool) -> Any:
    z = _floats(a)
    axis = normalize_axis_index(axis, z.ndim)
    size = z.shape[axis] if n is None else n
    _checked(size)
    z = _fitted(z, size, axis)
    factor = _factor(size, norm, inverse)
    if np.iscomplexobj(z):
        return spectrum(z, factor, axis, inverse)
    half = half_spectrum(z, factor, axis)
    return _mirrored(np.conj(half) if inverse else half, size, axis)


def _mirrored(half: Any, n: Any, axis: Any) -> Any:
    """The whole spectrum of `n` real numbers."""
    rows = np.moveaxis(half, axis, -1)
    out = np.empty((*rows.shape[:-1], n), rows.dtype)
    out[..., : n // 2 + 1] = rows
    out[..., n // 2 + 1 :] = np.conj(rows[..., (n - 1) // 2 : 0 : -1])
    return np.moveaxis(out, -1, axis)


def hfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """``np.fft.hfft``."""
    return irfft(np.conj(_floats(a)), n, axis, _other(norm))


def ihfft(a: Any, n: Any = None, axis: Any = -1, norm: Any = None) -> Any:
    """``np.fft.ihfft``."""
    return np.conj(rfft(_reals(a, "ihfft"), n, axis, _other(norm)))


# -- several axes -------------------------------------------------------------------------------


def _axes(x: Any, s: Any, axes: Any) -> tuple[Any, ...]:
    if axes is None:
        count = x.ndim if s is None else len(s)
        return tuple(range(x.ndim - count, x.ndim))
    return tuple(axes)


def _size(s: Any, k: int) -> Any:
    """The size that is asked for along an axis; None for that of the array."""
    if s is None or (are_equal(s[k], -1)):
        return None
    return s[k]


def rfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``np.fft.rfftn``."""
    x = _reals(a, "rfftn")
    order = _axes(x, s, axes)
    last = len(order) - 1
    z = rfft(x, _size(s, last), order[last], norm)
    for k in range(last - 1, -1, -1):
        z = fft(z, _size(s, k), order[k], norm)
    return z


def irfftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``np.fft.irfftn``."""
    z = _floats(a)
    order = _axes(z, s, axes)
    last = len(order) - 1
    for k in range(last):
        z = ifft(z, _size(s, k), order[k], norm)
    return irfft(z, _size(s, last), order[last], norm)


def fftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``np.fft.fftn``."""
    z = _floats(a)
    order = _axes(z, s, axes)
    for k in range(len(order) - 1, -1, -1):
        z = fft(z, _size(s, k), order[k], norm)
    return z


def ifftn(a: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
    """``np.fft.ifftn``."""
    z = _floats(a)
    order = _axes(z, s, axes)
    for k in range(len(order) - 1, -1, -1):
        z = ifft(z, _size(s, k), order[k], norm)
    return z


def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """``np.fft.rfft2``."""
    return rfftn(a, s, axes, norm)


def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """``np.fft.irfft2``."""
    return irfftn(a, s, axes, norm)


def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """``np.fft.fft2``."""
    return fftn(a, s, axes, norm)


def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
    """``np.fft.ifft2``."""
    return ifftn(a, s, axes, norm)


# -- frequencies --------------------------------------------------------------------------------


def fftfreq(n: Any, d: Any = 1.0) -> Any:
    """``np.fft.fftfreq``."""
    k = np.arange(n)
    return np.where(k < (n + 1) // 2, k, k - n) * (1.0 / (n * d))


def rfftfreq(n: Any, d: Any = 1.0) -> Any:
    """``np.fft.rfftfreq``."""
    return np.arange(n // 2 + 1) * (1.0 / (n * d))


def fftshift(x: Any, axes: Any = None) -> Any:
    """``np.fft.fftshift``."""
    z = np.asarray(x)
    for axis in _shifted(z, axes):
        z = np.roll(z, z.shape[axis] // 2, axis)
    return z


def ifftshift(x: Any, axes: Any = None) -> Any:
    """``np.fft.ifftshift``."""
    z = np.asarray(x)
    for axis in _shifted(z, axes):
        z = np.roll(z, -(z.shape[axis] // 2), axis)
    return z


def _shifted(z: Any, axes: Any) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(z.ndim))
    return (axes,) if isinstance(axes, int) else tuple(axes)


#: What takes complex operands, too.
COMPLEX: Mapping[Any, Callable[..., Any]] = {
    np.fft.rfft: rfft,
    np.fft.irfft: irfft,
    np.fft.fft: fft,
    np.fft.ifft: ifft,
    np.fft.hfft: hfft,
    np.fft.ihfft: ihfft,
    np.fft.rfftn: rfftn,
    np.fft.irfftn: irfftn,
    np.fft.fftn: fftn,
    np.fft.ifftn: ifftn,
    np.fft.rfft2: rfft2,
    np.fft.irfft2: irfft2,
    np.fft.fft2: fft2,
    np.fft.ifft2: ifft2,
    np.fft.fftshift: fftshift,
    np.fft.ifftshift: ifftshift,
}
FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    **COMPLEX,
    np.fft.fftfreq: fftfreq,
    np.fft.rfftfreq: rfftfreq,
}

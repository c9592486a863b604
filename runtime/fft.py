"""Fourier transforms that generated programs call; complex numbers are pairs of real arrays.

Every function here is plain Python on NumPy, and an uncompiled program runs it as it stands. When a
program is compiled the module is replaced by :mod:`gradc_runtime.fft_compiled`, which calls NumPy's
C code. All work along one axis and multiply by a factor; what they compute, and which is the
transpose of which, is said in :mod:`gradc.prims.fourier`. Results have the element type of the
operands.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def rfft(x: Array, m: int, scale: float, axis: int) -> tuple[Array, Array]:
    """The `m` frequencies from 0 on of a real array of ``2*m - 2`` or ``2*m - 1`` elements."""
    return _parts(np.fft.rfft(x, axis=axis), scale, x.dtype)


def irfft(re: Array, im: Array, n: int, scale: float, axis: int) -> Array:
    """The `n` real numbers with a given half of a spectrum, times `n`."""
    if 0 in re.shape:
        return np.zeros(_resized(re, n, axis), re.dtype)
    # "forward" leaves out the factor 1/n
    found = np.fft.irfft(re + 1j * im, n, axis=axis, norm="forward")
    return (found * scale).astype(re.dtype)


def rfft_transposed(re: Array, im: Array, n: int, scale: float, axis: int) -> Array:
    """The transpose of :func:`rfft` of `n` numbers: every frequency counts once."""
    weights = 1.0 / _multiplicities(re, n, axis)
    return irfft(re * weights, im * weights, n, scale, axis)


def irfft_transposed(x: Array, m: int, scale: float, axis: int) -> tuple[Array, Array]:
    """The transpose of :func:`irfft` to as many numbers: inner frequencies count twice."""
    re, im = rfft(x, m, scale, axis)
    weights = _multiplicities(re, x.shape[axis], axis)
    return re * weights, im * weights


def fft(re: Array, im: Array, scale: float, axis: int) -> tuple[Array, Array]:
    """The transform of complex numbers."""
    return _parts(np.fft.fft(re + 1j * im, axis=axis), scale, re.dtype)


def ifft(re: Array, im: Array, scale: float, axis: int) -> tuple[Array, Array]:
    """The transform of complex numbers with the conjugate roots of unity."""
    return _parts(np.fft.ifft(re + 1j * im, axis=axis, norm="forward"), scale, re.dtype)


def _parts(found: Any, scale: float, dtype: Any) -> tuple[Array, Array]:
    return (found.real * scale).astype(dtype), (found.imag * scale).astype(dtype)


def _multiplicities(half: Array, n: int, axis: int) -> Array:
    """How often each frequency of a half counts in the whole spectrum of `n` real numbers."""
    weights = np.ones(half.shape[axis], half.dtype)
    weights[1 : (n + 1) // 2] = 2.0
    shape = [1] * half.ndim
    shape[axis] = -1
    return weights.reshape(shape)


def _resized(half: Array, n: int, axis: int) -> tuple[int, ...]:
    shape = list(half.shape)
    shape[axis] = n
    return tuple(shape)

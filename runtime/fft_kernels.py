"""Fourier transforms through NumPy's pocketfft: the machine code behind compiled programs.

An array of ``outer * n * inner`` elements is transformed along the axis of size `n`. NumPy's code
takes complex numbers with their parts side by side: a few lines at a time are put together in a
buffer, or taken apart, so that the buffer stays in the cache and several lines are transformed at
once by vector instructions.

As :mod:`gradc_runtime.linalg_kernels`, these are compiled once for each element type, kept in
numba's file cache, and called by symbols.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import carray

from gradc_runtime.pocketfft import loop

_fft, _ifft, _irfft = loop("fft"), loop("ifft"), loop("irfft")
_rfft_even, _rfft_odd = loop("rfft_n_even"), loop("rfft_n_odd")

# Complex numbers in the buffer, and the least number of lines: as many as vectors have elements.
_IN_CACHE, _LEAST_LINES = 8192, 8

_inside: Any = numba.njit(error_model="numpy", nogil=True)


@_inside
def _lines_at_once(lines: int, size: int) -> int:
    return max(1, min(lines, max(_LEAST_LINES, _IN_CACHE // size)))


@_inside
def _weigh(buffer: Any, count: int, n: int, weight: float) -> None:
    """Multiply the frequencies of `n` real numbers that have a mirror image."""
    if weight != 1.0:
        factor = buffer.dtype.type(weight)
        for c in range(count):
            for k in range(1, (n + 1) // 2):
                buffer[c, k, 0] *= factor
                buffer[c, k, 1] *= factor


# Unsigned indices: loops over signed ones are not vectorised.
@_inside
def _join(re: Any, im: Any, buffer: Any, count: int, layout: Any) -> None:
    """Put the parts of some lines side by side."""
    first, line, step = layout
    size, lines = np.uintp(buffer.shape[1]), np.uintp(count)
    if step == 1:
        for c in range(lines):
            start, row = np.uintp(first) + c * np.uintp(line), buffer[c]
            for k in range(size):
                row[k, 0] = re[start + k]
                row[k, 1] = im[start + k]
        return
    for k in range(size):
        start = np.uintp(first) + k * np.uintp(step)
        for c in range(lines):
            buffer[c, k, 0] = re[start + c]
            buffer[c, k, 1] = im[start + c]


@_inside
def _part(buffer: Any, re: Any, im: Any, count: int, layout: Any) -> None:
    """Take the parts of some lines apart."""
    first, line, step = layout
    size, lines = np.uintp(buffer.shape[1]), np.uintp(count)
    if step == 1:
        for c in range(lines):
            start, row = np.uintp(first) + c * np.uintp(line), buffer[c]
            for k in range(size):
                re[start + k] = row[k, 0]
                im[start + k] = row[k, 1]
        return
    for k in range(size):
        start = np.uintp(first) + k * np.uintp(step)
        for c in range(lines):
            re[start + c] = buffer[c, k, 0]
            im[start + c] = buffer[c, k, 1]


@_inside
def _places(outer: int, size: int, inner: int) -> Any:
    """Groups of lines, lines in a group; from a group, a line, an element to the next."""
    if inner == 1:
        return 1, outer, 0, size, 1
    return outer, inner, size * inner, 1, inner


@_inside
def _to_pair(
    outer: int, n: int, inner: int, m: int, weight: float, scale: float, x: Any, re: Any, im: Any
) -> None:
    source, factor = carray(x, (outer * n * inner,)), np.empty(1, re.dtype)
    factor[0] = scale
    groups, lines, group_in, line_in, step = _places(outer, n, inner)
    _, _, group_out, line_out, _ = _places(outer, m, inner)
    chunk, size = _lines_at_once(lines, m), source.itemsize
    buffer = np.empty((chunk, m, 2), re.dtype)
    args, dims, steps = np.empty(3, np.intp), np.empty(3, np.intp), np.empty(5, np.intp)
    args[1], args[2] = factor.ctypes.data, buffer.ctypes.data
    dims[1], dims[2] = n, m
    steps[0], steps[1], steps[2] = line_in * size, 0, 2 * m * size
    steps[3], steps[4] = step * size, 2 * size
    for group in range(groups):
        for start in range(0, lines, chunk):
            count = min(chunk, lines - start)
            args[0] = source.ctypes.data + (group * group_in + start * line_in) * size
            dims[0] = count
            if n % 2 == 0:
                _rfft_even(args, dims, steps, factor)
            else:
                _rfft_odd(args, dims, steps, factor)
            layout = group * group_out + start * line_out, line_out, step
            _weigh(buffer, count, n, weight)
            _part(buffer, re, im, count, layout)


@_inside
def _from_pair(
    outer: int, m: int, inner: int, n: int, weight: float, scale: float, re: Any, im: Any, x: Any
) -> None:
    target, factor = carray(x, (outer * n * inner,)), np.empty(1, re.dtype)
    factor[0] = scale
    groups, lines, group_in, line_in, step = _places(outer, m, inner)
    _, _, group_out, line_out, _ = _places(outer, n, inner)
    chunk, size = _lines_at_once(lines, m), target.itemsize
    buffer = np.empty((chunk, m, 2), re.dtype)
    args, dims, steps = np.empty(3, np.intp), np.empty(3, np.intp), np.empty(5, np.intp)
    args[0], args[1] = buffer.ctypes.data, factor.ctypes.data
    dims[1], dims[2] = m, n
    steps[0], steps[1], steps[2] = 2 * m * size, 0, line_out * size
    steps[3], steps[4] = 2 * size, step * size
    for group in range(groups):
        for start in range(0, lines, chunk):
            count = min(chunk, lines - start)
            layout = group * group_in + start * line_in, line_in, step
            _join(re, im, buffer, count, layout)
            _weigh(buffer, count, n, weight)
            args[2] = target.ctypes.data + (group * group_out + start * line_out) * size
            dims[0] = count
            _irfft(args, dims, steps, factor)


@_inside
def _of_pairs(
    outer: int, n: int, inner: int, inverse: bool, scale: float,
    re: Any, im: Any, first: Any, second: Any,
) -> None:  # fmt: skip
    factor = np.empty(1, re.dtype)
    factor[0] = scale
    groups, lines, group, line, step = _places(outer, n, inner)
    chunk, size = _lines_at_once(lines, n), re.itemsize
    buffer = np.empty((chunk, n, 2), re.dtype)
    args, dims, steps = np.empty(3, np.intp), np.empty(3, np.intp), np.empty(5, np.intp)
    args[0] = args[2] = buffer.ctypes.data
    args[1] = factor.ctypes.data
    dims[1] = dims[2] = n
    steps[0] = steps[2] = 2 * n * size
    steps[1] = 0
    steps[3] = steps[4] = 2 * size
    for number in range(groups):
        for start in range(0, lines, chunk):
            count = min(chunk, lines - start)
            layout = number * group + start * line, line, step
            _join(re, im, buffer, count, layout)
            dims[0] = count
            if inverse:
                _ifft(args, dims, steps, factor)
            else:
                _fft(args, dims, steps, factor)
            _part(buffer, first, second, count, layout)


def rfft(outer: int, n: int, inner: int, m: int, scale: float, x: Any, re: Any, im: Any) -> int:
    """``re, im = rfft(x)``."""
    size = outer * m * inner
    _to_pair(outer, n, inner, m, 1.0, scale, x, carray(re, (size,)), carray(im, (size,)))
    return 0


def irfft_transposed(
    outer: int, n: int, inner: int, m: int, scale: float, x: Any, re: Any, im: Any
) -> int:
    """``re, im = irfft_transposed(x)``."""
    size = outer * m * inner
    _to_pair(outer, n, inner, m, 2.0, scale, x, carray(re, (size,)), carray(im, (size,)))
    return 0


def irfft(outer: int, m: int, inner: int, n: int, scale: float, re: Any, im: Any, x: Any) -> int:
    """``x = irfft(re, im)``."""
    size = outer * m * inner
    _from_pair(outer, m, inner, n, 1.0, scale, carray(re, (size,)), carray(im, (size,)), x)
    return 0


def rfft_transposed(
    outer: int, m: int, inner: int, n: int, scale: float, re: Any, im: Any, x: Any
) -> int:
    """``x = rfft_transposed(re, im)``."""
    size = outer * m * inner
    _from_pair(outer, m, inner, n, 0.5, scale, carray(re, (size,)), carray(im, (size,)), x)
    return 0


def fft(
    outer: int, n: int, inner: int, m: int, scale: float, re: Any, im: Any, first: Any, second: Any
) -> int:
    """``first, second = fft(re, im)``."""
    shape = (outer * n * inner,)
    operands = carray(re, shape), carray(im, shape)
    _of_pairs(outer, n, inner, False, scale, *operands, carray(first, shape), carray(second, shape))
    return 0


def ifft(
    outer: int, n: int, inner: int, m: int, scale: float, re: Any, im: Any, first: Any, second: Any
) -> int:
    """``first, second = ifft(re, im)``."""
    shape = (outer * n * inner,)
    operands = carray(re, shape), carray(im, shape)
    _of_pairs(outer, n, inner, True, scale, *operands, carray(first, shape), carray(second, shape))
    return 0

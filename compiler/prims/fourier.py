"""Discrete Fourier transforms along one axis; complex numbers are pairs of real arrays.

With ``w = exp(-2i pi/n)`` and a factor `scale` in front, ``rfft`` computes ``sum_j x[j] w**(jk)``
for ``k = 0 ... n//2``, ``irfft`` the real array of which these are the transform (but for the
factor), and ``fft`` and ``ifft`` the sums over complex numbers with ``w`` and ``1/w``.

As maps of real numbers all of them are linear, so each has a transpose. The matrix of ``fft`` is
symmetric, with a real part C and an imaginary part -S, and acts on pairs as ``[[C, S], [-S, C]]``,
whose transpose ``[[C, -S], [S, C]]`` is that of ``ifft``. For the real transforms the frequencies
between 0 and n/2 stand for two each, themselves and their mirror images: ``irfft`` counts them
twice, the transpose of ``rfft`` once, ::

    rfft_transposed(z)[j] = scale * sum_k Re(z[k] * w**(-jk)),         k = 0 ... n//2
    irfft_transposed(x)   = (1, 2, ..., 2, 1 or 2) * rfft(x),          the last: 1 if n is even

Source of the transforms: Cooley and Tukey (1965), "An algorithm for the machine calculation of
complex Fourier series"; of the real ones Sorensen, Jones, Heideman and Burrus (1987), "Real-valued
fast Fourier transform algorithms". The transposes follow from the definitions above.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.ir.builder import dim_of
from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import Type
from gradc.prims.shape import sizes_of
from gradc.prims.trace import zeros_like
from gradc_runtime import fft

_X = np.array([[0.3, -1.1, 2.0], [0.5, 0.7, -0.4], [0.2, 0.9, -1.3], [1.4, -0.6, 0.8]])
_RE, _IM = _X[:3], 0.5 - _X[1:]

_PAIR = ("re", "im")
_SCALE = "the scale of a Fourier transform"
_COST = 20


def _checked(source: Type, params: Params) -> Type:
    if not source.is_float or not 0 <= params["axis"] < source.rank:
        raise TypeError(f"a Fourier transform along axis {params['axis']} of {source}")
    return source


def _resized(source: Type, axis: int, size: Value) -> Type:
    shape = list(source.shape)
    shape[axis] = dim_of(size)
    return source.with_shape(tuple(shape))


def _infer_to_pair(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    made = _resized(_checked(args[0].type, params), params["axis"], args[1])
    return made, made


def _infer_from_pair(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if args[0].type != args[1].type:
        raise TypeError(f"real and imaginary parts of types {args[0].type} and {args[1].type}")
    return (_resized(_checked(args[0].type, params), params["axis"], args[2]),)


def _infer_pairs(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if args[0].type != args[1].type:
        raise TypeError(f"real and imaginary parts of types {args[0].type} and {args[1].type}")
    source = _checked(args[0].type, params)
    return source, source


def _pair(parts: Sequence[Any]) -> tuple[Any, Any]:
    """Both parts of a cotangent of which one may be missing."""
    re, im = parts
    return zeros_like(im) if re is None else re, zeros_like(re) if im is None else im


def _to_pair(name: str, evaluate: Callable[..., Any], back: str) -> Primitive:
    """A transform of real numbers to half of a spectrum: ``(x, number of frequencies, scale)``."""

    def transpose(cts: Sequence[Any], x: Any, m: Any, scale: Any, *, axis: int) -> tuple[Any, ...]:
        return _BY_NAME[back](*_pair(cts), sizes_of(x)[axis], scale, axis=axis), None, None

    points = ((_X, 3, 1.0, 0), (_X, 2, 0.5, 1), (_X[:1], 1, 2.0, 0))
    return Primitive(
        name,
        Kind.LINEAR,
        _infer_to_pair,
        evaluate,
        transpose=transpose,
        linear_in=(0,),
        at=[((x, m, scale), {"axis": axis}) for x, m, scale, axis in points],
        formula=f"{back}(ct, n, scale)",
        cost=_COST,
        results=_PAIR,
        refuses={2: _SCALE},
    )


def _from_pair(name: str, evaluate: Callable[..., Any], back: str) -> Primitive:
    """A transform of half of a spectrum to real numbers: ``(re, im, how many, scale)``."""

    def transpose(ct: Any, re: Any, im: Any, n: Any, scale: Any, *, axis: int) -> tuple[Any, ...]:
        return (*_BY_NAME[back](ct, sizes_of(re)[axis], scale, axis=axis), None, None)

    points = ((_RE, _IM, 4, 0.25, 0), (_RE, _IM, 5, 1.0, 0), (_RE[:, :1], _IM[:, :1], 1, 1.0, 1))
    return Primitive(
        name,
        Kind.LINEAR,
        _infer_from_pair,
        evaluate,
        transpose=transpose,
        linear_in=(0, 1),
        at=[((re, im, n, scale), {"axis": axis}) for re, im, n, scale, axis in points],
        formula=f"{back}(ct, m, scale)",
        cost=_COST,
        refuses={3: _SCALE},
    )


def _of_pairs(name: str, evaluate: Callable[..., Any], back: str) -> Primitive:
    """A transform of complex numbers: ``(re, im, scale)``."""

    def transpose(cts: Sequence[Any], re: Any, im: Any, scale: Any, *, axis: int) -> Any:
        return (*_BY_NAME[back](*_pair(cts), scale, axis=axis), None)

    return Primitive(
        name,
        Kind.LINEAR,
        _infer_pairs,
        evaluate,
        transpose=transpose,
        linear_in=(0, 1),
        at=[((_RE, _IM, 1.0), {"axis": 0}), ((_RE, _IM, 0.25), {"axis": 1})],
        formula=f"{back}(ct, scale)",
        cost=_COST,
        results=_PAIR,
        refuses={2: _SCALE},
    )


RFFT = _to_pair("rfft", fft.rfft, "rfft_transposed")
RFFT_TRANSPOSED = _from_pair("rfft_transposed", fft.rfft_transposed, "rfft")
IRFFT = _from_pair("irfft", fft.irfft, "irfft_transposed")
IRFFT_TRANSPOSED = _to_pair("irfft_transposed", fft.irfft_transposed, "irfft")
FFT = _of_pairs("fft", fft.fft, "ifft")
IFFT = _of_pairs("ifft", fft.ifft, "fft")

RECORDS = (RFFT, RFFT_TRANSPOSED, IRFFT, IRFFT_TRANSPOSED, FFT, IFFT)
_BY_NAME = {record.name: record for record in RECORDS}

"""NumPy's functions of one float at a time that are put together from others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import refuse


def nan_to_num(
    x: Any, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """The gradient passes where `x` is finite."""
    if not copy:
        refuse("np.nan_to_num(copy=False) writes to its argument", "x[...] = np.nan_to_num(x)")
    x = np.asarray(x)
    top = np.finfo(x.dtype).max if posinf is None else posinf
    bottom = np.finfo(x.dtype).min if neginf is None else neginf
    tamed = np.where(x == np.inf, top, np.where(x == -np.inf, bottom, x))
    return np.where(np.isnan(x), nan, tamed)


def heaviside(x1: Any, x2: Any) -> Any:
    """0 or 1: derivative zero; `x2` counts where `x1` is 0."""
    step = np.where(x1 < 0, 0.0, np.where(x1 > 0, 1.0, x1))
    found = np.asarray(np.where(x1 == 0, x2, step))
    return found.astype(np.result_type(x1 * 1.0, x2 * 1.0))


def fmax(x1: Any, x2: Any) -> Any:
    """``np.maximum`` of what is a number; ties share equally."""
    return np.where(np.isnan(x1), x2, np.where(np.isnan(x2), x1, np.maximum(x1, x2)))


def fmin(x1: Any, x2: Any) -> Any:
    """``np.minimum`` of what is a number; ties share equally."""
    return np.where(np.isnan(x1), x2, np.where(np.isnan(x2), x1, np.minimum(x1, x2)))


def frexp(x: Any) -> tuple[Any, Any]:
    """A number between 1/2 and 1, and the power of 2 that it is multiplied by: a constant."""
    x = np.asarray(x)
    usual = np.logical_and(x != 0.0, np.isfinite(x))
    rough = np.floor(np.log2(np.where(usual, np.abs(x), 0.5))).astype(np.int64) + 1
    size = np.abs(np.ldexp(x, -rough))  # the logarithm may have been rounded over an integer
    exponent = rough + np.where(size >= 1.0, 1, 0) - np.where(size < 0.5, 1, 0)
    exponent = np.where(usual, exponent, 0)
    return np.ldexp(x, -exponent), exponent


def signbit(x: Any) -> Any:
    """A boolean."""
    return np.copysign(1.0, x) < 0.0


def isposinf(x: Any) -> Any:
    """A boolean."""
    return np.equal(x, np.inf)


def isneginf(x: Any) -> Any:
    """A boolean."""
    return np.equal(x, -np.inf)


def isreal(x: Any) -> Any:
    """True: numbers are real here."""
    return np.logical_or(np.equal(x, x), np.not_equal(x, x))


def iscomplex(x: Any) -> Any:
    """False: numbers are real here."""
    return np.logical_and(np.equal(x, x), np.not_equal(x, x))


def real(val: Any) -> Any:
    """The same."""
    return np.asarray(val)


def conjugate(x: Any) -> Any:
    """The same values."""
    return np.positive(x)


def imag(val: Any) -> Any:
    """Zeros: numbers are real here."""
    return np.zeros_like(val)


def isclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Any:
    """A boolean."""
    near = np.less_equal(np.abs(a - b), atol + rtol * np.abs(b))
    close = np.logical_or(np.logical_and(np.isfinite(b), near), np.equal(a, b))
    if equal_nan:
        return np.logical_or(close, np.logical_and(np.isnan(a), np.isnan(b)))
    return close


def allclose(a: Any, b: Any, rtol: Any = 1e-05, atol: Any = 1e-08, equal_nan: Any = False) -> Any:
    """A boolean."""
    return bool(np.all(isclose(a, b, rtol, atol, equal_nan)))


def modf(x: Any) -> Any:
    """Fraction (derivative 1) and whole part (derivative 0)."""
    whole = np.trunc(x)
    return np.where(np.isinf(x), np.copysign(0.0, x), x - whole), whole


def divmod_(x1: Any, x2: Any) -> Any:
    """Quotient (derivative 0) and remainder, as ``np.mod``."""
    return np.floor_divide(x1, x2), np.mod(x1, x2)


def float_power(x1: Any, x2: Any) -> Any:
    """``np.power`` in double precision."""
    return np.power(np.float64(1.0) * x1, np.float64(1.0) * x2)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.nan_to_num: nan_to_num,
    np.heaviside: heaviside,
    np.fmax: fmax,
    np.fmin: fmin,
    np.signbit: signbit,
    np.isposinf: isposinf,
    np.isneginf: isneginf,
    np.isreal: isreal,
    np.iscomplex: iscomplex,
    np.real: real,
    np.conjugate: conjugate,
    np.imag: imag,
    np.isclose: isclose,
    np.allclose: allclose,
    np.modf: modf,
    np.frexp: frexp,
    math.frexp: frexp,
    np.divmod: divmod_,
    np.float_power: float_power,
}

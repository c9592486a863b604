"""Special functions of generated programs, and what networks compute of whole rows.

Programs call ``special.gammaln(x)``: every function of one to four real numbers of
:mod:`scipy.special` can be called so, by its name there. SciPy is loaded with the first one that
needs it. What these calls become in compiled programs is in :mod:`gradc_runtime.special_compiled`.
"""

from __future__ import annotations

import functools
import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

_erf = np.vectorize(math.erf, otypes=[float])
_erfc = np.vectorize(math.erfc, otypes=[float])

#: Functions that CUDA has, too, with the name of each in libdevice.
ON_DEVICE = {
    "erf": "erf",
    "erfc": "erfc",
    "erfcinv": "erfcinv",
    "erfcx": "erfcx",
    "erfinv": "erfinv",
    "exp10": "exp10",
    "i0": "cyl_bessel_i0",
    "i1": "cyl_bessel_i1",
    "j0": "j0",
    "j1": "j1",
    "ndtr": "normcdf",
    "ndtri": "normcdfinv",
    "y0": "y0",
    "y1": "y1",
}


def __getattr__(name: str) -> Callable[..., Any]:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return scipy_function(name)


@functools.cache
def scipy_function(name: str) -> Callable[..., Any]:
    """A function of :mod:`scipy.special` that keeps the element type of its operands.

    It computes in double precision, as the compiled function does.

    Raises
    ------
    AttributeError
        Where SciPy has no function of that name.
    """
    function = getattr(importlib.import_module("scipy.special"), name)

    def special(*args: Any) -> Any:
        dtype = np.result_type(*args)
        with np.errstate(all="ignore"):
            result = function(*(np.asarray(arg, float) for arg in args))
        return np.asarray(result).astype(dtype, copy=False)[()]

    special.__name__ = special.__qualname__ = name
    return special


def erf(x: Any) -> Any:
    """The error function of each element, in the element type of `x`."""
    return _like(x, _erf(x))


def erfc(x: Any) -> Any:
    """The complementary error function of each element, in the element type of `x`."""
    return _like(x, _erfc(x))


def _like(x: Any, result: Any) -> Any:
    return np.asarray(result).astype(np.asarray(x).dtype, copy=False)[()]


def softmax(x: Any) -> Any:
    """Softmax over the last axis, shifted so that nothing overflows."""
    weights = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return weights / np.sum(weights, axis=-1, keepdims=True)


def logsumexp(x: Any) -> Any:
    """``log(sum(exp(x)))`` over the last axis, shifted so that nothing overflows.

    A row of nothing but -inf gives -inf, and one with +inf gives inf.
    """
    top = np.max(x, axis=-1, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0).astype(x.dtype)
    return np.log(np.sum(np.exp(x - shift), axis=-1)) + shift[..., 0]

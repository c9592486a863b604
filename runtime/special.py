"""Functions of generated programs that NumPy does not have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_erf = np.vectorize(math.erf, otypes=[float])
_erfc = np.vectorize(math.erfc, otypes=[float])


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

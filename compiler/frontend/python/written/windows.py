"""Windows: constants, but for the parameter of Kaiser's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import Array


def _places(M: Any) -> Array:
    """Places between -1 and 1, as many as there are elements."""
    numbers: Array = np.arange(1 - M, M, 2) / max(M - 1, 1)
    return numbers


def bartlett(M: Any) -> Array:
    """``np.bartlett``: a triangle."""
    return 1.0 - np.abs(_places(M))


def blackman(M: Any) -> Array:
    """``np.blackman``."""
    x = np.pi * _places(M)
    return 0.42 + 0.5 * np.cos(x) + 0.08 * np.cos(2.0 * x)


def hamming(M: Any) -> Array:
    """``np.hamming``."""
    return 0.54 + 0.46 * np.cos(np.pi * _places(M))


def hanning(M: Any) -> Array:
    """``np.hanning``."""
    return 0.5 + 0.5 * np.cos(np.pi * _places(M))


def kaiser(M: Any, beta: Any) -> Array:
    """``np.kaiser``: differentiable in `beta`."""
    x = _places(M) if M > 1 else np.zeros(M)
    return np.i0(beta * np.sqrt(1.0 - x * x)) / np.i0(beta)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.bartlett: bartlett,
    np.blackman: blackman,
    np.hamming: hamming,
    np.hanning: hanning,
    np.kaiser: kaiser,
}

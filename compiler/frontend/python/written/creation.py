"""Arrays that are made of numbers known at run time only."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def float_range(start: Any, stop: Any, step: Any) -> Any:
    """``np.arange`` of floats: differentiable in its start and its step."""
    count = max(math.ceil((stop - start) / step), 0)
    return start + np.arange(count) * step


def shifted_eye(rows: Any, columns: Any, k: Any, dtype: Any) -> Any:
    """``np.eye`` of any shape, with ones on any diagonal."""
    out = np.zeros((rows, columns), dtype)
    for i in range(rows):
        if 0 <= i + k < columns:
            out[i, i + k] = 1
    return out


def logspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True, base: Any = 10.0) -> Any:
    """``np.logspace``: differentiable in the ends and the base."""
    return base ** np.linspace(start, stop, num, endpoint=endpoint)


def geomspace(start: Any, stop: Any, num: Any = 50, endpoint: Any = True) -> Any:
    """``np.geomspace``: differentiable in the ends."""
    return start * (stop / start) ** np.linspace(0.0, 1.0, num, endpoint=endpoint)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.logspace: logspace,
    np.geomspace: geomspace,
}

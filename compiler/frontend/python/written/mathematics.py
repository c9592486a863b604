"""Functions of Python's ``math`` that are put together from others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np


def dist(p: Any, q: Any) -> Any:
    """The Euclidean distance of two points; 0 where they are the same."""
    total = 0.0
    for a, b in zip(p, q, strict=True):
        total = math.hypot(total, a - b)
    return total


def fsum(seq: Any) -> Any:
    """The sum; Python's is rounded once, this one is an ordinary sum of floats."""
    total = 0.0
    for value in seq:
        total += value
    return float(total)


def prod(iterable: Any, start: Any = 1) -> Any:
    """The product, right with zeros."""
    total = start
    for value in iterable:
        total = total * value
    return total


def sumprod(p: Any, q: Any) -> Any:
    """The sum of products."""
    total = 0.0
    for a, b in zip(p, q, strict=True):
        total += a * b
    return total


def math_isclose(a: Any, b: Any, rel_tol: Any = 1e-09, abs_tol: Any = 0.0) -> Any:
    """A boolean."""
    if a == b:
        return True
    if math.isinf(a) or math.isinf(b):
        return False
    return abs(a - b) <= max(rel_tol * max(abs(a), abs(b)), abs_tol)


def math_modf(x: Any) -> Any:
    """Fraction (derivative 1) and whole part (derivative 0)."""
    whole = float(np.trunc(x))
    return (math.copysign(0.0, x) if math.isinf(x) else x - whole), whole


def remainder(x: Any, y: Any) -> Any:
    """The difference to the nearest multiple of `y`; derivative in `y`: minus that number."""
    size, step = abs(x), abs(y)
    rest = math.fmod(size, step)
    other = step - rest
    if rest > other:
        rest = -other
    elif rest == other:  # halfway: to the even multiple
        rest = rest - 2.0 * math.fmod(0.5 * (size - rest), step)
    return math.copysign(1.0, x) * rest


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    math.dist: dist,
    math.fsum: fsum,
    math.prod: prod,
    "math.sumprod": sumprod,  # from Python 3.12 on
    math.isclose: math_isclose,
    math.modf: math_modf,
    math.remainder: remainder,
}

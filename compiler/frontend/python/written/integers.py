"""Functions of integers that are known at run time only; they carry no derivative.

Integers have 64 bits here: a result that has more raises, as an index does that is out of range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import refuse

_LARGEST = 2**63 - 1


def gcd(*integers: Any) -> Any:
    """``math.gcd``: Euclid's algorithm."""
    found = 0
    for number in integers:
        found = _gcd_of_two(found, number)
    return found


def _gcd_of_two(first: Any, second: Any) -> Any:
    a, b = abs(first), abs(second)
    while b != 0:
        a, b = b, a % b
    return a


def lcm(*integers: Any) -> Any:
    """``math.lcm``."""
    found = 1
    for number in integers:
        common = _gcd_of_two(found, number)
        found = 0 if common == 0 else _times(found // common, abs(number))
    return found


def factorial(n: Any) -> Any:
    """``math.factorial``."""
    if n < 0:
        raise ValueError("factorial() not defined for negative values")
    if n > 20:
        raise OverflowError("the result has more than 64 bits")
    found = 1
    for k in range(2, n + 1):
        found *= k
    return found


def perm(n: Any, k: Any = None) -> Any:
    """``math.perm``."""
    if k is None:
        return factorial(n)
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative integers")
    found = 1
    for j in range(k):
        found = _times(found, max(n - j, 0))
    return found


def comb(n: Any, k: Any) -> Any:
    """``math.comb``."""
    if n < 0 or k < 0:
        raise ValueError("n and k must be non-negative integers")
    found = 1 if k <= n else 0
    for j in range(1, min(k, n - k) + 1):
        found = _times(found, n - j + 1) // j
    return found


def isqrt(n: Any) -> Any:
    """``math.isqrt``."""
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    root = int(math.sqrt(n))
    # the root of a float is off by one at most
    while root * root > n:
        root -= 1
    while (root + 1) * (root + 1) <= n:
        root += 1
    return root


def _times(a: Any, b: Any) -> Any:
    """A product of integers that are not negative."""
    if b > 0 and a > _LARGEST // b:
        raise OverflowError("the result has more than 64 bits")
    return a * b


def gcd_of_arrays(x1: Any, x2: Any) -> Any:
    """``np.gcd``, of each pair of integers."""
    return _of_pairs(x1, x2, _gcd_of_two, "np.gcd")


def lcm_of_arrays(x1: Any, x2: Any) -> Any:
    """``np.lcm``, of each pair of integers."""
    return _of_pairs(x1, x2, _common_multiple, "np.lcm")


def _common_multiple(first: Any, second: Any) -> Any:
    common = max(_gcd_of_two(first, second), 1)
    return abs(first) // common * abs(second)


def _of_pairs(x1: Any, x2: Any, function: Any, title: Any) -> Any:
    left, right = np.asarray(x1), np.asarray(x2)
    if np.result_type(left, right) != np.int64:
        refuse(f"{title} takes integers", "convert them: `x.astype(int)`")
    if left.ndim == 0 and right.ndim == 0:
        return function(left, right)
    rows, others = np.broadcast_arrays(left, right)
    one, other = rows.ravel(), others.ravel()
    out = np.empty(len(one), np.int64)
    for k in range(len(one)):
        out[k] = function(one[k], other[k])
    return out.reshape(rows.shape)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {np.gcd: gcd_of_arrays, np.lcm: lcm_of_arrays}
#: By the functions that they are.
OF_INTEGERS: Mapping[Any, Callable[..., Any]] = {
    math.gcd: gcd,
    math.lcm: lcm,
    math.factorial: factorial,
    math.perm: perm,
    math.comb: comb,
    math.isqrt: isqrt,
}

"""Polynomials by their coefficients, and interpolation between points."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev, polynomial

from gradc.frontend.python.written.signals import convolve
from gradc.frontend.python.written.support import Array, is_empty, refuse


def polyval(p: Any, x: Any) -> Any:
    """``np.polyval``: Horner's rule, the coefficient of the highest power first."""
    coefficients = np.atleast_1d(p)
    if np.ndim(x) == 0:
        value = 0.0 * x
    else:
        points = np.asarray(x)
        value = np.zeros(points.shape, np.result_type(points.dtype, coefficients.dtype))
    for k in range(len(coefficients)):
        value = value * x + coefficients[k]
    return value


def _both(a1: Any, a2: Any) -> tuple[Array, Array]:
    """Two polynomials with as many coefficients each; zeros come in front."""
    first, second = np.atleast_1d(a1), np.atleast_1d(a2)
    size = max(len(first), len(second))
    kind = np.result_type(first.dtype, second.dtype)
    left, right = np.zeros(size, kind), np.zeros(size, kind)
    left[size - len(first) :] = first
    right[size - len(second) :] = second
    return left, right


def polyadd(a1: Any, a2: Any) -> Array:
    """``np.polyadd``."""
    left, right = _both(a1, a2)
    return left + right


def polysub(a1: Any, a2: Any) -> Array:
    """``np.polysub``."""
    left, right = _both(a1, a2)
    return left - right


def polymul(a1: Any, a2: Any) -> Array:
    """``np.polymul``."""
    return convolve(a1, a2)


def polyder(p: Any, m: Any = 1) -> Array:
    """``np.polyder``."""
    coefficients = np.atleast_1d(p)
    for _ in (None,) * m:
        powers = np.arange(len(coefficients) - 1, 0, -1)
        coefficients = coefficients[:-1] * powers
    return coefficients


def polyint(p: Any, m: Any = 1, k: Any = None) -> Array:
    """``np.polyint``: `k` holds the constants of integration."""
    coefficients = np.atleast_1d(p)
    for number, _ in enumerate((None,) * m):
        powers = np.arange(len(coefficients), 0, -1)
        constant = 0.0 if k is None else k if np.ndim(k) == 0 else k[number]
        coefficients = np.append(coefficients / powers, constant)
    return coefficients


def polyfit(
    x: Any, y: Any, deg: Any, rcond: Any = None, full: Any = False, w: Any = None, cov: Any = False
) -> Any:
    """``np.polyfit``: the coefficients; differentiable in `x`, `y` and `w`."""
    if full or cov:
        return refuse(
            "np.polyfit gives the coefficients only", "np.linalg.lstsq of np.vander has the others"
        )
    points, values = np.asarray(x) + 0.0, np.asarray(y) + 0.0
    columns = np.vander(points, deg + 1)
    if w is not None:
        weights = np.asarray(w)
        columns = columns * weights[:, None]
        values = values * weights if values.ndim == 1 else values * weights[:, None]
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    cut = len(points) * np.finfo(np.float64).eps if rcond is None else rcond
    found = np.linalg.lstsq(columns / scale, values, cut)[0]
    return found / scale if values.ndim == 1 else found / scale[:, None]


# -- coefficients of the lowest power first ------------------------------------------------------


def polyval_rising(x: Any, c: Any, tensor: Any = True) -> Any:
    """``numpy.polynomial.polynomial.polyval`` of one polynomial."""
    coefficients = _one_polynomial(c)
    value = 0.0 * x if np.ndim(x) == 0 else np.zeros_like(x)
    for k in range(len(coefficients) - 1, -1, -1):
        value = value * x + coefficients[k]
    return value


def chebval(x: Any, c: Any, tensor: Any = True) -> Any:
    """``numpy.polynomial.chebyshev.chebval`` of one series: Clenshaw's recurrence."""
    coefficients = _one_polynomial(c)
    after = 0.0 * x if np.ndim(x) == 0 else np.zeros_like(x)
    value = after
    for k in range(len(coefficients) - 1, 0, -1):
        value, after = 2.0 * x * value - after + coefficients[k], value
    return x * value - after + coefficients[0]


def _one_polynomial(c: Any) -> Array:
    coefficients = np.atleast_1d(c)
    if coefficients.ndim != 1:
        refuse("several polynomials at once are not supported", "loop over them")
    return coefficients


# -- between points --------------------------------------------------------------------------------


def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """``np.interp``: differentiable in the place, the points and the values.

    At a point the slope to its right counts; beyond the ends the value is constant.
    """
    points, values = np.asarray(xp) * 1.0, np.asarray(fp) * 1.0
    low = values[0] if left is None else left
    high = values[-1] if right is None else right
    if period is not None:
        return _periodic(x, points, values, abs(period))
    if np.ndim(x) == 0:
        return _between(x, points, values, low, high)
    places = np.asarray(x)
    flat = places.ravel()
    out = np.empty(len(flat))
    for k in range(len(flat)):
        out[k] = _between(flat[k], points, values, low, high)
    return out.reshape(places.shape)


def _periodic(x: Any, points: Array, values: Array, period: Any) -> Any:
    inside = points % period
    order = np.argsort(inside)
    inside, values = inside[order], values[order]
    points = np.concatenate([inside[-1:] - period, inside, inside[:1] + period])
    values = np.concatenate([values[-1:], values, values[:1]])
    place = x % period if np.ndim(x) == 0 else np.asarray(x) % period
    return interp(place, points, values)


def _between(x: Any, points: Array, values: Array, left: Any, right: Any) -> Any:
    """The value at one place, by bisection."""
    if x < points[0]:
        return left * 1.0
    if x > points[-1]:
        return right * 1.0
    low = 0
    high = len(points) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if points[middle] <= x:
            low = middle
        else:
            high = middle
    if x >= points[high]:
        return values[high]
    slope = (values[high] - values[low]) / (points[high] - points[low])
    return values[low] + slope * (x - points[low])


def poly(seq_of_zeros: Any) -> Any:
    """``np.poly``: the polynomial with these zeros; that of a matrix needs complex eigenvalues."""
    zeros = np.atleast_1d(seq_of_zeros)
    if zeros.ndim != 1:
        refuse("np.poly of a matrix is not supported", "np.poly(np.linalg.eigvalsh(A))")
    if is_empty(zeros):
        return 1.0
    made = np.zeros(len(zeros) + 1)
    made[0] = 1.0
    for k in range(len(zeros)):
        for j in range(k + 1, 0, -1):
            made[j] -= zeros[k] * made[j - 1]
    return made


def polydiv(u: Any, v: Any) -> tuple[Array, Array]:
    """``np.polydiv``: the quotient and the remainder, without leading zeros."""
    rest, by = np.atleast_1d(u) + 0.0, np.atleast_1d(v) + 0.0
    rest = rest.copy()
    steps = len(rest) - len(by) + 1
    quotient = np.zeros(max(steps, 1))
    for k in range(steps):
        factor = rest[k] / by[0]
        quotient[k] = factor
        for j in range(len(by)):
            rest[k + j] -= factor * by[j]
    start = 0
    while start < len(rest) - 1 and np.abs(rest[start]) <= 1e-8:
        start += 1
    return quotient, rest[start:]


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    np.polyval: polyval,
    np.polyfit: polyfit,
    np.polyadd: polyadd,
    np.polysub: polysub,
    np.polymul: polymul,
    np.polydiv: polydiv,
    np.poly: poly,
    np.polyder: polyder,
    np.polyint: polyint,
    polynomial.polyval: polyval_rising,
    chebyshev.chebval: chebval,
    np.interp: interp,
}

"""Functions of ``scipy.special`` and ``scipy.stats.norm`` that are put together from others."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradc.frontend.python.written.support import held
from gradc_runtime import special

_LOG_TWO_PI = math.log(2.0 * math.pi)


def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``; derivative: the logistic function."""
    return np.logaddexp(0.0, x)


def multigammaln(a: Any, d: Any) -> Any:
    """The logarithm of the multivariate gamma function, for a constant `d`."""
    total = 0.25 * d * (d - 1) * math.log(math.pi)
    for j in range(d):
        total = total + special.gammaln(a - 0.5 * j)
    return total


def weighted_logsumexp(a: Any, b: Any, axis: Any, keepdims: Any) -> Any:
    """``special.logsumexp`` with factors `b`, which may be negative; the sum must not be."""
    x, factors = np.asarray(a), np.asarray(b)
    x, factors = x + np.zeros(factors.shape), factors + np.zeros(x.shape)
    x = np.where(factors == 0, -np.inf, x)
    # any number will do as long as nothing overflows: it is a constant
    largest = held(np.max(x, axis=axis, keepdims=True))
    largest = np.where(np.isfinite(largest), largest, 0.0)
    total = np.sum(factors * np.exp(x - largest), axis=axis, keepdims=True)
    found = np.log(total) + largest
    return found if keepdims else np.squeeze(found, axis=axis)


def norm_logpdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Of the normal distribution."""
    z = (x - loc) / scale
    return -0.5 * (z * z) - 0.5 * _LOG_TWO_PI - np.log(scale)


def norm_pdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Of the normal distribution."""
    z = (x - loc) / scale
    return np.exp(-0.5 * (z * z)) / (math.sqrt(2.0 * math.pi) * scale)


def norm_cdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Of the normal distribution."""
    return special.ndtr((x - loc) / scale)


def norm_logcdf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Of the normal distribution."""
    return special.log_ndtr((x - loc) / scale)


def norm_sf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Of the normal distribution."""
    return special.ndtr((loc - x) / scale)


def norm_logsf(x: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Of the normal distribution."""
    return special.log_ndtr((loc - x) / scale)


def norm_ppf(q: Any, loc: Any = 0.0, scale: Any = 1.0) -> Any:
    """Of the normal distribution."""
    return loc + scale * special.ndtri(q)


FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    "scipy.special.softplus": softplus,
    "scipy.special.multigammaln": multigammaln,
    "scipy.stats.norm.logpdf": norm_logpdf,
    "scipy.stats.norm.pdf": norm_pdf,
    "scipy.stats.norm.cdf": norm_cdf,
    "scipy.stats.norm.logcdf": norm_logcdf,
    "scipy.stats.norm.sf": norm_sf,
    "scipy.stats.norm.logsf": norm_logsf,
    "scipy.stats.norm.ppf": norm_ppf,
}

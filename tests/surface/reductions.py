"""Sums, means, extrema and what else takes axes away; running sums and differences."""

from typing import Any

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])
SOLID = np.sin(np.arange(24.0) * 1.7).reshape(2, 3, 4)
GAPS = np.array([[0.4, np.nan, 0.9], [1.1, 0.2, -1.7]])
MASK = np.array([[True, False, True], [True, True, False]])
WEIGHTS = np.array([1.0, 2.0, 0.5])
POINTS = np.array([0.0, 1.0, 3.0, 3.5])
LABELS = np.array([0, 2, 2, 3])

surface("numpy.sum", lambda x: np.sum(x, axis=0), MATRIX)
surface("numpy.sum", lambda x: np.sum(x, axis=(0, -1)), SOLID)
surface("numpy.sum", lambda x: np.sum(x, axis=1, initial=2.0), MATRIX)
surface("numpy.sum", lambda x, where: np.sum(x, axis=0, where=where), MATRIX, MASK)
surface("numpy.sum", lambda x: np.sum(x), 1.5)
surface("numpy.sum", lambda x: np.sum(x, axis=()), MATRIX)
surface("numpy.sum", lambda x: np.sum(x, dtype=np.float32), MATRIX, smooth=False)
surface("numpy.ndarray.sum", lambda x: x.sum(axis=1, keepdims=True), MATRIX)
surface("numpy.ndarray.sum", lambda x: x.sum(-1), SOLID[:, :, :0])
surface("numpy.prod", lambda x: np.prod(x), np.array([0.4, 0.0, 1.7]))
surface("numpy.prod", lambda x: np.prod(x), np.array([0.4, 0.0, 1.7, 0.0]))
surface("numpy.prod", lambda x: np.prod(x, axis=(0, 2)), SOLID)
surface("numpy.prod", lambda x: np.prod(x, axis=1, keepdims=True), MATRIX)
surface("numpy.prod", lambda x, where: np.prod(x, axis=0, where=where), MATRIX, MASK)
surface("numpy.prod", lambda x: np.prod(x, axis=0, initial=3.0), MATRIX)
surface("numpy.ndarray.prod", lambda x: x.prod(axis=-1), MATRIX)
surface("numpy.mean", lambda x: np.mean(x), MATRIX)
surface("numpy.mean", lambda x: np.mean(x, axis=(1, 2)), SOLID)
surface("numpy.mean", lambda x, where: np.mean(x, axis=0, where=where), MATRIX, MASK)
surface("numpy.ndarray.mean", lambda x: x.mean(axis=1, keepdims=True), MATRIX)
surface("numpy.average", lambda x: np.average(x, axis=0), MATRIX)
surface("numpy.average", lambda x, w: np.average(x, axis=1, weights=w), MATRIX, WEIGHTS)
surface("numpy.average", lambda x, w: np.average(x, weights=w), MATRIX, MATRIX**2)
surface("numpy.average", lambda x, w: np.average(x, 1, w, True), MATRIX, WEIGHTS, peers=False)
surface("numpy.average", lambda x, w: np.average(x, (2, 0), w), SOLID, SOLID[:, 0, :].T + 3)
surface("numpy.var", lambda x: np.var(x, axis=1, ddof=1), SOLID)
surface("numpy.var", lambda x: np.var(x, axis=1, correction=1), MATRIX)
surface("numpy.var", lambda x, where: np.var(x, where=where), MATRIX, MASK)
surface("numpy.var", lambda x: np.var(x, axis=0, mean=x[:1]), MATRIX, peers=False)
surface("numpy.ndarray.var", lambda x: x.var(ddof=0.5), MATRIX)
surface("numpy.std", lambda x: np.std(x, axis=(0, 2), keepdims=True), SOLID)
surface("numpy.std", lambda x, where: np.std(x, axis=1, where=where, ddof=1), MATRIX, MASK)
surface("numpy.ndarray.std", lambda x: x.std(0), MATRIX)
surface("numpy.max", lambda x: np.max(x, axis=(0, 1)), SOLID)
surface("numpy.max", lambda x: np.max(x, axis=1, initial=0.5), MATRIX)
surface("numpy.max", lambda x, m: np.max(x, 0, initial=-5.0, where=m), MATRIX, MASK)
surface("numpy.max", lambda x: np.max(x, 0, initial=0.5), MATRIX[:0])
surface("numpy.max", lambda x: np.max(x, axis=-1), 0.7)
surface("numpy.amax", lambda x: np.amax(x, axis=-1, keepdims=True), MATRIX)
surface("numpy.ndarray.max", lambda x: x.max(axis=1), MATRIX)
surface("numpy.min", lambda x: np.min(x), MATRIX)
surface("numpy.amin", lambda x: np.amin(x, axis=0), MATRIX)
surface("numpy.ndarray.min", lambda x: x.min(axis=1, keepdims=True), MATRIX)
surface("numpy.ptp", lambda x: np.ptp(x, axis=1, keepdims=True), MATRIX)
surface("numpy.argmax", lambda x: np.argmax(x), VECTOR, smooth=False)
surface("numpy.argmax", lambda x: np.argmax(x, axis=1, keepdims=True), MATRIX, smooth=False)
surface("numpy.ndarray.argmax", lambda x: x.argmax(0), MATRIX, smooth=False)
surface("numpy.argmin", lambda x: np.argmin(x, axis=-1), SOLID, smooth=False)
surface("numpy.ndarray.argmin", lambda x: x.argmin(), MATRIX, smooth=False)
surface("numpy.any", lambda m: np.any(m, axis=(0, 1), keepdims=True), MASK)
surface("numpy.any", lambda m: np.any(m, axis=0, where=m), MASK)
surface("numpy.ndarray.any", lambda x: x.any(axis=1), MATRIX, smooth=False)
surface("numpy.all", lambda m: np.all(m, axis=0), MASK)
surface("numpy.ndarray.all", lambda m: m.all(), MASK)
surface("numpy.count_nonzero", lambda m: np.count_nonzero(m, axis=1, keepdims=True), MASK)
surface("numpy.median", lambda x: np.median(x), VECTOR)
surface("numpy.median", lambda x: np.median(x, axis=1), MATRIX)
surface("numpy.median", lambda x: np.median(x, axis=(0, -1), keepdims=True), SOLID)
surface("numpy.percentile", lambda x: np.percentile(x, 30.0, axis=0), SOLID)
surface("numpy.percentile", lambda x: np.percentile(x, [30.0, 70], (0, 1), keepdims=True), SOLID)
surface("numpy.quantile", lambda x, q: np.quantile(x, q), VECTOR, 0.37)
surface("numpy.quantile", lambda x, q: np.quantile(x, q), VECTOR, np.array([0.37, 0.9]))
surface("numpy.quantile", lambda x: np.quantile(x, [[0.1, 1.0], [0.0, 0.5]], axis=1), MATRIX)


def quantiles(method: str) -> None:
    surface("numpy.quantile", lambda x: np.quantile(x, [0.4, 0.93], method=method), VECTOR)


for _method in (
    "lower",
    "higher",
    "nearest",
    "midpoint",
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "median_unbiased",
    "normal_unbiased",
):
    quantiles(_method)

# -- leaving out what is not a number ----------------------------------------------------------

surface("numpy.nansum", lambda x: np.nansum(x, axis=1), GAPS)
surface("numpy.nanprod", lambda x: np.nanprod(x, axis=0, keepdims=True), GAPS)
surface("numpy.nanmean", lambda x: np.nanmean(x, axis=0), GAPS)
surface("numpy.nanvar", lambda x: np.nanvar(x, axis=1, ddof=1), GAPS)
surface("numpy.nanstd", lambda x: np.nanstd(x), GAPS)
surface("numpy.nanmax", lambda x: np.nanmax(x, axis=1, keepdims=True), GAPS)
surface("numpy.nanmin", lambda x: np.nanmin(x), GAPS)
surface("numpy.nanargmax", lambda x: np.nanargmax(x, axis=1), GAPS, smooth=False)
surface("numpy.nanargmin", lambda x: np.nanargmin(x), GAPS, smooth=False)
surface("numpy.nanmax", lambda k: np.nanmax(k), LABELS)
surface("numpy.nanmax", lambda m: np.nanmax(m, axis=1), MASK)
surface("numpy.nanmax", lambda m: np.nanmax(m, axis=0, initial=False), MASK)
surface("numpy.nanmin", lambda k: np.nanmin(k, axis=0, keepdims=True, initial=2), LABELS)
surface("numpy.nanmin", lambda x: np.nanmin(x, axis=-1, initial=0.5), MATRIX[:, :0])
surface("numpy.nanargmax", lambda k: np.nanargmax(k, axis=0), LABELS)
surface("numpy.nanargmin", lambda k: np.nanargmin(k), LABELS)
surface("numpy.nanargmin", lambda m: np.nanargmin(m, axis=1, keepdims=True), MASK)
surface("numpy.nanmedian", lambda x: np.nanmedian(x, axis=1), GAPS)
surface("numpy.nanmedian", lambda x: np.nanmedian(x, axis=(0, 1), keepdims=True), GAPS)
surface("numpy.nanquantile", lambda x: np.nanquantile(x, 0.3, axis=1), GAPS)
surface("numpy.nanpercentile", lambda x: np.nanpercentile(x, [30, 60.0], axis=0), GAPS)
surface("numpy.nancumsum", lambda x: np.nancumsum(x, axis=1), GAPS)
surface("numpy.nancumprod", lambda x: np.nancumprod(x), GAPS)

# -- running sums and differences --------------------------------------------------------------

surface("numpy.cumsum", lambda x: np.cumsum(x), VECTOR)
surface("numpy.cumsum", lambda x: np.cumsum(x, axis=-2), SOLID)
surface("numpy.ndarray.cumsum", lambda x: x.cumsum(1), MATRIX)
surface("numpy.cumprod", lambda x: np.cumprod(x), np.array([0.4, 0.0, 1.7, 0.0, 2.0]))
surface("numpy.cumprod", lambda x: np.cumprod(x, axis=-2), SOLID)
surface("numpy.ndarray.cumprod", lambda x: x.cumprod(axis=0), MATRIX)
surface("numpy.cumulative_sum", lambda x: np.cumulative_sum(x), VECTOR)
surface(
    "numpy.cumulative_sum", lambda x: np.cumulative_sum(x, axis=1, include_initial=True), MATRIX
)
surface("numpy.cumulative_prod", lambda x: np.cumulative_prod(x, axis=0), MATRIX)
surface("numpy.cumulative_prod", lambda x: np.cumulative_prod(x, include_initial=True), VECTOR)
surface("numpy.diff", lambda x: np.diff(x, n=2, axis=0, prepend=1.0, append=x[:1]), MATRIX)
surface("numpy.diff", lambda x: np.diff(x), MATRIX)
surface("numpy.diff", lambda x: np.diff(x, 0), VECTOR)
surface("numpy.ediff1d", lambda x: np.ediff1d(x), VECTOR)
surface("numpy.ediff1d", lambda x: np.ediff1d(x, to_begin=x[0, 0], to_end=[1.0, 2.0]), MATRIX)
surface("numpy.gradient", lambda x: np.gradient(x, 0.5), VECTOR)
surface("numpy.gradient", lambda x, t: np.gradient(x, t), VECTOR, POINTS)
surface("numpy.gradient", lambda x, t: np.gradient(x, t, edge_order=2), VECTOR, POINTS)
surface("numpy.gradient", lambda x: np.gradient(x, 2.0, edge_order=2), VECTOR, peers=False)
surface("numpy.gradient", lambda x: np.gradient(x), MATRIX, peers=False)
surface("numpy.gradient", lambda x: np.gradient(x, 0.5, 1.5, axis=(0, 2)), SOLID, peers=False)
surface("numpy.gradient", lambda x: np.gradient(x, axis=1), SOLID)
surface("numpy.trapezoid", lambda x: np.trapezoid(x), VECTOR)
surface("numpy.trapezoid", lambda x: np.trapezoid(x, axis=1, dx=0.5), SOLID)
surface("numpy.trapezoid", lambda x, t: np.trapezoid(x, t, axis=1), MATRIX, POINTS[:3])
surface("numpy.trapezoid", lambda x, t: np.trapezoid(x, t), MATRIX, np.cumsum(MATRIX**2, axis=1))


def convolutions(mode: str) -> None:
    surface("numpy.convolve", lambda a, v: np.convolve(a, v, mode), VECTOR, WEIGHTS)
    surface("numpy.convolve", lambda a, v: np.convolve(v, a, mode=mode), VECTOR, WEIGHTS[:2])
    surface("numpy.correlate", lambda a, v: np.correlate(a, v, mode), VECTOR, WEIGHTS)
    surface("numpy.correlate", lambda a, v: np.correlate(v, a, mode=mode), VECTOR, WEIGHTS[:2])


for _mode in ("full", "same", "valid"):
    convolutions(_mode)


def windows(*args: Any, axis: Any = None) -> None:
    name = "numpy.lib.stride_tricks.sliding_window_view"
    view = np.lib.stride_tricks.sliding_window_view
    surface(name, lambda x: view(x, *args, axis=axis), MATRIX, peers=False)


windows(2, axis=-1)
windows((2, 2))
windows((2, 1), axis=(1, 0))
windows((2, 2), axis=(1, 1))

# -- counts --------------------------------------------------------------------------------------

surface(
    "numpy.histogram", lambda x: np.histogram(x, bins=3, range=(-1.0, 3.0)), VECTOR, smooth=False
)
surface("numpy.histogram", lambda x: np.histogram(x, [-1.0, 0.5, 3.0])[0], VECTOR, smooth=False)
surface("numpy.histogram", lambda x: np.histogram(x, 4), MATRIX, smooth=False)
surface(
    "numpy.histogram",
    lambda x, w: np.histogram(x, 3, (-1.0, 3.0), density=True, weights=w)[0],
    VECTOR,
    VECTOR**2,
)
surface("numpy.histogram_bin_edges", lambda x: np.histogram_bin_edges(x, 3), VECTOR)
surface("numpy.bincount", lambda labels: np.bincount(labels), LABELS)
surface("numpy.bincount", lambda w, k: np.bincount(k, weights=w, minlength=6), VECTOR, LABELS)

# -- several variables ---------------------------------------------------------------------------

surface("numpy.cov", lambda x: np.cov(x), SOLID[0])
surface("numpy.cov", lambda x, y: np.cov(x, y, rowvar=False, ddof=0), SOLID[0].T, VECTOR[:, None])
surface("numpy.cov", lambda x: np.cov(x), VECTOR)
surface("numpy.corrcoef", lambda x, y: np.corrcoef(x, y), VECTOR, POINTS)
surface("numpy.apply_along_axis", lambda x: np.apply_along_axis(np.max, 1, x), SOLID)
surface("numpy.apply_along_axis", lambda x: np.apply_along_axis(np.cumsum, 0, x), SOLID)
surface("numpy.isin", lambda k: np.isin(k, [2, 5], invert=True), LABELS)
surface("numpy.gcd", lambda k: np.gcd(k[:, None], [12, -18, 0]), 6 * LABELS)
surface("numpy.gcd", lambda k: np.gcd(k[0], 8), 6 * LABELS)
surface("numpy.lcm", lambda k: np.lcm(k, [4, -6, 0, 1]), LABELS)
surface("numpy.unwrap", lambda x: np.unwrap(x * 9.0), VECTOR)
surface("numpy.unwrap", lambda x: np.unwrap(x * 5.0, axis=0, period=2.5), MATRIX)

COUNTS = np.array([1, 3, 2, 1])
WEIGHTS = np.array([0.4, 1.1, 0.7, 0.2])
surface("numpy.cov", lambda x, w: np.cov(x, aweights=w), SOLID[0], WEIGHTS)
surface("numpy.cov", lambda x: np.cov(x, fweights=COUNTS, ddof=0), SOLID[0])
surface("numpy.cov", lambda x, w: np.cov(x, fweights=COUNTS, aweights=w), SOLID[0], WEIGHTS)
for _level in (0.0, 0.3, 0.62, 1.0):
    surface(
        "numpy.quantile",
        lambda x, q=_level: np.quantile(x, q, method="inverted_cdf", weights=WEIGHTS),
        VECTOR,
    )
surface(
    "numpy.percentile",
    lambda x: np.percentile(x, [20, 75], axis=1, method="inverted_cdf", weights=WEIGHTS),
    SOLID[0],
)

"""Special functions that no record names: over axes, and put together from others."""

import numpy as np
from scipy import special, stats

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, 1.3, 2.9])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.6, 2.2, -1.7]])
LOW = np.array([-np.inf, -np.inf])

surface("scipy.special.polygamma", lambda x: special.polygamma(2, x), VECTOR)
surface("scipy.special.polygamma", lambda x: special.polygamma(0, x), VECTOR)
surface("scipy.special.yn", lambda x: special.yn(2, x), VECTOR, peers=False)
surface("scipy.special.kn", lambda x: special.kn(2, x), VECTOR, peers=False)
surface("scipy.special.multigammaln", lambda x: special.multigammaln(x, 3), 5.5)
surface("scipy.special.softmax", lambda x: special.softmax(x), MATRIX, peers=False)
surface("scipy.special.softmax", lambda x: special.softmax(x, axis=0), MATRIX, peers=False)
surface("scipy.special.log_softmax", lambda x: special.log_softmax(x), MATRIX, peers=False)
surface("scipy.special.log_softmax", lambda x: special.log_softmax(x, axis=0), MATRIX, peers=False)
surface("scipy.special.logsumexp", lambda x: special.logsumexp(x), MATRIX)
surface("scipy.special.logsumexp", lambda x: special.logsumexp(x, axis=0, keepdims=True), MATRIX)
surface("scipy.special.logsumexp", lambda x: special.logsumexp(x), LOW, smooth=False)
if hasattr(special, "softplus"):
    surface("scipy.special.softplus", lambda x: special.softplus(x), MATRIX, peers=False)
surface("scipy.stats.norm.pdf", lambda x, m, s: stats.norm.pdf(x, m, s), VECTOR, 0.7, 2.1)
surface("scipy.stats.norm.logpdf", lambda x, m, s: stats.norm.logpdf(x, m, s), VECTOR, 0.7, 2.1)
surface("scipy.stats.norm.cdf", lambda x: stats.norm.cdf(x, loc=0.7), VECTOR)
surface("scipy.stats.norm.logcdf", lambda x: stats.norm.logcdf(x), VECTOR)
surface("scipy.stats.norm.sf", lambda x: stats.norm.sf(x), VECTOR)
surface("scipy.stats.norm.logsf", lambda x: stats.norm.logsf(x), VECTOR)
surface("scipy.stats.norm.ppf", lambda x: stats.norm.ppf(x / 4.0, 0.7, 2.1), VECTOR)
surface(
    "scipy.special.logsumexp",
    lambda x, b: special.logsumexp(x, axis=(0, 1), b=b),
    MATRIX,
    np.array([0.4, 0.0, 2.0]) + 0.1,
)
surface(
    "scipy.special.logsumexp",
    lambda x: special.logsumexp(x, axis=1, b=[2.0, -0.1, 1.0], keepdims=True),
    MATRIX,
)
surface("scipy.special.logsumexp", lambda x: special.logsumexp(x, axis=(1, 0)), MATRIX)
surface("scipy.special.softmax", lambda x: special.softmax(x, axis=(0, 1)), MATRIX, peers=False)

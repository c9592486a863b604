"""Sums, means, extrema and what else takes axes away; running sums and differences."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])

surface("numpy.sum", lambda x: np.sum(x, axis=0), MATRIX)
surface("numpy.ndarray.sum", lambda x: x.sum(axis=1, keepdims=True), MATRIX)
surface("numpy.mean", lambda x: np.mean(x), MATRIX)
surface("numpy.cumsum", lambda x: np.cumsum(x), VECTOR)
surface("numpy.argmax", lambda x: np.argmax(x), VECTOR, smooth=False)

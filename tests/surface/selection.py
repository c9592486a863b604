"""Taking elements: sorting, searching, indexing by arrays, conditions, interpolation."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])

surface("numpy.take", lambda x: np.take(x, np.array([2, 0, 2])), VECTOR)
surface("numpy.sort", lambda x: np.sort(x), VECTOR)

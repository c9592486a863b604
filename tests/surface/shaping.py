"""Other shapes of the same elements: reshapes, joins, splits, tiles, pads."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])

surface("numpy.reshape", lambda x: np.reshape(x, (3, 2)), MATRIX)
surface("numpy.concatenate", lambda x, y: np.concatenate((x, y[0])), VECTOR, MATRIX)

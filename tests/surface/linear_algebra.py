"""Products, decompositions, solves, norms."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])

surface("numpy.dot", lambda x, y: np.dot(x, y), MATRIX, VECTOR[:3])
surface("numpy.linalg.norm", lambda x: np.linalg.norm(x), VECTOR)

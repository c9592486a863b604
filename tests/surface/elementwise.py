"""Functions of one element at a time."""

import math

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9])

surface("math.exp", lambda x: math.exp(x), 0.4)
surface("numpy.exp", lambda x: np.exp(x), VECTOR)

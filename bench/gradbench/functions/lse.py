"""The logarithm of a sum of exponentials, shifted by the maximum so that nothing overflows."""

import math

import numpy as np


def primal(x):
    largest = x[0]
    for i in range(1, len(x)):
        largest = max(largest, x[i])
    total = 0.0
    for i in range(len(x)):
        total += math.exp(x[i] - largest)
    return math.log(total) + largest


def primal_arrays(x):
    largest = np.max(x)
    return np.log(np.sum(np.exp(x - largest))) + largest

"""Promotion of NumPy scalars and Python numbers (NEP 50)."""

import math

import numpy as np

from tests.zoo.case import Group

zoo = Group("numpy_scalars")

F = np.array([0.5, 1.5], dtype=np.float32)
D = np.array([0.5, 1.5])


@zoo(np.float32(1.5))
def float32_scalar(x):
    return x * 2.0 + 1


@zoo(np.float32(1.5), np.float64(2.0))
def mixed_scalars(x, y):
    return x * y


@zoo(F, 3)
def integer_and_float32(x, n):
    return x * n + n


@zoo(F)
def element_is_strong(x):
    return x * x[0] + np.float64(2.0) * x[1]


@zoo(F)
def math_function_gives_python_float(x):
    return x * math.sin(x[0])


@zoo(F)
def numpy_function_keeps_float32(x):
    return np.sin(x[0]) * x


@zoo(F, D)
def conversions(x, y):
    return float(x[0]) * x, x.astype(np.float64) * y, np.float32(y[0]) * x


@zoo(F, np.array([1, 2]))
def integer_array_and_float32(x, k):
    return x * k


@zoo(D, np.array([7, -7]))
def integer_arithmetic(x, k):
    return x * (k // 2) + k % 3 + k / 4


@zoo(D, np.array([True, False]))
def boolean_array(x, mask):
    return x * mask + mask.sum()


@zoo(F)
def loop_keeps_float32(x):
    s = 0.0
    for i in range(2):
        s += x[i] * 0.5
    return s


@zoo(F)
def branch_keeps_float32(x):
    y = x[0] * 2 if x[1] > 0 else 1.0
    return y * x

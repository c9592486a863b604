"""``grad`` used inside a function that is differentiated: every derivative sees the others."""

from functools import partial

import numpy as np

import gradc
from tests.zoo.case import Group

zoo = Group("nested")
# uncompiled where Python itself runs these functions: each call makes new ones
grad = partial(gradc.grad, target="python")
value_and_grad = partial(gradc.value_and_grad, target="python")

A = np.array([[2.0, 1.0], [1.0, 3.0]])

cube_slope = grad(lambda x: x**3)


@zoo(2.0, 3.0)
def slope_with_outside(x, y):
    return grad(lambda z: z * z * y)(x) * x


@zoo(1.0)
def perturbation_confusion(x):
    # Siskind and Pearlmutter (2005): the derivative is 1, not 2
    return x * grad(lambda y: x + y)(1.0)


@zoo(5.0)
def grad_in_grad(x):
    return grad(lambda y: y * grad(lambda z: z * y * x)(2.0))(3.0)


@zoo(2.0)
def derivative_made_outside(x):
    return cube_slope(x) * x


@zoo(np.array([1.0, 2.0]))
def descent(x):
    for _ in range(3):
        x = x - 0.1 * grad(lambda u: 0.5 * u @ A @ u + np.sum(np.sin(u)))(x)
    return np.sum(x * x)


@zoo(0.3)
def several_arguments(x):
    value, slopes = value_and_grad(lambda u, w: u * np.exp(w), argnums=(0, 1))(x, 2.0 * x)
    return value + slopes[0] * slopes[1]


@zoo(0.7, 5)
def loop_inside(x, n):
    def inner(y):
        s = 0.0
        for _ in range(n):
            s = s * y + x
        return s

    return grad(inner)(0.5 * x)


@zoo(np.array([0.3, -0.8, 1.1]))
def branch_around(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 0:
            total += grad(lambda z: np.sin(z) * z)(x[i])
    return total

"""Runge-Kutta steps of ``y[0]' = x[0]`` and ``y[i]' = x[i] * y[i - 1]``, from zero to time 2."""

import numpy as np


def derivative(x, y, z):
    z[0] = x[0]
    for i in range(1, len(x)):
        z[i] = x[i] * y[i - 1]


def primal(x, steps):
    n = len(x)
    h = 2.0 / steps
    y = np.zeros(n)
    between = np.zeros(n)
    k1 = np.zeros(n)
    k2 = np.zeros(n)
    k3 = np.zeros(n)
    k4 = np.zeros(n)
    for _ in range(steps):
        derivative(x, y, k1)
        for i in range(n):
            between[i] = y[i] + h * k1[i] / 2.0
        derivative(x, between, k2)
        for i in range(n):
            between[i] = y[i] + h * k2[i] / 2.0
        derivative(x, between, k3)
        for i in range(n):
            between[i] = y[i] + h * k3[i]
        derivative(x, between, k4)
        for i in range(n):
            y[i] += h * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]) / 6.0
    return y


def last(x, steps):
    return primal(x, steps)[-1]

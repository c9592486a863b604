"""Steps of a solver: loops over one array after the other, with arrays made once for all steps."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("steps")

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])


def _slope(x, y, z):
    z[0] = x[0]
    for i in range(1, len(x)):
        z[i] = x[i] * y[i - 1]


@zoo(V[:1].copy(), 2)
@zoo(V, 0)
@zoo(V, 3)
def runge_kutta_of_a_chain(x, steps):
    n = len(x)
    h = 1.0 / (steps + 1)
    y, between, k1, k2 = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n)
    for _ in range(steps):
        _slope(x, y, k1)
        for i in range(n):
            between[i] = y[i] + h * k1[i] / 2.0
        _slope(x, between, k2)
        for i in range(n):
            y[i] += h * (k1[i] + k2[i])
    return y


@zoo(V, 3)
def runge_kutta_of_each(x, steps):
    y, between, slope = x.copy(), np.zeros(len(x)), np.zeros(len(x))
    for _ in range(steps):
        for i in range(len(x)):
            slope[i] = np.sin(y[i]) * x[i]
        for i in range(len(x)):
            between[i] = y[i] + 0.1 * slope[i]
        for i in range(len(x)):
            y[i] = y[i] + 0.2 * np.sin(between[i])
    return y


@zoo(V, 2)
def three_behind(x, steps):
    a, y = np.zeros(len(x)), x.copy()
    for _ in range(steps):
        for i in range(3):
            a[i] = y[i]
        for i in range(2, len(x)):
            a[i] = y[i] * y[i - 1] + y[i - 2]
        for i in range(3, len(x)):
            y[i] = a[i - 3] * a[i] + y[i - 1]
    return y.sum()


@zoo(V, 2)
def neighbours_on_both_sides(x, steps):
    y, new = x.copy(), np.zeros(len(x))
    for _ in range(steps):
        for i in range(1, len(x) - 1):
            new[i] = y[i] * (y[i + 1] - y[i - 1])
        for i in range(1, len(x) - 1):
            y[i] = y[i] + 0.1 * new[i]
    return y


@zoo(V, 4)
def while_the_work_is_small(x, limit):
    y, work, size = x.copy(), np.zeros(len(x)), 0.0
    while size < limit:
        for i in range(len(x)):
            work[i] = y[i] * y[i]
        for i in range(len(x)):
            y[i] = y[i] + 0.1 * work[i]
        size += y[2]
    return y


@zoo(V, 3)
def filled_in_part(x, steps):
    y, work = x.copy(), np.ones(len(x))
    for _ in range(steps):
        for i in range(1, len(x)):
            work[i] = y[i] * work[i - 1]
        for i in range(len(x)):
            y[i] = y[i] + work[i] * 0.1
        work[0] = y[1]
    return y


@zoo(V, 3)
def smoothed_over_the_last(x, steps):
    y = x.copy()
    for _ in range(steps):
        before = y[0]
        for i in range(1, len(x)):
            now = y[i]
            y[i] = now if now > 1.0 else 0.5 * (now + before)
            before = now
    return y

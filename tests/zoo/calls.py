"""Calls of other functions."""

import functools
import math

import numpy as np

from tests.zoo.case import Group

zoo = Group("calls")

V = np.array([0.5, -1.2, 2.0])
SCALE = 2.5
WEIGHTS = np.array([0.1, 0.2, 0.3])
PAIR = (0.5, 1.5)
SETTINGS = {"rate": 0.1, "power": 2}


def square(x):
    return x * x


def scaled(x, factor=2.0, *, offset=0.0):
    """Scale and move."""
    return x * factor + offset


def branching(x):
    if x > 0:
        return x
    return -2 * x


def pair_of(x, y):
    return x + y, x - y


@zoo(1.5)
def helper(x):
    return square(x) + square(square(x))


@zoo(1.5)
def defaults_and_keywords(x):
    return scaled(x) + scaled(x, 3.0) + scaled(x, offset=1.0) + scaled(factor=x, x=2.0)


@zoo(1.5)
@zoo(-1.5)
def callee_with_branches(x):
    return branching(x) * branching(-x)


@zoo(1.5, 0.5)
def callee_with_two_results(x, y):
    a, b = pair_of(x, y)
    return a * b


@zoo(1.5)
def inner_function(x):
    def inner(y):
        return y * x

    return inner(2.0) + inner(x)


@zoo(1.5)
def inner_lambda(x):
    f = lambda y, z=3.0: y * x + z  # noqa: E731
    return f(2.0) + f(1.0, x)


@zoo(V)
def function_as_argument(x):
    def apply(f, y):
        return f(f(y))

    return apply(np.sin, x) + apply(square, x)


@zoo(V)
def globals_are_constants(x):
    return SCALE * x + PAIR[0] * PAIR[1] + SETTINGS["rate"] ** SETTINGS["power"]


@zoo(V)
def global_array(x):
    return WEIGHTS @ x + (WEIGHTS * x).sum()


@zoo(V)
def callee_with_loop(x):
    def norm(y):
        s = 0.0
        for i in range(len(y)):
            s += y[i] ** 2
        return math.sqrt(s)

    return norm(x) + norm(2 * x)


@zoo(V, 3)
def call_in_loop(x, n):
    s = x[0]
    for _ in range(n):
        s = branching(s) + scaled(s, 0.1)
    return s


def make_polynomial(a, b):
    def polynomial(x):
        return a * x**2 + b

    return polynomial


zoo.add(make_polynomial(2.0, 3.0), 1.5, name="closure_over_numbers")
zoo.add(make_polynomial(np.float64(2.0), WEIGHTS), 1.5, name="closure_over_array")
zoo.add(functools.partial(scaled, factor=4.0), 1.5, name="partial")
zoo.add(functools.partial(scaled, 3.0), 1.5, name="partial_positional")


@zoo(1.5)
def factory_called_inside(x):
    f = make_polynomial(x, 1.0)
    g = functools.partial(scaled, offset=x)
    return f(x) + f(2.0) + g(3.0)


@zoo(1.5)
def static_recursion(x):
    def power(y, n):
        if n == 0:
            return 1.0
        return y * power(y, n - 1)

    return power(x, 4)


@zoo(V)
def star_arguments(x):
    def total(*items, **named):
        s = named["start"]
        for item in items:
            s = s + item
        return s

    parts = (x[0], x[1] * 2)
    return total(*parts, x[2], start=1.0)


@zoo(V)
def map_and_reduce(x):
    doubled = list(map(np.negative, (x[0], x[1], x[2])))
    return functools.reduce(lambda a, b: a * b, doubled) + sum(doubled)


@zoo(1.5)
def shadowed_names(x):
    max = x * 2
    np_ = max + 1
    return np_ * max


@functools.lru_cache
def cached_square(x):
    return x * x


@zoo(1.5)
def cached_callee(x):
    return cached_square(x) + x

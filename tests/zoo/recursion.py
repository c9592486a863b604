"""Functions that call themselves, under conditions that are known at run time only."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("recursion")

V = np.array([0.5, -1.2, 2.0, 0.3])


@zoo(1.3, 5)
@zoo(1.3, 0)
def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1)


@zoo(5, 0.7)
def two_calls_of_itself(n, x):
    if n < 2:
        return x
    return two_calls_of_itself(n - 1, x) * np.sin(two_calls_of_itself(n - 2, x)) + x


@zoo(0.7, 4)
def in_a_conditional_expression(x, n):
    return x if n <= 0 else np.cos(in_a_conditional_expression(x * 1.1, n - 1)) * x


@zoo(V, 0.4)
def sum_of_a_shrinking_view(v, x):
    if len(v) == 0:
        return x * 0.0
    return v[0] ** 2 * x + sum_of_a_shrinking_view(v[1:], x)


@zoo(V, 3)
def array_handed_through(v, n):
    if n > 0:
        return array_handed_through(v * np.sin(v), n - 1)
    return v


@zoo(V, 3)
def halves(v, n):
    if n == 0 or len(v) < 2:
        return np.sum(v * v * v)
    middle = len(v) // 2
    return halves(v[:middle], n - 1) * halves(v[middle:], n - 1)


@zoo(0.8, 4)
def called_in_a_loop(x, n):
    total = 0.0
    for i in range(n):
        if x > 0.1 * i:
            total += power(x * i, n)
    return total


@zoo(2.5, 0.3)
def bounded_by_a_value(x, y):
    if x < 1.0:
        return x * y
    return bounded_by_a_value(0.5 * x, y * x) + y


@zoo(0.7, 5)
@zoo(0.7, 4)
def two_that_call_each_other(x, n):
    if n == 0:
        return x
    return the_other(x * 1.1, n - 1)


def the_other(x, n):
    if n == 0:
        return -x
    return two_that_call_each_other(x * x, n - 1)


@zoo(0.6, 3, V)
def closes_over_names(x, n, w):
    y = x * 2

    def inner(k, z):
        if k == 0:
            return z * y
        return inner(k - 1, z * w[k]) + y

    return inner(n, x) * inner(n - 1, y)


@zoo(0.6, 3)
def pair_of_results(x, n):
    if n == 0:
        return x, 1.0
    a, b = pair_of_results(x * 1.2, n - 1)
    return a * b, b + a


@zoo(0.6, 4)
def float_and_integer_paths(x, n):
    if n == 0:
        return 1
    if n == 1:
        return x
    return float_and_integer_paths(x, n - 1) * float_and_integer_paths(x, n - 2) + x


@zoo(0.6, 4)
def not_taken_overflows(x, n):
    # the path not taken does not make the gradient NaN
    deep = power(x * 1e200, n) if n < 3 else 1.0
    return np.where(x > 0, x * x, power(x * 1e200, n)) + deep


@zoo(0.6, 3, V)
def two_recursions_of_numbers(x, n, w):
    def steps(k, z):
        return z if k >= len(w) else w[k] * steps(k + 1, z) + 0.1 * steps(k + 2, z)

    return steps(0, x) + power(x, n) * power(w[1], n)

"""What a result does not use has a derivative of zero, also where it is infinite itself.

Each way to make a value that is infinite, or has an infinite derivative, in one element is crossed
with each way not to use that element. The functions are finite, so differences of them are the
reference.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import gradc

# -- the second element of what these return is infinite, or its derivative is ------------------


def exponential(x):
    return np.exp(x)


def exponential_in_a_loop(x):
    y = np.empty(len(x))
    for i in range(len(x)):
        y[i] = np.exp(x[i])
    return y


def times_itself(x):
    return np.exp(x) * x


def logarithm(x):
    return np.log(x)


def root(x):
    return np.sqrt(x)


def reciprocal(x):
    return 1.0 / x


def arcsine(x):
    return np.arcsin(x)


def negative_power(x):
    return x**-2


def power(x):
    return x**0.5


def distances(x):
    return np.sqrt((x - x[1]) ** 2)


def called_twice(x):
    return reciprocal(exponential(x) - 1.0)


def norms_of_rows(x):
    return np.sqrt((x[:, None] * np.array([1.0, 2.0])) ** 2 @ np.ones(2))


ELEMENTS: list[tuple[Any, float]] = [
    (exponential, 1000.0),
    (exponential_in_a_loop, 1000.0),
    (times_itself, 1000.0),
    (logarithm, 0.0),
    (root, 0.0),
    (reciprocal, 0.0),
    (arcsine, 1.0),
    (negative_power, 0.0),
    (power, 0.0),
    (distances, 0.4),
    (called_twice, 0.0),
    (norms_of_rows, 0.0),
]

# -- these do not use it --------------------------------------------------------------------------


def one_element(y):
    return y[0] * y[2]


def a_slice(y):
    return y[2:].sum() + np.dot(y[:1], y[:1])


def a_stride(y):
    return np.prod(y[::2])


def by_numbers(y):
    return y[np.array([0, 2, 2])].sum()


def by_a_mask(y):
    return y[np.array([True, False, True, True])].sum()


def overwritten(y):
    y = y.copy()
    y[1] = 0.5
    return (y * y).sum()


def deleted(y):
    return np.delete(y, 1).sum()


def a_loop_that_passes_it_by(y):
    s = 0.0
    for i in range(len(y)):
        if i == 1:
            continue
        s += y[i] ** 2
    return s


def a_loop_of_two(y):
    s = 0.0
    for i in range(0, len(y), 2):
        s += y[i]
    return s


def a_loop_that_ends_before(y):
    s = 0.0
    for i in range(len(y)):
        if i > 0:
            break
        s += y[i]
    return s


def selected(y):
    return np.where(np.arange(4) == 1, 0.5, y).sum()


def an_expression(y):
    s = 0.0
    for i in range(len(y)):
        s += y[i] if i != 1 else 0.5
    return s


def a_triangle(y):
    table = y[:, None] * np.ones(4)
    return np.tril(table, -2).sum()


UNUSED = [
    one_element,
    a_slice,
    a_stride,
    by_numbers,
    by_a_mask,
    overwritten,
    deleted,
    a_loop_that_passes_it_by,
    a_loop_of_two,
    a_loop_that_ends_before,
    selected,
    an_expression,
    a_triangle,
]


def point(second: float) -> np.ndarray:
    return np.array([0.3, second, 0.7, 0.5])


@pytest.mark.parametrize(
    ("made", "used"),
    list(itertools.product(ELEMENTS, UNUSED)),
    ids=lambda each: each.__name__ if callable(each) else each[0].__name__,
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_an_element_that_is_not_used(made, used):
    make, second = made

    def f(x):
        return used(make(x))

    gradc.check_grads(f, (point(second),), modes=("rev",), target="python")


# -- all of what these return is infinite or not a number -----------------------------------------


def squared_again_and_again(x):
    y = 1e200 * x
    for _ in range(6):
        y = y * y
    return y


def a_product_of_matrices(x):
    a = np.outer(1e200 * x, x)
    return (a @ a @ a).sum(axis=0)


def a_dot_product_added(x):
    y = 1e200 * x
    for _ in range(3):
        np.add.at(y, 0, y @ y)
    return y


def a_norm(x):
    return np.linalg.norm(1e300 * x) ** 2 * x


def products_so_far(x):
    return np.cumprod(1e200 * x)


def a_solution(x):
    return np.linalg.solve(np.exp(1000.0 + np.outer(x, x)), x)


def of_numbers(x):
    t = np.exp(1000.0 * x[0] + 1000.0)
    return t * np.sqrt(x)


def through_a_function(x):
    def inner(t):
        return np.exp(1000.0 + t) ** 2

    return inner(x)


WHOLE = [
    squared_again_and_again,
    a_product_of_matrices,
    a_dot_product_added,
    a_norm,
    products_so_far,
    a_solution,
    of_numbers,
    through_a_function,
]


def a_branch(make, x, k):
    y = make(x)
    s = x[0] ** 2
    if k > 0:
        s += y.sum()
    return s


def a_return(make, x, k):
    y = make(x)
    if k <= 0:
        return x @ x
    return y[0] + y[1]


def a_rest_of_a_loop(make, x, k):
    y = make(x)
    s = x[0]
    for i in range(4):
        if i >= k:
            continue
        s = s * y[i]
    return s


def one_side(make, x, k):
    y = make(x)
    return (y if k > 0 else x * x)[2]


def a_nested_branch(make, x, k):
    y = make(x)
    s = 0.0
    for i in range(3):
        if i < 2:
            s += x[i]
            if k > i:
                s += y[i] * y[i + 1]
    return s


def elements_of_a_branch(make, x, k):
    y = make(x)
    if k == 0:
        y = x.copy()
    return y[:2].sum()


@pytest.mark.parametrize(
    ("make", "use"),
    list(
        itertools.product(
            WHOLE,
            [a_branch, a_return, a_rest_of_a_loop, one_side, a_nested_branch, elements_of_a_branch],
        )
    ),
    ids=lambda each: each.__name__,
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_value_that_a_branch_does_not_use(make, use):
    def f(x, k):
        return use(make, x, k)

    gradc.check_grads(f, (point(0.4), 0), modes=("rev",), target="python")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_factor_that_is_infinite_and_used_elsewhere_as_a_divisor():
    def f(x, weight):
        t = np.exp(x)
        s = 1.0 / (1.0 + t)
        z = t * weight
        if x < 10.0:
            s += z
        return s

    assert gradc.grad(f, argnums=1, target="python")(1000.0, 2.0) == 0.0

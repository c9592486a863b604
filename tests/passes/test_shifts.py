"""Extrema on which nothing depends are held constant; see also `gradc.analysis.responses`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.driver import READ, emission_pipeline, mode_pipeline, run_passes
from gradc.ir.core import Function
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.shifts import Shifts
from gradc.prims.evaluate import evaluate
from gradc.prims.shape import STOP_GRADIENT
from tests.generators.shifted_programs import program
from tests.passes.sharing import written

X = np.array([[0.5, -1.2, 2.0, 0.3], [1.1, 0.4, -0.7, 1.1], [0.2, 0.9, 0.6, -1.5]])


def log_sum_exp(x):
    top = np.max(x)
    return np.log(np.sum(np.exp(x - top))) + top


def of_rows(x):
    top = np.max(x, axis=1)
    return np.sum(np.sin(np.log(np.sum(np.exp(x - top[:, None]), axis=1)) + top))


def of_columns(x):
    top = np.max(x, axis=0, keepdims=True)
    return np.sum((np.log(np.sum(np.exp(x - top), axis=0)) + top[0]) ** 2)


def softmax(x):
    e = np.exp(x - np.max(x, axis=1)[:, None])
    p = e / np.sum(e, axis=1)[:, None]
    return np.sum(p * np.arange(4.0))


def softmax_after_a_product(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return np.sum((e @ x.T / np.sum(e, axis=1)[:, None]) ** 2)


def softmax_in_loops(x):
    n, k = x.shape
    total = 0.0
    for i in range(n):
        p = np.empty(k)
        for j in range(k):
            p[j] = x[i, j] * 2.0
        top = p[0]
        for j in range(1, k):
            top = max(top, p[j])
        divisor = 0.0
        for j in range(k):
            p[j] = math.exp(p[j] - top)
            divisor += p[j]
        for j in range(k):
            total += p[j] / divisor * j
    return total


def softened_minimum(x):
    """The shift is divided by a temperature that is an argument, too."""
    a, b, g = x[0, 0], x[0, 1], x[0, 2]
    low = min(a, b)
    return low - g * math.log(math.exp(-(a - low) / g) + math.exp(-(b - low) / g)) + x[1, 1]


def forward_algorithm(x):
    a = x[0]
    for t in range(1, x.shape[0]):
        b = np.zeros(4)
        for j in range(4):
            m = a[0]
            for i in range(1, 4):
                m = max(m, a[i] + x[t, i])
            s = 0.0
            for i in range(4):
                s += math.exp(a[i] + x[t, i] - m)
            b[j] = m + math.log(s) + x[t, j]
        a = b
    m = np.max(a)
    return m + np.log(np.sum(np.exp(a - m)))


def root_of_a_quotient(x):
    low = np.min(x)
    e = np.exp(2.0 * (low - x))
    return np.sum(np.sqrt(e) * np.exp(-(low - x[0, 0])))


def on_one_path(x):
    top = np.max(x)
    e = np.exp(x - top)
    s = np.sum(e) if x[0, 0] > 0 else np.sum(e[0])
    return np.sum(e[1]) / s


SHIFTS = [
    (log_sum_exp, 1),
    (of_rows, 1),
    (of_columns, 1),
    (softmax, 1),
    (softmax_after_a_product, 1),
    (softmax_in_loops, 1),
    (softened_minimum, 1),
    (forward_algorithm, 2),
    (root_of_a_quotient, 1),
    (on_one_path, 1),
]


@pytest.mark.parametrize(("function", "count"), SHIFTS, ids=[f.__name__ for f, _ in SHIFTS])
def test_what_nothing_depends_on(function, count):
    held = before_reverse(function)
    assert sum(op.prim is STOP_GRADIENT for op in all_ops(held.body)) == count
    assert Shifts().run(held, Context()) is held
    with_shifts, without = gradients(function, X)
    np.testing.assert_allclose(with_shifts, without, rtol=1e-12, atol=1e-13)
    wanted = by_differences(function, X)
    np.testing.assert_allclose(with_shifts, wanted, rtol=1e-7, atol=1e-8)


def half_of_it_is_added(x):
    top = np.max(x)
    return np.log(np.sum(np.exp(x - top))) + 0.5 * top


def of_another_axis(x):
    top = np.max(x, axis=1)
    return np.log(np.sum(np.exp(x - top[:, None]))) + np.sum(top)


def sum_over_the_axis_of_the_shifts(x):
    top = np.max(x, axis=0)
    return np.sum(np.log(np.sum(np.exp(x - top), axis=1))) + np.sum(top)


def not_divided(x):
    return np.sum(np.exp(x - np.max(x)))


def one_element_less(x):
    p = x[0] * 1.0
    top = np.max(p)
    for j in range(1, 4):
        p[j] = math.exp(p[j] - top)
    return p[0] / (p[0] + p[1] + p[2] + p[3])


def weights_of_each_iteration(x):
    """Not shown to be independent, for the weights differ from iteration to iteration."""
    top = np.max(x)
    total = 0.0
    for j in range(4):
        total += x[1, j] * (x[0, j] - top)
    return total + np.exp(x[0, 0] - top)


def of_a_clipped_one(x):
    top = np.max(x)
    return np.log(np.sum(np.maximum(np.exp(x - top), 0.2))) + top


DEPENDENT = [
    half_of_it_is_added,
    of_another_axis,
    sum_over_the_axis_of_the_shifts,
    not_divided,
    one_element_less,
    weights_of_each_iteration,
    of_a_clipped_one,
]


@pytest.mark.parametrize("function", DEPENDENT, ids=lambda f: f.__name__)
def test_what_stays(function):
    made = run_passes(primal_of(function), READ)
    assert Shifts().run(made, Context()) is made


# 21066, 30490: the loops of these ended in errors of the compiler
@pytest.mark.parametrize("seed", [*range(36), 21066, 30490])
def test_random_programs(seed: int) -> None:
    text = program(seed)
    ours, theirs = gradients(written(text, "f"), X[:, :3])
    if np.isfinite(theirs).all():
        scale = max(1.0, float(np.abs(theirs).max()))
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9 * scale, err_msg=text)


def test_ties_share_nothing_but_the_softmax():
    x = np.array([1.0, 3.0, 3.0, 3.0, -2.0])
    found = gradc.grad(log_sum_exp)(x)
    np.testing.assert_allclose(found, np.exp(x) / np.sum(np.exp(x)), rtol=1e-15)


def test_what_is_printed():
    gradient = gradc.grad(softmax_in_loops)
    gradient(X)
    assert "== top" not in gradient.source
    assert "share" not in gradient.source


def test_second_derivatives():
    x = X[0]
    p = np.exp(x) / np.sum(np.exp(x))
    wanted = np.diag(p) - np.outer(p, p)
    np.testing.assert_allclose(gradc.hessian(log_sum_exp)(x), wanted, rtol=1e-12, atol=1e-15)


def primal_of(function: Any) -> Function:
    return gradc.grad(function).derivative_for((X,), {})[1].compiled.primal


def before_reverse(function: Any) -> Function:
    return Shifts().run(run_passes(primal_of(function), READ), Context())


def gradients(function: Any, x: Any) -> tuple[Any, Any]:
    """The gradient as it is compiled, and without the pass, on whole arrays."""
    primal = gradc.grad(function).derivative_for((x,), {})[1].compiled.primal
    pipeline = mode_pipeline("grad", (0,))
    ours = run_passes(primal, f"{pipeline},{emission_pipeline('loops', 'cpu')}")
    theirs = run_passes(primal, pipeline.replace("shifts,", ""))
    return evaluate(ours, [x])[0], evaluate(theirs, [x])[0]


def by_differences(function: Any, x: Any) -> Any:
    """Central differences with one step of Richardson extrapolation."""
    found = []
    for h in (2e-3, 1e-3):
        steps = h * np.eye(x.size).reshape(x.size, *x.shape)
        found.append([(function(x + d) - function(x - d)) / (2 * h) for d in steps])
    return ((4 * np.array(found[1]) - np.array(found[0])) / 3).reshape(x.shape)

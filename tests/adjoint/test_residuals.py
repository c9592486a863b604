"""What loops and branches record for the adjoint: which values, and nothing that is not needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.faces.program import make_program
from gradc.options import Options


def power(x, n):
    p = 1.0
    for _ in range(n):
        p = p * x
    return p


def sum_of_squares(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i] ** 2
    return s


def written_once(x):
    a = np.zeros(len(x))
    a[0] = x[0]
    for i in range(1, len(x)):
        a[i] = np.sin(a[i - 1]) * x[i]
    return a[-1]


def linear_steps(u, A, n):
    for _ in range(n):
        u = u + 0.1 * (A @ u)
    return np.sum(u)


def logistic_map(x, n):
    for _ in range(n):
        x = 3.5 * x * (1.0 - x)
    return x


def overwritten(x, n):
    a = x.copy()
    for i in range(n):
        a[i] = np.sin(a[i])
    return np.sum(a)


def running_sine(x):
    s = 0.0
    for i in range(len(x)):
        s = np.sin(s + x[i])
    return s


def loop_in_loop(x, n):
    y = 1.0
    for _ in range(n):
        t = 0.0
        for j in range(len(x)):
            t += np.sin(x[j] * x[j])
        y = y * t
    return y


def table(x, n):
    a = np.zeros((n + 1, len(x)))
    a[0] = x
    for t in range(n):
        for j in range(len(x)):
            a[t + 1, j] = np.sin(a[t, j])
    return np.sum(a[n])


def halving(x):
    steps = 0.0
    while x > 1.0:
        x = 0.5 * x * np.cos(0.1 * x)
        steps += 1.0
    return x + steps


def branch_on_value(x):
    return np.exp(x) * x if x > 0 else x * x


def scaled_by_constant(x, n):
    for _ in range(n):
        x = 0.5 * x + 1.0
    return x


V = np.array([0.3, -0.4, 0.9, 0.2])
M = np.array([[0.1, 0.2], [0.3, -0.1]])

# what is recorded, by name; a loop or branch that records nothing has an empty entry
CASES: list[tuple[Any, tuple[Any, ...], list[list[str]], str]] = [
    (power, (1.3, 4), [["p"]], "carried, needed by the product"),
    (sum_of_squares, (V,), [[]], "depends on the index alone: computed again"),
    (written_once, (V,), [["sin"]], "elements written once are their own tape, their sine is dear"),
    (linear_steps, (V[:2], M, 3), [["u"]], "needed for the matrix, not for the state"),
    (logistic_map, (0.3, 5), [["x"]], "carried, nonlinear"),
    (overwritten, (V, 3), [["a_at"]], "the element is overwritten at once"),
    (running_sine, (V,), [["add"]], "the argument of the sine, not the state and the sum"),
    (loop_in_loop, (V, 3), [[], ["y", "t"]], "what a loop has summed is dear"),
    (table, (V, 3), [[], []], "each row is written once"),
    (halving, (9.0,), [["x", "cos"]], "a conditional loop records on a growing tape"),
    (branch_on_value, (0.7,), [["exp"], []], "a dear scalar is handed over"),
    (scaled_by_constant, (2.0, 4), [[]], "linear: nothing is needed"),
]


def _recorded(function, args) -> list[list[str]]:
    program = make_program(function, args, {}, ["x"], Options())
    primal = run_passes(program.lowered.function, "sizes,simplify,cse,dce")
    floats = [i for i, p in enumerate(primal.params) if p.type.is_float]
    residuals: list[Any] = []
    reverse(primal, floats, residuals=residuals)
    return [[value.name for value in plan.recorded] for _, plan in residuals]


@pytest.mark.parametrize(
    ("function", "args", "expected", "why"), CASES, ids=[case[0].__name__ for case in CASES]
)
def test_the_tape_holds_what_is_needed(function, args, expected, why):
    assert _recorded(function, args) == expected, why
    gradc.check_grads(function, args, target="python")


def test_a_linear_loop_differentiated_by_its_state_records_nothing():
    program = make_program(linear_steps, (V[:2], M, 3), {}, ["u", "A", "n"], Options())
    primal = run_passes(program.lowered.function, "sizes,simplify,cse,dce")
    residuals: list[Any] = []
    reverse(primal, [0], residuals=residuals)
    assert [plan.recorded for _, plan in residuals] == [()]

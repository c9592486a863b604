"""Parts of an array that are read after a write to it are kept, and not the whole array."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.driver import run_passes
from gradc.ir.walk import all_ops
from gradc.passes.loops import Loops
from gradc.prims.evaluate import evaluate
from tests.passes.helpers import apply, parse

X = np.linspace(-0.9, 0.8, 12).reshape(4, 3)

PROGRAM = """
def f(x: f64[n, m], n: i64(n), m: i64(m), i: i64(i), k: i64(k)):
    zero: f64[m] = zeros(m, dtype='f64')
    row: f64[m] = get(x, i, spec=('at', 'all'))
    x1: f64[n, m] = put(x, zero, i, spec=('at', 'all'))
    x2: f64[n, m] = add_at(x1, row, k, spec=('at', 'all'))
    return (x2, {other})
"""


def made(other):
    """What the loops read of `x` itself; values are the same before and after."""
    function = parse(PROGRAM.format(other=other))
    lowered = run_passes(function, "loops,simplify,dce,inplace")
    args = [X, 4, 3, 2, 1]
    for ours, theirs in zip(evaluate(lowered, args), evaluate(function, args), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    x = lowered.params[0]
    return [op for op in all_ops(lowered.body) if op.prim.name == "get" and op.args[0] is x]


def test_a_row_is_kept():
    # it is read in the loop that overwrites it, from what that loop carries
    assert made("i") == []


def test_an_array_that_is_needed_as_it_was_is_copied_anyway():
    assert made("x") != []


READ_AT_WHAT_IS_MADE_LATER = """
def f(a: f64[n, m], b: f64[n], labels: i64[n], k: i64(k)):
    a1: f64[n, m] = pick_add(a, b, labels)
    n: i64(n) = dim(a, axis=0)
    m: i64(m) = dim(a, axis=1)
    i: i64(i) = wrap(k, n, line=6)
    j: i64(j) = wrap(k, m, line=7)
    old: f64 = get(a, i, j, spec=('at', 'at'))
    return (a1, old)
"""


def test_a_part_at_indices_that_are_made_after_the_write_is_not_kept_before_it():
    function = parse(READ_AT_WHAT_IS_MADE_LATER)
    lowered = apply(function, Loops(blas=False))
    args = [X, np.ones(4), np.array([0, 2, 1, 1]), -1]
    for ours, theirs in zip(evaluate(lowered, args), evaluate(function, args), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def summed(x):
    out = np.zeros_like(x)
    out[0] = x[0]
    for k in range(1, len(x)):
        out[k] = out[k - 1] + x[k]
    return np.sum(out * out)


def in_the_argument(x):
    for k in range(1, len(x)):
        x[k] = x[k - 1] + x[k]
    return np.sum(np.sin(x))


def added_to(x):
    out = x.copy()
    for k in range(1, len(x)):
        out[k] += out[k - 1]
    return np.sum(out**3)


def backwards(x):
    out = x.copy()
    for k in range(len(x) - 2, -1, -1):
        out[k] = out[k + 1] * x[k]
    return np.sum(np.cos(out))


def columns(x):
    out = x.copy()
    for k in range(1, x.shape[1]):
        out[:, k] = out[:, k - 1] - 0.5 * x[:, k]
    return np.sum(out * out)


def matrices(x):
    w = np.array([[0.5, 0.1, 0.0], [0.2, -0.3, 0.1], [0.0, 0.4, 0.2]])
    out = np.zeros_like(x)
    for k in range(1, len(x)):
        out[k] = np.tanh(w @ out[k - 1] + x[k])
    return np.sum(out * out)


def two_rows(x):
    out = x.copy()
    for k in range(2, len(x)):
        out[k] = out[k - 1] + out[k - 2] * out[k - 1]
    return np.sum(out * out)


def copied(x):
    out = x.copy()
    for k in range(1, len(x)):
        out[k] = out[k - 1]
        out[k, 0] = out[k - 1, 1]
    return np.sum(out * out)


def squares(x):
    out = np.zeros((len(x), 3, 3))
    for k in range(1, len(x)):
        out[k] = out[k - 1] + np.outer(x[k], x[k])
    return np.sum(out * out)


@pytest.mark.parametrize(
    "function",
    [
        summed,
        in_the_argument,
        added_to,
        backwards,
        columns,
        matrices,
        two_rows,
        copied,
        squares,
    ],
)
def test_no_iteration_copies_an_array(function):
    gradc.check_grads(function, (X,), order=2, target="python")
    gradient = gradc.grad(function, target="python")
    gradient(X)
    inside = [line for line in gradient.source.splitlines() if line.startswith(" " * 8)]
    assert not [line for line in inside if ".copy()" in line]

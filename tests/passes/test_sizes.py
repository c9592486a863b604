"""Sizes of arguments that must agree: checked once at the entry, one symbol afterwards."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.ir.parser import parse_text
from gradc.ir.verify import verify
from gradc.passes.base import Context
from gradc.passes.sizes import UnifySizes
from gradc.prims.evaluate import evaluate
from gradc.prims.shape import EXPECT
from gradc.prims.table import TABLE

TWO_DEMANDS = """
def f(x: f64[n], y: f64[n_1]):
    n: i64(n) = dim(x, axis=0)
    y1: f64[n] = expect(y, n, what='x and y differ')
    p: f64[n] = mul(x, y1)
    z: f64[n_1] = sin(y)
    z1: f64[n] = expect(z, n, what='again')
    q: f64[n] = add(p, z1)
    s: f64 = sum(q, axes=(0,))
    return (s,)
"""

IN_A_BRANCH = """
def f(x: f64[n], y: f64[n_1], c: b1):
    s: f64 = sum(x, axes=(0,))
    with if_(c):
        n: i64(n) = dim(x, axis=0)
        y1: f64[n] = expect(y, n, what='x and y differ')
        p: f64[n] = mul(x, y1)
        t: f64 = sum(p, axes=(0,))
        yield_(t)
    with else_():
        yield_(s)
    r: f64 = outs()
    return (r,)
"""


def test_a_demand_of_every_call_moves_to_the_entry():
    function = parse_text(TWO_DEMANDS, TABLE)
    result = verify(UnifySizes().run(function, Context()))
    real = [op for op in result.ops if op.prim is EXPECT and op.args[0].type != op.out.type]
    assert [op.args[0].name for op in real] == ["y"]
    x, y = np.array([0.3, 0.7]), np.array([1.5, -0.2])
    assert evaluate(result, [x, y]) == evaluate(function, [x, y])
    with pytest.raises(ValueError, match="x and y differ"):
        evaluate(result, [x, y[:1]])


def test_a_demand_of_some_calls_stays_where_it_is():
    function = parse_text(IN_A_BRANCH, TABLE)
    result = UnifySizes().run(function, Context())
    assert result is function
    assert evaluate(result, [np.ones(3), np.ones(2), False]) == (3.0,)


def test_nothing_to_do_changes_nothing():
    function = parse_text("def f(x: f64[n]):\n    y: f64[n] = sin(x)\n    return (y,)\n", TABLE)
    assert UnifySizes().run(function, Context()) is function


SHARED_SIZE = """
def f(x: f64[n], y: f64[n_1], z: f64[n]):
    n_1: i64(n_1) = dim(y, axis=0)
    x1: f64[n_1] = expect(x, n_1, what='x and y differ')
    p: f64[n_1] = mul(x1, y)
    s: f64 = sum(p, axes=(0,))
    t: f64 = sum(z, axes=(0,))
    r: f64 = add(s, t)
    return (r, z)
"""


def test_every_argument_of_the_size_gets_the_other_symbol():
    function = parse_text(SHARED_SIZE, TABLE)
    result = verify(UnifySizes().run(function, Context()))
    x, y, z = np.array([0.3, 0.7]), np.array([1.5, -0.2]), np.array([4.0, 5.0])
    assert evaluate(result, [x, y, z])[0] == evaluate(function, [x, y, z])[0]


def test_the_adjoint_of_a_check_demands_nothing():
    text = SHARED_SIZE.replace("what='x and y differ'", "what=''")
    function = parse_text(text, TABLE)
    assert UnifySizes().run(function, Context()) is function


def biased(a, x, b):
    """Sizes of arguments that turn out equal, and sums that rows of a Jacobian read."""
    return np.tanh(np.sum(a * x, axis=1) + b)


def test_rows_of_a_jacobian_read_what_was_computed_before_them():
    a, x, b = np.linspace(-1.0, 1.0, 6).reshape(3, 2), np.array([0.3, -0.8]), np.array([0.1, 0, 2])
    by_rows = gradc.jacrev(biased, argnums=(0, 1, 2), target="python")
    by_columns = gradc.jacfwd(biased, argnums=(0, 1, 2), target="python")
    for found, wanted in zip(by_rows(a, x, b), by_columns(a, x, b), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-15)
    assert by_rows.specialize(a, x, b).compiled.source.count("= np.tanh(") == 1

"""Arrays that loops go through from their end lie in memory from their end."""

from __future__ import annotations

import re

import numpy as np
import pytest

import gradc
from gradc.ir.core import Function
from gradc.ir.printer import to_text
from gradc.passes.base import Context
from gradc.passes.mirror import Mirror
from gradc.passes.stores import StoresLast
from gradc.prims.evaluate import evaluate
from tests.passes.helpers import anonymous, apply, assert_same_bits, parse

PROGRAM = """
    def f(x: f64[n], n: i64(n), steps: i64(steps)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        minus: i64(-1) = const(dtype='i64', value=-1)
        z: f64 = const(dtype='f64', value=0.0)
        c: f64 = const(dtype='f64', value=2.0)
        top: i64(top) = sub(n, one)
{made}
        b_1: f64[n] = add_at(b, c, {first}, spec=('at',), inplace=True)
        with for_(lo, steps, one, b_1) as (s, b_2):
            s: i64(s)
            with for_({range}, b_2, z) as (i, b_3, p):
                i: i64(i)
                v: f64 = get(x, i, spec=('at',))
{at}
                w: f64 = get(b_3, {place}, spec=('at',))
                t: f64 = mul(v, w)
                u: f64 = add(p, z)
                b_4: f64[n] = add_at(b_3, u, {place}, spec=('at',), inplace=True)
                yield_(b_4, t)
            b_5: f64[n]; p_1: f64 = outs()
            yield_(b_5)
        b_6: f64[n] = outs()
        r: f64 = get(b_6, {first}, spec=('at',))
        return ({results},)
"""
USUAL = {
    "made": "        b: f64[n] = zeros(n, dtype='f64')",
    "first": "lo",
    "range": "top, minus, minus",
    "at": "",
    "place": "i",
    "results": "r",
}
MIRRORED = {
    "made": "        one_1: i64(1) = const(dtype='i64', value=1)\n"
    "        last: i64(last) = sub(n, one_1)\n" + USUAL["made"],
    "first": "last",
    "at": "                at: i64(at) = sub(last, i)",
    "place": "at",
}
COPIED = {"made": "        b: f64[n] = copy(x)"}


def program(**changed: str) -> Function:
    """The program, with loops marked that hand on what they compute."""
    text = PROGRAM.format(**USUAL | changed)
    text = "\n".join(line for line in text.splitlines() if line.strip())
    return StoresLast().run(parse(text), Context())


def test_an_array_of_zeros():
    made = apply(program(), Mirror())
    assert to_text(anonymous(made)) == to_text(anonymous(program(**MIRRORED)))
    assert "b_reversed: f64[n] = zeros" in to_text(made)
    assert Mirror().run(made, Context()) is made


@pytest.mark.parametrize("changed", [{}, COPIED, {"first": "top"}], ids=["zeros", "copy", "last"])
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_the_same_numbers(changed, steps):
    before = program(**changed)
    after = apply(before, Mirror())
    assert after is not before
    given = [np.array([0.5, -1.0, 3.0, 0.25]), 4, steps]
    assert_same_bits(evaluate(after, given), evaluate(before, given))


@pytest.mark.parametrize(
    "changed",
    [
        {"range": "lo, n, one"},
        {"results": "b_6"},  # the order is seen
        {"made": "        b: f64[n] = copy(x)", "results": "b"},
    ],
)
def test_what_stays(changed):
    function = program(**changed)
    assert Mirror().run(function, Context()) is function


def test_no_array_is_turned_for_a_loop_that_has_to_wait():
    """What depends on itself from iteration to iteration is no vector of iterations."""
    function = parse(to_text(program()).replace("t: f64 = mul(v, w)", "t: f64 = mul(v, p)"))
    function = StoresLast().run(function, Context())
    assert Mirror().run(function, Context()) is function


def chain(x, steps):
    y = np.zeros(len(x))
    for _ in range(steps):
        before = y[0]
        y[0] += x[0]
        for i in range(1, len(x)):
            now = y[i]
            y[i] += 0.1 * np.sin(before) * x[i]
            before = now
    return y[len(x) - 1] ** 2


def test_what_is_printed():
    x = np.linspace(0.5, 1.5, 19)
    gradient = gradc.grad(chain)
    found = gradient(x, 20)
    text = gradient.derivative_for((x, 20), {})[1].compiled.kernel_text
    assert re.search(r"y_bar_reversed\[(at|last - i)\] \+= ", text)
    h = 1e-5
    wanted = [(chain(x + d, 20) - chain(x - d, 20)) / (2 * h) for d in h * np.eye(len(x))]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)

"""Merging branches on one condition: text, sameness, and values on random programs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

import gradc
from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.ir.control import IF
from gradc.ir.parser import parse_text
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.branches import MergeBranches
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from tests.generators.ir_programs import ir_programs

TWO_BRANCHES = """
def f(x: f64, y: f64):
    c: b1 = lt(x, y)
    with if_(c):
        u: f64 = exp(x)
        yield_(u)
    with else_():
        yield_(y)
    r: f64 = outs()
    {between}
    with if_(c):
        v: f64 = mul(r, s)
        yield_(v)
    with else_():
        yield_(s)
    t: f64 = outs()
    return (t,)
"""


def _branches(function):
    return [op for op in all_ops(function.body) if op.prim is IF]


def _merged(between: str):
    function = verify(parse_text(TWO_BRANCHES.format(between=between), TABLE))
    result = verify(MergeBranches().run(function, Context()))
    for point in ((0.3, 0.7), (0.7, 0.3)):
        assert evaluate(function, point) == evaluate(result, point)
    return function, result


def test_branches_on_one_condition_become_one():
    _, result = _merged("s: f64 = sin(y)")
    assert len(_branches(result)) == 1


def test_a_check_of_what_the_first_makes_stays_behind_it():
    check = """
    bad: b1 = gt(r, y)
    with if_(bad):
        ok: b1 = check(c, error='ValueError', what='r is too large')
        yield_()
    with else_():
        yield_()
    outs()
    s: f64 = sin(y)"""
    _, result = _merged(check)
    assert len(_branches(result)) == 2


def test_what_depends_on_the_first_keeps_them_apart():
    function, result = _merged("s: f64 = sin(r)")
    assert result is function


def test_random_adjoints_keep_their_values():
    @settings(max_examples=60, deadline=None)
    @given(ir_programs(smooth=True))
    def check(program):
        wrt = [i for i, p in enumerate(program.function.params) if p.type.is_float]
        adjoint = run_passes(reverse(program.function, wrt), "simplify,cse")
        merged = verify(MergeBranches().run(adjoint, Context()))
        assert len(_branches(merged)) <= len(_branches(adjoint))
        for before, after in zip(
            evaluate(adjoint, program.args), evaluate(merged, program.args), strict=True
        ):
            np.testing.assert_array_equal(before, after)

    check()


def test_a_size_that_the_first_decides_keeps_branches_apart():
    def f(x):
        count, y = 1, x * 2.0
        if x[1] > 0.0:
            count = 2
        total = x[0]
        if x[1] > 0.0:
            total = 0.8
        else:
            out = [y[0]] * count
            total = np.sum(np.array(out) * x[0])
        return total

    for x in (np.array([0.5, -0.25, 0.75]), np.array([0.5, 0.25, 0.75])):
        value, bar = gradc.value_and_grad(f, target="python")(x)
        assert value == f(x)
        assert bar[0] == (2.0 if x[1] < 0.0 else 0.0)

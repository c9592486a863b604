"""Joining loops over one range: text, sameness, and values on random adjoints."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.ir.control import FOR
from gradc.ir.parser import parse_text
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.jam import JamLoops
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from tests.generators.ir_programs import ir_programs

SUM_AND_SINES = """
def f(x: f64[n]):
    n: i64(n) = dim(x, axis=0)
    lo: i64(0) = const(value=0, dtype='i64')
    one: i64(1) = const(value=1, dtype='i64')
    zero: f64 = const(value=0.0, dtype='f64')
    a: f64[n] = empty(n, dtype='f64')
    with for_(lo, n, one, zero) as (i, s):
        i: i64(i)
        e: f64 = get(x, i, spec=('at',))
        t: f64 = sin(e)
        s1: f64 = add(s, t)
        yield_(s1)
    total: f64 = outs()
    {factor}
    with for_(lo, n, one, a) as (j, b):
        j: i64(j)
        d: f64 = get(x, j, spec=('at',))
        u: f64 = sin(d)
        v: f64 = mul(u, w)
        b1: f64[n] = put(b, v, j, spec=('at',))
        yield_(b1)
    c: f64[n] = outs()
    return (total, c)
"""


def _loops(function):
    return [op for op in all_ops(function.body) if op.prim is FOR]


def _values_agree(before, after, args):
    for left, right in zip(evaluate(before, args), evaluate(after, args), strict=True):
        np.testing.assert_array_equal(left, right)


def test_loops_over_one_range_are_one_loop():
    function = verify(parse_text(SUM_AND_SINES.format(factor="w: f64 = cos(zero)"), TABLE))
    joined = verify(JamLoops().run(function, Context()))
    assert (len(_loops(function)), len(_loops(joined))) == (2, 1)
    _values_agree(function, joined, [np.array([0.3, -0.7, 1.2])])
    (loop,) = _loops(run_passes(joined, "simplify,cse,dce"))
    assert sum(op.prim.name == "sin" for op in loop.regions[0].ops) == 1


def test_loops_stay_apart_where_one_needs_the_other():
    function = verify(parse_text(SUM_AND_SINES.format(factor="w: f64 = exp(total)"), TABLE))
    assert JamLoops().run(function, Context()) is function


@settings(max_examples=60, deadline=None)
@given(ir_programs(smooth=True))
def test_random_adjoints_keep_their_values(program):
    wrt = [i for i, p in enumerate(program.function.params) if p.type.is_float]
    adjoint = run_passes(reverse(program.function, wrt), "simplify,cse")
    joined = verify(JamLoops().run(adjoint, Context()))
    _values_agree(adjoint, joined, program.args)


READS_IN_BOTH_ORDERS = """
def f(x: f64[n], k: i64[n]):
    n: i64(n) = dim(x, axis=0)
    one: i64(1) = const(value=1, dtype='i64')
    minus: i64(-1) = const(value=-1, dtype='i64')
    zero: f64 = const(value=0.0, dtype='f64')
    last: i64(last) = sub(n, one)
    with for_(last, minus, minus, zero) as (i, s):
        i: i64(i)
        a: i64(a) = get(k, i, spec=('at',))
        b: i64(b) = wrap(a, n, line=3)
        e: f64 = get(x, b, spec=('at',))
        s1: f64 = add(s, e)
        yield_(s1)
    s2: f64 = outs()
    with for_(last, minus, minus, zero) as (j, t):
        j: i64(j)
        m: i64(m) = sub(last, j)
        c: i64(a) = get(k, m, spec=('at',))
        d: i64(b) = wrap(c, n, line=3)
        g: f64 = get(x, d, spec=('at',))
        t1: f64 = mul(t, g)
        t2: f64 = add(t1, g)
        yield_(t2)
    t3: f64 = outs()
    return (s2, t3)
"""


def test_copies_of_an_index_are_not_taken_for_equal():
    function = verify(parse_text(READS_IN_BOTH_ORDERS, TABLE))
    args = [np.array([0.3, -0.7, 1.2]), np.array([2, 0, 1])]
    joined = verify(JamLoops().run(function, Context()))
    assert len(_loops(joined)) == 1
    _values_agree(function, joined, args)
    _values_agree(function, run_passes(joined, "simplify,cse,dce"), args)


TWO_TRIANGLES = """
def f(a: f64[n, n], x: f64[n, n], y: f64[n, n]):
    n: i64(n) = dim(a, axis=0)
    lo: i64(0) = const(value=0, dtype='i64')
    one: i64(1) = const(value=1, dtype='i64')
    with for_(lo, n, one, x) as (i, x1):
        i: i64(i)
        r: f64[i] = get(a, i, lo, i, one, spec=('at', 'slice'))
        x2: f64[n, n] = put(x1, r, i, lo, i, one, spec=('at', 'slice'))
        yield_(x2)
    x3: f64[n, n] = outs()
    with for_(lo, n, one, y) as (j, y1):
        j: i64(j)
        s: f64[j] = get(a, j, lo, j, one, spec=('at', 'slice'))
        t: f64[j] = neg(s)
        y2: f64[n, n] = put(y1, t, j, lo, j, one, spec=('at', 'slice'))
        yield_(y2)
    y3: f64[n, n] = outs()
    return (x3, y3)
"""


def test_a_size_that_is_the_index_of_the_second_loop_becomes_that_of_the_first():
    function = verify(parse_text(TWO_TRIANGLES, TABLE))
    joined = verify(JamLoops().run(function, Context()))
    assert sum(op.prim is FOR for op in all_ops(joined.body)) == 1
    args = [np.arange(9.0).reshape(3, 3), np.zeros((3, 3)), np.zeros((3, 3))]
    for found, wanted in zip(evaluate(joined, args), evaluate(function, args), strict=True):
        np.testing.assert_array_equal(found, wanted)

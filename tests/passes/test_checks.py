"""Index checks in front of loops: gone from the iterations, and failing just as before."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradc.ir.control import FOR
from gradc.ir.walk import all_ops
from gradc.passes.checks import HoistChecks
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.simplify import Simplify
from gradc.prims.effects import CHECK
from gradc.prims.index import WRAP
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import apply, assert_same_bits, outcome, parse, unchanged

CLEAN = (Simplify(), CommonSubexpressions(), Simplify(), DeadCode())
NEST = """
    def f(x: f64[n], y: f64[m], a: f64[p, q], k: i64(k)):
        n: i64(n) = dim(x, axis=0)
        m: i64(m) = dim(y, axis=0)
        p: i64(p) = dim(a, axis=0)
        q: i64(q) = dim(a, axis=1)
        zero: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        two: i64(2) = const(dtype='i64', value=2)
        minus: i64(-1) = const(dtype='i64', value=-1)
        last: i64(last) = sub(n, one)
        c: f64 = const(dtype='f64', value=0.0)
        with for_({outer}, c) as (i, s):
            i: i64(i)
            {early}
            next: i64(next) = add(i, one)
            with for_({inner}, s) as (j, t):
                j: i64(j)
                {late}
                g: i64(g) = wrap({first}, p, line=5)
                h: i64(h) = wrap({second}, q, line=5)
                v: f64 = get(a, g, h, spec=('at', 'at'))
                r: f64 = add(t, v)
                yield_(r)
            e: f64 = outs()
            e2: f64 = add(e, z)
            yield_(e2)
        u: f64 = outs()
        return (u,)
"""
EARLY = """w: i64(w) = wrap(i, m, line=4)
            z: f64 = get(y, w, spec=('at',))"""
LATE = "d: i64(d) = add(j, one)"


def nest(outer, inner, first, second, early=EARLY, late=LATE):
    return parse(
        NEST.format(outer=outer, inner=inner, first=first, second=second, early=early, late=late)
    )


CASES = [
    # outer loop, inner loop, row, column, checks left in loops
    ("zero, n, one", "zero, m, one", "i", "j", 0),
    ("zero, n, one", "zero, m, one", "i", "d", 0),
    ("zero, n, one", "next, n, one", "zero", "j", 0),
    ("zero, n, one", "zero, i, one", "zero", "i", 1),  # at the last i that has a j: kept inside
    ("zero, n, one", "next, n, one", "i", "j", 1),
    ("last, minus, minus", "zero, m, one", "i", "j", 0),
    ("zero, k, one", "zero, k, one", "j", "i", 0),
    ("zero, n, two", "zero, m, one", "i", "j", 3),
    ("zero, n, one", "zero, m, one", "k", "j", 1),  # may be negative
]


@pytest.mark.parametrize(("outer", "inner", "first", "second", "left"), CASES)
def test_checks_in_loops(outer, inner, first, second, left):
    result = apply(nest(outer, inner, first, second), HoistChecks(), *CLEAN)
    loops = [op.regions[0] for op in result.ops if op.prim is FOR]
    inside = [op for body in loops for op in all_ops(body) if op.prim in (WRAP, CHECK)]
    assert len(inside) == left


@pytest.mark.parametrize(("outer", "inner", "first", "second", "left"), CASES)
@settings(max_examples=40)
@given(
    sizes=st.tuples(*(st.integers(0, 4) for _ in range(4))),
    k=st.integers(-1, 4),
)
def test_fails_just_as_before(outer, inner, first, second, left, sizes, k):
    function = nest(outer, inner, first, second)
    result = apply(function, HoistChecks(), *CLEAN)
    n, m, p, q = sizes
    args = (np.ones(n), np.ones(m), np.ones((p, q)), k)
    before, after = outcome(function, args), outcome(result, args)
    assert (before[0] is IndexError) is (after[0] is IndexError)
    if before[0] is not IndexError:
        assert_same_bits(after, before)


def test_message_has_the_line():
    result = apply(nest("zero, n, one", "zero, m, one", "i", "j"), HoistChecks(), *CLEAN)
    args = (np.ones(3), np.ones(3), np.ones((3, 2)), 0)
    assert outcome(result, args) == (IndexError, "line 5: an index is out of range")


@pytest.mark.parametrize(
    "line",
    [
        "ok: b1 = check(b, error='AssertionError', what='')",
        "x2: f64[p] = expect(x, p, what='no')",
        "o: f64 = max(x, axes=(0,))",
    ],
)
def test_what_may_raise_something_else_comes_first(line):
    early = f"b: b1 = lt(i, k)\n            {line}\n            {EARLY}"
    function = nest("zero, n, one", "zero, m, one", "zero", "zero", early=early)
    result = apply(function, HoistChecks(), *CLEAN)
    checks = [op for op in all_ops(result.body) if op.prim is WRAP]
    assert checks
    assert not set(checks) & set(result.ops)


def test_checks_under_a_condition_stay():
    unchanged(
        """
        def f(x: f64[n], k: i64(k), b: b1):
            n: i64(n) = dim(x, axis=0)
            zero: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            c: f64 = const(dtype='f64', value=0.0)
            with for_(zero, k, one, c) as (i, s):
                i: i64(i)
                with if_(b):
                    w: i64(w) = wrap(i, n, line=4)
                    v: f64 = get(x, w, spec=('at',))
                    yield_(v)
                with else_():
                    yield_(s)
                t: f64 = outs()
                yield_(t)
            r: f64 = outs()
            return (r,)
        """,
        HoistChecks(),
    )


@given(program=ir_programs())
def test_random_programs(program):
    result = apply(program.function, HoistChecks(), *CLEAN)
    assert_same_bits(outcome(result, program.args), outcome(program.function, program.args))

"""Index checks: gone where they are certain to hold, there everywhere else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradc.analysis.affine import Affine, AffineForms, number
from gradc.analysis.ranges import Facts
from gradc.ir.walk import all_ops
from gradc.passes.dce import DeadCode
from gradc.passes.simplify import Simplify
from gradc.prims.index import WRAP
from tests.passes.helpers import apply, assert_same_bits, outcome, parse

TRIANGLE = """
    def f(x: f64[n], k: i64(k)):
        n: i64(n) = dim(x, axis=0)
        zero: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        two: i64(2) = const(dtype='i64', value=2)
        minus: i64(-1) = const(dtype='i64', value=-1)
        last: i64(last) = sub(n, one)
        half: i64(half) = floordiv(n, two)
        s: f64 = const(dtype='f64', value=0.0)
        with for_({outer}, s) as (i, t):
            i: i64(i)
            next: i64(next) = add(i, one)
            with for_({inner}, t) as (j, u):
                j: i64(j)
                {index}
                w: i64(w) = wrap(p, n, line=3)
                v: f64 = get(x, w, spec=('at',))
                a: f64 = add(u, v)
                yield_(a)
            b: f64 = outs()
            yield_(b)
        r: f64 = outs()
        return (r,)
"""
SIMPLE = "zero, two, one"
CASES = [
    # outer loop, inner loop, index, certain
    ("zero, n, one", SIMPLE, "p: i64(p) = add(i, zero)", True),
    ("one, n, one", SIMPLE, "p: i64(p) = sub(i, one)", True),
    ("zero, last, one", SIMPLE, "p: i64(p) = add(i, one)", True),
    ("zero, n, one", SIMPLE, "p: i64(p) = add(i, one)", False),
    ("zero, n, one", SIMPLE, "p: i64(p) = sub(i, one)", False),
    ("last, minus, minus", SIMPLE, "p: i64(p) = add(i, zero)", True),
    ("n, minus, minus", SIMPLE, "p: i64(p) = add(i, zero)", False),
    ("zero, n, two", SIMPLE, "p: i64(p) = add(i, zero)", True),
    ("zero, k, one", SIMPLE, "p: i64(p) = add(i, zero)", False),
    ("zero, n, one", "next, n, one", "p: i64(p) = add(j, zero)", True),
    ("zero, n, one", "zero, i, one", "p: i64(p) = sub(i, j)", True),
    ("zero, n, one", "zero, next, one", "p: i64(p) = sub(i, j)", True),
    ("zero, n, one", "zero, n, one", "p: i64(p) = sub(i, j)", False),
    ("zero, half, one", SIMPLE, "p: i64(p) = mul(i, two)", True),
    ("zero, half, one", SIMPLE, "q: i64(q) = mul(i, two); p: i64(p) = add(q, one)", True),
    ("zero, half, one", SIMPLE, "q: i64(q) = mul(i, two); p: i64(p) = add(q, two)", False),
    ("zero, n, one", SIMPLE, "q: i64(q) = sub(n, i); p: i64(p) = sub(q, one)", True),
    ("zero, n, one", SIMPLE, "p: i64(p) = mod(k, n)", True),
    ("zero, n, one", SIMPLE, "p: i64(p) = sub(minus, i)", True),
    ("zero, n, k", SIMPLE, "p: i64(p) = add(i, zero)", False),
]


@pytest.mark.parametrize(("outer", "inner", "index", "certain"), CASES)
def test_checks(outer, inner, index, certain):
    lines = index.replace("; ", "\n                ")
    function = parse(TRIANGLE.format(outer=outer, inner=inner, index=lines))
    result = apply(function, Simplify(), DeadCode())
    checks = [op for op in all_ops(result.body) if op.prim is WRAP]
    assert (checks == []) is certain
    for args in ((np.arange(5.0), 2), (np.arange(4.0), 1), (np.zeros(0), 3)):
        assert_same_bits(outcome(result, args), outcome(function, args))


def test_conditions_are_known_inside_branches():
    function = parse(
        """
        def f(x: f64[n], i: i64(i)):
            n: i64(n) = dim(x, axis=0)
            zero: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            nothing: f64 = const(dtype='f64', value=0.0)
            above: b1 = gt(i, zero)
            below: b1 = lt(i, n)
            both: b1 = land(above, below)
            with if_(both):
                p: i64(p) = sub(i, one)
                w: i64(w) = wrap(p, n, line=3)
                v: f64 = get(x, w, spec=('at',))
                yield_(v)
            with else_():
                q: i64(q) = wrap(i, n, line=4)
                u: f64 = get(x, q, spec=('at',))
                yield_(u)
            r: f64 = outs()
            return (r,)
        """
    )
    result = apply(function, Simplify(), DeadCode())
    assert [op.params["line"] for op in all_ops(result.body) if op.prim is WRAP] == [4]


def test_earlier_checks_count():
    function = parse(
        """
        def f(x: f64[n], y: f64[n], i: i64(i)):
            n: i64(n) = dim(x, axis=0)
            w: i64(w) = wrap(i, n, line=3)
            q: i64(q) = wrap(w, n, line=4)
            zero: i64(0) = const(dtype='i64', value=0)
            some: b1 = gt(n, zero)
            ok: b1 = check(some, error='ValueError', what='empty')
            first: i64(first) = wrap(zero, n, line=5)
            a: f64 = get(x, q, spec=('at',))
            b: f64 = get(x, first, spec=('at',))
            return (a, b)
        """
    )
    result = apply(function, Simplify(), DeadCode())
    assert [op.params["line"] for op in all_ops(result.body) if op.prim is WRAP] == [3]


@given(
    st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), max_size=5),
    st.lists(st.integers(-2, 2), min_size=3, max_size=3),
)
def test_proofs_are_sound(facts, goal):
    """Whatever is proven holds at every point that satisfies the facts."""
    known = Facts(AffineForms({}))
    for a, b, c in facts:
        known.add(number(0).plus(Affine({"a": 1}), a).plus(Affine({"b": 1}), b).shifted(c))
    form = number(0).plus(Affine({"a": 1}), goal[0]).plus(Affine({"b": 1}), goal[1])
    if known.proves(form.shifted(goal[2])):
        for a in range(-6, 7):
            for b in range(-6, 7):
                if all(p * a + q * b + r >= 0 for p, q, r in facts if p or q):
                    assert goal[0] * a + goal[1] * b + goal[2] >= 0

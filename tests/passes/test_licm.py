"""Loop-invariant code motion."""

import numpy as np
import pytest
from hypothesis import given

from gradc.ir.control import FOR
from gradc.passes.base import Context
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.licm import Hoist
from gradc.passes.simplify import Simplify
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import apply, assert_same_bits, parse, unchanged

LOOP = """
    def f(x: f64[n], a: f64[n, m], y: f64, k: i64(k)):
        n: i64(n) = dim(x, axis=0)
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        c: f64 = const(dtype='f64', value=0.0)
        w: i64(w) = wrap(k, n, line=3)
        with for_(lo, k, one, c, x) as (i, t, z):
            i: i64(i)
            {}
            s: f64 = add(t, v)
            z2: f64[n] = put(z, s, w, spec=('at',))
            yield_(s, z2)
        r: f64; z3: f64[n] = outs()
        return (r, z3)
"""
ARGS = (np.arange(4.0), np.ones((4, 2)), 0.5, 3)


@pytest.mark.parametrize(
    ("lines", "moved"),
    [
        ("v: f64 = exp(y)", ["exp"]),
        ("p: f64 = mul(y, y); v: f64 = exp(p)", ["mul", "exp"]),
        ("v: f64 = mul(y, y)", []),  # costs nothing
        ("v: f64 = exp(t)", []),
        ("v: f64 = get(x, w, spec=('at',))", ["get"]),
        ("v: f64 = get(z, w, spec=('at',))", []),  # the loop writes to it
        ("j: i64(j) = sub(w, one); v: f64 = get(x, j, spec=('at',))", []),  # may not be there
        ("v: f64 = max(x, axes=(0,))", []),  # may raise
        ("v: f64 = sum(x, axes=(0,))", ["sum"]),
        ("b: f64[n] = broadcast(y, n, axes=()); v: f64 = sum(b, axes=(0,))", ["broadcast", "sum"]),
        ("q: i64(q) = floordiv(n, k); d: f64 = cast(q, dtype='f64'); v: f64 = exp(d)", []),
        ("e: f64[n] = exp(x); p: f64[n] = mul(e, z); v: f64 = sum(p, axes=(0,))", ["exp"]),
        ("e: f64[n] = zeros(n, dtype='f64'); v: f64 = sum(e, axes=(0,))", []),
    ],
)
def test_what_moves(lines, moved):
    function = parse(LOOP.format(lines.replace("; ", "\n            ")))
    result = apply(function, Hoist())
    before = [op.prim.name for op in function.ops]
    after = [op.prim.name for op in result.ops]
    place = after.index("for_")
    assert after[place - len(moved) : place] == moved
    assert len(after) == len(before) + len(moved)
    assert (result is function) is (moved == [])
    assert_same_bits(evaluate(result, ARGS), evaluate(function, ARGS))


def test_moves_out_of_all_loops_at_once():
    function = parse(
        """
        def f(x: f64[n], y: f64):
            n: i64(n) = dim(x, axis=0)
            lo: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            c: f64 = const(dtype='f64', value=0.0)
            with for_(lo, n, one, c) as (i, s):
                i: i64(i)
                with for_(i, n, one, s) as (j, t):
                    j: i64(j)
                    e: f64 = exp(y)
                    u: f64 = get(x, i, spec=('at',))
                    p: f64 = mul(e, u)
                    t2: f64 = add(t, p)
                    yield_(t2)
                s2: f64 = outs()
                yield_(s2)
            r: f64 = outs()
            return (r,)
        """
    )
    result = apply(function, Hoist())
    assert [op.prim.name for op in result.ops][-2:] == ["exp", "for_"]
    (outer,) = (op for op in result.ops if op.prim is FOR)
    assert [op.prim.name for op in outer.regions[0].ops] == ["get", "for_"]


def test_branches_keep_what_is_theirs():
    unchanged(
        """
        def f(x: f64, y: f64):
            c: b1 = lt(x, y)
            with if_(c):
                a: f64 = exp(x)
                yield_(a)
            with else_():
                yield_(y)
            r: f64 = outs()
            return (r,)
        """,
        Hoist(),
    )


@given(program=ir_programs())
def test_random_programs(program):
    result = apply(program.function, Hoist())
    assert_same_bits(evaluate(result, program.args), evaluate(program.function, program.args))
    assert Hoist().run(result, Context()) is result
    cleaned = apply(program.function, Simplify(), Hoist(), CommonSubexpressions(), DeadCode())
    assert_same_bits(evaluate(cleaned, program.args), evaluate(program.function, program.args))

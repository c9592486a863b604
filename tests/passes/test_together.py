"""Arrays that a function needs for itself are made together; see the module."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import gradc
from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.ir.verify import verify
from gradc.passes.base import Context
from gradc.passes.together import MakeTogether
from gradc.prims.evaluate import evaluate
from gradc.prims.shape import BLOCK, REUSE
from tests.emit.strict import run_strictly
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import assert_close, check, parse

LOOPS = "inline,expand,simplify,cse,dce,loops,simplify,cse,dce,inplace,workspace"

TEXT = """
    def f(x: f64[n], k: i64(k)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        zero: f64 = const(dtype='f64', value=0.0)
        n: i64(n) = dim(x, axis=0)
        a: f64[n] = empty(n, dtype='f64')
        with for_(lo, n, one, a) as (i, a_1):
            i: i64(i)
            x_i: f64 = get(x, i, spec=('at',))
            a_2: f64[n] = put(a_1, x_i, i, inplace=True, spec=('at',))
            yield_(a_2)
        a_3: f64[n] = outs()
        m: i64(m) = add(n, one)
        b: f64[m] = zeros(m, dtype='f64')
        c: f64[n] = copy(a_3)
        q: f64 = get(b, lo, spec=('at',))
        p: f64 = get(a_3, lo, spec=('at',))
        r: f64 = get(c, lo, spec=('at',))
        s: f64 = add(p, q)
        t: f64 = add(s, r)
        return (t,)
"""
AFTER = """
    def f(x: f64[n], k: i64(k)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        zero: f64 = const(dtype='f64', value=0.0)
        n: i64(n) = dim(x, axis=0)
        m: i64(m) = add(n, one)
        a: f64[n] = empty(n, block=0, dtype='f64')
        c_1: f64[n] = empty(n, block=0, dtype='f64')
        b_1: f64[m] = empty(m, block=0, dtype='f64')
        with for_(lo, n, one, a) as (i, a_1):
            i: i64(i)
            x_i: f64 = get(x, i, spec=('at',))
            a_2: f64[n] = put(a_1, x_i, i, inplace=True, spec=('at',))
            yield_(a_2)
        a_3: f64[n] = outs()
        c: f64[n] = put(c_1, a_3, inplace=True, spec=('all',))
        none: f64 = const(dtype='f64', value=0.0)
        zeros: f64[m] = broadcast(none, m, axes=())
        b: f64[m] = put(b_1, zeros, inplace=True, spec=('all',))
        q: f64 = get(b, lo, spec=('at',))
        p: f64 = get(a_3, lo, spec=('at',))
        r: f64 = get(c, lo, spec=('at',))
        s: f64 = add(p, q)
        t: f64 = add(s, r)
        return (t,)
"""


def test_arrays_are_made_where_the_first_is_needed():
    check(TEXT, AFTER, MakeTogether(), names=False)


def blocks(text: str) -> list[list[str]]:
    """The names of the arrays of each block."""
    made = verify(MakeTogether().run(parse(text), Context()), "together")
    found: dict[int, list[str]] = {}
    for op in made.ops:
        if BLOCK in op.params:
            found.setdefault(op.params[BLOCK], []).append(op.out.name)
    return list(found.values())


ONE = [["a", "c", "b"]]
MAY_BE_NEGATIVE = ("add(n, one)", "add(n, k)")
CHECKED = (
    "copy(a_3)",
    """copy(a_3)
        fine: b1 = ge(k, lo)
        done: b1 = check(fine, error='ValueError', what='k is negative')""",
)
LAST_OF_A = "        p: f64 = get(a_3, lo, spec=('at',))\n"
FIRST_OF_B = "        q: f64 = get(b, lo, spec=('at',))\n"
SINGLE = [
    ("b: f64[m] = zeros(m, dtype='f64')", "b: f32[m] = zeros(m, dtype='f32')"),
    ("q: f64 = get(b, lo, spec=('at',))", "q_1: f32 = get(b, lo, spec=('at',))"),
    ("s: f64 = add(p, q)", "q: f64 = cast(q_1, dtype='f64')\n        s: f64 = add(p, q)"),
]


@pytest.mark.parametrize(
    ("pairs", "found"),
    [
        ([], ONE),
        ([("return (t,)", "return (t, b)")], [["a", "c"]]),
        ([("return (t,)", "return (t, a_3)")], [["c", "b"]]),
        ([("add(n, one)", "floordiv(n, k)")], [["a", "c"]]),
        ([("add(n, one)", "floordiv(n, one)")], ONE),
        ([MAY_BE_NEGATIVE], ONE),
        ([CHECKED], ONE),
        ([CHECKED, MAY_BE_NEGATIVE], [["a", "c"]]),
        ([(FIRST_OF_B + LAST_OF_A, LAST_OF_A + FIRST_OF_B)], [["a", "c"]]),
        (SINGLE, [["a", "c"]]),
    ],
    ids=[
        "alike",
        "one is returned",
        "what one is filled as is returned",
        "a size whose computation may fail",
        "a size that is a part of another",
        "a size that may be negative",
        "past an error, a size that is not negative",
        "past an error, a size that may be negative",
        "needed after the end of another",
        "of another type",
    ],
)
def test_what_is_made_together(pairs, found):
    text = TEXT
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    assert blocks(text) == found


REUSED = """
    def f(x: f64[n]):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        n: i64(n) = dim(x, axis=0)
        a: f64[n] = empty(n, dtype='f64')
        y: f64 = get(x, lo, spec=('at',))
        a_1: f64[n] = put(a, y, lo, inplace=True, spec=('at',))
        p: f64 = get(a_1, lo, spec=('at',))
        b: f64[n] = zeros(n, dtype='f64')
        q: f64 = get(b, lo, spec=('at',))
        c: f64[n] = empty(n, dtype='f64')
        c_1: f64[n] = put(c, p, lo, inplace=True, spec=('at',))
        r: f64 = get(c_1, lo, spec=('at',))
        s: f64 = add(q, r)
        return (s,)
"""
AFTER_REUSE = """
    def f(x: f64[n]):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        n: i64(n) = dim(x, axis=0)
        a: f64[n] = empty(n, dtype='f64')
        y: f64 = get(x, lo, spec=('at',))
        a_1: f64[n] = put(a, y, lo, inplace=True, spec=('at',))
        p: f64 = get(a_1, lo, spec=('at',))
        b_1: f64[n] = reuse(a_1)
        none: f64 = const(dtype='f64', value=0.0)
        zeros: f64[n] = broadcast(none, n, axes=())
        b: f64[n] = put(b_1, zeros, inplace=True, spec=('all',))
        q: f64 = get(b, lo, spec=('at',))
        c: f64[n] = reuse(b)
        c_1: f64[n] = put(c, p, lo, inplace=True, spec=('at',))
        r: f64 = get(c_1, lo, spec=('at',))
        s: f64 = add(q, r)
        return (s,)
"""


def test_sizes_of_a_copy_are_moved_before_it():
    text = """
        def f(x: f64[n], k: i64(k)):
            lo: i64(0) = const(dtype='i64', value=0)
            a: f64[n] = copy(x)
            n: i64(n) = dim(x, axis=0)
            b: f64[n] = zeros(n, dtype='f64')
            p: f64 = get(a, lo, spec=('at',))
            q: f64 = get(b, lo, spec=('at',))
            r: f64 = add(p, q)
            s: f64 = get(a, k, spec=('at',))
            t: f64 = add(r, s)
            return (t,)
    """
    assert blocks(text) == [["a", "b"]]


def test_a_size_of_two_blocks_is_moved_once():
    text = """
        def f(x: f64[n], y: f32[n], k: i64(k)):
            a: f64[n] = copy(x)
            b: f32[n] = copy(y)
            c: f64[n] = copy(x)
            d: f32[n] = copy(y)
            n: i64(n) = dim(x, axis=0)
            p: f64 = get(a, k, spec=('at',))
            q: f32 = get(b, n, spec=('at',))
            r: f64 = get(c, k, spec=('at',))
            s: f32 = get(d, k, spec=('at',))
            t: f64 = add(p, r)
            u: f32 = add(q, s)
            return (t, u)
    """
    assert blocks(text) == [["a", "c"], ["b", "d"]]


def test_arrays_lie_where_others_were():
    check(REUSED, AFTER_REUSE, MakeTogether(), names=False)


def test_arrays_that_are_read_again_stay():
    again = "a_2: f64 = get(v, lo, spec=('at',))\n        s: f64 = add(a_2, r)"
    view = "v: f64[n] = transpose(a, perm=(0,))\n        y: f64 = get(x"
    text = REUSED.replace("s: f64 = add(q, r)", again).replace("y: f64 = get(x", view)
    made = MakeTogether().run(parse(text), Context())
    assert [op.args[0].name for op in made.ops if op.prim is REUSE] == ["b"]


def test_arrays_that_take_turns_are_no_place():
    text = REUSED.replace(
        "p: f64 = get(a_1, lo, spec=('at',))",
        """e: f64[n] = zeros(n, dtype='f64')
        with for_(lo, n, one, a_1, e) as (i, g, h):
            i: i64(i)
            yield_(h, g)
        a_2: f64[n]; e_1: f64[n] = outs()
        p: f64 = get(a_2, lo, spec=('at',))""",
    )
    made = MakeTogether().run(parse(text), Context())
    assert [op.args[0].name for op in made.ops if op.prim is REUSE] == ["b"]


def smoothed(x, n):
    a = np.cumsum(x)
    b = np.zeros(len(x))
    for _ in range(n):
        for i in range(1, len(x)):
            b[i] = a[i - 1] * x[i] + b[i]
        c = np.cumsum(b)
        a = a * c
    return np.sum(a * b)


def test_text_and_gradient():
    gradient = gradc.grad(smoothed)
    x = np.linspace(0.1, 0.9, 5)
    text = gradient.derivative_for((x, 3), {})[1].compiled.kernel_text
    assert "= workspace(" in text
    (strict,) = run_strictly(text, "smoothed_grad", (x, 3))
    np.testing.assert_allclose(gradient(x, 3), strict, rtol=1e-13)
    gradient.check(x, 3)


def test_programs_to_be_read_have_no_workspace():
    x = np.linspace(0.1, 0.9, 5)
    for options in ({"target": "python"}, {"style": "numpy"}):
        source = gradc.grad(smoothed, **options).specialize(x, 3).compiled.source
        assert "workspace" not in source


@settings(deadline=None, max_examples=60)
@given(ir_programs(smooth=True))
def test_random_gradients(program):
    function = program.function
    wrt = [i for i, p in enumerate(function.params) if p.type.is_float]
    results = [i for i, r in enumerate(function.results) if r.type.is_scalar and r.type.is_float]
    if not wrt or not results:
        return
    made = run_passes(reverse(function, wrt, results=results), f"simplify,cse,dce,{LOOPS}")
    after = verify(MakeTogether().run(made, Context()), "together")
    with np.errstate(all="ignore"):
        assert_close(evaluate(after, program.args), evaluate(made, program.args))

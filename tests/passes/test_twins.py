"""What a loop carries twice is carried once, and only that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import gradc
from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.ir.control import FOR
from gradc.ir.core import Function, Region
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops, clone_op
from gradc.passes.base import Context
from gradc.passes.twins import Twins
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import assert_close, assert_same_bits, check, parse, unchanged

TWICE = """
def f(x: f64[n], s: f64, y: f64):
    n: i64(n) = dim(x, axis=0)
    lo: i64(0) = const(value=0, dtype='i64')
    one: i64(1) = const(value=1, dtype='i64')
    a: f64[n] = empty(n, dtype='f64')
    b: f64[n] = {made}
    with for_(lo, n, one, s, {second}, a, b) as (i, p, q, a_1, b_1):
        i: i64(i)
        a_2: f64[n] = put(a_1, p, i, spec=('at',))
        b_2: f64[n] = put(b_1, q, i, spec=('at',))
        x_i: f64 = get(x, i, spec=('at',))
        p_1: f64 = mul(p, x_i)
        q_1: f64 = {step}
        yield_(p_1, q_1, a_2, b_2)
    p_2: f64; q_2: f64; a_3: f64[n]; b_3: f64[n] = outs()
    {after}
    u: f64 = get(a_3, lo, spec=('at',))
    v: f64 = get(b_3, lo, spec=('at',))
    w: f64 = add(u, v)
    return (p_2, q_2, w)
"""
SAME = {"made": "empty(n, dtype='f64')", "second": "s", "step": "mul(x_i, q)", "after": ""}


def test_numbers_and_the_arrays_they_are_recorded_in():
    check(
        TWICE.format(**SAME),
        """
        def f(x: f64[n], s: f64, y: f64):
            n: i64(n) = dim(x, axis=0)
            lo: i64(0) = const(value=0, dtype='i64')
            one: i64(1) = const(value=1, dtype='i64')
            a: f64[n] = empty(n, dtype='f64')
            b: f64[n] = empty(n, dtype='f64')
            with for_(lo, n, one, s, a) as (i, p, a_1):
                i: i64(i)
                a_2: f64[n] = put(a_1, p, i, spec=('at',))
                x_i: f64 = get(x, i, spec=('at',))
                p_1: f64 = mul(p, x_i)
                q_1: f64 = mul(x_i, p)
                yield_(p_1, a_2)
            p_2: f64; a_3: f64[n] = outs()
            u: f64 = get(a_3, lo, spec=('at',))
            v: f64 = get(a_3, lo, spec=('at',))
            w: f64 = add(u, v)
            return (p_2, p_2, w)
        """,
        Twins(),
        names=False,
    )


def carried(text: str) -> int:
    function = parse(text)
    made = Twins().run(function, Context())
    x = np.array([0.5, -2.0, 3.0])
    assert_same_bits(evaluate(made, [x, 0.7, 0.2]), evaluate(function, [x, 0.7, 0.2]))
    (loop,) = (op for op in all_ops(made.body) if op.prim is FOR)
    return len(loop.outs)


def test_arrays_stay_where_their_numbers_differ():
    assert carried(TWICE.format(**SAME)) == 2
    unchanged(TWICE.format(**{**SAME, "second": "y"}), Twins())
    unchanged(TWICE.format(**{**SAME, "step": "add(q, x_i)"}), Twins())


def test_an_array_that_is_written_later_stays():
    after = "c: f64[n] = put(b_3, s, one, spec=('at',))"
    assert carried(TWICE.format(**{**SAME, "after": after})) == 3


def test_arrays_that_start_differently_stay():
    assert carried(TWICE.format(**{**SAME, "made": "zeros(n, dtype='f64')"})) == 3


def doubled(function: Function) -> Function:
    """A function that computes everything twice, and returns both."""
    body = function.body
    mapping = {param: param for param in body.params}
    again = [clone_op(op, mapping) for op in body.ops]
    results = (*body.yields, *(mapping.get(value, value) for value in body.yields))
    made = Function(function.name, Region(body.params, (*body.ops, *again), results))
    return verify(made)


@settings(deadline=None, max_examples=60)
@given(ir_programs(smooth=True))
def test_random_adjoints_computed_twice_keep_their_values(program):
    wrt = [i for i, p in enumerate(program.function.params) if p.type.is_float]
    both = doubled(run_passes(reverse(program.function, wrt), "simplify,cse,dce"))
    made = verify(run_passes(both, "jam,simplify,cse,twins,dce,jam,simplify,cse,twins,dce"))
    assert_close(evaluate(made, program.args), evaluate(both, program.args), rtol=1e-12)


def running_minimum(w, x):
    total = 0.0
    for i in range(x.shape[0]):
        least = np.inf
        for j in range(w.shape[0]):
            distance = 0.0
            for k in range(x.shape[1]):
                distance += (x[i, k] - w[j, k]) ** 2
            least = min(least, distance)
        total += least
    return total


def newton_step(w, x):
    def slope(w):
        return np.sum(gradc.grad(running_minimum, target="python")(w, x))

    gradient = gradc.grad(running_minimum, target="python")(w, x)
    return gradient / gradc.grad(slope, target="python")(w)


def test_two_derivatives_of_one_function_compute_it_once():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20, 2))
    w = x[:3] + 0.01
    value, pullback = gradc.vjp(newton_step, w, x, target="python")
    nearest = np.argmin(np.sum((x[:, None] - w) ** 2, axis=2), axis=1)
    means = np.stack([x[nearest == j].mean(axis=0) for j in range(3)])
    np.testing.assert_allclose(value, w - means, rtol=1e-12)
    by_w, _ = pullback(np.ones_like(w))
    np.testing.assert_allclose(by_w, np.ones_like(w), rtol=1e-12)


def test_the_program_of_both_has_each_loop_once():
    from bench.gradbench.functions import kmeans
    from bench.gradbench.modules import primal

    step = primal(kmeans.direction)
    step(np.ones((2, 3)), np.ones((4, 3)))
    source = step.derivative_for((np.ones((2, 3)), np.ones((4, 3))), {})[1].compiled.source
    assert source.count("np.minimum") == 1
    loops = [line for line in source.splitlines() if line.lstrip().startswith("for i in")]
    assert len(loops) == 2, "one over the points, one that divides"


@pytest.mark.parametrize("line", ["r: f64 = mul(x, y)", "r: f64 = add(x, y)"])
def test_nothing_to_do_is_the_same_object(line):
    unchanged(f"def f(x: f64, y: f64):\n    {line}\n    return (r,)\n", Twins())

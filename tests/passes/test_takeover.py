"""New arrays lie where arrays were that are read for the last time; see the module."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import gradc
from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.ir.verify import verify
from gradc.passes.base import Context
from gradc.passes.takeover import TakeOver
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import assert_close, check, parse

LOOPS = "inline,expand,simplify,cse,dce,loops,simplify,cse,dce,writes"

TEXT = """
    def f(x: f64[n]):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        c: f64 = const(dtype='f64', value=2.0)
        n: i64(n) = dim(x, axis=0)
        a: f64[n] = empty(n, dtype='f64')
        with for_(lo, n, one, a) as (i, a_1):
            i: i64(i)
            x_i: f64 = get(x, i, spec=('at',))
            e: f64 = exp(x_i)
            a_2: f64[n] = put(a_1, e, i, spec=('at',))
            yield_(a_2)
        t: f64[n] = outs()
        b: f64[n] = empty(n, dtype='f64')
        with for_(lo, n, one, b) as (j, b_1):
            j: i64(j)
            t_i: f64 = get(t, j, spec=('at',))
            u: f64 = get(x, lo, spec=('at',))
            v: f64 = mul(c, t_i)
            b_2: f64[n] = put(b_1, v, j, spec=('at',))
            yield_(b_2)
        b_3: f64[n] = outs()
        return (b_3,)
"""
AFTER = TEXT.replace("with for_(lo, n, one, b)", "with for_(lo, n, one, t)").replace(
    "get(t, j,", "get(b_1, j,"
)


def test_the_second_array_lies_where_the_first_was():
    check(TEXT, AFTER, TakeOver())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return (b_3,)", "return (b_3, t)"),
        (
            "v: f64 = mul(c, t_i)",
            "u: f64 = get(t, lo, spec=('at',))\n            v: f64 = mul(u, t_i)",
        ),
        ("put(b_1, v, j,", "put(b_1, v, lo,"),
        ("get(t, j,", "get(x, j,"),
    ],
    ids=["needed later", "another element", "written elsewhere", "the caller's"],
)
def test_arrays_that_stay_apart(old, new):
    function = parse(TEXT.replace(old, new))
    assert TakeOver().run(function, Context()) is function


def test_a_cotangent_lies_where_the_tape_was():
    def logsumexp(x):
        total = 0.0
        for i in range(len(x)):
            total += np.exp(x[i])
        return np.log(total)

    gradient = gradc.grad(logsumexp)
    x = np.linspace(-1.0, 1.0, 9)
    np.testing.assert_allclose(gradient(x), np.exp(x) / np.exp(x).sum(), rtol=1e-14)
    assert gradient.specialize(x).compiled.source.count("np.empty") == 1


@settings(deadline=None, max_examples=60)
@given(ir_programs(smooth=True))
def test_random_gradients(program):
    function = program.function
    wrt = [i for i, p in enumerate(function.params) if p.type.is_float]
    results = [i for i, r in enumerate(function.results) if r.type.is_scalar and r.type.is_float]
    if not wrt or not results:
        return
    made = run_passes(reverse(function, wrt, results=results), f"simplify,cse,dce,{LOOPS}")
    after = verify(TakeOver().run(made, Context()), "takeover")
    with np.errstate(all="ignore"):
        assert_close(evaluate(after, program.args), evaluate(made, program.args))

"""Loops along a direction run over what it reaches; see the module for the example."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

import gradc
from gradc.adjoint.jacobian import jacobian_forward, jacobian_reverse
from gradc.driver import run_passes
from gradc.ir.core import Region, Role
from gradc.ir.verify import verify
from gradc.ir.walk import map_regions, with_body
from gradc.passes.base import Context
from gradc.passes.reach import Reach
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import apply, assert_close, parse

LOOPS = "inline,expand,simplify,cse,dce,loops,simplify,cse,dce"

DIAGONAL = """
    def f(d: f64[n]):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        n: i64(n) = dim(d, axis=0)
        c: f64 = const(dtype='f64', value=1.0)
        jac: f64[n, n] = empty(n, n, dtype='f64', settled=True)
        with for_(lo, n, one, jac) as (p, jac_1):
            p: i64(p)
            z: f64[n] = zeros(n, dtype='f64')
            s: f64[n] = put(z, c, p, spec=('at',))
            with for_(lo, n, one, jac_1) as (i, jac_2):
                i: i64(i)
                s_i: f64 = get(s, i, spec=('at',))
                d_i: f64 = get(d, i, spec=('at',))
                v: f64 = mul(s_i, d_i)
                jac_3: f64[n, n] = put(jac_2, v, p, i, spec=('at', 'at'))
                yield_(jac_3)
            jac_4: f64[n, n] = outs()
            yield_(jac_4)
        jac_5: f64[n, n] = outs()
        return (jac_5,)
"""


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def residuals(x):
    return np.concatenate((10.0 * (x[1:] - x[:-1] ** 2), 1.0 - x[:-1]))


def laplacian(x):
    y = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        y[i] = x[i - 1] - 2.0 * x[i] + x[i + 1] - 0.1 * x[i] ** 3
    return y


def backwards(x):
    return x[::-1] * x


def halves(x):
    return np.sin(x[::2]) + np.sum(x[1::2] ** 2)


def running(x):
    y = x.copy()
    for i in range(1, len(x)):
        y[i] = y[i - 1] * x[i]
    return y


def overwritten(x):
    y = x * x
    y[1:] = x[:-1] * y[:-1]
    y[0] = y[-1]
    return y


def chosen(x):
    return np.where(x > 0.0, np.exp(x), x * x)[1:] * x[0]


def gathered(x):
    return x[np.array([1, 0, 0, 1])] * 2.0


def product(x):
    return np.outer(x, x) @ x


FUNCTIONS = (
    residuals,
    laplacian,
    backwards,
    halves,
    running,
    overwritten,
    chosen,
    gathered,
    product,
)


def of_a_derivative(text):
    """A function from text, whose ops belong to a derivative: text does not say that."""

    def tangent(region):
        ops = [replace(map_regions(op, tangent), role=Role.TANGENT) for op in region.ops]
        return Region(region.params, tuple(ops), region.yields)

    function = parse(text)
    return with_body(function, tangent(function.body))


def lowered(made, x):
    """A derivative as loops, before and after the pass."""
    program = run_passes(made.specialize(x).compiled.function, LOOPS)
    reached = verify(Reach().run(program, Context()), "reach")
    return program, reached, verify(Reach(keep=False).run(program, Context()), "reach")


@pytest.mark.parametrize("size", [2, 3, 5, 9])
@pytest.mark.parametrize("transform", [gradc.jacfwd, gradc.jacrev])
@pytest.mark.parametrize("function", FUNCTIONS)
def test_jacobians_keep_their_values(function, transform, size):
    x = np.random.default_rng(size).uniform(-1.0, 1.0, size)
    program, *reached = lowered(transform(function, target="python"), x)
    for made in reached:
        assert_close(evaluate(made, [x]), evaluate(program, [x]))


@pytest.mark.parametrize("size", [2, 3, 5, 9])
def test_hessians_keep_their_values(size):
    x = np.random.default_rng(size).uniform(-1.0, 1.0, size)
    for function in (rosenbrock, lambda x: np.sum(running(x) * laplacian(x))):
        program, *reached = lowered(gradc.hessian(function, target="python"), x)
        for made in reached:
            assert_close(evaluate(made, [x]), evaluate(program, [x]))


def test_an_elementwise_function_takes_one_element_for_each_direction():
    after = apply(of_a_derivative(DIAGONAL), Reach())
    d = np.array([2.0, 3.0, 5.0])
    (found,) = evaluate(after, [d])
    np.testing.assert_array_equal(found, np.diag(d))
    (outer,) = (op for op in after.ops if op.regions)
    inner = next(op for op in outer.regions[0].ops if op.regions)
    assert inner.args[0] is outer.regions[0].params[0]
    assert not any(op.prim.name == "empty" for op in after.ops)


def test_what_is_put_twice_is_not_left_out():
    unsettled = of_a_derivative(DIAGONAL.replace(", settled=True", ""))
    assert Reach().run(unsettled, Context()) is unsettled


def test_rows_of_a_stencil():
    source = gradc.hessian(rosenbrock, target="python").specialize(np.ones(5)).compiled.source
    # the rows that the four directions from `j` on reach
    assert "max(j - 1, 0)" in source
    assert "min(last, j_3 + 1)" in source
    assert "hess = np.zeros((n, n))" in source
    # the zeros of a direction are made once
    assert source.index("seed = np.zeros(n)") < source.index("for j in range(0, n, 4):")


def test_directions_that_go_in_parallel_have_arrays_of_their_own():
    made = gradc.jacrev(laplacian, parallel=True).specialize(np.ones(5))
    assert "prange" in made.compiled.source


def test_what_the_function_multiplies_by_zero_keeps_its_meaning():
    def pick(x, k):
        e = np.zeros(len(x))
        total = 0.0
        for _ in range(2):
            e = np.zeros(len(x))
            e[k] = 1.0
            for i in range(len(x)):
                total += e[i] * x[i]
        return total

    gradient = gradc.value_and_grad(pick, target="python")
    value, x_bar = gradient(np.array([1.0, math.inf]), 0)
    assert math.isnan(value)
    np.testing.assert_array_equal(x_bar, [2.0, 0.0])


@settings(deadline=None, max_examples=60)
@given(ir_programs(smooth=True))
def test_random_jacobians_keep_their_values(program):
    function = program.function
    wrt = [i for i, p in enumerate(function.params) if p.type.is_float]
    results = [i for i, r in enumerate(function.results) if r.type.is_float]
    for build in (jacobian_forward, jacobian_reverse):
        made = run_passes(build(function, wrt, results), f"simplify,cse,dce,{LOOPS}")
        reached = verify(Reach().run(made, Context()), "reach")
        with np.errstate(all="ignore"):
            assert_close(evaluate(reached, program.args), evaluate(made, program.args))

"""Nests of loops that add to neighbours gather from them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import gradc
from gradc import driver
from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.ir.core import Function
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.gather import Gather
from gradc.prims.evaluate import evaluate
from gradc.prims.index import ADD_AT
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import assert_close, parse, unchanged

SCATTER = """
def f(a: f64[n], b: f64[n], n: i64(n)):
    c: i64(0) = const(dtype='i64', value=0)
    c_1: i64(1) = const(dtype='i64', value=1)
    stop: i64(stop) = sub(n, c_1)
    zero: f64 = const(dtype='f64', value=0.0)
    with for_(c_1, stop, c_1, a, b) as (i, a_1, b_1):
        i: i64(i)
        v: f64 = get(a_1, i, spec=('at',))
        w: f64 = mul(v, v)
        left: i64(left) = sub(i, c_1)
        b_2: f64[n] = add_at(b_1, w, left, spec=('at',))
        right: i64(right) = add(i, c_1)
        b_3: f64[n] = add_at(b_2, v, right, spec=('at',))
        a_2: f64[n] = put(a_1, zero, i, spec=('at',))
        yield_(a_2, b_3)
    a_3: f64[n]; b_4: f64[n] = outs()
    return (a_3, b_4)
"""


def additions(function: Function) -> int:
    return sum(op.prim is ADD_AT for op in all_ops(function.body))


@pytest.mark.parametrize("size", [2, 3, 4, 5, 6, 9])
@pytest.mark.parametrize("backwards", [False, True])
def test_the_same_sums_at_every_size(size, backwards):
    text = SCATTER
    if backwards:
        text = text.replace(
            "zero: f64",
            "last: i64(last) = sub(stop, c_1)\n    back: i64(-1) = const(dtype='i64', "
            "value=-1)\n    zero: f64",
        ).replace("for_(c_1, stop, c_1,", "for_(last, c, back,")
    function = parse(text)
    made = verify(Gather().run(function, Context()))
    assert additions(made) == 3  # one in the core, two near the rim
    assert Gather().run(made, Context()) is made
    args = (1.0 + np.arange(size), 0.5 + np.arange(size), size)
    assert_close(evaluate(made, args), evaluate(function, args))


@pytest.mark.parametrize(
    "changed",
    [
        ("left: i64(left) = sub(i, c_1)", "left: i64(left) = mul(i, i)"),  # not at a distance
        ("right: i64(right) = add(i, c_1)", "right: i64(right) = sub(i, c_1)"),  # one place
        ("put(a_1, zero, i,", "put(a_1, zero, left,"),  # read after it was written
        ("get(a_1, i,", "get(b_1, i,"),  # of what is added to
        ("w: f64 = mul(v, v)", "w: f64 = exp(v)"),  # dear
        ("yield_(a_2, b_3)", "yield_(b_3, a_2)"),  # two buffers by turns
    ],
)
def test_other_loops_stay(changed):
    unchanged(SCATTER.replace(*changed), Gather())


def test_a_number_that_iterations_hand_on_is_not_added_elsewhere():
    handed_on = (
        ("a, b) as (i, a_1, b_1)", "a, b, zero) as (i, a_1, b_1, p)"),
        ("add_at(b_1, w,", "add_at(b_1, p,"),
        ("yield_(a_2, b_3)", "yield_(a_2, b_3, w)"),
        ("b_4: f64[n] = outs", "b_4: f64[n]; p_1: f64 = outs"),
    )
    text = SCATTER
    for changed in handed_on:
        text = text.replace(*changed)
    unchanged(text, Gather())


def row(u):
    total = 0.0
    for i in range(len(u) - 2):
        d = u[i] - 2.0 * u[i + 1] + u[i + 2]
        total += d * d
    return total


def plane(u):
    v = u.copy()
    for i in range(1, u.shape[0] - 1):
        for j in range(2, u.shape[1] - 1):
            v[i, j] = u[i, j] + 0.1 * (
                u[i - 1, j] + u[i + 1, j + 1] * u[i, j] + u[i, j - 2] + u[i, j + 1]
            )
    return np.sum(v * v)


def columns(u):
    total = 0.0
    for j in range(u.shape[1]):
        for i in range(1, u.shape[0]):
            total += (u[i, j] - u[i - 1, j]) ** 2
    return total


def space(u):
    total = 0.0
    for k in range(u.shape[0]):
        for i in range(1, u.shape[1]):
            for j in range(u.shape[2] - 1):
                d = u[k, i, j] - u[k, i - 1, j + 1]
                total += d * d
    return total


def back_and_forth(u):
    a, b = u.copy(), u.copy()
    for _ in range(3):
        for i in range(1, len(u) - 1):
            b[i] = a[i] + 0.1 * (a[i - 1] - 2.0 * a[i] + a[i + 1])
        for i in range(len(u) - 2, 0, -1):
            a[i] = b[i] + 0.1 * (b[i - 1] * b[i + 1] - b[i])
    return np.sum(a * a)


SHAPES = {
    row: [(1,), (2,), (3,), (4,), (5,), (11,)],
    back_and_forth: [(1,), (2,), (3,), (4,), (5,), (11,)],
    plane: [(2, 3), (3, 4), (3, 9), (7, 4), (4, 5), (8, 9)],
    columns: [(1, 3), (2, 1), (3, 2), (6, 5)],
    space: [(1, 1, 1), (2, 2, 2), (2, 3, 3), (3, 5, 4)],
}


@pytest.mark.parametrize("function", SHAPES)
def test_gradients_are_those_that_scatter(function, monkeypatch):
    arguments = [np.random.default_rng(3).random(shape) for shape in SHAPES[function]]
    theirs = gradc.grad(function, target="python")
    wanted = [theirs(u) for u in arguments]
    pipeline = driver.emission_pipeline
    monkeypatch.setattr(
        driver, "emission_pipeline", lambda style, target, *more: pipeline(style, "cpu", *more)
    )
    ours = gradc.grad(function, target="cpu" if function is plane else "python")
    for u, gradient in zip(arguments, wanted, strict=True):
        np.testing.assert_allclose(ours(u), gradient, rtol=1e-12, atol=1e-13)
    assert ours.source.count("for ") > theirs.source.count("for ")


def test_loops_over_what_a_direction_reaches_stay_whole():
    hessian = gradc.hessian(lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2))
    text = hessian.specialize(np.ones(9)).compiled.source
    assert text.count("for i in") == 3
    assert "skipped" not in text


def test_sums_in_blocks_are_not_rearranged():
    assert "gather" not in driver.emission_pipeline("loops", "cpu", True, True)
    assert "gather" not in driver.emission_pipeline("loops", "cuda")
    assert "gather" in driver.emission_pipeline("loops", "cpu")
    assert "gather" not in driver.emission_pipeline("loops", "python")


@settings(deadline=None, max_examples=60)
@given(ir_programs(smooth=True))
def test_random_adjoints_keep_their_values(program):
    wrt = [i for i, param in enumerate(program.function.params) if param.type.is_float]
    text = "expand,simplify,cse,dce,loops,simplify,cse,dce"
    adjoint = run_passes(reverse(program.function, wrt), text)
    made = verify(Gather().run(adjoint, Context()))
    assert_close(evaluate(made, program.args), evaluate(adjoint, program.args))

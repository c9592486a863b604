"""Arrays that a loop steps forward keep their steps in the place of tapes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
from gradc import driver
from gradc.ir.core import Function
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.mirror import Mirror
from gradc.passes.trajectory import Trajectories
from gradc.passes.upwards import Upwards
from gradc.prims.evaluate import evaluate
from gradc.prims.shape import EMPTY
from tests.generators.stepping_programs import program
from tests.passes.helpers import apply, assert_same_bits, parse, unchanged
from tests.passes.sharing import written

NEW = (Upwards.name, Trajectories.name, Mirror.name)
# Steps of y[i] = sin(y[i]) * y[i - 1], from 1 on, and what a way back may read.
STEPS = """
    def f(y: f64[n], steps: i64(steps)):
        zero: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        z: f64 = const(dtype='f64', value=0.0)
        n: i64(n) = dim(y, axis=0)
        le: b1 = le(one, n)
        ok: b1 = check(le, error='IndexError', what='an index is out of range')
        width: i64(width) = trip(one, n, one)
        count: i64(count) = trip(zero, steps, one)
        t: f64[count, {columns}] = empty(count, {columns}, dtype='f64')
        with for_(zero, steps, one, y, t) as (s, y_1, t_1):
            s: i64(s)
            first: f64 = get(y_1, zero, spec=('at',))
            {single}
            with for_({sweep}, one, y_2, first, t_1) as (i, y_3, before, t_2):
                i: i64(i)
                j: i64(j) = sub(i, one)
                old: f64 = get(y_3, {read}, spec=('at',))
                sin: f64 = sin(old)
                v: f64 = mul(sin, before)
                t_3: f64[count, {columns}] = put(t_2, {kept}, s, {column}, spec=('at', 'at'))
                y_4: f64[n] = put(y_3, v, {place}, spec=('at',))
                yield_(y_4, old, t_3)
            y_5: f64[n]; last: f64; t_4: f64[count, {columns}] = outs()
            yield_(y_5, t_4)
        y_6: f64[n]; t_5: f64[count, {columns}] = outs()
        with for_(zero, count, one, z) as (r, sum):
            r: i64(r)
            with for_(zero, {columns}, one, sum) as (k, sum_1):
                k: i64(k)
                a: f64 = get({read_back})
                b: f64 = add(sum_1, a)
                c: f64 = sin(b)
                yield_(c)
            sum_2: f64 = outs()
            yield_(sum_2)
        sum_3: f64 = outs()
        with for_(zero, n, one, sum_3) as (m, total):
            m: i64(m)
            e: f64 = get({after}, m, spec=('at',))
            g: f64 = mul(total, e)
            yield_(g)
        total_1: f64 = outs()
        return ({results},)
"""
USUAL = {
    "columns": "width",
    "single": "y_2: f64[n] = put(y_1, z, zero, spec=('at',))",
    "sweep": "one, n",
    "read": "i",
    "kept": "old",
    "column": "j",
    "place": "i",
    "read_back": "t_5, r, k, spec=('at', 'at')",
    "after": "y_6",
    "results": "total_1",
}


def text(**changed: str) -> str:
    return STEPS.format(**USUAL | changed)


@pytest.mark.parametrize("kept", ["old", "before", "v"])
@pytest.mark.parametrize("results", ["total_1", "total_1, y_6"])
def test_a_tape_of_the_array_is_not_recorded(kept, results):
    before = parse(text(kept=kept, results=results))
    after = apply(before, Trajectories())
    last = [] if results == "total_1" else ["f64[n]"]  # the array as it is in the end
    assert [str(made) for made in tables(after)] == ["f64[rows, n]", *last]
    for steps in (0, 1, 4):
        given = [np.array([0.5, -1.2, 2.0, 0.3]), steps]
        assert_same_bits(evaluate(after, given), evaluate(before, given))
    assert Trajectories().run(after, Context()) is after


@pytest.mark.parametrize(
    "changed",
    [
        {"sweep": "one, width"},  # not all elements are written
        {"single": "y_2: f64[n] = put(y_1, z, width, spec=('at',))"},  # one is written twice
        {"kept": "sin"},  # the tape holds another number
        {"columns": "steps"},  # may be a short tape
        {"results": "total_1, t_5"},  # the tape is wanted as it is
        {"place": "s"},  # the same element again and again
        {"column": "zero"},  # the last one of each step is recorded
        {"read": "s"},  # which may be one before or after this step
        {"read_back": "y_6, k, spec=('at',)"},  # nothing reads the tape
    ],
)
def test_what_stays(changed):
    unchanged(text(**changed), Trajectories())


def tables(function: Function) -> list[Any]:
    return [op.out.type for op in all_ops(function.body) if op.prim is EMPTY]


# 36 and 135: an index was made of that of another loop; 1089: `gather` took a number that is handed
# on for one that is the same in all iterations
@pytest.mark.parametrize("seed", [36, 135, 1089, *range(200, 212)])
def test_random_steps(seed: int) -> None:
    """Gradients are the same without these passes, and without any after reverse mode."""
    given = gradient_program(seed)
    plain, made = prepared(given, NEW), prepared(given, ())
    rng = np.random.default_rng(seed)
    for n, steps in ((5, 3), (2, 1), (3, 0), (4, 2)):
        args = [rng.normal(size=n) * 0.7, rng.normal(size=n) * 0.7, steps]
        for one, other, raw in zip(*(evaluate(f, args) for f in (made, plain, given)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
            np.testing.assert_allclose(one, raw, rtol=1e-9, atol=1e-11)


def gradient_program(seed: int) -> Function:
    text = program(seed).replace("return y\n", "return np.sum(y * np.sin(y + 1.0))\n")
    gradient = gradc.grad(written(text, "f"), argnums=(0, 1))
    _, made = gradient.derivative_for((np.ones(5), np.ones(5), 3), {})
    return made.compiled.function


def prepared(function: Function, without: tuple[str, ...]) -> Function:
    """The program as it is printed, without some passes."""
    passes = driver.parse_pipeline(driver.emission_pipeline("loops", "cpu"), driver.REGISTRY)
    return apply(function, *(each for each in passes if each.name not in without))


def logistic(x, steps):
    y = np.full(len(x), 0.5)
    for _ in range(steps):
        for i in range(len(x)):
            y[i] += 0.1 * x[i] * y[i] * (1.0 - y[i])
    return np.sum(y * y)


def test_what_is_printed():
    gradient = gradc.grad(logistic)
    x = np.array([0.3, -0.8, 1.5])
    found = gradient(x, 4)
    _, made = gradient.derivative_for((x, 4), {})
    text = made.compiled.kernel_text
    assert "y_tape[after, i] = y_tape_i + " in text
    assert text.count("_tape[") - text.count("y_tape[") == 0
    halves = [
        [(logistic(x + d, 4) - logistic(x - d, 4)) / (2 * h) for d in h * np.eye(3)]
        for h in (2e-3, 1e-3)
    ]
    wanted = (4 * np.array(halves[1]) - np.array(halves[0])) / 3
    np.testing.assert_allclose(found, wanted, rtol=1e-9)

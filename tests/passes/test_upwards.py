"""Loops whose iterations are independent run upwards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

import gradc
from gradc.passes.upwards import Upwards
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import apply, assert_close, check, parse, unchanged

PROGRAM = """
    def f(x: f64[n], y: f64[n], n: i64(n)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        minus: i64(-1) = const(dtype='i64', value=-1)
        z: f64 = const(dtype='f64', value=0.0)
        top: i64(top) = sub(n, one)
        {before}
        with for_({range}, y, z) as (i, y_1, s):
            i: i64(i)
            {extra}
            v: f64 = get(x, i, spec=('at',))
            w: f64 = get(y_1, {place}, spec=('at',))
            t: f64 = mul(v, w)
            y_2: f64[n] = put(y_1, t, {written}, spec=('at',))
            {carried}
            yield_(y_2, s_1)
        y_3: f64[n]; s_2: f64 = outs()
        return (y_3, s_2)
"""
USUAL = {
    "before": "",
    "range": "top, minus, minus",
    "extra": "",
    "place": "i",
    "written": "i",
    "carried": "s_1: f64 = add(s, t)",
}


def program(**changed: str) -> str:
    text = PROGRAM.format(**USUAL | changed)
    return "\n".join(line for line in text.splitlines() if line.strip())


def test_a_loop_of_elements_and_a_sum():
    bounds = (
        "c: i64(0) = const(dtype='i64', value=0)\n        c_1: i64(1) = const(dtype='i64', value=1)"
    )
    made = check(program(), program(range="c, n, c_1", before=bounds), Upwards())
    x, y = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 4.0])
    found, total = evaluate(made, [x, y, 3])
    assert (found.tolist(), total) == ([0.5, -2.0, 12.0], 10.5)


@pytest.mark.parametrize("stop", ["lo", "top"])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_other_bounds(stop, size):
    function = parse(program(range=f"top, {stop}, minus"))
    made = apply(function, Upwards())
    assert made is not function
    given = [np.arange(1.0, size + 1), np.arange(2.0, size + 2), size]
    assert_close(evaluate(made, given), evaluate(function, given))


@pytest.mark.parametrize(
    "changed",
    [
        {"written": "lo"},  # the last one stays
        {"place": "lo"},  # what an iteration reads another one writes
        {"carried": "s_1: f64 = mul(s, t)"},
        {"carried": "s_1: f64 = add(t, z)"},  # handed on to the next
        {"range": "lo, n, one"},
        {
            "extra": "lt: b1 = lt(i, one)\n"
            "            ok: b1 = check(lt, error='IndexError', what='i')"
        },  # the first error would be another one
    ],
)
def test_what_stays(changed):
    unchanged(program(**changed), Upwards())


@settings(max_examples=50)
@given(program=ir_programs())
def test_random_programs(program):
    result = apply(program.function, Upwards())
    assert_close(evaluate(result, program.args), evaluate(program.function, program.args))


def test_the_way_back_of_steps():
    def f(x, steps):
        y = np.ones(len(x))
        for _ in range(steps):
            for i in range(len(x)):
                y[i] += 0.1 * np.sin(y[i]) * x[i]
        return y[0] * y[1]

    gradient = gradc.grad(f)
    found = gradient(np.array([0.3, -0.8]), 2)
    text = gradient.derivative_for((np.ones(2), 2), {})[1].compiled.kernel_text
    assert "for i in range(n):  # line" in text
    steps = 1e-4 * np.eye(2)
    x = np.array([0.3, -0.8])
    wanted = [(f(x + h, 2) - f(x - h, 2)) / 2e-4 for h in steps]
    np.testing.assert_allclose(found, wanted, rtol=1e-7)

"""Which quotients count as finite; see the module."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.analysis.overflow import Overflow, overflows
from tests.passes.helpers import parse

STEPS = """
    def f(t: f64, steps: i64(steps), k: i64(k)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        two: f64 = const(dtype='f64', value=2.0)
        half: f64 = div(t, two)
        count: f64 = cast(steps, dtype='f64')
        h: f64 = div(half, count)
        g: f64 = mul(two, h)
        with for_(lo, steps, one, t) as (s, y,):
            s: i64(s)
            y_1: f64 = add(y, g)
            yield_(y_1)
        y_2: f64 = outs()
        return (y_2,)
"""


def _level(text: str, name: str) -> Overflow:
    found = {value.name: level for value, level in overflows(parse(text)).items()}
    return found.get(name, Overflow.FINITE)


@pytest.mark.parametrize(
    ("old", "new", "level"),
    [
        ("", "", Overflow.FINITE),
        ("for_(lo, steps,", "for_(lo, k,", Overflow.LIKELY),
        ("for_(lo, steps, one, t)", "for_(lo, steps, one, g)", Overflow.LIKELY),
        ("return (y_2,)", "return (y_2, g)", Overflow.LIKELY),
        ("div(half, count)", "div(half, t)", Overflow.LIKELY),
    ],
    ids=["its own loop", "another loop", "before the loop", "in the result", "by a float"],
)
def test_a_part_of_the_steps(old: str, new: str, level: Overflow):
    assert _level(STEPS.replace(old, new), "h") is level


@pytest.mark.parametrize(("divisor", "level"), [(2.0, Overflow.FINITE), (0.0, Overflow.LIKELY)])
def test_a_division_by_a_literal_number(divisor: float, level: Overflow):
    text = STEPS.replace("value=2.0", f"value={divisor}")
    assert _level(text, "half") is level


def test_no_steps_leave_no_nan():
    def last(t, steps):
        h = t / steps
        y = np.zeros(3)
        for _ in range(steps):
            for i in range(3):
                y[i] += h * np.exp(y[i] * h)
        return y[-1] + t

    assert gradc.grad(last)(0.5, 0) == 1.0

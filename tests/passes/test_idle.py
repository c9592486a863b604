"""Loops that add up what a direction makes of small arrays are skipped where these are zero."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gradc
from gradc.driver import run_passes
from gradc.ir.control import IF
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.idle import SkipIdle
from gradc.prims.evaluate import evaluate
from tests.passes.helpers import assert_close

LOOPS = "inline,expand,simplify,cse,dce,loops,simplify,cse,dce,reach"


def applied(angles, points):
    """Each angle turns some points of its own; every third one turns all."""
    out = np.zeros(points.shape)
    for k in range(len(angles)):
        turn = np.array([[math.cos(angles[k]), -math.sin(angles[k])], [math.sin(angles[k]), 1.0]])
        for v in range(points.shape[0]):
            for i in range(2):
                out[v, i] += turn[i, 0] * points[v, 0] + turn[i, 1] * points[v, 1]
    return out


def read_in_order(x, points):
    """What an iteration reads is its own."""
    out = np.zeros(len(points))
    for k in range(len(x)):
        y = x * points[k]
        for v in range(len(x)):
            out[v] += y[v]
    return out


def overwritten(x, points):
    """The loop puts, and a zero is not nothing."""
    out = np.ones(len(points))
    for k in range(len(x)):
        for v in range(len(points)):
            out[v] = x[k] * points[v]
    return out


def passed(function, *args):
    program = run_passes(
        gradc.jacfwd(function, target="python").specialize(*args).compiled.function, LOOPS
    )
    after = verify(SkipIdle().run(program, Context()), "idle")
    assert SkipIdle().run(after, Context()) is after
    return program, after


def branches(function):
    return sum(op.prim is IF for op in all_ops(function.body))


ANGLES, POINTS = np.array([0.3, 0.7, -0.2, 1.1, 0.4]), np.linspace(-1.0, 1.0, 40).reshape(20, 2)


def test_a_loop_over_points_is_skipped_for_other_directions():
    program, after = passed(applied, ANGLES, POINTS)
    assert branches(after) == branches(program) + 2
    assert_close(evaluate(after, [ANGLES, POINTS]), evaluate(program, [ANGLES, POINTS]))


@pytest.mark.parametrize("points", [POINTS, POINTS[:2]], ids=["many", "few"])
def test_compiled(points):
    found = gradc.jacfwd(applied)(ANGLES, points)
    wanted = gradc.jacrev(applied, target="python")(ANGLES, points)
    np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("function", [read_in_order, overwritten])
def test_other_loops_stay(function):
    program, after = passed(function, ANGLES, np.linspace(0.0, 1.0, 5))
    assert after is program


def test_infinite_points_say_nothing_about_other_directions():
    points = POINTS.copy()
    points[3, 0] = math.inf
    found = gradc.jacfwd(applied, target="cpu")(ANGLES, points)
    assert not np.isfinite(found[3]).all()
    assert np.isfinite(np.delete(found, 3, axis=0)).all()


def test_programs_without_directions_stay():
    program = run_passes(
        gradc.grad(lambda x: np.sum(np.sin(x) ** 2), target="python")
        .specialize(ANGLES)
        .compiled.function,
        LOOPS,
    )
    assert SkipIdle().run(program, Context()) is program

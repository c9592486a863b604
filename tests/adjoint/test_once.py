"""What is the same in all directions is computed once, before the loop over them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

import gradc
from gradc.adjoint.hessian import hessian_of_gradient
from gradc.adjoint.jacobian import jacobian_forward
from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.ir.control import FOR
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.modes import JacobianPass
from gradc.passes.base import Context
from gradc.passes.idle import SkipIdle
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import assert_close
from tests.zoo import CASES
from tests.zoo.switches import subject_of

CLEAN = "simplify,cse,dce"
LOOPS = f"inline,expand,{CLEAN},loops,{CLEAN},reach"


def skinned(angles, offsets, points, weights):
    """Points that follow a chain of rotations, each with a weight for each link."""
    links = len(angles)
    turns = np.zeros((links, 2, 2))
    places = np.zeros((links, 2))
    moved = np.zeros(points.shape)
    for k in range(links):
        c = math.cos(angles[k])
        s = math.sin(angles[k])
        turn = np.array([[c, -s], [s, c]])
        if k == 0:
            turns[k] = turn
            places[k] = offsets[k]
        else:
            turns[k] = turns[k - 1] @ turn
            places[k] = places[k - 1] + turns[k - 1] @ offsets[k]
        for v in range(points.shape[0]):
            for i in range(2):
                at = turns[k, i, 0] * points[v, 0] + turns[k, i, 1] * points[v, 1] + places[k, i]
                moved[v, i] += weights[v, k] * at
    return moved * moved


def arm(q, lengths, targets):
    """How far the ends of the links of an arm in a plane are from targets."""
    total, x, y = 0.0, 0.0, 0.0
    out = np.empty(targets.shape)
    for k in range(len(q)):
        total += q[k]
        x += lengths[k] * math.cos(total)
        y += lengths[k] * math.sin(total)
        for i in range(targets.shape[1]):
            out[k, i] = (x - targets[k, i]) ** 2 + y
    return out


RNG = np.random.default_rng(4)
SKINNED = (
    skinned,
    (
        RNG.uniform(-1.0, 1.0, 6),
        RNG.uniform(0.5, 1.0, (6, 2)),
        RNG.uniform(-1.0, 1.0, (40, 2)),
        RNG.uniform(0.0, 1.0, (40, 6)),
    ),
)
ARM = (arm, (RNG.uniform(-1.0, 1.0, 6), RNG.uniform(0.5, 1.0, 6), RNG.uniform(size=(6, 40))))


@pytest.mark.parametrize(
    ("function", "args", "target"),
    [(*SKINNED, "python"), (*SKINNED, "cpu"), (*ARM, "python")],
    ids=["skinned", "skinned compiled", "arm"],
)
def test_both_modes_agree(function, args, target):
    jacobian = gradc.jacfwd(function, target=target)(*args)
    wanted = gradc.jacrev(function, target="python")(*args)
    np.testing.assert_allclose(jacobian, wanted, rtol=1e-11, atol=1e-13)


def passes_of(function, args, once):
    """The Jacobian as loops over scalars, and the loop over directions in it."""
    program = gradc.jacfwd(function, target="python").specialize(*args)
    primal = program.compiled.primal
    made = JacobianPass(once=once).run(run_passes(primal, CLEAN), Context())
    made = verify(run_passes(made, f"{CLEAN},{LOOPS}"), "jacobian")
    (loop,) = [op for op in made.ops if op.prim is FOR and "jac" in {out.name for out in op.outs}]
    return made, loop


def multiplications(region):
    return sum(op.prim.name == "mul" for op in all_ops(region))


def test_a_pass_has_less_to_do():
    function, args = SKINNED
    once, inside = passes_of(function, args, True)
    again, whole = passes_of(function, args, False)
    assert multiplications(inside.regions[0]) < multiplications(whole.regions[0])
    assert_close(evaluate(once, args), evaluate(again, args))


def test_what_the_iterations_need_is_not_computed_twice():
    def recurrence(x):
        y = 0.3
        for i in range(len(x)):
            y = math.sin(y + x[i])
        return y * np.ones(2)

    made, loop = passes_of(recurrence, (np.ones(5),), True)
    sines = [op for op in all_ops(made.body) if op.prim.name == "sin"]
    assert len(sines) == 1
    assert sines[0] in set(all_ops(loop.regions[0]))


def differentiable():
    return [
        pytest.param(case, id=case.name)
        for case in CASES[::9]
        if (subject := subject_of(case)) is not None
        if any(subject.function.params[k].type.rank for k in subject.wrt)
    ]


@pytest.mark.parametrize("case", differentiable())
def test_functions_of_the_zoo(case):
    subject = subject_of(case)
    function = run_passes(subject.function, f"inline,{CLEAN}")
    found = []
    for once in (True, False):
        made = jacobian_forward(function, subject.wrt, subject.floats, once)
        found.append(evaluate(verify(run_passes(made, CLEAN), "jacobian"), subject.args))
    assert_close(*found)


@settings(deadline=None, max_examples=60)
@given(ir_programs(smooth=True))
def test_random_programs(program):
    function, args = program.function, program.args
    wrt = [k for k, param in enumerate(function.params) if param.type.is_float]
    results = [k for k, result in enumerate(function.results) if result.type.is_float]
    if not wrt or not results:
        return
    found = []
    for once in (True, False):
        made = verify(jacobian_forward(function, wrt, results, once), "jacobian")
        lowered = run_passes(made, LOOPS)
        found.append(evaluate(verify(SkipIdle().run(lowered, Context()), "idle"), args))
    assert_close(*found)


@settings(deadline=None, max_examples=30)
@given(ir_programs(smooth=True))
def test_random_hessians(program):
    function, args = program.function, program.args
    wrt = [k for k, param in enumerate(function.params) if param.type.is_float]
    results = [k for k, result in enumerate(function.results) if result.type.is_scalar]
    results = [k for k in results if function.results[k].type.is_float][:1]
    if not wrt or not results:
        return
    gradient = reverse(function, wrt, results=results)
    found = [
        evaluate(verify(hessian_of_gradient(gradient, wrt, once), "hessian"), args)
        for once in (True, False)
    ]
    assert_close(*found)

"""Several lanes of one function: each is what the function is at the lane's own arguments."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings

from gradc.adjoint.lanes import dependent_values, with_lanes
from gradc.adjoint.reverse import reverse
from gradc.faces.program import make_program
from gradc.ir.core import Function, Region
from gradc.ir.verify import verify
from gradc.options import Options
from gradc.prims.evaluate import evaluate
from tests.adjoint.test_random_ir import float_positions, float_results, random_like
from tests.generators.ir_programs import ir_programs


def lanes_of(function: Function, positions: list[int], lanes: int) -> Function:
    """With every size and value where it should be."""
    return verify(with_lanes(function, positions, lanes), "lanes")


@settings(max_examples=100, deadline=None)
@given(ir_programs(smooth=False))
def test_lanes_of_a_pullback_are_pullbacks(program):
    function = program.function
    assume(float_positions(function) and float_results(function))
    count, first = len(function.results), len(function.params)
    swept = reverse(function, float_positions(function), seeded=True)
    body = Region(swept.params, swept.ops, swept.results[count:])
    pullback = Function(swept.name, body, swept.loc)
    seeds = list(range(first, len(swept.params)))
    made = lanes_of(pullback, seeds, 3)
    values = evaluate(function, program.args)
    chosen = [values[index] for index in float_results(function)]
    cotangents = [random_like(chosen, lane) for lane in range(3)]
    found = evaluate(made, [*program.args, *(seed for own in cotangents for seed in own)])
    for lane, own in enumerate(cotangents):
        wanted = evaluate(pullback, [*program.args, *own])
        part = found[lane * len(wanted) : (lane + 1) * len(wanted)]
        for left, right in zip(part, wanted, strict=True):
            np.testing.assert_array_equal(left, right)


def counted(s, x, n):
    """The loop is the same for all lanes of `s`, and so is part of what it carries."""
    a, b, y = x, s, np.zeros(3)
    for i in range(n):
        a = a * x
        b = b * a + i
        y[i % 3] += b
    return a, b, y


def chosen(s, x, n):
    """One branch by what is shared, one by the lane."""
    if x > 1.0:
        a, b = x * s, x
    else:
        a, b = x, s
    if s > 0.5:
        a = a + 1.0
    return a, b, n


def repeated(s, x, n):
    """One `while` loop ends by what is shared, one when its lane is done."""
    k, t = 0, s
    while k < n:
        k, t = k + 1, t * x
    u = x
    while u < 3.0:
        u = u + abs(s) + 0.1
    return t, u, k


@pytest.mark.parametrize("fn", [counted, chosen, repeated], ids=lambda fn: fn.__name__)
@pytest.mark.parametrize("x", [0.7, 1.3])
@pytest.mark.parametrize("position", [0, 1])
def test_loops_and_branches(fn, x, position):
    args = [0.4, x, 4]
    program = make_program(fn, args, {}, ("s", "x", "n"), Options(target="python"))
    function = program.lowered.function
    made = lanes_of(function, [position], 3)
    others = [arg for n, arg in enumerate(args) if n != position]
    values = [0.2, 0.9, 1.4]
    found = evaluate(made, [*others, *values])
    count = len(function.results)
    for lane, value in enumerate(values):
        given = list(args)
        given[position] = value
        wanted = evaluate(function, given)
        for left, right in zip(found[lane * count :], wanted, strict=False):
            np.testing.assert_array_equal(left, right)


def test_what_is_shared_is_computed_once():
    program = make_program(counted, [0.4, 0.7, 4], {}, ("s", "x", "n"), Options(target="python"))
    function = program.lowered.function
    made = with_lanes(function, [0], 4)
    loops = [op for op in made.ops if op.regions]
    assert len(loops) == 1
    assert len(dependent_values(function.ops, [function.params[0]])) > 1
    assert sum(value.name == "a" for value in loops[0].outs) == 1
    assert sum(value.name == "b" for value in loops[0].outs) == 4

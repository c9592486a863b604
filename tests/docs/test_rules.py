"""The rules on the page of functions are those of the derivatives of their calls.

A function is linear where the tangent of a call does not read what the call was made at, linear in
each operand where it does so for each operand alone::

    np.trace(A)     the tangent is the trace of A_dot, without A            linear
    np.dot(x, y)    without x in the direction x_dot, without y in y_dot    linear in each operand
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gradc.adjoint.forward import forward
from gradc.explain.functions_page import _RULES
from gradc.faces.program import make_program
from gradc.ir.core import Function, Kind
from gradc.ir.walk import all_ops
from gradc.options import Options
from gradc.passes.base import Context
from gradc.passes.dce import DeadCode
from gradc.passes.simplify import Simplify
from gradc.prims.table import TABLE
from tests.surface import CASES
from tests.surface.case import SurfaceCase

RULES = {
    name.replace("np.", "numpy.", 1): rule
    for rule, names in _RULES.items()
    for name in names.split()
    if rule != "constant"  # their calls are parts of larger ones, so that there is a derivative
}
CALLS: dict[str, list[SurfaceCase]] = {}
for each in CASES:
    CALLS.setdefault(each.name, []).append(each)
# Sizes, indices, comparisons and orders: what these read does not count.
_SILENT = tuple(prim for prim in TABLE.values() if prim.kind is Kind.CONSTANT)
# Called in larger calls only; the order of equal elements is in the result of the sort.
_NOT_ALONE = "numpy.copy numpy.float64 numpy.float32 numpy.full_like numpy.sort numpy.partition"


def tangents(function: Function, wrt: Sequence[int]) -> Function:
    """The tangents of the results alone, along some of the parameters."""
    both = forward(function, wrt)
    kept = both.results[len(function.results) :]
    made: Function = replace(both, body=replace(both.body, yields=kept))
    for tidy in (Simplify(), DeadCode()):
        made = tidy.run(made, Context())
    return made


def reads(program: Function, positions: Sequence[int]) -> bool:
    """Whether elements of some parameters are used, and not their sizes only."""
    wanted = {program.params[k] for k in positions}
    return bool(wanted & set(program.results)) or any(
        wanted & set(op.args) for op in all_ops(program.body) if op.prim not in _SILENT
    )


def applies(rule: str, case: SurfaceCase) -> bool:
    """Whether a rule is that of a call, which may also be a part of a larger one."""
    names = [f"arg{k}" for k in range(len(case.args))]
    program = make_program(case.fn, list(case.args), {}, names, Options(target="python"))
    function = program.lowered.function
    floats = [k for k, param in enumerate(function.params) if param.type.is_float]
    if rule == "monomial":
        return any(op.prim.kind is Kind.POWER for op in all_ops(function.body))
    if rule == "linear in each operand":
        return not any(reads(tangents(function, [k]), [k]) for k in floats)
    return not reads(tangents(function, floats), floats)


@pytest.mark.parametrize(
    "name", [name for name in RULES if name in CALLS and name not in _NOT_ALONE.split()]
)
def test_the_rule_is_that_of_a_call(name: str) -> None:
    assert any(applies(RULES[name], case) for case in CALLS[name])


def test_most_of_them_have_a_call() -> None:
    assert sum(name in CALLS for name in RULES) > 0.9 * len(RULES)


def test_what_is_not_linear_is_not_said_to_be() -> None:
    for name in ("numpy.square", "numpy.exp", "numpy.std"):
        assert not any(applies("linear", case) for case in CALLS[name])
    assert not any(applies("linear in each operand", case) for case in CALLS["numpy.std"])

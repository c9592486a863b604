"""The backward pass, one op at a time, with everything written down that it adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradc.adjoint.cotangents import Cotangents
from gradc.adjoint.guards import Guards
from gradc.adjoint.reverse import ReverseSweep
from gradc.adjoint.rules import contributions
from gradc.analysis.activity import Activity, activity
from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Kind, Op, Region, Role, Value
from gradc.ir.walk import used_by
from gradc.prims.evaluate import evaluate_all
from gradc.prims.index import Into
from gradc.prims.trace import Var


@dataclass(frozen=True, slots=True)
class Addition:
    """One contribution to the cotangent of an operand.

    Attributes
    ----------
    operand : Value
    before, after : Value or None, Value
        The operand's cotangent before and after.
    added : Value or None
        The contribution itself; None where it went into a part of the cotangent.
    local : Value or None
        The local derivative: the same contribution for a cotangent of one.
    """

    operand: Value
    before: Value | None
    after: Value
    added: Value | None
    local: Value | None = None


@dataclass(frozen=True, slots=True)
class SweptOp:
    """An op, the cotangents of its results when it was reached, and what it added."""

    op: Op
    incoming: tuple[Value | None, ...]
    additions: tuple[Addition, ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """The whole backward pass.

    Attributes
    ----------
    function : Function
        The ops forwards and backwards; evaluating it gives all values and cotangents.
    ops : tuple of SweptOp
        In the order of the backward pass, active ones only.
    gradient : tuple of Value
        One cotangent for each parameter asked for.
    """

    function: Function
    ops: tuple[SweptOp, ...]
    gradient: tuple[Value, ...]
    activity: Activity

    def values(self, point: Sequence[Any]) -> Mapping[Value, Any]:
        """Evaluate everything at a point."""
        return evaluate_all(self.function, point)


class _Recorder(Cotangents):
    """Cotangents that note each contribution."""

    log: list[Addition]

    def add(self, primal: Value, contribution: Any) -> None:
        before = self.get(primal)
        super().add(primal, contribution)
        after = self.get(primal)
        if after is not None and after is not before:
            added = None if isinstance(contribution, Into) else contribution.value
            self.log.append(Addition(primal, before, after, added))


def sweep_back(function: Function, wrt: Sequence[int], result: int = 0) -> Swept:
    """Sweep backwards over a function, from one scalar result."""
    active = activity(function, wrt, [result])
    sweep = ReverseSweep(active, Guards.of(function, active, [result]))
    forward = Symbols.of(function)
    builder = Builder(Symbols(forward))
    builder.role = Role.ADJOINT
    bars = _Recorder(builder, sweep.is_active, {})
    bars.log = []
    target = function.results[result]
    bars.add(target, Var(builder, builder.const(1.0, target.type.dtype)))
    kept: list[Op] = []
    swept: list[SweptOp] = []
    for op in reversed(function.ops):
        incoming = tuple(bars.get(out) for out in op.outs)
        bars.log = []
        inputs = list(dict.fromkeys(used_by(op)))
        before = {value: bars.get(value) for value in inputs}
        kept[:0] = sweep.block((op,), bars, forward)
        if all(bar is None for bar in incoming):
            continue
        additions = bars.log
        if op.prim.kind is Kind.CONTROL or not bars.log:
            additions = _changes(inputs, before, bars)
        elif op.prim.pointwise and incoming[0] is not None:
            additions = _with_locals(op, additions, builder)
        swept.append(SweptOp(op, incoming, tuple(additions)))
    gradient = tuple(bars.get_or_zeros(function.params[index]) for index in wrt)
    body = Region(function.params, (*kept, *builder.ops), (*function.results, *gradient))
    whole = Function(function.name, body, function.loc)
    return Swept(whole, tuple(swept), gradient, sweep.activity)


def _changes(
    inputs: Sequence[Value], before: Mapping[Value, Value | None], bars: Cotangents
) -> list[Addition]:
    """What a loop or branch did to the cotangents of the values around it."""
    found = []
    for value in inputs:
        after = bars.get(value)
        if after is not None and after is not before[value]:
            found.append(Addition(value, before[value], after, None))
    return found


def _with_locals(op: Op, additions: Sequence[Addition], builder: Builder) -> list[Addition]:
    """Add the local derivatives: the same rule, for a cotangent of one."""
    with builder.at(op.loc, Role.ADJOINT):
        one = builder.const(1.0, op.out.type.dtype)
        parts = contributions(builder, op, (one,))
    pending = [
        (operand, part)
        for operand, part in zip(op.args, parts, strict=True)
        if isinstance(part, Var)
    ]
    completed = []
    for addition in additions:
        index = next(i for i, (operand, _) in enumerate(pending) if operand is addition.operand)
        local = pending.pop(index)[1].value
        completed.append(
            Addition(addition.operand, addition.before, addition.after, addition.added, local)
        )
    return completed

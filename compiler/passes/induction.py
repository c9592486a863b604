"""Integers that a loop counts up are computed from its index instead of carried.

Before::

    with for_(lo, n, one, k) as (j, place):
        v: f64 = get(a, place, spec=('at',))
        ...
        place_1: i64(place_1) = add(place, one)
        yield_(place_1)
    place_2: i64(place_2) = outs()

After::

    with for_(lo, n, one) as (j):
        offset: i64(offset) = sub(j, lo)
        place: i64(place) = add(k, offset)
        v: f64 = get(a, place, spec=('at',))
        ...
    count: i64(count) = trip(lo, n, one)
    place_2: i64(place_2) = add(k, count)

Then the adjoint has nothing to record, index checks can be decided for all iterations at once,
and compilers see how an index moves. The step of the loop is 1 or -1; what is added in an
iteration is the same in all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, LOOP_BOUNDS
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import INT
from gradc.ir.walk import all_ops, map_regions, rebuilt, with_body
from gradc.passes.base import Context
from gradc.passes.control import without_positions
from gradc.prims.arithmetic import ADD, MUL, SUB
from gradc.prims.loops import TRIP


@dataclass(frozen=True, slots=True)
class Induction:
    """The pass."""

    name: ClassVar[str] = "induction"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with counted integers computed from loop indices."""
        if all(op.prim is not FOR for op in all_ops(function.body)):
            return function
        symbols = Symbols.of(function)
        return with_body(function, _region(function.body, symbols))


def _region(region: Region, symbols: Symbols) -> Region:
    ops: list[Op] = []
    for old in region.ops:
        op = map_regions(old, lambda inner: _region(inner, symbols))
        ops += _counted(op, symbols) if op.prim is FOR else [op]
    return rebuilt(region, ops, region.yields)


def _counted(op: Op, symbols: Symbols) -> list[Op]:
    """A loop without what it only counts, and what that comes to."""
    start, _, step = op.args[:LOOP_BOUNDS]
    if step.size not in (1, -1):
        return [op]
    steps = {
        slot: added
        for slot, param in enumerate(op.regions[0].params[1:])
        if param.type == INT and (added := _increment(op, slot)) is not None
    }
    if not steps:
        return [op]
    inside, after = Builder(Symbols(symbols)), Builder(Symbols(symbols))
    inside.loc = after.loc = op.loc
    inside.role = after.role = op.role
    (body,) = op.regions
    index = body.params[0]
    forwards = op.args[2].size == 1
    passed = index if start.size == 0 and forwards else None
    if passed is None:
        ends = (index, start) if forwards else (start, index)
        passed = inside.emit(SUB, ends, name="offset")
    count = after.emit(TRIP, op.args[:LOOP_BOUNDS], name="count")
    for slot, each in steps.items():
        init = op.args[LOOP_BOUNDS + slot]
        _sum(inside, init, passed, each, body.params[1 + slot])
        _sum(after, init, count, each, op.outs[slot])
    changed = replace(op, regions=(replace(body, ops=(*inside.ops, *body.ops)),))
    return [without_positions(changed, set(steps)), *after.ops]


def _sum(builder: Builder, init: Value, times: Value, each: Value, out: Value) -> None:
    """Append ``out = init + times * each``."""
    total = times if each.size == 1 else builder.emit(MUL, (times, each), name="offset")
    builder.append(Op(ADD, (init, total), {}, (out,), (), builder.loc, builder.role))


def _increment(op: Op, slot: int) -> Value | None:
    """What is added to a carried integer in every iteration, where that is always the same."""
    (body,) = op.regions
    param, end = body.params[1 + slot], body.yields[slot]
    maker = next((inner for inner in body.ops if end in inner.outs), None)
    if maker is None or maker.prim is not ADD or param not in maker.args:
        return None
    left, right = maker.args
    each = right if left is param else left
    return each if each is not param and _is_outside(each, body, op) else None


def _is_outside(value: Value, body: Region, op: Op) -> bool:
    """Whether a value is a constant or comes from outside of a loop."""
    if value in body.params:
        return False
    return value not in set(_made(body.ops))


def _made(ops: Iterable[Op]) -> Iterable[Value]:
    return (out for op in ops for out in op.outs)

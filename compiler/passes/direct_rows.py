"""Rows of a larger array are written where they belong, not in an array of their own first.

Before::

    with for_(lo, n, one, tape) as (i, tape_1):
        row: f64[m] = empty(m)
        with for_(lo, m, one, row) as (j, row_1):
            v: f64 = ...
            row_2: f64[m] = put(row_1, v, j, spec=('at',))
            yield_(row_2)
        row_3: f64[m] = outs()
        tape_2: f64[n, m] = put(tape_1, row_3, i, spec=('at', 'all'))
        yield_(tape_2)

After::

    with for_(lo, n, one, tape) as (i, tape_1):
        with for_(lo, m, one, tape_1) as (j, tape_3):
            v: f64 = ...
            tape_4: f64[n, m] = put(tape_3, v, i, j, spec=('at', 'at'))
            yield_(tape_4)
        tape_2: f64[n, m] = outs()
        yield_(tape_2)

That is how the tapes of nested loops come about: the inner loop's tape is recorded in the outer
one's. The row may be filled by several loops inside each other; nobody may read it, and the
larger array must not be used in between. Where an inner loop is longer in one iteration than in
another, its tape is put into the start of a row: ``tape[i, :count] = row``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.control import FOR, LOOP_BOUNDS
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import Type
from gradc.ir.walk import all_ops, rebuilt, use_counts, with_body
from gradc.passes.base import Context
from gradc.prims.index import ALL, AT, PUT, SLICE, split_operands
from gradc.prims.shape import EMPTY


@dataclass(frozen=True, slots=True)
class DirectRows:
    """The pass."""

    name: ClassVar[str] = "rows"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with rows written in place."""
        if all(op.prim is not EMPTY for op in all_ops(function.body)):
            return function
        before = None
        while function is not before:
            before = function
            function = with_body(function, _region(function.body, use_counts(function.body)))
        return function


def _region(region: Region, uses: dict[Value, int]) -> Region:
    ops = list(region.ops)
    for place, op in enumerate(ops):
        inner = tuple(_region(each, uses) for each in op.regions)
        if any(new is not old for new, old in zip(inner, op.regions, strict=True)):
            ops[place] = replace(op, regions=inner)
    for put in [op for op in ops if op.prim is PUT]:
        found = _find(ops, put, uses)
        if found is not None:
            found.apply(ops)
    return rebuilt(region, ops, region.yields)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that is filled by a loop and then put into a larger array."""

    made: Op
    loop: Op
    put: Op
    index: tuple[Value, ...]

    def apply(self, ops: list[Op]) -> None:
        """Let the loop write into the larger array."""
        slot = self.loop.args.index(self.made.out)
        loop = _filling(self.loop, slot - LOOP_BOUNDS, self.put.args[0], self.index)
        outs = list(loop.outs)
        outs[slot - LOOP_BOUNDS] = self.put.out
        ops[ops.index(self.loop)] = replace(loop, outs=tuple(outs))
        ops.remove(self.made)
        ops.remove(self.put)


def _find(ops: Sequence[Op], put: Op, uses: dict[Value, int]) -> _Row | None:
    """The row that an update puts into a larger array, if it is one."""
    array, row, *operands = put.args
    if not row.type.rank:
        return None
    items = split_operands(put.params["spec"], operands)
    lead, rest = items[: -row.type.rank], items[-row.type.rank :]
    if any(item != AT for item, _ in lead) or not all(map(_is_from_the_start, rest)):
        return None
    index = [own[0] for _, own in lead]
    shorter = frozenset(axis for axis, (item, _) in enumerate(rest) if item == SLICE)
    if uses.get(array) != 1 or uses.get(row) != 1:
        return None
    loop = next((op for op in ops if row in op.outs), None)
    if loop is None or loop.prim is not FOR:
        return None
    start = loop.args[LOOP_BOUNDS + loop.outs.index(row)]
    made = next((op for op in ops if op.prim is EMPTY and op.out is start), None)
    if made is None or uses.get(start) != 1:
        return None
    later = {out for op in ops[ops.index(loop) :] for out in op.outs}
    if not later.isdisjoint((array, *index)):
        return None
    if not _only_filled(loop, loop.outs.index(row), uses, shorter):
        return None
    return _Row(made, loop, put, tuple(index))


def _is_from_the_start(part: tuple[str, Sequence[Value]]) -> bool:
    """Whether a part of an axis is all of it, or as many elements of it as a row has."""
    item, operands = part
    if item == SLICE:
        start, _, step = operands
        return start.size == 0 and step.size == 1
    return item == ALL


def _only_filled(loop: Op, slot: int, uses: dict[Value, int], shorter: frozenset[int]) -> bool:
    """Whether a carried array goes from update to update and is never read.

    On axes on which it is `shorter` than the larger array, updates must not say "all".
    """
    (body,) = loop.regions
    current = body.params[1 + slot]
    for op in body.ops:
        if current not in op.args:
            continue
        if op.prim is PUT and op.args[0] is current and current not in op.args[1:]:
            if any(op.params["spec"][axis] == ALL for axis in shorter):
                return False
            following = op.out
        elif op.prim is FOR and current in op.args[LOOP_BOUNDS:]:
            inner = op.args[LOOP_BOUNDS:].index(current)
            if not _only_filled(op, inner, uses, shorter):
                return False
            following = op.outs[inner]
        else:
            return False
        if uses.get(current) != 1:
            return False
        current = following
    return current is body.yields[slot] and uses.get(current) == 1


def _filling(loop: Op, slot: int, array: Value, index: tuple[Value, ...]) -> Op:
    """The loop with the larger array in place of the row in one of its positions."""
    (body,) = loop.regions
    old = body.params[1 + slot]
    mapping = {old: _wider(old, array.type)}
    current = old
    ops: list[Op] = []
    for op in body.ops:
        if current not in op.args:
            ops.append(op)
            continue
        place = op.args.index(current)
        following = op.out if op.prim is PUT else op.outs[place - LOOP_BOUNDS]
        mapping[following] = _wider(following, array.type)
        if op.prim is PUT:
            spec = (AT,) * len(index) + tuple(op.params["spec"])
            operands = (mapping[current], op.args[1], *index, *op.args[2:])
            where = {**op.params, "spec": spec}
            ops.append(replace(op, args=operands, params=where, outs=(mapping[following],)))
        else:
            inner = _filling(op, place - LOOP_BOUNDS, mapping[current], index)
            outs = tuple(mapping.get(out, out) for out in op.outs)
            ops.append(replace(inner, outs=outs))
        current = following
    params = tuple(mapping.get(param, param) for param in body.params)
    yields = tuple(mapping.get(value, value) for value in body.yields)
    args = list(loop.args)
    args[LOOP_BOUNDS + slot] = array
    return replace(loop, args=tuple(args), regions=(Region(params, tuple(ops), yields),))


def _wider(value: Value, type: Type) -> Value:
    """A version of the larger array in place of one of the row."""
    return replace(value, type=type)

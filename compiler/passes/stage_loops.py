"""Loops that compute one array from others, element by element: what joining them has to know.

A stage is a counted loop with step 1 that puts one number into each array that it carries, at the
index of the loop, and reads arrays at known distances from it::

    for i in range(1, n):
        k[i] = x[i] * y[i - 1]      # reads x at distance 0 and y at -1, writes k
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gradc.analysis.affine import AffineForms
from gradc.analysis.independence import may_raise
from gradc.ir.control import FOR, LOOP_BOUNDS
from gradc.ir.core import Op, Region, Value
from gradc.prims.index import ADD_AT, AT, GET, PUT


@dataclass(frozen=True, eq=False, slots=True)
class Slot:
    """An array that a stage writes.

    Attributes
    ----------
    init, param, out : Value
        The array before the loop, in an iteration, and after the loop.
    update : Op
        What writes an element: `put` or `add_at`.
    """

    init: Value
    param: Value
    out: Value
    update: Op


@dataclass(frozen=True, eq=False, slots=True)
class Read:
    """An element that a stage reads; `distance` from the index, None where that is not known."""

    array: Value
    distance: int | None


@dataclass(frozen=True, eq=False, slots=True)
class Stage:
    """A loop that is a stage; `first` is the index of its first iteration."""

    op: Op
    first: int
    slots: tuple[Slot, ...]
    reads: Mapping[Op, Read]

    @property
    def body(self) -> Region:
        """What is done for one element."""
        return self.op.regions[0]

    @property
    def index(self) -> Value:
        """The index of the loop."""
        return self.body.params[0]

    def with_slot(self, slot: Slot, init: Value, out: Value) -> Stage:
        """The stage with an array that it starts from and leaves under other names."""
        place = self.slots.index(slot)
        args, outs, slots = list(self.op.args), list(self.op.outs), list(self.slots)
        args[LOOP_BOUNDS + place], outs[place] = init, out
        slots[place] = replace(slot, init=init, out=out)
        op = replace(self.op, args=tuple(args), outs=tuple(outs))
        return replace(self, op=op, slots=tuple(slots))


def stage_of(op: Op, forms: AffineForms, uses: Mapping[Value, int]) -> Stage | None:
    """A loop as a stage, if it is one."""
    if op.prim is not FOR or not op.outs:
        return None
    (body,) = op.regions
    start, step = op.args[0].size, op.args[2].size
    if not isinstance(start, int) or start < 0 or step != 1 or may_raise(body):
        return None
    if any(inner.regions or inner.role is not op.role for inner in body.ops):
        return None
    slots = [_slot(op, place, uses) for place in range(len(op.outs))]
    kept = [slot for slot in slots if slot is not None]
    if len(kept) < len(slots):
        return None
    reads = _reads(body, forms, {slot.update for slot in kept})
    return None if reads is None else Stage(op, start, tuple(kept), reads)


def _slot(op: Op, place: int, uses: Mapping[Value, int]) -> Slot | None:
    """An array that a loop carries and writes at its index, once in an iteration."""
    (body,) = op.regions
    param, end = body.params[1 + place], body.yields[place]
    update = next((inner for inner in body.ops if end in inner.outs), None)
    if param.type.rank != 1 or update is None or update.prim not in (PUT, ADD_AT):
        return None
    own = update.args[0] is param and update.args[2:] == (body.params[0],)
    if not own or update.params["spec"] != (AT,) or uses.get(end) != 1:
        return None
    return Slot(op.args[LOOP_BOUNDS + place], param, op.outs[place], update)


def _reads(body: Region, forms: AffineForms, updates: set[Op]) -> dict[Op, Read] | None:
    """The reads of elements; nothing if arrays are used in another way."""
    found: dict[Op, Read] = {}
    index = forms.of(body.params[0])
    for op in body.ops:
        arrays = [value for value in op.args if value.type.rank]
        if op in updates:
            if len(arrays) > 1:
                return None
        elif op.prim is GET and op.params["spec"] == (AT,):
            found[op] = Read(op.args[0], forms.of(op.args[1]).minus(index).known)
        elif arrays or any(out.type.rank for out in op.outs):
            return None
    return found


def after_its_write(stage: Stage) -> bool:
    """Whether a stage reads an array that it writes after the write to its element."""
    for slot in stage.slots:
        ops = stage.body.ops
        behind = ops[ops.index(slot.update) :]
        if any(slot.param in op.args for op in behind[1:]):
            return True
    return False

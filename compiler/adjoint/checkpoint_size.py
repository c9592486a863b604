"""How many bytes a checkpoint and a recorded step of a loop take, as integers of the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradc.adjoint.residuals import Plan
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, WHILE, carried_params
from gradc.ir.core import Op, Value
from gradc.ir.types import Dim, Type
from gradc.ir.walk import all_ops
from gradc.prims.arithmetic import ADD, MUL
from gradc.prims.checkpoints import BLOCK_LENGTH, ONLINE_BLOCK, ONLINE_SLOTS, SLOT_COUNT

NO_LIMIT = -1


@dataclass(frozen=True, slots=True)
class CheckpointSize:
    """What decides the schedule of a loop.

    Attributes
    ----------
    op : Op
        The loop.
    recorded : tuple of Type
        What is recorded for each step.
    inner : tuple of (trip count, types)
        What loops inside record while one step is reversed; their trip counts are dimensions.
    limit : int or None
        Bytes; None for none.
    reserved : int
        Bytes of it that loops inside have for themselves.
    """

    op: Op
    recorded: tuple[Type, ...]
    inner: tuple[tuple[Dim, tuple[Type, ...]], ...]
    limit: int | None
    reserved: int = 0

    def schedule(self, builder: Builder, count: Value) -> tuple[Value, Value]:
        """The length of a block and the number of slots, computed before the loop."""
        sizes = [count, *self._bytes(builder)]
        line = builder.const(self.op.loc.line)
        block = builder.emit(BLOCK_LENGTH, [*sizes, line], name="block")
        return block, builder.emit(SLOT_COUNT, [*sizes, block], name="slots")

    def online_schedule(self, builder: Builder) -> tuple[Value, Value]:
        """The same for a loop of unknown length."""
        sizes = self._bytes(builder)
        line = builder.const(self.op.loc.line)
        block = builder.emit(ONLINE_BLOCK, [*sizes, line], name="block")
        return block, builder.emit(ONLINE_SLOTS, [*sizes, block], name="slots")

    def _bytes(self, builder: Builder) -> list[Value]:
        """Bytes of a checkpoint, of a recorded step, of what is there once; and the limit."""
        # the position of each checkpoint is kept beside it
        state = _total(builder, [param.type for param in carried_params(self.op)], 8)
        tape = _twice(builder, _total(builder, self.recorded, 0))
        fixed = builder.const(self.reserved)
        for count, types in self.inner:
            each = builder.emit(MUL, [builder.size(count), _total(builder, types, 0)])
            fixed = builder.emit(ADD, [fixed, _twice(builder, each)], name="fixed")
        limit = builder.const(NO_LIMIT if self.limit is None else self.limit)
        return [state, tape, fixed, limit]


def checkpoint_size(
    op: Op,
    plan: Plan,
    inner: Sequence[tuple[Op, Plan]],
    limit: int | None,
    outside: Symbols,
    reserved: int = 0,
) -> CheckpointSize:
    """Find out what a step takes.

    Parameters
    ----------
    op : Op
    plan : Plan
        What the loop records.
    inner : sequence of (Op, Plan)
        The same for the loops and branches inside.
    limit : int, optional
    outside : Symbols
        The sizes in scope before the loop.
    reserved : int
        Bytes of the limit that loops inside have for themselves.
    """
    recorded = tuple(value.type for value in plan.recorded)
    if limit is None:
        return CheckpointSize(op, recorded, (), None)
    inside = [
        (trips, tuple(value.type for value in its.recorded))
        for loop, its in inner
        if _has_tape(loop, its) and (trips := _trip_count(loop, outside)) is not None
    ]
    return CheckpointSize(op, recorded, tuple(inside), limit, reserved)


def unknown_tapes(inner: Sequence[tuple[Op, Plan]], outside: Symbols) -> list[Op]:
    """The loops inside another that record as much as turns out when that runs."""
    found = []
    for loop, plan in inner:
        types = [value.type for value in plan.recorded]
        if _has_tape(loop, plan) and (
            _trip_count(loop, outside) is None or not _are_known(types, outside)
        ):
            found.append(loop)
    return found


def outermost_of(loops: Sequence[Op]) -> list[Op]:
    """Those of some loops that are in none of the others."""
    inside = {op for loop in loops for region in loop.regions for op in all_ops(region)}
    return [loop for loop in loops if loop not in inside]


def _has_tape(op: Op, plan: Plan) -> bool:
    return bool(plan.recorded) and op.prim in (FOR, WHILE)


def _are_known(types: Sequence[Type], outside: Symbols) -> bool:
    return all(_is_known(dim, outside) for type in types for dim in type.shape)


def _trip_count(loop: Op, outside: Symbols) -> Dim | None:
    """An upper bound of how often a loop runs; None where none is known outside."""
    if loop.prim is not FOR:
        return None
    start, stop, step = (value.size for value in loop.args[:3])
    if step == 1 and isinstance(start, int) and start >= 0 and _is_known(stop, outside):
        return stop
    if step == -1 and isinstance(stop, int) and stop >= -1 and _is_known(start, outside):
        return start
    return None


def _is_known(dim: Dim | None, outside: Symbols) -> bool:
    if isinstance(dim, str):
        return outside.first_with(dim) is not None
    return dim is not None


def _twice(builder: Builder, size: Value) -> Value:
    """Twice a size: the tape of one block is let go after that of the next has been made."""
    return builder.emit(MUL, [builder.const(2), size], name=size.name)


def _total(builder: Builder, types: Sequence[Type], extra: int) -> Value:
    """Bytes of values of these types, one each."""
    total = builder.const(extra)
    for type in types:
        size = builder.const(type.dtype.numpy.itemsize)
        for dim in type.shape:
            size = builder.emit(MUL, [size, builder.size(dim)], name="size")
        total = builder.emit(ADD, [total, size], name="bytes")
    return total

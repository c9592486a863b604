"""How many bytes a checkpoint and a recorded step of a loop take, as integers of the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradc.adjoint.residuals import Plan
from gradc.errors import Diagnostic, GradTypeError
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, carried_params
from gradc.ir.core import Op, Value
from gradc.ir.types import Dim, Type
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
    """

    op: Op
    recorded: tuple[Type, ...]
    inner: tuple[tuple[Dim, tuple[Type, ...]], ...]
    limit: int | None

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
        fixed = builder.const(0)
        for count, types in self.inner:
            each = builder.emit(MUL, [builder.size(count), _total(builder, types, 0)])
            fixed = builder.emit(ADD, [fixed, _twice(builder, each)], name="fixed")
        limit = builder.const(NO_LIMIT if self.limit is None else self.limit)
        return [state, tape, fixed, limit]


def checkpoint_size(
    op: Op, plan: Plan, inner: Sequence[tuple[Op, Plan]], limit: int | None, outside: Symbols
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

    Raises
    ------
    GradTypeError
        With a limit, where a loop inside records as much as turns out when it runs.
    """
    inside = []
    for loop, its in inner:
        types = tuple(value.type for value in its.recorded)
        if not types or limit is None or not loop.regions or loop.prim.name == "if_":
            continue
        trips = _trip_count(loop, outside) if loop.prim is FOR else None
        known = all(_is_known(dim, outside) for type in types for dim in type.shape)
        if trips is None or not known:
            raise GradTypeError(
                Diagnostic(
                    loop.loc,
                    "how much the adjoint of this loop records is not known before the loop "
                    f"around it (line {op.loc.line}) runs, so memory_limit cannot be promised",
                    "bound it by a size that is known outside, or leave memory_limit out",
                )
            )
        inside.append((trips, types))
    recorded = tuple(value.type for value in plan.recorded)
    return CheckpointSize(op, recorded, tuple(inside), limit)


def _trip_count(loop: Op, outside: Symbols) -> Dim | None:
    """An upper bound of how often a loop runs; None where none is known outside."""
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

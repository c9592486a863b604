"""The tape: how loops and branches record the residuals that a plan asks for.

A counted loop writes residuals into arrays indexed by the iteration; a conditional loop into
arrays that grow, and counts its iterations; a branch hands scalars over as further results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from gradc.adjoint.bounded import Bounded, bounded_counts
from gradc.adjoint.residuals import Plan
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, loop_body
from gradc.ir.core import Op, Region, Value
from gradc.ir.types import INT, Dim, Type
from gradc.ir.walk import clone_op
from gradc.prims.arithmetic import ADD, FLOORDIV, MUL, SUB
from gradc.prims.index import ALL, AT, GET, PUT, SLICE
from gradc.prims.loops import GROW, TAPE, TRIP
from gradc.prims.shape import EMPTY

Bounds = tuple[Value, Value, Value]


@dataclass(slots=True)
class LoopTape:
    """Where the residuals of a loop lie, and how to walk over its iterations.

    Attributes
    ----------
    op : Op
        The loop as it was.
    tapes : dict
        For each recorded value the array that holds it, one entry an iteration.
    count : Value or None
        The number of iterations, where it has been computed.
    bounded : mapping
        Sizes of entries that change from one iteration to the next.
    """

    op: Op
    tapes: dict[Value, Value] = field(default_factory=dict)
    count: Value | None = None
    bounded: Mapping[Dim, Bounded] = field(default_factory=dict)

    def reverse_range(self, builder: Builder, in_order: bool) -> tuple[Bounds, Value]:
        """Bounds and index of the reverse loop.

        The index runs over the values of the primal's index where its step is 1 or the order
        does not matter, and otherwise over the numbers of the iterations.
        """
        if self._walks_index(in_order):
            start, stop, step = self.op.args[:3]
            # the same size, too: arrays may be as long as the index says
            primal_index = self.op.regions[0].params[0]
            index = builder.value(INT, primal_index.name, primal_index.size)
            if in_order:
                return (start, stop, step), index
            last = _minus(builder, stop, builder.const(1))
            before = _minus(builder, start, builder.const(1))
            return (last, before, builder.const(-1)), index
        count = self.count if self.count is not None else self._trip(builder)
        last = _minus(builder, count, builder.const(1))
        minus_one = builder.const(-1)
        return (last, minus_one, minus_one), builder.value(INT, "step")

    def load(self, builder: Builder, index: Value, in_order: bool) -> dict[Value, Value]:
        """Read the residuals of one iteration; maps primal values to what was read."""
        mapping: dict[Value, Value] = {}
        number = index
        if self.op.prim is FOR:
            start, _, step = self.op.args[:3]
            primal_index = self.op.regions[0].params[0]
            if self._walks_index(in_order):
                mapping[primal_index] = index
                if self.tapes:
                    number = iteration_number(builder, index, start, step)
            else:
                offset = builder.emit(MUL, [index, step], name=primal_index.name)
                position = builder.emit(
                    ADD, [start, offset], name=primal_index.name, size=primal_index.size
                )
                mapping[primal_index] = position
        own: dict[Value, Value] = dict(mapping)
        for value, tape in self.tapes.items():
            sizes = [
                self.bounded[dim].again(builder, own) if dim in self.bounded else None
                for dim in value.type.shape
            ]
            spec, operands = entry_part(sizes, builder)
            mapping[value] = builder.emit(
                GET, [tape, number, *operands], {"spec": spec}, name=value.name, size=value.size
            )
        return mapping

    def _walks_index(self, in_order: bool) -> bool:
        return self.op.prim is FOR and (in_order or self.op.args[2].size == 1)

    def _trip(self, builder: Builder) -> Value:
        return builder.emit(TRIP, self.op.args[:3], name="count")


def entry_part(
    sizes: Sequence[Value | None], builder: Builder
) -> tuple[tuple[str, ...], list[Value]]:
    """The index of one entry of a tape: of axes that are longer than the entry, as much as it has.

    Parameters
    ----------
    sizes : sequence of Value or None
        For each axis of the entry its size, None where that is the axis of the tape.
    builder : Builder
    """
    spec, operands = [AT], []
    for size in sizes:
        spec.append(ALL if size is None else SLICE)
        operands += [] if size is None else [builder.const(0), size, builder.const(1)]
    return tuple(spec), operands


def entry_spec(entry: Type) -> tuple[str, ...]:
    """The index of one entry of a tape of such values."""
    return (AT, *(ALL for _ in entry.shape))


def _minus(builder: Builder, left: Value, right: Value) -> Value:
    if isinstance(left.size, int) and isinstance(right.size, int):
        return builder.const(left.size - right.size)
    return builder.emit(SUB, [left, right], name=left.name)


def iteration_number(builder: Builder, index: Value, start: Value, step: Value) -> Value:
    """The number of the iteration, from the value of the index."""
    offset = index if start.size == 0 else _minus(builder, index, start)
    if step.size == 1:
        return offset
    return builder.emit(FLOORDIV, [offset, step], name="step")


def record_loop(
    op: Op, kept: Sequence[Op], plan: Plan, forward: Symbols
) -> tuple[list[Op], LoopTape]:
    """Make a loop record what the plan asks for.

    Parameters
    ----------
    op : Op
        The loop.
    kept : sequence of Op
        Its body as it must run forwards (inner loops record, too).
    plan : Plan
    forward : Symbols
        The sizes in scope before the loop.

    Returns
    -------
    list of Op
        What replaces the loop.
    LoopTape
    """
    tape = LoopTape(op)
    before = Builder(Symbols(forward))
    before.loc, before.role = op.loc, op.role
    recorder = _Recorder(op, before, forward)
    if plan.recorded:
        lift_trip_counts(kept, loop_body(op), before)
    if op.prim is FOR:
        if plan.recorded:
            tape.count = _trip_count(op, before, forward)
            dims = {dim for value in plan.recorded for dim in value.type.shape}
            bounded = bounded_counts(op, kept)
            tape.bounded = recorder.bounded = {d: b for d, b in bounded.items() if d in dims}
            recorder.allocate(plan.recorded, tape.count)
    else:
        recorder.count_iterations()
        recorder.allocate(plan.recorded, None)
    recording = recorder.run(kept, plan.recorded)
    extra = recording.outs[len(op.outs) :]
    if op.prim is not FOR:
        tape.count, extra = extra[0], extra[1:]
    tape.tapes = dict(zip(plan.recorded, extra, strict=True))
    return [*before.ops, recording], tape


def trip_counts(ops: Sequence[Op], body: Region) -> dict[Dim, Op]:
    """The trip counts in a region that depend on nothing inside of it, by their symbols."""
    inside = {*body.params, *(out for op in ops for out in op.outs)}
    return {
        op.out.size: op
        for op in ops
        if op.prim is TRIP and op.out.size is not None and inside.isdisjoint(op.args)
    }


def lift_trip_counts(ops: Sequence[Op], body: Region, before: Builder) -> None:
    """Compute trip counts before the region as well, for arrays of that size."""
    for symbol, op in trip_counts(ops, body).items():
        if isinstance(symbol, str) and before.symbols.first_with(symbol) is None:
            copied = clone_op(op, {})
            before.symbols.note(copied.out)
            before.append(copied)


def _trip_count(op: Op, before: Builder, forward: Symbols) -> Value:
    start, stop, step = op.args[:3]
    if start.size == 0 and step.size == 1:
        known = isinstance(stop.size, int) and stop.size >= 0
        if known or (isinstance(stop.size, str) and forward.array_with(stop.size) is not None):
            return stop
    return before.emit(TRIP, [start, stop, step], name="count")


class _Recorder:
    """Rebuilds a loop with tapes among what it carries."""

    def __init__(self, op: Op, before: Builder, forward: Symbols) -> None:
        self.op, self.before = op, before
        self.body = loop_body(op)
        inside = Symbols(forward)
        inside.note_region(self.body)
        self.builder = Builder(inside)
        self.builder.loc, self.builder.role = op.loc, op.role
        self.inits: list[Value] = []
        self.params: list[Value] = []
        self.current: dict[Value, Value] = {}
        self.number: Value | None = None
        self.bounded: Mapping[Dim, Bounded] = {}

    def count_iterations(self) -> None:
        """Carry the number of iterations so far: a conditional loop has no index."""
        self.inits.append(self.before.const(0))
        self.number = self.builder.value(INT, "step")
        self.params.append(self.number)

    def allocate(self, recorded: Sequence[Value], count: Value | None) -> None:
        """Make an array for each recorded value before the loop."""
        most = {dim: each.most(self.op, self.before) for dim, each in self.bounded.items()}
        for value in recorded:
            sizes = [most.get(dim) or self.before.size(dim) for dim in value.type.shape]
            name, dtype = f"{value.name.removesuffix('_tape')}_tape", value.type.dtype
            if count is None:
                params = {"dtype": dtype, "symbol": self.before.symbols.fresh("capacity")}
                made = self.before.emit(TAPE, sizes, params, name=name)
            else:
                made = self.before.emit(EMPTY, [count, *sizes], {"dtype": dtype}, name=name)
            param = Value(made.type, name, self.op.loc)
            self.inits.append(made)
            self.params.append(param)
            self.current[value] = param

    def run(self, kept: Sequence[Op], recorded: Sequence[Value]) -> Op:
        """Rebuild the loop; each value is recorded where it is made."""
        wanted = set(recorded)
        for param in self.body.params:
            if param in wanted:
                self.record(param)
        for op in kept:
            self.builder.append(op)
            for out in op.outs:
                if out in wanted:
                    self.record(out)
        ends = [self.current[value] for value in recorded]
        if self.op.prim is not FOR and self.number is not None:
            one = self.builder.const(1)
            ends = [self.builder.emit(ADD, [self.number, one], name="step"), *ends]
        body = Region(
            (*self.body.params, *self.params),
            tuple(self.builder.ops),
            (*self.body.yields, *ends),
        )
        return self.rebuilt(body)

    def record(self, value: Value) -> None:
        """Append the write of a value to its tape."""
        builder = self.builder
        if self.number is None:
            start, _, step = self.op.args[:3]
            self.number = iteration_number(builder, self.body.params[0], start, step)
        tape = self.current[value]
        if self.op.prim is not FOR:
            tape = builder.emit(GROW, [tape, self.number], name=tape.name)
        dims = value.type.shape
        sizes = [self.bounded[d].count.out if d in self.bounded else None for d in dims]
        spec, operands = entry_part(sizes, builder)
        args = [tape, value, self.number, *operands]
        written = builder.emit(PUT, args, {"spec": spec}, name=tape.name)
        self.current[value] = written

    def rebuilt(self, body: Region) -> Op:
        """The loop with its new body, results and, for a conditional loop, condition."""
        args = (*self.op.args, *self.inits)
        outs = (*self.op.outs, *(replace(param) for param in self.params))
        if self.op.prim is FOR:
            return replace(self.op, args=args, outs=outs, regions=(body,))
        condition = self.op.regions[0]
        extra = tuple(replace(param) for param in self.params)
        widened = Region((*condition.params, *extra), condition.ops, condition.yields)
        return replace(self.op, args=args, outs=outs, regions=(widened, body))


def record_branch(
    op: Op, kept: Sequence[Sequence[Op]], plans: Sequence[Plan]
) -> tuple[list[Op], Mapping[Value, Value]]:
    """Make a branch hand over the scalars that the plans of its two sides ask for.

    The side that does not have a value hands over a zero, which nobody reads.
    """
    handed_over: dict[Value, Value] = {}
    regions = []
    for side, region in enumerate(op.regions):
        builder = Builder()
        builder.loc, builder.role = op.loc, op.role
        extra: list[Value] = []
        for other, plan in enumerate(plans):
            for value in plan.recorded:
                missing = False if value.type.dtype.value == "b1" else 0
                own = value if other == side else builder.const(missing, value.type.dtype)
                extra.append(own)
        ops = (*kept[side], *builder.ops)
        regions.append(Region(region.params, ops, (*region.yields, *extra)))
    outs = []
    for plan in plans:
        for value in plan.recorded:
            handed_over[value] = replace(value, named=False)
            outs.append(handed_over[value])
    return [replace(op, regions=tuple(regions), outs=(*op.outs, *outs))], handed_over

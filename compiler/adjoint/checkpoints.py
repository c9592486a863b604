"""Reverse mode through long loops with checkpoints instead of a tape of all steps.

The loop goes forward from checkpoint to checkpoint, recording nothing; its adjoint takes the steps
in blocks from the end. A block is run again from the last checkpoint before it, on the way to it
leaving further checkpoints where slots have become free, and once more with a tape::

    for i in range(n):         while at < n:                            # forward
        h = step(h)                h_saved[used] = h; at_saved[used] = at; used += 1
                                   steps = segment(n - at, slots - used, block)
                                   for i in range(at, at + steps): h = step(h)
                                   at += steps

                               while hi > 0:                            # adjoint
                                   at, h = the last checkpoint before hi
                                   while (steps := advance(hi - at, slots - used, block)) > 0:
                                       for i in range(at, at + steps): h = step(h)
                                       at += steps; a checkpoint here
                                   for i in range(at, hi): tape[i - at] = h; h = step(h)
                                   for i in range(hi - 1, at - 1, -1): the adjoint of step i
                                   hi = at

Where checkpoints lie and how long a block is, the runtime decides from the sizes and the limit:
see :mod:`gradc_runtime.schedule`. A loop that does not know its length (``while``) counts its
steps, and asks at each of them whether a checkpoint belongs there, and in which slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradc.adjoint.checkpoint_size import (
    CheckpointSize,
    checkpoint_size,
    outermost_of,
    unknown_tapes,
)
from gradc.adjoint.cotangents import Cotangents
from gradc.adjoint.residuals import Plan
from gradc.adjoint.reverse_control import Sweep, bar_like, reverse_loop
from gradc.adjoint.tape import entry_spec
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Op, Region, Value
from gradc.ir.types import INT, DType
from gradc.ir.walk import all_ops, clone_region, free_values
from gradc.prims.arithmetic import ADD, FLOORDIV, MUL, SUB
from gradc.prims.checkpoints import ADVANCE, BY_STEP, ONLINE_MARK, ONLINE_SLOT, SEGMENT, STEPS_OF
from gradc.prims.compare import EQ, GT, LT, SELECT
from gradc.prims.index import AT, GET, PUT
from gradc.prims.integers import IMIN
from gradc.prims.loops import TRIP
from gradc.prims.shape import COPY, EMPTY
from gradc.prims.trace import Var


@dataclass(frozen=True, slots=True)
class _Saved:
    """Checkpoints: the step of each slot, then the values that the loop carries, one array each."""

    positions: Value
    values: tuple[Value, ...]

    @property
    def all(self) -> tuple[Value, ...]:
        """In the order in which loops carry them."""
        return (self.positions, *self.values)

    def like(self, builder: Builder) -> _Saved:
        """Parameters for the same arrays."""
        made = [builder.value(value.type, value.name) for value in self.all]
        return _Saved(made[0], tuple(made[1:]))

    def load(
        self, builder: Builder, slot: Value, params: Sequence[Value]
    ) -> tuple[Value, list[Value]]:
        """The step and the values of a slot."""
        at = builder.emit(GET, [self.positions, slot], {"spec": (AT,)}, name="at")
        state = []
        for saved, param in zip(self.values, params, strict=True):
            spec = {"spec": entry_spec(param.type)}
            value = builder.emit(GET, [saved, slot], spec, name=param.name)
            if param.type.rank:
                value = builder.emit(COPY, [value], {"own": True}, name=param.name)
            state.append(value)
        return at, state

    def stored(self, builder: Builder, slot: Value, at: Value, state: Sequence[Value]) -> _Saved:
        """The same with a checkpoint in a slot."""
        values = [
            builder.emit(
                PUT, [saved, value, slot], {"spec": entry_spec(value.type)}, name=saved.name
            )
            for saved, value in zip(self.values, state, strict=True)
        ]
        name = self.positions.name
        positions = builder.emit(PUT, [self.positions, at, slot], {"spec": (AT,)}, name=name)
        return _Saved(positions, tuple(values))


@dataclass(frozen=True, slots=True)
class _Forward:
    """What the forward sweep leaves for the adjoint."""

    count: Value
    block: Value
    slots: Value
    used: Value
    saved: _Saved
    order: Value | None = None

    def slot(self, builder: Builder, place: Value) -> Value:
        """The slot of a place in the order of the steps."""
        if self.order is None:
            return place
        return builder.emit(GET, [self.order, place], {"spec": (AT,)}, name="slot")


class CheckpointedLoop:
    """The two sweeps of one loop.

    Parameters
    ----------
    op : Op
        A loop.
    size : CheckpointSize
        What a checkpoint and a recorded step take.
    forward : Symbols
        The sizes in scope before the loop.
    """

    def __init__(self, op: Op, size: CheckpointSize, forward: Symbols) -> None:
        self.op, self.size, self.forward = op, size, forward
        self.body = loop_body(op)
        self.params = carried_params(op)

    # -- forward ------------------------------------------------------------------------------

    def forward_sweep(self) -> tuple[list[Op], _Forward]:
        """The loop with checkpoints, and what it leaves behind."""
        before = Builder(Symbols(self.forward))
        before.loc, before.role = self.op.loc, self.op.role
        if self.op.prim is not FOR:
            return self._forward_online(before)
        count = before.emit(TRIP, self.op.args[:3], name="count")
        block, slots = self.size.schedule(before, count)
        room = before.emit(ADD, [slots, before.const(1)], name="room")
        saved = self._allocate(before, room)
        state = self._state(before)
        zero = before.const(0)
        carried = saved.like(before)
        at, used = before.value(INT, "at"), before.value(INT, "used")
        params = [at, used, *carried.all, *state]
        condition = before.child()
        mirror = [_again(condition, param) for param in params]
        test = condition.emit(LT, [mirror[0], count])
        inner = before.child()
        for param in params:
            inner.symbols.note(param)
        stored = carried.stored(inner, used, at, state)
        more = inner.emit(ADD, [used, inner.const(1)], name="used")
        left = inner.emit(SUB, [count, at], name="left")
        free = inner.emit(SUB, [slots, more], name="free")
        steps = inner.emit(SEGMENT, [left, free, block], name="steps")
        end = inner.emit(ADD, [at, steps], name="at")
        ends = self._run(inner, at, end, state)
        region = inner.close(params, [end, more, *stored.all, *ends])
        inits = [zero, zero, *saved.all, *carried_inits(self.op)]
        outs = [_again(before, param) for param in params[: 2 + len(saved.all)]]
        loop = Op(
            WHILE,
            tuple(inits),
            {},
            (*outs, *self.op.outs),
            (condition.close(mirror, [test]), region),
            self.op.loc,
            self.op.role,
        )
        left_behind = _Forward(count, block, slots, outs[1], _Saved(outs[2], tuple(outs[3:])))
        return [*before.ops, loop], left_behind

    def _forward_online(self, before: Builder) -> tuple[list[Op], _Forward]:
        """The same for a loop of unknown length: later checkpoints take the place of others."""
        block, slots = self.size.online_schedule(before)
        saved = self._allocate(before, before.emit(ADD, [slots, before.const(1)], name="room"))
        step = before.value(INT, "step")
        carried = saved.like(before)
        inner = before.child()
        again = clone_region(self.body, {})
        inner.symbols.note_region(again)
        asked = [carried.positions, step, slots, block]
        slot = inner.emit(ONLINE_SLOT, asked, name="slot")
        keep = inner.child()
        mark = keep.emit(ONLINE_MARK, asked, name="mark")
        stored = carried.stored(keep, slot, mark, again.params)
        is_kept = inner.emit(LT, [slot, slots])
        kept = inner.branch(
            is_kept, keep.close((), stored.all), inner.child().close((), carried.all)
        )
        after = inner.emit(ADD, [step, inner.const(1)], name="step")
        body = Region(
            (step, *carried.all, *again.params),
            (*inner.ops, *again.ops),
            (after, *kept, *again.yields),
        )
        test = self.op.regions[0]
        extra = [_again(before, param) for param in (step, *carried.all)]
        outs = [_again(before, param) for param in (step, *carried.all)]
        inits = (before.const(0), *saved.all, *carried_inits(self.op))
        condition = Region((*extra, *test.params), test.ops, test.yields)
        made = (*outs, *self.op.outs)
        loop = replace(self.op, args=inits, params={}, outs=made, regions=(condition, body))
        after_loop = before.child()
        count = outs[0]
        least = after_loop.emit(SUB, [block, after_loop.const(1)])
        up = after_loop.emit(ADD, [count, least], name="up")
        blocks = after_loop.emit(FLOORDIV, [up, block], name="blocks")
        used = after_loop.emit(IMIN, [blocks, slots], name="used")
        at = after_loop.emit(STEPS_OF, [outs[1]], name="at_saved")
        kept_saved = _Saved(at, tuple(outs[2:]))
        order = after_loop.emit(BY_STEP, [at, used], name="order")
        return (
            [*before.ops, loop, *after_loop.ops],
            _Forward(count, block, slots, used, kept_saved, order),
        )

    def _allocate(self, builder: Builder, room: Value) -> _Saved:
        positions = builder.emit(EMPTY, [room], {"dtype": DType.INT}, name="at_saved")
        values = [
            builder.emit(
                EMPTY,
                [room, *(builder.size(dim) for dim in param.type.shape)],
                {"dtype": param.type.dtype},
                name=f"{param.name}_saved",
            )
            for param in self.params
        ]
        return _Saved(positions, tuple(values))

    def _state(self, builder: Builder) -> list[Value]:
        """Values like those that the loop carries; integers among them are sizes of their own."""
        return [builder.value(param.type, param.name, named=param.named) for param in self.params]

    def _run(
        self, builder: Builder, begin: Value, end: Value, state: Sequence[Value]
    ) -> tuple[Value, ...]:
        """Append the loop over some of its steps, recording nothing; returns what it carries."""
        body = clone_region(self._counted(builder), {})
        return builder.loop(self._bounds(builder, begin, end), state, body)

    def _bounds(self, builder: Builder, begin: Value, end: Value) -> tuple[Value, Value, Value]:
        """The bounds of the index for the steps from one number to another."""
        if self.op.prim is not FOR:
            return begin, end, builder.const(1)
        start, _, step = self.op.args[:3]
        return (
            _index(builder, begin, start, step),
            _index(builder, end, start, step),
            step,
        )

    # -- adjoint ------------------------------------------------------------------------------

    def adjoint_sweep(self, sweep: Sweep, bars: Cotangents, left: _Forward) -> None:
        """Append the adjoint, and put the cotangents of what the loop used into `bars`."""
        op, builder = self.op, bars.builder
        active = [index for index, param in enumerate(self.params) if sweep.is_active(param)]
        captured = [value for value in free_values(self.body) if sweep.is_active(value)]
        out_bars = {index: bars.take(op.outs[index]) for index in range(len(op.outs))}
        starts = []
        for k in active:
            bar = out_bars[k]
            starts.append(bars.get_or_zeros(op.outs[k]) if bar is None else bar)
        totals = [bars.get_or_zeros(value) for value in captured]
        hi, used = builder.value(INT, "hi"), builder.value(INT, "used")
        saved = left.saved.like(builder)
        carry = [bar_like(self.params[k], op) for k in active]
        sums = [bar_like(value, op) for value in captured]
        params = [hi, used, *saved.all, *carry, *sums]
        condition = builder.child()
        mirror = [_again(condition, param) for param in params]
        test = condition.emit(GT, [mirror[0], condition.const(0)])

        inner = builder.child()
        for param in params:
            inner.symbols.note(param)
        at, state, used_now, saved_now = self._back_to_block(inner, left, hi, used, saved)
        ends = self._block(
            sweep, bars, inner, (at, hi), state, dict(zip(active, carry, strict=True)),
            dict(zip(captured, sums, strict=True)),
        )  # fmt: skip
        region = inner.close(params, [at, used_now, *saved_now.all, *ends])
        inits = [left.count, left.used, *left.saved.all, *starts, *totals]
        outs = builder.conditional_loop(inits, condition.close(mirror, [test]), region)
        results = outs[2 + len(saved.all) :]
        for value, total in zip(captured, results[len(active) :], strict=True):
            bars.set(value, total)
        for k, bar in zip(active, results, strict=False):
            bars.add(carried_inits(op)[k], Var(builder, bar))

    def _back_to_block(
        self, builder: Builder, left: _Forward, hi: Value, used: Value, saved: _Saved
    ) -> tuple[Value, list[Value], Value, _Saved]:
        """Go to the start of the last block before `hi`, leaving checkpoints on the way."""
        one = builder.const(1)
        top = builder.emit(SUB, [used, one], name="top")
        last = builder.emit(
            GET, [saved.positions, left.slot(builder, top)], {"spec": (AT,)}, name="last"
        )
        is_done = builder.emit(EQ, [last, hi])
        used = builder.emit(SELECT, [is_done, top, used], name="used")
        slot = left.slot(builder, builder.emit(SUB, [used, one], name="slot"))
        at, state = saved.load(builder, slot, self.params)
        steps = self._advance(builder, left, hi, at, used)

        now = self._state(builder)
        carried = saved.like(builder)
        names = ("steps", "at", "used")
        steps_now, at_now, used_now = (builder.value(INT, name) for name in names)
        params = [steps_now, at_now, used_now, *carried.all, *now]
        condition = builder.child()
        mirror = [_again(condition, param) for param in params]
        test = condition.emit(GT, [mirror[0], condition.const(0)])
        inner = builder.child()
        for param in params:
            inner.symbols.note(param)
        end = inner.emit(ADD, [at_now, steps_now], name="at")
        ends = self._run(inner, at_now, end, now)
        stored = carried.stored(inner, left.slot(inner, used_now), end, ends)
        more = inner.emit(ADD, [used_now, inner.const(1)], name="used")
        more = inner.emit(IMIN, [more, left.slots], name="used")
        further = self._advance(inner, left, hi, end, more)
        region = inner.close(params, [further, end, more, *stored.all, *ends])
        outs = builder.conditional_loop(
            [steps, at, used, *saved.all, *state], condition.close(mirror, [test]), region
        )
        count = 3 + len(saved.all)
        return outs[1], list(outs[count:]), outs[2], _Saved(outs[3], tuple(outs[4:count]))

    def _advance(
        self, builder: Builder, left: _Forward, hi: Value, at: Value, used: Value
    ) -> Value:
        rest = builder.emit(SUB, [hi, at], name="left")
        free = builder.emit(SUB, [left.slots, used], name="free")
        return builder.emit(ADVANCE, [rest, free, left.block], name="steps")

    def _block(
        self,
        sweep: Sweep,
        bars: Cotangents,
        builder: Builder,
        steps: tuple[Value, Value],
        state: Sequence[Value],
        carry: dict[int, Value],
        sums: dict[Value, Value],
    ) -> list[Value]:
        """Append a block with its tape and its adjoint; returns what the cotangents become."""
        bounds = self._bounds(builder, *steps)
        outs = tuple(replace(out) for out in self.op.outs)
        body = self._counted(builder)
        loop = Op(FOR, (*bounds, *state), {}, outs, (body,), self.op.loc, self.op.role)
        fresh = {state[k] for k in carry}
        inside = builder.child()
        own = Cotangents(inside, lambda v: v in fresh or sweep.is_active(v), bars.names)
        for k, bar in carry.items():
            own.set(outs[k], bar)
        for value, bar in sums.items():
            own.set(value, bar)
        forward = Symbols(builder.symbols)
        with inside.at(self.op.loc, bars.builder.role):
            recording = reverse_loop(sweep, loop, own, forward)
            ends = [own.get_or_zeros(state[k]) for k in carry]
        for op in (*recording, *inside.ops):
            builder.append(op)
        return [*ends, *(own.get_or_zeros(value) for value in sums)]

    def _counted(self, builder: Builder) -> Region:
        """The body of the loop as that of a counted one."""
        if self.op.prim is FOR:
            return self.body
        number = builder.value(INT, "step")
        return Region((number, *self.params), self.body.ops, self.body.yields)


def _again(builder: Builder, value: Value) -> Value:
    """Another value like one; an integer denotes a size of its own."""
    return builder.value(value.type, value.name, named=value.named)


def _index(builder: Builder, number: Value, start: Value, step: Value) -> Value:
    """The index of a step from its number."""
    offset = number if step.size == 1 else builder.emit(MUL, [number, step], name="offset")
    return offset if start.size == 0 else builder.emit(ADD, [start, offset], name="index")


def reverse_checkpointed(
    sweep: Sweep, op: Op, bars: Cotangents, forward: Symbols
) -> Sequence[Op] | None:
    """Reverse a loop with checkpoints; returns what replaces it in the forward sweep.

    A loop inside whose tape cannot be told before this one runs has checkpoints, too, within a part
    of the bytes that this one may have.

    Returns None, with nothing done, where the adjoint of the loop needs no tape.
    """
    known, limit = len(sweep.residuals), sweep.limits.get(op)
    *inner, (_, own) = _probe(sweep, op, bars, forward)
    if not own.recorded:
        return None
    reserved = 0
    if limit is not None:
        within = [each for region in op.regions for each in all_ops(region)]
        marked = [each for each in within if each.params.get("checkpoint")]
        unknown = [each for each in unknown_tapes(inner, forward) if each in within]
        open_ended = outermost_of(list(dict.fromkeys((*marked, *unknown))))
        if open_ended:
            share = limit // (2 * len(open_ended))
            sweep.limits.update(dict.fromkeys(open_ended, share))
            sweep.nested.update(open_ended)
            reserved = share * len(open_ended)
            *inner, (_, own) = _probe(sweep, op, bars, forward)
    size = checkpoint_size(op, own, inner, limit, forward, reserved)
    loop = CheckpointedLoop(op, size, forward)
    replaced, left = loop.forward_sweep()
    for each in replaced:
        for out in each.outs:
            bars.builder.symbols.note(out)
    loop.adjoint_sweep(sweep, bars, left)
    if op in sweep.nested:  # its bytes are counted
        del sweep.residuals[known:]
    return replaced


def _probe(sweep: Sweep, op: Op, bars: Cotangents, forward: Symbols) -> list[tuple[Op, Plan]]:
    """What a loop and those inside would record; the loop itself comes last."""
    known = len(sweep.residuals)
    reverse_loop(sweep, op, bars.fork(), Symbols(forward))
    plans = sweep.residuals[known:]
    del sweep.residuals[known:]
    return plans

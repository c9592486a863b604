"""Making lists ready to grow, before the statement in which they do.

A loop or branch in which the length of a list changes is read three times. The first time shows
which lists these are. The second time their appends are only counted; of what that computes, the
program keeps what says how much room there has to be, which for counted loops is a product of
their lengths. The third time the lists are arrays with that much room, and counters.

Nothing that is counted may depend on what the lists hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np

from gradc.analysis.dependent import dependent_values
from gradc.frontend.python import growing
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.growing import COUNT, ITEMS, TOTAL, ItemKind
from gradc.frontend.python.problems import GrowingError, RefusedError
from gradc.frontend.python.promote import Kind
from gradc.frontend.python.refs import (
    Array,
    Cell,
    Constant,
    CountedItems,
    GrowingNumbers,
    List,
    PythonItems,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_listed,
)
from gradc.frontend.python.written.joining import enlarged
from gradc.ir.control import FOR, IF, LOOP_BOUNDS
from gradc.ir.core import Op, Region, Value
from gradc.ir.types import DType
from gradc.prims.arithmetic import ADD, MUL
from gradc.prims.loops import TRIP
from gradc.prims.shape import EMPTY

T = TypeVar("T")


def opening(ctx: Lowering, run: Callable[[], T]) -> T:
    """Interpret a statement; the lists that grow in it are made ready before it.

    Parameters
    ----------
    ctx : Lowering
    run : callable
        Interprets the statement, from the state that there is now.
    """
    known = _known(ctx)
    if not known:
        return run()
    wanted: dict[List, None] = {}
    while True:
        work = _Opening(ctx, run, known)
        try:
            return work.run(wanted)
        except GrowingError as wish:
            mine = wish.lists & known
            if not mine or any(mine & outer for outer in ctx.growth.openers):
                raise
            work.go_back()
            more = [ref for ref in mine if isinstance(ref, List)]
            if mine <= wanted.keys():
                raise wish.reason from None
            wanted |= dict.fromkeys(sorted(more, key=list(ctx.state.lists).index))
            wanted |= {changeable(ctx, ref): None for ref in mine if isinstance(ref, Struct)}
            known = _known(ctx)


def _known(ctx: Lowering) -> frozenset[object]:
    """The lists that there are, and what refers to one of a length that is not known."""
    names = (ref for frame in ctx.state.frames for ref in frame.names.values())
    return frozenset(ctx.state.lists) | {ref for ref in names if is_listed(ref)}


def _check_known(ctx: Lowering, ref: Ref, reason: RefusedError) -> None:
    """Leave it to the outermost loop or branch around that knows a list to make it ready."""
    if any(ref in outer for outer in ctx.growth.openers):
        raise GrowingError(frozenset([ref]), reason)


def grow(ctx: Lowering, ref: List, item: Ref) -> None:
    """Append to a list whose length is not known."""
    opening(ctx, lambda: growing.append(ctx, ref, item))


def with_array(ctx: Lowering, ref: List, item: Ref) -> None:
    """Keep a list as an array from now on, since an item of it is assigned at run time.

    Raises
    ------
    GrowingError
        Where a loop or branch around knows the list.
    """
    _check_known(ctx, ref, growing.cannot_grow(ctx, ref))
    ctx.growth.counted[ref] = _kind_of(ctx, ref)
    ctx.growth.counted[ref].join(ctx, item)
    _make_room(ctx, ref, ctx.builder.const(0))


def changeable(ctx: Lowering, ref: Struct) -> List:
    """A list that can be changed, in place of one that cannot, under its only name.

    Raises
    ------
    GrowingError
        Where a loop or branch around knows it by that name.
    RefusedError
        Where it has other names, which would have to change with it.
    """
    reason = RefusedError(
        "a list whose length is known at run time only cannot be changed where it may have"
        " another name",
        "copy it: `items = list(...)`, or use an array",
    )
    _check_known(ctx, ref, reason)
    array = ref.fields[ITEMS]
    if not isinstance(array, Array):
        raise RefusedError("")
    cell = array.cell
    names = [
        (frame, name)
        for frame in ctx.state.frames
        for name, other in frame.names.items()
        if other is ref
    ]
    seen = ctx.state.reachable(frozenset()).get(cell, 0)
    if len(names) != 1 or seen > 1 or cell.locked or cell.sources or cell.captured:
        raise reason
    kind = ctx.kind(array)
    weak = ref.cls is PythonItems
    whole = ctx.copied(array)
    assert isinstance(whole, Array)
    ((frame, name),) = names
    made = List(name)
    _fill(ctx, made, whole, ctx.dim(array.type.shape[0]), kind.dtype, weak)
    frame.names[name] = made
    return made


class _Opening(Generic[T]):
    """One reading of a statement, after lists were made ready."""

    def __init__(self, ctx: Lowering, statement: Callable[[], T], known: frozenset[object]) -> None:
        self.ctx = ctx
        self.statement = statement
        self.known = known
        self.before = ctx.state.snapshot()
        self.spent = set(ctx.state.spent)
        self.found = len(ctx.diagnostics.found)

    def go_back(self) -> None:
        """Forget what was read."""
        ctx = self.ctx
        ctx.state.restore(self.before)
        ctx.state.spent = set(self.spent)
        del ctx.diagnostics.found[self.found :]

    def run(self, wanted: Collection[List]) -> T:
        """Make lists ready and read the statement."""
        ctx = self.ctx
        if wanted:
            self.make_ready(wanted)
        ctx.growth.openers.append(self.known)
        granted = [ref for ref in wanted if ref not in ctx.growth.granted]
        ctx.growth.granted |= set(granted)
        try:
            begun = {ref: _begin(ctx, ref) for ref in granted}
            mark = len(ctx.builder.ops)
            made = self.statement()
            for ref, begin in begun.items():
                _count_in_one(ctx, ref, begin, mark)
            return made
        finally:
            ctx.growth.granted -= set(granted)
            ctx.growth.openers.pop()

    def make_ready(self, wanted: Collection[List]) -> None:
        """Count what is appended, and make room for it."""
        ctx = self.ctx
        totals = self.counted(wanted)
        self.go_back()
        for ref in wanted:
            _make_room(ctx, ref, totals[ref])

    def counted(self, wanted: Collection[List]) -> Mapping[List, Value]:
        """How much is appended to lists."""
        ctx = self.ctx
        zero = ctx.builder.const(0)
        for ref in wanted:
            ctx.growth.counted[ref] = _kind_of(ctx, ref)
            held = growing.contents(ctx, ref)
            length = Constant(len(ctx.state.lists[ref])) if held is None else held.fields[COUNT]
            fields: dict[str, Ref] = {COUNT: length, TOTAL: Constant(0)}
            ctx.state.lists[ref] = (Struct(CountedItems, fields),)
        mark = len(ctx.builder.ops)
        ctx.growth.openers.append(self.known)
        try:
            self.statement()
        finally:
            ctx.growth.openers.pop()
        totals = {}
        ops = ctx.builder.ops[mark:]
        for ref in wanted:
            held = growing.contents(ctx, ref)
            if held is None or held.cls is not CountedItems:
                raise growing.cannot_grow(ctx, ref)
            total = ctx.value(held.fields[TOTAL], DType.INT)
            closed = _gain(ctx, ops, zero, total)
            ctx.growth.counted[ref].checked = closed is None
            totals[ref] = total if closed is None else closed
        if not any(ctx.growth.counted[ref].checked for ref in wanted):
            ctx.builder.ops[mark : mark + len(ops)] = _without_control(ops)
        elif _depends(ops, set(totals.values()), ctx.growth.unknown):
            names = " and ".join(ctx.state.name_of(ref) for ref in wanted)
            raise RefusedError(
                f"how much {names} grows depends on what is in it",
                "fill an array instead: `y = np.zeros(n)`, and count how much of it is filled",
            )
        return totals


def _begin(ctx: Lowering, ref: List) -> Value:
    held = growing.contents(ctx, ref)
    assert held is not None
    return growing.count_of(ctx, held)


def _count_in_one(ctx: Lowering, ref: List, begin: Value, mark: int) -> None:
    """Know the length after counted loops from theirs."""
    held = growing.contents(ctx, ref)
    if held is None or held.cls is CountedItems or not isinstance(held.fields[COUNT], Scalar):
        return
    gain = _gain(ctx, ctx.builder.ops[mark:], begin, growing.count_of(ctx, held))
    if gain is not None:
        count = Scalar(ctx.builder.integer(ADD, begin, gain), weak=True)
        ctx.state.lists[ref] = (Struct(held.cls, {**held.fields, COUNT: count}),)


# -- arrays -----------------------------------------------------------------------------------


def _kind_of(ctx: Lowering, ref: List) -> ItemKind:
    """What the items of a list are before it grows."""
    made = ItemKind()
    held = growing.contents(ctx, ref)
    if held is None:
        for item in ctx.state.items(ref):
            made.join(ctx, item)
        return made
    if held.cls is CountedItems:
        known: ItemKind = ctx.growth.counted[ref]
        return known
    data = growing.data_of(ctx, held)
    return ItemKind(Kind(data.type.dtype, held.cls is GrowingNumbers), data.type.shape[1:])


def _make_room(ctx: Lowering, ref: List, total: Value) -> None:
    """Keep a list as an array with room for more."""
    item = ctx.growth.counted[ref]
    if item.bad is not None:
        raise item.bad
    if item.kind is None or not all(map(ctx.in_scope, item.shape)):
        raise growing.cannot_grow(ctx, ref)
    dtype, held = item.kind.dtype, growing.contents(ctx, ref)
    items = () if held is not None else ctx.state.items(ref)
    if held is None and not items:
        sizes = [total, *(ctx.size(dim) for dim in item.shape)]
        array = ctx.result(ctx.emit(EMPTY, sizes, {"dtype": dtype}, ref.name))
        count: Ref = Constant(0)
    elif held is None:
        named = {"dtype": Constant(dtype.numpy)}
        array = ctx.call(Constant(np.array), (Tuple(tuple(items)),), named, None)
        count = Constant(len(items))
    else:
        array, count = held.fields[ITEMS], held.fields[COUNT]
    if (held is not None or items) and total.size != 0:
        array = ctx.library(enlarged, array, Scalar(total, weak=True))
    assert isinstance(array, Array)
    _fill(ctx, ref, array, count, dtype, item.kind.weak)


def _fill(ctx: Lowering, ref: List, array: Array, count: Ref, dtype: DType, weak: bool) -> None:
    value = ctx.value(array, dtype)
    cell = Cell(ref.name, value.type)
    data = ctx.state.new_cell(cell, value)
    cls = growing.class_of(Kind(dtype, weak), value.type.rank)
    ctx.state.lists[ref] = (Struct(cls, {ITEMS: data, COUNT: count}),)


# -- what is counted --------------------------------------------------------------------------


def _gain(ctx: Lowering, ops: Sequence[Op], begin: Value, end: Value) -> Value | None:
    """How much a counter gains in counted loops, from what is known before them."""
    makers = {out: op for op in ops for out in op.outs}

    def known(value: Value) -> bool:
        return isinstance(value.size, int) or ctx.builder.can_size(value.size or "")

    def gain(makers: Mapping[Value, Op], begin: Value, end: Value) -> Value | None:
        if end is begin or (isinstance(end.size, int) and end.size == begin.size):
            return ctx.builder.const(0)
        op = makers.get(end)
        if op is None:
            if isinstance(end.size, int) and isinstance(begin.size, int):
                return ctx.builder.const(end.size - begin.size)
            return None
        if op.prim is ADD:
            more = next((arg for arg in op.args if isinstance(arg.size, int)), None)
            rest = [arg for arg in op.args if arg is not more]
            before = gain(makers, begin, rest[0]) if more is not None and rest else None
            if before is None or more is None:
                return None
            return ctx.builder.integer(ADD, before, int(more.size or 0))
        if op.prim is FOR and all(map(known, op.args[:LOOP_BOUNDS])):
            slot = op.outs.index(end)
            (body,) = op.regions
            own = {out: each for each in body.ops for out in each.outs}
            each = gain(own, body.params[1 + slot], body.yields[slot])
            before = gain(makers, begin, op.args[LOOP_BOUNDS + slot])
            if each is None or before is None:
                return None
            trips = _trips(ctx, op)
            return ctx.builder.integer(ADD, before, ctx.builder.integer(MUL, trips, each))
        return None

    return gain(makers, begin, end)


def _trips(ctx: Lowering, op: Op) -> Value:
    start, stop, step = (ctx.size(value.size or 0) for value in op.args[:LOOP_BOUNDS])
    if start.size == 0 and step.size == 1 and isinstance(stop.size, str):
        sizes = ctx.builder.sizes
        if sizes.at_least(sizes.form(stop.size), sizes.form(0)):
            return stop
    return ctx.emit(TRIP, (start, stop, step))


def _without_control(ops: Sequence[Op]) -> list[Op]:
    """Ops without those that nothing uses once all is counted beforehand."""
    kept: list[Op] = []
    gone: set[Value] = set()
    for op in ops:
        if op.regions or not op.prim.pure or not gone.isdisjoint(op.args):
            gone.update(op.outs)
        else:
            kept.append(op)
    return kept


def _depends(ops: Sequence[Op], wanted: Collection[Value], unknown: set[Value]) -> bool:
    """Whether values depend on what is not known, or what may raise an error does."""
    found = dependent_values(ops, unknown)
    return not found.isdisjoint(wanted) or _may_raise_by(ops, found)


def _may_raise_by(ops: Sequence[Op], found: frozenset[Value]) -> bool:
    """Whether an error depends on values, or whether and how often it is looked for."""
    for op in ops:
        if not op.regions:
            if not op.prim.pure and not found.isdisjoint(op.args):
                return True
            continue
        decided = not found.isdisjoint(_control(op)) and any(map(_may_raise, op.regions))
        if decided or any(_may_raise_by(region.ops, found) for region in op.regions):
            return True
    return False


def _control(op: Op) -> Sequence[Value]:
    """What decides which regions of an op run, and how often."""
    if op.prim is FOR:
        return op.args[:LOOP_BOUNDS]
    return op.args if op.prim is IF else op.regions[0].yields


def _may_raise(region: Region) -> bool:
    return any(
        not (op.prim.pure or op.regions) or any(map(_may_raise, op.regions)) for op in region.ops
    )

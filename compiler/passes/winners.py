"""What a loop picks is differentiated where it was picked, not in every iteration.

Before::

    with for_(lo, n, one, x_0) as (i, m):
        e: f64 = get(x, i, spec=('at',))
        beats: b1 = gt(e, m)
        m_1: f64 = select(beats, e, m)
        yield_(m_1)
    m_2: f64 = outs()

After::

    with for_(lo, n, one, x_0, before) as (i, m, last):
        e: f64 = get(x, i, spec=('at',))
        beats: b1 = gt(e, m)
        m_1: f64 = select(beats, e, m)
        last_1: i64(last_1) = select(beats, i, last)
        yield_(m_1, last_1)
    m_2: f64; last_2: i64(last_2) = outs()
    found: b1 = ge(last_2, lo)
    with if_(found):
        picked: f64 = get(x, last_2, spec=('at',))
        yield_(picked)
    with else_():
        yield_(x_0)
    m_3: f64 = outs()
    m_4: f64 = stand_in(m_2, m_3)

A number that an iteration either keeps or replaces depends on one iteration in the end. Its
adjoint needs to know which, and no tape of what was kept on the way. ``stand_in`` has the value of
the first operand and the derivative of the second, which is then not computed.

Ties of ``maximum(m, e)`` share their cotangent, so for extrema the first and the last iteration
that has the result are wanted, and the adjoint goes over what lies between: one iteration, as a
rule. They are looked for after the loop, in one that is vectorised as the extremum itself is, if
``e`` has the same bits when it is computed again; where it may be rounded otherwise, the loop notes
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.builder import CONST, DIM, Builder, Symbols
from gradc.ir.control import FOR, LOOP_BOUNDS
from gradc.ir.core import Function, Kind, Op, Region, Value
from gradc.ir.types import INT
from gradc.ir.walk import all_ops, clone_op, map_regions, rebuilt, used_by, with_body
from gradc.passes.base import Context
from gradc.prims.arithmetic import ADD, MUL, NEG, SUB
from gradc.prims.compare import EQ, GE, GT, LAND, LE, LNOT, LOR, LT, SELECT
from gradc.prims.elementary import ABS, MAXIMUM, MINIMUM
from gradc.prims.index import GET
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.routines import is_pure
from gradc.prims.shape import STAND_IN

#: Appends to a loop body what it is to know, from the index and what it knew before.
_Note = Callable[[Builder, Value, Sequence[Value]], list[Value]]
_PICKING = (SELECT, MAXIMUM, MINIMUM)


@dataclass(frozen=True, slots=True)
class Winners:
    """The pass; it belongs right before reverse mode, as `simplify` takes it back."""

    name: ClassVar[str] = "winners"
    whole: ClassVar[bool] = True

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with what loops pick read where it was picked."""
        return with_winners(function)


def with_winners(function: Function, scope: Symbols | None = None) -> Function:
    """The function with what loops pick read where it was picked.

    Parameters
    ----------
    function : Function
    scope : Symbols, optional
        The sizes that are known where the function is read, for one inside of another.
    """
    ops = list(all_ops(function.body))
    if not (any(op.prim is FOR for op in ops) and any(op.prim in _PICKING for op in ops)):
        return function
    symbols = Symbols(scope)
    symbols.note_region(function.body)
    smooth = _differentiable_uses(function.body)
    return with_body(function, _region(function.body, symbols, smooth))


def _differentiable_uses(body: Region) -> dict[Value, int]:
    """How often the derivative of a value may be asked for."""
    uses: dict[Value, int] = {}

    def count(values: Iterable[Value]) -> None:
        for value in values:
            uses[value] = uses.get(value, 0) + 1

    def visit(region: Region) -> None:
        for op in region.ops:
            if op.prim.kind is not Kind.CONSTANT:
                count(op.args[1:] if op.prim is STAND_IN else op.args)
            for inner in op.regions:
                visit(inner)
        count(region.yields)

    visit(body)
    return uses


def _region(region: Region, symbols: Symbols, smooth: dict[Value, int]) -> Region:
    ops: list[Op] = []
    for old in region.ops:
        op = map_regions(old, lambda inner: _region(inner, symbols, smooth))
        ops += _loop(op, symbols, smooth) if op.prim is FOR and op.args[2].size == 1 else [op]
    return rebuilt(region, ops, region.yields)


def _loop(op: Op, symbols: Symbols, smooth: dict[Value, int]) -> list[Op]:
    """A loop with what follows from what it picks."""
    before: list[Op] = []
    after: list[Op] = []
    for slot in range(len(op.outs)):
        pick = _pick(op, slot, smooth)
        if pick is not None:
            ops = pick.apart(symbols)
            place = next(k for k, each in enumerate(ops) if each.prim is FOR)
            before += ops[:place]
            op = ops[place]
            after += ops[place + 1 :]
    return [*before, op, *after]


def _pick(op: Op, slot: int, smooth: dict[Value, int]) -> _Pick | None:
    """What a loop carries, if an iteration keeps or replaces it."""
    (body,) = op.regions
    kept, end = body.params[1 + slot], body.yields[slot]
    if not (kept.type.is_float and kept.type.is_scalar) or op.outs[slot] not in smooth:
        return None
    maker = next((each for each in body.ops if each.outs == (end,)), None)
    if maker is None or maker.prim not in _PICKING or smooth.get(end) != 1 or smooth.get(kept) != 1:
        return None
    operands = maker.args[-2:]
    if kept not in operands:
        return None
    taken = operands[1] if operands[0] is kept else operands[0]
    slice_ = _slice(body, taken)
    return None if slice_ is None else _Pick(op, slot, maker, kept, taken, slice_)


def _rounds(op: Op) -> bool:
    """Whether an op computes with floats; one sum or product is rounded the same everywhere."""
    if op.prim in (CONST, DIM, GET, NEG, ABS, SELECT) or op.prim.kind is Kind.CONSTANT:
        return False
    return bool(op.regions) or any(out.type.is_float for out in op.outs)


def _slice(body: Region, wanted: Value) -> tuple[Op, ...] | None:
    """The ops that a value needs, if it depends on the index and what is outside alone."""
    needed, found = {wanted}, []
    for op in reversed(body.ops):
        if needed.isdisjoint(op.outs):
            continue
        if not is_pure(op):
            return None
        found.append(op)
        needed.update(used_by(op))
    index = body.params[0]
    by_index = any(index.size in value.type.shape for op in found for value in op.outs)
    return None if by_index or needed & set(body.params[1:]) else tuple(found[::-1])


@dataclass(frozen=True, slots=True)
class _Pick:
    """A number that iterations of a loop keep or replace.

    Attributes
    ----------
    op : Op
        The loop.
    slot : int
        The place of the number among what it carries.
    maker : Op
        What chooses.
    kept, taken : Value
        What it chooses from: the number as it was, and what replaces it.
    slice : tuple of Op
        What has to be computed for `taken`.
    """

    op: Op
    slot: int
    maker: Op
    kept: Value
    taken: Value
    slice: tuple[Op, ...]

    def apart(self, symbols: Symbols) -> list[Op]:
        """The loop, with what is to be known of it, and what follows it."""
        own = Symbols(symbols)
        before, after = Builder(own), Builder(own)
        for builder in (before, after):
            builder.loc, builder.role = self.op.loc, self.op.role
        start, stop, step = self.op.args[:LOOP_BOUNDS]
        none = before.emit(SUB, (start, before.const(1)), name="before")
        out = self.op.outs[self.slot]
        value = replace(out)
        op = replace(
            self.op, outs=(*self.op.outs[: self.slot], value, *self.op.outs[self.slot + 1 :])
        )
        after.loc = self.maker.loc
        if self.maker.prim is SELECT:
            op, (last,) = self._noting(op, before, {"last": none}, self._last)
            through = self._at_last(after, last)
        elif self._same_bits:
            first, last = self._sought(after, value, (start, stop, step), none)
            through = self._shared(after, value, first, last)
        else:
            inits = {"first": start, "last": none}
            op, (first, last) = self._noting(op, before, inits, self._ends)
            number = after.emit(EQ, (value, value), name="number")  # of NaN nothing follows
            last = after.emit(SELECT, (number, last, none), name="last")
            through = self._shared(after, value, first, last)
        after.append(Op(STAND_IN, (value, through), {}, (out,), (), out.loc, self.op.role))
        return [*before.ops, op, *after.ops]

    @property
    def _same_bits(self) -> bool:
        """Whether the slice has the same bits when it is computed again, in any other loop.

        Compilers may contract and reorder several operations, and a vector function may differ
        from a scalar one in the last bit.
        """
        rounded = [each.prim for each in self.slice if _rounds(each)]
        return not rounded or (len(rounded) == 1 and rounded[0] in (ADD, SUB, MUL))

    # -- which iterations ---------------------------------------------------------------------

    def _noting(
        self, op: Op, builder: Builder, inits: dict[str, Value], note: _Note
    ) -> tuple[Op, tuple[Value, ...]]:
        """The loop with integers that it carries, too."""
        (body,) = op.regions
        inner = builder.child()
        inner.symbols.note_region(body)
        params = [builder.value(INT, name) for name in inits]
        ends = note(inner, body.params[0], params)
        outs = tuple(builder.value(INT, name) for name in inits)
        region = Region((*body.params, *params), (*body.ops, *inner.ops), (*body.yields, *ends))
        args = (*op.args, *inits.values())
        return replace(op, args=args, outs=(*op.outs, *outs), regions=(region,)), outs

    def _last(self, builder: Builder, index: Value, params: Sequence[Value]) -> list[Value]:
        """The last iteration that replaced the number."""
        (last,) = params
        condition, yes, _ = self.maker.args
        choices = (index, last) if yes is self.taken else (last, index)
        return [builder.emit(SELECT, (condition, *choices), name="last")]

    def _ends(self, builder: Builder, index: Value, params: Sequence[Value]) -> list[Value]:
        """The last iteration that raised the extremum so far, and the last that has it."""
        prims = (GT, GE) if self.maker.prim is MAXIMUM else (LT, LE)
        pair = (self.taken, self.kept)
        return [
            builder.emit(SELECT, (builder.emit(prim, pair), index, param), name=param.name)
            for prim, param in zip(prims, params, strict=True)
        ]

    def _sought(
        self, builder: Builder, value: Value, bounds: tuple[Value, Value, Value], none: Value
    ) -> tuple[Value, ...]:
        """The same, found in a loop of its own."""
        first, last = (builder.value(INT, name) for name in ("first", "last"))
        inner = builder.child()
        index = inner.value(INT, self.op.regions[0].params[0].name)
        has = inner.emit(EQ, (self._again(inner, index), value), name="has")
        places = [inner.emit(SELECT, (has, index, other)) for other in (bounds[1], none)]
        ends = [
            inner.emit(IMIN, (first, places[0]), name="first"),
            inner.emit(IMAX, (last, places[1]), name="last"),
        ]
        region = inner.close((index, first, last), ends)
        return builder.loop(bounds, (bounds[1], none), region)

    def _again(self, builder: Builder, index: Value) -> Value:
        """Append what replaces the number in an iteration, and return that."""
        mapping = {self.op.regions[0].params[0]: index}
        for each in self.slice:
            copied = clone_op(each, mapping)
            for out in copied.outs:
                builder.symbols.note(out)
            builder.append(copied)
        return mapping.get(self.taken, self.taken)

    # -- the derivative -----------------------------------------------------------------------

    def _at_last(self, builder: Builder, last: Value) -> Value:
        """What the last iteration put there, or what was there before."""
        then, otherwise = builder.child(), builder.child()
        taken = self._again(then, last)
        start, init = self.op.args[0], self.op.args[LOOP_BOUNDS + self.slot]
        found = builder.emit(GE, (last, start), name="found")
        (through,) = builder.branch(
            found, then.close((), (taken,)), otherwise.close((), (init,)), (self.kept.name,)
        )
        return through

    def _shared(self, builder: Builder, value: Value, first: Value, last: Value) -> Value:
        """A number that depends on what has the extremum as the extremum does.

        Each tie halves what the earlier ones get; the first takes the rest. Of the value of
        this nothing is used.
        """
        dtype, one = value.type.dtype, builder.const(1)
        init = self.op.args[LOOP_BOUNDS + self.slot]
        early = builder.emit(EQ, (init, value), name="early")
        total, left = (builder.value(value.type, name) for name in (self.kept.name, "left"))
        inner = builder.child()
        late = builder.emit(LNOT, (early,), name="late")
        index = inner.value(INT, self.op.regions[0].params[0].name)
        is_first = inner.emit(EQ, (index, first), name="is_first")
        alone = inner.emit(LAND, (late, is_first), name="alone")
        has = self._holds(inner, value, index, alone, last)
        then, otherwise = inner.child(), inner.child()
        taken = self._again(then, index)  # its adjoint runs here only
        half = then.emit(MUL, (left, then.const(0.5, dtype)), name="half")
        share = then.emit(SELECT, (alone, left, half), name="share")
        part = then.emit(MUL, (share, taken), name="part")
        nothing = otherwise.const(0.0, dtype)
        regions = then.close((), (part, share)), otherwise.close((), (nothing, nothing))
        part, share = inner.branch(has, *regions, ("part", "share"))
        ends = inner.emit(ADD, (total, part), name=total.name), inner.emit(SUB, (left, share))
        bounds = (last, builder.emit(SUB, (first, one), name="before"), builder.const(-1))
        inits = (builder.const(0.0, dtype), builder.const(1.0, dtype))
        region = inner.close((index, total, left), ends)
        summed, rest = builder.loop(bounds, inits, region)
        then, otherwise = builder.child(), builder.child()
        part = then.emit(MUL, (rest, init), name="part")
        nothing = otherwise.const(0.0, dtype)
        regions = then.close((), (part,)), otherwise.close((), (nothing,))
        (begin,) = builder.branch(early, *regions, (total.name,))
        return builder.emit(ADD, (summed, begin), name=total.name)

    def _holds(
        self, builder: Builder, value: Value, index: Value, alone: Value, last: Value
    ) -> Value:
        """Whether an iteration has the extremum."""
        between = builder.child()
        taken = self._again(between, index)
        has = between.emit(EQ, (taken, value), name="has")
        if self._same_bits:
            builder.ops += between.ops
            return has
        is_last = builder.emit(EQ, (index, last), name="is_last")
        sure = builder.child()
        regions = sure.close((), (sure.const(True),)), between.close((), (has,))
        either = builder.emit(LOR, (is_last, alone), name="either")
        (has,) = builder.branch(either, *regions, ("has",))
        return has

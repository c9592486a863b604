"""A nest of loops that adds to neighbours gathers from them instead.

Before, the adjoint of a stencil::

    with for_(one, stop, one, b) as (i, b_1):
        v: f64 = get(a, i, spec=('at',))
        left: i64(left) = sub(i, one)
        b_2: f64[n] = add_at(b_1, v, left, spec=('at',))
        right: i64(right) = add(i, one)
        b_3: f64[n] = add_at(b_2, v, right, spec=('at',))
        yield_(b_3)

After, where every element has all of its parts::

    with for_(two, before, one, b) as (q, b_1):
        i = sub(q, minus_one)
        v: f64 = get(a, i, spec=('at',))
        j = sub(q, one)
        w: f64 = get(a, j, spec=('at',))
        both = add(v, w)
        b_2 = add_at(b_1, both, q, spec=('at',))
        yield_(b_2)

An iteration that adds to an element which the next one adds to as well has to wait for it, and no
compiler makes vectors of that. Here each iteration has an element of its own. What is added near
the rim, where elements get some of their parts only, is added one by one as before, and what else
the nest did is left to a nest that follows. An element's parts are computed once for each of its
neighbours, so they have to be cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.errors import InternalError
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, LOOP_BOUNDS
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import INT
from gradc.ir.walk import all_ops, map_regions, needed_for, rebuilt, with_body
from gradc.passes.base import Context
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.simplify import Simplify
from gradc.passes.stencils import Stencil, stencil_of
from gradc.prims.arithmetic import ADD, SUB
from gradc.prims.compare import GE, LAND, LOR, LT, SELECT
from gradc.prims.index import ADD_AT
from gradc.prims.integers import IMIN


@dataclass(frozen=True, slots=True)
class Gather:
    """The pass; it runs on loops over scalars."""

    name: ClassVar[str] = "gather"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with nests that gather."""
        if all(op.prim is not ADD_AT for op in all_ops(function.body)):
            return function
        body = _region(function.body, Symbols.of(function))
        if body is function.body:
            return function
        function = with_body(function, body)
        for tidy in (Simplify(), CommonSubexpressions(), DeadCode()):
            function = tidy.run(function, context)
        return function


def _region(region: Region, symbols: Symbols) -> Region:
    ops: list[Op] = []
    for op in region.ops:
        ops += _gathered(op, symbols) if op.prim is FOR else [_inside(op, symbols)]
    return rebuilt(region, ops, region.yields)


def _inside(op: Op, symbols: Symbols) -> Op:
    return map_regions(op, lambda inner: _region(inner, symbols))


def _gathered(op: Op, symbols: Symbols) -> list[Op]:
    """A nest that gathers, for each array that it adds to; the same op where it does not."""
    stencil = stencil_of(op)
    if stencil is None:
        return [_inside(op, symbols)]
    builder = Builder(Symbols(symbols))
    builder.loc, builder.role = op.loc, op.role
    made = _Gathered(stencil, builder)
    made.rim(made.core())
    rest = stencil.rest()
    return [*builder.ops, *(_gathered(rest, symbols) if rest.outs else [])]


_Body = Callable[[Builder, Sequence[Value], Value], Value]
_Range = tuple[Value, Value]


class _Gathered:
    """The two nests that take the place of the additions to an array.

    Attributes
    ----------
    stencil : Stencil
    builder : Builder
        Where they are appended.
    ranges : list of tuple of Value
        For each loop where its index begins and ends, upwards.
    inside : list of tuple of Value
        The same for the elements that get all of their parts, by the place that shifts start from.
    """

    def __init__(self, stencil: Stencil, builder: Builder) -> None:
        self.stencil, self.builder = stencil, builder
        self.ranges = [self._range(loop) for loop in stencil.nest.loops]
        self.inside = []
        for level, (low, high) in enumerate(self.ranges):
            least, most = stencil.reach(level)
            self.inside.append((_plus(builder, low, most), _plus(builder, high, least)))

    def _range(self, loop: Op) -> _Range:
        nest = self.stencil.nest
        start, stop, step = loop.args[:LOOP_BOUNDS]
        mapping = dict(self.stencil.outside)
        _append(self.builder, needed_for(nest.ops, (start, stop)), mapping)
        start, stop = (mapping.get(value, value) for value in (start, stop))
        if step.size == 1:
            return start, stop
        return _plus(self.builder, stop, 1), _plus(self.builder, start, 1)

    def core(self) -> Value:
        """Append the nest over the elements that get all of their parts."""
        stencil = self.stencil
        return self._nest(self.builder, self.inside, stencil.init, self._whole)

    def _whole(self, builder: Builder, indices: Sequence[Value], target: Value) -> Value:
        """Add all parts of an element."""
        parts: list[Value] = []
        place: Sequence[Value] = ()
        for update, shift in zip(self.stencil.updates, self.stencil.shifts, strict=True):
            own = [_plus(builder, index, -by) for index, by in zip(indices, shift, strict=True)]
            part, where = self._part(builder, own, update)
            parts.append(part)
            place = place if any(shift) else where
        total = parts[0]
        for part in parts[1:]:
            total = builder.emit(ADD, (total, part), name="parts")
        return self._add(builder, target, total, place)

    def rim(self, target: Value) -> None:
        """Append the nest over the iterations near the rim, which add to other elements, too."""
        *around, last = self.ranges
        least, most = self.stencil.reach(len(around))
        width = most - least
        name = self.stencil.nest.indices[-1].name

        def row(builder: Builder, indices: Sequence[Value], target: Value) -> Value:
            low, high = last
            size = builder.emit(SUB, (high, low), name="size")
            count = builder.emit(IMIN, (builder.const(2 * width), size), name="count")
            at_rim = self._at_rim(builder, indices)
            if at_rim is not None:  # the whole row
                count = builder.emit(SELECT, (at_rim, size, count), name="count")
            skipped = builder.emit(SUB, (size, count), name="skipped")

            def part(builder: Builder, own: Sequence[Value], target: Value) -> Value:
                late = builder.emit(GE, (*own, builder.const(width)), name="late")
                passed = builder.emit(SELECT, (late, skipped, builder.const(0)), name="passed")
                index = builder.emit(ADD, (low, *own), name=name)
                index = builder.emit(ADD, (index, passed), name=name)
                return self._outside_core(builder, [*indices, index], target)

            every = (builder.const(0), count)
            return self._nest(builder, [every], target, part, len(around), "place")

        builder = self.builder
        made = self._nest(builder, around, target, row) if around else row(builder, (), target)
        (op,) = [each for each in builder.ops if made in each.outs]
        place = builder.ops.index(op)
        builder.ops[place] = replace(op, outs=(self.stencil.out,))

    def _at_rim(self, builder: Builder, indices: Sequence[Value]) -> Value | None:
        """Whether the outer loops are so near to the rim that all of a row is."""
        found: Value | None = None
        for level, index in enumerate(indices):
            least, most = self.stencil.reach(level)
            if most == least:
                continue
            low, high = self.ranges[level]
            for near in (
                builder.emit(LT, (index, _plus(builder, low, most - least)), name="near"),
                builder.emit(GE, (index, _plus(builder, high, least - most)), name="near"),
            ):
                found = near if found is None else builder.emit(LOR, (found, near), name="near")
        return found

    def _outside_core(self, builder: Builder, indices: Sequence[Value], target: Value) -> Value:
        """Do the additions of an iteration that are not to elements of the core."""
        for update, shift in zip(self.stencil.updates, self.stencil.shifts, strict=True):
            inside: Value | None = None
            for level, by in enumerate(shift):
                least, most = self.stencil.reach(level)
                if most == least:
                    continue
                place = _plus(builder, indices[level], by)
                low, high = self.inside[level]
                for test in (
                    builder.emit(GE, (place, low), name="inside"),
                    builder.emit(LT, (place, high), name="inside"),
                ):
                    inside = (
                        test
                        if inside is None
                        else builder.emit(LAND, (inside, test), name="inside")
                    )
            if inside is None:
                raise InternalError("gather: no loop has neighbours")
            then, otherwise = builder.child(), builder.child()
            part, where = self._part(otherwise, indices, update)
            added = self._add(otherwise, target, part, where)
            regions = then.close((), (target,)), otherwise.close((), (added,))
            (target,) = builder.branch(inside, *regions, (target.name,))
        return target

    # -- building blocks ----------------------------------------------------------------------

    def _nest(
        self,
        builder: Builder,
        ranges: Sequence[_Range],
        target: Value,
        body: _Body,
        level: int = 0,
        name: str = "",
    ) -> Value:
        """Append loops in each other, upwards, that carry the array; return it."""
        loop = self.stencil.nest.loops[level]
        (low, high), *inner = ranges
        child = builder.child()
        child.loc = loop.loc
        own = loop.regions[0].params[0].name
        index = child.value(INT, name or own)
        param = child.value(target.type, target.name)

        def deeper(builder: Builder, indices: Sequence[Value], target: Value) -> Value:
            return body(builder, [index, *indices], target)

        if inner:
            end = self._nest(child, inner, param, deeper, level + 1)
        else:
            end = body(child, [index], param)
        with builder.at(loop.loc):
            bounds = (low, high, builder.const(1))
            (out,) = builder.loop(bounds, (target,), child.close((index, param), (end,)))
        return out

    def _part(
        self, builder: Builder, indices: Sequence[Value], update: Op
    ) -> tuple[Value, list[Value]]:
        """Append what an iteration adds, and where; return both."""
        nest = self.stencil.nest
        mapping = {**self.stencil.outside, **dict(zip(nest.indices, indices, strict=True))}
        _append(builder, needed_for(nest.ops, update.args[1:]), mapping)
        value, *place = (mapping.get(arg, arg) for arg in update.args[1:])
        return value, place

    def _add(self, builder: Builder, target: Value, part: Value, place: Sequence[Value]) -> Value:
        update = self.stencil.updates[0]
        with builder.at(update.loc):
            return builder.emit(ADD_AT, (target, part, *place), update.params, name=target.name)


def _append(builder: Builder, ops: Sequence[Op], mapping: dict[Value, Value]) -> None:
    """Append copies of ops; integers of another iteration are other sizes."""
    for op in ops:
        args = tuple(mapping.get(arg, arg) for arg in op.args)
        outs = tuple(
            replace(out, size=builder.symbols.fresh(out.name))
            if isinstance(out.size, str)
            else replace(out)
            for out in op.outs
        )
        for out in outs:
            builder.symbols.note(out)
        mapping.update(zip(op.outs, outs, strict=True))
        builder.append(replace(op, args=args, outs=outs))


def _plus(builder: Builder, value: Value, by: int) -> Value:
    if by == 0:
        return value
    if isinstance(value.size, int):
        return builder.const(value.size + by)
    prim = ADD if by > 0 else SUB
    return builder.emit(prim, (value, builder.const(abs(by))), name=value.name)

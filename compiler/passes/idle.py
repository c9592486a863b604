"""A loop that makes nothing of the tangents of a direction is skipped where these are zero.

Before, in a loop over directions::

    with for_(lo, n, one, skinned_dot) as (v, s):
        p: f64 = get(positions, v, spec=('at',))
        t: f64 = get(transform_dot, b, spec=('at',))
        d: f64 = mul(t, p)
        s_1: f64[n] = add_at(s, d, v, spec=('at',))
        yield_(s_1)
    s_2: f64[n] = outs()

After::

    t_1: f64 = get(transform_dot, b, spec=('at',))
    runs: b1 = ne(t_1, c)
    with if_(runs):
        (the loop)
    with else_():
        yield_(skinned_dot)
    s_2: f64[n] = outs()

A direction moves a part of a model: an angle of a finger its own bones, a joint of an arm what
comes after it. The transformations of all other parts have tangents of zero, which is known only
when the program runs, and each of them is applied to many points. So the elements that a loop
reads again in each iteration are compared with zero before it, where they are not more than its
iterations. What a loop writes in place of adding is written as zeros, by a loop that does no more.
As in :mod:`~gradc.passes.reach`, a zero says that something does not depend on the direction, and
zero times a factor is zero whatever the factor is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.dependent import dependent_values
from gradc.ir.builder import CONST, Builder, Symbols
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, carried_inits
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.types import INT, Dim
from gradc.ir.walk import (
    all_ops,
    clone_op,
    defining_ops,
    free_in_ops,
    free_values,
    map_regions,
    rebuilt,
    substitute_op,
    with_body,
)
from gradc.passes.base import Context
from gradc.passes.dce import DeadCode
from gradc.passes.skip_zeros import Known
from gradc.prims.arithmetic import ADD, CAST, DIV, MUL
from gradc.prims.compare import LE, LOR, NE
from gradc.prims.index import AT, GET, PUT
from gradc.prims.routines import is_pure
from gradc.prims.shape import EXPECT

# A loop is worth a test if what is left of it has at most one op in so many.
_WORTH = 3
# What a read leaves open is the whole axis.
_Fixed = tuple[Value | int | None, ...]


@dataclass(frozen=True, slots=True)
class SkipIdle:
    """The pass; it runs on loops over scalars, before updates are in place."""

    name: ClassVar[str] = "idle"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with loops skipped that make nothing of a direction."""
        return with_body(function, _Skipping(function).region(function.body, frozenset()))


class _Skipping:
    def __init__(self, function: Function) -> None:
        self.symbols = Symbols.of(function)
        self.makers = defining_ops(function.body)
        self.zeros = {
            out
            for out, op in self.makers.items()
            if op.prim is CONST and out.type.is_float and op.params["value"] == 0.0
        }

    def region(self, region: Region, tangents: frozenset[Value]) -> Region:
        """Rebuild a region; inside a loop over directions some values are tangents."""
        ops = [made for op in region.ops for made in self.op(op, tangents)]
        return rebuilt(region, ops, region.yields)

    def op(self, op: Op, tangents: frozenset[Value]) -> list[Op]:
        if tangents and _is_guarded(op):
            return [op]
        if op.prim is FOR and tangents:
            made = self.loop(op, tangents)
            if made:
                return made
        if self.is_over_directions(op):
            (body,) = op.regions
            tangents |= dependent_values(body.ops, body.params)
        return [map_regions(op, lambda inner: self.region(inner, tangents))]

    def is_over_directions(self, op: Op) -> bool:
        """Whether an op is a loop that a derivative makes, with a one among zeros in it."""
        if op.prim is not FOR or op.role is not Role.TANGENT:
            return False
        return any(map(self.puts_one, op.regions[0].ops))

    def is_direction(self, value: Value) -> bool:
        """Whether an array is a one among zeros."""
        op = self.makers.get(value)
        while op is not None and op.prim is EXPECT:
            op = self.makers.get(op.args[0])
        return self.puts_one(op)

    def puts_one(self, op: Op | None) -> bool:
        """Whether an op makes a direction."""
        maker = self.makers.get(op.args[1]) if op is not None and op.prim is PUT else None
        return maker is not None and maker.prim is CONST and maker.params["value"] == 1.0

    def loop(self, loop: Op, tangents: frozenset[Value]) -> list[Op]:
        """The loop in a branch, if tangents decide whether it has anything to do; else nothing."""
        (body,) = loop.regions
        start, stop, step = loop.args[:LOOP_BOUNDS]
        if not loop.outs or step.size != 1 or start.size != 0:
            return []
        if any(not is_pure(op) for op in all_ops(body)):
            return []
        streamed = _streamed(body)
        found = [
            value
            for value in free_values(body)
            if value in tangents and value.type.is_float and value not in streamed
        ]
        idle = self.idle(loop, found) if found else None
        if idle is None:
            return []
        for value in found[:]:
            fewer = [each for each in found if each is not value]
            if fewer and (same := self.idle(loop, fewer)) is not None:
                found, idle = fewer, same
        reads = {value: self.fixed(body, value) for value in found}
        if any(self.is_direction(value) and reads[value] == (None,) for value in found):
            return []  # it is never zero
        if isinstance(stop.size, int) and self.number(reads) * 2 > stop.size:
            return []
        return self.guarded(loop, reads, idle)

    # -- what is left of it ---------------------------------------------------------------------

    def idle(self, loop: Op, zeros: Iterable[Value]) -> Region | None:
        """What a loop comes to where some values are zero; None if that is not much less."""
        (body,) = loop.regions
        known = _Tangents(set(), set(), {*self.zeros, *zeros}, {p: p for p in body.params})
        known.follow(body.ops)
        carried = zip(body.params[1:], body.yields, strict=True)
        if all(known.of(value) is param for param, value in carried):
            return Region((), (), carried_inits(loop))
        left = _without(loop, known)
        before = sum(1 for _ in all_ops(body))
        after = sum(1 for op in left.ops for _ in all_ops(Region((), (op,), ())))
        return left if after * _WORTH <= before else None

    # -- the test -------------------------------------------------------------------------------

    def fixed(self, body: Region, array: Value) -> _Fixed:
        """Where a loop reads an array: for each axis the index, if it is the same everywhere."""
        outside = set(free_values(body))
        found: list[set[Value | int | None]] = [set() for _ in array.type.shape]
        for op in all_ops(body):
            if op.prim is GET and op.args[0] is array:
                for place, index in zip(found, op.args[1:], strict=True):
                    known = index.size if isinstance(index.size, int) else None
                    place.add(index if known is None and index in outside else known)
        return tuple(next(iter(place)) if len(place) == 1 else None for place in found)

    def number(self, reads: Mapping[Value, _Fixed]) -> int:
        """How many elements are read, as far as that is known."""
        return sum(
            math.prod(
                dim
                for dim, index in zip(value.type.shape, fixed, strict=True)
                if index is None and isinstance(dim, int)
            )
            for value, fixed in reads.items()
        )

    def guarded(self, loop: Op, reads: Mapping[Value, _Fixed], idle: Region) -> list[Op]:
        """The loop in a branch that is taken where one of the elements is not zero."""
        builder = Builder(Symbols(self.symbols))
        builder.loc, builder.role = loop.loc, Role.TANGENT
        runs = self.test(loop, reads, builder)
        outs = tuple(replace(out) for out in loop.outs)
        taken = Region((), (replace(loop, outs=outs),), outs)
        builder.branch(runs, taken, idle)
        return [*builder.ops[:-1], replace(builder.ops[-1], outs=loop.outs)]

    def test(self, loop: Op, reads: Mapping[Value, _Fixed], builder: Builder) -> Value:
        groups: dict[tuple[tuple[Dim, ...], _Fixed], list[Value]] = {}
        for value, fixed in reads.items():
            groups.setdefault((value.type.shape, fixed), []).append(value)
        total = builder.const(0)
        for (_, fixed), values in groups.items():
            size = self.size(dict.fromkeys(values, fixed), builder)
            total = size if total.size == 0 else builder.emit(ADD, [total, size], name="size")
        if isinstance(total.size, int) and isinstance(loop.args[1].size, int):
            return self.any_nonzero(groups, builder)
        few = builder.emit(LE, [total, loop.args[1]], name="few")
        inside, otherwise = builder.child(), builder.child()
        found = self.any_nonzero(groups, inside)
        taken = inside.close((), (found,))
        yes = otherwise.const(True)
        (runs,) = builder.branch(few, taken, otherwise.close((), (yes,)), ["runs"])
        return runs

    def size(self, reads: Mapping[Value, _Fixed], builder: Builder) -> Value:
        """How many elements are read of arrays of one shape."""
        array, fixed = next(iter(reads.items()))
        size = builder.const(self.number(reads))
        for axis, index in enumerate(fixed):
            if index is None and isinstance(array.type.shape[axis], str):
                size = builder.emit(MUL, [size, builder.dim(array, axis)], name="size")
        return size

    def any_nonzero(
        self, groups: Mapping[tuple[tuple[Dim, ...], _Fixed], Sequence[Value]], builder: Builder
    ) -> Value:
        found = builder.const(False)
        for (_, fixed), values in groups.items():
            found = self.search(values, fixed, [], found, builder)
        return found

    def search(
        self,
        arrays: Sequence[Value],
        fixed: _Fixed,
        at: Sequence[Value],
        found: Value,
        builder: Builder,
    ) -> Value:
        """Loops over the elements of arrays of one shape."""
        depth = len(at)
        if depth == len(fixed):
            for array in arrays:
                element = array
                if at:
                    spec = (AT,) * depth
                    element = builder.emit(GET, [array, *at], {"spec": spec}, name=array.name)
                zero = builder.const(0.0, array.type.dtype)
                differs = builder.emit(NE, [element, zero], name="differs")
                found = builder.emit(LOR, [found, differs], name="runs")
            return found
        index = fixed[depth]
        if index is not None:
            place = builder.const(index) if isinstance(index, int) else index
            return self.search(arrays, fixed, [*at, place], found, builder)
        inner = builder.child()
        counter = inner.value(INT, "ij"[depth] if depth < 2 else "k")
        param = inner.value(found.type, "runs")
        end = self.search(arrays, fixed, [*at, counter], param, inner)
        bounds = (builder.const(0), builder.dim(arrays[0], depth), builder.const(1))
        (out,) = builder.loop(bounds, [found], inner.close((counter, param), (end,)))
        return out


def _is_guarded(op: Op) -> bool:
    """Whether an op is a branch that this pass may have made: a loop, or what is left of it."""
    if op.prim is not IF:
        return False
    taken = op.regions[0]
    return [each.prim for each in taken.ops] == [FOR] and taken.yields == taken.ops[0].outs


def _streamed(body: Region) -> set[Value]:
    """The arrays that are read at places that change from iteration to iteration."""
    moving = dependent_values(body.ops, body.params)
    reads = (op for op in all_ops(body) if op.prim is GET)
    return {op.args[0] for op in reads if not moving.isdisjoint(op.args[1:])}


def _without(loop: Op, known: _Tangents) -> Region:
    """The loop with what is zero left out."""
    (body,) = loop.regions
    dtypes = {value.type.dtype for value in known.zero if value.type.is_scalar}
    builder = Builder()
    zeros = {dtype: builder.const(0.0, dtype) for dtype in dtypes}
    made = {out for op in all_ops(body) for out in op.outs}
    mapping = {value: zeros[value.type.dtype] for value in known.zero & made if not value.type.rank}
    mapping |= {value: known.of(value) for value in known.same if value in made}
    changed = clone_op(substitute_op(loop, mapping), {})
    ops = (*builder.ops, changed)
    whole = Function("left", Region(tuple(free_in_ops(ops)), ops, changed.outs))
    body = DeadCode().run(whole, Context()).body
    return Region((), body.ops, body.yields)


class _Tangents(Known):
    """What is known where tangents are zero: they are so times any factor."""

    __slots__ = ()

    def is_zero(self, op: Op) -> bool:
        """Whether an op makes zero of zeros."""
        if op.prim is GET:
            return op.args[0] in self.zero
        if op.role is not Role.PRIMAL:
            if op.prim is MUL:
                return not self.zero.isdisjoint(op.args)
            if op.prim in (DIV, CAST):
                return op.args[0] in self.zero
        return super().is_zero(op)

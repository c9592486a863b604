"""Work arrays that each step fills before it reads them are made in the step, not handed on.

Before, where nothing reads ``k_3`` after the loop::

    k: f64[n] = zeros(n, dtype='f64')
    with for_(lo, steps, one, y, k) as (s, y_1, k_1):
        k_2: f64[n] = put(k_1, v, lo, spec=('at',))
        with for_(one, n, one, k_2) as (i, k_4):
            ...
            k_5: f64[n] = put(k_4, w, i, spec=('at',))
            yield_(k_5)
        k_6: f64[n] = outs()
        ...                                              # reads k_6
        yield_(y_2, k_6)
    y_3: f64[n]; k_3: f64[n] = outs()

After::

    with for_(lo, steps, one, y) as (s, y_1):
        k_1: f64[n] = empty(n, dtype='f64')
        k_2: f64[n] = put(k_1, v, lo, spec=('at',))
        ...
        yield_(y_2)
    y_3: f64[n] = outs()

What a user makes once, before the steps, to save allocations, looks like state. As an array of the
step it has a cotangent of the step, and its loops can be joined with those that read it
(:mod:`gradc.passes.stages`). ``workspace`` makes what is left of it before the loop again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import AffineForms
from gradc.analysis.ranges import Facts
from gradc.analysis.spans import Interval
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, LOOP_BOUNDS, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import Dim
from gradc.ir.walk import all_ops, defining_ops, rebuilt, use_counts, used_by, with_body
from gradc.passes.base import Context
from gradc.passes.control import is_loop, without_positions
from gradc.prims.index import ADD_AT, AT, GET, PUT
from gradc.prims.shape import EMPTY


@dataclass(frozen=True, slots=True)
class MakeAnew:
    """The pass."""

    name: ClassVar[str] = "anew"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with work arrays made where they are used."""
        loops = [op for op in all_ops(function.body) if is_loop(op) and _holds_loop(op)]
        arrays = [out for op in loops for out in op.outs if out.type.rank == 1]
        uses = use_counts(function.body) if arrays else {}
        if all(out in uses for out in arrays):
            return function
        work = _MakingAnew(function, uses)
        return with_body(function, work.region(function.body, Facts(work.forms), work.symbols))


def _holds_loop(op: Op) -> bool:
    return any(inner.prim is FOR for inner in loop_body(op).ops)


class _MakingAnew:
    def __init__(self, function: Function, uses: dict[Value, int]) -> None:
        self.uses = uses
        self.forms = AffineForms(defining_ops(function.body))
        self.symbols = Symbols.of(function)

    def region(self, region: Region, facts: Facts, symbols: Symbols) -> Region:
        facts.note_values(region.params)
        inner = Symbols(symbols)
        inner.note_region(region)
        ops: list[Op] = []
        for old in region.ops:
            op = self.inside(old, facts, inner)
            ops.append(self.loop(op, facts, inner) if is_loop(op) else op)
            facts.note_op(op)
        return rebuilt(region, ops, region.yields)

    def inside(self, op: Op, facts: Facts, symbols: Symbols) -> Op:
        regions = []
        for place, region in enumerate(op.regions):
            around = facts.inside(op, place)
            regions.append(self.region(region, around, symbols))
        if all(new is old for new, old in zip(regions, op.regions, strict=True)):
            return op
        return replace(op, regions=tuple(regions))

    def loop(self, op: Op, facts: Facts, symbols: Symbols) -> Op:
        """A loop without the arrays that each iteration fills before it reads them."""
        body = loop_body(op)
        within = facts.child()
        within.note_loop(op)
        dropped: set[int] = set()
        builder = Builder(Symbols(symbols))
        builder.loc, builder.role = op.loc, op.role
        sizes: dict[Dim, Value] = {}
        for slot, (param, out) in enumerate(zip(carried_params(op), op.outs, strict=True)):
            others = [end for k, end in enumerate(body.yields) if k != slot]
            if self.uses.get(out) or not self.is_left_alone(op, slot) or param in others:
                continue
            if self.is_filled(body, param, body.yields[slot], within):
                (dim,) = param.type.shape
                if dim not in sizes:
                    sizes[dim] = builder.size(dim)
                dtype = {"dtype": param.type.dtype}
                builder.append(Op(EMPTY, (sizes[dim],), dtype, (param,), (), op.loc, op.role))
                dropped.add(slot)
        if not dropped:
            return op
        less = without_positions(op, dropped)
        body = loop_body(less)
        filled = replace(body, ops=(*builder.ops, *body.ops))
        return replace(less, regions=(*less.regions[:-1], filled))

    def is_left_alone(self, op: Op, slot: int) -> bool:
        """Whether the condition of a loop does not look at what is carried in a position."""
        return not any(self.uses.get(condition.params[slot]) for condition in op.regions[:-1])

    def is_filled(self, body: Region, array: Value, end: Value, facts: Facts) -> bool:
        """Whether the ops of a body write to the elements of an array that they read, before."""
        if array.type.rank != 1:
            return False
        filled: Interval | None = None
        current = array
        for place, op in enumerate(body.ops):
            if current not in used_by(op):
                continue
            written = self.written(op, current)
            joined = _joined(filled, written, facts) if written is not None else None
            if joined is None or self.uses.get(current) != 1:
                rest = body.ops[place:]
                return filled is not None and self.is_read_inside(rest, current, end, filled, facts)
            filled = joined
            current = op.out if op.prim is PUT else op.outs[carried_inits(op).index(current)]
        return current is end and filled is not None

    def is_read_inside(
        self, ops: Sequence[Op], array: Value, end: Value, filled: Interval, facts: Facts
    ) -> bool:
        """Whether ops, and what they make of an array, read only elements of an interval."""
        reading = _Reading(self.forms, {array}, filled)
        return reading.block(ops, facts) and end in reading.versions

    def written(self, op: Op, array: Value) -> Interval | None:
        """The elements that an op writes without a look at those of before."""
        if op.prim is PUT and op.args[0] is array and op.params["spec"] == (AT,):
            place = self.forms.of(op.args[2])
            return Interval(place, place.shifted(1))
        if op.prim is not FOR or array not in carried_inits(op):
            return None
        (body,) = op.regions
        start, stop, step = (self.forms.of(bound) for bound in op.args[:LOOP_BOUNDS])
        param = body.params[1 + carried_inits(op).index(array)]
        if step.known != 1 or self.uses.get(param) != 1:
            return None
        writer = next((inner for inner in body.ops if param in inner.args), None)
        if writer is None or writer.prim is not PUT or writer.args[0] is not param:
            return None
        own = writer.args[2:] == (body.params[0],) and writer.params["spec"] == (AT,)
        only = self.uses.get(writer.out) == 1 and writer.out in body.yields
        return Interval(start, stop) if own and only else None


def _joined(filled: Interval | None, written: Interval, facts: Facts) -> Interval | None:
    """The interval that two make together where they are known to touch."""
    if filled is None:
        return written
    if facts.proves(filled.high.minus(written.low)) and facts.proves(written.low.minus(filled.low)):
        within = facts.proves(filled.high.minus(written.high))
        return filled if within else Interval(filled.low, written.high)
    if facts.proves(written.high.minus(filled.low)) and facts.proves(filled.low.minus(written.low)):
        return Interval(written.low, filled.high)
    return None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What becomes of an array of which an interval has been filled."""

    forms: AffineForms
    versions: set[Value]
    filled: Interval

    def block(self, ops: Sequence[Op], facts: Facts) -> bool:
        """Whether ops read only elements of the interval, and use no version as a whole."""
        return all(self.op(op, facts) for op in ops if not self.versions.isdisjoint(used_by(op)))

    def op(self, op: Op, facts: Facts) -> bool:
        if op.prim is FOR:
            return self.loop(op, facts)
        if op.prim not in (GET, PUT, ADD_AT) or op.params["spec"] != (AT,):
            return False
        if op.args[0] not in self.versions or not self.versions.isdisjoint(op.args[1:]):
            return False
        if op.prim is not GET:
            self.versions.add(op.out)
        place = self.forms.of(op.args[-1])
        inside = (place.minus(self.filled.low), self.filled.high.minus(place).shifted(-1))
        return op.prim is PUT or all(map(facts.proves, inside))

    def loop(self, op: Op, facts: Facts) -> bool:
        (body,) = op.regions
        inits, params = carried_inits(op), carried_params(op)
        carried = list(zip(inits, params, body.yields, op.outs, strict=True))
        for init, param, _, out in carried:
            if init in self.versions:
                self.versions.update((param, out))
        inside = facts.child()
        inside.note_loop(op)
        if not self.block(body.ops, inside):
            return False
        return all((init in self.versions) == (end in self.versions) for init, _, end, _ in carried)

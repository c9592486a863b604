"""Loops along a direction run over what the direction reaches.

Before::

    with for_(lo, n, one, jac) as (p, jac_1):
        z: f64[n] = zeros(n)
        s: f64[n] = put(z, c, p, spec=('at',))
        with for_(lo, n, one, jac_1) as (i, jac_2):
            s_i: f64 = get(s, i, spec=('at',))
            v: f64 = mul(s_i, d)
            jac_3: f64[n, n] = put(jac_2, v, p, i, spec=('at', 'at'))
            yield_(jac_3)
        ...

After, where `jac` began with ``empty(n, n, settled=True)`` and now does with ``zeros(n, n)``::

    with for_(lo, n, one, jac) as (p, jac_1):
        z: f64[n] = zeros(n)
        s: f64[n] = put(z, c, p, spec=('at',))
        end: i64(end) = add(p, one)
        with for_(p, end, one, jac_1) as (i, jac_2):
            ...

A direction is a one among zeros. Elementwise work, slices and stencils hand on zeros nearly
everywhere, so that a dense Jacobian of a stencil takes the time of filling an array with zeros. An
iteration is left out if all that it carries is left as it is, once what it reads outside of the
span of an array (:mod:`gradc.analysis.spans`) is taken to be zero. Where a direction reaches
several intervals, each has a loop.

Zero times a factor counts as zero here, whatever the factor is: these zeros say that something does
not depend on the direction (decision 0003), so that a row of a Jacobian stays free of NaN where an
element far away has an infinite derivative. Only ops of derivatives are taken so; what the function
itself multiplies keeps its meaning.

A block of a Jacobian is *settled*: all that is ever put at a place is one value. Then a zero that
is put can be left out, since the place is zero and stays so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import Affine, AffineForms
from gradc.analysis.ranges import Facts
from gradc.analysis.spans import NOWHERE, Interval, Span, in_order, one_place, shifted
from gradc.ir.builder import CONST, Builder, Symbols
from gradc.ir.control import FEW, FOR, LOOP_BOUNDS, carried_inits
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.renaming import SymbolRenaming
from gradc.ir.types import INT
from gradc.ir.walk import (
    all_ops,
    clone_region,
    defining_ops,
    map_regions,
    rebuilt,
    use_counts,
    with_body,
)
from gradc.passes.base import Context
from gradc.passes.reach_bounds import Bounds, Place
from gradc.passes.reach_buffers import kept_arrays, with_kept
from gradc.prims.arithmetic import ADD, CAST, DIV, MUL, NEG, SUB
from gradc.prims.compare import SELECT
from gradc.prims.index import ADD_AT, AT, GET, PUT
from gradc.prims.shape import EMPTY, ZEROS

# More loops than this are not made of one.
_PIECES = 4


@dataclass(frozen=True, slots=True)
class Reach:
    """The pass; it runs on loops over scalars, before updates are in place.

    Attributes
    ----------
    keep : bool
        Whether arrays of zeros are carried from direction to direction, which then cannot run in
        parallel.
    """

    name: ClassVar[str] = "reach"
    keep: bool = True

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with loops over what their directions reach."""
        if not _has_directions(function.body):
            return function
        work = _Reaching(function, self.keep)
        body = work.region(function.body, Place(Facts(work.forms)))
        return with_body(function, _with_zeros(body, work.cleared))


def _has_directions(body: Region) -> bool:
    """Whether a derivative makes a one among zeros inside of a loop."""
    for op in all_ops(body):
        if op.prim is FOR:
            made = {each.out for each in op.regions[0].ops if _is_zeros(each)}
            if any(each.prim is PUT and each.args[0] in made for each in op.regions[0].ops):
                return True
    return False


def _is_zeros(op: Op) -> bool:
    return op.prim is ZEROS and op.role is not Role.PRIMAL and op.out.type.rank == 1


def _with_zeros(region: Region, cleared: set[Value]) -> Region:
    """The region with arrays that are zeros from now on."""
    ops = []
    for op in region.ops:
        op = map_regions(op, lambda inner: _with_zeros(inner, cleared))
        if op.prim is EMPTY and op.out in cleared:
            op = replace(op, prim=ZEROS, params={"dtype": op.params["dtype"]})
        ops.append(op)
    return rebuilt(region, ops, region.yields)


class _Reaching:
    def __init__(self, function: Function, keep: bool) -> None:
        self.keep = keep
        self.uses = use_counts(function.body)
        self.makers = defining_ops(function.body)
        self.forms = AffineForms(self.makers)
        self.symbols = Symbols.of(function)
        self.roots: dict[Value, Op] = {}
        self.cleared: set[Value] = set()

    def region(self, region: Region, place: Place) -> Region:
        builder = Builder(Symbols(self.symbols))
        builder.role = Role.TANGENT
        place.facts.note_values(region.params)
        for param in region.params:
            place.note(param)
        changed = False
        for old in region.ops:
            builder.loc = old.loc
            made = self.op(old, place, builder)
            changed |= made is not old
            for out in old.outs:
                place.note(out)
            place.facts.note_op(old)
        return Region(region.params, tuple(builder.ops), region.yields) if changed else region

    def op(self, op: Op, place: Place, builder: Builder) -> Op | None:
        """Append an op; returns it as it is now, or None where several were made."""
        if _is_zeros(op):
            place.spans[op.out] = NOWHERE
        elif op.prim is EMPTY:
            self.roots[op.out] = op
        elif op.prim is PUT and op.args[0] in place.spans and op.params["spec"] == (AT,):
            where = self.forms.of(op.args[2])
            place.spans[op.out] = (*place.spans[op.args[0]], *one_place(where))
        elif op.prim is FOR:
            return self.loop(op, place, builder)
        elif op.regions:
            op = map_regions(op, lambda inner: self.region(inner, place.child()))
        builder.append(op)
        return op

    def loop(self, op: Op, place: Place, builder: Builder) -> Op | None:
        (body,) = op.regions
        for init, param, out in zip(carried_inits(op), body.params[1:], op.outs, strict=True):
            root = self.roots.get(init)
            if root is not None and root.params.get("settled"):
                self.roots[param] = self.roots[out] = root
        inside = place.child()
        inside.facts.note_loop(op)
        old, op = op, map_regions(op, lambda inner: self.region(inner, inside))
        if self.keep and op is not old:
            op = self.keeping(op, place, inside, builder)
        idle = _Idle(self, op, place)
        if not idle.holds():
            builder.append(op)
            return op
        span = in_order(idle.needed, place.facts)
        if span is None or len(span) > _PIECES or not place.can_write(span):
            builder.append(op)
            return op
        self.cleared |= idle.cleared
        for out, reached in idle.reached(span).items():
            found = in_order(reached, place.facts)
            if found is not None:
                place.spans[out] = found
        self.pieces(op, span, Bounds(self.forms, place, builder))
        return None

    def keeping(self, op: Op, place: Place, inside: Place, builder: Builder) -> Op:
        """The loop with its arrays of zeros made before it; see `reach_buffers`."""
        (body,) = op.regions
        outside = [
            value
            for value, span in place.spans.items()
            if not span and self.uses.get(value) == 1 and _is_zeros(self.makers[value])
        ]
        made = [
            each
            for each in body.ops
            if _is_zeros(each) or (each.prim is EMPTY and each.out in self.cleared)
        ]
        arrays = [
            each
            for each in kept_arrays(body, inside.spans, outside, made)
            if place.has(each.first.type.shape) and inside.can_write(each.span)
        ]
        return with_kept(op, arrays, place, inside, builder) if arrays else op

    def pieces(self, op: Op, span: Span, bounds: Bounds) -> None:
        """Append the loop once for each interval of its iterations."""
        start, stop, step = op.args[:LOOP_BOUNDS]
        carried, before = carried_inits(op), [(start, self.forms.of(start))]
        for number, each in enumerate(span):
            last = number == len(span) - 1
            low = bounds.largest(each.low, before)
            high = bounds.smaller(each.high, stop)
            outs = op.outs if last else tuple(replace(out) for out in op.outs)
            regions = op.regions if last else (self.copied(op.regions[0]),)
            made = replace(op, args=(low, high, step, *carried), outs=outs, regions=regions)
            if each.low != self.forms.of(start) and each.high != self.forms.of(stop):
                made = replace(made, params={**op.params, FEW: True})
            bounds.builder.append(made)
            carried = outs
            before.append((high, each.high))

    def copied(self, body: Region) -> Region:
        """A copy of the body of a loop, with integers of its own."""
        made = [*body.params, *(out for op in body.ops for out in op.outs)]
        own = dict.fromkeys(value.size for value in made if isinstance(value.size, str))
        names = SymbolRenaming({size: self.symbols.fresh(size) for size in own})
        return clone_region(names.region(body), {})


class _Idle:
    """What iterations of a loop do where all that they read outside of spans is zero.

    Attributes
    ----------
    needed : list of Interval
        Where they may do something.
    cleared : set of Value
        Arrays that have to begin as zeros.
    """

    def __init__(self, work: _Reaching, loop: Op, place: Place) -> None:
        self.work = work
        self.loop = loop
        self.place = place
        (self.body,) = loop.regions
        self.index = work.forms.of(self.body.params[0])
        self.inside = {out.size for op in self.body.ops for out in op.outs if out.type == INT}
        self.needed: list[Interval] = []
        self.cleared: set[Value] = set()
        self.zero: set[Value] = set()
        self.same: dict[Value, Value] = {}
        self.slots = {param: slot for slot, param in enumerate(self.body.params[1:])}
        self.writes: dict[int, list[Op]] = {slot: [] for slot in self.slots.values()}

    def holds(self) -> bool:
        """Whether they do nothing there."""
        work, ops = self.work, self.body.ops
        if work.forms.of(self.loop.args[2]).known != 1 or not self.loop.outs:
            return False
        if any(op.regions or not op.prim.pure for op in ops):
            return False
        for op in ops:
            if op.prim in (PUT, ADD_AT) and op.args[0] in self.slots:
                slot = self.slots[op.out] = self.slots[op.args[0]]
                self.writes[slot].append(op)
        for op in ops:
            if len(op.outs) == 1:
                self.follow(op)
        ends = zip(self.body.params[1:], self.body.yields, strict=True)
        return all(self.stays(param, end) for param, end in ends) and bool(self.needed)

    def offset(self, where: Value) -> Affine | None:
        """How far an index is from the loop's, where that is the same in all iterations."""
        rest = self.work.forms.of(where).minus(self.index)
        moving = self.inside | set(self.index.terms)
        return None if moving.intersection(rest.terms) else rest

    # -- values -------------------------------------------------------------------------------

    def follow(self, op: Op) -> None:
        prim, args, zero = op.prim, op.args, self.zero
        if prim is GET:
            self.read(op)
        elif prim is CONST:
            if op.out.type.is_float and op.params["value"] == 0.0:
                zero.add(op.out)
        elif op.role is Role.PRIMAL or not op.out.type.is_float:
            return
        elif self.is_zero(op):
            zero.add(op.out)
        elif prim in (ADD, SUB) and self.known_zero(args[1]):
            self.same[op.out] = self.same.get(args[0], args[0])
        elif prim is ADD and self.known_zero(args[0]):
            self.same[op.out] = self.same.get(args[1], args[1])

    def is_zero(self, op: Op) -> bool:
        if op.prim is MUL:
            return any(map(self.known_zero, op.args))
        if op.prim is DIV:
            return self.known_zero(op.args[0])
        if op.prim is SELECT:
            return all(map(self.known_zero, op.args[1:]))
        return op.prim in (NEG, ADD, SUB, CAST) and all(map(self.known_zero, op.args))

    def known_zero(self, value: Value) -> bool:
        if value in self.zero:
            return True
        op = self.work.makers.get(value)
        return op is not None and op.prim is CONST and op.params["value"] == 0.0

    def read(self, op: Op) -> None:
        array = op.args[0]
        span = self.place.spans.get(array)
        if array in self.slots:
            slot = self.slots[array]
            if all(self.is_cleared(write) for write in self.writes[slot]):
                span = self.place.spans.get(carried_inits(self.loop)[slot])
        if span is None or op.params["spec"] != (AT,):
            return
        offset = self.offset(op.args[1])
        if offset is not None:
            self.zero.add(op.out)
            self.needed += shifted(span, offset, -1)

    def is_cleared(self, write: Op) -> bool:
        """Whether an element is set to zero whatever is read."""
        maker = self.work.makers.get(write.args[1])
        constant = maker is not None and maker.prim is CONST and maker.params["value"] == 0.0
        return write.prim is PUT and constant

    # -- what is carried ----------------------------------------------------------------------

    def stays(self, param: Value, end: Value) -> bool:
        if not param.type.rank:
            return self.same.get(end, end) is param
        if self.slots.get(end) != self.slots[param]:
            return False
        slot = self.slots[param]
        writes = self.writes[slot]
        if not all(self.known_zero(write.args[1]) for write in writes):
            return False
        puts = [write for write in writes if write.prim is PUT]
        return not puts or self.may_be_left_out(puts, len(writes), carried_inits(self.loop)[slot])

    def may_be_left_out(self, puts: Sequence[Op], writes: int, init: Value) -> bool:
        """Whether zeros that are put make no difference, where the array is zero already."""
        root = self.work.roots.get(init)
        if root is not None and root.params.get("settled"):
            self.cleared.add(root.out)
            return True
        if writes > 1 or puts[0].params["spec"] != (AT,):
            return False
        offset = self.offset(puts[0].args[2])
        if offset is None:
            return False
        if root is not None:
            self.cleared.add(root.out)
            return True
        span = self.place.spans.get(init)
        if span is None:
            return False
        self.needed += shifted(span, offset, -1)
        return True

    def reached(self, span: Span) -> dict[Value, list[Interval]]:
        """The spans of what the loop hands out, from that of its iterations."""
        found = {}
        for slot, (init, out) in enumerate(
            zip(carried_inits(self.loop), self.loop.outs, strict=True)
        ):
            known = self.place.spans.get(init)
            if init in self.cleared and out.type.rank == 1:
                known = NOWHERE
            if known is None:
                continue
            reached = list(known)
            for write in self.writes[slot]:
                offset = self.offset(write.args[2])
                if offset is None:
                    break
                if not self.is_cleared(write):
                    reached += shifted(span, offset)
            else:
                found[out] = reached
        return found

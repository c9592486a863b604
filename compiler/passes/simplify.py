"""Simplification: constants, algebra, shapes, control flow and decided index checks.

Before::

    def f(x: f64[n], n: i64(n)):
        one: f64 = const(dtype='f64', value=1.0)
        two: f64 = add(one, one)
        s: f64 = sum(x, axes=(0,))
        m: f64 = neg(s)
        t: f64 = mul(two, one)
        y: f64 = add(t, m)
        return (y,)

After (and dead code elimination)::

    def f(x: f64[n], n: i64(n)):
        two: f64 = const(dtype='f64', value=2.0)
        s: f64 = sum(x, axes=(0,))
        y: f64 = sub(two, s)
        return (y,)

The rules are in :mod:`gradc.passes.fold`, :mod:`~gradc.passes.algebra`,
:mod:`~gradc.passes.arrays`, :mod:`~gradc.passes.control` and :mod:`~gradc.passes.bounds`; this
file walks the function and applies them until none does. All of them keep every bit of every
result, but for those behind ``relaxed``, which ignore the sign of zero and may round otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.errors import InternalError
from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, carried_inits, carried_params
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import INT, DType
from gradc.ir.walk import rebuilt, use_counts
from gradc.passes import algebra, arrays, control
from gradc.passes.base import Context
from gradc.passes.bounds import decide_bounds
from gradc.passes.fold import fold, fold_dim, fold_trip
from gradc.passes.rewrite import Replacements
from gradc.passes.site import Rule, Site

_GENERAL: Sequence[Rule] = (fold_dim, fold_trip, fold, algebra.integer)
_MOST_ROUNDS = 50


@dataclass(frozen=True, slots=True)
class Simplify:
    """Rewrite to simpler ops that compute the same.

    Attributes
    ----------
    relaxed : bool
        Also take what is the same but for the sign of zero or the last bit: ``x + 0.0`` is
        ``x``, ``0.0 - x`` is ``-x``, ``x**0.5`` is a square root.
    """

    name: ClassVar[str] = "simplify"
    relaxed: bool = False

    def run(self, function: Function, context: Context) -> Function:
        """Return the simplified function."""
        decided: Function | None = None
        for _ in range(_MOST_ROUNDS):
            before = function
            function = _Simplifier(function, self.relaxed).run()
            if function is before:
                if function is decided:
                    return function
                function = decided = decide_bounds(function)
                if function is before:
                    return function
        raise InternalError(f"simplify: {function.name} still changes after {_MOST_ROUNDS} rounds")


class _Simplifier:
    def __init__(self, function: Function, relaxed: bool) -> None:
        self.function = function
        self.replacements = Replacements.of(function)
        self.site = Site(function, relaxed, use_counts(function.body), self.replacements)
        self.truths: dict[Value, bool] = {}

    def run(self) -> Function:
        body = self.region(self.function.body)
        return self.replacements.finish(self.function, body)

    # -- regions ------------------------------------------------------------------------------

    def region(self, region: Region) -> Region:
        before = set(self.site.visible)
        self.site.visible.update(region.params)
        ops = self.ops(region.ops)
        yields = [self.replacements.value(value) for value in region.yields]
        self.site.visible = before
        return rebuilt(region, ops, yields)

    def ops(self, ops: Iterable[Op]) -> list[Op]:
        out: list[Op] = []
        for op in ops:
            out += self.op(op)
        return out

    def op(self, op: Op) -> list[Op]:
        op = self.replacements.operands(op)
        done = self.control(op) if op.regions else self.simple(op)
        for made in done:
            self.define(made)
        return done

    def define(self, op: Op) -> None:
        for value in op.outs:
            self.site.makers[value] = op
            self.site.visible.add(value)
        if op.prim is CONST and op.out.type == INT and isinstance(op.out.size, str):
            self.replacements.sizes.setdefault(op.out.size, op.params["value"])

    # -- ops without regions --------------------------------------------------------------------

    def simple(self, op: Op) -> list[Op]:
        if len(op.outs) != 1:
            return [op]
        rules = (*_GENERAL, *algebra.RULES.get(op.prim, ()), *arrays.RULES.get(op.prim, ()))
        for rule in rules:
            self.site.pending = []
            result = rule(op, self.site)
            made = self.site.pending
            if isinstance(result, Op):
                return [*self.ops(made), *self.op(result)]
            if result is not None and self.replaced(op.out, result):
                return self.ops(made)
        return [op]

    def replaced(self, old: Value, new: Value) -> bool:
        is_constant = self.site.maker(new, CONST) is not None
        return self.replacements.replace(old, new, keep_name=not is_constant)

    # -- loops and branches -----------------------------------------------------------------------

    def control(self, op: Op) -> list[Op]:
        if op.prim is IF:
            return self.branch(control.branch_with_positive_condition(op, self.site))
        trips = control.trip_count(op, self.site) if op.prim is FOR else None
        if trips == 0:
            return self.standing(op, op.outs, carried_inits(op))
        if trips == 1:
            (body,) = op.regions
            return self.inlined(body, (op.args[0], *carried_inits(op)), op.outs)
        return self.loop(op)

    def loop(self, op: Op) -> list[Op]:
        params, known = carried_params(op), []
        for position, init in control.invariant_positions(op).items():
            known += self.stand_for_position(op, position, init)
        for position, twin in control.twin_positions(op).items():
            if params[position] not in self.replacements.values:
                lead = 1 if op.prim is FOR else 0
                for region in op.regions:  # the condition of a while loop has parameters, too
                    carried = region.params[lead:]
                    self.stand_for((carried[position],), (carried[twin],))
                self.stand_for((op.outs[position],), (op.outs[twin],))
        gone = {place for place, p in enumerate(params) if p in self.replacements.values}
        if gone:
            op = control.without_positions(op, gone)
        regions = tuple(self.region(region) for region in op.regions)
        return [*known, _with_regions(op, regions)]

    def stand_for_position(self, op: Op, position: int, init: Value) -> list[Op]:
        for region in op.regions:
            lead = 1 if op.prim is FOR else 0
            self.stand_for((region.params[lead + position],), (init,))
        return self.standing(op, (op.outs[position],), (init,))

    def branch(self, op: Op) -> list[Op]:
        condition = op.args[0]
        known = self.truths.get(condition, self.site.constant(condition))
        if known is not None:
            return self.inlined(op.regions[0 if known else 1], (), op.outs)
        regions = []
        for region, holds in zip(op.regions, (True, False), strict=True):
            self.truths[condition] = holds
            regions.append(self.region(region))
        del self.truths[condition]
        op = _with_regions(op, tuple(regions))
        agreeing = control.agreeing_positions(op)
        if agreeing:
            for position, value in agreeing.items():
                self.stand_for((op.outs[position],), (value,))
            op = control.without_results(op, set(agreeing))
        if not op.outs and not any(region.ops for region in op.regions):
            return []
        return control.branch_as_selects(op) or [op]

    def inlined(self, region: Region, args: Sequence[Value], outs: Sequence[Value]) -> list[Op]:
        """Return the ops of a region that runs once, with its yields standing for `outs`."""
        self.stand_for(region.params, args)
        ops = self.ops(region.ops)
        self.stand_for(outs, [self.replacements.value(value) for value in region.yields])
        return ops

    def standing(self, op: Op, olds: Sequence[Value], news: Sequence[Value]) -> list[Op]:
        """Let values stand for results of an op; a size that becomes known keeps its name."""
        left = []
        for old, new in zip(olds, news, strict=True):
            number = self.site.constant(new)
            if isinstance(old.size, str) and old.type == INT and number is not None:
                params = {"dtype": DType.INT, "value": int(number)}
                left.append(
                    replace(op, prim=CONST, args=(), params=params, outs=(old,), regions=())
                )
            else:
                self.stand_for((old,), (new,))
        return left

    def stand_for(self, olds: Sequence[Value], news: Sequence[Value]) -> None:
        for old, new in zip(olds, news, strict=True):
            if not self.replaced(old, new):
                raise InternalError(f"simplify: {old} cannot stand for {new}: their sizes differ")


def _with_regions(op: Op, regions: tuple[Region, ...]) -> Op:
    if all(new is old for new, old in zip(regions, op.regions, strict=True)):
        return op
    return replace(op, regions=regions)

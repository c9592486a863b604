"""A function of one direction made into one of several: what depends on the direction is copied.

A pullback is linear in its cotangent. Several of them share the primal, its tape and the partial
derivatives; each *lane* has its own copy of the rest, inside the same loops::

    def f_vjp(x, y_bar):             def f_vjp(x, y_bar, y_bar_1):
        p = cos(x)                       p = cos(x)
        x_bar = mul(y_bar, p)            x_bar = mul(y_bar, p)
        return x_bar                     x_bar_1 = mul(y_bar_1, p)
                                         return x_bar, x_bar_1

What runs by the direction (a branch whose condition depends on it) is copied whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradc.analysis.dependent import dependent_values
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Kind, Op, Region, Value
from gradc.ir.walk import clone_op, used_by

Lane = dict[Value, Value]


def with_lanes(function: Function, positions: Sequence[int], lanes: int) -> Function:
    """Copy what depends on some parameters.

    Parameters
    ----------
    function : Function
    positions : sequence of int
        Of the parameters that each lane has its own of; no size follows from them.
    lanes : int

    Returns
    -------
    Function
        Its parameters are the others of `function` and then, lane by lane, those of `positions`;
        its results are, lane by lane, those of `function`.
    """
    own = [function.params[position] for position in positions]
    others = [param for n, param in enumerate(function.params) if n not in positions]
    copies = _Copies(dependent_values(function.ops, own))
    builder = Builder(Symbols())
    builder.symbols.taken.update(Symbols.of(function).taken)
    builder.loc = function.loc
    for param in function.params:
        builder.symbols.note(param)
    maps: list[Lane] = [{param: replace(param) for param in own} for _ in range(lanes)]
    copies.block(function.ops, maps, builder)
    params = (*others, *(lane[param] for lane in maps for param in own))
    results = tuple(lane.get(result, result) for lane in maps for result in function.results)
    return Function(function.name, builder.close(params, results), function.loc)


class _Copies:
    def __init__(self, dependent: frozenset[Value]) -> None:
        self.dependent = dependent

    def block(self, ops: Sequence[Op], maps: Sequence[Lane], builder: Builder) -> None:
        """Append ops; those that depend on the lane once for each, which extends `maps`."""
        for op in ops:
            if self.dependent.isdisjoint(used_by(op)):
                self.append(op, builder)
            elif op.prim.kind is not Kind.CONTROL or self.decides(op):
                for lane in maps:
                    self.append(clone_op(op, lane), builder)
            elif op.prim is IF:
                self.branch(op, maps, builder)
            else:
                self.loop(op, maps, builder)

    def append(self, op: Op, builder: Builder) -> None:
        builder.append(op)
        for out in op.outs:
            builder.symbols.note(out)

    def decides(self, op: Op) -> bool:
        """Whether a branch or loop runs by the lane."""
        if op.prim is IF:
            return op.args[0] in self.dependent
        deciding = op.args[:LOOP_BOUNDS] if op.prim is FOR else op.regions[0].yields
        return not self.dependent.isdisjoint(deciding)

    def branch(self, op: Op, maps: Sequence[Lane], builder: Builder) -> None:
        regions = []
        for region in op.regions:
            inner, inside = builder.child(), [dict(lane) for lane in maps]
            self.block(region.ops, inside, inner)
            regions.append(inner.close((), self.ends(region.yields, op.outs, inside)))
        outs = self.spread(op.outs, maps)
        self.append(replace(op, regions=tuple(regions), outs=outs), builder)

    def loop(self, op: Op, maps: Sequence[Lane], builder: Builder) -> None:
        params, body = carried_params(op), loop_body(op)
        bounds = op.args[: len(op.args) - len(params)]
        inits = self.ends(carried_inits(op), params, maps)
        inner, inside = builder.child(), [dict(lane) for lane in maps]
        index = body.params[: len(body.params) - len(params)]
        carried = self.spread(params, inside)
        for param in (*index, *carried):
            inner.symbols.note(param)
        self.block(body.ops, inside, inner)
        made = inner.close((*index, *carried), self.ends(body.yields, params, inside))
        regions = (made,) if op.prim is FOR else (self.condition(op, carried), made)
        outs = self.spread(op.outs, maps)
        changed = replace(op, args=(*bounds, *inits), regions=regions, outs=outs)
        self.append(changed, builder)

    def condition(self, op: Op, carried: Sequence[Value]) -> Region:
        """The condition of a ``while`` loop, which reads what is the same in all lanes."""
        old = op.regions[0]
        pairs = zip(old.params, carried_params(op), strict=True)
        shared = [own for own, param in pairs if param not in self.dependent]
        unread = [replace(value) for value in carried[len(shared) :]]
        return Region((*shared, *unread), old.ops, old.yields)

    def ends(
        self, values: Sequence[Value], targets: Sequence[Value], maps: Sequence[Lane]
    ) -> tuple[Value, ...]:
        """Values for what :meth:`spread` makes of the targets."""
        pairs = list(zip(values, targets, strict=True))
        shared = [value for value, target in pairs if target not in self.dependent]
        own = [
            lane.get(value, value)
            for lane in maps
            for value, target in pairs
            if target in self.dependent
        ]
        return (*shared, *own)

    def spread(self, values: Sequence[Value], maps: Sequence[Lane]) -> tuple[Value, ...]:
        """What is the same in all lanes, then each lane's own, which it gets to know."""
        shared = [value for value in values if value not in self.dependent]
        own = []
        for lane in maps:
            for value in values:
                if value in self.dependent:
                    lane[value] = replace(value)
                    own.append(lane[value])
        return (*shared, *own)

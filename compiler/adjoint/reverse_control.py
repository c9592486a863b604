"""Reverse mode through loops and branches.

A loop is reversed into a loop, a branch into a branch on the same condition::

    for i in range(n):               for i in range(n):
        p = p * x[i]                     p_tape[i] = p
                                         p = p * x[i]
                                     for i in range(n - 1, -1, -1):
                                         x_bar[i] += p_bar * p_tape[i]
                                         p_bar = p_bar * x[i]

Cotangents of what the loop carries are carried backwards; cotangents of what it captures are
accumulated. When the carried cotangents do not change from one iteration to the next, the
iterations of the reverse loop are independent but for sums and run in the primal's order. When
they are moreover known before the loop runs, each iteration is followed by its own adjoint, in one
loop, and nothing is recorded::

    for i in range(n):               for i in range(n):
        s += sin(x[i])**2                e = sin(x[i])
                                         s += e**2
                                         x_bar[i] += s_bar * 2 * e * cos(x[i])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gradc.adjoint.bounded import bounded_counts
from gradc.adjoint.cotangents import Cotangents, bar_name
from gradc.adjoint.residuals import Plan, plan_residuals
from gradc.adjoint.tape import LoopTape, record_branch, record_loop, trip_counts
from gradc.analysis.still_there import StillThere
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, carried_inits, carried_params, loop_body
from gradc.ir.core import Op, Region, Value
from gradc.ir.types import Dim
from gradc.ir.walk import all_ops, clone_op, free_in_ops, free_values, substitute_op, used_by
from gradc.prims.routines import is_pure
from gradc.prims.trace import Var

# Scalars that cost more than this are handed from a branch to its adjoint, not computed again.
BRANCH_RECOMPUTE_LIMIT = 10


class Sweep(Protocol):
    """What the control rules need of the sweep that calls them."""

    residuals: list[tuple[Op, Plan]]
    limits: dict[Op, int]
    nested: set[Op]
    makers: Mapping[Value, Op]
    enclosing: list[Op]

    def is_active(self, value: Value) -> bool:
        """Whether a value has a cotangent."""

    def block(
        self, ops: Sequence[Op], bars: Cotangents, forward: Symbols, together: bool
    ) -> list[Op]:
        """Sweep backwards over ops."""


@dataclass(slots=True)
class SweptRegion:
    """The adjoint of one run of a region, before its residuals are resolved."""

    kept: list[Op]
    ops: list[Op]
    bars: Cotangents
    forward: Symbols

    def drop_unused(self, used: Sequence[Value]) -> None:
        """Drop what rules computed for operands that have no cotangent.

        It would make primal values look needed that nothing needs.
        """
        live, kept = set(used), []
        for op in reversed(self.ops):
            if not is_pure(op) or not live.isdisjoint(op.outs):
                kept.append(op)
                live.update(used_by(op))
        self.ops = kept[::-1]

    def needed(self, region: Region, used: Sequence[Value], own: Sequence[Value]) -> list[Value]:
        """The primal values of the region that its adjoint uses."""
        defined = {*region.params, *(out for op in self.kept for out in op.outs)}
        return [value for value in free_in_ops(self.ops, used, own) if value in defined]


def _sweep_region(
    sweep: Sweep,
    region: Region,
    outer: Cotangents,
    forward: Symbols,
    start: dict[Value, Value],
    seeds: Sequence[tuple[Value, Value]],
    together: bool,
) -> SweptRegion:
    """Sweep over a region, from cotangents at its entry and those of its yields.

    `together` says whether it is expected to run in the same iteration as the primal.
    """
    builder = outer.builder.child()
    builder.symbols.note_region(region)
    inside = Symbols(forward)
    for param in region.params:
        inside.note(param)
    bars = Cotangents(builder, sweep.is_active, outer.names)
    for primal, bar in start.items():
        bars.set(primal, bar)
    for primal, seed in seeds:
        bars.add(primal, Var(builder, seed))
    kept = sweep.block(region.ops, bars, inside, together)
    return SweptRegion(kept, builder.ops, bars, inside)


# -- loops ------------------------------------------------------------------------------------


def reverse_loop(
    sweep: Sweep,
    op: Op,
    bars: Cotangents,
    forward: Symbols,
    after: Sequence[Op] = (),
    together: bool = False,
) -> Sequence[Op]:
    """Reverse a loop; returns what replaces it in the forward sweep.

    Parameters
    ----------
    sweep : Sweep
    op : Op
    bars : Cotangents
    forward : Symbols
    after : sequence of Op
        What runs forwards after the loop, in its region.
    together : bool
        Whether the adjoint of that region runs in the same iteration as the region itself.
    """
    body, builder = loop_body(op), bars.builder
    params, inits = carried_params(op), carried_inits(op)
    active = [index for index, param in enumerate(params) if sweep.is_active(param)]
    captured = [value for value in free_values(body) if sweep.is_active(value)]
    out_bars = {index: bars.take(op.outs[index]) for index in range(len(op.outs))}
    carry = {k: bar_like(params[k], op) for k in active}
    sums = {value: bar_like(value, op) for value in captured}
    seeds = [(body.yields[k], carry[k]) for k in active]
    before = len(sweep.residuals)
    sweep.enclosing.append(op)
    swept = _sweep_region(sweep, body, bars, forward, sums, seeds, together)
    with swept.bars.builder.at(op.loc):
        ends = {k: swept.bars.get_or_zeros(params[k]) for k in active}
    independent = op.prim is FOR and all(ends[k] is carry[k] for k in active)
    given = [bar for bar in (*out_bars.values(), *map(bars.get, captured)) if bar is not None]
    if together and not (independent and not _waits(op, given, builder, after)):
        together = False
        if any(inner.regions for inner in body.ops):  # these expected to run together, too
            del sweep.residuals[before:]
            swept = _sweep_region(sweep, body, bars, forward, sums, seeds, together)
            with swept.bars.builder.at(op.loc):
                ends = {k: swept.bars.get_or_zeros(params[k]) for k in active}
    sweep.enclosing.pop()
    totals = {value: swept.bars.get_or_zeros(value) for value in captured}
    totals = {value: bar for value, bar in totals.items() if bar is not sums[value]}
    starts = {}
    for k in active:
        bar = out_bars[k]
        starts[k] = bars.get_or_zeros(op.outs[k]) if bar is None else bar
    made = _ReversedLoop(
        op,
        swept,
        carried=[(carry[k], starts[k], ends[k]) for k in active],
        summed=[(sums[value], bars.get_or_zeros(value), bar) for value, bar in totals.items()],
    )
    replaced: Sequence[Op] = ()
    if together:
        sweep.residuals.append((op, Plan((), ())))
        carry_out, results = made.in_one_loop(builder)
    else:
        plan = made.plan(sweep, forward)
        sweep.residuals.append((op, plan))
        replaced, tape = record_loop(op, swept.kept, plan, forward)
        carry_out, results = made.in_two_loops(builder, plan, tape, independent)
    for value, total in zip(totals, results, strict=True):
        bars.set(value, total)
    for k, bar in zip(active, carry_out, strict=True):
        bars.add(inits[k], Var(builder, bar))
    return replaced


def _waits(op: Op, given: Sequence[Value], builder: Builder, after: Sequence[Op]) -> bool:
    """Whether the cotangents that a reverse loop is given need results of the loop itself.

    Where they do not, the loop and its adjoint can run in the same iterations.
    """
    late, count = set(op.outs), 0
    while count < len(late):
        count = len(late)
        for other in (*after, *builder.ops):
            if not late.isdisjoint(used_by(other)):
                late.update(other.outs)
    return not late.isdisjoint(given)


def bar_like(primal: Value, op: Op) -> Value:
    """A parameter of the reverse loop for the cotangent of a primal value."""
    return Value(primal.type, bar_name(primal), op.loc, named=primal.named)


def _known_outside(
    forward: Symbols, body: Region, kept: Sequence[Op], loop: Op | None = None
) -> Callable[[Dim], bool]:
    """Tell which sizes are known before a region runs, with its inner loops recording.

    Those of a loop are also known where there is a bound for them.
    """
    inside = {
        symbol
        for op in all_ops(Region(body.params, tuple(kept), ()))
        for out in op.outs
        for symbol in (*out.type.shape, out.size)
        if isinstance(symbol, str)
    }

    lifted = {*trip_counts(kept, body), *(bounded_counts(loop, kept) if loop is not None else ())}

    def known(dim: Dim) -> bool:
        if isinstance(dim, int) or dim in lifted:
            return True
        outside = forward.value_of(dim) is not None or forward.array_with(dim) is not None
        return outside or dim not in inside

    return known


@dataclass(slots=True)
class _ReversedLoop:
    """A loop and its adjoint, before it is decided how they run.

    Attributes
    ----------
    op : Op
    swept : SweptRegion
    carried, summed : list of tuple of Value
        For each cotangent that is carried backwards, or accumulated: the parameter for it, its
        value to begin with, and its value as an iteration ends.
    """

    op: Op
    swept: SweptRegion
    carried: list[tuple[Value, Value, Value]]
    summed: list[tuple[Value, Value, Value]]

    def in_one_loop(self, builder: Builder) -> tuple[list[Value], list[Value]]:
        """Append one loop that does both; nothing is recorded, for everything is at hand."""
        op, body = self.op, self.op.regions[0]
        forwards = [value for each in self.swept.kept for value in used_by(each)]
        ends = [end for *_, end in self.summed]
        self.swept.drop_unused([*ends, *body.yields, *forwards])
        mapping = {param: start for param, start, _ in self.carried}
        inside = [substitute_op(each, mapping) for each in self.swept.ops]
        region = Region(
            (*body.params, *(param for param, *_ in self.summed)),
            tuple(in_order_of_use((*self.swept.kept, *inside))),
            (*body.yields, *(mapping.get(end, end) for end in ends)),
        )
        outs = builder.outs_like(ends, [param for param, *_ in self.summed])
        args = (*op.args, *(start for _, start, _ in self.summed))
        builder.append(replace(op, args=args, outs=(*op.outs, *outs), regions=(region,)))
        return [start for _, start, _ in self.carried], list(outs)

    def plan(self, sweep: Sweep, forward: Symbols) -> Plan:
        """What the loop records for its adjoint; what is still there is not."""
        swept, body = self.swept, loop_body(self.op)
        both = (*self.carried, *self.summed)
        used = [end for *_, end in both]
        swept.drop_unused(used)
        again = swept.kept
        still_there = None
        if self.op.prim is FOR:
            still_there = StillThere(self.op, swept.kept, sweep.makers, sweep.enclosing)
            again = still_there.redirected(swept.kept)
            left_behind = still_there.substitution(swept.ops, used)
            swept.ops = [substitute_op(each, left_behind) for each in swept.ops]
        needed = swept.needed(body, used, [param for param, *_ in both])
        known = _known_outside(forward, body, swept.kept, self.op)
        plan = plan_residuals(again, needed, carried_params(self.op), known, costs=True)
        if still_there is not None and plan.recorded:
            read = still_there.read_back(again, plan.recorded)
            if read is not again:
                again = in_order_of_use(read)
                plan = plan_residuals(again, needed, carried_params(self.op), known, costs=True)
        return plan

    def in_two_loops(
        self, builder: Builder, plan: Plan, tape: LoopTape, independent: bool
    ) -> tuple[list[Value], list[Value]]:
        """Append the reverse loop; in the primal's order where its iterations are independent."""
        if not independent:
            results = self._reverse(builder, plan, tape, {}, [*self.carried, *self.summed], False)
            return results[: len(self.carried)], results[len(self.carried) :]
        mapping = {param: start for param, start, _ in self.carried}
        results = self._reverse(builder, plan, tape, mapping, self.summed, True)
        return [start for _, start, _ in self.carried], results

    def _reverse(
        self,
        builder: Builder,
        plan: Plan,
        tape: LoopTape,
        mapping: dict[Value, Value],
        sums: Sequence[tuple[Value, Value, Value]],
        in_order: bool,
    ) -> list[Value]:
        """Append a loop of residuals, recomputation and adjoint; return what it carries out."""
        if not sums:
            return []
        inner = builder.child()
        bounds, index = tape.reverse_range(builder, in_order)
        inner.symbols.note(index)
        mapping.update(tape.load(inner, index, in_order))
        recompute(inner, plan, mapping)
        for op in self.swept.ops:
            inner.append(substitute_op(op, mapping))
        params = [param for param, *_ in sums]
        region = inner.close((index, *params), [mapping.get(end, end) for *_, end in sums])
        return list(builder.loop(bounds, [start for _, start, _ in sums], region))


def in_order_of_use(ops: Sequence[Op]) -> list[Op]:
    """Ops in an order in which each comes after those that it uses, otherwise as they were."""
    makers = {out: op for op in ops for out in op.outs}
    placed: dict[Op, None] = {}
    for first in ops:
        waiting = [first]
        while waiting:
            op = waiting[-1]
            missing = [
                maker
                for value in used_by(op)
                if (maker := makers.get(value)) is not None and maker not in placed
            ]
            if missing:
                waiting += reversed(missing)
            else:
                placed.setdefault(waiting.pop())
    return list(placed)


def recompute(builder: Builder, plan: Plan, mapping: dict[Value, Value]) -> None:
    """Append copies of the ops that the plan computes again."""
    for op in plan.recomputed:
        copied = clone_op(op, mapping)
        for out in copied.outs:
            builder.symbols.note(out)
        builder.append(copied)


# -- branches ---------------------------------------------------------------------------------


def reverse_branch(sweep: Sweep, op: Op, bars: Cotangents, forward: Symbols) -> Sequence[Op]:
    """Reverse a branch; returns what replaces it in the forward sweep."""
    out_bars = [bars.take(out) for out in op.outs]
    swept: list[SweptRegion] = []
    touched: dict[Value, None] = {}
    starts: dict[Value, Value] = {}
    for region in op.regions:
        captured = [value for value in free_values(region) if sweep.is_active(value)]
        own = {value: bar for value in captured if (bar := bars.get(value)) is not None}
        starts.update(own)
        seeds = [
            (value, bar)
            for value, bar in zip(region.yields, out_bars, strict=True)
            if bar is not None
        ]
        side = _sweep_region(sweep, region, bars, forward, own, seeds, False)
        swept.append(side)
        for value in captured:
            if side.bars.get(value) is not bars.get(value):
                touched[value] = None
    pairs = [
        (value, one, other)
        for value, one, other in zip(
            touched, *(_branch_yields(side, list(touched), starts) for side in swept), strict=True
        )
    ]
    for value, one, other in pairs:
        if one is other:  # handed through on both sides: a loop around that only adds up sees it
            bars.set(value, one)
    pairs = [pair for pair in pairs if pair[1] is not pair[2]]
    targets = [value for value, *_ in pairs]
    yields = [[pair[side] for pair in pairs] for side in (1, 2)]
    plans = []
    for region, side, results in zip(op.regions, swept, yields, strict=True):
        side.drop_unused(results)
        needed = side.needed(region, results, ())
        known = _known_outside(forward, region, side.kept)
        plan = plan_residuals(side.kept, needed, (), known, BRANCH_RECOMPUTE_LIMIT)
        plans.append(plan)
        sweep.residuals.append((op, plan))
    replaced, handed_over = record_branch(op, [side.kept for side in swept], plans)
    regions = [
        _branch_region(bars.builder, side, plan, handed_over, results)
        for side, plan, results in zip(swept, plans, yields, strict=True)
    ]
    outs = bars.builder.branch(
        op.args[0], regions[0], regions[1], [bar_name(value) for value in targets]
    )
    for value, total in zip(targets, outs, strict=True):
        bars.names.setdefault(total, (bar_name(value), value.named))
        bars.set(value, total)
    return replaced


def _branch_yields(
    side: SweptRegion, targets: Sequence[Value], starts: dict[Value, Value]
) -> list[Value]:
    results = []
    for value in targets:
        bar = side.bars.get(value) or starts.get(value)
        results.append(side.bars.get_or_zeros(value) if bar is None else bar)
    return results


def _branch_region(
    builder: Builder,
    side: SweptRegion,
    plan: Plan,
    handed_over: Mapping[Value, Value],
    yields: Sequence[Value],
) -> Region:
    inner = builder.child()
    mapping = {value: handed_over[value] for value in plan.recorded}
    recompute(inner, plan, mapping)
    for op in side.ops:
        inner.append(substitute_op(op, mapping))
    return inner.close((), [mapping.get(value, value) for value in yields])

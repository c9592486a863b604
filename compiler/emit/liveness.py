"""When each variable of the printed program is in use: intervals of program points.

Every printed statement has a point at which it reads and the next one at which it writes.
Loops and branches have such points at their entry, at the end of each region and at their exit,
where the carried values are copied from variable to variable; a value that a loop uses but does
not make is in use during the whole loop. Two values can share a variable if their intervals do
not meet (as in linear-scan register allocation on SSA form: Wimmer and Franz, 2010).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gradc.analysis.storage import UPDATES, is_in_place
from gradc.emit.plan import Plan
from gradc.ir.control import FOR, IF, WHILE, carried_inits, loop_body
from gradc.ir.core import Function, Op, Region, Value

Interval = tuple[int, int]


def live_intervals(function: Function, plan: Plan) -> dict[Value, list[Interval]]:
    """Return the intervals, in order and disjoint, during which each variable is in use."""
    builder = _Builder(plan)
    builder.number(function.body)
    last = builder.step()
    live = builder.region(function.body, builder.reads(function.results), last)
    for value in function.params:
        builder.close(live, value, 0)
    return {value: merged(intervals) for value, intervals in builder.intervals.items()}


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """Sort intervals and join those that touch."""
    result: list[Interval] = []
    for start, end in sorted(intervals):
        if result and start <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def meet(left: Sequence[Interval], right: Sequence[Interval]) -> bool:
    """Whether two lists of intervals have a point in common."""
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i][1] < right[j][0]:
            i += 1
        elif right[j][1] < left[i][0]:
            j += 1
        else:
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Points:
    """Where an op reads (it writes one later), region by region for loops and branches.

    For control ops `ends` has the reading point at the end of each region and `last` that of
    the exit.
    """

    first: int
    ends: tuple[int, ...] = ()
    last: int = 0


@dataclass(slots=True)
class _Builder:
    plan: Plan
    intervals: dict[Value, list[Interval]] = field(default_factory=dict)
    points: dict[Op, _Points] = field(default_factory=dict)
    clock: int = 2

    def step(self) -> int:
        """Return the next reading point."""
        self.clock += 2
        return self.clock - 2

    def number(self, region: Region) -> None:
        """Give points to the ops of a region, in the order in which they are printed."""
        for op in region.ops:
            first = self.step()
            if not op.regions:
                self.points[op] = _Points(first)
                continue
            ends = []
            for inner in op.regions:
                self.number(inner)
                ends.append(self.step())
            self.points[op] = _Points(first, tuple(ends), self.step())

    def reads(self, values: Iterable[Value]) -> list[Value]:
        """The variables that the texts of values read, each once."""
        return list(dict.fromkeys(leaf for value in values for leaf in self.plan.leaves(value)))

    def add(self, value: Value, start: int, end: int) -> None:
        """Note that a variable is in use from one point to another."""
        self.intervals.setdefault(value, []).append((start, end))

    def close(self, live: dict[Value, int], value: Value, at: int) -> None:
        """Note a definition: the variable is in use from there on, if only for a moment."""
        self.add(value, at, max(live.pop(value, at), at))

    def region(self, region: Region, yielded: Iterable[Value], end: int) -> dict[Value, int]:
        """Walk a region backwards; return what is live at its entry, with its last use."""
        live = dict.fromkeys(yielded, end)
        self.ops(region.ops, live)
        return live

    def ops(self, ops: Sequence[Op], live: dict[Value, int]) -> None:
        """Walk ops backwards, changing what is live."""
        for op in reversed(ops):
            if op.prim is FOR or op.prim is WHILE:
                self.loop(op, live)
            elif op.prim is IF:
                self.branch(op, live)
            else:
                self.simple(op, live)

    def simple(self, op: Op, live: dict[Value, int]) -> None:
        if self.plan.is_dead(op) or any(out in self.plan.inlined for out in op.outs):
            return
        point = self.points[op].first
        for out in op.outs:
            if out not in self.plan.aliases:
                self.close(live, out, point + 1)
        # a copy that is then written to: two statements, the second reads after the first wrote
        late = op.prim in UPDATES and not is_in_place(op)
        self.use(self.reads(self.plan.operands(op)), point + 1 if late else point, live)

    def use(self, values: Iterable[Value], point: int, live: dict[Value, int]) -> None:
        for value in values:
            live[value] = max(live.get(value, point), point)

    def branch(self, op: Op, live: dict[Value, int]) -> None:
        points = self.points[op]
        outs = [out for out in op.outs if self.plan.sites.get(out)]
        for out in op.outs:
            for end in points.ends[:-1]:
                self.add(out, end + 1, end + 1)
            self.close(live, out, points.ends[-1] + 1)
        starts = (points.first + 1, points.ends[0] + 2)
        for region, start, end in zip(op.regions, starts, points.ends, strict=True):
            kept = [value for value, out in zip(region.yields, op.outs, strict=True) if out in outs]
            inside = self.region(region, self.reads(kept), end)
            for value, last in inside.items():
                if live.get(value, -1) < points.last:
                    self.add(value, start, last)
                    live.setdefault(value, points.first)
        self.use(self.reads(op.args), points.first, live)

    def loop(self, op: Op, live: dict[Value, int]) -> None:
        points = self.points[op]
        for out in op.outs:
            self.close(live, out, points.last + 1)
        body = loop_body(op)
        carried = op.regions[0].params
        inside = self.region(body, self.reads(body.yields), points.ends[-1])
        if op.prim is WHILE:
            condition = op.regions[0]
            self.use([*self.reads(condition.yields), *carried], points.ends[0], inside)
            self.ops(condition.ops, inside)
        for param in carried:
            self.close(inside, param, points.first + 1)
        for param in carried[1:] if op.prim is FOR else carried:
            # from the copy at the end of the body to the one at the exit
            self.add(param, points.ends[-1] + 1, points.last)
        self.use(inside, points.last, live)
        self.use(self.reads(op.args), points.first, live)


def carried_moves(op: Op) -> tuple[Sequence[Value], Sequence[Value]]:
    """The initial values of a loop and the values at the end of its body."""
    return carried_inits(op), loop_body(op).yields

"""Index checks before the loop instead of in every iteration.

Before::

    with for_(lo, n, one, s) as (i, t):
        w: i64(w) = wrap(i, m, line=4)
        v: f64 = get(x, w, spec=('at',))
        ...

After, and when `simplify` has used it, the loop reads ``x[i]`` without a check::

    runs: b1 = gt(n, lo)
    with if_(runs):
        fits: b1 = le(n, m)
        ok: b1 = check(fits, error='IndexError', what='line 4: an index is out of range')
        yield_()
    with else_():
        yield_()
    outs()
    with for_(lo, n, one, s) as (i, t):
        v: f64 = get(x, i, spec=('at',))
        ...

A check moves out of a loop with step 1 or -1 when it is made in every iteration, when its index
is affine in the loop's and certainly not negative, and when nothing else in the loop may raise
or run for ever: then the loop raises if and only if the one check does. It is carried through as
many loops as these conditions hold for; each adds the case that it does not run at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from gradc.analysis.affine import Affine, AffineForms
from gradc.analysis.ranges import Facts
from gradc.errors import Location
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.walk import all_ops, defining_ops, rebuilt, with_body
from gradc.passes.base import Context
from gradc.prims.arithmetic import ADD, MUL
from gradc.prims.compare import GT, LAND, LE
from gradc.prims.effects import CHECK
from gradc.prims.index import PICK, PICK_ADD, WRAP
from gradc.prims.shape import ARGMAX, ARGMIN, EXPECT, MAX, MIN, RESHAPE

Size = Value | tuple[Value, int]

# What may raise something else than an IndexError, or never end.
_OTHER_ENDS = frozenset({CHECK, EXPECT, RESHAPE, MAX, MIN, ARGMAX, ARGMIN, PICK, PICK_ADD, WHILE})


@dataclass(frozen=True, slots=True)
class HoistChecks:
    """Move index checks in front of loops."""

    name: ClassVar[str] = "checks"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with checks in front of its loops; they are removed by simplify."""
        if all(op.prim is not WRAP for op in all_ops(function.body)):
            return function
        return _Hoisting(function).run()


@dataclass(frozen=True, eq=False, slots=True)
class _Check:
    """A condition: `excess` is not positive, or one of the loops around does not run.

    Attributes
    ----------
    excess : Affine
        The largest index, plus one, minus the size.
    trips : tuple of Affine
        For each loop that it has been moved out of: how often that runs, if positive.
    line : int
        The user's line.
    loc, role : Location, Role
        Where it comes from.
    values : mapping
        For each of its symbols an integer that it denotes, or an array and the axis of that size.
    before : Op or None
        The loop that it has been moved out of; None for a check that has not been moved.
    """

    excess: Affine
    trips: tuple[Affine, ...]
    line: int
    loc: Location
    role: Role
    values: Mapping[str, Size] = field(default_factory=dict)
    before: Op | None = None

    def loops(self) -> frozenset[object]:
        """The loops that have to run."""
        return frozenset(trip.key() for trip in self.trips)

    def follows_from(self, other: _Check) -> bool:
        """Whether it holds where another check has been passed."""
        return self.excess.key() == other.excess.key() and self.loops() >= other.loops()

    def forms(self) -> tuple[Affine, ...]:
        """The excess and the trip counts."""
        return (self.excess, *self.trips)


@dataclass(slots=True)
class _Hoisting:
    function: Function
    forms: AffineForms = field(init=False)
    symbols: Symbols = field(init=False)
    scope: dict[str, Size] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.forms = AffineForms(defining_ops(self.function.body))
        self.symbols = Symbols.of(self.function)

    def run(self) -> Function:
        body, checks = self.region(self.function.body, Facts(self.forms))
        return with_body(self.function, self.inserted(body, checks))

    # -- regions ----------------------------------------------------------------------------

    def region(self, region: Region, facts: Facts) -> tuple[Region, list[_Check]]:
        """Find the checks of a region, those that come out of its loops included."""
        outer, self.scope = self.scope, dict(self.scope)
        self.see(region.params, facts)
        ops: list[Op] = []
        checks: list[_Check] = []
        for op in region.ops:
            made, own = self.op(op, facts)
            ops.append(made)
            checks += own
            self.see(made.outs, facts)
            facts.note_op(made)
        self.scope = outer
        return rebuilt(region, ops, region.yields), checks

    def see(self, values: Iterable[Value], facts: Facts) -> None:
        """Take values into scope."""
        facts.note_values(values)
        for value in values:
            for axis, dim in enumerate(value.type.shape):
                if isinstance(dim, str):
                    self.scope.setdefault(dim, (value, axis))
            if isinstance(value.size, str):
                self.scope[value.size] = value

    def op(self, op: Op, facts: Facts) -> tuple[Op, list[_Check]]:
        if op.prim is WRAP:
            check = self.of_wrap(op, facts)
            return op, [check] if check is not None else []
        if op.prim is FOR:
            return self.loop(op, facts)
        regions = []
        for place, region in enumerate(op.regions):
            inside = facts.child()
            if op.prim is IF:
                inside.assume(op.args[0], place == 0)
            regions.append(self.inserted(*self.region(region, inside)))
        return _with_regions(op, regions), []

    def of_wrap(self, op: Op, facts: Facts) -> _Check | None:
        """The upper half of a check, where the lower half certainly holds."""
        index, size = (self.forms.of(arg) for arg in op.args)
        if not facts.proves(index) or facts.proves(size.minus(index).shifted(-1)):
            return None
        excess = index.shifted(1).minus(size)
        return _Check(excess, (), op.params["line"], op.loc, op.role)

    # -- loops ------------------------------------------------------------------------------

    def loop(self, op: Op, facts: Facts) -> tuple[Op, list[_Check]]:
        inside = facts.child()
        inside.note_loop(op)
        body, checks = self.region(op.regions[0], inside)
        if any(inner.prim in _OTHER_ENDS for inner in all_ops(op.regions[0])):
            return _with_regions(op, [self.inserted(body, checks)]), []
        moved = {check: self.moved(check, op, facts) for check in checks}
        stay = [check for check, outside in moved.items() if outside is None]
        loop = _with_regions(op, [self.inserted(body, stay)])
        return loop, [replace(check, before=loop) for check in moved.values() if check is not None]

    def moved(self, check: _Check, op: Op, facts: Facts) -> _Check | None:
        """The check for all iterations of a loop, made before it."""
        start, stop, step = (self.forms.of(arg) for arg in op.args[:3])
        if step.known not in (1, -1):
            return None
        low, high = (start, stop.shifted(-1)) if step.known == 1 else (stop.shifted(1), start)
        index = self.forms.of(op.regions[0].params[0])
        ((symbol, _),) = index.terms.items()
        depending = [form for form in check.forms() if symbol in form.terms]
        if len(depending) > 1:
            return None
        forms = [_largest(form, symbol, index, low, high) for form in check.forms()]
        if not all(self.is_known(form) for form in (*forms, low, high)):
            return None
        excess, *trips = forms
        symbols = {symbol for form in (*forms, low, high) for symbol in form.terms}
        values = {symbol: self.scope[symbol] for symbol in symbols}
        runs = high.minus(low).shifted(1)
        if not facts.proves(runs.shifted(-1)):
            trips = [runs, *trips]
        return replace(check, excess=excess, trips=tuple(trips), values=values)

    def is_known(self, form: Affine) -> bool:
        """Whether all symbols of a form denote integers in scope."""
        return all(symbol in self.scope for symbol in form.terms)

    # -- making checks ------------------------------------------------------------------------

    def inserted(self, region: Region, checks: Iterable[_Check]) -> Region:
        """The region with the checks that have been moved out of its loops."""
        wanted: dict[Op, list[_Check]] = {}
        made: list[_Check] = []
        for check in checks:
            if check.before is not None and not any(check.follows_from(each) for each in made):
                made.append(check)
                wanted.setdefault(check.before, []).append(check)
        ops: list[Op] = []
        for op in region.ops:
            ops += self.made(wanted.get(op, ()))
            ops.append(op)
        return rebuilt(region, ops, region.yields)

    def made(self, checks: Sequence[_Check]) -> list[Op]:
        """The ops of checks; neighbours that need the same loops to run share a branch."""
        builder = Builder(Symbols(self.symbols))
        waiting = list(checks)
        while waiting:
            first = waiting[0]
            same = [check for check in waiting if check.loops() == first.loops()]
            waiting = [check for check in waiting if check not in same]
            builder.loc, builder.role = first.loc, first.role
            if not first.trips:
                self.compare(same, builder)
                continue
            runs = [self.is_positive(trip, first.values, builder) for trip in first.trips]
            condition = runs[0]
            for other in runs[1:]:
                condition = builder.emit(LAND, (condition, other))
            inside = builder.child()
            self.compare(same, inside)
            builder.branch(condition, inside.close((), ()), builder.child().close((), ()))
        return builder.ops

    def compare(self, checks: Iterable[_Check], builder: Builder) -> None:
        """Raise where the largest index of a check does not fit."""
        for check in checks:
            with builder.at(check.loc, check.role):
                left, right = self.sides(check.excess, check.values, builder)
                fits = builder.emit(LE, (left, right))
                what = f"line {check.line}: an index is out of range"
                builder.emit(CHECK, (fits,), {"error": "IndexError", "what": what}, "ok")

    def is_positive(self, form: Affine, values: Mapping[str, Size], builder: Builder) -> Value:
        return builder.emit(GT, self.sides(form, values, builder))

    def sides(
        self, form: Affine, values: Mapping[str, Size], builder: Builder
    ) -> tuple[Value, Value]:
        """What is added in a form, and what is subtracted."""
        added = {symbol: factor for symbol, factor in form.terms.items() if factor > 0}
        taken = {symbol: -factor for symbol, factor in form.terms.items() if factor < 0}
        left = Affine(added, max(form.constant, 0))
        right = Affine(taken, max(-form.constant, 0))
        return _total(left, values, builder), _total(right, values, builder)


def _total(form: Affine, values: Mapping[str, Size], builder: Builder) -> Value:
    """Emit a form without negative parts."""
    total: Value | None = None
    for symbol, factor in form.terms.items():
        size = values[symbol]
        term = size if isinstance(size, Value) else builder.dim(*size)
        if factor != 1:
            term = builder.emit(MUL, (builder.const(int(factor)), term))
        total = term if total is None else builder.emit(ADD, (total, term))
    if total is None:
        return builder.const(int(form.constant))
    if form.constant == 0:
        return total
    return builder.emit(ADD, (total, builder.const(int(form.constant))))


def _with_regions(op: Op, regions: Sequence[Region]) -> Op:
    if all(new is old for new, old in zip(regions, op.regions, strict=True)):
        return op
    return replace(op, regions=tuple(regions))


def _largest(form: Affine, symbol: str, index: Affine, low: Affine, high: Affine) -> Affine:
    """A form at the value of the index at which it is largest."""
    factor = form.terms.get(symbol, 0)
    return form.plus((high if factor > 0 else low).minus(index), factor)

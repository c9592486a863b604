"""Where an array may differ from zero: intervals of its only axis, in terms of integer values.

A direction of a Jacobian is a one among zeros, and what a stencil makes of it is zero but for a few
elements. A span is a union of intervals ``[low, high)`` whose ends are affine forms; it may be too
large, never too small. Intervals that are known to touch are joined, so that three lanes at ``j``,
``j + 1`` and ``j + 2`` have one interval, and what is left is in order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradc.analysis.affine import Affine
from gradc.analysis.ranges import Facts
from gradc.prims.integers import IMAX, IMIN


@dataclass(frozen=True, slots=True)
class Interval:
    """The integers from `low` up to and without `high`."""

    low: Affine
    high: Affine

    def shifted(self, by: Affine, factor: int = 1) -> Interval:
        """Return the interval moved by ``factor * by``."""
        return Interval(self.low.plus(by, factor), self.high.plus(by, factor))


Span = tuple[Interval, ...]
NOWHERE: Span = ()


def one_place(place: Affine) -> Span:
    """The span of one element."""
    return (Interval(place, place.shifted(1)),)


def shifted(span: Span, by: Affine, factor: int = 1) -> Span:
    """A span moved by ``factor * by``."""
    return tuple(each.shifted(by, factor) for each in span)


def in_order(span: Iterable[Interval], facts: Facts) -> Span | None:
    """Join intervals that are known to touch; those left are in order, or there is no answer."""
    rest: list[Interval] = []
    for new in span:
        merged: Interval | None = new
        kept: list[Interval] = []
        for old in rest:
            joined = _joined(old, merged, facts) if merged is not None else None
            if joined is None:
                kept.append(old)
            else:
                merged = joined
        rest = [*kept, merged] if merged is not None else kept
    return _sorted(rest, facts)


def _joined(one: Interval, other: Interval, facts: Facts) -> Interval | None:
    for first, second in ((one, other), (other, one)):
        if is_at_least(second.low, first.low, facts) and is_at_least(first.high, second.low, facts):
            if is_at_least(second.high, first.high, facts):
                return Interval(first.low, second.high)
            if is_at_least(first.high, second.high, facts):
                return first
    return None


def _sorted(intervals: Sequence[Interval], facts: Facts) -> Span | None:
    """Order intervals by their lower ends."""
    made: list[Interval] = []
    for new in intervals:
        place = 0
        for old in made:
            if is_at_least(new.low, old.low, facts):
                place += 1
            elif not is_at_least(old.low, new.low, facts):
                return None
        made.insert(place, new)
    return tuple(made)


def is_at_least(form: Affine, other: Affine, facts: Facts) -> bool:
    """Whether a form is certainly not less than another, also where one is a minimum or maximum."""
    if facts.proves(form.minus(other)):
        return True
    # the lesser of two is at least what both are, the larger at most what both are
    for side, prim, sign in ((form, IMIN, 1), (other, IMAX, -1)):
        for symbol, coefficient in side.terms.items():
            holder = facts.forms.holders.get(symbol) if coefficient == 1 else None
            maker = facts.forms.makers.get(holder) if holder is not None else None
            if maker is None or maker.prim is not prim:
                continue
            rest = side.plus(Affine({symbol: 1}), -1)
            ends = [rest.plus(facts.forms.of(arg)) for arg in maker.args]
            if all(
                facts.proves(end.minus(other) if sign == 1 else form.minus(end)) for end in ends
            ):
                return True
    return False

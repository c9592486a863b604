"""Arrays that a loop goes through once in each iteration, element by element.

An iteration of ``for s in range(steps)`` writes each element of `y` once, so that there is one
version of `y` for each step, and a read gets either what the step before has left or what this
one has written::

    for s in range(steps):
        before = y[0]                    of the step before: nothing is written yet
        y[0] = ...
        for i in range(1, n):
            old = y[i]                   of the step before: only 0 <= k < i are written
            y[i] = f(old, y[i - 1])      y[i - 1] of this step
                                         all of 0 <= k < n are written: y is a sequence of versions

Which elements are written at a place is a span (:mod:`gradc.analysis.spans`). Where a read cannot
be told to be inside of it or outside of it, nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gradc.analysis.affine import Affine, AffineForms, of_dim
from gradc.analysis.ranges import Facts
from gradc.analysis.spans import Interval, Span, in_order, is_at_least, one_place
from gradc.ir.control import FOR, carried_inits, carried_params
from gradc.ir.core import Op, Region, Value
from gradc.ir.walk import used_by
from gradc.prims.index import ADD_AT, ALL, AT, GET, PUT

BEFORE, AFTER = 0, 1


@dataclass(frozen=True, slots=True)
class Element:
    """An element of the version that an iteration begins with (`BEFORE`) or leaves (`AFTER`)."""

    version: int
    at: Affine


@dataclass(slots=True)
class Versions:
    """What the iterations of a loop do with an array that they carry.

    Attributes
    ----------
    slot : int
        The position among what the loop carries.
    names : set of Value
        The array in the body, between the writes.
    reads : dict of Op to int
        The version that an element which is read, or added to, belongs to.
    rows : dict of Op to int
        Updates of other arrays that are given a whole version, as ``tape[s] = y``.
    known : dict of Value to Element
        The numbers that are elements, as far as they were looked at.
    carried : dict of Value to tuple
        For what loops upwards in the body hand on the loop and its position there.
    """

    slot: int
    names: set[Value]
    forms: AffineForms
    reads: dict[Op, int] = field(default_factory=dict)
    rows: dict[Op, int] = field(default_factory=dict)
    known: dict[Value, Element | None] = field(default_factory=dict)
    carried: dict[Value, tuple[Op, int]] = field(default_factory=dict)

    def element(self, value: Value) -> Element | None:
        """The element that a number is, where it is read, written, or handed on by a loop."""
        if value not in self.known:
            self.known[value] = None  # what is handed on as it is is nothing that is read
            self.known[value] = self._handed_on(value)
        return self.known[value]

    def _handed_on(self, value: Value) -> Element | None:
        """What an iteration hands on to the next is read there with an index of one less."""
        if value not in self.carried:
            return None
        loop, slot = self.carried[value]
        (body,) = loop.regions
        first, last = self.element(carried_inits(loop)[slot]), self.element(body.yields[slot])
        index = self.forms.of(body.params[0])
        if first is None or last is None or first.version != last.version:
            return None
        if not last.at.terms.keys() <= index.terms.keys():
            return None
        (factor,) = last.at.terms.values() or (0,)
        before = self.forms.of(loop.args[0]).shifted(-1)
        at_first = last.at.plus(index, -factor).plus(before, factor)
        if at_first.key() != first.at.key():
            return None
        return Element(last.version, last.at.shifted(-factor))


def versions_of(loop: Op, slot: int, facts: Facts) -> Versions | None:
    """The versions of a carried array of one axis, one for each iteration; None if not known.

    Parameters
    ----------
    loop : Op
        A counted loop.
    slot : int
        The position of the array among what it carries.
    facts : Facts
        What is known before the loop.
    """
    (body,) = loop.regions
    array = body.params[1 + slot]
    found = Versions(slot, {array}, facts.forms)
    walk = _Walk(found)
    inside = facts.inside(loop, 0)
    end = walk.ops(body.ops, _State(array, (), inside))
    if end is None or not walk.hands_on(body, slot, end) or not walk.knows_rows(array, end.array):
        return None
    (size,) = array.type.shape
    if len(end.written) != 1 or end.written[0].low.known != 0:
        return None
    return found if is_at_least(end.written[0].high, of_dim(size), inside) else None


@dataclass(frozen=True, slots=True)
class _State:
    """The array at a place of an iteration, what of it is written by then, and what is known."""

    array: Value
    written: Span
    facts: Facts


class _Walk:
    """Goes through an iteration in order; what it returns is None where it finds no answer."""

    def __init__(self, found: Versions) -> None:
        self.found = found
        self.forms = found.forms
        self.written: dict[Value, Span] = {}
        self.given: dict[Op, Value] = {}

    def ops(self, ops: Sequence[Op], state: _State) -> _State | None:
        self.written[state.array] = state.written
        for op in ops:
            following = self.op(op, state)
            if following is None:
                return None
            state = following
            state.facts.note_op(op)
        return state

    def op(self, op: Op, state: _State) -> _State | None:
        if op.prim is FOR:
            self.note_carried(op)
        if self.found.names.isdisjoint(used_by(op)):
            return state
        if op.prim is GET and op.params["spec"] == (AT,):
            return state if self.read(op, state.facts) else None
        if op.prim in (PUT, ADD_AT) and op.args[0] is state.array:
            return self.write(op, state)
        if op.prim is PUT and op.args[1] is state.array and op.params["spec"] == (AT, ALL):
            self.given[op] = state.array
            return state
        if op.prim is FOR and carried_inits(op).count(state.array) == 1:
            return self.loop(op, state)
        if op.regions and self.found.names.isdisjoint(op.args):
            return state if self.is_only_read(op, state) else None
        return None

    def note_carried(self, loop: Op) -> None:
        if loop.args[2].size == 1:
            for slot, param in enumerate(carried_params(loop)):
                self.found.carried[param] = loop, slot

    def read(self, op: Op, facts: Facts) -> bool:
        at = self.forms.of(op.args[1])
        version = _version(at, self.written[op.args[0]], facts)
        if version is None:
            return False
        self.found.reads[op] = version
        self.found.known[op.out] = Element(version, at)
        return True

    def write(self, op: Op, state: _State) -> _State | None:
        """A write is the first one to its element, so that what it leaves is what stays."""
        if op.params["spec"] != (AT,) or state.array in op.args[1:]:
            return None
        at = self.forms.of(op.args[2])
        if _version(at, state.written, state.facts) != BEFORE:
            return None
        if op.prim is ADD_AT:
            self.found.reads[op] = BEFORE
        elif op.args[1] not in self.found.known:
            self.found.known[op.args[1]] = Element(AFTER, at)
        return self.after(op.out, (*state.written, *one_place(at)), state.facts)

    def after(self, array: Value, written: Span, facts: Facts) -> _State | None:
        ordered = in_order(written, facts)
        if ordered is None:
            return None
        self.found.names.add(array)
        self.written[array] = ordered
        return _State(array, ordered, facts)

    def loop(self, op: Op, state: _State) -> _State | None:
        """A loop upwards that writes one element in each iteration, next to each other."""
        slot = carried_inits(op).index(state.array)
        (body,) = op.regions
        array = carried_params(op)[slot]
        shift = self.shift(body, array)
        if shift is None or op.args[2].size != 1:
            return None
        start, stop = (self.forms.of(bound).shifted(shift) for bound in op.args[:2])
        here = self.forms.of(body.params[0]).shifted(shift)
        facts = state.facts.inside(op, 0)
        before = self.after(array, (*state.written, Interval(start, here)), facts)
        if before is None:
            return None
        end = self.ops(body.ops, before)
        wanted = in_order((*state.written, Interval(start, here.shifted(1))), facts)
        if end is None or end.written != wanted or not self.hands_on(body, slot, end):
            return None
        return self.after(op.outs[slot], (*state.written, Interval(start, stop)), state.facts)

    def shift(self, body: Region, array: Value) -> int | None:
        """How far from its index an iteration writes first."""
        for op in body.ops:
            if op.prim in (PUT, ADD_AT) and op.args[0] is array and op.params["spec"] == (AT,):
                return self.forms.of(op.args[2]).minus(self.forms.of(body.params[0])).known
        return None

    def hands_on(self, body: Region, slot: int, end: _State) -> bool:
        """Whether a body hands on the array as it is at its end, and in no other place."""
        others = [value for place, value in enumerate(body.yields) if place != slot]
        return body.yields[slot] is end.array and self.found.names.isdisjoint(others)

    def is_only_read(self, op: Op, state: _State) -> bool:
        """Whether the regions of an op do no more than read elements."""
        for side, region in enumerate(op.regions):
            facts = state.facts.inside(op, side)
            end = self.ops(region.ops, _State(state.array, state.written, facts))
            if end is None or end.array is not state.array:
                return False
            if not self.found.names.isdisjoint(region.yields):
                return False
        return True

    def knows_rows(self, first: Value, last: Value) -> bool:
        """Note which versions other arrays are given; False if it is one between two of them."""
        versions = {first: BEFORE, last: AFTER}
        if any(array not in versions for array in self.given.values()):
            return False
        self.found.rows.update((op, versions[array]) for op, array in self.given.items())
        return True


def _version(at: Affine, written: Span, facts: Facts) -> int | None:
    """The version that an element belongs to where some elements are written."""
    if all(_is_outside(at, interval, facts) for interval in written):
        return BEFORE
    if any(
        is_at_least(at, interval.low, facts) and is_at_least(interval.high, at.shifted(1), facts)
        for interval in written
    ):
        return AFTER
    return None


def _is_outside(at: Affine, interval: Interval, facts: Facts) -> bool:
    below = is_at_least(interval.low, at.shifted(1), facts)
    return below or is_at_least(at, interval.high, facts)

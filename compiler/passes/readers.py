"""What reads an array as it was comes before the op that makes its next version, where it can.

Before, in a step whose adjoint runs in the same iteration::

    with if_(c): ...; c_2 = put(c_1, j, p); ...      makes the next version of c_1
    c_3: i64[n] = outs()
    with for_(last, minus, minus, b) as (k, b_1):    reads c_1 as it was: it has to be copied
        j: i64 = get(c_1, k, spec=('at',))
        ...
    b_3: f64[n] = outs()

After::

    with for_(last, minus, minus, b) as (k, b_1):
        ...
    with if_(c): ...                                 may write in place

This is :mod:`gradc.passes.readers_first` for ops with regions; that pass orders the elements of one
nest. Readers move together with what they need. Nothing moves where an array needed a copy then
that needs none now, or another error could be raised first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gradc.analysis.independence import may_raise
from gradc.analysis.storage import UPDATES
from gradc.ir.control import FOR, IF, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.walk import map_regions, rebuilt, used_by, with_body
from gradc.passes.base import Context

# So many ops are looked at behind an update; what reads its array later stays there.
_FAR = 64


@dataclass(frozen=True, slots=True)
class Readers:
    """The pass; it runs before updates are in place."""

    name: ClassVar[str] = "readers"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with readers before updates."""
        return with_body(function, _ordered(function.body, frozenset(function.params)))


def _ordered(region: Region, given: frozenset[Value]) -> Region:
    """The region in another order; what is `given` to the function is copied in any case."""
    ops = [map_regions(op, lambda inner: _ordered(inner, given)) for op in region.ops]
    order = _Order(ops, region.yields)
    for op in ops:
        wanted = {value for value in updated(op) if value not in given}
        if wanted and order.is_read_behind(op, wanted):
            order.move(op, wanted)
    return rebuilt(region, order.ops, region.yields)


def updated(op: Op) -> Iterator[Value]:
    """The arrays of which an op makes the next version."""
    if op.prim in UPDATES:
        yield op.args[0]
    elif op.prim in (FOR, WHILE):
        body = loop_body(op)
        for init, param, end in zip(
            carried_inits(op), carried_params(op), body.yields, strict=True
        ):
            if param is not end and not init.type.is_scalar:
                yield init
    elif op.prim is IF:
        for branch in op.regions:
            inside = {out for inner in branch.ops for out in inner.outs}
            for inner in branch.ops:
                yield from (value for value in updated(inner) if value not in inside)


class _Order:
    """The ops of a region in their order so far."""

    def __init__(self, ops: Sequence[Op], yields: Iterable[Value]) -> None:
        self.ops = list(ops)
        self.reads = {op: frozenset(used_by(op)) for op in ops}
        self.makers = {out: op for op in ops for out in op.outs}
        self.yields = frozenset(yields)
        self.places: dict[Op, int] = {}
        self.last: dict[Value, int] = {}
        self._note_places()

    def _note_places(self) -> None:
        """Note where each op is, and where each value is read last."""
        for place, op in enumerate(self.ops):
            self.places[op] = place
            self.last.update(dict.fromkeys(self.reads[op], place))

    def is_read_behind(self, op: Op, arrays: Iterable[Value]) -> bool:
        """Whether one of the arrays is read somewhere behind an op, and not handed on."""
        place = self.places[op]
        wanted = [value for value in arrays if value not in self.yields]
        return any(self.last.get(value, -1) > place for value in wanted)

    def move(self, op: Op, arrays: Iterable[Value]) -> None:
        """Put what reads the arrays before an op, where all of it can be."""
        place = self.places[op]
        behind = self.ops[place + 1 : place + 1 + _FAR]
        for array in arrays:
            readers = [each for each in behind if array in self.reads[each]]
            moved = self._with_needed(readers, op, behind)
            if array in self.yields or not moved:
                continue
            stays = [each for each in behind if each not in moved]
            if self._may_change(moved, [op, *stays]):
                group = [each for each in behind if each in moved]
                self.ops[place : place + 1 + len(behind)] = [*group, op, *stays]
                self._note_places()
                return

    def _with_needed(self, readers: Sequence[Op], op: Op, behind: Sequence[Op]) -> set[Op]:
        """Readers and what they need from behind an op; nothing where they need the op."""
        moved: set[Op] = set()
        waiting = list(readers)
        while waiting:
            each = waiting.pop()
            if each is op:
                return set()
            if each not in moved:
                moved.add(each)
                known = self.makers.keys() & self.reads[each]
                makers = (self.makers[value] for value in known)
                waiting += (maker for maker in makers if maker is op or maker in behind)
        return moved

    def _may_change(self, moved: set[Op], passed: Sequence[Op]) -> bool:
        """Whether ops may come before others: no copy more, no other error first."""
        written = {value for each in moved for value in updated(each)}
        if any(not written.isdisjoint(self.reads[each]) for each in passed):
            return False
        # what an adjoint asks for has been asked for by the primal already
        raising = [each for each in moved if each.role is not Role.ADJOINT and _may_raise(each)]
        return not raising or not any(map(_may_raise, passed))


def _may_raise(op: Op) -> bool:
    return may_raise(Region((), (op,), ()))

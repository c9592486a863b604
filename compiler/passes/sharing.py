"""A function that is called at several places is compiled once, where that is smaller.

Before, where ``f`` was read in the place of each of its calls::

    def loss(x: f64, y: f64):
        a: f64 = sin(x)              # f(x), 60 ops
        ...
        b: f64 = mul(a, y)
        a_1: f64 = sin(b)            # f(b), the same 60
        ...

After::

    def f(x: f64):
        a: f64 = sin(x)
        ...

    def loss(x: f64, y: f64):
        a: f64 = call(x, routine=f)
        b: f64 = mul(a, y)
        a_1: f64 = call(b, routine=f)

Copies are found where the front end has marked calls, and compared op by op: a routine is made only
of what is the same but for arguments, so that the function means the same. Larger functions come
first; what they call is then looked at within them. A function that writes to an array of its
caller, returns (a part of) one or an array whose size is found out inside of it stays in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gradc.ir.core import Function, Op, Region, Site, Value
from gradc.ir.routines import Routine
from gradc.ir.walk import all_ops, map_regions, rebuilt, with_body
from gradc.passes.base import Context
from gradc.passes.copies import Comparison, Copy, Literal, copies_in, literals_of
from gradc.passes.outlining import Outlining

#: Ops in the place of calls of a routine, parameters and results included.
_CALL = 1


@dataclass(frozen=True, slots=True)
class ShareCalls:
    """Compile functions once that are called at several places.

    Attributes
    ----------
    least : int
        How many ops it has to save.
    sites : int
        At how many places a function has to be called.
    copies : bool
        Whether functions become routines, too, that write to arrays of their callers or return
        parts of them, so that every call makes copies of these.
    """

    name: ClassVar[str] = "share"
    whole: ClassVar[bool] = True
    least: int = 300
    sites: int = 2
    copies: bool = False

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with calls of routines."""
        if all(op.site is None for op in all_ops(function.body)):
            return function
        return _Sharing(function, self).run()


class _Sharing:
    def __init__(self, function: Function, limits: ShareCalls) -> None:
        self.function = function
        self.limits = limits
        self.bodies: list[Region] = [function.body]
        self.routines: list[Routine] = []
        self.done: set[Site] = set()
        self.refused: set[Site] = set()

    def run(self) -> Function:
        while self.share_one():
            pass
        for routine, body in zip(self.routines, self.bodies[1:], strict=True):
            assert routine.function is not None
            routine.function = with_body(routine.function, body)
        return with_body(self.function, self.bodies[0])

    def share_one(self) -> bool:
        """Make a routine of the largest function that is worth it; whether there was one."""
        literals = literals_of(self.bodies)
        for copies in self.candidates():
            for found in _alike(copies, literals):
                group = [each.other for each in found]
                if not self.worth_it(group):
                    continue
                made = Outlining(group, found, literals, self.limits.copies).run()
                if made is None:
                    self.refused.update(copy.site for copy in group)
                    continue
                self.replace(group, *made)
                return True
        return False

    def candidates(self) -> Iterator[Sequence[Copy]]:
        """Copies that may be of one function, the largest first."""
        groups: dict[tuple[int, int, int], list[Copy]] = {}
        for body in self.bodies:
            for copy in copies_in(body, self.done):
                if copy.site not in self.refused and copy.count:
                    key = (copy.count, len(copy.ops), id(copy.site.function))
                    groups.setdefault(key, []).append(copy)
        for _, copies in sorted(groups.items(), key=lambda item: -item[0][0]):
            if self.worth_it(copies):
                yield copies

    def worth_it(self, copies: Sequence[Copy]) -> bool:
        count = len(copies)
        saved = (count - 1) * copies[0].count - count * _CALL
        return count >= self.limits.sites and saved >= self.limits.least

    def replace(self, group: Sequence[Copy], routine: Routine, calls: Sequence[list[Op]]) -> None:
        assert routine.function is not None
        made: dict[Region, list[tuple[Copy, list[Op]]]] = {}
        for copy, ops in zip(group, calls, strict=True):
            made.setdefault(copy.region, []).append((copy, ops))
        self.done.update(copy.site for copy in group)
        self.bodies = [_rewritten(body, made) for body in self.bodies]
        self.bodies.append(routine.function.body)
        self.routines.append(routine)


def _alike(copies: Sequence[Copy], literals: Mapping[Value, Literal]) -> Iterator[list[Comparison]]:
    """Divide copies into those that are the same but for arguments, each with their first."""
    measured = [(_own(copy, literals), copy) for copy in copies]
    # what two copies have in common is found from the one that knows least of its arguments
    measured.sort(key=lambda pair: -_generality(pair[0]))
    pending = [copy for _, copy in measured]
    while pending:
        first, *rest = pending
        found = [_own(first, literals)]
        pending = []
        for other in rest:
            comparison = Comparison(first, other, literals)
            if comparison.agrees():
                found.append(comparison)
            else:
                pending.append(other)
        yield found


def _own(copy: Copy, literals: Mapping[Value, Literal]) -> Comparison:
    comparison = Comparison(copy, copy, literals)
    agrees = comparison.agrees()
    assert agrees
    return comparison


def _generality(comparison: Comparison) -> int:
    return len(comparison.values) + len(comparison.dims) + len(comparison.integers)


def _rewritten(region: Region, made: Mapping[Region, Sequence[tuple[Copy, list[Op]]]]) -> Region:
    """The region with calls in the place of copies."""
    ops: list[Op] = []
    place = 0
    for copy, calls in sorted(made.get(region, ()), key=lambda pair: pair[0].first):
        ops += region.ops[place : copy.first]
        ops += calls
        place = copy.stop
    ops += region.ops[place:]
    inner = [map_regions(op, lambda inside: _rewritten(inside, made)) for op in ops]
    return rebuilt(region, inner, region.yields)

"""How large an array can become whose size changes from iteration to iteration.

In a triangular loop, ``for j in range(i + 1, 8)`` inside ``for i in range(8)``, what is recorded
of the inner loop has a size that depends on `i` and is 7 at most: enough to know for memory that
is laid out when a kernel is compiled.
"""

from __future__ import annotations

from gradc.analysis.affine import Affine, AffineForms
from gradc.analysis.ranges import Facts
from gradc.ir.core import Function, Op, Region
from gradc.ir.walk import defining_ops
from gradc.prims.shape import EMPTY, ZEROS

LARGEST = 1 << 13  # what is larger does not fit anyway


def largest_sizes(function: Function) -> dict[str, int]:
    """Return an upper bound for each size symbol of a new array, where one can be proven."""
    search = _Search(function)
    search.region(function.body, Facts(search.forms))
    return {symbol: bound for symbol, bound in search.found.items() if bound is not None}


class _Search:
    def __init__(self, function: Function) -> None:
        self.forms = AffineForms(defining_ops(function.body))
        self.found: dict[str, int | None] = {}

    def region(self, region: Region, facts: Facts) -> None:
        facts.note_values(region.params)
        for op in region.ops:
            for place, inner in enumerate(op.regions):
                inside = facts.inside(op, place)
                self.region(inner, inside)
            if op.prim in (EMPTY, ZEROS):
                self.sizes(op, facts)
            facts.note_op(op)

    def sizes(self, op: Op, facts: Facts) -> None:
        for size in op.args:
            if isinstance(size.size, str):
                bound = _largest(facts, self.forms.of(size))
                known = self.found.get(size.size, 0)
                self.found[size.size] = (
                    None if bound is None or known is None else max(bound, known)
                )


def _largest(facts: Facts, size: Affine) -> int | None:
    """The smallest number that a size is known not to exceed."""

    def holds(bound: int) -> bool:
        return facts.proves(size.times(-1).shifted(bound))

    high = 1
    while not holds(high):
        high *= 2
        if high > LARGEST:
            return None
    low = high // 2
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high

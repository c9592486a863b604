"""Whether a value is still read after an op, in the presence of loops and branches."""

from __future__ import annotations

from collections.abc import Iterable

from gradc.ir.control import FOR, WHILE
from gradc.ir.core import Function, Op, Region, Value


class Lifetimes:
    """Where the values of a function are last read.

    What a loop reads of the values around it, it reads in every iteration: such a value is alive
    during the whole loop. The two sides of a branch do not see each other.
    """

    def __init__(self, function: Function) -> None:
        self._last: dict[Region, dict[Value, int]] = {}
        self._parents: dict[Region, tuple[Region, int, Op]] = {}
        self._homes: dict[Value, Region] = {}
        self._visit(function.body)

    def home(self, value: Value) -> Region:
        """The region that defines a value."""
        return self._homes[value]

    def inside(self, op: Op, value: Value) -> bool:
        """Whether the regions of an op read a value from outside."""
        return any(value in self._last[region] for region in op.regions)

    def used_after(self, value: Value, region: Region, index: int) -> bool:
        """Whether a value may still be read after the op number `index` of a region."""
        home = self._homes[value]
        while True:
            if self._last[region].get(value, -1) > index:
                return True
            if region is home or region not in self._parents:
                return False
            region, index, op = self._parents[region]
            if op.prim in (FOR, WHILE) and home not in op.regions and self.inside(op, value):
                return True

    def _visit(self, region: Region) -> None:
        self._define(region.params, region)
        last: dict[Value, int] = {}
        for index, op in enumerate(region.ops):
            self._define(op.outs, region)
            last.update(dict.fromkeys(op.args, index))
            for inner in op.regions:
                self._parents[inner] = (region, index, op)
                self._visit(inner)
                free = (v for v in self._last[inner] if self._homes[v] is not inner)
                last.update(dict.fromkeys(free, index))
        last.update(dict.fromkeys(region.yields, len(region.ops)))
        self._last[region] = last

    def _define(self, values: Iterable[Value], region: Region) -> None:
        for value in values:
            self._homes[value] = region

"""Loops whose iterations are independent run upwards.

Before, the way back of a loop::

    with for_(top, minus, minus, y_bar, s) as (i, y_bar_1, s_1):
        v: f64 = get(y_bar_1, i, spec=('at',))
        w: f64 = mul(v, c)
        y_bar_2: f64[n] = put(y_bar_1, w, i, spec=('at',))
        s_2: f64 = add(s_1, v)
        yield_(y_bar_2, s_2)

After::

    with for_(lo, n, one, y_bar, s) as (i, y_bar_1, s_1):
        ...

The way back goes through iterations from the last to the first, and nothing but the rounding of
sums depends on that where they are independent. A vector of iterations that go downwards has to
turn around what it reads and what it writes: memory has the elements in the other order. A loop in
which an error may be raised keeps its order, since the first of them is the one that is raised.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import moved
from gradc.analysis.independence import independent_iterations, may_raise
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, LOOP_BOUNDS
from gradc.ir.core import Function, Op, Region
from gradc.ir.walk import all_ops, defining_ops, map_regions, rebuilt, with_body
from gradc.passes.base import Context


@dataclass(frozen=True, slots=True)
class Upwards:
    """The pass; it runs on loops over scalars, before updates are in place."""

    name: ClassVar[str] = "upwards"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with loops in the order of memory."""
        if not any(op.prim is FOR and op.args[2].size == -1 for op in all_ops(function.body)):
            return function
        work = _Upwards(function)
        return with_body(function, work.region(function.body))


class _Upwards:
    def __init__(self, function: Function) -> None:
        self.symbols = Symbols.of(function)
        self.makers = defining_ops(function.body)

    def region(self, region: Region) -> Region:
        builder = Builder(Symbols(self.symbols))
        for op in region.ops:
            builder.loc, builder.role = op.loc, op.role
            op = map_regions(op, self.region)
            builder.append(self.turned(op, builder) if _can_turn(op) else op)
        return rebuilt(region, builder.ops, region.yields)

    def turned(self, loop: Op, builder: Builder) -> Op:
        first, last = loop.args[:2]
        start, stop = (moved(bound, 1, self.makers, builder) for bound in (last, first))
        return replace(loop, args=(start, stop, builder.const(1), *loop.args[LOOP_BOUNDS:]))


def _can_turn(op: Op) -> bool:
    if op.prim is not FOR or op.args[2].size != -1:
        return False
    return independent_iterations(op) is not None and not may_raise(op.regions[0])

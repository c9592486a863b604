"""Which integers and conditions depend on floats, so that a pattern must hold for all of them.

Sizes, integer arguments and what is computed from them are known when a pattern is asked for. What
comes from a float (a comparison, ``argmax``, a conversion), or is chosen by such a condition, is
not::

    n = len(x)            # known
    k = int(x[0])         # unknown
    if x[1] > 0:          # an unknown condition
        n = n - 1         # n is unknown from here on
    for i in range(n):    # i is unknown
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gradc.ir.builder import DIM
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Kind, Op, Value


def unknown_values(function: Function) -> frozenset[Value]:
    """Find the integer and boolean values that depend on floats."""
    marks = _Marks()
    marks.block(function.ops)
    return frozenset(marks.values)


@dataclass(slots=True)
class _Marks:
    values: set[Value] = field(default_factory=set)
    sizes: set[str] = field(default_factory=set)

    def add(self, value: Value) -> None:
        if not value.type.is_float:
            self.values.add(value)
            if isinstance(value.size, str):
                self.sizes.add(value.size)

    def add_all(self, values: Sequence[Value]) -> None:
        for value in values:
            self.add(value)

    def block(self, ops: Sequence[Op]) -> None:
        for op in ops:
            if op.prim is IF:
                self.branch(op)
            elif op.prim.kind is Kind.CONTROL:
                self.loop(op)
            elif op.prim is DIM:
                if op.args[0].type.shape[op.params["axis"]] in self.sizes:
                    self.add_all(op.outs)
            elif any(arg.type.is_float or arg in self.values for arg in op.args):
                self.add_all(op.outs)

    def branch(self, op: Op) -> None:
        for region in op.regions:
            self.block(region.ops)
        unknown = op.args[0] in self.values
        for out, yes, no in zip(op.outs, *(region.yields for region in op.regions), strict=True):
            chosen = unknown and yes is not no
            if chosen or yes in self.values or no in self.values:
                self.add(out)

    def loop(self, op: Op) -> None:
        body = loop_body(op)
        if op.prim is FOR and any(bound in self.values for bound in op.args[:LOOP_BOUNDS]):
            self.add_all(body.params)
        before = -1
        while before != len(self.values):
            before = len(self.values)
            self.flow(carried_inits(op), carried_params(op))
            if op.prim is WHILE:
                condition = op.regions[0]
                self.flow(carried_params(op), condition.params)
                self.block(condition.ops)
                if condition.yields[0] in self.values:
                    self.add_all(body.params)
            self.block(body.ops)
            self.flow(body.yields, carried_params(op))
        self.flow(carried_params(op), op.outs)

    def flow(self, sources: Sequence[Value], targets: Sequence[Value]) -> None:
        for source, target in zip(sources, targets, strict=True):
            if source in self.values:
                self.add(target)

"""What depends on some values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradc.ir.control import FOR, IF, LOOP_BOUNDS, carried_inits, carried_params, loop_body
from gradc.ir.core import Kind, Op, Value
from gradc.ir.walk import used_by


def dependent_values(ops: Sequence[Op], values: Iterable[Value]) -> frozenset[Value]:
    """The values that ops make of some values, through conditions and trip counts too.

    Parameters
    ----------
    ops : sequence of Op
    values : iterable of Value
        They are among the result.
    """
    marks = _Marks(set(values))
    marks.block(ops)
    return frozenset(marks.values)


class _Marks:
    def __init__(self, values: set[Value]) -> None:
        self.values = values

    def block(self, ops: Sequence[Op]) -> None:
        for op in ops:
            if op.prim is IF:
                self.branch(op)
            elif op.prim.kind is Kind.CONTROL:
                self.loop(op)
            elif not self.values.isdisjoint(used_by(op)):
                self.values.update(op.outs)

    def branch(self, op: Op) -> None:
        for region in op.regions:
            self.block(region.ops)
            self.flow(region.yields, op.outs)
        if op.args[0] in self.values:
            self.values.update(op.outs)

    def loop(self, op: Op) -> None:
        params, body = carried_params(op), loop_body(op)
        before = -1
        while before != len(self.values):
            before = len(self.values)
            self.flow(carried_inits(op), params)
            if op.prim is not FOR:
                self.flow(params, op.regions[0].params)
                self.block(op.regions[0].ops)
            if self.decides(op):
                self.values.update((*body.params, *op.outs))
            self.block(body.ops)
            self.flow(body.yields, params)
        self.flow(params, op.outs)

    def decides(self, op: Op) -> bool:
        """Whether the number of iterations depends on them."""
        deciding = op.args[:LOOP_BOUNDS] if op.prim is FOR else op.regions[0].yields
        return not self.values.isdisjoint(deciding)

    def flow(self, sources: Sequence[Value], targets: Sequence[Value]) -> None:
        for source, target in zip(sources, targets, strict=True):
            if source in self.values:
                self.values.add(target)

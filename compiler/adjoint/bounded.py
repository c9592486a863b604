"""Tapes of inner loops whose length changes from one iteration of the loop around to the next.

Such a tape cannot be an axis of the tape of the loop around as it is; a part of an axis that is as
long as the longest can::

    for k in range(n):                      f_tape = empty((n, n - 1))
        for i in range(k + 1, n):           for k in range(n):
            f = u[i, k] / u[k, k]               for i in range(k + 1, n):
            ...                                     f_tape[k, i - (k + 1)] = f

The number of iterations of ``range(start, stop, step)`` grows or falls with the loop around where
``stop - start`` is an affine form of its index; it is largest in the first iteration or the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradc.analysis.affine import AffineForms
from gradc.ir.builder import Builder
from gradc.ir.control import FOR
from gradc.ir.core import Op, Value
from gradc.ir.types import Dim
from gradc.ir.walk import clone_op
from gradc.prims.arithmetic import ADD, MUL, NEG, SUB
from gradc.prims.loops import TRIP

_ARITHMETIC = (ADD, SUB, MUL, NEG)


@dataclass(frozen=True, slots=True)
class Bounded:
    """A number of iterations that has a bound before the loop around.

    Attributes
    ----------
    count : Op
        Computes it, in the loop around.
    steps : tuple of Op
        What it is computed from there, in order, and itself.
    at_first : bool
        Whether it is largest in the first iteration of the loop around, rather than the last.
    """

    count: Op
    steps: tuple[Op, ...]
    at_first: bool

    def most(self, loop: Op, before: Builder) -> Value:
        """Compute the bound before the loop around."""
        start, stop, step = loop.args[:3]
        index = loop.regions[0].params[0]
        place = start if self.at_first else before.emit(SUB, [stop, step], name=index.name)
        mapping = {index: place}
        for op in self.steps[:-1]:
            args = [mapping.get(arg, arg) for arg in op.args]
            mapping[op.out] = before.emit(op.prim, args, op.params, name=op.out.name)
        args = [mapping.get(arg, arg) for arg in self.count.args]
        return before.emit(TRIP, args, name="most")

    def again(self, builder: Builder, mapping: dict[Value, Value]) -> Value:
        """Compute it in an iteration of the reverse loop."""
        for op in self.steps:
            if op.out not in mapping:
                copied = clone_op(op, mapping)
                builder.symbols.note(copied.out)
                builder.append(copied)
        return mapping[self.count.out]


def bounded_counts(loop: Op, ops: Sequence[Op]) -> Mapping[Dim, Bounded]:
    """The numbers of iterations in the body of a counted loop that have a bound, by their symbols.

    Parameters
    ----------
    loop : Op
    ops : sequence of Op
        Its body as it runs forwards.
    """
    if loop.prim is not FOR or loop.args[2].size not in (1, -1):
        return {}
    index = loop.regions[0].params[0]
    makers = {op.outs[0]: op for op in ops if len(op.outs) == 1}
    outs = {out for op in ops for out in op.outs}
    inside = outs | set(loop.regions[0].params[1:])
    found: dict[Dim, Bounded] = {}
    for op in ops:
        if op.prim is not TRIP or not isinstance(op.out.size, str):
            continue
        steps = _steps(op, makers, inside)
        slope = _slope(op, index, makers)
        if steps is not None and slope:
            falls = (slope < 0) is (loop.args[2].size == 1)
            found[op.out.size] = Bounded(op, (*steps, op), falls)
    return found


def _steps(count: Op, makers: Mapping[Value, Op], inside: set[Value]) -> list[Op] | None:
    """The arithmetic on the index of the loop around that a count is made of; None for others."""
    steps: dict[Op, None] = {}

    def visit(value: Value) -> bool:
        if value not in inside:
            return True
        op = makers.get(value)
        if op is None or (op.prim not in _ARITHMETIC and op.args):
            return False
        if not all(map(visit, op.args)):
            return False
        steps.setdefault(op)
        return True

    return list(steps) if all(map(visit, count.args)) else None


def _slope(count: Op, index: Value, makers: Mapping[Value, Op]) -> int:
    """How much longer the range of a count gets with the index of the loop around; 0: unknown."""
    forms = AffineForms(makers)
    start, stop, step = map(forms.of, count.args)
    if step.known is None or not isinstance(index.size, str):
        return 0
    return stop.minus(start).times(1 if step.known > 0 else -1).terms.get(index.size, 0)

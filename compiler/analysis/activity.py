"""Activity: which values carry derivatives from the inputs to the outputs.

A value is *varied* when it depends differentiably on an input of interest, *useful* when an
output depends differentiably on it, and *active* when both hold (Hascoët, Naumann and Pascual,
2005, "To be recorded analysis in reverse-mode automatic differentiation"). What is not active has
no derivative at all: it is absent from the adjoint, not multiplied by zero.

Example, for the derivative of ``y`` with respect to ``x``::

    t = sin(a)      # not varied: does not depend on x
    u = t * x       # active
    v = exp(u)      # varied, not useful: y does not depend on it
    y = u + 1
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gradc.ir.control import IF, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Kind, Op, Value


@dataclass(frozen=True, slots=True)
class Activity:
    """The result: the sets of varied and useful values."""

    varied: frozenset[Value]
    useful: frozenset[Value]

    def is_active(self, value: Value) -> bool:
        """Whether a value has a cotangent or tangent."""
        return value in self.varied and value in self.useful

    def reason(self, value: Value) -> str:
        """Say in words why a value is active or not."""
        if not value.type.is_float:
            return f"{value.name} is a {value.type.dtype.name.lower()}: a constant"
        if value not in self.varied:
            return f"{value.name} does not depend on the differentiated inputs"
        if value not in self.useful:
            return f"no differentiated output depends on {value.name}"
        return f"{value.name} lies between the inputs and the outputs"


def differentiable_args(op: Op) -> Sequence[Value]:
    """The operands that an op depends on differentiably."""
    if op.prim.kind is Kind.CONSTANT:
        return ()
    if op.prim.linear_in is not None:
        return [op.args[index] for index in op.prim.linear_in if op.args[index].type.is_float]
    return [value for value in op.args if value.type.is_float]


def activity(
    function: Function, wrt: Iterable[int], results: Iterable[int] | None = None
) -> Activity:
    """Find what is varied and useful.

    Parameters
    ----------
    function : Function
    wrt : iterable of int
        Positions of the parameters of interest.
    results : iterable of int, optional
        Positions of the results that are differentiated; all by default.
    """
    varied = {function.params[index] for index in wrt}
    _vary(function.ops, varied)
    chosen = range(len(function.results)) if results is None else results
    useful = {function.results[index] for index in chosen}
    useful = {value for value in useful if value.type.is_float}
    _use(function.ops, useful)
    return Activity(frozenset(varied), frozenset(useful))


def _vary(ops: Sequence[Op], varied: set[Value]) -> None:
    """Extend the varied values through ops, forwards."""
    for op in ops:
        if op.prim.kind is not Kind.CONTROL:
            if any(value in varied for value in differentiable_args(op)):
                varied.update(out for out in op.outs if out.type.is_float)
        elif op.prim is IF:
            for region in op.regions:
                _vary(region.ops, varied)
                _copy_marks(region.yields, op.outs, varied)
        else:
            _vary_loop(op, varied)


def _vary_loop(op: Op, varied: set[Value]) -> None:
    body = loop_body(op)
    _copy_marks(carried_inits(op), carried_params(op), varied)
    before = -1
    while before != len(varied):
        before = len(varied)
        _vary(body.ops, varied)
        _copy_marks(body.yields, carried_params(op), varied)
    _copy_marks(carried_params(op), op.outs, varied)


def _copy_marks(sources: Sequence[Value], targets: Sequence[Value], marked: set[Value]) -> None:
    for source, target in zip(sources, targets, strict=True):
        if source in marked and target.type.is_float:
            marked.add(target)


def _use(ops: Sequence[Op], useful: set[Value]) -> None:
    """Extend the useful values through ops, backwards."""
    for op in reversed(ops):
        if op.prim.kind is not Kind.CONTROL:
            if any(out in useful for out in op.outs):
                useful.update(differentiable_args(op))
        elif op.prim is IF:
            for region in op.regions:
                _copy_marks(op.outs, region.yields, useful)
                _use(region.ops, useful)
        else:
            _use_loop(op, useful)


def _use_loop(op: Op, useful: set[Value]) -> None:
    body = loop_body(op)
    _copy_marks(op.outs, body.yields, useful)
    before = -1
    while before != len(useful):
        before = len(useful)
        _copy_marks(op.outs, carried_params(op), useful)
        _use(body.ops, useful)
        _copy_marks(carried_params(op), body.yields, useful)
        _copy_marks(carried_params(op), op.outs, useful)
    _copy_marks(carried_params(op), carried_inits(op), useful)

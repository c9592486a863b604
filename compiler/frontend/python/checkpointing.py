"""Calls of functions that are decorated with ``checkpoint``.

A call is interpreted apart, and one op takes its place::

    @checkpoint
    def layer(h, w):                     h1, = custom(h, w, rule=<layer>)
        return np.tanh(h @ w) * h

Reverse mode puts the function itself into the adjoint, before its own adjoint: nothing is recorded
but what the call was given, as far as that pays (:mod:`gradc.adjoint.again`). Where the function
changes something, calls itself, or returns what it was given, so that its result is no new object,
it stands in its place as every other, and its loops keep checkpoints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import Array, Callee, Ref, Tuple
from gradc.frontend.python.regions import Closed, closed_call
from gradc.frontend.python.trees import Parts, is_float, is_number, made_ref, taken_apart
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import all_ops
from gradc.prims.custom import CUSTOM, CustomRule
from gradc.prims.routines import CALL

Body = Callable[[Mapping[str, Ref]], Ref]


class _StandsInPlaceError(Exception):
    """The call is interpreted where it stands."""


def call_checkpointed(ctx: Lowering, callee: Callee, names: Mapping[str, Ref], body: Body) -> Ref:
    """Interpret a call of a checkpointed function.

    Parameters
    ----------
    ctx : Lowering
    callee : Callee
    names : mapping
        The arguments by the names of the parameters.
    body : callable
        Interprets the function for arguments.
    """
    parts = taken_apart(ctx, Tuple(tuple(names.values())), is_float)
    before, found = ctx.state.snapshot(), len(ctx.diagnostics.found)
    if parts.leaves:
        try:
            return _apart(ctx, callee, names, parts, body)
        except (_StandsInPlaceError, RefusedError):
            ctx.state.restore(before)
            del ctx.diagnostics.found[found:]
    return body(names)


def _apart(
    ctx: Lowering, callee: Callee, names: Mapping[str, Ref], parts: Parts, body: Body
) -> Ref:
    known = set(ctx.state.tokens)
    actual = [ctx.value(leaf) for leaf in parts.leaves]
    weak = [ctx.kind(leaf).weak for leaf in parts.leaves]
    types = [(value.type, value.name, own) for value, own in zip(actual, weak, strict=True)]

    def run(params: list[Ref]) -> Ref:
        given = parts.around(params)
        assert isinstance(given, Tuple)
        result = body(dict(zip(names, given.items, strict=True)))
        old = known | {param.cell for param in params if isinstance(param, Array)}
        for leaf in taken_apart(ctx, result, is_number).leaves:
            if isinstance(leaf, Array) and leaf.cell in old:
                raise _StandsInPlaceError
        return result

    closed = closed_call(ctx, f"{callee.name} with checkpoint", types, run)
    if any(op.prim is CALL for op in all_ops(closed.function.body)):
        raise _StandsInPlaceError
    outs = _emitted(ctx, callee, closed, actual)
    pairs = zip(outs, closed.weak, strict=True)
    return closed.out.around(made_ref(ctx, value, own) for value, own in pairs)


def _emitted(
    ctx: Lowering, callee: Callee, closed: Closed, actual: list[Value]
) -> tuple[Value, ...]:
    """Append the call: the floats among its operands first, which it is differentiated by."""
    function, operands = closed.function, [*actual, *closed.around]
    order = sorted(range(len(operands)), key=lambda place: not operands[place].type.is_float)
    params = tuple(function.params[place] for place in order)
    body = Region(params, function.ops, function.results)
    count = sum(value.type.is_float for value in operands)
    rule = CustomRule(
        callee.name, count, primal=Function(callee.name, body, function.loc), again=True
    )
    builder = ctx.builder
    outs = tuple(replace(value, loc=builder.loc) for value in function.results)
    args = tuple(operands[place] for place in order)
    builder.append(Op(CUSTOM, args, {"rule": rule}, outs, (), builder.loc, builder.role))
    for value in outs:
        builder.symbols.note(value)
    return outs

"""Applying a primitive's record: its contribution to cotangents and tangents.

Both modes come from the one record: partial derivatives, a transpose, or both products.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.errors import Diagnostic, InternalError, UnsupportedFunctionError
from gradc.ir.builder import Builder
from gradc.ir.core import Kind, Op, Value
from gradc.prims.trace import Var, zeros


def contributions(builder: Builder, op: Op, cts: Sequence[Value | None]) -> Sequence[Any]:
    """What an op adds to the cotangents of its operands.

    Parameters
    ----------
    builder : Builder
        Where the adjoint is being built.
    op : Op
        A primal op without regions.
    cts : sequence of Value or None
        The cotangents of its outputs, not all of them None.

    Returns
    -------
    sequence
        For each operand a :class:`Var`, an :class:`~gradc.prims.index.Into`, or None.
    """
    prim = op.prim
    args = [Var(builder, value) for value in op.args]
    traced = tuple(None if ct is None else Var(builder, ct) for ct in cts)
    parts: Sequence[Any]
    if prim.results and prim.transpose is not None:
        return _one_for_each(op, prim.transpose(traced, *args, **op.params))
    if prim.results:
        if prim.vjp is None:
            raise InternalError(f"{prim.name} has no derivative in its record ({op.loc})")
        outs = tuple(Var(builder, value) for value in op.outs)
        return _one_for_each(op, prim.vjp(traced, *args, out=outs, **op.params))
    (cotangent,) = traced
    assert cotangent is not None
    out = Var(builder, op.out)
    if prim.transpose is not None:
        parts = prim.transpose(cotangent, *args, **op.params)
    elif prim.vjp is not None:
        parts = prim.vjp(cotangent, *args, out=out, **op.params)
    elif prim.partials is not None:
        partials = prim.partials(*args, out=out, **op.params)
        parts = [_times(cotangent, partial) for partial in partials]
    else:
        raise InternalError(f"{prim.name} has no derivative in its record ({op.loc})")
    return _one_for_each(op, parts)


def _one_for_each(op: Op, parts: Sequence[Any]) -> Sequence[Any]:
    count = len(op.args)
    if len(parts) != count:
        raise InternalError(f"{op.prim.name}: {len(parts)} contributions for {count} operands")
    return parts


def refuse_unknown(op: Op, active: Sequence[bool]) -> None:
    """Refuse the derivative with respect to arguments for which the record has no rule.

    Raises
    ------
    UnsupportedFunctionError
        Naming the argument, at the line of the call.
    """
    problems = [
        Diagnostic(
            op.loc,
            f"there is no rule for the derivative with respect to {what}",
            "if it is a constant to you, write gradc.stop_gradient(...) around it",
        )
        for position, what in op.prim.refuses.items()
        if active[position]
    ]
    if problems:
        raise UnsupportedFunctionError(problems)


def _times(change: Var, partial: Any) -> Any:
    if partial is None:
        return None
    if isinstance(partial, float) and partial == 1.0:
        return change
    return change * partial


def tangents_of(
    builder: Builder, op: Op, tangents: Sequence[Value | None]
) -> Sequence[Value | None]:
    """The tangents of an op's outputs, from the tangents of its operands (None: inactive)."""
    if all(dot is None for dot in tangents):
        return [None] * len(op.outs)
    refuse_unknown(op, [dot is not None for dot in tangents])
    if not op.prim.results:
        return [_tangent(builder, op, tangents)]
    if op.prim.kind is Kind.LINEAR:
        return builder.emit_all(op.prim, _tangent_operands(builder, op, tangents), op.params)
    if op.prim.jvp is None:
        raise InternalError(f"{op.prim.name} has no derivative in its record ({op.loc})")
    args, outs = ([Var(builder, value) for value in values] for values in (op.args, op.outs))
    dots = [None if dot is None else Var(builder, dot) for dot in tangents]
    made = op.prim.jvp(dots, *args, out=tuple(outs), **op.params)
    return [None if dot is None else _value(dot) for dot in made]


def _tangent(builder: Builder, op: Op, tangents: Sequence[Value | None]) -> Value | None:
    prim = op.prim
    args = [Var(builder, value) for value in op.args]
    dots = [None if dot is None else Var(builder, dot) for dot in tangents]
    if prim.kind is Kind.LINEAR:
        return _linear_tangent(builder, op, tangents)
    if prim.kind is Kind.BILINEAR:
        return _bilinear_tangent(builder, op, dots)
    if prim.jvp is not None:
        return _value(prim.jvp(dots, *args, out=Var(builder, op.out), **op.params))
    if prim.partials is not None:
        partials = prim.partials(*args, out=Var(builder, op.out), **op.params)
        terms = [
            _times(dot, partial)
            for dot, partial in zip(dots, partials, strict=True)
            if dot is not None and partial is not None
        ]
        return _value(_sum(terms)) if terms else None
    raise InternalError(f"{prim.name} has no derivative in its record ({op.loc})")


def _linear_positions(op: Op) -> Sequence[int]:
    """The operands in which a linear op is linear."""
    positions = op.prim.linear_in
    if positions is None:
        positions = tuple(k for k, value in enumerate(op.args) if value.type.is_float)
    return positions


def _linear_tangent(builder: Builder, op: Op, tangents: Sequence[Value | None]) -> Value:
    positions = _linear_positions(op)
    given = [(position, dot) for position in positions if (dot := tangents[position]) is not None]
    if op.prim.pointwise and op.prim.transpose is not None and len(given) == 1 < len(positions):
        # element by element it is a multiple of each operand, which its transpose knows
        ((position, dot),) = given
        args = [Var(builder, value) for value in op.args]
        return _value(op.prim.transpose(Var(builder, dot), *args, **op.params)[position])
    return builder.emit(op.prim, _tangent_operands(builder, op, tangents), op.params)


def _tangent_operands(
    builder: Builder, op: Op, tangents: Sequence[Value | None]
) -> Sequence[Value]:
    """What a linear op is applied to instead of its operands."""
    operands = list(op.args)
    for position in _linear_positions(op):
        dot = tangents[position]
        operands[position] = dot if dot is not None else zeros(builder, op.args[position].type)
    return operands


def _bilinear_tangent(builder: Builder, op: Op, dots: Sequence[Var | None]) -> Value:
    left, right = (Var(builder, value) for value in op.args)
    terms = []
    if dots[0] is not None:
        terms.append(op.prim(dots[0], right, **op.params))
    if dots[1] is not None:
        terms.append(op.prim(left, dots[1], **op.params))
    return _value(_sum(terms))


def _sum(terms: Sequence[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _value(result: Any) -> Value:
    if not isinstance(result, Var):
        raise InternalError(f"a derivative rule returned {result!r}")
    return result.value

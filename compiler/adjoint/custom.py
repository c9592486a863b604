"""Both modes through calls that bring their own derivative.

A rule has one of two forms, and each serves both modes, for the derivative is linear and a linear
function has a transpose. In reverse mode the call becomes its forward function, which records
residuals, and the backward function is put into the adjoint::

    y = f(x)         y, residuals = f_forward(x)
                     ...
                     x_bar = f_backward(residuals, y_bar)

In forward mode the rule of tangents takes the place of the call. A rule that has only the other
form is transposed: ``y_dot`` is the derivative of ``<x_bar, x_dot>`` by ``y_bar``, and the other
way round. A rule that is not linear (one that clips cotangents, say) has no transpose, and is
refused in the mode that it was not written for.

A call of a function with `checkpoint` has no rule: the function itself is put into the adjoint,
runs again, and is gone back through. Its arrays pass through an op that hands them on (`again`), so
that what is computed again is not found to be there already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from gradc.adjoint.again import that_records
from gradc.analysis.masks import Mask
from gradc.errors import Diagnostic, GradTypeError
from gradc.ir.builder import Builder
from gradc.ir.calls import inlined_calls
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.inlining import inline_renamed, with_fresh_symbols
from gradc.ir.walk import used_by
from gradc.prims.custom import CUSTOM, CustomRule, function_of
from gradc.prims.shape import AGAIN, EXPECT
from gradc.prims.trace import zeros

IsActive = Callable[[Value], bool]
# ``transpose(function, wrt, results, mask)``: the vector-Jacobian product with seeds.
Transpose = Callable[[Function, Sequence[int], Sequence[int], Mask], Function]


def recording(op: Op) -> Op:
    """The call as it runs forwards in reverse mode: with residuals after its results."""
    rule: CustomRule = op.params["rule"]
    if rule.forward is None:
        return op
    residuals = [replace(value) for value in rule.forward.results[len(op.outs) :]]
    params = {**op.params, "recording": True}
    return replace(op, params=params, outs=(*op.outs, *residuals))


def without_recording(function: Function) -> Function:
    """Put the forward functions in the place of calls that record."""
    return inlined_calls(
        function,
        lambda op: (
            function_of(op.params) if op.prim is CUSTOM and op.params.get("recording") else None
        ),
    )


def cotangents_of_call(
    builder: Builder,
    op: Op,
    kept: Op,
    cts: Sequence[Value | None],
    is_active: IsActive,
    transpose: Transpose,
    mask: Mask,
) -> list[Value | None]:
    """The cotangents of the differentiable arguments of a call.

    Parameters
    ----------
    builder : Builder
        Of the adjoint.
    op, kept : Op
        The call, and what takes its place in the forward sweep.
    cts : sequence of Value or None
        The cotangents of its results.
    mask : Mask
        Why they may be zero.
    """
    rule: CustomRule = op.params["rule"]
    if rule.again:
        return _computed_again(builder, op, rule, cts, is_active, transpose, mask)
    _check_surroundings(op, is_active)
    bars = [
        zeros(builder, out.type) if ct is None else ct
        for out, ct in zip(op.outs, cts, strict=True)
        if out.type.is_float
    ]
    around = op.args[rule.count :]
    if rule.backward is not None:
        residuals = kept.outs[len(op.outs) :]
        parts = inline_renamed(builder, rule.backward, [*residuals, *bars, *around])
        return list(_like(builder, parts, op.args))
    assert rule.tangent is not None
    transposed = _transposed_tangent(rule, op, transpose)
    transposed = with_fresh_symbols(transposed, rule.tangent, builder.symbols)
    dots = [zeros(builder, arg.type) for arg in op.args[: rule.count]]
    args = [*op.args[: rule.count], *dots, *around, *bars]
    return list(_like(builder, inline_renamed(builder, transposed, args), op.args))


def _computed_again(
    builder: Builder,
    op: Op,
    rule: CustomRule,
    cts: Sequence[Value | None],
    is_active: IsActive,
    transpose: Transpose,
    mask: Mask,
) -> list[Value | None]:
    """Run a function again and go back through it; None for operands without a cotangent."""
    assert rule.primal is not None
    wrt = [place for place in range(rule.count) if is_active(op.args[place])]
    results = [place for place, ct in enumerate(cts) if ct is not None]
    made = transpose(that_records(rule.primal), wrt, results, mask)
    given = [builder.emit(AGAIN, [arg], name=arg.name) if arg.type.rank else arg for arg in op.args]
    seeds = [ct for ct in cts if ct is not None]
    found = inline_renamed(builder, made, [*given, *seeds])
    bars = dict(zip(wrt, found[len(op.outs) :], strict=True))
    return [bars.get(place) for place in range(rule.count)]


def _like(builder: Builder, parts: Sequence[Value], operands: Sequence[Value]) -> list[Value]:
    """Cotangents with the sizes of the operands, which a rule may know by other names."""
    made = []
    for part, operand in zip(parts, operands, strict=False):
        if part.type.shape != operand.type.shape:
            sizes = [builder.size(dim) for dim in operand.type.shape]
            part = builder.emit(EXPECT, [part, *sizes], {"what": ""}, name=part.name)
        made.append(part)
    return made


def tangents_of_call(
    builder: Builder,
    op: Op,
    dots: Sequence[Value | None],
    is_active: IsActive,
    transpose: Transpose,
) -> tuple[list[Value], list[Value | None]]:
    """The results of a call and their tangents, None for what is no float."""
    rule: CustomRule = op.params["rule"]
    _check_surroundings(op, is_active)
    own, around = op.args[: rule.count], op.args[rule.count :]
    given = [
        zeros(builder, arg.type) if dot is None else dot
        for arg, dot in zip(own, dots, strict=False)
    ]
    count = len(op.outs)
    if rule.tangent is not None:
        made = inline_renamed(builder, rule.tangent, [*own, *given, *around], op.outs)
        outs, out_dots = made[:count], iter(made[count:])
    else:
        assert rule.forward is not None
        assert rule.backward is not None
        made = inline_renamed(builder, rule.forward, [*own, *around], op.outs)
        outs, residuals = made[:count], made[count:]
        transposed = _transposed_backward(rule, op, transpose)
        transposed = with_fresh_symbols(transposed, rule.backward, builder.symbols)
        bars = [zeros(builder, out.type) for out in outs if out.type.is_float]
        out_dots = iter(inline_renamed(builder, transposed, [*residuals, *bars, *around, *given]))
    return outs, [next(out_dots) if out.type.is_float else None for out in op.outs]


def _transposed_tangent(rule: CustomRule, op: Op, transpose: Transpose) -> Function:
    """From ``(*args, *dots, *around)`` and bars of results to bars of arguments."""
    function = rule.tangent
    assert function is not None
    dots = range(rule.count, 2 * rule.count)
    floats = range(len(op.outs), len(function.results))
    made = transpose(function, dots, floats, Mask.NONE)
    only = _last_results(made, rule.count)
    _check_linear(only, [function.params[n] for n in dots], op, rule, "reverse", "vjp")
    return only


def _transposed_backward(rule: CustomRule, op: Op, transpose: Transpose) -> Function:
    """From ``(*residuals, *bars, *around)`` and dots of arguments to dots of results."""
    function, forward = rule.backward, rule.forward
    assert function is not None
    assert forward is not None
    first = len(forward.results) - len(op.outs)
    floats = sum(out.type.is_float for out in op.outs)
    bars = range(first, first + floats)
    made = transpose(function, bars, range(rule.count), Mask.NONE)
    only = _last_results(made, floats)
    _check_linear(only, [function.params[n] for n in bars], op, rule, "forward", "jvp")
    return only


def _last_results(function: Function, count: int) -> Function:
    body = function.body
    results = body.yields[len(body.yields) - count :]
    return Function(function.name, Region(body.params, body.ops, results), function.loc)


def _check_linear(
    function: Function, linear: Sequence[Value], op: Op, rule: CustomRule, mode: str, form: str
) -> None:
    """Refuse a transpose that depends on the point at which a linear function is transposed."""
    needed, params = set(function.results), set(linear)
    for inner in reversed(function.ops):
        if not needed.isdisjoint(inner.outs):
            needed.update(used_by(inner))
    if params.isdisjoint(needed):
        return
    raise GradTypeError(
        Diagnostic(
            op.loc,
            f"the rule of {rule.name} is not linear, or not seen to be, and so it has no {mode} "
            "mode",
            f"give {rule.name} a rule for this mode too, with def{form}",
        )
    )


def _check_surroundings(op: Op, is_active: IsActive) -> None:
    """Refuse derivatives that would flow past the rule."""
    rule: CustomRule = op.params["rule"]
    for value in op.args[rule.count :]:
        if is_active(value):
            raise GradTypeError(
                Diagnostic(
                    op.loc,
                    f"{rule.name} has its own derivative, and `{value.name}`, which is not among "
                    "the arguments of that, depends on what is differentiated",
                    f"pass `{value.name}` as a differentiable argument, or use "
                    f"stop_gradient({value.name})",
                )
            )

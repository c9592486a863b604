"""Both modes through calls of functions that are compiled on their own.

The derivative of a call is a call of the derivative of its function::

    y = f(n, x)             y = f(n, x)
                            x_bar = f_vjp(n, x, y_bar)

The derivative of a function that calls itself calls itself at the same place. It computes again
what it needs of the function, so nothing is recorded across a call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradc.analysis.masks import Mask
from gradc.errors import Diagnostic, UnsupportedFunctionError
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.routines import ROUTINE, Routine, routine_of
from gradc.ir.types import Type
from gradc.prims.routines import CALL

IsActive = Callable[[Value], bool]
# ``transpose(function, wrt, results, mask)``: the vector-Jacobian product with seeds.
Transpose = Callable[[Function, Sequence[int], Sequence[int], Mask], Function]
Pushforward = Callable[[Function, Sequence[Sequence[int]]], Function]


def cotangents_of_routine(
    builder: Builder,
    op: Op,
    cts: Sequence[Value | None],
    is_active: IsActive,
    transpose: Transpose,
    mask: Mask,
) -> dict[int, Value]:
    """The cotangents of the active operands of a call, by position."""
    wrt = _active(op, is_active)
    results = tuple(place for place, ct in enumerate(cts) if ct is not None)
    if not wrt:
        return {}
    routine = routine_of(op)
    key = ("vjp", wrt, results, mask)
    if key not in routine.derivatives:
        seeds = tuple(routine.results[place] for place in results)
        types = tuple(routine.params[place] for place in wrt)
        taken = (*routine.params, *seeds)
        made = Routine(f"{routine.name}_vjp", taken, types, sizes=routine.sizes)
        routine.derivatives[key] = made
        whole = transpose(_function(routine, op), wrt, results, mask)
        made.function = _last_results(whole, len(wrt), made.name)
    seeds_given = [ct for ct in cts if ct is not None]
    wanted = [op.args[place].type for place in wrt]
    bars = _call(builder, routine.derivatives[key], [*op.args, *seeds_given], wanted)
    return dict(zip(wrt, bars, strict=True))


def tangents_of_routine(
    builder: Builder,
    op: Op,
    lanes: Sequence[Sequence[Value | None]],
    pushforward: Pushforward,
) -> tuple[list[Value], list[list[Value | None]]]:
    """The results of a call and, lane by lane, their tangents, None for what is no float.

    Parameters
    ----------
    builder : Builder
    op : Op
    lanes : sequence
        For each lane the tangents of the operands, None for those that have none.
    pushforward : callable
    """
    wrt = tuple(tuple(place for place, dot in enumerate(dots) if dot is not None) for dots in lanes)
    routine = routine_of(op)
    key = ("jvp", wrt)
    if key not in routine.derivatives:
        given = tuple(routine.params[place] for own in wrt for place in own)
        floats = tuple(type for type in routine.results if type.is_float)
        made = Routine(
            f"{routine.name}_jvp",
            (*routine.params, *given),
            (*routine.results, *floats * len(wrt)),
            sizes=routine.sizes,
        )
        routine.derivatives[key] = made
        made.function = pushforward(_function(routine, op), wrt)
    tangents = [dot for dots in lanes for dot in dots if dot is not None]
    wanted = [out.type for out in op.outs]
    wanted += [out.type for out in op.outs if out.type.is_float] * len(lanes)
    outs = _call(builder, routine.derivatives[key], [*op.args, *tangents], wanted)
    count = len(op.outs)
    further = iter(outs[count:])
    return list(outs[:count]), [
        [next(further) if out.type.is_float else None for out in op.outs] for _ in lanes
    ]


def _call(
    builder: Builder, routine: Routine, args: Sequence[Value], types: Sequence[Type]
) -> list[Value]:
    """Append a call whose results have these types.

    Inside of a routine other symbols may stand for their sizes: it may know of two that they are
    equal.
    """
    outs = tuple(builder.value(type, CALL.name) for type in types)
    params = {ROUTINE: routine}
    builder.append(Op(CALL, tuple(args), params, outs, (), builder.loc, builder.role))
    return list(outs)


def _active(op: Op, is_active: IsActive) -> tuple[int, ...]:
    return tuple(place for place, arg in enumerate(op.args) if is_active(arg))


def _function(routine: Routine, op: Op) -> Function:
    if routine.function is None:
        raise UnsupportedFunctionError(
            Diagnostic(
                op.loc,
                f"{routine.name} takes a derivative of itself while it calls itself",
                "write the recursion as a loop",
            )
        )
    return routine.function


def _last_results(function: Function, count: int, name: str) -> Function:
    body = function.body
    results = body.yields[len(body.yields) - count :]
    return Function(name, Region(body.params, body.ops, results), function.loc)

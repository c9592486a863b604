"""``grad`` and ``value_and_grad`` inside a function that is compiled.

The inner function is interpreted into a region of its own, which may use what surrounds it; the
region is differentiated as a function, and the ops of its adjoint are put in place of the call::

    def f(x, y):
        return grad(lambda z: z * z * y)(x) * x     # d/dz, with y from outside, at z = x

The result is ordinary IR, so that the outer differentiation sees how the inner derivative depends
on everything around it. No tag tells inner from outer perturbations: they are different values.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import RAISED
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import (
    NONE,
    POISON,
    Array,
    Cell,
    Constant,
    Poison,
    Ref,
    Scalar,
    Tuple,
)
from gradc.frontend.python.sharing import copies
from gradc.frontend.python.state import Snapshot
from gradc.ir.builder import Symbols
from gradc.ir.core import Function, Region, Value
from gradc.ir.walk import clone_op

# The attribute by which a transformation, or what it returned, says what it is.
TRANSFORM = "__gradc_transform__"

# How to compile is decided by the outermost transformation; inside it means nothing.
_OPTIONS = (
    "target",
    "style",
    "fastmath",
    "parallel",
    "cache",
    "memory_limit",
    "boundscheck",
    "share",
)

# ``differentiate(function, wrt, scope)``: the function of value and gradients.
Differentiate = Callable[[Function, Sequence[int], Symbols], Function]
Call = Callable[..., Ref]


@dataclass(frozen=True, slots=True)
class Transform:
    """What ``grad`` or ``value_and_grad`` means.

    Attributes
    ----------
    values : bool
        Whether the value is returned beside the gradient.
    differentiate : callable
    """

    values: bool
    differentiate: Differentiate


@dataclass(frozen=True, eq=False, slots=True)
class Derivation(Ref):
    """A function that is to be differentiated when it is called."""

    function: Ref
    argnums: tuple[int, ...]
    single: bool
    transform: Transform


def apply_transform(
    transform: Transform, args: Sequence[Ref], kwargs: Mapping[str, Ref]
) -> Derivation:
    """Interpret ``grad(function, argnums)``."""
    unknown = [key for key in kwargs if key not in ("argnums", *_OPTIONS)]
    if unknown or not 1 <= len(args) <= 2:
        raise shapes(
            "inside a compiled function, grad takes a function, argnums and options of compilation"
        )
    given = kwargs.get("argnums", args[1] if len(args) == 2 else Constant(0))
    numbers = given.items if isinstance(given, Tuple) else (given,)
    values = [item.value if isinstance(item, Constant) else None for item in numbers]
    if not values or any(isinstance(v, bool) or not isinstance(v, int) for v in values):
        raise shapes("argnums of an inner grad is a position or a tuple of positions")
    positions = tuple(int(value) for value in values if value is not None)
    return Derivation(args[0], positions, not isinstance(given, Tuple), transform)


def call_derivation(
    ctx: Lowering,
    call: Call,
    derivation: Derivation,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    """Interpret a call of a derivative."""
    positions = [number % len(args) if args else number for number in derivation.argnums]
    if any(number >= len(args) for number in derivation.argnums):
        raise shapes(f"the call has {len(args)} positional arguments, argnums asks for more")
    actual = [_float_value(ctx, args[number], number) for number in positions]
    saved, tokens = ctx.state.snapshot(), dict(ctx.state.tokens)
    with ctx.region() as inner:
        params = [inner.value(value.type, value.name) for value in actual]
        refs = list(args)
        for number, param in zip(positions, params, strict=True):
            refs[number] = _ref(ctx, param, ctx.kind(args[number]).weak)
        with copies(ctx, list(zip(args, refs, strict=True))):
            result = call(ctx, derivation.function, refs, kwargs, node)
        if isinstance(result, Poison):
            return _without_result(ctx, saved)
        value = _float_value(ctx, result, None)
        if not value.type.is_scalar:
            raise shapes("an inner function that is differentiated returns one float")
        body = Region(tuple(params), tuple(inner.ops), (value,))
    weak = ctx.kind(result).weak
    if any(ctx.state.tokens[cell] != token for cell, token in tokens.items()):
        raise RefusedError(
            "a function that is differentiated inside another one writes to an array from outside",
            "let it return what it computes, or write to a copy",
        )
    ctx.state.restore(saved)
    made = _in_place_of_call(ctx, derivation, body, actual)
    bars = [
        _ref(ctx, bar, ctx.kind(args[number]).weak)
        for number, bar in zip(positions, made[1:], strict=True)
    ]
    gradient = bars[0] if derivation.single else Tuple(tuple(bars))
    if not derivation.transform.values:
        return gradient
    return Tuple((_ref(ctx, made[0], weak), gradient))


def _without_result(ctx: Lowering, saved: Snapshot) -> Ref:
    """Nothing comes of the call; where it cannot go on, what is around it cannot either."""
    raised = RAISED in ctx.state.frame.names
    ctx.state.restore(saved)
    if raised:
        ctx.state.frame.names[RAISED] = NONE
    return POISON


def _in_place_of_call(
    ctx: Lowering, derivation: Derivation, body: Region, actual: Sequence[Value]
) -> list[Value]:
    """Append the ops of the adjoint; returns the value and the gradients."""
    builder = ctx.builder
    function = Function("inner", body, builder.loc)
    adjoint = derivation.transform.differentiate(function, range(len(actual)), builder.symbols)
    mapping = dict(zip(adjoint.params, actual, strict=True))
    for op in adjoint.ops:
        copied = clone_op(op, mapping)
        builder.append(copied)
        for out in copied.outs:
            builder.symbols.note(out)
    return [mapping.get(result, result) for result in adjoint.results]


def _float_value(ctx: Lowering, ref: Ref, number: int | None) -> Value:
    """A float or float array as a value."""
    what = "the result" if number is None else f"argument {number}"
    if isinstance(ref, Scalar | Array | Constant):
        value = ctx.value(ref)
        if value.type.is_float:
            return value
    raise shapes(
        f"{what} of a function that is differentiated inside another one is "
        f"{ctx.describe(ref)}, not a float or an array of floats"
    )


def _ref(ctx: Lowering, value: Value, weak: bool) -> Ref:
    if value.type.is_scalar:
        return Scalar(value, weak)
    return ctx.state.new_cell(Cell(value.name, value.type), value)

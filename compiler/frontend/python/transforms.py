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
from gradc.frontend.python.derived import (
    OPTIONS,
    Key,
    argument_key,
    is_differentiable,
    value_and_aux,
)
from gradc.frontend.python.hidden import RAISED
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import (
    NONE,
    POISON,
    Array,
    Constant,
    Poison,
    Ref,
    Scalar,
    Tuple,
)
from gradc.frontend.python.sharing import copies
from gradc.frontend.python.state import Snapshot
from gradc.frontend.python.trees import Parts, is_number, made_ref, taken_apart
from gradc.ir.builder import Symbols
from gradc.ir.core import Function, Region, Value
from gradc.ir.walk import clone_op
from gradc.later import Later

# The attribute by which a transformation, or what it returned, says what it is.
TRANSFORM = "__gradc_transform__"


def meaning_of(function: object) -> object:
    """What a transformation, or what it returned, says that it is; None for all others."""
    found = getattr(function, TRANSFORM, None)
    return found.load() if isinstance(found, Later) else found


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
    argnums: tuple[int | str, ...]
    single: bool
    has_aux: bool
    transform: Transform


def apply_transform(
    ctx: Lowering, transform: Transform, args: Sequence[Ref], kwargs: Mapping[str, Ref]
) -> Derivation:
    """Interpret ``grad(function, argnums, has_aux)``."""
    names = ("function", "argnums", "has_aux")
    given = dict(zip(names, args, strict=False))
    given.update({key: ref for key, ref in kwargs.items() if key not in OPTIONS})
    if len(args) > len(names) or not set(given) <= set(names) or "function" not in given:
        raise shapes(
            "inside a compiled function, grad takes a function, argnums, has_aux and options of "
            "compilation"
        )
    argnums = given.get("argnums", Constant(0))
    keys = argnums.items if isinstance(argnums, Tuple) else (argnums,)
    found = [ctx.constant(key, "argnums of grad") for key in keys]
    if not found or any(isinstance(v, bool) or not isinstance(v, int | str) for v in found):
        raise shapes("argnums of an inner grad is a position, a name, or a tuple of them")
    has_aux = bool(ctx.constant(given.get("has_aux", Constant(False)), "has_aux of grad"))
    single = not isinstance(argnums, Tuple)
    return Derivation(given["function"], tuple(found), single, has_aux, transform)


def call_derivation(
    ctx: Lowering,
    call: Call,
    derivation: Derivation,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    """Interpret a call of a derivative."""
    arguments = dict[Key, Ref]([*enumerate(args), *kwargs.items()])
    asked = [argument_key(derivation.function, key, args, kwargs) for key in derivation.argnums]
    keys = list(dict.fromkeys(asked))
    groups = [_chosen(ctx, arguments[key], key) for key in keys]
    leaves = [leaf for group in groups for leaf in group.leaves]
    actual = [ctx.value(leaf) for leaf in leaves]
    weak = [ctx.kind(leaf).weak for leaf in leaves]
    saved = ctx.state.snapshot()
    with ctx.region() as inner:
        params = [inner.value(value.type, value.name) for value in actual]
        refs = [made_ref(ctx, *each) for each in zip(params, weak, strict=True)]
        rest = iter(refs)
        for key, group in zip(keys, groups, strict=True):
            arguments[key] = group.around([next(rest) for _ in group.leaves])
        with copies(ctx, list(zip(leaves, refs, strict=True))):
            positional = [arguments[place] for place in range(len(args))]
            named = {key: arguments[key] for key in kwargs}
            result = call(ctx, derivation.function, positional, named, node)
        if isinstance(result, Poison):
            return _without_result(ctx, saved)
        value, aux = _value_and_aux(ctx, derivation, result)
        extra = [ctx.value(leaf) for leaf in aux.leaves]
        body = Region(tuple(params), tuple(inner.ops), (_one_float(ctx, value), *extra))
    known = ctx.kind(value).weak, *(ctx.kind(leaf).weak for leaf in aux.leaves)
    change = ctx.state.changes_of_objects(saved)
    if change:
        raise RefusedError(
            f"a function that is differentiated inside another one {change} from outside",
            "let it return what it computes, or change a copy",
        )
    ctx.state.restore(saved)
    made = _in_place_of_call(ctx, derivation, body, actual)
    outputs = [made_ref(ctx, *each) for each in zip(made, known, strict=False)]
    bars = iter([made_ref(ctx, *each) for each in zip(made[len(known) :], weak, strict=True)])
    trees = {
        key: group.around([next(bars) for _ in group.leaves], lambda ref: NONE)
        for key, group in zip(keys, groups, strict=True)
    }
    found = tuple(trees[key] for key in asked)
    gradient = found[0] if derivation.single else Tuple(found)
    extras = (aux.around(outputs[1:]),) if derivation.has_aux else ()
    if not derivation.transform.values:
        return Tuple((gradient, *extras)) if extras else gradient
    return Tuple((Tuple((outputs[0], *extras)) if extras else outputs[0], gradient))


def _chosen(ctx: Lowering, ref: Ref, key: Key) -> Parts:
    """The floats in an argument."""
    found = taken_apart(ctx, ref, is_differentiable)
    if found.leaves:
        return found
    raise shapes(
        f"argument {key!r} of a function that is differentiated inside another one is "
        f"{ctx.describe(ref)}, and holds no floats",
        "pass floats, 3.0 rather than 3, or leave the argument out of argnums",
    )


def _value_and_aux(ctx: Lowering, derivation: Derivation, result: Ref) -> tuple[Ref, Parts]:
    """What is differentiated, and the numbers in what comes with it."""
    if not derivation.has_aux:
        return result, taken_apart(ctx, Tuple(()), is_number)
    value, aux = value_and_aux(ctx, result)
    return value, taken_apart(ctx, aux, is_number)


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


def _one_float(ctx: Lowering, ref: Ref) -> Value:
    """The result that is differentiated, as a value."""
    if isinstance(ref, Scalar | Array | Constant):
        value = ctx.value(ref)
        if value.type.is_float and value.type.is_scalar:
            return value
    raise shapes(
        f"a function that is differentiated inside another one returns one float, not "
        f"{ctx.describe(ref)}"
    )

"""Calls of functions that bring their own derivative: ``custom_vjp`` and ``custom_jvp``.

The function and the functions of its rule are each interpreted into a region of its own, and a
single op takes the place of the call::

    @custom_vjp
    def f(x): ...
    f.defvjp(forward, backward)

    y = f(2.0 * x)          t = mul(2.0, x)
                            y, = custom(t, rule=<f, forward, backward>)

The differentiable arguments are the floats among the arguments. Whatever else the functions use,
integers, sizes and variables from around them, follows as further operands of the op.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import RAISED
from gradc.frontend.python.problems import RefusedError, follow_up, shapes
from gradc.frontend.python.refs import NONE, Constant, Dict, List, Poison, Ref, Struct, Tuple
from gradc.frontend.python.regions import Param, closed, interpreted, sizes_from_outside
from gradc.frontend.python.trees import (
    Parts,
    is_computed,
    is_float,
    is_number,
    made_ref,
    taken_apart,
)
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import Dim, Type
from gradc.ir.walk import free_values
from gradc.prims.custom import CUSTOM, CustomRule
from gradc.prims.shape import EXPECT
from gradc.prims.trace import zeros

# The attribute by which a function says that it has its own derivative.
CUSTOM_FUNCTION = "__gradc_custom__"

Call = Callable[..., Ref]


@dataclass(frozen=True, slots=True)
class CustomFunction:
    """A function and the rule for its derivative, as the user gave them.

    Attributes
    ----------
    function : callable
    nondiff : tuple of int
        Positions of arguments that are not differentiated.
    forward, backward, tangent : callable or None
    """

    function: Callable[..., Any]
    nondiff: tuple[int, ...] = ()
    forward: Callable[..., Any] | None = None
    backward: Callable[..., Any] | None = None
    tangent: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        """What the user calls it."""
        return getattr(self.function, "__name__", "the function")


def call_custom(
    ctx: Lowering,
    call: Call,
    custom: CustomFunction,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    """Interpret a call of a function with its own derivative."""
    if custom.backward is None and custom.tangent is None:
        raise RefusedError(
            f"{custom.name} has no rule for its derivative yet",
            f"call {custom.name}.defvjp(forward, backward) or {custom.name}.defjvp(rule)",
        )
    refs = _positional(custom, args, kwargs)
    if any(not -len(refs) <= number < len(refs) for number in custom.nondiff):
        raise shapes(f"nondiff_argnums of {custom.name} asks for more than its arguments")
    nondiff = {number % len(refs) for number in custom.nondiff}
    given = Tuple(tuple(ref for place, ref in enumerate(refs) if place not in nondiff))
    parts = taken_apart(ctx, given, is_float)
    others = Tuple(tuple(ref for place, ref in enumerate(refs) if place in nondiff))
    # what is not differentiated may depend on what is, and then the rule has to be asked
    if not parts.leaves and not taken_apart(ctx, others, is_float).leaves:
        return call(ctx, Constant(custom.function), refs, {}, node)
    actual = [ctx.value(leaf) for leaf in parts.leaves]
    key = ("rule", id(custom.function), *(value.type for value in actual))
    known: _Reading | None = ctx.memo.get(key)
    if known is not None:
        return known.call_inside(actual, parts)
    reading = _Reading(ctx, call, custom, refs, given, nondiff, parts, node)
    ctx.memo[key] = reading
    try:
        return reading.run(actual)
    finally:
        del ctx.memo[key]


def _positional(
    custom: CustomFunction, args: Sequence[Ref], kwargs: Mapping[str, Ref]
) -> tuple[Ref, ...]:
    if not kwargs:
        return tuple(args)
    try:
        bound = inspect.signature(custom.function).bind(*args, **kwargs)
    except (TypeError, ValueError) as error:
        raise shapes(f"{custom.name}(): {error}") from None
    if bound.kwargs:
        raise shapes(f"{custom.name}() takes its arguments by position where it has its own rule")
    return bound.args


@dataclass(slots=True)
class _Reading:
    """The functions of one rule while they are interpreted."""

    ctx: Lowering
    call: Call
    custom: CustomFunction
    refs: tuple[Ref, ...]
    given: Tuple
    nondiff: set[int]
    parts: Parts
    node: ast.AST | None
    rule: CustomRule = field(init=False)
    out: Parts = field(init=False)
    out_values: tuple[Value, ...] = ()
    out_weak: tuple[bool, ...] = ()
    has_out: bool = False

    def __post_init__(self) -> None:
        self.rule = CustomRule(self.custom.name, len(self.parts.leaves))

    # -- the call ---------------------------------------------------------------------------

    def run(self, actual: Sequence[Value]) -> Ref:
        """Interpret all functions, and call."""
        regions = {"primal": self.primal()}
        if self.custom.backward is not None:
            regions["forward"], residuals, values = self.forward()
            regions["backward"] = self.backward(residuals, values)
        if self.custom.tangent is not None:
            regions["tangent"] = self.tangent()
        around: dict[Value, None] = {}
        regions = {name: sizes_from_outside(self.ctx, each) for name, each in regions.items()}
        for region in regions.values():
            around.update(dict.fromkeys(free_values(region)))
        for name, region in regions.items():
            setattr(self.rule, name, self.closed(name, region, list(around)))
        return self.emitted([*actual, *around])

    def call_inside(self, actual: Sequence[Value], parts: Parts) -> Ref:
        """A call of the function in its own rule."""
        if not self.has_out:
            raise RefusedError(f"{self.custom.name} calls itself and has its own derivative")
        if parts.structure != self.parts.structure:
            raise shapes(f"{self.custom.name} is called in its own rule with other arguments")
        return self.emitted(actual)

    def emitted(self, args: Sequence[Value]) -> Ref:
        ctx = self.ctx
        outs = tuple(replace(value, loc=ctx.builder.loc) for value in self.out_values)
        builder = ctx.builder
        params = {"rule": self.rule}
        builder.append(Op(CUSTOM, tuple(args), params, outs, (), builder.loc, builder.role))
        for value in outs:
            builder.symbols.note(value)
        return self.out.around(
            made_ref(ctx, value, weak) for value, weak in zip(outs, self.out_weak, strict=True)
        )

    def closed(self, name: str, region: Region, around: Sequence[Value]) -> Function:
        """A region as a function that takes, last, what it uses from around the call."""
        body, own = closed(region, around)
        body = self.completed(body, own)
        whole = Region((*body.params, *own), body.ops, body.yields)
        return Function(f"{self.custom.name}_{name}", whole, self.ctx.builder.loc)

    def completed(self, region: Region, own: Sequence[Value]) -> Region:
        """Hand on what is around to the calls of the function inside its own rule."""

        def changed(op: Op) -> Op:
            regions = tuple(self.completed(inner, own) for inner in op.regions)
            args = (*op.args, *own) if op.params.get("rule") is self.rule else op.args
            return replace(op, args=args, regions=regions)

        return Region(region.params, tuple(map(changed, region.ops)), region.yields)

    # -- the functions ------------------------------------------------------------------------

    def primal(self) -> Region:
        """``(*args) -> outs``."""

        def run(params: list[Ref]) -> list[Value]:
            result = self.apply(self.custom.function, self.arguments(params))
            self.out = taken_apart(self.ctx, result, is_number)
            self.out_weak = tuple(self.ctx.kind(leaf).weak for leaf in self.out.leaves)
            self.out_values = tuple(self.ctx.value(leaf) for leaf in self.out.leaves)
            self.has_out = True
            return list(self.out_values)

        return self.interpreted(self.types(), run, {})

    def forward(self) -> tuple[Region, Parts, list[Value]]:
        """``(*args) -> (*outs, *residuals)``."""
        found: list[Parts] = []
        values: list[Value] = []
        renamed: dict[str, Dim] = {}

        def run(params: list[Ref]) -> list[Value]:
            function = self.custom.forward
            result = self.apply(function, self.arguments(params))
            out, residuals = self.pair(result, function, "(result, residuals)")
            found.append(taken_apart(self.ctx, residuals, is_computed))
            values.extend(self.ctx.value(leaf) for leaf in found[0].leaves)
            outs, _ = self.like_result(out, function, renamed)
            return [*outs, *values]

        region = self.interpreted(self.types(), run, renamed)
        return region, found[0], list(region.yields[len(self.out_values) :])

    def backward(self, residuals: Parts, values: Sequence[Value]) -> Region:
        """``(*residuals, *out_bars) -> arg_bars``."""
        ctx, function = self.ctx, self.custom.backward
        weak = [ctx.kind(leaf).weak for leaf in residuals.leaves]
        types = [(value.type, value.name, own) for value, own in zip(values, weak, strict=True)]
        types += [
            (value.type, f"{value.name}_bar", own)
            for value, own in zip(self.out_values, self.out_weak, strict=True)
            if value.type.is_float
        ]

        def run(params: list[Ref]) -> list[Value]:
            kept = residuals.around(params[: len(values)])
            bars = iter(params[len(values) :])
            bar = self.out.around(
                (next(bars) if value.type.is_float else NONE for value in self.out_values),
                lambda ref: NONE,
            )
            result = self.apply(function, (*self.others(), kept, bar))
            return self.argument_bars(result, function)

        return self.interpreted(types, run, {})

    def tangent(self) -> Region:
        """``(*args, *arg_dots) -> (*outs, *out_dots)``."""
        types = self.types()
        types += [(type, f"{name}_dot", weak) for type, name, weak in types]
        renamed: dict[str, Dim] = {}

        def run(params: list[Ref]) -> list[Value]:
            function, count = self.custom.tangent, self.rule.count
            primals = self.parts.around(params[:count])
            dots = self.parts.around(params[count:], self.no_change)
            result = self.apply(function, (*self.others(), primals, dots))
            out, out_dot = self.pair(result, function, "(result, tangent)")
            values, _ = self.like_result(out, function, renamed)
            return [*values, *self.result_dots(out_dot, values, function)]

        return self.interpreted(types, run, renamed)

    # -- how they are interpreted ---------------------------------------------------------------

    def interpreted(
        self,
        types: Sequence[Param],
        run: Callable[[list[Ref]], list[Value]],
        renamed: dict[str, Dim],
    ) -> Region:
        """A region of what `run` builds from parameters of some types."""
        title = f"{self.custom.name} has its own derivative, and it or its rule"
        return interpreted(self.ctx, title, types, run, renamed)

    def apply(self, function: Any, args: Sequence[Ref]) -> Ref:
        result = self.call(self.ctx, Constant(function), args, {}, self.node)
        if isinstance(result, Poison) and RAISED not in self.ctx.state.frame.names:
            raise follow_up()  # what is wrong in it has been reported
        return result

    def types(self) -> list[Param]:
        """The types, names and weakness of the differentiable arguments."""
        ctx = self.ctx
        values = [ctx.value(leaf) for leaf in self.parts.leaves]
        weak = [ctx.kind(leaf).weak for leaf in self.parts.leaves]
        return [(value.type, value.name, own) for value, own in zip(values, weak, strict=True)]

    def arguments(self, params: Sequence[Ref]) -> tuple[Ref, ...]:
        """All arguments, with parameters in the place of the differentiable ones."""
        made = self.parts.around(params)
        assert isinstance(made, Tuple)
        rest = iter(made.items)
        return tuple(
            ref if place in self.nondiff else next(rest) for place, ref in enumerate(self.refs)
        )

    def others(self) -> tuple[Ref, ...]:
        """The arguments that are declared not to be differentiated."""
        return tuple(ref for place, ref in enumerate(self.refs) if place in self.nondiff)

    def no_change(self, ref: Ref) -> Ref:
        """The tangent of a part that has none."""
        is_known_float = self.ctx.is_numeric(ref) and self.ctx.kind(ref).dtype.is_float
        return Constant(0.0) if is_known_float else NONE

    def pair(self, result: Ref, function: Any, what: str) -> tuple[Ref, Ref]:
        if isinstance(result, Tuple) and len(result.items) == 2:
            return result.items[0], result.items[1]
        raise shapes(
            f"{_name(function)} returns {self.ctx.describe(result)}, not a pair {what}",
            f"return {what[1:-1]}",
        )

    def like_result(
        self, out: Ref, function: Any, renamed: dict[str, Dim]
    ) -> tuple[list[Value], Parts]:
        """The results that a function of the rule computes, as those of the function itself."""
        ctx = self.ctx
        found = taken_apart(ctx, out, is_number)
        if found.structure != self.out.structure:
            raise shapes(
                f"{_name(function)} returns a result of another structure than {self.custom.name}",
                f"return what {self.custom.name} returns",
            )
        values = []
        for leaf, wanted in zip(found.leaves, self.out_values, strict=True):
            value = ctx.value(leaf, wanted.type.dtype)
            for have, want in zip(value.type.shape, wanted.type.shape, strict=False):
                if isinstance(have, str) and have not in self.known_sizes():
                    renamed.setdefault(have, want)
            shape = tuple(
                renamed.get(dim, dim) if isinstance(dim, str) else dim for dim in value.type.shape
            )
            if shape != wanted.type.shape:
                raise shapes(
                    f"{_name(function)} returns a result of shape {_shown(value.type)} where "
                    f"{self.custom.name} returns {_shown(wanted.type)}"
                )
            values.append(value)
        return values, found

    def known_sizes(self) -> set[str]:
        """The sizes of the arguments, which mean the same in all functions."""
        return {dim for type, _, _ in self.types() for dim in type.shape if isinstance(dim, str)}

    def result_dots(self, out_dot: Ref, values: Sequence[Value], function: Any) -> list[Value]:
        floats = [value for value in values if value.type.is_float]
        found = taken_apart(self.ctx, out_dot, is_number)
        leaves = found.leaves
        if len(leaves) == len(values):
            pairs = zip(leaves, values, strict=True)
            leaves = [leaf for leaf, value in pairs if value.type.is_float]
        if len(leaves) != len(floats):
            raise shapes(
                f"{_name(function)} returns {len(leaves)} tangents for {len(floats)} results"
            )
        what = f"a tangent that {_name(function)} returns"
        return [
            self.fitted(leaf, value.type, what) for leaf, value in zip(leaves, floats, strict=True)
        ]

    def argument_bars(self, result: Ref, function: Any) -> list[Value]:
        arguments = self.given.items
        items = result.items if isinstance(result, Tuple) else (result,)
        if not isinstance(result, Tuple) or len(items) != len(arguments):
            raise shapes(
                f"{_name(function)} returns {self.ctx.describe(result)}, not a tuple with a "
                f"cotangent for each of the {len(arguments)} arguments",
                "return a tuple, with None for an argument that has no cotangent",
            )
        made: list[Value] = []
        for argument, bar in zip(arguments, items, strict=True):
            made += self.bars_of(argument, bar, function)
        return made

    def bars_of(self, argument: Ref, bar: Ref, function: Any) -> list[Value]:
        """The cotangents of the floats of one argument."""
        ctx = self.ctx
        inner = _children(ctx, argument)
        if inner is None:
            if not is_float(ctx, argument):
                return []
            type = ctx.value(argument).type
            if bar is NONE:
                return [zeros(ctx.builder, type)]
            return [self.fitted(bar, type, f"a cotangent that {_name(function)} returns")]
        bars: Sequence[Ref] | None = [NONE] * len(inner) if bar is NONE else _children(ctx, bar)
        if bars is None or len(bars) != len(inner):
            raise shapes(
                f"{_name(function)} returns a cotangent of another structure than its argument",
                "return one of the argument's structure, or None for none",
            )
        return [
            value
            for part, own in zip(inner, bars, strict=True)
            for value in self.bars_of(part, own, function)
        ]

    def fitted(self, ref: Ref, type: Type, what: str) -> Value:
        """A derivative as a value of the type of what it is the derivative of."""
        ctx = self.ctx
        if not ctx.is_numeric(ref):
            raise shapes(f"{what} is {ctx.describe(ref)}, not a number or an array")
        value = ctx.value(ref, type.dtype)
        if value.type.rank != type.rank:
            raise shapes(f"{what} has shape {_shown(value.type)}, not {_shown(type)}")
        if value.type.shape == type.shape:
            return value
        sizes = [ctx.size(dim) for dim in type.shape]
        message = f"{what} has another shape than what it belongs to"
        return ctx.emit(EXPECT, (value, *sizes), {"what": message}, value.name)


def _children(ctx: Lowering, ref: Ref) -> Sequence[Ref] | None:
    """The parts of a container; None for what is none."""
    match ref:
        case Tuple(items=items):
            return items
        case List():
            return ctx.state.items(ref)
        case Struct(fields=fields):
            return tuple(fields.values())
        case Dict(items=entries):
            return tuple(entries.values())
    return None


def _name(function: Any) -> str:
    return getattr(function, "__name__", "the rule")


def _shown(type: Type) -> str:
    return f"({', '.join(map(str, type.shape))}{',' if type.rank == 1 else ''})"

"""Python's own functions."""

from __future__ import annotations

import ast
import dataclasses
import functools
import types
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from gradc.frontend.python import arithmetic, sequences
from gradc.frontend.python.branches import lazily
from gradc.frontend.python.comprehensions import Generated, folded
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.environment import callee_of
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import integer_constant, is_none
from gradc.frontend.python.functions.elementwise import extremum, magnitude, rounded
from gradc.frontend.python.functions.reductions import max_, min_, sum_
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import (
    NONE,
    Array,
    Callee,
    Checkpointed,
    Constant,
    Dict,
    Iteration,
    List,
    Partial,
    Poison,
    Range,
    Ref,
    Scalar,
    Slice,
    Struct,
    Tuple,
)
from gradc.frontend.python.structs import replaced
from gradc.ir.core import Value
from gradc.ir.types import DType
from gradc.prims.elementary import RINT, TRUNC

REGISTRY = Registry()

ZERO, ONE, EMPTY = Constant(0), Constant(1), Tuple(())


@REGISTRY.function(abs)
def abs_(ctx: Lowering, x: Ref) -> Ref:
    """``abs``."""
    return magnitude(ctx, x)


def _extremum(ctx: Lowering, args: Sequence[Ref], larger: bool) -> Ref:
    name = "max" if larger else "min"
    if len(args) == 1 and isinstance(args[0], Array):
        if args[0].type.rank != 1:
            raise shapes(f"{name}() of a matrix", f"use np.{name}(...)")
        return (max_ if larger else min_)(ctx, args[0])
    if len(args) == 1 and isinstance(args[0], Generated):
        return _extremum_of_recipe(ctx, args[0], name)
    items = args if len(args) > 1 else sequences.elements(ctx, args[0], f"{name}()")
    if not items:
        raise shapes(f"{name}() of nothing")
    if any(ctx.shape(item) for item in items):
        raise shapes(f"{name}() of whole arrays", f"use np.{name}imum(...)")
    best = items[0]
    for item in items[1:]:
        if isinstance(best, Constant) and isinstance(item, Constant):
            best = arithmetic.fold(max if larger else min, best.value, item.value)
        else:
            best = extremum(ctx, (best, item), larger)
    return best


def _extremum_of_recipe(ctx: Lowering, recipe: Generated, name: str) -> Ref:
    """The largest or smallest element of a generator, which must not be empty."""
    made = common.generated_array(ctx, recipe)
    return _extremum(ctx, (made,), larger=name == "max")


@REGISTRY.function(max)
def maximum(ctx: Lowering, *args: Ref) -> Ref:
    """``max`` of numbers, or of the items of a sequence."""
    return _extremum(ctx, args, larger=True)


@REGISTRY.function(min)
def minimum(ctx: Lowering, *args: Ref) -> Ref:
    """``min`` of numbers, or of the items of a sequence."""
    return _extremum(ctx, args, larger=False)


@REGISTRY.function(sum)
def sum_of_items(ctx: Lowering, iterable: Ref, start: Ref = ZERO) -> Ref:
    """``sum`` of the items of a sequence or an array."""
    if isinstance(iterable, Array) and sequences.static_items(ctx, iterable) is None:
        if iterable.type.rank == 0:
            raise shapes("a number cannot be summed over")
        total = sum_(ctx, iterable, Constant(0))
        if isinstance(start, Constant) and start.value == 0:
            return total
        return arithmetic.binary(ctx, ast.Add, start, total, "sum()")
    if isinstance(iterable, Generated):
        return folded(ctx, iterable, start, lambda total, item: ast.BinOp(total, ast.Add(), item))
    total = start
    for item in sequences.elements(ctx, iterable, "sum()"):
        total = arithmetic.binary(ctx, ast.Add, total, item, "sum()")
    return total


@REGISTRY.function(pow)
def power(ctx: Lowering, base: Ref, exp: Ref) -> Ref:
    """``pow`` with two arguments."""
    return arithmetic.binary(ctx, ast.Pow, base, exp, "pow()")


@REGISTRY.function(divmod)
def divmod_(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``divmod``."""
    quotient = arithmetic.binary(ctx, ast.FloorDiv, a, b, "divmod()")
    return Tuple((quotient, arithmetic.binary(ctx, ast.Mod, a, b, "divmod()")))


@REGISTRY.function(round)
def round_(ctx: Lowering, number: Ref, ndigits: Ref = NONE) -> Ref:
    """``round``: an integer, or with `ndigits` a number of the same kind."""
    if isinstance(number, Constant) and isinstance(ndigits, Constant):
        return arithmetic.fold(round, number.value, ndigits.value)
    if ctx.shape(number):
        raise shapes("round() of an array", "use np.round(...)")
    if not is_none(ndigits):
        return rounded(ctx, number, integer_constant(ctx, ndigits, "ndigits"))
    if not ctx.kind(number).dtype.is_float:
        return Scalar(ctx.value(number, DType.INT), weak=True)
    whole = ctx.emit(RINT, (ctx.value(number),))
    return Scalar(ctx.cast(whole, DType.INT), weak=True)


@REGISTRY.function("checkpoint")
def checkpoint(ctx: Lowering, items: Ref) -> Ref:
    """``gradc.checkpoint``: what a loop with checkpoints runs over, or a function of such loops."""
    match items:
        case Callee():
            return replace(items, checkpoint=True)
        case Partial(callee=callee):
            return replace(items, callee=checkpoint(ctx, callee))
        case Constant(value=types.FunctionType() | types.MethodType() | functools.partial() as f):
            found = callee_of(ctx, f)
            return items if found is None else checkpoint(ctx, found)
        case Range() | Iteration() | Array() | List() | Tuple() | Dict() | Poison():
            return Checkpointed(items)
    return items


@REGISTRY.function(dataclasses.replace)
def replace_fields(ctx: Lowering, obj: Ref, /, **changes: Ref) -> Ref:
    """``dataclasses.replace``."""
    if not isinstance(obj, Struct) or obj.is_tuple:
        raise shapes(f"dataclasses.replace() of {ctx.describe(obj)}")
    return replaced(obj, changes)


@REGISTRY.function(len)
def length(ctx: Lowering, obj: Ref) -> Ref:
    """``len``."""
    return sequences.length(ctx, obj)


def _number(ctx: Lowering, x: Ref, convert: Callable[..., object]) -> Ref:
    if ctx.shape(x):
        raise shapes(f"{convert.__name__}() of an array", "use x.astype(...)")
    if isinstance(x, Constant):
        return arithmetic.fold(convert, x.value)
    ctx.kind(x)
    return x


@REGISTRY.function(float)
def float_(ctx: Lowering, x: Ref = ZERO) -> Ref:
    """``float``: the same number as a Python float."""
    x = _number(ctx, x, float)
    return x if isinstance(x, Constant) else Scalar(ctx.value(x, DType.F64), weak=True)


@REGISTRY.function(int)
def int_(ctx: Lowering, x: Ref = ZERO) -> Ref:
    """``int``: rounded towards zero; the result is a constant for differentiation."""
    x = _number(ctx, x, int)
    if isinstance(x, Constant):
        return x
    value = ctx.value(x)
    if value.type.is_float:
        value = ctx.emit(TRUNC, (value,))
    return Scalar(ctx.cast(value, DType.INT), weak=True)


@REGISTRY.function(bool)
def bool_(ctx: Lowering, x: Ref = ZERO) -> Ref:
    """``bool``."""
    return ctx.boolean(ctx.truth(x))


# -- iteration ----------------------------------------------------------------------------------


@REGISTRY.function(range)
def range_(ctx: Lowering, *args: Ref) -> Ref:
    """``range``."""
    if not 1 <= len(args) <= 3:
        raise shapes("range() takes one to three integers")
    for bound in args:
        ctx.integer(bound, "a bound of range")
    if len(args) == 1:
        return Range(ZERO, args[0], ONE)
    return Range(args[0], args[1], args[2] if len(args) == 3 else ONE)


@REGISTRY.function(enumerate)
def enumerate_(ctx: Lowering, iterable: Ref, start: Ref = ZERO) -> Ref:
    """``enumerate``."""
    return Iteration("enumerate", (iterable, start))


@REGISTRY.function(zip)
def zip_(ctx: Lowering, *iterables: Ref, strict: Ref = NONE) -> Ref:
    """``zip``; lengths that `strict` asks to be equal are compared before the first round."""
    if not is_none(strict) and ctx.constant(strict, "strict"):
        counts = [_rounds(ctx, part) for part in iterables]
        for number, count in enumerate(counts[1:], 2):
            same = ctx.truth(arithmetic.compare(ctx, ast.Eq, counts[0], count, "zip"))
            if same is not True:
                test = same if isinstance(same, Value) else ctx.builder.const(same)
                ctx.check(test, "ValueError", f"zip() argument {number} has another length")
    return Iteration("zip", iterables)


def _rounds(ctx: Lowering, iterable: Ref) -> Ref:
    items = sequences.static_items(ctx, iterable)
    if items is not None:
        return Constant(len(items))
    return Scalar(sequences.positions(ctx, iterable)[0], weak=True)


@REGISTRY.function(reversed)
def reversed_(ctx: Lowering, sequence: Ref) -> Ref:
    """``reversed``."""
    return Iteration("reversed", (sequence,))


@REGISTRY.function(map)
def map_(ctx: Lowering, function: Ref, *iterables: Ref) -> Ref:
    """``map`` over sequences of known length."""
    columns = [sequences.elements(ctx, iterable, "map()") for iterable in iterables]
    results = [ctx.call(function, row, {}, None) for row in zip(*columns, strict=False)]
    return Tuple(tuple(results))


@REGISTRY.function(functools.reduce)
def reduce_(ctx: Lowering, function: Ref, iterable: Ref, initial: Ref = NONE) -> Ref:
    """``functools.reduce`` over a sequence of known length."""
    items = list(sequences.elements(ctx, iterable, "reduce()"))
    total = items.pop(0) if is_none(initial) and items else initial
    for item in items:
        total = ctx.call(function, (total, item), {}, None)
    return total


@REGISTRY.function(functools.partial)
def partial(ctx: Lowering, function: Ref, *args: Ref, **kwargs: Ref) -> Ref:
    """``functools.partial``."""
    return Partial(function, args, kwargs)


@REGISTRY.function(tuple)
def tuple_(ctx: Lowering, iterable: Ref = EMPTY) -> Ref:
    """``tuple``."""
    return Tuple(tuple(sequences.elements(ctx, iterable, "tuple()")))


@REGISTRY.function(list)
def list_(ctx: Lowering, iterable: Ref = EMPTY) -> Ref:
    """``list``."""
    made = List()
    ctx.state.lists[made] = tuple(sequences.elements(ctx, iterable, "list()"))
    return made


@REGISTRY.function(dict)
def dict_(ctx: Lowering, **entries: Ref) -> Ref:
    """``dict`` of keywords."""
    return Dict(dict(entries))


@REGISTRY.function(slice)
def slice_(ctx: Lowering, *args: Ref) -> Ref:
    """``slice``."""
    parts = [NONE if is_none(part) else part for part in args]
    if len(parts) == 1:
        return Slice(NONE, parts[0], NONE)
    return Slice(parts[0], parts[1], parts[2] if len(parts) > 2 else NONE)


def _as_truth(item: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), item))


def _conditions(ctx: Lowering, iterable: Ref, is_and: bool) -> Ref:
    if isinstance(iterable, Generated):
        start = Scalar(ctx.builder.const(is_and), weak=True)
        return folded(
            ctx, iterable, start, lambda total, item: _as_truth(item), stop_when=not is_and
        )
    found: Value | bool = is_and
    for item in sequences.elements(ctx, iterable, "all()" if is_and else "any()"):
        truth = ctx.truth(item)
        if isinstance(found, bool):
            found = truth if found is is_and else found
        else:
            found = lazily(ctx, is_and, found, lambda truth=truth: truth)  # type: ignore[misc]
    return ctx.boolean(found)


@REGISTRY.function(all)
def all_(ctx: Lowering, iterable: Ref) -> Ref:
    """``all`` of the items of a sequence of known length."""
    return _conditions(ctx, iterable, is_and=True)


@REGISTRY.function(any)
def any_(ctx: Lowering, iterable: Ref) -> Ref:
    """``any`` of the items of a sequence of known length."""
    return _conditions(ctx, iterable, is_and=False)


@REGISTRY.function(isinstance)
def isinstance_(ctx: Lowering, obj: Ref, classinfo: Ref) -> Ref:
    """``isinstance``, decided at compile time."""
    wanted = ctx.constant(classinfo, "the class")
    example: object
    match obj:
        case Constant(value=value):
            example = value
        case Array():
            example = np.zeros((0,) * obj.type.rank, obj.type.dtype.numpy)
        case Scalar(value=value, weak=weak):
            zero = value.type.dtype.numpy.type(0)
            example = zero.item() if weak else zero
        case Struct(cls=cls):
            return Constant(issubclass(cls, wanted))
        case Tuple():
            example = ()
        case List():
            example = []
        case Dict():
            example = {}
        case _:
            example = len
    return arithmetic.fold(isinstance, example, wanted)


@REGISTRY.function(print)
def print_(ctx: Lowering, *args: Ref) -> Ref:
    """``print`` cannot be compiled."""
    raise RefusedError("print() is not supported in a differentiated function", "remove it")


def shape_tuple(ctx: Lowering, ref: Ref) -> Ref:
    """The shape of an operand as a tuple of integers."""
    return Tuple(tuple(ctx.dim(dim) for dim in ctx.shape(common.as_operand(ctx, ref))))

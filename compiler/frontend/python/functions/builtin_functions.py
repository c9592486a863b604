"""Python's own functions."""

from __future__ import annotations

import ast
import dataclasses
import functools
import types
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from gradc.frontend.python import arithmetic, sequences
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.environment import callee_of
from gradc.frontend.python.expressions import attribute_of
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import integer_constant, is_none
from gradc.frontend.python.functions.elementwise import magnitude, rounded
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
    is_listed,
)
from gradc.frontend.python.structs import replaced
from gradc.ir.types import DType
from gradc.prims.elementary import RINT, TRUNC

REGISTRY = Registry()

ZERO, ONE, EMPTY = Constant(0), Constant(1), Tuple(())


@REGISTRY.function(abs)
def abs_(ctx: Lowering, x: Ref) -> Ref:
    """``abs``."""
    return magnitude(ctx, x)


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


@REGISTRY.function(getattr)
def getattr_(ctx: Lowering, obj: Ref, name: Ref) -> Ref:
    """``getattr`` with a name that is known at compile time."""
    return attribute_of(ctx, obj, str(ctx.constant(name, "the name of an attribute")))


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
        case _ if is_listed(obj):
            example = []
        case Slice():
            example = slice(None)
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

"""NumPy's functions of one element at a time that have a meaning for integers, or several parts.

Those of real numbers that give a float are in :mod:`gradc.frontend.python.functions.named`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import as_operand, integer_constant, is_none
from gradc.frontend.python.functions.named import apply_named
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.promote import as_float, as_number, promote
from gradc.frontend.python.refs import NONE, Constant, Dict, List, Ref, Scalar, Struct, Tuple
from gradc.frontend.python.trees import is_float, taken_apart
from gradc.ir.core import Primitive
from gradc.ir.types import DType
from gradc.prims import elementary as el
from gradc.prims import special
from gradc.prims.arithmetic import MUL, NEG
from gradc.prims.compare import LAND, LNOT, LOR, LT, NE, SELECT
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.shape import STOP_GRADIENT

REGISTRY = Registry()

ZERO = Constant(0)

#: Functions that leave integers as they are.
ROUNDING: dict[Any, Primitive] = {
    np.floor: el.FLOOR,
    np.ceil: el.CEIL,
    np.trunc: el.TRUNC,
    np.fix: el.TRUNC,
    np.rint: el.RINT,
}
TESTS: dict[Any, Primitive] = {np.isnan: el.ISNAN, np.isinf: el.ISINF, np.isfinite: el.ISFINITE}
INTRINSICS = {"sigmoid": el.SIGMOID, "relu": el.RELU, "erf": special.ERF, "erfc": special.ERFC}
OPERATORS: dict[Any, type[ast.operator]] = {
    np.add: ast.Add,
    np.subtract: ast.Sub,
    np.multiply: ast.Mult,
    np.divide: ast.Div,
    np.floor_divide: ast.FloorDiv,
    np.mod: ast.Mod,
    np.power: ast.Pow,
    np.bitwise_xor: ast.BitXor,
    np.bitwise_or: ast.BitOr,
    np.bitwise_and: ast.BitAnd,
    np.left_shift: ast.LShift,
    np.right_shift: ast.RShift,
}
COMPARISONS: dict[Any, type[ast.cmpop]] = {
    np.less: ast.Lt,
    np.less_equal: ast.LtE,
    np.greater: ast.Gt,
    np.greater_equal: ast.GtE,
    np.equal: ast.Eq,
    np.not_equal: ast.NotEq,
}


def apply_real(ctx: Lowering, prim: Primitive, x: Ref) -> Ref:
    """Apply a function of a real number; the result is a NumPy float."""
    x = as_operand(ctx, x)
    kind = as_float(ctx.kind(x))
    return ctx.result(ctx.emit(prim, (ctx.value(x, kind.dtype),)))


def _real(prim: Primitive) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        return apply_real(ctx, prim, x)

    return handler


def _rounding(prim: Primitive, function: Any) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        if isinstance(x, Constant) and ctx.is_numeric(x):
            return arithmetic.fold(function, x.value)
        x = as_operand(ctx, x)
        if not ctx.kind(x).dtype.is_float:
            return x
        return apply_real(ctx, prim, x)

    return handler


def _test(prim: Primitive, function: Any) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        if isinstance(x, Constant):
            return arithmetic.fold(function, x.value)
        return apply_real(ctx, prim, x)

    return handler


def strong(ctx: Lowering, ref: Ref) -> Ref:
    """A Python number as the NumPy scalar that a NumPy function returns."""
    if isinstance(ref, Scalar):
        return Scalar(ref.value)
    if isinstance(ref, Constant) and isinstance(ref.value, bool | int | float):
        return Constant(np.asarray(ref.value)[()])
    return ref


def _operator(op: type[ast.operator], function: Any) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
        refs = as_operand(ctx, x1), as_operand(ctx, x2)
        return strong(ctx, arithmetic.binary(ctx, op, *refs, f"np.{function.__name__}"))

    return handler


def _comparison(op: type[ast.cmpop], function: Any) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
        refs = as_operand(ctx, x1), as_operand(ctx, x2)
        return strong(ctx, arithmetic.compare(ctx, op, *refs, f"np.{function.__name__}"))

    return handler


_function: Any
for _name, _prim in INTRINSICS.items():
    REGISTRY.function(_name)(_real(_prim))
for _function, _prim in ROUNDING.items():
    REGISTRY.function(_function)(_rounding(_prim, _function))
for _function, _prim in TESTS.items():
    REGISTRY.function(_function)(_test(_prim, _function))
for _function, _op in OPERATORS.items():
    REGISTRY.function(_function)(_operator(_op, _function))
for _function, _compare in COMPARISONS.items():
    REGISTRY.function(_function)(_comparison(_compare, _function))


@REGISTRY.function(np.negative)
def negative(ctx: Lowering, x: Ref) -> Ref:
    """``np.negative``."""
    return strong(ctx, arithmetic.negate(ctx, as_operand(ctx, x)))


@REGISTRY.function(np.positive)
def positive(ctx: Lowering, x: Ref) -> Ref:
    """``np.positive``."""
    return strong(ctx, as_operand(ctx, x))


@REGISTRY.function(np.absolute)
def absolute(ctx: Lowering, x: Ref) -> Ref:
    """``np.abs``."""
    return strong(ctx, magnitude(ctx, as_operand(ctx, x)))


def magnitude(ctx: Lowering, x: Ref) -> Ref:
    """The absolute value, of the kind that the operand has."""
    if isinstance(x, Constant):
        return arithmetic.fold(abs, x.value)
    kind = as_number(ctx.kind(x))
    value = ctx.value(x, kind.dtype)
    if kind.dtype.is_float:
        return ctx.result(ctx.emit(el.ABS, (value,)), kind.weak)
    zero = arithmetic.broadcast_to(ctx, ctx.builder.const(0), value.type.shape, "")
    negative_value = ctx.emit(NEG, (value,))
    below = ctx.emit(LT, (value, zero))
    return ctx.result(ctx.emit(SELECT, (below, negative_value, value), None, "abs"), kind.weak)


@REGISTRY.function(np.sign)
def sign(ctx: Lowering, x: Ref) -> Ref:
    """``np.sign``."""
    x = as_operand(ctx, x)
    kind = as_number(ctx.kind(x))
    return ctx.result(ctx.emit(el.SIGN, (ctx.value(x, kind.dtype),)))


@REGISTRY.function(np.square)
def square(ctx: Lowering, x: Ref) -> Ref:
    """``np.square``."""
    return strong(ctx, arithmetic.power(ctx, as_operand(ctx, x), Constant(2)))


@REGISTRY.function(np.reciprocal)
def reciprocal(ctx: Lowering, x: Ref) -> Ref:
    """``np.reciprocal`` of floats."""
    x = as_operand(ctx, x)
    if not ctx.kind(x).dtype.is_float:
        raise shapes("np.reciprocal of integers is an integer division", "write 1.0 / x")
    return strong(ctx, arithmetic.binary(ctx, ast.Div, Constant(1.0), x, "np.reciprocal"))


@REGISTRY.function(np.fmod)
def fmod(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.fmod``: the remainder with the sign of `x1`; of integers it is an integer."""
    refs = [as_operand(ctx, x1), as_operand(ctx, x2)]
    if promote(ctx.kind(ref) for ref in refs).dtype.is_float:
        return apply_named(ctx, el.FMOD, refs, "np.fmod")
    number, divisor = (magnitude(ctx, ref) for ref in refs)
    rest = arithmetic.binary(ctx, ast.Mod, number, divisor, "np.fmod")
    below = arithmetic.compare(ctx, ast.Lt, refs[0], ZERO, "np.fmod")
    return strong(ctx, where(ctx, below, arithmetic.negate(ctx, rest), rest))


@REGISTRY.function(np.ldexp)
def ldexp(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.ldexp``: linear in `x1`; the exponent is an integer and constant."""
    refs = [as_operand(ctx, x1), as_operand(ctx, x2)]
    if ctx.kind(refs[1]).dtype.is_float:
        raise shapes("the exponent of ldexp is an integer", "write x * 2.0**y")
    dtype = as_float(ctx.kind(refs[0])).dtype
    number, exponent = arithmetic.together(ctx, refs, dtype, "operands of ldexp")
    return ctx.result(ctx.emit(MUL, (number, ctx.emit(el.EXP2, (exponent,)))))


def _scaled(factor: float) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        x = as_operand(ctx, x)
        kind = as_float(ctx.kind(x))
        value = ctx.value(x, kind.dtype)
        constant = ctx.builder.const(factor, kind.dtype)
        wide = arithmetic.broadcast_to(ctx, constant, value.type.shape, "")
        return ctx.result(ctx.emit(MUL, (value, wide)))

    return handler


REGISTRY.function(np.deg2rad, np.radians)(_scaled(math.pi / 180.0))
REGISTRY.function(np.rad2deg, np.degrees)(_scaled(180.0 / math.pi))


@REGISTRY.function(np.maximum)
def maximum(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.maximum``."""
    return strong(ctx, extremum(ctx, (as_operand(ctx, x1), as_operand(ctx, x2)), larger=True))


@REGISTRY.function(np.minimum)
def minimum(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.minimum``."""
    return strong(ctx, extremum(ctx, (as_operand(ctx, x1), as_operand(ctx, x2)), larger=False))


def extremum(ctx: Lowering, refs: tuple[Ref, Ref], larger: bool) -> Ref:
    """The larger or smaller of two; ties share the derivative equally."""
    name = "maximum" if larger else "minimum"
    kind = promote(ctx.kind(ref) for ref in refs)
    values = arithmetic.together(ctx, refs, kind.dtype, f"operands of np.{name}")
    if kind.dtype is DType.BOOL:
        return ctx.result(ctx.emit(LOR if larger else LAND, values), kind.weak)
    if kind.dtype is DType.INT:
        return ctx.result(ctx.emit(IMAX if larger else IMIN, values), kind.weak)
    return ctx.result(ctx.emit(el.MAXIMUM if larger else el.MINIMUM, values), kind.weak)


@REGISTRY.function(np.clip)
@REGISTRY.method("clip")
def clip(
    ctx: Lowering,
    a: Ref,
    a_min: Ref = NONE,
    a_max: Ref = NONE,
    *,
    min: Ref = NONE,
    max: Ref = NONE,
) -> Ref:
    """``np.clip``; a bound of None is no bound. NumPy 2.1 calls the bounds ``min`` and ``max``."""
    x = as_operand(ctx, a)
    if not (is_none(min) or is_none(a_min)) or not (is_none(max) or is_none(a_max)):
        raise shapes("np.clip is given a bound twice", "give a_min and a_max, or min and max")
    a_min, a_max = (a_min if is_none(min) else min), (a_max if is_none(max) else max)
    if is_none(a_min) and is_none(a_max):
        return x
    if is_none(a_min):
        return minimum(ctx, x, a_max)
    if is_none(a_max):
        return maximum(ctx, x, a_min)
    refs = [x, as_operand(ctx, a_min), as_operand(ctx, a_max)]
    kind = promote(ctx.kind(ref) for ref in refs)
    if not kind.dtype.is_float:
        return minimum(ctx, maximum(ctx, x, a_min), a_max)
    values = arithmetic.together(ctx, refs, kind.dtype, "operands of np.clip")
    return ctx.result(ctx.emit(el.CLIP, values))


@REGISTRY.function(np.where)
def where(ctx: Lowering, condition: Ref, x: Ref = NONE, y: Ref = NONE) -> Ref:
    """``np.where``."""
    if is_none(x) or is_none(y):
        return ctx.call(Constant(np.nonzero), (condition,), {}, None)
    refs = [as_operand(ctx, ref) for ref in (x, y)]
    kind = promote(ctx.kind(ref) for ref in refs)
    test = truth_values(ctx, as_operand(ctx, condition))
    dtypes = (DType.BOOL, kind.dtype, kind.dtype)
    values = arithmetic.together(ctx, [test, *refs], dtypes, "operands of np.where")
    return ctx.result(ctx.emit(SELECT, values, None, "where"))


def truth_values(ctx: Lowering, ref: Ref) -> Ref:
    """Elements as booleans: what is not zero is true."""
    kind = ctx.kind(ref)
    if kind.dtype is DType.BOOL:
        return ref
    if isinstance(ref, Constant):
        return Constant(bool(ref.value))
    value = ctx.value(ref)
    zero = ctx.builder.const(0, kind.dtype)
    wide = arithmetic.broadcast_to(ctx, zero, value.type.shape, "")
    return ctx.result(ctx.emit(NE, (value, wide)), kind.weak)


@REGISTRY.function(np.invert)
def invert(ctx: Lowering, x: Ref) -> Ref:
    """``np.invert``."""
    return strong(ctx, arithmetic.invert(ctx, strong(ctx, as_operand(ctx, x))))


@REGISTRY.function(np.logical_not)
def logical_not(ctx: Lowering, x: Ref) -> Ref:
    """``np.logical_not``."""
    value = ctx.value(truth_values(ctx, as_operand(ctx, x)))
    return ctx.result(ctx.emit(LNOT, (value,)))


def _logical(prim: Primitive, name: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
        refs = [truth_values(ctx, as_operand(ctx, ref)) for ref in (x1, x2)]
        values = arithmetic.together(ctx, refs, DType.BOOL, f"operands of np.{name}")
        return ctx.result(ctx.emit(prim, values))

    return handler


REGISTRY.function(np.logical_and)(_logical(LAND, "logical_and"))
REGISTRY.function(np.logical_or)(_logical(LOR, "logical_or"))
REGISTRY.function(np.logical_xor)(_logical(NE, "logical_xor"))


@REGISTRY.function(np.round, np.around)
@REGISTRY.method("round")
def round_(ctx: Lowering, a: Ref, decimals: Ref = ZERO) -> Ref:
    """``np.round``."""
    return strong(
        ctx, rounded(ctx, as_operand(ctx, a), integer_constant(ctx, decimals, "decimals"))
    )


def rounded(ctx: Lowering, x: Ref, decimals: int) -> Ref:
    """Round to a number of decimals, halves to the even neighbour."""
    kind = as_number(ctx.kind(x))
    if not kind.dtype.is_float:
        return x
    if decimals == 0:
        return ctx.result(ctx.emit(el.RINT, (ctx.value(x),)), kind.weak)
    scale = Constant(10.0 ** abs(decimals))
    up, down = (ast.Mult, ast.Div) if decimals > 0 else (ast.Div, ast.Mult)
    shifted = arithmetic.binary(ctx, up, x, scale, "round")
    whole = ctx.result(ctx.emit(el.RINT, (ctx.value(shifted),)), kind.weak)
    return arithmetic.binary(ctx, down, whole, scale, "round")


@REGISTRY.function("stop_gradient")
def stop_gradient(ctx: Lowering, x: Ref) -> Ref:
    """``gradc.stop_gradient``: the same value or container of values, and no derivative."""
    if isinstance(x, Tuple | List | Dict | Struct):
        parts = taken_apart(ctx, x, is_float)
        return parts.around([stop_gradient(ctx, leaf) for leaf in parts.leaves])
    if isinstance(x, Constant):
        return x
    return ctx.result(ctx.emit(STOP_GRADIENT, (ctx.value(x),)), ctx.kind(x).weak)

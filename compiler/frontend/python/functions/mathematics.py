"""The functions of Python's ``math``: of one number, with a Python number as result."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.refs import NONE, Constant, Ref, Scalar
from gradc.ir.core import Primitive
from gradc.ir.types import DType
from gradc.prims import elementary as el
from gradc.prims.arithmetic import LOG, MUL, POW, SQRT

REGISTRY = Registry()

REAL = {
    math.exp: el.EXP,
    math.expm1: el.EXPM1,
    math.log1p: el.LOG1P,
    math.log2: el.LOG2,
    math.log10: el.LOG10,
    math.sqrt: SQRT,
    math.cbrt: el.CBRT,
    math.sin: el.SIN,
    math.cos: el.COS,
    math.tan: el.TAN,
    math.asin: el.ASIN,
    math.acos: el.ACOS,
    math.atan: el.ATAN,
    math.sinh: el.SINH,
    math.cosh: el.COSH,
    math.tanh: el.TANH,
    math.asinh: el.ASINH,
    math.acosh: el.ACOSH,
    math.atanh: el.ATANH,
    math.fabs: el.ABS,
    math.erf: el.ERF,
    math.erfc: el.ERFC,
}
ROUNDING = {math.floor: el.FLOOR, math.ceil: el.CEIL, math.trunc: el.TRUNC}
TESTS = {math.isnan: el.ISNAN, math.isinf: el.ISINF, math.isfinite: el.ISFINITE}


def real(ctx: Lowering, x: Ref, title: str) -> Ref:
    """A number as a Python float."""
    if ctx.shape(x):
        raise shapes(f"math.{title} takes one number, not {ctx.describe(x)}", f"use np.{title}")
    return Scalar(ctx.value(x, DType.F64), weak=True)


def _apply(ctx: Lowering, prim: Primitive, refs: list[Ref], title: str) -> Ref:
    values = [ctx.value(real(ctx, ref, title)) for ref in refs]
    return Scalar(ctx.emit(prim, values), weak=True)


def _real(prim: Primitive, function: Any) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        if isinstance(x, Constant) and ctx.is_numeric(x):
            return arithmetic.fold(function, x.value)
        return _apply(ctx, prim, [x], function.__name__)

    return handler


def _rounding(prim: Primitive, function: Any) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        if isinstance(x, Constant) and ctx.is_numeric(x):
            return arithmetic.fold(function, x.value)
        if not ctx.kind(x).dtype.is_float:
            return Scalar(ctx.value(x, DType.INT), weak=True)
        whole = _apply(ctx, prim, [x], function.__name__)
        return Scalar(ctx.cast(ctx.value(whole), DType.INT), weak=True)

    return handler


def _test(prim: Primitive, function: Any) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        if isinstance(x, Constant):
            return arithmetic.fold(function, x.value)
        return _apply(ctx, prim, [x], function.__name__)

    return handler


for _function, _prim in REAL.items():
    REGISTRY.function(_function)(_real(_prim, _function))
for _rounds, _prim in ROUNDING.items():
    REGISTRY.function(_rounds)(_rounding(_prim, _rounds))
for _tests, _prim in TESTS.items():
    REGISTRY.function(_tests)(_test(_prim, _tests))


@REGISTRY.function(math.log)
def log(ctx: Lowering, x: Ref, base: Ref = NONE) -> Ref:
    """``math.log`` with an optional base."""
    top = _log(ctx, x)
    if is_none(base):
        return top
    return arithmetic.binary(ctx, ast.Div, top, _log(ctx, base), "math.log")


def _log(ctx: Lowering, x: Ref) -> Ref:
    if isinstance(x, Constant) and ctx.is_numeric(x):
        return arithmetic.fold(math.log, x.value)
    return _apply(ctx, LOG, [x], "log")


@REGISTRY.function(math.pow)
def power(ctx: Lowering, x: Ref, y: Ref) -> Ref:
    """``math.pow``."""
    if isinstance(x, Constant) and isinstance(y, Constant):
        return arithmetic.fold(math.pow, x.value, y.value)
    if isinstance(y, Constant):
        return arithmetic.power(ctx, real(ctx, x, "pow"), Constant(float(y.value)))
    return _apply(ctx, POW, [x, y], "pow")


@REGISTRY.function(math.atan2)
def atan2(ctx: Lowering, y: Ref, x: Ref) -> Ref:
    """``math.atan2``."""
    if isinstance(x, Constant) and isinstance(y, Constant):
        return arithmetic.fold(math.atan2, y.value, x.value)
    return _apply(ctx, el.ATAN2, [y, x], "atan2")


@REGISTRY.function(math.hypot)
def hypot(ctx: Lowering, *coordinates: Ref) -> Ref:
    """``math.hypot`` of any number of coordinates."""
    if len(coordinates) == 1:
        return _apply(ctx, el.ABS, [coordinates[0]], "hypot")
    if not coordinates:
        return Constant(0.0)
    total = coordinates[0]
    for other in coordinates[1:]:
        total = _apply(ctx, el.HYPOT, [total, other], "hypot")
    return total


@REGISTRY.function(math.fmod)
def fmod(ctx: Lowering, x: Ref, y: Ref) -> Ref:
    """``math.fmod``: the remainder with the sign of the first operand."""
    if isinstance(x, Constant) and isinstance(y, Constant):
        return arithmetic.fold(math.fmod, x.value, y.value)
    one, two = real(ctx, x, "fmod"), real(ctx, y, "fmod")
    quotient = arithmetic.binary(ctx, ast.Div, one, two, "math.fmod")
    whole = Scalar(ctx.emit(el.TRUNC, (ctx.value(quotient),)), weak=True)
    product = arithmetic.binary(ctx, ast.Mult, whole, two, "math.fmod")
    return arithmetic.binary(ctx, ast.Sub, one, product, "math.fmod")


def _scaled(function: Callable[[float], float], factor: float) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        if isinstance(x, Constant) and ctx.is_numeric(x):
            return arithmetic.fold(function, x.value)
        value = ctx.value(real(ctx, x, function.__name__))
        return Scalar(ctx.emit(MUL, (value, ctx.builder.const(factor))), weak=True)

    return handler


REGISTRY.function(math.radians)(_scaled(math.radians, math.pi / 180.0))
REGISTRY.function(math.degrees)(_scaled(math.degrees, 180.0 / math.pi))


@REGISTRY.function(math.copysign)
def copysign(ctx: Lowering, x: Ref, y: Ref) -> Ref:
    """``math.copysign`` of constants."""
    if isinstance(x, Constant) and isinstance(y, Constant):
        return arithmetic.fold(math.copysign, x.value, y.value)
    raise shapes("math.copysign is supported for constants only", "use abs(x) and a condition")

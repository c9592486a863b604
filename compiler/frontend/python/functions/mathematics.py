"""The functions of Python's ``math``: of one number, with a Python number as result."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import is_none
from gradc.frontend.python.functions.named import apply_to_numbers, real
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.refs import NONE, Constant, Ref, Scalar
from gradc.ir.core import Primitive
from gradc.ir.types import DType
from gradc.prims import elementary as el
from gradc.prims.arithmetic import LOG, MUL, POW

REGISTRY = Registry()

ROUNDING = {math.floor: el.FLOOR, math.ceil: el.CEIL, math.trunc: el.TRUNC}
TESTS = {math.isnan: el.ISNAN, math.isinf: el.ISINF, math.isfinite: el.ISFINITE}


def _rounding(prim: Primitive, function: Any) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        if isinstance(x, Constant) and ctx.is_numeric(x):
            return arithmetic.fold(function, x.value)
        if not ctx.kind(x).dtype.is_float:
            return Scalar(ctx.value(x, DType.INT), weak=True)
        whole = apply_to_numbers(ctx, prim, [x], function.__name__)
        return Scalar(ctx.cast(ctx.value(whole), DType.INT), weak=True)

    return handler


def _test(prim: Primitive, function: Any) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        if isinstance(x, Constant):
            return arithmetic.fold(function, x.value)
        return apply_to_numbers(ctx, prim, [x], function.__name__)

    return handler


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
    return apply_to_numbers(ctx, LOG, [x], "log")


@REGISTRY.function(math.pow)
def power(ctx: Lowering, x: Ref, y: Ref) -> Ref:
    """``math.pow``."""
    if isinstance(x, Constant) and isinstance(y, Constant):
        return arithmetic.fold(math.pow, x.value, y.value)
    if isinstance(y, Constant):
        return arithmetic.power(ctx, real(ctx, x, "pow"), Constant(float(y.value)))
    return apply_to_numbers(ctx, POW, [x, y], "pow")


@REGISTRY.function(math.hypot)
def hypot(ctx: Lowering, *coordinates: Ref) -> Ref:
    """``math.hypot`` of any number of coordinates."""
    if len(coordinates) == 1:
        return apply_to_numbers(ctx, el.ABS, [coordinates[0]], "hypot")
    if not coordinates:
        return Constant(0.0)
    total = coordinates[0]
    for other in coordinates[1:]:
        total = apply_to_numbers(ctx, el.HYPOT, [total, other], "hypot")
    return total


def _scaled(function: Callable[[float], float], factor: float) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref) -> Ref:
        if isinstance(x, Constant) and ctx.is_numeric(x):
            return arithmetic.fold(function, x.value)
        value = ctx.value(real(ctx, x, function.__name__))
        return Scalar(ctx.emit(MUL, (value, ctx.builder.const(factor))), weak=True)

    return handler


REGISTRY.function(math.radians)(_scaled(math.radians, math.pi / 180.0))
REGISTRY.function(math.degrees)(_scaled(math.degrees, 180.0 / math.pi))


@REGISTRY.function(math.ldexp)
def ldexp(ctx: Lowering, x: Ref, i: Ref) -> Ref:
    """``math.ldexp``: linear in `x`; the exponent is an integer and constant."""
    if isinstance(x, Constant) and isinstance(i, Constant):
        return arithmetic.fold(math.ldexp, x.value, i.value)
    if ctx.kind(i).dtype.is_float:
        raise shapes("the exponent of ldexp is an integer", "write x * 2.0**y")
    power = apply_to_numbers(ctx, el.EXP2, [i], "ldexp")
    return arithmetic.binary(ctx, ast.Mult, real(ctx, x, "ldexp"), power, "math.ldexp")

"""Reductions: sums, means, extrema, norms and products over axes."""

from __future__ import annotations

import ast

import numpy as np

from gradc.frontend.python import arithmetic, slices
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, axes_of, is_none
from gradc.frontend.python.functions.elementwise import magnitude, truth_values
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.promote import Kind, as_float, as_number
from gradc.frontend.python.refs import NONE, Constant, Ref
from gradc.ir.core import Primitive, Value
from gradc.ir.types import DType
from gradc.prims.arithmetic import CAST, DIV, IPOW, SQRT, SUB
from gradc.prims.compare import EQ, LNOT, NE, SELECT
from gradc.prims.shape import ARGMAX, ARGMIN, MAX, MIN, SUM

REGISTRY = Registry()

FALSE = Constant(False)
ZERO = Constant(0)


def reduced(
    ctx: Lowering, prim: Primitive, value: Value, axes: tuple[int, ...], keep: bool = False
) -> Value:
    """Reduce a value over axes."""
    total = value if not axes else ctx.emit(prim, (value,), {"axes": axes})
    return common.with_kept_axes(ctx, total, value.type, axes) if keep else total


def _keeps(ctx: Lowering, keepdims: Ref) -> bool:
    return bool(ctx.constant(keepdims, "keepdims"))


def _kind(ctx: Lowering, x: Ref, dtype: Ref) -> Kind:
    return as_number(ctx.kind(x)) if is_none(dtype) else Kind(ctx.dtype(dtype))


@REGISTRY.function(np.sum)
@REGISTRY.method("sum")
def sum_(
    ctx: Lowering, a: Ref, axis: Ref = NONE, dtype: Ref = NONE, *, keepdims: Ref = FALSE
) -> Ref:
    """``np.sum``."""
    x = as_operand(ctx, a)
    value = ctx.value(x, _kind(ctx, x, dtype).dtype)
    axes = axes_of(ctx, axis, value.type)
    return ctx.result(reduced(ctx, SUM, value, axes, _keeps(ctx, keepdims)))


def _divided(ctx: Lowering, total: Value, count: Value) -> Value:
    divisor = ctx.emit(CAST, (count,), {"dtype": total.type.dtype}, "count")
    if isinstance(count.size, int):
        divisor = ctx.builder.const(float(count.size), total.type.dtype)
    wide = arithmetic.broadcast_to(ctx, divisor, total.type.shape, "")
    return ctx.emit(DIV, (total, wide), None, "mean")


def mean_value(ctx: Lowering, value: Value, axes: tuple[int, ...], keep: bool) -> Value:
    """The mean over axes."""
    total = reduced(ctx, SUM, value, axes, keep)
    return _divided(ctx, total, slices.product(ctx, [value.type.shape[axis] for axis in axes]))


@REGISTRY.function(np.mean)
@REGISTRY.method("mean")
def mean(
    ctx: Lowering, a: Ref, axis: Ref = NONE, dtype: Ref = NONE, *, keepdims: Ref = FALSE
) -> Ref:
    """``np.mean``."""
    x = as_operand(ctx, a)
    kind = as_float(_kind(ctx, x, dtype))
    value = ctx.value(x, kind.dtype)
    axes = axes_of(ctx, axis, value.type)
    return ctx.result(mean_value(ctx, value, axes, _keeps(ctx, keepdims)))


@REGISTRY.function(np.average)
def average(ctx: Lowering, a: Ref, axis: Ref = NONE, weights: Ref = NONE) -> Ref:
    """``np.average``, with weights of the same shape."""
    if is_none(weights):
        return mean(ctx, a, axis)
    x, w = as_operand(ctx, a), as_operand(ctx, weights)
    weighted = arithmetic.binary(ctx, ast.Mult, x, w, "np.average")
    total, mass = sum_(ctx, weighted, axis), sum_(ctx, w, axis)
    return arithmetic.binary(ctx, ast.Div, total, mass, "np.average")


def _variance(ctx: Lowering, a: Ref, axis: Ref, ddof: Ref, keepdims: Ref) -> Value:
    x = as_operand(ctx, a)
    value = ctx.value(x, as_float(ctx.kind(x)).dtype)
    axes = axes_of(ctx, axis, value.type)
    middle = mean_value(ctx, value, axes, keep=True)
    wide = arithmetic.broadcast_to(ctx, middle, value.type.shape, "")
    squares = ctx.emit(IPOW, (ctx.emit(SUB, (value, wide)),), {"n": 2})
    total = reduced(ctx, SUM, squares, axes, _keeps(ctx, keepdims))
    count = slices.product(ctx, [value.type.shape[axis] for axis in axes])
    less = ctx.integer(ddof, "ddof")
    return _divided(ctx, total, ctx.builder.integer(SUB, count, less))


@REGISTRY.function(np.var)
@REGISTRY.method("var")
def var(
    ctx: Lowering,
    a: Ref,
    axis: Ref = NONE,
    *,
    ddof: Ref = ZERO,
    keepdims: Ref = FALSE,
) -> Ref:
    """``np.var``."""
    return ctx.result(_variance(ctx, a, axis, ddof, keepdims))


@REGISTRY.function(np.std)
@REGISTRY.method("std")
def std(
    ctx: Lowering,
    a: Ref,
    axis: Ref = NONE,
    *,
    ddof: Ref = ZERO,
    keepdims: Ref = FALSE,
) -> Ref:
    """``np.std``."""
    return ctx.result(ctx.emit(SQRT, (_variance(ctx, a, axis, ddof, keepdims),)))


def _extremum(ctx: Lowering, a: Ref, axis: Ref, keepdims: Ref, prim: Primitive) -> Ref:
    x = as_operand(ctx, a)
    value = ctx.value(x)
    axes = axes_of(ctx, axis, value.type)
    return ctx.result(reduced(ctx, prim, value, axes, _keeps(ctx, keepdims)))


@REGISTRY.function(np.max, np.amax)
@REGISTRY.method("max")
def max_(ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE) -> Ref:
    """``np.max``: elements that tie share the derivative."""
    return _extremum(ctx, a, axis, keepdims, MAX)


@REGISTRY.function(np.min, np.amin)
@REGISTRY.method("min")
def min_(ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE) -> Ref:
    """``np.min``: elements that tie share the derivative."""
    return _extremum(ctx, a, axis, keepdims, MIN)


@REGISTRY.function(np.ptp)
def ptp(ctx: Lowering, a: Ref, axis: Ref = NONE) -> Ref:
    """``np.ptp``: the largest less the smallest."""
    return arithmetic.binary(ctx, ast.Sub, max_(ctx, a, axis), min_(ctx, a, axis), "np.ptp")


def _position(ctx: Lowering, a: Ref, axis: Ref, prim: Primitive) -> Ref:
    value = ctx.value(as_operand(ctx, a))
    if is_none(axis):
        value, along = common.flat(ctx, value), 0
    else:
        along = common.one_axis(ctx, axis, value.type.rank)
    return ctx.result(ctx.emit(prim, (value,), {"axis": along}))


@REGISTRY.function(np.argmax)
@REGISTRY.method("argmax")
def argmax(ctx: Lowering, a: Ref, axis: Ref = NONE) -> Ref:
    """``np.argmax``."""
    return _position(ctx, a, axis, ARGMAX)


@REGISTRY.function(np.argmin)
@REGISTRY.method("argmin")
def argmin(ctx: Lowering, a: Ref, axis: Ref = NONE) -> Ref:
    """``np.argmin``."""
    return _position(ctx, a, axis, ARGMIN)


def _truths(ctx: Lowering, a: Ref) -> Value:
    return ctx.value(truth_values(ctx, as_operand(ctx, a)))


@REGISTRY.function(np.any)
@REGISTRY.method("any")
def any_(ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE) -> Ref:
    """``np.any``."""
    counted = ctx.cast(_truths(ctx, a), DType.INT)
    axes = axes_of(ctx, axis, counted.type)
    total = reduced(ctx, SUM, counted, axes, _keeps(ctx, keepdims))
    zero = arithmetic.broadcast_to(ctx, ctx.builder.const(0), total.type.shape, "")
    return ctx.result(ctx.emit(NE, (total, zero), None, "any"))


@REGISTRY.function(np.all)
@REGISTRY.method("all")
def all_(ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE) -> Ref:
    """``np.all``."""
    wrong = ctx.result(ctx.emit(LNOT, (_truths(ctx, a),)))
    found = any_(ctx, wrong, axis, keepdims=keepdims)
    return ctx.result(ctx.emit(LNOT, (ctx.value(found),), None, "all"))


@REGISTRY.function(np.count_nonzero)
def count_nonzero(ctx: Lowering, a: Ref, axis: Ref = NONE) -> Ref:
    """``np.count_nonzero``."""
    counted = ctx.cast(_truths(ctx, a), DType.INT)
    return ctx.result(reduced(ctx, SUM, counted, axes_of(ctx, axis, counted.type)))


@REGISTRY.function(np.linalg.norm)
def norm(ctx: Lowering, x: Ref, ord: Ref = NONE, axis: Ref = NONE, keepdims: Ref = FALSE) -> Ref:
    """``np.linalg.norm``: the 2-norm of a vector, the Frobenius norm of a matrix.

    Its derivative at zero is zero. The norms 1 and infinity of vectors are there too.
    """
    x = as_operand(ctx, x)
    value = ctx.value(x, as_float(ctx.kind(x)).dtype)
    axes = axes_of(ctx, axis, value.type)
    order = ctx.constant(ord, "the order of the norm")
    keep = _keeps(ctx, keepdims)
    if order in (1, np.inf) and len(axes) == 1:
        size = ctx.value(magnitude(ctx, ctx.result(value)))
        return ctx.result(reduced(ctx, SUM if order == 1 else MAX, size, axes, keep))
    if not (order is None or order == "fro" or (order == 2 and len(axes) == 1)):
        raise RefusedError(f"the norm of order {order!r} is not supported here", "use the 2-norm")
    squares = ctx.emit(IPOW, (value,), {"n": 2})
    return ctx.result(root_or_zero(ctx, reduced(ctx, SUM, squares, axes, keep)))


def root_or_zero(ctx: Lowering, total: Value) -> Value:
    """The square root whose derivative at zero is zero."""
    dtype, shape = total.type.dtype, total.type.shape
    zero, one = (
        arithmetic.broadcast_to(ctx, ctx.builder.const(constant, dtype), shape, "")
        for constant in (0.0, 1.0)
    )
    vanishes = ctx.emit(EQ, (total, zero))
    root = ctx.emit(SQRT, (ctx.emit(SELECT, (vanishes, one, total)),))
    return ctx.emit(SELECT, (vanishes, zero, root), None, "norm")

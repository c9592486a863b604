"""Reductions that are primitives: sums, means, spreads and extrema over axes."""

from __future__ import annotations

import ast

import numpy as np

from gradc.frontend.python import arithmetic, slices
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, axes_of, is_none
from gradc.frontend.python.functions.elementwise import extremum, truth_values
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.promote import Kind, as_float, as_number
from gradc.frontend.python.refs import NONE, Constant, Ref
from gradc.ir.core import Primitive, Value
from gradc.ir.types import DType
from gradc.prims.arithmetic import CAST, DIV, IPOW, ROOT, SUB
from gradc.prims.compare import SELECT
from gradc.prims.integers import IMAX
from gradc.prims.scans import CUMSUM
from gradc.prims.shape import BROADCAST, MAX, MIN, SUM, least

REGISTRY = Registry()

FALSE, TRUE = Constant(False), Constant(True)
ZERO = Constant(0)


def reduced(
    ctx: Lowering,
    prim: Primitive,
    value: Value,
    axes: tuple[int, ...],
    keep: bool = False,
    **params: bool,
) -> Value:
    """Reduce a value over axes."""
    total = value if not axes else ctx.emit(prim, (value,), {"axes": axes, **params})
    return common.with_kept_axes(ctx, total, value.type, axes) if keep else total


def keeps(ctx: Lowering, keepdims: Ref) -> bool:
    """Whether the reduced axes stay, with size 1."""
    return bool(ctx.constant(keepdims, "keepdims"))


def kind_of_total(ctx: Lowering, x: Ref, dtype: Ref) -> Kind:
    """What a sum is computed in: the dtype that is asked for, else that of the elements."""
    return as_number(ctx.kind(x)) if is_none(dtype) else Kind(ctx.dtype(dtype))


def is_everything(where: Ref) -> bool:
    """Whether a `where` argument leaves nothing out."""
    return isinstance(where, Constant) and bool(where.value)


def masked(ctx: Lowering, value: Value, where: Ref, fill: float) -> Value:
    """The elements where a mask is true; `fill` stands in place of the others."""
    if is_everything(where):
        return value
    mask = mask_like(ctx, value, where)
    other = ctx.builder.const(fill, value.type.dtype)
    wide = arithmetic.broadcast_to(ctx, other, value.type.shape, "")
    return ctx.emit(SELECT, (mask, value, wide), None, "kept")


def mask_like(ctx: Lowering, value: Value, where: Ref) -> Value:
    """A `where` argument as a mask of the shape of what it applies to."""
    test = ctx.value(truth_values(ctx, as_operand(ctx, where)))
    what = "the argument where= does not fit the array"
    return arithmetic.broadcast_to(ctx, test, value.type.shape, what)


@REGISTRY.function(np.sum)
@REGISTRY.method("sum")
def sum_(
    ctx: Lowering,
    a: Ref,
    axis: Ref = NONE,
    dtype: Ref = NONE,
    *,
    keepdims: Ref = FALSE,
    initial: Ref = NONE,
    where: Ref = TRUE,
) -> Ref:
    """``np.sum``."""
    x = as_operand(ctx, a)
    value = ctx.value(x, kind_of_total(ctx, x, dtype).dtype)
    axes = axes_of(ctx, axis, value.type)
    value = masked(ctx, value, where, 0)
    total = ctx.result(reduced(ctx, SUM, value, axes, keeps(ctx, keepdims)))
    if is_none(initial):
        return total
    return arithmetic.binary(ctx, ast.Add, total, initial, "np.sum")


@REGISTRY.function(np.cumsum)
@REGISTRY.method("cumsum")
def cumsum(ctx: Lowering, a: Ref, axis: Ref = NONE, dtype: Ref = NONE) -> Ref:
    """``np.cumsum``."""
    x = as_operand(ctx, a)
    value = ctx.value(x, kind_of_total(ctx, x, dtype).dtype)
    if value.type.is_scalar:
        value = arithmetic.reshaped(ctx, value, (1,))
    if is_none(axis):
        value, along = common.flat(ctx, value), 0
    else:
        along = common.one_axis(ctx, axis, value.type.rank)
    return ctx.result(ctx.emit(CUMSUM, (value,), {"axis": along, "reverse": False}))


# -- means and spreads --------------------------------------------------------------------------


def _divided(ctx: Lowering, total: Value, count: Value, name: str) -> Value:
    divisor = ctx.cast(count, total.type.dtype)
    if isinstance(count.size, int):
        divisor = ctx.builder.const(float(count.size), total.type.dtype)
    what = "the number of elements"
    wide = arithmetic.broadcast_to(ctx, divisor, total.type.shape, what)
    return ctx.emit(DIV, (total, wide), None, name)


def _count(ctx: Lowering, value: Value, axes: tuple[int, ...], keep: bool, where: Ref) -> Value:
    """How many elements there are: one number, or with a mask one for each result."""
    if is_everything(where):
        return slices.product(ctx, [value.type.shape[axis] for axis in axes])
    counted = ctx.emit(CAST, (mask_like(ctx, value, where),), {"dtype": DType.INT}, "count")
    return reduced(ctx, SUM, counted, axes, keep)


def mean_value(
    ctx: Lowering, value: Value, axes: tuple[int, ...], keep: bool, where: Ref = TRUE
) -> Value:
    """The mean over axes."""
    total = reduced(ctx, SUM, masked(ctx, value, where, 0.0), axes, keep)
    return _divided(ctx, total, _count(ctx, value, axes, keep, where), "mean")


@REGISTRY.function(np.mean)
@REGISTRY.method("mean")
def mean(
    ctx: Lowering,
    a: Ref,
    axis: Ref = NONE,
    dtype: Ref = NONE,
    *,
    keepdims: Ref = FALSE,
    where: Ref = TRUE,
) -> Ref:
    """``np.mean``."""
    x = as_operand(ctx, a)
    kind = as_float(kind_of_total(ctx, x, dtype))
    value = ctx.value(x, kind.dtype)
    axes = axes_of(ctx, axis, value.type)
    return ctx.result(mean_value(ctx, value, axes, keeps(ctx, keepdims), where))


def _spread(ctx: Lowering, found: Value, value: Value, axes: tuple[int, ...]) -> Value:
    """A result over axes, broadcast back to the shape of what was reduced."""
    if not axes:
        return found
    kept = tuple(axis for axis in range(value.type.rank) if axis not in axes)
    sizes = [ctx.size(dim) for dim in value.type.shape]
    return ctx.emit(BROADCAST, (found, *sizes), {"axes": kept}, found.name)


def _variance(
    ctx: Lowering,
    a: Ref,
    axis: Ref,
    dtype: Ref,
    less: tuple[Ref, Ref],
    keepdims: Ref,
    where: Ref,
    middle: Ref,
) -> Value:
    x = as_operand(ctx, a)
    value = ctx.value(x, as_float(kind_of_total(ctx, x, dtype)).dtype)
    axes, keep = axes_of(ctx, axis, value.type), keeps(ctx, keepdims)
    if is_none(middle):
        wide = _spread(ctx, mean_value(ctx, value, axes, keep=False, where=where), value, axes)
    else:
        centre = ctx.value(as_operand(ctx, middle), value.type.dtype)
        wide = arithmetic.broadcast_to(ctx, centre, value.type.shape, "the mean does not fit")
    squares = ctx.emit(IPOW, (ctx.emit(SUB, (value, wide)),), {"n": 2})
    total = reduced(ctx, SUM, masked(ctx, squares, where, 0.0), axes, keep)
    count = _freedom(ctx, _count(ctx, value, axes, keep, where), less)
    return _divided(ctx, total, count, "variance")


def _freedom(ctx: Lowering, count: Value, less: tuple[Ref, Ref]) -> Value:
    """The number of elements less `ddof`, or `correction` by its newer name."""
    ddof, correction = less
    if not is_none(correction):
        if not (isinstance(ddof, Constant) and ddof.value == 0):
            raise shapes("ddof and correction cannot be given together")
        ddof = correction
    given = ctx.constant(ddof, "ddof")
    if given == 0:
        return count
    if isinstance(given, float) and not given.is_integer():
        number = ctx.result(ctx.cast(count, DType.F64))
        left = arithmetic.binary(ctx, ast.Sub, number, Constant(given), "ddof")
        return ctx.value(extremum(ctx, (left, Constant(0.0)), larger=True))
    if count.type.is_scalar:
        return ctx.builder.integer(IMAX, ctx.builder.integer(SUB, count, int(given)), 0)
    left = arithmetic.binary(ctx, ast.Sub, ctx.result(count), Constant(int(given)), "ddof")
    return ctx.value(extremum(ctx, (left, ZERO), larger=True))


@REGISTRY.function(np.var)
@REGISTRY.method("var")
def var(
    ctx: Lowering,
    a: Ref,
    axis: Ref = NONE,
    dtype: Ref = NONE,
    ddof: Ref = ZERO,
    keepdims: Ref = FALSE,
    *,
    where: Ref = TRUE,
    mean: Ref = NONE,
    correction: Ref = NONE,
) -> Ref:
    """``np.var``."""
    less = (ddof, correction)
    return ctx.result(_variance(ctx, a, axis, dtype, less, keepdims, where, mean))


@REGISTRY.function(np.std)
@REGISTRY.method("std")
def std(
    ctx: Lowering,
    a: Ref,
    axis: Ref = NONE,
    dtype: Ref = NONE,
    ddof: Ref = ZERO,
    keepdims: Ref = FALSE,
    *,
    where: Ref = TRUE,
    mean: Ref = NONE,
    correction: Ref = NONE,
) -> Ref:
    """``np.std``: a norm, whose derivative where all elements are equal is zero."""
    less = (ddof, correction)
    variance = _variance(ctx, a, axis, dtype, less, keepdims, where, mean)
    return ctx.result(ctx.emit(ROOT, (variance,), None, "std"))


# -- extrema ------------------------------------------------------------------------------------


def _extremum(
    ctx: Lowering,
    a: Ref,
    axis: Ref,
    keepdims: Ref,
    initial: Ref,
    where: Ref,
    larger: bool,
) -> Ref:
    x = as_operand(ctx, a)
    value = ctx.value(x)
    axes = axes_of(ctx, axis, value.type)
    if not is_everything(where):
        if is_none(initial):
            raise shapes(
                "a largest or smallest element under a mask needs a value to begin with",
                "give initial=...: it counts where the mask leaves nothing",
            )
        value = masked(ctx, value, where, least(value.type.dtype, larger))
    prim, keep = MAX if larger else MIN, keeps(ctx, keepdims)
    if is_none(initial):
        return ctx.result(reduced(ctx, prim, value, axes, keep))
    found = ctx.result(reduced(ctx, prim, value, axes, keep, empty=True))
    begin = ctx.result(ctx.value(initial, value.type.dtype))
    return extremum(ctx, (found, begin), larger)


@REGISTRY.function(np.max, np.amax)
@REGISTRY.method("max")
def max_(
    ctx: Lowering,
    a: Ref,
    axis: Ref = NONE,
    *,
    keepdims: Ref = FALSE,
    initial: Ref = NONE,
    where: Ref = TRUE,
) -> Ref:
    """``np.max``: elements that tie share the derivative."""
    return _extremum(ctx, a, axis, keepdims, initial, where, larger=True)


@REGISTRY.function(np.min, np.amin)
@REGISTRY.method("min")
def min_(
    ctx: Lowering,
    a: Ref,
    axis: Ref = NONE,
    *,
    keepdims: Ref = FALSE,
    initial: Ref = NONE,
    where: Ref = TRUE,
) -> Ref:
    """``np.min``: elements that tie share the derivative."""
    return _extremum(ctx, a, axis, keepdims, initial, where, larger=False)


@REGISTRY.function(np.ptp)
def ptp(ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE) -> Ref:
    """``np.ptp``: the largest less the smallest."""
    top, bottom = (find(ctx, a, axis, keepdims=keepdims) for find in (max_, min_))
    return arithmetic.binary(ctx, ast.Sub, top, bottom, "np.ptp")

"""Reductions to truth values, counts and positions: constants for differentiation."""

from __future__ import annotations

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, axes_of, is_none
from gradc.frontend.python.functions.elementwise import truth_values
from gradc.frontend.python.functions.reductions import (
    FALSE,
    TRUE,
    is_everything,
    keeps,
    mask_like,
    reduced,
)
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.refs import NONE, Ref
from gradc.ir.core import Primitive, Value
from gradc.ir.types import DType
from gradc.prims.compare import LAND, LNOT, NE
from gradc.prims.shape import ARGMAX, ARGMIN, SUM

REGISTRY = Registry()


def _position(ctx: Lowering, a: Ref, axis: Ref, keepdims: Ref, prim: Primitive) -> Ref:
    value = ctx.value(as_operand(ctx, a))
    source, keep = value.type, keeps(ctx, keepdims)
    if is_none(axis) or (source.is_scalar and common.is_only(ctx, axis)):
        flat, along = common.flat(ctx, value), 0
        axes = tuple(range(source.rank))
    else:
        flat, along = value, common.one_axis(ctx, axis, source.rank)
        axes = (along,)
    found = ctx.emit(prim, (flat,), {"axis": along})
    return ctx.result(common.with_kept_axes(ctx, found, source, axes) if keep else found)


@REGISTRY.function(np.argmax)
@REGISTRY.method("argmax")
def argmax(ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE) -> Ref:
    """``np.argmax``."""
    return _position(ctx, a, axis, keepdims, ARGMAX)


@REGISTRY.function(np.argmin)
@REGISTRY.method("argmin")
def argmin(ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE) -> Ref:
    """``np.argmin``."""
    return _position(ctx, a, axis, keepdims, ARGMIN)


def _counted(ctx: Lowering, a: Ref, axis: Ref, keepdims: Ref, where: Ref, wanted: bool) -> Value:
    """How many elements are true, or false, where a mask is true."""
    truth = ctx.value(truth_values(ctx, as_operand(ctx, a)))
    if not wanted:
        truth = ctx.emit(LNOT, (truth,))
    if not is_everything(where):
        truth = ctx.emit(LAND, (truth, mask_like(ctx, truth, where)))
    counted = ctx.cast(truth, DType.INT)
    return reduced(ctx, SUM, counted, axes_of(ctx, axis, counted.type), keeps(ctx, keepdims))


def _is_some(ctx: Lowering, count: Value) -> Value:
    zero = arithmetic.broadcast_to(ctx, ctx.builder.const(0), count.type.shape, "")
    return ctx.emit(NE, (count, zero), None, "any")


@REGISTRY.function(np.any)
@REGISTRY.method("any")
def any_(
    ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE, where: Ref = TRUE
) -> Ref:
    """``np.any``."""
    return ctx.result(_is_some(ctx, _counted(ctx, a, axis, keepdims, where, wanted=True)))


@REGISTRY.function(np.all)
@REGISTRY.method("all")
def all_(
    ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE, where: Ref = TRUE
) -> Ref:
    """``np.all``."""
    wrong = _is_some(ctx, _counted(ctx, a, axis, keepdims, where, wanted=False))
    return ctx.result(ctx.emit(LNOT, (wrong,), None, "all"))


@REGISTRY.function(np.count_nonzero)
def count_nonzero(ctx: Lowering, a: Ref, axis: Ref = NONE, *, keepdims: Ref = FALSE) -> Ref:
    """``np.count_nonzero``."""
    return ctx.result(_counted(ctx, a, axis, keepdims, TRUE, wanted=True))

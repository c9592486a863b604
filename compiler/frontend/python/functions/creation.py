"""Functions that make arrays."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.promote import Kind, promote
from gradc.frontend.python.refs import (
    NONE,
    Array,
    Cell,
    Constant,
    Generated,
    List,
    Once,
    Ref,
    Scalar,
    Tuple,
    is_listed,
)
from gradc.frontend.python.written import creation as written
from gradc.ir.core import Value
from gradc.ir.types import INT, Dim, DType
from gradc.prims.arithmetic import ADD, DIV, MUL, SUB
from gradc.prims.index import AT, PUT, SLICE
from gradc.prims.integers import IMAX
from gradc.prims.loops import TRIP
from gradc.prims.shape import COPY, EMPTY, ZEROS

REGISTRY = Registry()

ZERO, ONE, FIFTY = Constant(0), Constant(1), Constant(50)
TRUE, FALSE = Constant(True), Constant(False)


def _dtype(ctx: Lowering, dtype: Ref, default: DType) -> DType:
    return default if is_none(dtype) else ctx.dtype(dtype)


def _new(ctx: Lowering, value: Value) -> Ref:
    return ctx.result(value)


def boxed(ctx: Lowering, value: Value, name: str) -> Ref:
    """An array without axes: an object that can be written to, of which names may be several."""
    return ctx.state.new_cell(Cell(name, value.type), value)


def filled(ctx: Lowering, shape: tuple[Dim, ...], fill: Value, name: str) -> Value:
    """An array of one value."""
    return arithmetic.broadcast_to(ctx, fill, shape, name)


def _shape_of(ctx: Lowering, shape: Ref) -> tuple[Dim, ...]:
    return tuple(size.size or 0 for size in common.shape_argument(ctx, shape))


def _full(ctx: Lowering, shape: tuple[Dim, ...], fill: Ref, dtype: DType) -> Ref:
    value = ctx.value(fill, dtype)
    if value.type.is_scalar and not shape:
        return boxed(ctx, value, "full")
    made = filled(ctx, shape, value, "np.full does not fit the shape")
    return _new(ctx, ctx.emit(COPY, (made,), None, "full"))


def _zeros(ctx: Lowering, shape: tuple[Dim, ...], dtype: DType) -> Ref:
    if not shape:
        return boxed(ctx, ctx.builder.const(0, dtype), "zeros")
    sizes = [ctx.size(dim) for dim in shape]
    return _new(ctx, ctx.emit(ZEROS, sizes, {"dtype": dtype}))


def _empty(ctx: Lowering, shape: tuple[Dim, ...], dtype: DType) -> Ref:
    if not shape:
        return boxed(ctx, ctx.builder.const(0, dtype), "empty")
    sizes = [ctx.size(dim) for dim in shape]
    return _new(ctx, ctx.emit(EMPTY, sizes, {"dtype": dtype}))


@REGISTRY.function(np.zeros)
def zeros(ctx: Lowering, shape: Ref, dtype: Ref = NONE, order: Ref = NONE) -> Ref:
    """``np.zeros``."""
    return _zeros(ctx, _shape_of(ctx, shape), _dtype(ctx, dtype, DType.F64))


@REGISTRY.function(np.ones)
def ones(ctx: Lowering, shape: Ref, dtype: Ref = NONE, order: Ref = NONE) -> Ref:
    """``np.ones``."""
    return _full(ctx, _shape_of(ctx, shape), ONE, _dtype(ctx, dtype, DType.F64))


@REGISTRY.function(np.empty)
def empty(ctx: Lowering, shape: Ref, dtype: Ref = NONE, order: Ref = NONE) -> Ref:
    """``np.empty``: every element is to be written before it is read."""
    return _empty(ctx, _shape_of(ctx, shape), _dtype(ctx, dtype, DType.F64))


@REGISTRY.function(np.full)
def full(ctx: Lowering, shape: Ref, fill_value: Ref, dtype: Ref = NONE, order: Ref = NONE) -> Ref:
    """``np.full``."""
    fill = as_operand(ctx, fill_value)
    return _full(ctx, _shape_of(ctx, shape), fill, _dtype(ctx, dtype, ctx.kind(fill).dtype))


def _like(ctx: Lowering, a: Ref, shape: Ref) -> tuple[tuple[Dim, ...], DType]:
    ref = as_operand(ctx, a)
    sizes = ctx.shape(ref) if is_none(shape) else _shape_of(ctx, shape)
    return sizes, ctx.kind(ref).dtype


@REGISTRY.function(np.zeros_like)
def zeros_like(
    ctx: Lowering, a: Ref, dtype: Ref = NONE, order: Ref = NONE, *, shape: Ref = NONE
) -> Ref:
    """``np.zeros_like``."""
    sizes, own = _like(ctx, a, shape)
    return _zeros(ctx, sizes, _dtype(ctx, dtype, own))


@REGISTRY.function(np.ones_like)
def ones_like(
    ctx: Lowering, a: Ref, dtype: Ref = NONE, order: Ref = NONE, *, shape: Ref = NONE
) -> Ref:
    """``np.ones_like``."""
    sizes, own = _like(ctx, a, shape)
    return _full(ctx, sizes, ONE, _dtype(ctx, dtype, own))


@REGISTRY.function(np.empty_like)
def empty_like(
    ctx: Lowering, prototype: Ref, dtype: Ref = NONE, order: Ref = NONE, *, shape: Ref = NONE
) -> Ref:
    """``np.empty_like``."""
    sizes, own = _like(ctx, prototype, shape)
    return _empty(ctx, sizes, _dtype(ctx, dtype, own))


@REGISTRY.function(np.full_like)
def full_like(
    ctx: Lowering,
    a: Ref,
    fill_value: Ref,
    dtype: Ref = NONE,
    order: Ref = NONE,
    *,
    shape: Ref = NONE,
) -> Ref:
    """``np.full_like``."""
    sizes, own = _like(ctx, a, shape)
    return _full(ctx, sizes, as_operand(ctx, fill_value), _dtype(ctx, dtype, own))


# -- copies and conversions ---------------------------------------------------------------------


@REGISTRY.function(np.array)
def array(
    ctx: Lowering,
    object: Ref,
    dtype: Ref = NONE,
    *,
    copy: Ref = TRUE,
    order: Ref = NONE,
    ndmin: Ref = ZERO,
) -> Ref:
    """``np.array``: a new array, unless `copy` says otherwise; axes are missing in front."""
    if not ctx.constant(copy, "copy"):
        return _raised(ctx, asarray(ctx, object, dtype), ndmin)
    wanted = None if is_none(dtype) else ctx.dtype(dtype)
    ref = _nested(ctx, object, wanted)
    if isinstance(ref, Array) and not (ref.steps == () and ref.cell is not _source(object)):
        ref = ctx.copied(ref)
    return _raised(ctx, ref if isinstance(ref, Array) else _scalar(ctx, ref), ndmin)


def _raised(ctx: Lowering, ref: Ref, least: Ref) -> Ref:
    """An array with at least so many axes."""
    missing = common.integer_constant(ctx, least, "ndmin") - len(ctx.shape(ref))
    if missing <= 0:
        return ref
    axes = Constant(tuple(range(missing)))
    return ctx.call(Constant(np.expand_dims), (ref, axes), {}, None)


def _source(ref: Ref) -> object:
    return ref.cell if isinstance(ref, Array) else None


def _scalar(ctx: Lowering, ref: Ref) -> Ref:
    """An array without axes; integers stay numbers, which may be sizes, and so do gradc's own."""
    if ctx.pinned is None and ctx.is_numeric(ref) and ctx.kind(ref).dtype.is_float:
        return boxed(ctx, ctx.value(ref), "array")
    if isinstance(ref, Constant) and ctx.is_numeric(ref):
        return Constant(np.asarray(ref.value)[()])
    return Scalar(ctx.value(ref))


def _nested(ctx: Lowering, ref: Ref, dtype: DType | None) -> Ref:
    if isinstance(ref, Generated):
        return common.generated_array(ctx, ref, dtype)
    if isinstance(ref, Tuple | List | Once) or is_listed(ref):
        operand = as_operand(ctx, ref)
    else:
        operand = ref
    kind = ctx.kind(operand)
    if dtype is None or kind.dtype is dtype:
        return operand
    return ctx.result(ctx.value(operand, dtype))


@REGISTRY.function(np.asarray, np.asanyarray)
def asarray(ctx: Lowering, a: Ref, dtype: Ref = NONE, order: Ref = NONE) -> Ref:
    """``np.asarray``: an array stays the object that it is, where its dtype fits."""
    ref = _nested(ctx, a, None if is_none(dtype) else ctx.dtype(dtype))
    return ref if isinstance(ref, Array) else _scalar(ctx, ref)


@REGISTRY.function(np.ascontiguousarray)
def ascontiguousarray(ctx: Lowering, a: Ref, dtype: Ref = NONE) -> Ref:
    """``np.ascontiguousarray``: with at least one axis."""
    return _raised(ctx, asarray(ctx, a, dtype), ONE)


@REGISTRY.function(np.copy)
@REGISTRY.method("copy")
def copy(ctx: Lowering, a: Ref, order: Ref = NONE) -> Ref:
    """``np.copy`` and ``x.copy()``."""
    ref = as_operand(ctx, a)
    return ctx.copied(ref) if isinstance(ref, Array) else ref


@REGISTRY.function(np.astype)
@REGISTRY.method("astype")
def astype(ctx: Lowering, x: Ref, dtype: Ref, copy: Ref = TRUE) -> Ref:
    """``x.astype(dtype)``."""
    owner = as_operand(ctx, x)
    wanted = ctx.dtype(dtype)
    value = ctx.value(owner)
    if value.type.dtype is wanted:
        if not isinstance(owner, Array):
            return Scalar(value)
        return ctx.copied(owner) if ctx.constant(copy, "copy") else owner
    return ctx.result(ctx.cast(value, wanted))


def _converter(dtype: type[np.generic]) -> Callable[..., Ref]:
    def handler(ctx: Lowering, x: Ref = ZERO) -> Ref:
        if isinstance(x, Constant):
            return arithmetic.fold(dtype, x.value)
        return ctx.result(ctx.value(as_operand(ctx, x), ctx.dtype(Constant(dtype))))

    return handler


for _dtype_class in (np.float64, np.float32, np.int64, np.int32, np.bool_):
    REGISTRY.function(_dtype_class)(_converter(_dtype_class))


# -- ranges -------------------------------------------------------------------------------------


@REGISTRY.function(np.arange)
def arange(ctx: Lowering, start: Ref, stop: Ref = NONE, step: Ref = ONE, dtype: Ref = NONE) -> Ref:
    """``np.arange``."""
    if is_none(stop):
        start, stop = ZERO, start
    refs = [start, stop, step]
    kind = promote(ctx.kind(ref) for ref in refs)
    if kind.dtype.is_float:
        return _float_range(ctx, refs, dtype)
    first, last, by = (ctx.integer(ref, "a bound of np.arange") for ref in refs)
    if by.size == 1:
        size = ctx.builder.integer(IMAX, ctx.builder.integer(SUB, last, first), 0)
    else:
        size = ctx.emit(TRIP, (first, last, by))
    numbers = _counting(ctx, first, size, by)
    wanted = _dtype(ctx, dtype, DType.INT)
    return ctx.result(ctx.cast(numbers, wanted))


def _float_range(ctx: Lowering, refs: list[Ref], dtype: Ref) -> Ref:
    if not all(isinstance(ref, Constant) for ref in refs):
        made = ctx.library(written.float_range, *refs)
        return made if is_none(dtype) else ctx.result(ctx.value(made, ctx.dtype(dtype)))
    bounds = [ctx.constant(ref, "a bound of np.arange of floats") for ref in refs]
    values = np.arange(*bounds)
    return literal(ctx, values, _dtype(ctx, dtype, DType.F64))


def literal(ctx: Lowering, values: np.ndarray[Any, Any], dtype: DType) -> Ref:
    """An array of constants; only short ones are written out."""
    if values.size > 256:
        raise RefusedError(
            f"an array of {values.size} constants is too long to be written out",
            "make it outside of the function",
        )
    return common.stacked(ctx, [Constant(value) for value in values.tolist()], 0, dtype)


def _counting(ctx: Lowering, first: Value, size: Value, by: Value) -> Value:
    """``first, first + by, ...`` as a loop that fills an array."""
    builder = ctx.builder
    start = common.empty(ctx, (size.size or 0,), DType.INT, "arange")
    with ctx.region() as inner:
        index = inner.value(INT, "k")
        partial = inner.value(start.type, "arange")
        number = inner.integer(ADD, first, inner.integer(MUL, index, by))
        made = ctx.emit(PUT, (partial, number, index), {"spec": (AT,)}, "arange")
        region = inner.close((index, partial), (made,))
    (out,) = builder.loop((builder.const(0), size, builder.const(1)), (start,), region)
    return out


@REGISTRY.function(np.linspace)
def linspace(
    ctx: Lowering,
    start: Ref,
    stop: Ref,
    num: Ref = FIFTY,
    endpoint: Ref = TRUE,
    retstep: Ref = FALSE,
    dtype: Ref = NONE,
    axis: Ref = ZERO,
) -> Ref:
    """``np.linspace`` between numbers or arrays: differentiable in them."""
    ends = [as_operand(ctx, end) for end in (start, stop)]
    kind = promote([*(ctx.kind(end) for end in ends), Kind(DType.F64, weak=True)]).dtype
    size = ctx.integer(num, "the number of points")
    steps = _counting(ctx, ctx.builder.const(0), size, ctx.builder.const(1))
    ratio = ctx.cast(steps, kind)
    count = size
    if ctx.constant(endpoint, "endpoint"):
        count = ctx.builder.integer(IMAX, ctx.builder.integer(SUB, size, 1), 1)
    last = ctx.cast(count, kind)
    wide = arithmetic.broadcast_to(ctx, last, ratio.type.shape, "")
    fraction = ctx.result(ctx.emit(DIV, (ratio, wide)))
    width = arithmetic.binary(ctx, ast.Sub, ends[1], ends[0], "np.linspace")
    if rank := len(ctx.shape(width)):
        behind = Tuple((Constant(-1), *[ONE] * rank))
        fraction = ctx.call(Constant(np.reshape), (fraction, behind), {}, None)
    moved = arithmetic.binary(ctx, ast.Mult, fraction, width, "np.linspace")
    made = arithmetic.binary(ctx, ast.Add, ends[0], moved, "np.linspace")
    made = ctx.call(Constant(np.moveaxis), (made, ZERO, axis), {}, None)
    if not is_none(dtype):
        wanted = ctx.dtype(dtype)
        if not wanted.is_float:
            made = ctx.call(Constant(np.floor), (made,), {}, None)
        made = ctx.result(ctx.value(made, wanted))
    if not ctx.constant(retstep, "retstep"):
        return made
    return Tuple((made, arithmetic.binary(ctx, ast.Div, width, Scalar(last), "np.linspace")))


@REGISTRY.function(np.eye)
def eye(ctx: Lowering, N: Ref, M: Ref = NONE, k: Ref = ZERO, dtype: Ref = NONE) -> Ref:
    """``np.eye``."""
    if not is_none(M) or not (isinstance(k, Constant) and k.value == 0):
        kind = Constant(_dtype(ctx, dtype, DType.F64).numpy)
        return ctx.library(written.shifted_eye, N, N if is_none(M) else M, k, kind)
    return identity(ctx, N, dtype)


@REGISTRY.function(np.identity)
def identity(ctx: Lowering, n: Ref, dtype: Ref = NONE) -> Ref:
    """``np.identity``."""
    size = ctx.integer(n, "the size of np.eye")
    wanted = _dtype(ctx, dtype, DType.F64)
    total = ctx.builder.integer(MUL, size, size)
    flat = ctx.emit(ZEROS, (total,), {"dtype": wanted}, "eye")
    one = ctx.builder.const(1, wanted)
    ones_row = filled(ctx, (size.size or 0,), one, "np.eye")
    step = ctx.builder.integer(ADD, size, 1)
    operands = (flat, ones_row, ctx.builder.const(0), size, step)
    made = ctx.emit(PUT, operands, {"spec": (SLICE,)}, "eye")
    return ctx.result(arithmetic.reshaped(ctx, made, (size.size or 0, size.size or 0)))

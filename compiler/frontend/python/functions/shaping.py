"""Functions that rearrange arrays: views where NumPy makes views, copies where it copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradc.frontend.python import arithmetic, indexing, sequences, slices, views
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.outs import casting_of
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import becomes, promote
from gradc.frontend.python.refs import (
    NONE,
    Array,
    Constant,
    Generated,
    Ref,
    Slice,
    Step,
    Tuple,
    is_listed,
)
from gradc.frontend.python.written.joining import of_one, stack_of_one
from gradc.ir.core import Value
from gradc.ir.types import Dim, DType
from gradc.prims.arithmetic import ADD, FLOORDIV
from gradc.prims.index import ALL, AT, PUT, SLICE

REGISTRY = Registry()

ZERO, ONE, ROWS_FIRST = Constant(0), Constant(1), Constant("C")
SAME_KIND = Constant("same_kind")


def as_array(ctx: Lowering, ref: Ref) -> Array:
    """The operand as an array object."""
    ref = as_operand(ctx, ref)
    if isinstance(ref, Array):
        return ref
    raise shapes(f"an array belongs here, not {ctx.describe(ref)}")


def _without_axes(ctx: Lowering, ref: Ref, axes: Ref = NONE) -> Ref:
    """A number, of which no axis is asked for: it stays what it is."""
    if not ctx.is_numeric(ref):
        raise shapes(f"an array belongs here, not {ctx.describe(ref)}")
    if not is_none(axes):
        common.axes_in_order(ctx, axes, 0)
    return ref


# -- transposes ---------------------------------------------------------------------------------


def permuted(ctx: Lowering, array: Array, perm: Sequence[int]) -> Ref:
    """The view with its axes in another order."""
    if tuple(perm) == tuple(range(array.type.rank)):
        return array
    return indexing.extended(ctx, array, views.transpose_step(array.type, perm))


@REGISTRY.attribute("T")
def transposed(ctx: Lowering, owner: Ref) -> Ref:
    """``x.T``."""
    if not isinstance(owner, Array):
        return owner
    return permuted(ctx, owner, range(owner.type.rank)[::-1])


@REGISTRY.function(np.transpose, np.permute_dims)
def transpose(ctx: Lowering, a: Ref, axes: Ref = NONE) -> Ref:
    """``np.transpose``."""
    array = as_operand(ctx, a)
    if not isinstance(array, Array):
        return _without_axes(ctx, array, axes)
    rank = array.type.rank
    given = ctx.constant(axes, "the axes")
    if given is None:
        return permuted(ctx, array, range(rank)[::-1])
    perm = [common.normal_axis(axis, rank) for axis in given]
    if sorted(perm) != list(range(rank)):
        raise shapes(f"the axes {given} do not name each of {rank} axes once")
    return permuted(ctx, array, perm)


@REGISTRY.method("transpose")
def transpose_method(ctx: Lowering, owner: Ref, *axes: Ref) -> Ref:
    """``x.transpose(...)``."""
    if not axes:
        return transpose(ctx, owner)
    given = [ctx.constant(axis, "an axis") for axis in axes]
    listed = given[0] if len(given) == 1 and not isinstance(given[0], int) else tuple(given)
    return transpose(ctx, owner, NONE if listed is None else Constant(tuple(listed)))


@REGISTRY.function(np.swapaxes)
@REGISTRY.method("swapaxes")
def swapaxes(ctx: Lowering, a: Ref, axis1: Ref, axis2: Ref) -> Ref:
    """``np.swapaxes``."""
    array = as_array(ctx, a)
    perm = list(range(array.type.rank))
    one, two = (common.one_axis(ctx, axis, len(perm)) for axis in (axis1, axis2))
    perm[one], perm[two] = perm[two], perm[one]
    return permuted(ctx, array, perm)


@REGISTRY.function(np.moveaxis)
def moveaxis(ctx: Lowering, a: Ref, source: Ref, destination: Ref) -> Ref:
    """``np.moveaxis``."""
    array = as_operand(ctx, a)
    if not isinstance(array, Array):
        return _without_axes(ctx, _without_axes(ctx, array, source), destination)
    rank = array.type.rank
    starts, ends = (common.axes_in_order(ctx, axes, rank) for axes in (source, destination))
    if len(starts) != len(ends):
        raise shapes("np.moveaxis: as many axes go as come")
    perm = [axis for axis in range(rank) if axis not in starts]
    for end, start in sorted(zip(ends, starts, strict=True)):
        perm.insert(end, start)
    return permuted(ctx, array, perm)


@REGISTRY.function(np.rollaxis)
def rollaxis(ctx: Lowering, a: Ref, axis: Ref, start: Ref = ZERO) -> Ref:
    """``np.rollaxis``."""
    array = as_array(ctx, a)
    rank = array.type.rank
    moved = common.one_axis(ctx, axis, rank)
    before = common.integer_constant(ctx, start, "the start")
    before = common.normal_axis(before, rank + 1) if before < rank else rank
    perm = [k for k in range(rank) if k != moved]
    perm.insert(before - (moved < before), moved)
    return permuted(ctx, array, perm)


@REGISTRY.attribute("mT")
@REGISTRY.function(np.matrix_transpose)
def matrix_transpose(ctx: Lowering, x: Ref) -> Ref:
    """``x.mT``: the last two axes change places."""
    array = as_array(ctx, x)
    if array.type.rank < 2:
        raise shapes("a matrix belongs here, or several of them", "use x[:, None]")
    return swapaxes(ctx, array, Constant(-1), Constant(-2))


# -- reshaping ----------------------------------------------------------------------------------


def reshaped(ctx: Lowering, array: Array, sizes: Sequence[Value]) -> Ref:
    """The same elements in another shape: a view where they lie in order, else a copy."""
    step = views.reshape_step(array.type, sizes)
    if _contiguous(array.steps):
        return indexing.extended(ctx, array, step)
    value = ctx.read(array)
    return ctx.result(views.apply(ctx.builder, value, (step,), array.cell.name))


def _contiguous(steps: Sequence[Step]) -> bool:
    return all(
        step.kind == views.RESHAPE_STEP or (step.kind == views.GET_STEP and _leading(step))
        for step in steps
    )


def _leading(step: Step) -> bool:
    """Whether an index selects elements that follow each other."""
    spec = list(step.spec)
    while spec and spec[0] == AT:
        spec.pop(0)
    if spec and spec[0] == SLICE:
        if step.operands[len(step.spec) - len(spec) + 2].size != 1:
            return False
        spec.pop(0)
    return all(item == ALL for item in spec)


def _with_unknown(ctx: Lowering, array: Array, sizes: list[Value]) -> list[Value]:
    """Fill in a size of -1 from the number of elements."""
    unknown = [k for k, size in enumerate(sizes) if size.size == -1]
    if not unknown:
        _check_count(array.type.shape, [size.size for size in sizes])
        return sizes
    if len(unknown) > 1:
        raise shapes("only one size of a shape can be -1")
    others = [size.size for size in sizes if size.size != -1]
    dims = list(array.type.shape)
    for size in list(others):
        if size in dims:
            dims.remove(size)
            others.remove(size)
    total = slices.product(ctx, dims)
    rest = slices.product(ctx, [size for size in others if size is not None])
    if rest.size == 0:
        if ctx.pinned is None:
            raise shapes("a size of -1 beside a size of 0 could be any")
        sizes[unknown[0]] = ctx.builder.const(0)  # in what gradc brings along nothing is left
        return sizes
    if isinstance(total.size, int) and isinstance(rest.size, int) and total.size % rest.size:
        raise shapes(f"{total.size} elements cannot be arranged in rows of {rest.size}")
    sizes[unknown[0]] = total if rest.size == 1 else ctx.builder.integer(FLOORDIV, total, rest)
    return sizes


def _check_count(shape: Sequence[Dim], sizes: Sequence[Dim | None]) -> None:
    if all(isinstance(dim, int) for dim in (*shape, *sizes)):
        have = int(np.prod([int(dim) for dim in shape]))
        want = int(np.prod([int(dim or 0) for dim in sizes]))
        if have != want:
            raise shapes(f"{have} elements cannot be reshaped into {tuple(sizes)}")


@REGISTRY.function(np.reshape)
def reshape(
    ctx: Lowering, a: Ref, shape: Ref = NONE, order: Ref = ROWS_FIRST, *, copy: Ref = NONE
) -> Ref:
    """``np.reshape``, in the order "C" or "F"."""
    ref = as_operand(ctx, a)
    array = ref if isinstance(ref, Array) else _boxed(ctx, ref)
    sizes = common.shape_argument(ctx, shape, unknown=True)
    sizes = _with_unknown(ctx, array, sizes)
    if is_column_order(ctx, order):
        back = permuted(ctx, array, range(array.type.rank)[::-1])
        assert isinstance(back, Array)
        turned = reshaped(ctx, back, sizes[::-1])
        assert isinstance(turned, Array)
        made: Ref = permuted(ctx, turned, range(turned.type.rank)[::-1])
    else:
        made = reshaped(ctx, array, sizes)
    if not is_none(copy) and ctx.constant(copy, "copy") and isinstance(made, Array):
        return ctx.copied(made)
    return made


def is_column_order(ctx: Lowering, order: Ref) -> bool:
    """Whether an `order` argument asks for columns first."""
    given = ctx.constant(order, "the order")
    if given not in ("C", "F"):
        raise RefusedError(
            f"the order {given!r} depends on how the array lies in memory",
            'use "C" (rows first) or "F" (columns first)',
        )
    return bool(given == "F")


def _boxed(ctx: Lowering, ref: Ref) -> Array:
    """A number as an array of one element."""
    boxed = common.stacked(ctx, [ref], 0)
    assert isinstance(boxed, Array)
    return boxed


@REGISTRY.method("reshape")
def reshape_method(
    ctx: Lowering, owner: Ref, *shape: Ref, order: Ref = ROWS_FIRST, copy: Ref = NONE
) -> Ref:
    """``x.reshape(...)``."""
    sizes = shape[0] if len(shape) == 1 else Tuple(shape)
    return reshape(ctx, owner, sizes, order, copy=copy)


@REGISTRY.function(np.ravel)
@REGISTRY.method("ravel")
def ravel(ctx: Lowering, a: Ref, order: Ref = ROWS_FIRST) -> Ref:
    """``np.ravel``."""
    return reshape(ctx, a, Constant(-1), order)


@REGISTRY.method("flatten")
def flatten(ctx: Lowering, owner: Ref, order: Ref = ROWS_FIRST) -> Ref:
    """``x.flatten()``: always a copy."""
    flat = ravel(ctx, owner, order)
    return ctx.copied(flat) if isinstance(flat, Array) else flat


@REGISTRY.function(np.expand_dims)
def expand_dims(ctx: Lowering, a: Ref, axis: Ref) -> Ref:
    """``np.expand_dims``, for one axis or several."""
    ref = as_operand(ctx, a)
    given = ctx.constant(axis, "the axis")
    count = len(given) if isinstance(given, tuple | list) else 1
    axes = common.axes_in_order(ctx, axis, len(ctx.shape(ref)) + count)
    array = ref if isinstance(ref, Array) else _boxed(ctx, ref)
    rest = iter(ctx.shape(ref))
    shape = [1 if k in axes else next(rest) for k in range(len(ctx.shape(ref)) + count)]
    return _with_axes(ctx, array, shape)


def _with_axes(ctx: Lowering, array: Array, shape: Sequence[Dim]) -> Ref:
    """The view with axes of size 1 more or less: a view also where elements are not in order."""
    sizes = [ctx.size(dim) for dim in shape]
    return indexing.extended(ctx, array, views.reshape_step(array.type, sizes))


@REGISTRY.function(np.squeeze)
@REGISTRY.method("squeeze")
def squeeze(ctx: Lowering, a: Ref, axis: Ref = NONE) -> Ref:
    """``np.squeeze``: axes that are known to have size 1 go away."""
    array = as_operand(ctx, a)
    if not isinstance(array, Array):
        only = not is_none(axis) and common.is_only(ctx, axis)
        return _without_axes(ctx, array, NONE if only else axis)
    shape = array.type.shape
    drop = [k for k, dim in enumerate(shape) if dim == 1]
    if not is_none(axis):
        drop = list(common.axes_of(ctx, axis, array.type))
        if any(shape[k] != 1 for k in drop):
            raise shapes("an axis to be squeezed is not known to have size 1")
    elif any(isinstance(dim, str) and dim not in ctx.builder.sizes.given for dim in shape):
        raise RefusedError(
            "which axes have size 1 is known at run time only",
            "name the axis: np.squeeze(x, axis=0), or index it: x[0]",
        )
    kept = [dim for k, dim in enumerate(shape) if k not in drop]
    if not kept:
        return indexing.subscript(
            ctx, array, Constant(0) if len(shape) == 1 else _zeros(len(shape)), "squeeze"
        )
    return _with_axes(ctx, array, kept)


def _zeros(rank: int) -> Ref:
    return Tuple(tuple(Constant(0) for _ in range(rank)))


@REGISTRY.function(np.broadcast_to)
def broadcast_to(ctx: Lowering, array: Ref, shape: Ref) -> Ref:
    """``np.broadcast_to``."""
    source = as_operand(ctx, array)
    value = ctx.value(source)
    dims = tuple(size.size or 0 for size in common.shape_argument(ctx, shape))
    what = "np.broadcast_to: the shapes do not fit"
    return common.seen_through(ctx, source, arithmetic.broadcast_to(ctx, value, dims, what))


@REGISTRY.function(np.broadcast_arrays)
def broadcast_arrays(ctx: Lowering, *args: Ref) -> Ref:
    """``np.broadcast_arrays``."""
    refs = [as_operand(ctx, arg) for arg in args]
    what = "the arrays"
    shape = arithmetic.shape_together(ctx, [ctx.shape(ref) for ref in refs], what)
    values = [arithmetic.broadcast_to(ctx, ctx.value(ref), shape, what) for ref in refs]
    return Tuple(
        tuple(common.seen_through(ctx, ref, value) for ref, value in zip(refs, values, strict=True))
    )


@REGISTRY.function(np.broadcast_shapes)
def broadcast_shapes(ctx: Lowering, *args: Ref) -> Ref:
    """``np.broadcast_shapes``."""
    given = [common.shape_argument(ctx, arg) for arg in args]
    dims = [tuple(size.size or 0 for size in sizes) for sizes in given]
    shape = arithmetic.shape_together(ctx, dims, "the shapes")
    return Tuple(tuple(ctx.dim(dim) for dim in shape))


# -- joining ------------------------------------------------------------------------------------


@REGISTRY.function(np.stack)
def stack(
    ctx: Lowering,
    arrays: Ref,
    axis: Ref = ZERO,
    *,
    dtype: Ref = NONE,
    casting: Ref = SAME_KIND,
) -> Ref:
    """``np.stack``."""
    whole = _whole(ctx, arrays)
    if whole is not None:
        along = Constant(common.one_axis(ctx, axis, whole.type.rank))
        return _with_dtype(ctx, ctx.library(stack_of_one, whole, along), dtype, casting)
    items = [as_operand(ctx, item) for item in sequences.elements(ctx, arrays, "the arrays")]
    if not items:
        raise shapes("np.stack needs at least one array")
    rank = len(ctx.shape(items[0])) + 1
    kind = _joined_dtype(ctx, items, dtype, casting)
    return common.stacked(ctx, items, common.one_axis(ctx, axis, rank), kind)


@REGISTRY.function(np.concatenate, np.concat)
def concatenate(
    ctx: Lowering,
    arrays: Ref,
    axis: Ref = ZERO,
    *,
    dtype: Ref = NONE,
    casting: Ref = SAME_KIND,
) -> Ref:
    """``np.concatenate``; an axis of None lays all elements end to end."""
    whole = _whole(ctx, arrays)
    if whole is not None and is_none(axis):
        return _with_dtype(ctx, flatten(ctx, whole), dtype, casting)
    if whole is not None:
        if whole.type.rank < 2:
            raise shapes("arrays without axes cannot be concatenated")
        along = Constant(common.one_axis(ctx, axis, whole.type.rank - 1))
        return _with_dtype(ctx, ctx.library(of_one, whole, along), dtype, casting)
    given = sequences.elements(ctx, arrays, "the arrays")
    if is_none(axis):
        given, axis = [ravel(ctx, item) for item in given], ZERO
    if not given:
        raise shapes("np.concatenate needs at least one array")
    parts = [as_array(ctx, item) for item in given]
    return _joined(ctx, parts, _joined_dtype(ctx, parts, dtype, casting), axis)


def _whole(ctx: Lowering, arrays: Ref) -> Array | None:
    """An array whose parts along its first axis are to be joined; None for what lists them."""
    if not (isinstance(arrays, Array | Generated) or is_listed(arrays)):
        return None
    whole = as_operand(ctx, arrays)
    return whole if isinstance(whole, Array) and whole.type.rank else None


def _with_dtype(ctx: Lowering, made: Ref, dtype: Ref, casting: Ref) -> Ref:
    assert isinstance(made, Array)
    return ctx.result(ctx.value(made, _joined_dtype(ctx, [made], dtype, casting)))


def _joined_dtype(ctx: Lowering, parts: Sequence[Ref], dtype: Ref, casting: Ref) -> DType:
    """What arrays have in common, or the dtype that is asked for and that each of them becomes."""
    if is_none(dtype):
        return promote(ctx.kind(part) for part in parts).dtype
    wanted, rule = ctx.dtype(dtype), casting_of(ctx, casting)
    for part in parts:
        own = ctx.kind(part).dtype
        if not becomes(own, wanted, rule):
            raise shapes(
                f"an array of {own.numpy_name} does not become one of {wanted.numpy_name} with"
                f" casting={rule!r}",
                "convert it: `x.astype(...)`",
            )
    return wanted


def _joined(ctx: Lowering, parts: Sequence[Array], dtype: DType, axis: Ref) -> Ref:
    values = [ctx.value(part, dtype) for part in parts]
    first = values[0].type
    along = common.one_axis(ctx, axis, first.rank)
    if any(value.type.rank != first.rank for value in values):
        raise shapes("arrays to be concatenated must have the same number of axes")
    what = "arrays to be concatenated differ in the other axes"
    starts, total = [], ctx.builder.const(0)
    for value in values:
        starts.append(total)
        total = ctx.builder.integer(ADD, total, ctx.size(value.type.shape[along]))
    shape = tuple((total.size or 0) if k == along else dim for k, dim in enumerate(first.shape))
    joined = common.empty(ctx, shape, dtype, "joined")
    spec = tuple(SLICE if k == along else ALL for k in range(first.rank))
    for start, value in zip(starts, values, strict=True):
        own = value.type.shape[along]
        wanted = tuple(own if k == along else dim for k, dim in enumerate(first.shape))
        fitted = arithmetic.expect_shape(ctx, value, wanted, what)
        operands = (start, ctx.size(own), ctx.builder.const(1))
        joined = ctx.emit(PUT, (joined, fitted, *operands), {"spec": spec}, "joined")
    return ctx.result(joined)


# -- order --------------------------------------------------------------------------------------


@REGISTRY.function(np.flip)
def flip(ctx: Lowering, m: Ref, axis: Ref = NONE) -> Ref:
    """``np.flip``: a view with the elements in reverse order."""
    array = as_operand(ctx, m)
    if not isinstance(array, Array):
        return _without_axes(ctx, array, axis)
    axes = common.axes_of(ctx, axis, array.type)
    backwards = Slice(NONE, NONE, Constant(-1))
    items = [backwards if k in axes else indexing.FULL for k in range(array.type.rank)]
    return indexing.subscript(ctx, array, Tuple(tuple(items)), "np.flip")

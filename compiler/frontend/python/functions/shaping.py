"""Functions that rearrange arrays: views where NumPy makes views, copies where it copies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradc.frontend.python import arithmetic, indexing, sequences, slices, views
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import promote
from gradc.frontend.python.refs import NONE, Array, Constant, Ref, Slice, Step, Tuple
from gradc.ir.core import Value
from gradc.ir.types import Dim
from gradc.prims.arithmetic import ADD, FLOORDIV
from gradc.prims.index import ALL, AT, PUT, SLICE

REGISTRY = Registry()

ZERO, ONE = Constant(0), Constant(1)


def as_array(ctx: Lowering, ref: Ref) -> Array:
    """The operand as an array object."""
    ref = as_operand(ctx, ref)
    if isinstance(ref, Array):
        return ref
    raise shapes(f"an array belongs here, not {ctx.describe(ref)}")


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


@REGISTRY.function(np.transpose)
def transpose(ctx: Lowering, a: Ref, axes: Ref = NONE) -> Ref:
    """``np.transpose``."""
    array = as_array(ctx, a)
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
    """``np.moveaxis`` of one axis."""
    array = as_array(ctx, a)
    perm = list(range(array.type.rank))
    start, end = (common.one_axis(ctx, axis, len(perm)) for axis in (source, destination))
    perm.insert(end, perm.pop(start))
    return permuted(ctx, array, perm)


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
def reshape(ctx: Lowering, a: Ref, shape: Ref) -> Ref:
    """``np.reshape``."""
    ref = as_operand(ctx, a)
    array = ref if isinstance(ref, Array) else _boxed(ctx, ref)
    sizes = common.shape_argument(ctx, shape, unknown=True)
    return reshaped(ctx, array, _with_unknown(ctx, array, sizes))


def _boxed(ctx: Lowering, ref: Ref) -> Array:
    """A number as an array of one element."""
    boxed = common.stacked(ctx, [ref], 0)
    assert isinstance(boxed, Array)
    return boxed


@REGISTRY.method("reshape")
def reshape_method(ctx: Lowering, owner: Ref, *shape: Ref) -> Ref:
    """``x.reshape(...)``."""
    return reshape(ctx, owner, shape[0] if len(shape) == 1 else Tuple(shape))


@REGISTRY.function(np.ravel)
@REGISTRY.method("ravel")
def ravel(ctx: Lowering, a: Ref) -> Ref:
    """``np.ravel``."""
    return reshape(ctx, a, Constant(-1))


@REGISTRY.method("flatten")
def flatten(ctx: Lowering, owner: Ref) -> Ref:
    """``x.flatten()``: always a copy."""
    flat = ravel(ctx, owner)
    return ctx.copied(flat) if isinstance(flat, Array) else flat


@REGISTRY.function(np.expand_dims)
def expand_dims(ctx: Lowering, a: Ref, axis: Ref) -> Ref:
    """``np.expand_dims``."""
    array = as_array(ctx, a)
    shape: list[Dim] = list(array.type.shape)
    shape.insert(common.one_axis(ctx, axis, len(shape) + 1), 1)
    return _with_axes(ctx, array, shape)


def _with_axes(ctx: Lowering, array: Array, shape: Sequence[Dim]) -> Ref:
    """The view with axes of size 1 more or less: a view also where elements are not in order."""
    sizes = [ctx.size(dim) for dim in shape]
    return indexing.extended(ctx, array, views.reshape_step(array.type, sizes))


@REGISTRY.function(np.squeeze)
@REGISTRY.method("squeeze")
def squeeze(ctx: Lowering, a: Ref, axis: Ref = NONE) -> Ref:
    """``np.squeeze``: axes that are known to have size 1 go away."""
    array = as_array(ctx, a)
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
    return ctx.seen_through(source, arithmetic.broadcast_to(ctx, value, dims, what))


# -- joining ------------------------------------------------------------------------------------


@REGISTRY.function(np.stack)
def stack(ctx: Lowering, arrays: Ref, axis: Ref = ZERO) -> Ref:
    """``np.stack``."""
    items = sequences.elements(ctx, arrays, "the arrays")
    rank = len(ctx.shape(as_operand(ctx, items[0]))) + 1
    return common.stacked(ctx, items, common.one_axis(ctx, axis, rank))


@REGISTRY.function(np.concatenate)
def concatenate(ctx: Lowering, arrays: Ref, axis: Ref = ZERO) -> Ref:
    """``np.concatenate``."""
    parts = [as_array(ctx, item) for item in sequences.elements(ctx, arrays, "the arrays")]
    dtype = promote(ctx.kind(part) for part in parts).dtype
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


@REGISTRY.function(np.vstack)
def vstack(ctx: Lowering, tup: Ref) -> Ref:
    """``np.vstack``."""
    items = sequences.elements(ctx, tup, "the arrays")
    if all(len(ctx.shape(as_operand(ctx, item))) == 1 for item in items):
        return common.stacked(ctx, items, 0)
    return concatenate(ctx, tup)


@REGISTRY.function(np.hstack)
def hstack(ctx: Lowering, tup: Ref) -> Ref:
    """``np.hstack``."""
    items = sequences.elements(ctx, tup, "the arrays")
    if all(not ctx.shape(as_operand(ctx, item)) for item in items):
        return common.stacked(ctx, items, 0)
    flat = all(len(ctx.shape(as_operand(ctx, item))) == 1 for item in items)
    return concatenate(ctx, tup, ZERO if flat else ONE)


@REGISTRY.function(np.column_stack)
def column_stack(ctx: Lowering, tup: Ref) -> Ref:
    """``np.column_stack`` of vectors."""
    items = sequences.elements(ctx, tup, "the arrays")
    return common.stacked(ctx, items, 1)


# -- order --------------------------------------------------------------------------------------


@REGISTRY.function(np.flip)
def flip(ctx: Lowering, m: Ref, axis: Ref = NONE) -> Ref:
    """``np.flip``: a view with the elements in reverse order."""
    array = as_array(ctx, m)
    axes = common.axes_of(ctx, axis, array.type)
    backwards = Slice(NONE, NONE, Constant(-1))
    items = [backwards if k in axes else indexing.FULL for k in range(array.type.rank)]
    return indexing.subscript(ctx, array, Tuple(tuple(items)), "np.flip")

"""NumPy functions that are loops: accumulations, triangles, searching, interpolation."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from gradc.frontend.python import advanced, indexing, library
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, is_none
from gradc.frontend.python.functions.linalg import diagonal_value
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.functions.shaping import as_array, permuted, ravel
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import as_float
from gradc.frontend.python.refs import NONE, Array, Constant, Ref, Slice, Tuple
from gradc.ir.types import DType

REGISTRY = Registry()

ZERO, ONE, LAST = Constant(0), Constant(1), Constant(-1)


def _front(ctx: Lowering, array: Array, axis: int) -> Ref:
    """The array with an axis brought to the front."""
    others = [k for k in range(array.type.rank) if k != axis]
    return permuted(ctx, array, [axis, *others])


def _back(ctx: Lowering, ref: Ref, axis: int) -> Ref:
    """The opposite of `_front`."""
    if not isinstance(ref, Array):
        return ref
    perm = list(range(1, ref.type.rank))
    perm.insert(axis, 0)
    return permuted(ctx, ref, perm)


def _along(ctx: Lowering, function: object, a: Ref, axis: Ref, *args: Ref) -> Ref:
    """Apply a function of the library along an axis; None means the elements in one axis."""
    array = as_array(ctx, a)
    if array.type.dtype is DType.BOOL:
        array = as_array(ctx, ctx.result(ctx.value(array, DType.INT)))
    if is_none(axis):
        flat = array if array.type.rank == 1 else ravel(ctx, array)
        return ctx.library(function, flat, *args)  # type: ignore[arg-type]
    place = common.one_axis(ctx, axis, array.type.rank)
    return _back(ctx, ctx.library(function, _front(ctx, array, place), *args), place)  # type: ignore[arg-type]


def _sliced(ctx: Lowering, ref: Ref, axis: int, part: Slice) -> Ref:
    items: list[Ref] = [indexing.FULL] * len(ctx.shape(ref))
    items[axis] = part
    return indexing.subscript(ctx, ref, Tuple(tuple(items)), "a slice")


def _matrix(ctx: Lowering, ref: Ref, title: str) -> Array:
    array = as_array(ctx, ref)
    if array.type.rank != 2:
        raise shapes(f"{title} takes a matrix, not {ctx.describe(array)}")
    return array


@REGISTRY.function(np.tril)
def tril(ctx: Lowering, m: Ref, k: Ref = ZERO) -> Ref:
    """``np.tril``."""
    return ctx.library(library.lower_triangle, _matrix(ctx, m, "np.tril"), k)


@REGISTRY.function(np.triu)
def triu(ctx: Lowering, m: Ref, k: Ref = ZERO) -> Ref:
    """``np.triu``."""
    return ctx.library(library.upper_triangle, _matrix(ctx, m, "np.triu"), k)


@REGISTRY.function(np.diag)
def diag(ctx: Lowering, v: Ref) -> Ref:
    """``np.diag``: the matrix of a diagonal, or the diagonal of a matrix."""
    array = as_array(ctx, v)
    if array.type.rank == 1:
        return ctx.library(library.diagonal_matrix, array)
    return diagonal(ctx, array)


@REGISTRY.function(np.diagonal)
@REGISTRY.method("diagonal")
def diagonal(ctx: Lowering, a: Ref) -> Ref:
    """``np.diagonal`` of a matrix."""
    matrix = _matrix(ctx, a, "np.diagonal")
    return ctx.seen_through(matrix, diagonal_value(ctx, ctx.value(matrix)))


@REGISTRY.function(np.roll)
def roll(ctx: Lowering, a: Ref, shift: Ref, axis: Ref = NONE) -> Ref:
    """``np.roll``."""
    array = as_array(ctx, a)
    if is_none(axis) and array.type.rank > 1:
        raise RefusedError("np.roll of a matrix needs an axis", "np.roll(x, shift, axis=0)")
    return _along(ctx, library.rolled, array, ZERO if is_none(axis) else axis, shift)


@REGISTRY.function(np.repeat)
@REGISTRY.method("repeat")
def repeat(ctx: Lowering, a: Ref, repeats: Ref, axis: Ref = NONE) -> Ref:
    """``np.repeat`` with one count for all."""
    return _along(ctx, library.repeated, a, axis, repeats)


@REGISTRY.function(np.tile)
def tile(ctx: Lowering, A: Ref, reps: Ref) -> Ref:
    """``np.tile`` of a vector."""
    array = as_array(ctx, A)
    if array.type.rank != 1 or ctx.shape(as_operand(ctx, reps)):
        raise RefusedError("np.tile is supported for vectors", "use np.concatenate")
    return ctx.library(library.tiled, array, reps)


@REGISTRY.function(np.interp)
def interp(ctx: Lowering, x: Ref, xp: Ref, fp: Ref) -> Ref:
    """``np.interp``."""
    points, values = as_array(ctx, xp), as_array(ctx, fp)
    at = as_operand(ctx, x)
    at = ctx.result(ctx.value(at, as_float(ctx.kind(at)).dtype))
    single = not isinstance(at, Array)
    found = library.interpolated if single else library.interpolated_points
    return ctx.library(found, at, points, values)


def _vector(ctx: Lowering, ref: Ref, title: str) -> Array:
    array = as_array(ctx, ref)
    if array.type.rank != 1:
        raise shapes(f"{title} takes a vector, not {ctx.describe(array)}")
    return array


# -- index arrays -------------------------------------------------------------------------------


@REGISTRY.function(np.take)
@REGISTRY.method("take")
def take(ctx: Lowering, a: Ref, indices: Ref, axis: Ref = NONE) -> Ref:
    """``np.take``."""
    array = as_array(ctx, a)
    place = 0
    if is_none(axis):
        array = as_array(ctx, ravel(ctx, array))
    else:
        place = common.one_axis(ctx, axis, array.type.rank)
    items: list[Ref] = [indexing.FULL] * array.type.rank
    items[place] = as_operand(ctx, indices)
    return indexing.subscript(ctx, array, Tuple(tuple(items)), "np.take")


@REGISTRY.function(np.add.at)
def add_at(ctx: Lowering, a: Ref, indices: Ref, b: Ref) -> Ref:
    """``np.add.at``: every addition counts, also several to one element."""
    array = as_array(ctx, a)
    items = [as_operand(ctx, item) for item in indexing.index_items(indices)]
    if advanced.is_advanced(ctx, items):
        advanced.add_at(ctx, array, items, as_operand(ctx, b))
    else:
        ctx.augment(array, Tuple(tuple(items)), ast.Add(), b)
    return NONE


@REGISTRY.function(np.flatnonzero)
def flatnonzero(ctx: Lowering, a: Ref) -> Ref:
    """``np.flatnonzero``."""
    return _where_true(ctx, ravel(ctx, a))[0]


@REGISTRY.function(np.nonzero)
@REGISTRY.method("nonzero")
def nonzero(ctx: Lowering, a: Ref) -> Ref:
    """``np.nonzero``."""
    return Tuple(tuple(_where_true(ctx, a)))


def _where_true(ctx: Lowering, a: Ref) -> Sequence[Ref]:
    test = ctx.call(Constant(np.not_equal), (as_array(ctx, a), ZERO), {}, None)
    return advanced.positions(ctx, as_array(ctx, test))

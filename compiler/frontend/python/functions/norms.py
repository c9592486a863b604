"""Norms of vectors and matrices, condition numbers, ranks.

The derivative of a 2-norm, a Frobenius norm and a p-norm with p > 1 at zero is zero. Where an
extremum is taken (the norms 1 and infinity of matrices, the infinity norm of vectors), elements
that tie share the derivative.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, axes_of, is_none
from gradc.frontend.python.functions.decompositions import singular_parts
from gradc.frontend.python.functions.elementwise import magnitude
from gradc.frontend.python.functions.reductions import keeps, reduced
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.functions.solving import checked_matrix, float_arrays, inv, relative_cut
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import as_float
from gradc.frontend.python.refs import NONE, Constant, Ref
from gradc.ir.core import Primitive, Value
from gradc.ir.types import DType
from gradc.prims.arithmetic import CAST, DIV, IPOW, MUL, POW, ROOT
from gradc.prims.compare import EQ, GT, NE, SELECT
from gradc.prims.shape import MAX, MIN, SUM, TRANSPOSE

REGISTRY = Registry()

FALSE, TWO, FROBENIUS = Constant(False), Constant(2), Constant("fro")
LAST_TWO = Constant((-2, -1))


@REGISTRY.function(np.linalg.norm, "scipy.linalg.norm")
def norm(
    ctx: Lowering,
    x: Ref,
    ord: Ref = NONE,
    axis: Ref = NONE,
    keepdims: Ref = FALSE,
    check_finite: Ref = NONE,
) -> Ref:
    """``np.linalg.norm``: of a vector, of a matrix, or without order of all elements."""
    x = as_operand(ctx, x)
    value = ctx.value(x, as_float(ctx.kind(x)).dtype)
    order = ctx.constant(ord, "the order of the norm")
    keep = keeps(ctx, keepdims)
    given = ctx.constant(axis, "the axis")
    if order is None and given is None:
        return _result(ctx, _two_norm(ctx, value, axes_of(ctx, axis, value.type), keep))
    axes = tuple(range(value.type.rank)) if given is None else _listed(given, value.type.rank)
    if len(axes) == 1:
        return _result(ctx, _vector_norm(ctx, value, axes, 2 if order is None else order, keep))
    if len(axes) == 2:
        return _result(ctx, _matrix_norm(ctx, value, axes, order, keep))
    raise shapes("np.linalg.norm with an order is for vectors and matrices: name one axis or two")


def _listed(axis: Any, rank: int) -> tuple[int, ...]:
    listed = axis if isinstance(axis, tuple | list) else (axis,)
    found = tuple(common.normal_axis(one, rank) for one in listed)
    if len(set(found)) != len(found):
        raise shapes(f"an axis is named twice in {axis!r}")
    return found


def _result(ctx: Lowering, value: Value) -> Ref:
    return ctx.result(value, name="norm")


def _two_norm(ctx: Lowering, value: Value, axes: Sequence[int], keep: bool) -> Value:
    squares = ctx.emit(IPOW, (value,), {"n": 2})
    total = reduced(ctx, SUM, squares, tuple(sorted(axes)), keep)
    return ctx.emit(ROOT, (total,), None, "norm")


def _sizes_of_elements(ctx: Lowering, value: Value) -> Value:
    return ctx.value(magnitude(ctx, ctx.result(value)))


def _vector_norm(
    ctx: Lowering, value: Value, axes: tuple[int, ...], order: Any, keep: bool
) -> Value:
    if isinstance(order, str) or not isinstance(order, int | float):
        raise shapes(f"{order!r} is no order of the norm of a vector")
    if order == 2:
        return _two_norm(ctx, value, axes, keep)
    if order == 0:
        zero = _like(ctx, 0.0, value)
        counted = ctx.cast(ctx.emit(NE, (value, zero)), value.type.dtype)
        return reduced(ctx, SUM, counted, axes, keep)
    sizes = _sizes_of_elements(ctx, value)
    if order in (np.inf, -np.inf):
        return reduced(ctx, MAX if order > 0 else MIN, sizes, axes, keep)
    if order == 1:
        return reduced(ctx, SUM, sizes, axes, keep)
    powers = ctx.emit(POW, (sizes, _like(ctx, float(order), sizes)))
    total = reduced(ctx, SUM, powers, axes, keep)
    return _root(ctx, total, float(order))


def _root(ctx: Lowering, total: Value, order: float) -> Value:
    """The root of a sum of powers; its derivative at zero is zero."""
    zero, one = _like(ctx, 0.0, total), _like(ctx, 1.0, total)
    vanishes = ctx.emit(EQ, (total, zero))
    safe = ctx.emit(SELECT, (vanishes, one, total))
    root = ctx.emit(POW, (safe, _like(ctx, 1.0 / order, total)))
    return ctx.emit(SELECT, (vanishes, zero, root), None, "norm")


def _like(ctx: Lowering, number: float, value: Value) -> Value:
    constant = ctx.builder.const(number, value.type.dtype)
    return arithmetic.broadcast_to(ctx, constant, value.type.shape, "")


def _matrix_norm(
    ctx: Lowering, value: Value, axes: tuple[int, ...], order: Any, keep: bool
) -> Value:
    if order is None or order == "fro":
        return _two_norm(ctx, value, axes, keep)
    rows, columns = axes
    if 0 in (value.type.shape[rows], value.type.shape[columns]) and order in (1, 2, np.inf):
        return reduced(ctx, SUM, value, axes, keep)  # 0, as in NumPy
    if order in (1, -1, np.inf, -np.inf):
        summed, other = (rows, columns) if abs(order) == 1 else (columns, rows)
        sizes = _sizes_of_elements(ctx, value)
        sums = reduced(ctx, SUM, sizes, (summed,), True)
        best = reduced(ctx, MAX if order > 0 else MIN, sums, (other,), True)
        return best if keep else _without(ctx, best, axes)
    if order not in (2, -2, "nuc"):
        raise shapes(f"{order!r} is no order of the norm of a matrix")
    others = [k for k in range(value.type.rank) if k not in axes]
    moved = ctx.emit(TRANSPOSE, (value,), {"perm": (*others, *axes)}, value.name)
    values = singular_parts(ctx, moved)[1]
    prim: Primitive = SUM if order == "nuc" else MAX if order == 2 else MIN
    found = reduced(ctx, prim, values, (values.type.rank - 1,))
    return common.with_kept_axes(ctx, found, value.type, axes) if keep else found


def _without(ctx: Lowering, value: Value, axes: Sequence[int]) -> Value:
    kept = tuple(dim for k, dim in enumerate(value.type.shape) if k not in axes)
    return arithmetic.reshaped(ctx, value, kept)


@REGISTRY.function(np.linalg.vector_norm)
def vector_norm(
    ctx: Lowering, x: Ref, /, *, axis: Ref = NONE, keepdims: Ref = FALSE, ord: Ref = TWO
) -> Ref:
    """``np.linalg.vector_norm``: over one axis, or over all elements."""
    x = as_operand(ctx, x)
    value = ctx.value(x, as_float(ctx.kind(x)).dtype)
    order = ctx.constant(ord, "the order of the norm")
    axes = axes_of(ctx, axis, value.type)
    return _result(ctx, _vector_norm(ctx, value, axes, order, keeps(ctx, keepdims)))


@REGISTRY.function(np.linalg.matrix_norm)
def matrix_norm(ctx: Lowering, x: Ref, /, *, keepdims: Ref = FALSE, ord: Ref = FROBENIUS) -> Ref:
    """``np.linalg.matrix_norm``: over the last two axes."""
    return norm(ctx, x, ord, LAST_TWO, keepdims)


@REGISTRY.function(np.linalg.cond)
def cond(ctx: Lowering, x: Ref, p: Ref = NONE) -> Ref:
    """``np.linalg.cond``: the ratio of singular values, or a norm times that of the inverse."""
    order = ctx.constant(p, "the order of the norm")
    if order in (None, 2, -2):
        (value,) = float_arrays(ctx, x)
        values = singular_parts(ctx, checked_matrix(ctx, value, "np.linalg.cond"))[1]
        last = (values.type.rank - 1,)
        pair = [ctx.emit(prim, (values,), {"axes": last}) for prim in (MAX, MIN)]
        return ctx.result(ctx.emit(DIV, pair if order != -2 else pair[::-1], None, "cond"))
    sizes = [norm(ctx, ref, p, LAST_TWO) for ref in (x, inv(ctx, x))]
    return arithmetic.binary(ctx, ast.Mult, sizes[0], sizes[1], "np.linalg.cond")


@REGISTRY.function(np.linalg.matrix_rank)
def matrix_rank(
    ctx: Lowering, A: Ref, tol: Ref = NONE, hermitian: Ref = FALSE, *, rtol: Ref = NONE
) -> Ref:
    """``np.linalg.matrix_rank``: a constant."""
    (value,) = float_arrays(ctx, A)
    if value.type.rank < 2:
        raise RefusedError(
            "np.linalg.matrix_rank of a vector is not supported", "use np.any(x != 0)"
        )
    if ctx.constant(hermitian, "hermitian") or not is_none(tol):
        raise RefusedError(
            "np.linalg.matrix_rank takes a matrix and rtol here", "leave out tol and hermitian"
        )
    return ctx.result(rank_of(ctx, value, singular_parts(ctx, value)[1], rtol))


def rank_of(ctx: Lowering, matrix: Value, values: Value, rtol: Ref) -> Value:
    """How many singular values are not negligible."""
    last = (values.type.rank - 1,)
    largest = ctx.emit(MAX, (values,), {"axes": last, "empty": True})
    cut = ctx.emit(MUL, (largest, _spread(ctx, relative_cut(ctx, matrix, rtol), largest)))
    shape = (*cut.type.shape, 1)
    wide = arithmetic.broadcast_to(
        ctx, arithmetic.reshaped(ctx, cut, shape), values.type.shape, "np.linalg.matrix_rank"
    )
    counted = ctx.emit(CAST, (ctx.emit(GT, (values, wide)),), {"dtype": DType.INT})
    return ctx.emit(SUM, (counted,), {"axes": last}, "rank")


def _spread(ctx: Lowering, number: Value, like: Value) -> Value:
    return arithmetic.broadcast_to(ctx, number, like.type.shape, "")

"""Pseudoinverses and least squares."""

from __future__ import annotations

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import is_none
from gradc.frontend.python.functions.decompositions import singular_parts
from gradc.frontend.python.functions.norms import rank_of
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.functions.solving import (
    MATRIX,
    checked_matrix,
    epsilon,
    float_arrays,
    relative_cut,
)
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Conflict, Constant, Ref, Tuple
from gradc.ir.core import Value
from gradc.prims.integers import IMIN
from gradc.prims.linalg import MATMUL
from gradc.prims.pseudoinverse import PINV

REGISTRY = Registry()

FALSE, MISSING = Constant(False), Constant(None)


def pseudoinverse(ctx: Lowering, matrix: Value, cut: Value) -> Value:
    """The pseudoinverse of a matrix, or of each of a stack."""
    rows, columns = (ctx.size(dim) for dim in matrix.type.shape[-2:])
    return ctx.emit(PINV, (matrix, ctx.builder.integer(IMIN, rows, columns), cut))


@REGISTRY.function(np.linalg.pinv)
def pinv(
    ctx: Lowering, a: Ref, rcond: Ref = NONE, hermitian: Ref = FALSE, *, rtol: Ref = MISSING
) -> Ref:
    """``np.linalg.pinv``; singular values below `rcond` times the largest one count as zero."""
    (value,) = float_arrays(ctx, a)
    if ctx.constant(hermitian, "hermitian"):
        raise RefusedError("np.linalg.pinv with hermitian=True is not supported", "leave it out")
    matrix = checked_matrix(ctx, value, "np.linalg.pinv")
    if not is_none(rcond):
        cut = relative_cut(ctx, matrix, rcond)
    elif rtol is MISSING:
        cut = ctx.builder.const(1e-15, matrix.type.dtype)
    else:
        cut = relative_cut(ctx, matrix, rtol)
    return ctx.result(pseudoinverse(ctx, matrix, cut))


@REGISTRY.function(np.linalg.lstsq)
def lstsq(ctx: Lowering, a: Ref, b: Ref, rcond: Ref = NONE) -> Ref:
    """``np.linalg.lstsq``: the solution of least norm, the rank and the singular values.

    Whether there are residuals depends on the rank, so they are refused where they are read.
    """
    matrix, side = float_arrays(ctx, a, b)
    if matrix.type.rank != MATRIX or side.type.rank not in (1, MATRIX):
        raise shapes("np.linalg.lstsq takes a matrix, and a vector or matrix")
    wanted = (matrix.type.shape[0], *side.type.shape[1:])
    side = arithmetic.expect_shape(ctx, side, wanted, "np.linalg.lstsq: the rows do not fit")
    if isinstance(rcond, Constant) and rcond.value == -1:
        cut = ctx.builder.const(epsilon(matrix.type.dtype), matrix.type.dtype)
    else:
        cut = relative_cut(ctx, matrix, rcond)
    solution = ctx.emit(MATMUL, (pseudoinverse(ctx, matrix, cut), side), None, "x")
    values = singular_parts(ctx, matrix)[1]
    residuals = Conflict(
        "the residuals of np.linalg.lstsq depend on the rank of the matrix",
        "compute them: np.sum((b - a @ x)**2, axis=0)",
    )
    rank = ctx.result(rank_of(ctx, matrix, values, rcond))
    return Tuple((ctx.result(solution), residuals, rank, ctx.result(values)))

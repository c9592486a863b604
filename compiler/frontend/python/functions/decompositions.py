"""Decompositions of matrices: Cholesky, QR, eigenvalues, singular values."""

from __future__ import annotations

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.functions.solving import (
    checked_matrix,
    float_arrays,
    named_results,
    result_type,
    square_matrix,
)
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import Constant, Ref, Struct, Tuple
from gradc.frontend.python.written import reflections
from gradc.ir.core import Value
from gradc.prims.arithmetic import SUB
from gradc.prims.decompositions import CHOLESKY, EIGH, QR, SVD
from gradc.prims.full_svd import SVD_FULL
from gradc.prims.index import ALL, GET, PUT, SLICE
from gradc.prims.integers import IMIN
from gradc.prims.linalg import product, transposed
from gradc.prims.shape import EMPTY
from gradc.prims.trace import Var

REGISTRY = Registry()

FALSE, TRUE = Constant(False), Constant(True)
LOWER, REDUCED = Constant("L"), Constant("reduced")

QR_RESULT = result_type(np.linalg.qr, np.eye(1))
EIGH_RESULT = result_type(np.linalg.eigh, np.eye(1))
SVD_RESULT = result_type(np.linalg.svd, np.eye(1))


@REGISTRY.function(np.linalg.cholesky)
def cholesky(ctx: Lowering, a: Ref, *, upper: Ref = FALSE) -> Ref:
    """``np.linalg.cholesky``."""
    (value,) = float_arrays(ctx, a)
    matrix = square_matrix(ctx, value, "np.linalg.cholesky")
    lower = not ctx.constant(upper, "upper")
    return ctx.result(ctx.emit(CHOLESKY, (matrix,), {"lower": lower}))


@REGISTRY.function(np.linalg.qr)
def qr(ctx: Lowering, a: Ref, mode: Ref = REDUCED) -> Ref:
    """``np.linalg.qr``: reduced by LAPACK, the other modes by loops over its reflections."""
    wanted = ctx.constant(mode, "the mode of np.linalg.qr")
    if wanted not in ("reduced", "r", "complete", "raw"):
        raise shapes(f"np.linalg.qr has no mode {wanted!r}", "reduced, complete, r or raw")
    (value,) = float_arrays(ctx, a)
    matrix = checked_matrix(ctx, value, "np.linalg.qr")
    if wanted == "raw":
        return ctx.library(reflections.raw, ctx.result(matrix))
    if wanted == "complete":
        made = ctx.library(reflections.complete, ctx.result(matrix))
        assert isinstance(made, Tuple)
        return Struct(QR_RESULT, dict(zip("QR", made.items, strict=True)))
    q, r = _qr(ctx, matrix)
    return ctx.result(r) if wanted == "r" else named_results(ctx, QR_RESULT, (q, r))


def _qr(ctx: Lowering, matrix: Value) -> tuple[Value, Value]:
    """The reduced QR decomposition: of the leading columns where there are more than rows.

    Of those the primitive has the derivative; the other columns of R are ``Q.T @ A``.
    """
    *stack, rows, columns = matrix.type.shape
    least = ctx.builder.integer(IMIN, ctx.size(rows), ctx.size(columns))
    if least.size == columns:
        q, r = ctx.builder.emit_all(QR, (matrix,))
        return q, r
    zero, one = ctx.builder.const(0), ctx.builder.const(1)
    spec = (*(ALL for _ in stack), ALL, SLICE)
    front = (zero, least, one)
    rest = (least, ctx.builder.integer(SUB, ctx.size(columns), least), one)
    q, r = ctx.builder.emit_all(QR, (ctx.emit(GET, (matrix, *front), {"spec": spec}),))
    others = Var(ctx.builder, ctx.emit(GET, (matrix, *rest), {"spec": spec}))
    sizes = [ctx.size(dim) for dim in (*stack, least.size or 0, columns)]
    whole = ctx.emit(EMPTY, sizes, {"dtype": matrix.type.dtype}, "r")
    whole = ctx.emit(PUT, (whole, r, *front), {"spec": spec}, "r")
    beyond = product(transposed(Var(ctx.builder, q)), others).value
    return q, ctx.emit(PUT, (whole, beyond, *rest), {"spec": spec}, "r")


def _eigh(ctx: Lowering, a: Ref, uplo: Ref, title: str) -> tuple[Value, ...]:
    (value,) = float_arrays(ctx, a)
    side = ctx.constant(uplo, "UPLO")
    if side not in ("L", "U", "l", "u"):
        raise shapes(f"{title}: UPLO is 'L' or 'U', not {side!r}")
    params = {"lower": side in ("L", "l")}
    return ctx.builder.emit_all(EIGH, (square_matrix(ctx, value, title),), params)


@REGISTRY.function(np.linalg.eigh)
def eigh(ctx: Lowering, a: Ref, UPLO: Ref = LOWER) -> Ref:
    """``np.linalg.eigh``."""
    return named_results(ctx, EIGH_RESULT, _eigh(ctx, a, UPLO, "np.linalg.eigh"))


@REGISTRY.function(np.linalg.eigvalsh)
def eigvalsh(ctx: Lowering, a: Ref, UPLO: Ref = LOWER) -> Ref:
    """``np.linalg.eigvalsh``."""
    return ctx.result(_eigh(ctx, a, UPLO, "np.linalg.eigvalsh")[0])


def singular_parts(ctx: Lowering, matrix: Value) -> tuple[Value, Value, Value]:
    """The reduced singular value decomposition of a matrix, or of each of a stack."""
    rows, columns = (ctx.size(dim) for dim in matrix.type.shape[-2:])
    u, s, vh = ctx.builder.emit_all(SVD, (matrix, ctx.builder.integer(IMIN, rows, columns)))
    return u, s, vh


@REGISTRY.function(np.linalg.svd)
def svd(
    ctx: Lowering,
    a: Ref,
    full_matrices: Ref = TRUE,
    compute_uv: Ref = TRUE,
    hermitian: Ref = FALSE,
) -> Ref:
    """``np.linalg.svd``: vectors that the matrix does not determine have no derivative."""
    (value,) = float_arrays(ctx, a)
    matrix = checked_matrix(ctx, value, "np.linalg.svd")
    if ctx.constant(hermitian, "hermitian"):
        raise RefusedError(
            "np.linalg.svd with hermitian=True is not supported", "use np.linalg.eigh"
        )
    if not ctx.constant(compute_uv, "compute_uv"):
        return ctx.result(singular_parts(ctx, matrix)[1])
    parts = _full_parts if ctx.constant(full_matrices, "full_matrices") else singular_parts
    return named_results(ctx, SVD_RESULT, parts(ctx, matrix))


def _full_parts(ctx: Lowering, matrix: Value) -> tuple[Value, Value, Value]:
    """All singular vectors; the reduced decomposition is that of a matrix known to be square."""
    rows, columns = matrix.type.shape[-2:]
    if rows == columns:
        return singular_parts(ctx, matrix)
    what = (
        "what is differentiated depends on singular vectors that the matrix does not determine,"
        " those beyond its smaller size; use full_matrices=False"
    )
    least = ctx.builder.integer(IMIN, ctx.size(rows), ctx.size(columns))
    u, s, vh = ctx.builder.emit_all(
        SVD_FULL, (matrix, least), {"what": arithmetic.at_line(ctx, what)}
    )
    return u, s, vh


@REGISTRY.function(np.linalg.svdvals)
def svdvals(ctx: Lowering, x: Ref) -> Ref:
    """``np.linalg.svdvals``."""
    (value,) = float_arrays(ctx, x)
    return ctx.result(singular_parts(ctx, checked_matrix(ctx, value, "np.linalg.svdvals"))[1])

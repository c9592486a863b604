"""``scipy.linalg``: what it has beside NumPy, and its own names for what NumPy has, too.

Options that only say how to compute (``overwrite_a``, ``check_finite``, ``driver``) change nothing.
"""

from __future__ import annotations

import types

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import decompositions, solving
from gradc.frontend.python.functions.common import is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.functions.solving import (
    checked_matrix,
    fitting_side,
    float_arrays,
    square_matrix,
)
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Constant, Ref, Tuple
from gradc.ir.core import Value
from gradc.prims.decompositions import CHOLESKY
from gradc.prims.expm import EXPM
from gradc.prims.solves import SOLVE_TRIANGULAR

REGISTRY = Registry()

FALSE, TRUE, ZERO, ONE = Constant(False), Constant(True), Constant(0), Constant(1)
FULL = Constant("full")


@REGISTRY.function("scipy.linalg.inv")
def inv(
    ctx: Lowering,
    a: Ref,
    overwrite_a: Ref = FALSE,
    check_finite: Ref = TRUE,
    *,
    assume_a: Ref = NONE,
    lower: Ref = FALSE,
) -> Ref:
    """``scipy.linalg.inv`` of a general matrix."""
    _general(ctx, assume_a, "scipy.linalg.inv")
    return solving.inv(ctx, a)


@REGISTRY.function("scipy.linalg.det")
def det(ctx: Lowering, a: Ref, overwrite_a: Ref = FALSE, check_finite: Ref = TRUE) -> Ref:
    """``scipy.linalg.det``."""
    return solving.det(ctx, a)


@REGISTRY.function("scipy.linalg.solve")
def solve(
    ctx: Lowering,
    a: Ref,
    b: Ref,
    lower: Ref = FALSE,
    overwrite_a: Ref = FALSE,
    overwrite_b: Ref = FALSE,
    check_finite: Ref = TRUE,
    assume_a: Ref = NONE,
    transposed: Ref = FALSE,
) -> Ref:
    """``scipy.linalg.solve``: of what `assume_a` says, the part that SciPy reads."""
    structure = ctx.constant(assume_a, "assume_a")
    if ctx.constant(transposed, "transposed"):
        a = solving.matrix_transpose(ctx, a)
    if structure in (None, "gen", "general"):
        return solving.solve(ctx, a, b)
    return ctx.library(_pencils().solve_with_structure, a, b, lower, assume_a)


def _pencils() -> types.ModuleType:
    """What is written with SciPy's linear algebra, which takes as long to load as gradc itself."""
    from gradc.frontend.python.written import pencils

    return pencils


def _general(ctx: Lowering, assume_a: Ref, title: str) -> None:
    """Other structures read only a part of the matrix, and which one depends on the structure."""
    if ctx.constant(assume_a, "assume_a") not in (None, "gen", "general"):
        raise RefusedError(
            f"{title} is supported for general matrices, without assume_a",
            "for a positive definite matrix use scipy.linalg.cho_factor and cho_solve",
        )


@REGISTRY.function("scipy.linalg.solve_triangular")
def solve_triangular(
    ctx: Lowering,
    a: Ref,
    b: Ref,
    trans: Ref = ZERO,
    lower: Ref = FALSE,
    unit_diagonal: Ref = FALSE,
    overwrite_b: Ref = FALSE,
    check_finite: Ref = TRUE,
) -> Ref:
    """``scipy.linalg.solve_triangular``."""
    if ctx.constant(unit_diagonal, "unit_diagonal"):
        raise RefusedError(
            "scipy.linalg.solve_triangular with unit_diagonal is not supported",
            "put ones on the diagonal",
        )
    form = ctx.constant(trans, "trans")
    if form not in (0, 1, 2, "N", "T", "C"):
        raise shapes(f"scipy.linalg.solve_triangular: trans is 0, 1 or 2, not {form!r}")
    matrix, side = float_arrays(ctx, a, b)
    params = (bool(ctx.constant(lower, "lower")), form not in (0, "N"))
    return ctx.result(_triangular(ctx, matrix, side, *params, "scipy.linalg.solve_triangular"))


def _triangular(
    ctx: Lowering, matrix: Value, side: Value, lower: bool, transpose: bool, title: str
) -> Value:
    matrix = square_matrix(ctx, matrix, title)
    pair = fitting_side(ctx, matrix, side, title)
    return ctx.emit(SOLVE_TRIANGULAR, pair, {"lower": lower, "transpose": transpose}, "x")


@REGISTRY.function("scipy.linalg.cholesky")
def cholesky(
    ctx: Lowering,
    a: Ref,
    lower: Ref = FALSE,
    overwrite_a: Ref = FALSE,
    check_finite: Ref = TRUE,
) -> Ref:
    """``scipy.linalg.cholesky``: the upper factor unless `lower`."""
    side = bool(ctx.constant(lower, "lower"))
    return ctx.result(_factor(ctx, a, side, "scipy.linalg.cholesky"))


def _factor(ctx: Lowering, a: Ref, lower: bool, title: str) -> Value:
    (value,) = float_arrays(ctx, a)
    return ctx.emit(CHOLESKY, (square_matrix(ctx, value, title),), {"lower": lower})


@REGISTRY.function("scipy.linalg.cho_factor")
def cho_factor(
    ctx: Lowering,
    a: Ref,
    lower: Ref = FALSE,
    overwrite_a: Ref = FALSE,
    check_finite: Ref = TRUE,
) -> Ref:
    """``scipy.linalg.cho_factor``; the other triangle is zero here, where SciPy leaves it be."""
    side = bool(ctx.constant(lower, "lower"))
    factor = _factor(ctx, a, side, "scipy.linalg.cho_factor")
    return Tuple((ctx.result(factor), Constant(side)))


@REGISTRY.function("scipy.linalg.cho_solve")
def cho_solve(
    ctx: Lowering,
    c_and_lower: Ref,
    b: Ref,
    overwrite_b: Ref = FALSE,
    check_finite: Ref = TRUE,
) -> Ref:
    """``scipy.linalg.cho_solve``: two triangular solves."""
    if not isinstance(c_and_lower, Tuple) or len(c_and_lower.items) != 2:
        raise shapes("scipy.linalg.cho_solve takes what scipy.linalg.cho_factor returns, and b")
    c, flag = c_and_lower.items
    lower = bool(ctx.constant(flag, "lower"))
    factor, side = float_arrays(ctx, c, b)
    title = "scipy.linalg.cho_solve"
    half = _triangular(ctx, factor, side, lower, not lower, title)
    return ctx.result(_triangular(ctx, factor, half, lower, lower, title))


@REGISTRY.function("scipy.linalg.expm")
def expm(ctx: Lowering, A: Ref) -> Ref:
    """``scipy.linalg.expm``."""
    (value,) = float_arrays(ctx, A)
    return ctx.result(ctx.emit(EXPM, (square_matrix(ctx, value, "scipy.linalg.expm"),)))


@REGISTRY.function("scipy.linalg.svdvals")
def svdvals(ctx: Lowering, a: Ref, overwrite_a: Ref = FALSE, check_finite: Ref = TRUE) -> Ref:
    """``scipy.linalg.svdvals``."""
    return decompositions.svdvals(ctx, a)


@REGISTRY.function("scipy.linalg.svd")
def svd(
    ctx: Lowering,
    a: Ref,
    full_matrices: Ref = TRUE,
    compute_uv: Ref = TRUE,
    overwrite_a: Ref = FALSE,
    check_finite: Ref = TRUE,
    lapack_driver: Ref = NONE,
) -> Ref:
    """``scipy.linalg.svd``, reduced, or of a square matrix."""
    found = decompositions.svd(ctx, a, full_matrices, compute_uv)
    return _as_tuple(found)


def _as_tuple(ref: Ref) -> Ref:
    fields = getattr(ref, "fields", None)
    return ref if fields is None else Tuple(tuple(fields.values()))


@REGISTRY.function("scipy.linalg.qr")
def qr(
    ctx: Lowering,
    a: Ref,
    overwrite_a: Ref = FALSE,
    lwork: Ref = NONE,
    mode: Ref = FULL,
    pivoting: Ref = FALSE,
    check_finite: Ref = TRUE,
) -> Ref:
    """``scipy.linalg.qr`` with ``mode="economic"``, without pivoting."""
    wanted = ctx.constant(mode, "the mode of scipy.linalg.qr")
    if wanted != "economic" or ctx.constant(pivoting, "pivoting"):
        raise RefusedError(
            "scipy.linalg.qr is supported with mode='economic' and without pivoting",
            "use np.linalg.qr",
        )
    (value,) = float_arrays(ctx, a)
    checked_matrix(ctx, value, "scipy.linalg.qr")
    return _as_tuple(decompositions.qr(ctx, a))


@REGISTRY.function("scipy.linalg.eigvalsh")
def eigvalsh(
    ctx: Lowering,
    a: Ref,
    b: Ref = NONE,
    *,
    lower: Ref = TRUE,
    overwrite_a: Ref = FALSE,
    overwrite_b: Ref = FALSE,
    type: Ref = ONE,
    check_finite: Ref = TRUE,
) -> Ref:
    """``scipy.linalg.eigvalsh`` of one matrix, or of two."""
    if not is_none(b):
        return ctx.library(_pencils().eigh_of_two, a, b, lower, TRUE, type)
    return decompositions.eigvalsh(ctx, a, _side(ctx, lower))


@REGISTRY.function("scipy.linalg.eigh")
def eigh(
    ctx: Lowering,
    a: Ref,
    b: Ref = NONE,
    *,
    lower: Ref = TRUE,
    eigvals_only: Ref = FALSE,
    overwrite_a: Ref = FALSE,
    overwrite_b: Ref = FALSE,
    type: Ref = ONE,
    check_finite: Ref = TRUE,
) -> Ref:
    """``scipy.linalg.eigh`` of one matrix or of two, all eigenvalues."""
    if not is_none(b):
        return ctx.library(_pencils().eigh_of_two, a, b, lower, eigvals_only, type)
    side = _side(ctx, lower)
    if ctx.constant(eigvals_only, "eigvals_only"):
        return decompositions.eigvalsh(ctx, a, side)
    return _as_tuple(decompositions.eigh(ctx, a, side))


def _side(ctx: Lowering, lower: Ref) -> Ref:
    """The triangle that is read."""
    return Constant("L" if ctx.constant(lower, "lower") else "U")

"""Decompositions of matrices; several have more than one result.

Sources: Giles (2008), "Collected matrix derivative results for forward and reverse mode
algorithmic differentiation"; Murray (2016), "Differentiation of the Cholesky decomposition";
Seeger, Hetzel, Dai and Lawrence (2017), "Auto-differentiating linear algebra"; for QR Walter and
Lehmann (2010), "Algorithmic differentiation of linear algebra functions with application in optimum
experimental design"; for singular values Townsend (2016), "Differentiating the singular value
decomposition", and, on what lies outside of the singular spaces, Wan and Zhang (2019), "Automatic
differentiation for complex valued SVD".

All take stacks of matrices in leading axes. What reads only one triangle of its argument, as NumPy
does, has a derivative in that triangle only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.builder import dim_of
from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import Type
from gradc.prims.linalg import product, transposed
from gradc.prims.shape import BROADCAST, SUM, sizes_of
from gradc.prims.solves import SOLVE_TRIANGULAR, square
from gradc.prims.triangles import (
    EYE,
    halved_triangle,
    off_diagonal,
    onto_triangle,
    read_as_symmetric,
    triangle,
)

SYMMETRIC = np.array([[2.0, 0.3, -0.4], [0.3, 1.1, 0.5], [-0.4, 0.5, 3.2]])
_GENERAL = np.array([[2.0, 0.3, -0.4], [0.7, 1.1, 0.5], [-0.2, 0.6, 3.2]])
_TALL = np.array([[0.3, -1.1], [2.0, 0.7], [0.1, 0.4]])
_STACK = np.stack([SYMMETRIC, SYMMETRIC + np.diag([0.2, 2.5, 0.1])])


def scaled_columns(matrix: Any, factors: Any) -> Any:
    """The columns of a traced matrix, each times a factor."""
    rank = matrix.type.rank
    axes = (*range(rank - 2), rank - 1)
    return matrix * BROADCAST(factors, *sizes_of(matrix), axes=axes)


def _differences(values: Any) -> Any:
    """``d[i, j] = values[j] - values[i]``, with ones on the diagonal."""
    rank = values.type.rank
    sizes = sizes_of(values)
    shape = [*sizes, sizes[-1]]
    leading = tuple(range(rank - 1))
    columns = BROADCAST(values, *shape, axes=(*leading, rank))
    rows = BROADCAST(values, *shape, axes=(*leading, rank - 1))
    one = EYE(sizes[-1], dtype=values.type.dtype)
    return columns - rows + BROADCAST(one, *shape, axes=(rank - 1, rank))


def _dot_columns(a: Any, b: Any) -> Any:
    """The products of the columns of two traced matrices of one shape."""
    return SUM(a * b, axes=(a.type.rank - 2,))


# -- Cholesky -----------------------------------------------------------------------------------


def _evaluate_cholesky(a: Any, lower: bool) -> Any:
    return np.linalg.cholesky(a, upper=not lower)


def _lower_factor(out: Any, lower: bool) -> Any:
    return out if lower else transposed(out)


def _cholesky_vjp(ct: Any, a: Any, *, out: Any, lower: bool) -> tuple[Any, ...]:
    factor, bar = _lower_factor(out, lower), _lower_factor(ct, lower)
    middle = halved_triangle(product(transposed(factor), bar), True)
    left = SOLVE_TRIANGULAR(factor, middle, lower=True, transpose=True)
    whole = SOLVE_TRIANGULAR(factor, transposed(left), lower=True, transpose=True)
    return (onto_triangle(whole, lower),)


def _cholesky_jvp(tangents: Sequence[Any], a: Any, *, out: Any, lower: bool) -> Any:
    factor = _lower_factor(out, lower)
    change = read_as_symmetric(tangents[0], lower)
    left = SOLVE_TRIANGULAR(factor, change, lower=True, transpose=False)
    middle = SOLVE_TRIANGULAR(factor, transposed(left), lower=True, transpose=False)
    return _lower_factor(product(factor, halved_triangle(middle, True)), lower)


# Murray (2016), equations 8 and 9.
CHOLESKY = Primitive(
    "cholesky",
    Kind.COMPOSITE,
    lambda args, params: (square(args[0]),),
    _evaluate_cholesky,
    vjp=_cholesky_vjp,
    jvp=_cholesky_jvp,
    at=[((a,), {"lower": lower}) for a in (SYMMETRIC, _STACK) for lower in (True, False)],
    formula="S = inv(L).T @ phi(L.T @ ct) @ inv(L), phi: lower triangle with half its diagonal",
    edges="only the triangle that is read has a derivative; not positive definite: an error",
    cost=10,
)

# -- QR -----------------------------------------------------------------------------------------


def _infer_qr(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    matrix = args[0].type
    if not matrix.is_float or matrix.rank < 2:
        raise TypeError(f"qr of {matrix}")
    return matrix, matrix.with_shape((*matrix.shape[:-2], matrix.shape[-1], matrix.shape[-1]))


def _qr_vjp(cts: Sequence[Any], a: Any, *, out: Sequence[Any]) -> tuple[Any, ...]:
    (q_bar, r_bar), (q, r) = cts, out
    middle = None
    if r_bar is not None:
        middle = product(r, transposed(r_bar))
    if q_bar is not None:
        own = product(transposed(q_bar), q)
        middle = -own if middle is None else middle - own
    # the lower triangle, mirrored
    mirrored = triangle(middle, True) + transposed(triangle(middle, True, 1))
    right = product(q, mirrored)
    if q_bar is not None:
        right = q_bar + right
    # right @ inv(R).T
    return (transposed(SOLVE_TRIANGULAR(r, transposed(right), lower=False, transpose=False)),)


def _qr_jvp(tangents: Sequence[Any], a: Any, *, out: Sequence[Any]) -> tuple[Any, ...]:
    q, r = out
    # change @ inv(R)
    solved = SOLVE_TRIANGULAR(r, transposed(tangents[0]), lower=False, transpose=True)
    change = transposed(solved)
    inner = product(transposed(q), change)
    below = triangle(inner, True, 1)
    turning = below - transposed(below)
    q_dot = product(q, turning) + (change - product(q, inner))
    r_dot = product(inner - turning, r)
    return q_dot, r_dot


# Walter and Lehmann (2010), section 3; at least as many rows as columns.
QR = Primitive(
    "qr",
    Kind.COMPOSITE,
    _infer_qr,
    lambda a: tuple(np.linalg.qr(a)),
    vjp=_qr_vjp,
    jvp=_qr_jvp,
    at=[(SYMMETRIC,), (_TALL,), (np.stack([_TALL, _TALL[::-1]]),)],
    formula="(q_ct + Q @ sym(R @ r_ct.T - q_ct.T @ Q)) @ inv(R).T, sym: lower triangle mirrored",
    edges="columns that depend on each other: R is singular and the derivative inf or nan",
    cost=20,
    results=("q", "r"),
)

# -- eigenvalues of symmetric matrices ----------------------------------------------------------


def _infer_eigh(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    matrix = square(args[0])
    return matrix.with_shape(matrix.shape[:-1]), matrix


def _evaluate_eigh(a: Any, lower: bool) -> Any:
    return tuple(np.linalg.eigh(a, UPLO="L" if lower else "U"))


def _eigh_vjp(cts: Sequence[Any], a: Any, *, out: Sequence[Any], lower: bool) -> tuple[Any, ...]:
    (w_bar, v_bar), (w, v) = cts, out
    inner = None
    if w_bar is not None:
        inner = scaled_columns(v, w_bar)
    if v_bar is not None:
        turning = product(v, off_diagonal(product(transposed(v), v_bar) / _differences(w)))
        inner = turning if inner is None else inner + turning
    return (onto_triangle(product(inner, transposed(v)), lower),)


def _eigh_jvp(tangents: Sequence[Any], a: Any, *, out: Sequence[Any], lower: bool) -> Any:
    w, v = out
    moved = product(read_as_symmetric(tangents[0], lower), v)
    w_dot = _dot_columns(v, moved)
    v_dot = product(v, off_diagonal(product(transposed(v), moved) / _differences(w)))
    return w_dot, v_dot


# Giles (2008), section 3.1.
EIGH = Primitive(
    "eigh",
    Kind.COMPOSITE,
    _infer_eigh,
    _evaluate_eigh,
    vjp=_eigh_vjp,
    jvp=_eigh_jvp,
    at=[((a,), {"lower": lower}) for a in (SYMMETRIC, _STACK) for lower in (True, False)],
    formula="V @ (diag(w_ct) + F * (V.T @ v_ct)) @ V.T, F[i, j] = 1/(w[j] - w[i])",
    edges=(
        "only one triangle is read, so only that has a derivative; equal eigenvalues: inf or nan"
        " where eigenvectors are differentiated, as their derivative does not exist"
    ),
    cost=100,
    results=("w", "v"),
)

# -- singular values ----------------------------------------------------------------------------


def svd_types(args: Sequence[Value], full: bool) -> tuple[Type, ...]:
    """The types of ``u, s, vh``: with as many vectors as singular values, or all of them."""
    matrix, least = args[0].type, dim_of(args[1])
    if not matrix.is_float or matrix.rank < 2:
        raise TypeError(f"svd of {matrix}")
    *stack, rows, columns = matrix.shape
    left, right = (rows, columns) if full else (least, least)
    shapes = ((*stack, rows, left), (*stack, least), (*stack, right, columns))
    u, s, vh = (matrix.with_shape(shape) for shape in shapes)
    return u, s, vh


def _infer_svd(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    return svd_types(args, full=False)


def _evaluate_svd(a: Any, least: Any) -> Any:
    return tuple(np.linalg.svd(a, full_matrices=False))


def _outside(space: Any, x: Any) -> Any:
    """What of the columns of `x` lies outside of the space that the columns of `space` span."""
    return x - product(space, product(transposed(space), x))


def svd_vjp(cts: Sequence[Any], a: Any, least: Any, *, out: Sequence[Any]) -> tuple[Any, ...]:
    """Cotangents of the operands of a reduced decomposition."""
    (u_bar, s_bar, vh_bar), (u, s, vh) = cts, out
    v = transposed(vh)
    inner = None  # in the basis of the singular vectors
    total = None
    if u_bar is not None or vh_bar is not None:
        gaps = _differences(s * s)
        turned = None
        if u_bar is not None:
            moved = product(transposed(u), u_bar)
            turned = scaled_columns(off_diagonal((moved - transposed(moved)) / gaps), s)
        if vh_bar is not None:
            moved = product(vh, transposed(vh_bar))
            own = off_diagonal((moved - transposed(moved)) / gaps)
            own = transposed(scaled_columns(transposed(own), s))
            turned = own if turned is None else turned + own
        inner = product(u, turned)
    if s_bar is not None:
        stretched = scaled_columns(u, s_bar)
        inner = stretched if inner is None else inner + stretched
    total = product(inner, vh)
    rows, columns = a.shape[-2:]
    if u_bar is not None and rows != u.shape[-1]:
        beyond = _outside(u, scaled_columns(u_bar, 1.0 / s))
        total = total + product(beyond, vh)
    if vh_bar is not None and columns != vh.shape[-2]:
        beyond = _outside(v, scaled_columns(transposed(vh_bar), 1.0 / s))
        total = total + product(u, transposed(beyond))
    return total, None


def svd_jvp(tangents: Sequence[Any], a: Any, least: Any, *, out: Sequence[Any]) -> tuple[Any, ...]:
    """Tangents of the results of a reduced decomposition."""
    change, (u, s, vh) = tangents[0], out
    v = transposed(vh)
    moved = product(change, v)
    inner = product(transposed(u), moved)
    s_dot = _dot_columns(u, moved)
    gaps = _differences(s * s)
    by_columns = scaled_columns(inner, s)
    by_rows = transposed(scaled_columns(transposed(inner), s))
    u_turn = off_diagonal((by_columns + transposed(by_columns)) / gaps)
    v_turn = off_diagonal((by_rows + transposed(by_rows)) / gaps)
    u_dot, v_dot = product(u, u_turn), product(v, v_turn)
    rows, columns = a.shape[-2:]
    if rows != u.shape[-1]:
        u_dot = u_dot + _outside(u, scaled_columns(moved, 1.0 / s))
    if columns != vh.shape[-2]:
        pulled = product(transposed(change), u)
        v_dot = v_dot + _outside(v, scaled_columns(pulled, 1.0 / s))
    return u_dot, s_dot, transposed(v_dot)


# Townsend (2016), equations 20 to 24; the reduced decomposition. The second operand is the smaller
# of the two sizes.
SVD = Primitive(
    "svd",
    Kind.COMPOSITE,
    _infer_svd,
    _evaluate_svd,
    vjp=svd_vjp,
    jvp=svd_jvp,
    linear_in=(0,),
    at=[(_TALL, 2), (_TALL.T, 2), (_GENERAL, 3), (np.stack([_TALL, _TALL[::-1] + 0.3]), 2)],
    formula=(
        "U @ (F * skew(U.T @ u_ct) @ S + diag(s_ct) + S @ F * skew(V.T @ v_ct)) @ V.T and,"
        " outside of the singular spaces, u_ct @ inv(S) @ V.T + U @ inv(S) @ v_ct.T;"
        " F[i, j] = 1/(s[j]**2 - s[i]**2)"
    ),
    edges=(
        "equal singular values, or ones that are zero: inf or nan where singular vectors are"
        " differentiated; the derivative of the values alone is always finite"
    ),
    cost=200,
    results=("u", "s", "vh"),
)

RECORDS = (CHOLESKY, QR, EIGH, SVD)

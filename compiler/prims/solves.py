"""Linear systems, inverses and determinants.

Sources: Giles (2008), "Collected matrix derivative results for forward and reverse mode algorithmic
differentiation", sections 2.2 and 2.3. All take stacks of matrices in leading axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import Type
from gradc.prims.linalg import outer, product, transposed
from gradc.prims.shape import BROADCAST, SUM, sizes_of
from gradc.prims.triangles import triangle

_MATRIX = np.array([[2.0, 0.3, -0.4], [0.7, 1.1, 0.5], [-0.2, 0.6, 3.2]])
_STACK = np.stack([_MATRIX, _MATRIX[::-1] + 0.1])
_SIDES = np.array([[0.3, -1.1], [2.0, 0.7], [0.1, 0.4]])


def square(matrix: Value) -> Type:
    """The type of a square matrix, or of a stack of them."""
    type = matrix.type
    if not type.is_float or type.rank < 2 or type.shape[-1] != type.shape[-2]:
        raise TypeError(f"a square matrix belongs here, not {type}")
    return type


def _infer_solve(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    matrix, side = square(args[0]), args[1].type
    fits = side.shape[:-2] == matrix.shape[:-2] and side.shape[-2:-1] == matrix.shape[-1:]
    if side.rank == 1:
        fits = matrix.rank == 2 and side.shape == matrix.shape[-1:]
    if side.dtype != matrix.dtype or not fits:
        raise TypeError(f"a system of {matrix} with the right side {side}")
    return (side,)


def _outer_product(a: Any, b: Any) -> Any:
    """``a @ b.T``, of columns or vectors."""
    return outer(a, b) if a.type.rank == 1 else product(a, transposed(b))


def _evaluate_solve(a: Any, b: Any) -> Any:
    return np.linalg.solve(a, b)


def _solve_vjp(ct: Any, a: Any, b: Any, *, out: Any) -> tuple[Any, ...]:
    b_bar = SOLVE(transposed(a), ct)
    return -_outer_product(b_bar, out), b_bar


def _solve_jvp(tangents: Sequence[Any], a: Any, b: Any, *, out: Any) -> Any:
    a_dot, b_dot = tangents
    if a_dot is None:
        return SOLVE(a, b_dot)
    change = product(a_dot, out)
    return SOLVE(a, -change if b_dot is None else b_dot - change)


SOLVE = Primitive(
    "solve",
    Kind.COMPOSITE,
    _infer_solve,
    _evaluate_solve,
    vjp=_solve_vjp,
    jvp=_solve_jvp,
    at=[
        (_MATRIX, np.array([0.5, -1.0, 2.0])),
        (_MATRIX, _SIDES),
        (_STACK, np.stack([_SIDES, _SIDES + 1.0])),
    ],
    formula="(-B @ x.T, B), B = solve(A.T, ct)",
    edges="a singular matrix: an error",
    cost=10,
)


def _evaluate_solve_triangular(a: Any, b: Any, lower: bool, transpose: bool) -> Any:
    from gradc_runtime.linalg import solve_triangular

    return solve_triangular(a, b, lower, transpose)


def _triangular_vjp(
    ct: Any, a: Any, b: Any, *, out: Any, lower: bool, transpose: bool
) -> tuple[Any, ...]:
    b_bar = SOLVE_TRIANGULAR(a, ct, lower=lower, transpose=not transpose)
    pair = (out, b_bar) if transpose else (b_bar, out)
    return -triangle(_outer_product(*pair), lower), b_bar


def _triangular_jvp(
    tangents: Sequence[Any], a: Any, b: Any, *, out: Any, lower: bool, transpose: bool
) -> Any:
    a_dot, b_dot = tangents
    right = b_dot
    if a_dot is not None:
        change = triangle(a_dot, lower)
        moved = product(transposed(change) if transpose else change, out)
        right = -moved if b_dot is None else b_dot - moved
    return SOLVE_TRIANGULAR(a, right, lower=lower, transpose=transpose)


# Only one triangle is read. ``transpose``: the system of the transposed matrix.
SOLVE_TRIANGULAR = Primitive(
    "solve_triangular",
    Kind.COMPOSITE,
    _infer_solve,
    _evaluate_solve_triangular,
    vjp=_triangular_vjp,
    jvp=_triangular_jvp,
    at=[
        ((_MATRIX, _SIDES), {"lower": lower, "transpose": transpose})
        for lower in (True, False)
        for transpose in (True, False)
    ]
    + [
        ((_MATRIX, np.array([0.5, -1.0, 2.0])), {"lower": True, "transpose": True}),
        ((_STACK, np.stack([_SIDES, _SIDES + 1.0])), {"lower": False, "transpose": True}),
    ],
    formula="(-tri(B @ x.T), B), B the solution of the transposed system for ct",
    edges="only the triangle that is read has a derivative; a zero on the diagonal: an error",
    cost=5,
)


def _inverse_vjp(ct: Any, a: Any, *, out: Any) -> tuple[Any, ...]:
    turned = transposed(out)
    return (-product(product(turned, ct), turned),)


INV = Primitive(
    "inv",
    Kind.COMPOSITE,
    lambda args, params: (square(args[0]),),
    lambda a: np.linalg.inv(a),
    vjp=_inverse_vjp,
    jvp=lambda tangents, a, *, out: -product(product(out, tangents[0]), out),
    at=[(_MATRIX,), (_STACK,)],
    formula="-inv(A).T @ ct @ inv(A).T",
    edges="a singular matrix: an error",
    cost=20,
)


def _infer_per_matrix(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    matrix = square(args[0])
    return (matrix.with_shape(matrix.shape[:-2]),)


def _for_each(numbers: Any, matrix: Any) -> Any:
    """A number of each traced matrix of a stack, at all of its elements."""
    return BROADCAST(numbers, *sizes_of(matrix), axes=tuple(range(matrix.type.rank - 2)))


def _sum_each(x: Any) -> Any:
    rank = x.type.rank
    return SUM(x, axes=(rank - 2, rank - 1))


def _evaluate_cofactors(a: Any) -> Any:
    from gradc_runtime.linalg import cofactors

    return cofactors(a)


def _cofactors_jvp_of(change: Any, a: Any, out: Any) -> Any:
    """The change of the cofactors, where the matrix can be inverted."""
    turned = transposed(INV(a))
    return _for_each(_sum_each(turned * change), a) * out - product(
        product(out, transposed(change)), turned
    )


def _cofactors_vjp(ct: Any, a: Any, *, out: Any) -> tuple[Any, ...]:
    turned = transposed(INV(a))
    grown = _for_each(_sum_each(ct * out), a) * turned
    return (grown - product(product(turned, transposed(ct)), out),)


# The matrix of cofactors, det(A) * inv(A).T where A can be inverted: the derivative of det.
COFACTORS = Primitive(
    "cofactors",
    Kind.COMPOSITE,
    lambda args, params: (square(args[0]),),
    _evaluate_cofactors,
    vjp=_cofactors_vjp,
    jvp=lambda tangents, a, *, out: _cofactors_jvp_of(tangents[0], a, out),
    at=[(_MATRIX,), (_STACK,)],
    formula="sum(C * ct) * inv(A).T - inv(A).T @ ct.T @ C",
    edges="a singular matrix: an error",
    cost=200,
)

DET = Primitive(
    "det",
    Kind.COMPOSITE,
    _infer_per_matrix,
    lambda a: np.linalg.det(a),
    vjp=lambda ct, a, *, out: (_for_each(ct, a) * COFACTORS(a),),
    jvp=lambda tangents, a, *, out: _sum_each(COFACTORS(a) * tangents[0]),
    at=[(_MATRIX,), (_STACK,)],
    formula="ct * cofactors(A)",
    edges="a singular matrix: the cofactors are right there too; second derivatives are an error",
    cost=10,
)


def _infer_slogdet(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    (number,) = _infer_per_matrix(args, params)
    return number, number


def _slogdet_vjp(cts: Sequence[Any], a: Any, *, out: Sequence[Any]) -> tuple[Any, ...]:
    if cts[1] is None:
        return (None,)
    return (_for_each(cts[1], a) * transposed(INV(a)),)


SLOGDET = Primitive(
    "slogdet",
    Kind.COMPOSITE,
    _infer_slogdet,
    lambda a: tuple(np.linalg.slogdet(a)),
    vjp=_slogdet_vjp,
    jvp=lambda tangents, a, *, out: (None, _sum_each(transposed(INV(a)) * tangents[0])),
    at=[(_MATRIX,), (_STACK,)],
    formula="(0, ct * inv(A).T)",
    edges="a singular matrix: the derivative is an error",
    cost=10,
    results=("sign", "logabsdet"),
)

RECORDS = (SOLVE, SOLVE_TRIANGULAR, INV, COFACTORS, DET, SLOGDET)

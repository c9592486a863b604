"""The pseudoinverse of matrices, from their singular values.

Its derivative, where the rank does not change, is that of Golub and Pereyra (1973), "The
differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate",
equation 4.12.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import INT, Type
from gradc.prims.compare import GT, SELECT
from gradc.prims.decompositions import SVD, scaled_columns
from gradc.prims.linalg import product, transposed
from gradc.prims.shape import BROADCAST, MAX, sizes_of

_TALL = np.array([[0.3, -1.1], [2.0, 0.7], [0.1, 0.4]])
_GENERAL = np.array([[2.0, 0.3, -0.4], [0.7, 1.1, 0.5], [-0.2, 0.6, 3.2]])
_CUT = np.float32(1e-7)


def _infer(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    matrix = args[0].type
    if not matrix.is_float or matrix.rank < 2 or args[1].type != INT:
        raise TypeError(f"pinv of {matrix}")
    if args[2].type != Type(matrix.dtype):
        raise TypeError(f"pinv: a cut of type {args[2].type}")
    return (matrix.with_shape((*matrix.shape[:-2], matrix.shape[-1], matrix.shape[-2])),)


def _evaluate(a: Any, least: Any, cut: Any) -> Any:
    return np.linalg.pinv(a, rcond=cut)


def _lower(a: Any, least: Any, cut: Any) -> Any:
    u, s, vh = SVD(a, least)
    leading = tuple(range(s.type.rank - 1))
    largest = BROADCAST(MAX(s, axes=(s.type.rank - 1,), empty=True), *sizes_of(s), axes=leading)
    counts = GT(s, largest * cut)
    inverse = SELECT(counts, 1.0 / SELECT(counts, s, 1.0), 0.0)
    return product(scaled_columns(transposed(vh), inverse), transposed(u))


def _vjp(ct: Any, a: Any, least: Any, cut: Any, *, out: Any) -> tuple[Any, ...]:
    turned, back = transposed(out), transposed(ct)
    total = -product(product(turned, ct), turned)
    beyond_rows = product(back, product(out, turned))
    total = total + (beyond_rows - product(a, product(out, beyond_rows)))
    beyond_columns = product(product(turned, out), back)
    total = total + (beyond_columns - product(product(beyond_columns, out), a))
    return total, None, None


def _jvp(tangents: Sequence[Any], a: Any, least: Any, cut: Any, *, out: Any) -> Any:
    change = tangents[0]
    turned, back = transposed(out), transposed(change)
    total = -product(product(out, change), out)
    rows = product(product(out, turned), back)
    total = total + (rows - product(product(rows, a), out))
    columns = product(back, product(turned, out))
    return total + (columns - product(out, product(a, columns)))


# The other operands: the smaller of the two sizes, and below which part of the largest one a
# singular value counts as zero.
PINV = Primitive(
    "pinv",
    Kind.COMPOSITE,
    _infer,
    _evaluate,
    vjp=_vjp,
    jvp=_jvp,
    lower=_lower,
    linear_in=(0,),
    at=[(_TALL, 2, _CUT), (_TALL.T, 2, _CUT), (_GENERAL, 3, _CUT)],
    formula=("-P.T @ ct @ P.T + (I - A @ P) @ ct.T @ P @ P.T + P.T @ P @ ct.T @ (I - P @ A)"),
    edges="where the rank changes: that of the matrices of the same rank",
    cost=200,
)

RECORDS = (PINV,)

"""Triangles of matrices and the identity: what the derivatives of decompositions are put from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.builder import dim_of
from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import Type
from gradc.prims.linalg import transposed

_MATRIX = np.array([[0.3, -1.1, 0.2], [2.0, 0.7, 0.4]])


def _infer_triangle(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if args[0].type.rank < 2 or not isinstance(params["k"], int):
        raise TypeError(f"a triangle of {args[0].type}")
    return (args[0].type,)


def _triangle(name: str, evaluate: Any) -> Primitive:
    def transpose(ct: Any, x: Any, *, k: int) -> tuple[Any, ...]:
        return (record(ct, k=k),)

    record = Primitive(
        name,
        Kind.LINEAR,
        _infer_triangle,
        lambda x, k: evaluate(x, k),
        transpose=transpose,
        at=[((_MATRIX,), {"k": k}) for k in (-1, 0, 1)] + [((np.stack([_MATRIX] * 2),), {"k": 0})],
        formula="the same triangle of the cotangent",
    )
    return record


# Of the last two axes; `k` is the last (first) diagonal that is kept.
TRIL = _triangle("tril", np.tril)
TRIU = _triangle("triu", np.triu)

EYE = Primitive(
    "eye",
    Kind.CONSTANT,
    lambda args, params: (Type(params["dtype"], (dim_of(args[0]), dim_of(args[0]))),),
    lambda n, dtype: np.eye(int(n), dtype=dtype.numpy),
)


def off_diagonal(x: Any) -> Any:
    """A traced matrix without its diagonal."""
    return TRIL(x, k=-1) + TRIU(x, k=1)


def triangle(x: Any, lower: bool, k: int = 0) -> Any:
    """The triangle of a traced matrix that a function reads; `k` diagonals of it are left out."""
    return TRIL(x, k=-k) if lower else TRIU(x, k=k)


def halved_triangle(x: Any, lower: bool) -> Any:
    """The triangle of a traced matrix, with half of its diagonal."""
    return 0.5 * (triangle(x, lower) + triangle(x, lower, 1))


def read_as_symmetric(change: Any, lower: bool) -> Any:
    """The change of the symmetric matrix of which only one triangle is read."""
    return triangle(change, lower) + transposed(triangle(change, lower, 1))


def onto_triangle(ct: Any, lower: bool) -> Any:
    """The cotangent of the triangle, from that of the symmetric matrix (its transpose)."""
    return halved_triangle(ct + transposed(ct), lower)


RECORDS = (TRIL, TRIU, EYE)

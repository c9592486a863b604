"""Matrix products (bilinear: one transpose for each operand)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import Type
from gradc.prims.shape import BROADCAST, TRANSPOSE, sizes_of


def _infer_matmul(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    left, right = args[0].type, args[1].type
    if left.dtype != right.dtype or left.rank not in (1, 2) or right.rank not in (1, 2):
        raise TypeError(f"matmul of {left} and {right}")
    if left.shape[-1] != right.shape[0]:
        raise TypeError(f"matmul: size {left.shape[-1]} against {right.shape[0]}")
    return (left.with_shape(left.shape[:-1] + right.shape[1:]),)


def outer(a: Any, b: Any) -> Any:
    """The outer product of two traced vectors."""
    sizes = [*sizes_of(a), *sizes_of(b)]
    return BROADCAST(a, *sizes, axes=(0,)) * BROADCAST(b, *sizes, axes=(1,))


def _swap(x: Any) -> Any:
    return TRANSPOSE(x, perm=(1, 0)) if x.type.rank == 2 else x


def _transpose_matmul(ct: Any, a: Any, b: Any) -> tuple[Any, ...]:
    if a.type.rank == 1 and b.type.rank == 1:
        return ct * b, ct * a
    if a.type.rank == 2 and b.type.rank == 1:
        return outer(ct, b), MATMUL(_swap(a), ct)
    if a.type.rank == 1:
        return MATMUL(b, ct), outer(a, ct)
    return MATMUL(ct, _swap(b)), MATMUL(_swap(a), ct)


# Transposes: Giles (2008), "Collected matrix derivative results for forward and reverse mode
# algorithmic differentiation", section 2.2.
MATMUL = Primitive(
    "matmul",
    Kind.BILINEAR,
    _infer_matmul,
    np.matmul,
    transpose=_transpose_matmul,
    at=[
        (np.array([[0.3, -1.1], [2.0, 0.7], [0.1, 0.4]]), np.array([[0.5, 2.0], [1.5, -0.2]])),
        (np.array([[0.3, -1.1], [2.0, 0.7]]), np.array([0.5, 2.0])),
        (np.array([0.5, 2.0]), np.array([[0.3, -1.1], [2.0, 0.7]])),
        (np.array([0.5, 2.0]), np.array([0.3, -1.1])),
    ],
    formula="(ct @ B.T, A.T @ ct)",
    cost=2,
)

RECORDS = (MATMUL,)

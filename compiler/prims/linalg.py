"""Matrix products (bilinear: one transpose for each operand)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import Dim
from gradc.prims.shape import BROADCAST, TRANSPOSE, sizes_of

MATRIX = 2  # rank of a matrix


def _infer_matmul(args: Sequence[Value], params: Params) -> tuple[Any, ...]:
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


def transposed(x: Any) -> Any:
    """A traced array with its last two axes swapped; a vector stays as it is."""
    rank = x.type.rank
    if rank < MATRIX:
        return x
    return TRANSPOSE(x, perm=(*range(rank - 2), rank - 1, rank - 2))


def product(a: Any, b: Any) -> Any:
    """The matrix product of traced vectors, matrices, or stacks of matrices of one shape."""
    return MATMUL(a, b) if a.type.rank <= MATRIX else BATCHED_MATMUL(a, b)


def _transpose_matmul(ct: Any, a: Any, b: Any) -> tuple[Any, ...]:
    if a.type.rank == 1 and b.type.rank == 1:
        return ct * b, ct * a
    if a.type.rank == 2 and b.type.rank == 1:
        return outer(ct, b), MATMUL(transposed(a), ct)
    if a.type.rank == 1:
        return MATMUL(b, ct), outer(a, ct)
    return MATMUL(ct, transposed(b)), MATMUL(transposed(a), ct)


# Transposes: Giles (2008), "Collected matrix derivative results for forward and reverse mode
# algorithmic differentiation", section 2.2.
def _evaluate_matmul(a: Any, b: Any) -> Any:
    """The product of contiguous arrays: NumPy rounds otherwise where an axis has no stride."""
    return np.matmul(np.ascontiguousarray(a), np.ascontiguousarray(b))


MATMUL = Primitive(
    "matmul",
    Kind.BILINEAR,
    _infer_matmul,
    _evaluate_matmul,
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


def _infer_batched(args: Sequence[Value], params: Params) -> tuple[Any, ...]:
    left, right = args[0].type, args[1].type
    stacks = left.rank == right.rank > MATRIX and left.shape[:-2] == right.shape[:-2]
    if left.dtype != right.dtype or not stacks or left.shape[-1] != right.shape[-2]:
        raise TypeError(f"batched_matmul of {left} and {right}")
    return (left.with_shape((*left.shape[:-1], right.shape[-1])),)


def _lower_batched(a: Any, b: Any) -> Any:
    """A loop over the first axis, with the products of what is in the stacks."""
    from gradc.ir.types import INT
    from gradc.prims.index import ALL, AT, GET, PUT
    from gradc.prims.shape import EMPTY

    builder, make = a.builder, type(a)
    shape: tuple[Dim, ...] = (*a.shape[:-1], b.shape[-1])
    sizes = [builder.size(dim) for dim in shape]
    start = builder.emit(EMPTY, sizes, {"dtype": a.type.dtype}, name="stack")
    inner = builder.child()
    index = inner.value(INT, "k")
    stack = inner.value(start.type, "stack")
    spec = (AT, *(ALL for _ in shape[1:]))
    position = make(inner, index)
    left, right = (GET(make(inner, x.value), position, spec=spec) for x in (a, b))
    part = product(left, right) if left.type.rank <= MATRIX else _lower_batched(left, right)
    filled = PUT(make(inner, stack), part, position, spec=spec)
    region = inner.close((index, stack), (filled.value,))
    bounds = (builder.const(0), sizes[0], builder.const(1))
    (out,) = builder.loop(bounds, (start,), region)
    return make(builder, out)


_STACK = np.array([[[0.3, -1.1], [2.0, 0.7], [0.1, 0.4]], [[1.3, 0.1], [-2.0, 0.4], [0.6, -0.4]]])

# Stacks of matrices of one shape; the front end broadcasts.
BATCHED_MATMUL: Primitive = Primitive(
    "batched_matmul",
    Kind.BILINEAR,
    _infer_batched,
    np.matmul,
    transpose=lambda ct, a, b: (
        BATCHED_MATMUL(ct, transposed(b)),
        BATCHED_MATMUL(transposed(a), ct),
    ),
    lower=_lower_batched,
    at=[(_STACK, _STACK[:, :2] + 0.5), (_STACK[None], _STACK[None, :, 1:])],
    formula="(ct @ B.T, A.T @ ct)",
    cost=2,
)

RECORDS = (MATMUL, BATCHED_MATMUL)

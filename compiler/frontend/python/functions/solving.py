"""Linear systems, inverses, determinants and powers of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import as_operand
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.promote import as_float
from gradc.frontend.python.refs import Ref, Struct
from gradc.ir.core import Primitive, Value
from gradc.ir.types import DType
from gradc.prims.solves import DET, INV, SLOGDET, SOLVE

REGISTRY = Registry()

MATRIX = 2


def float_arrays(ctx: Lowering, *refs: Ref) -> list[Value]:
    """Operands as arrays of one float type."""
    operands = [as_operand(ctx, ref) for ref in refs]
    dtype = as_float(ctx.common_kind(operands)).dtype
    return [ctx.value(operand, dtype) for operand in operands]


def checked_matrix(ctx: Lowering, value: Value, title: str) -> Value:
    """A matrix, or a stack of matrices in leading axes."""
    if value.type.rank < MATRIX:
        raise shapes(
            f"{title} takes a matrix, or a stack of matrices, and this has {value.type.rank} axes"
        )
    return value


def square_matrix(ctx: Lowering, value: Value, title: str) -> Value:
    """A square matrix, or a stack of square matrices; checked at run time where need be."""
    shape = checked_matrix(ctx, value, title).type.shape
    wanted = (*shape[:-1], shape[-2])
    return arithmetic.expect_shape(ctx, value, wanted, f"{title} takes square matrices")


def named_results(ctx: Lowering, cls: type, values: Sequence[Value]) -> Ref:
    """Several results as NumPy's named tuple."""
    names: Sequence[str] = cls._fields  # type: ignore[attr-defined]
    refs = [ctx.result(value) for value in values]
    return Struct(cls, dict(zip(names, refs, strict=True)))


def result_type(function: Callable[..., Any], *args: Any) -> type:
    """The class of the named tuple that a NumPy function returns."""
    return type(function(*args))


SLOGDET_RESULT = result_type(np.linalg.slogdet, np.eye(1))


def _one_matrix(ctx: Lowering, a: Ref, prim: Primitive, title: str) -> Value:
    (value,) = float_arrays(ctx, a)
    return ctx.emit(prim, (square_matrix(ctx, value, title),))


@REGISTRY.function(np.linalg.inv)
def inv(ctx: Lowering, a: Ref) -> Ref:
    """``np.linalg.inv``."""
    return ctx.result(_one_matrix(ctx, a, INV, "np.linalg.inv"))


@REGISTRY.function(np.linalg.det)
def det(ctx: Lowering, a: Ref) -> Ref:
    """``np.linalg.det``."""
    return ctx.result(_one_matrix(ctx, a, DET, "np.linalg.det"))


@REGISTRY.function(np.linalg.slogdet)
def slogdet(ctx: Lowering, a: Ref) -> Ref:
    """``np.linalg.slogdet``: the sign is a constant."""
    (value,) = float_arrays(ctx, a)
    matrix = square_matrix(ctx, value, "np.linalg.slogdet")
    return named_results(ctx, SLOGDET_RESULT, ctx.builder.emit_all(SLOGDET, (matrix,)))


@REGISTRY.function(np.linalg.solve)
def solve(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.linalg.solve``."""
    matrix, side = float_arrays(ctx, a, b)
    matrix = square_matrix(ctx, matrix, "np.linalg.solve")
    matrix, side = fitting_side(ctx, matrix, side, "np.linalg.solve")
    return ctx.result(ctx.emit(SOLVE, (matrix, side)))


def fitting_side(ctx: Lowering, matrix: Value, side: Value, title: str) -> tuple[Value, Value]:
    """The matrix and the right side of a system, as stacks of one shape.

    A vector is the right side of one system, as in NumPy 2.
    """
    rows = matrix.type.shape[-2]
    what = f"{title}: the matrix and the right side differ in the number of rows"
    if side.type.rank == 0:
        raise shapes(f"{title}: the right side is a number")
    if side.type.rank == 1 and matrix.type.rank == MATRIX:
        return matrix, arithmetic.expect_shape(ctx, side, (rows,), what)
    if side.type.rank == 1:
        raise shapes(
            f"{title} of a stack of matrices and one vector is not supported",
            "give the vector a second axis: b[:, None]",
        )
    stack = arithmetic.broadcast_shape(
        [matrix.type.shape[:-2], side.type.shape[:-2]], f"{title}: the stacks"
    )
    side = arithmetic.broadcast_to(ctx, side, (*stack, rows, side.type.shape[-1]), what)
    matrix = arithmetic.broadcast_to(ctx, matrix, (*stack, rows, rows), what)
    return matrix, side


def float_type(value: Value) -> DType:
    """The element type of a value."""
    return value.type.dtype

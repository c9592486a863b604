"""Linear systems, inverses, determinants and powers of matrices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic, slices
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import as_operand, integer_constant, is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import as_float
from gradc.frontend.python.refs import NONE, Constant, Ref, Struct
from gradc.ir.core import Primitive, Value
from gradc.ir.types import DType
from gradc.prims.arithmetic import MUL
from gradc.prims.integers import IMAX
from gradc.prims.linalg import product
from gradc.prims.solves import DET, INV, SLOGDET, SOLVE
from gradc.prims.trace import Var
from gradc.prims.triangles import EYE

REGISTRY = Registry()

MATRIX = 2
TWO = Constant(2)


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
    if side.type.rank == 1 and matrix.type.rank > MATRIX:  # one vector for all of them
        column = ctx.result(arithmetic.reshaped(ctx, side, (side.type.shape[0], 1)))
        found = solve(ctx, ctx.result(matrix), column)
        return ctx.call(Constant(np.squeeze), (found, Constant(-1)), {}, None)
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
    stack = arithmetic.shape_together(
        ctx, [matrix.type.shape[:-2], side.type.shape[:-2]], f"{title}: the stacks"
    )
    side = arithmetic.broadcast_to(ctx, side, (*stack, rows, side.type.shape[-1]), what)
    matrix = arithmetic.broadcast_to(ctx, matrix, (*stack, rows, rows), what)
    return matrix, side


# -- cuts ---------------------------------------------------------------------------------------


def relative_cut(ctx: Lowering, matrix: Value, rtol: Ref) -> Value:
    """Below which part of the largest one a singular value counts as zero.

    Without `rtol` it is the larger size times the machine epsilon, as in NumPy.
    """
    dtype = matrix.type.dtype
    if not is_none(rtol):
        return ctx.value(as_operand(ctx, rtol), dtype)
    rows, columns = (ctx.size(dim) for dim in matrix.type.shape[-2:])
    largest = ctx.cast(ctx.builder.integer(IMAX, rows, columns), dtype)
    least = ctx.builder.const(epsilon(dtype), dtype)
    return ctx.emit(MUL, (largest, least), None, "cut")


def epsilon(dtype: DType) -> float:
    return float(np.finfo(np.float32 if dtype is DType.F32 else np.float64).eps)


# -- powers -------------------------------------------------------------------------------------


@REGISTRY.function(np.linalg.matrix_power)
def matrix_power(ctx: Lowering, a: Ref, n: Ref) -> Ref:
    """``np.linalg.matrix_power``: by repeated squaring."""
    exponent = integer_constant(ctx, n, "the exponent of np.linalg.matrix_power")
    (value,) = float_arrays(ctx, a)
    value = square_matrix(ctx, value, "np.linalg.matrix_power")
    if exponent < 0:
        value, exponent = ctx.emit(INV, (value,)), -exponent
    if exponent == 0:
        size = ctx.size(value.type.shape[-1])
        one = ctx.emit(EYE, (size,), {"dtype": value.type.dtype})
        return ctx.result(arithmetic.broadcast_to(ctx, one, value.type.shape, ""))
    result: Value | None = None
    while exponent:
        if exponent % 2:
            result = value if result is None else _times(ctx, result, value)
        exponent //= 2
        if exponent:
            value = _times(ctx, value, value)
    assert result is not None
    return ctx.result(result)


def _times(ctx: Lowering, left: Value, right: Value) -> Value:
    found: Value = product(Var(ctx.builder, left), Var(ctx.builder, right)).value
    return found


@REGISTRY.function(np.linalg.matrix_transpose, np.matrix_transpose)
def matrix_transpose(ctx: Lowering, x: Ref, /) -> Ref:
    """``np.linalg.matrix_transpose``: the last two axes swapped."""
    return ctx.call(Constant(np.swapaxes), (x, Constant(-1), Constant(-2)), {}, None)


@REGISTRY.function(np.linalg.tensorinv)
def tensorinv(ctx: Lowering, a: Ref, ind: Ref = TWO) -> Ref:
    """``np.linalg.tensorinv``: the inverse of the matrix of the first and the other axes."""
    count = integer_constant(ctx, ind, "ind")
    (value,) = float_arrays(ctx, a)
    first, last = value.type.shape[:count], value.type.shape[count:]
    if not first or not last:
        raise shapes("np.linalg.tensorinv: ind is between 1 and the number of axes")
    dims = tuple(slices.product(ctx, part).size or 0 for part in (first, last))
    matrix = square_matrix(ctx, arithmetic.reshaped(ctx, value, dims), "np.linalg.tensorinv")
    return ctx.result(arithmetic.reshaped(ctx, ctx.emit(INV, (matrix,)), (*last, *first)))


@REGISTRY.function(np.linalg.tensorsolve)
def tensorsolve(ctx: Lowering, a: Ref, b: Ref, axes: Ref = NONE) -> Ref:
    """``np.linalg.tensorsolve`` with the axes in order."""
    if not is_none(axes):
        raise RefusedError("np.linalg.tensorsolve with axes is not supported", "use np.moveaxis")
    value, side = float_arrays(ctx, a, b)
    rest = value.type.shape[side.type.rank :]
    columns = slices.product(ctx, rest).size or 0
    rows = slices.product(ctx, value.type.shape[: side.type.rank]).size or 0
    title = "np.linalg.tensorsolve"
    side = arithmetic.expect_shape(
        ctx, side, value.type.shape[: side.type.rank], f"{title}: the shapes do not fit"
    )
    flat = arithmetic.reshaped(ctx, value, (rows, columns))
    matrix = square_matrix(ctx, flat, title)
    solution = ctx.emit(SOLVE, (matrix, arithmetic.reshaped(ctx, side, (rows,))))
    what = f"{title} takes square systems"
    solution = arithmetic.expect_shape(ctx, solution, (columns,), what)
    return ctx.result(arithmetic.reshaped(ctx, solution, rest))

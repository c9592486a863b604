"""Products of vectors and matrices."""

from __future__ import annotations

import ast

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.promote import as_number, promote
from gradc.frontend.python.refs import Ref
from gradc.ir.core import Value
from gradc.ir.types import Type
from gradc.prims.arithmetic import ADD, MUL
from gradc.prims.index import GET, SLICE
from gradc.prims.integers import IMIN
from gradc.prims.linalg import MATMUL
from gradc.prims.shape import BROADCAST, SUM, TRANSPOSE

REGISTRY = Registry()


def _values(ctx: Lowering, a: Ref, b: Ref) -> list[Value]:
    refs = [as_operand(ctx, a), as_operand(ctx, b)]
    kind = as_number(promote(ctx.kind(ref) for ref in refs))
    return [ctx.value(ref, kind.dtype) for ref in refs]


def product(ctx: Lowering, left: Value, right: Value, what: str) -> Value:
    """The matrix product of arrays of one or two axes, checked to fit."""
    if left.type.rank not in (1, 2) or right.type.rank not in (1, 2):
        raise shapes(
            f"{what} of {left.type.rank}- and {right.type.rank}-dimensional arrays is not"
            " supported",
            "write a loop over the first axis, or use arrays of one or two axes",
        )
    inner = left.type.shape[-1]
    wanted = (inner, *right.type.shape[1:])
    message = f"{what}: {_shape(left.type)} and {_shape(right.type)} do not fit"
    right = arithmetic.expect_shape(ctx, right, wanted, message)
    return ctx.emit(MATMUL, (left, right))


def _shape(kind: Type) -> str:
    return f"({', '.join(str(dim) for dim in kind.shape)})"


@REGISTRY.function(np.matmul)
def matmul(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.matmul``, also ``@``."""
    left, right = _values(ctx, x1, x2)
    if left.type.is_scalar or right.type.is_scalar:
        raise shapes("`@` is for arrays, and one operand is a number", "use `*`")
    return ctx.result(product(ctx, left, right, "matrix product"))


@REGISTRY.function(np.dot)
@REGISTRY.method("dot")
def dot(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.dot``."""
    left, right = _values(ctx, a, b)
    if left.type.is_scalar or right.type.is_scalar:
        return arithmetic.binary(ctx, ast.Mult, as_operand(ctx, a), as_operand(ctx, b), "np.dot")
    return ctx.result(product(ctx, left, right, "np.dot"))


@REGISTRY.function(np.vdot)
def vdot(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.vdot``: the sum of the products of all elements."""
    left, right = (common.flat(ctx, value) for value in _values(ctx, a, b))
    return ctx.result(product(ctx, left, right, "np.vdot"))


@REGISTRY.function(np.inner)
def inner(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.inner``: products over the last axes."""
    left, right = _values(ctx, a, b)
    if left.type.is_scalar or right.type.is_scalar:
        return dot(ctx, a, b)
    if right.type.rank == 2:
        right = ctx.emit(TRANSPOSE, (right,), {"perm": (1, 0)})
    return ctx.result(product(ctx, left, right, "np.inner"))


@REGISTRY.function(np.outer)
def outer(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.outer``: all products of one element each."""
    left, right = (common.flat(ctx, value) for value in _values(ctx, a, b))
    sizes = [ctx.size(left.type.shape[0]), ctx.size(right.type.shape[0])]
    rows = ctx.emit(BROADCAST, (left, *sizes), {"axes": (0,)})
    columns = ctx.emit(BROADCAST, (right, *sizes), {"axes": (1,)})
    return ctx.result(ctx.emit(MUL, (rows, columns), None, "outer"))


@REGISTRY.function(np.trace)
@REGISTRY.method("trace")
def trace(ctx: Lowering, a: Ref) -> Ref:
    """``np.trace`` of a matrix."""
    value = ctx.value(as_operand(ctx, a))
    if value.type.rank != 2:
        raise shapes("np.trace takes a matrix")
    return ctx.result(ctx.emit(SUM, (diagonal_value(ctx, value),), {"axes": (0,)}, "trace"))


def diagonal_value(ctx: Lowering, value: Value) -> Value:
    """The diagonal of a matrix: every (columns + 1)-th element of its rows laid end to end."""
    rows, columns = (ctx.size(dim) for dim in value.type.shape)
    flat = common.flat(ctx, value)
    step = ctx.builder.integer(ADD, columns, 1)
    size = ctx.builder.integer(IMIN, rows, columns)
    operands = (flat, ctx.builder.const(0), size, step)
    return ctx.emit(GET, operands, {"spec": (SLICE,)}, "diagonal")

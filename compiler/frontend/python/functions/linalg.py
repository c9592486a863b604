"""Products of vectors, matrices and arrays of more axes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from gradc.frontend.python import arithmetic, indexing, sequences, slices
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.contraction import Labels, Term, sum_of_products
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, integer_constant
from gradc.frontend.python.functions.reductions import kind_of_total
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.functions.shaping import as_array
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import as_number, promote
from gradc.frontend.python.refs import NONE, Array, Constant, Ref, Tuple
from gradc.ir.core import Value
from gradc.ir.types import Dim, Type
from gradc.prims.arithmetic import ADD, MUL, SUB
from gradc.prims.index import ALL, GET, SLICE
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.linalg import BATCHED_MATMUL, MATMUL
from gradc.prims.shape import BROADCAST, RESHAPE, SUM, TRANSPOSE

REGISTRY = Registry()

ZERO, ONE, TWO, LAST = Constant(0), Constant(1), Constant(2), Constant(-1)


def number_arrays(ctx: Lowering, *refs: Ref) -> list[Value]:
    """Operands as values of one type of numbers."""
    operands = [as_operand(ctx, ref) for ref in refs]
    kind = as_number(promote(ctx.kind(operand) for operand in operands))
    return [ctx.value(operand, kind.dtype) for operand in operands]


def product(ctx: Lowering, left: Value, right: Value, what: str) -> Value:
    """The matrix product of vectors, matrices or stacks of matrices, checked to fit."""
    message = f"{what}: {_shape(left.type)} and {_shape(right.type)} do not fit"
    inner = left.type.shape[-1]
    shape = right.type.shape
    wanted = (inner,) if len(shape) == 1 else (*shape[:-2], inner, shape[-1])
    right = arithmetic.expect_shape(ctx, right, wanted, message)
    is_float = left.type.is_float
    if is_float and left.type.rank <= 2 and right.type.rank <= 2:
        return ctx.emit(MATMUL, (left, right))
    if is_float and left.type.rank >= 2 and right.type.rank > 2:
        return _stacked_product(ctx, left, right, message)
    # a stack on the left alone is a matrix of many rows
    terms = [
        Term(left, _product_labels(left.type.rank, ("row", "inner"), "inner")),
        Term(right, _product_labels(right.type.rank, ("inner", "column"), "inner")),
    ]
    found = dict.fromkeys(label for term in terms for label in term.labels)
    stack = sorted(label[1] for label in found if isinstance(label, tuple))
    ends = [label for label in ("row", "column") if label in found]
    return sum_of_products(ctx, terms, (*(("stack", k) for k in stack), *ends), what)


def _product_labels(rank: int, matrix: tuple[str, str], vector: str) -> Labels:
    """The labels of an operand of a matrix product; those of its stack count from the last."""
    if rank == 1:
        return (vector,)
    return (*(("stack", k) for k in range(2 - rank, 0)), *matrix)


def _stacked_product(ctx: Lowering, left: Value, right: Value, message: str) -> Value:
    """Products of stacks of matrices, their leading axes broadcast."""
    stack = arithmetic.shape_together(
        ctx, [left.type.shape[:-2], right.type.shape[:-2]], "the stacks of a matrix product"
    )
    pair = [
        arithmetic.broadcast_to(ctx, value, (*stack, *value.type.shape[-2:]), message)
        for value in (left, right)
    ]
    return ctx.emit(BATCHED_MATMUL, pair, None, "matmul")


def _shape(kind: Type) -> str:
    return f"({', '.join(str(dim) for dim in kind.shape)})"


@REGISTRY.function(np.matmul, np.linalg.matmul)
def matmul(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.matmul``, also ``@``."""
    left, right = number_arrays(ctx, x1, x2)
    if left.type.is_scalar or right.type.is_scalar:
        raise shapes("`@` is for arrays, and one operand is a number", "use `*`")
    return ctx.result(product(ctx, left, right, "matrix product"))


@REGISTRY.function(np.dot)
@REGISTRY.method("dot")
def dot(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.dot``: over the last axis of one and the last but one of the other."""
    left, right = number_arrays(ctx, a, b)
    if left.type.is_scalar or right.type.is_scalar:
        return arithmetic.binary(ctx, ast.Mult, as_operand(ctx, a), as_operand(ctx, b), "np.dot")
    if left.type.rank <= 2 and right.type.rank <= 2:
        return ctx.result(product(ctx, left, right, "np.dot"))
    axis = max(right.type.rank - 2, 0)
    return ctx.result(over_axes(ctx, left, (left.type.rank - 1,), right, (axis,), "np.dot"))


def over_axes(
    ctx: Lowering,
    left: Value,
    left_axes: Sequence[int],
    right: Value,
    right_axes: Sequence[int],
    what: str,
) -> Value:
    """Products summed over pairs of axes; the axes that are left follow each other."""
    for own, other in zip(left_axes, right_axes, strict=True):
        one, two = left.type.shape[own], right.type.shape[other]
        if one != two and 1 in (one, two) and isinstance(one, int) and isinstance(two, int):
            raise shapes(f"{what}: the sizes do not fit")
    rows = [("left", k) for k in range(left.type.rank)]
    columns = [("right", k) for k in range(right.type.rank)]
    for own, other in zip(left_axes, right_axes, strict=True):
        columns[other] = rows[own]
    summed = {rows[own] for own in left_axes}
    out = tuple(label for label in (*rows, *columns) if label not in summed)
    terms = [Term(left, tuple(rows)), Term(right, tuple(columns))]
    return sum_of_products(ctx, terms, out, what)


@REGISTRY.function(np.tensordot, np.linalg.tensordot)
def tensordot(ctx: Lowering, a: Ref, b: Ref, axes: Ref = TWO) -> Ref:
    """``np.tensordot``."""
    left, right = number_arrays(ctx, a, b)
    given = ctx.constant(axes, "the axes of np.tensordot")
    pair: list[Sequence[int]]
    if isinstance(given, int):
        pair = [range(left.type.rank - given, left.type.rank), range(given)]
    else:
        pair = [one if isinstance(one, tuple | list) else (one,) for one in given]
    if len(pair) != 2 or len(pair[0]) != len(pair[1]):
        raise shapes("np.tensordot takes as many axes of one array as of the other")
    own, other = (
        [common.normal_axis(axis, value.type.rank) for axis in listed]
        for listed, value in zip(pair, (left, right), strict=True)
    )
    return ctx.result(over_axes(ctx, left, own, right, other, "np.tensordot"))


@REGISTRY.function(np.vdot)
def vdot(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.vdot``: the sum of the products of all elements."""
    left, right = (common.flat(ctx, value) for value in number_arrays(ctx, a, b))
    return ctx.result(product(ctx, left, right, "np.vdot"))


@REGISTRY.function(np.vecdot, np.linalg.vecdot)
def vecdot(ctx: Lowering, x1: Ref, x2: Ref, *, axis: Ref = LAST) -> Ref:
    """``np.vecdot``: products over one axis, the others broadcast."""
    left, right = as_operand(ctx, x1), as_operand(ctx, x2)
    if not ctx.shape(left) or not ctx.shape(right):
        raise shapes("np.vecdot takes vectors, or arrays of them, and not numbers")
    made = arithmetic.binary(ctx, ast.Mult, left, right, "np.vecdot")
    return ctx.call(Constant(np.sum), (made,), {"axis": axis}, None)


@REGISTRY.function("numpy.matvec")  # since NumPy 2.2
def matvec(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.matvec``: a matrix and a vector, or stacks of them."""
    left, right = number_arrays(ctx, x1, x2)
    if right.type.rank == 1:
        return ctx.result(product(ctx, left, right, "np.matvec"))
    column = arithmetic.reshaped(ctx, right, (*right.type.shape, 1))
    made = product(ctx, left, column, "np.matvec")
    return ctx.result(arithmetic.reshaped(ctx, made, made.type.shape[:-1]))


@REGISTRY.function("numpy.vecmat")  # since NumPy 2.2
def vecmat(ctx: Lowering, x1: Ref, x2: Ref) -> Ref:
    """``np.vecmat``: a vector and a matrix, or stacks of them."""
    left, right = number_arrays(ctx, x1, x2)
    if left.type.rank == 1:
        return ctx.result(product(ctx, left, right, "np.vecmat"))
    row = arithmetic.reshaped(ctx, left, (*left.type.shape[:-1], 1, left.type.shape[-1]))
    made = product(ctx, row, right, "np.vecmat")
    shape = (*made.type.shape[:-2], made.type.shape[-1])
    return ctx.result(arithmetic.reshaped(ctx, made, shape))


@REGISTRY.function(np.inner)
def inner(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.inner``: products over the last axes."""
    left, right = number_arrays(ctx, a, b)
    if left.type.is_scalar or right.type.is_scalar:
        return dot(ctx, a, b)
    if right.type.rank == 2 and left.type.rank <= 2:
        right = ctx.emit(TRANSPOSE, (right,), {"perm": (1, 0)})
        return ctx.result(product(ctx, left, right, "np.inner"))
    axes = (left.type.rank - 1,), (right.type.rank - 1,)
    return ctx.result(over_axes(ctx, left, axes[0], right, axes[1], "np.inner"))


@REGISTRY.function(np.outer, np.linalg.outer)
def outer(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.outer``: all products of one element each."""
    left, right = (common.flat(ctx, value) for value in number_arrays(ctx, a, b))
    sizes = [ctx.size(left.type.shape[0]), ctx.size(right.type.shape[0])]
    rows = ctx.emit(BROADCAST, (left, *sizes), {"axes": (0,)})
    columns = ctx.emit(BROADCAST, (right, *sizes), {"axes": (1,)})
    return ctx.result(ctx.emit(MUL, (rows, columns), None, "outer"))


@REGISTRY.function(np.kron)
def kron(ctx: Lowering, a: Ref, b: Ref) -> Ref:
    """``np.kron``: the products of all elements, in blocks."""
    values = number_arrays(ctx, a, b)
    rank = max(value.type.rank for value in values)
    wide = []
    for place, value in enumerate(values):
        own = (1,) * (rank - value.type.rank) + value.type.shape
        pairs = [(dim, 1) if place == 0 else (1, dim) for dim in own]
        shape = tuple(dim for pair in pairs for dim in pair)
        wide.append(ctx.result(arithmetic.reshaped(ctx, value, shape)))
    made = ctx.value(arithmetic.binary(ctx, ast.Mult, wide[0], wide[1], "np.kron"))
    dims = made.type.shape
    sizes = [slice_size(ctx, dims[2 * k], dims[2 * k + 1]) for k in range(rank)]
    return ctx.result(arithmetic.reshaped(ctx, made, tuple(sizes)))


def slice_size(ctx: Lowering, first: Dim, second: Dim) -> Dim:
    """The product of two sizes."""
    return ctx.builder.integer(MUL, ctx.size(first), ctx.size(second)).size or 0


@REGISTRY.function(np.cross, np.linalg.cross)
def cross(
    ctx: Lowering,
    a: Ref,
    b: Ref,
    axisa: Ref = LAST,
    axisb: Ref = LAST,
    axisc: Ref = LAST,
    axis: Ref = NONE,
) -> Ref:
    """``np.cross`` of vectors of length 3 along an axis."""
    if not common.is_none(axis):
        axisa = axisb = axisc = axis
    u, v = (_components(ctx, as_array(ctx, ref), own) for ref, own in ((a, axisa), (b, axisb)))

    def minor(i: int, j: int) -> Ref:
        one = arithmetic.binary(ctx, ast.Mult, u[i], v[j], "np.cross")
        two = arithmetic.binary(ctx, ast.Mult, u[j], v[i], "np.cross")
        return arithmetic.binary(ctx, ast.Sub, one, two, "np.cross")

    parts = [minor(1, 2), minor(2, 0), minor(0, 1)]
    rank = len(ctx.shape(parts[0])) + 1
    return common.stacked(ctx, parts, common.one_axis(ctx, axisc, rank))


def _components(ctx: Lowering, array: Array, axis: Ref) -> Sequence[Ref]:
    """The three components of vectors along an axis."""
    place = common.one_axis(ctx, axis, array.type.rank)
    if array.type.rank == 1:
        return sequences.unpacked(ctx, array, 3)
    shape = tuple(3 if k == place else dim for k, dim in enumerate(array.type.shape))
    if array.type.shape[place] == 2:
        raise RefusedError("np.cross of vectors of length 2 is not supported", "add a zero")
    what = "np.cross takes vectors of length 3"
    whole = as_array(ctx, ctx.result(arithmetic.expect_shape(ctx, ctx.read(array), shape, what)))
    index = [
        [Constant(i) if k == place else indexing.FULL for k in range(len(shape))] for i in range(3)
    ]
    return [indexing.subscript(ctx, whole, Tuple(tuple(items)), "np.cross") for items in index]


@REGISTRY.function(np.linalg.multi_dot)
def multi_dot(ctx: Lowering, arrays: Ref) -> Ref:
    """``np.linalg.multi_dot``: in the order that costs least, where unknown sizes count alike."""
    values = number_arrays(ctx, *sequences.elements(ctx, arrays, "the factors"))
    if len(values) < 2:
        raise shapes("np.linalg.multi_dot takes at least two arrays")
    terms = []
    for place, value in enumerate(values):
        labels: tuple[int, ...] = (place, place + 1)
        if value.type.rank == 1 and place == 0:
            labels = (1,)
        elif value.type.rank == 1 and place == len(values) - 1:
            labels = (place,)
        elif value.type.rank != 2:
            raise shapes("np.linalg.multi_dot takes matrices, and vectors at the ends")
        terms.append(Term(value, labels))
    ends = (0, len(values))
    out = tuple(
        end for end, term in zip(ends, (terms[0], terms[-1]), strict=True) if end in term.labels
    )
    return ctx.result(sum_of_products(ctx, terms, out, "np.linalg.multi_dot"))


@REGISTRY.function(np.trace)
@REGISTRY.method("trace")
def trace(
    ctx: Lowering,
    a: Ref,
    offset: Ref = ZERO,
    axis1: Ref = ZERO,
    axis2: Ref = ONE,
    dtype: Ref = NONE,
) -> Ref:
    """``np.trace``."""
    x = as_operand(ctx, a)
    value = ctx.value(x, kind_of_total(ctx, x, dtype).dtype)
    if value.type.rank < 2:
        raise shapes("np.trace takes a matrix")
    skip = integer_constant(ctx, offset, "the offset of np.trace")
    first, second = (common.one_axis(ctx, axis, value.type.rank) for axis in (axis1, axis2))
    others = [k for k in range(value.type.rank) if k not in (first, second)]
    perm = (*others, first, second)
    if perm != tuple(range(len(perm))):
        value = ctx.emit(TRANSPOSE, (value,), {"perm": perm}, value.name)
    found = diagonal_value(ctx, value, skip)
    axes = (found.type.rank - 1,)
    return ctx.result(ctx.emit(SUM, (found,), {"axes": axes}, "trace"))


@REGISTRY.function(np.linalg.trace)
def trace_of_last(ctx: Lowering, x: Ref, *, offset: Ref = ZERO, dtype: Ref = NONE) -> Ref:
    """``np.linalg.trace``: of the last two axes."""
    return trace(ctx, x, offset, Constant(-2), LAST, dtype)


def diagonal_value(ctx: Lowering, value: Value, above: int = 0) -> Value:
    """The diagonals of the last two axes: every (columns + 1)-th element of rows end to end."""
    shape, builder = value.type.shape, ctx.builder
    rows, columns = (ctx.size(dim) for dim in shape[-2:])
    total = slices.product(ctx, shape[-2:])
    flat = ctx.emit(RESHAPE, (value, *(ctx.size(dim) for dim in shape[:-2]), total), {}, value.name)
    start = builder.const(above) if above >= 0 else builder.integer(MUL, columns, -above)
    step = builder.integer(ADD, columns, 1)
    height = builder.integer(ADD, rows, min(above, 0))
    width = builder.integer(SUB, columns, max(above, 0))
    size = builder.integer(IMIN, height, width)
    if above:
        size = builder.integer(IMAX, size, 0)
    spec = (*(ALL for _ in shape[:-2]), SLICE)
    return ctx.emit(GET, (flat, start, size, step), {"spec": spec}, "diagonal")

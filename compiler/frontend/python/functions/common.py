"""What handlers of functions share: sequences as arrays, axes, counts."""

from __future__ import annotations

from collections.abc import Sequence

from gradc.frontend.python import arithmetic, listed, sequences
from gradc.frontend.python.comprehensions import filled
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import Kind, promote
from gradc.frontend.python.refs import (
    Array,
    Constant,
    Generated,
    List,
    Once,
    Range,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_listed,
)
from gradc.frontend.python.slices import product
from gradc.ir.core import Value
from gradc.ir.types import Dim, DType, Type
from gradc.prims.index import ALL, AT, PUT
from gradc.prims.shape import EMPTY, RESHAPE


def is_none(ref: Ref) -> bool:
    """Whether an argument is None."""
    return isinstance(ref, Constant) and ref.value is None


def as_operand(ctx: Lowering, ref: Ref) -> Ref:
    """A number or array; a sequence of them becomes an array, as NumPy does."""
    if isinstance(ref, Generated):
        return generated_array(ctx, ref)
    if is_listed(ref):
        return ctx.copied(listed.array_of(ref))
    if isinstance(ref, Tuple | List | Range | Once) or (isinstance(ref, Struct) and ref.is_tuple):
        return stacked(ctx, sequences.elements(ctx, ref, "an array"), 0)
    return ref


def generated_array(ctx: Lowering, recipe: Generated, dtype: DType | None = None) -> Ref:
    """A new array of the elements of a comprehension."""

    def make(example: Ref, shape: Sequence[Dim]) -> Ref:
        own = ctx.kind(example).dtype
        return ctx.result(empty(ctx, tuple(shape), dtype or own, "array"))

    return filled(ctx, recipe, make)


def stacked(ctx: Lowering, items: Sequence[Ref], axis: int, dtype: DType | None = None) -> Ref:
    """A new array whose parts along a new axis are the items."""
    parts = [as_operand(ctx, item) for item in items]
    if not parts:
        return ctx.result(
            ctx.emit(EMPTY, (ctx.builder.const(0),), {"dtype": dtype or DType.F64}, "array")
        )
    # Python's numbers have dtypes of their own here: they do not adapt to float32 beside them
    dtype = dtype or promote(Kind(ctx.kind(part).dtype) for part in parts).dtype
    values = [ctx.value(part, dtype) for part in parts]
    first = values[0].type
    what = "the parts of an array differ in shape"
    rank = first.rank + 1
    axis = normal_axis(axis, rank)
    if any(value.type.rank != first.rank for value in values):
        raise shapes("the parts of an array must all have one shape")
    shape: list[Dim] = list(first.shape)
    shape.insert(axis, len(values))
    array = empty(ctx, tuple(shape), dtype, "array")
    spec = tuple(AT if k == axis else ALL for k in range(rank))
    for number, value in enumerate(values):
        fitted = arithmetic.expect_shape(ctx, value, first.shape, what)
        index = ctx.builder.const(number)
        array = ctx.emit(PUT, (array, fitted, index), {"spec": spec}, "array")
    return ctx.result(array)


def empty(ctx: Lowering, shape: tuple[Dim, ...], dtype: DType, name: str = "empty") -> Value:
    """A new array whose elements are all written later."""
    sizes = [ctx.size(dim) for dim in shape]
    return ctx.emit(EMPTY, sizes, {"dtype": dtype}, name)


def normal_axis(axis: int, rank: int) -> int:
    """An axis counted from the front."""
    if not -rank <= axis < rank:
        raise shapes(f"axis {axis} is out of bounds for an array of dimension {rank}")
    return axis % rank


def axes_of(ctx: Lowering, axis: Ref, kind: Type) -> tuple[int, ...]:
    """The axes that an `axis` argument names, sorted; None names all.

    A number has none, and NumPy takes 0 and -1 for it as well.
    """
    if is_none(axis) or (kind.is_scalar and is_only(ctx, axis)):
        return tuple(range(kind.rank))
    return tuple(sorted(axes_in_order(ctx, axis, kind.rank)))


def is_only(ctx: Lowering, axis: Ref) -> bool:
    """Whether an `axis` argument is 0 or -1, the axis of a vector."""
    given = ctx.constant(axis, "the axis")
    return isinstance(given, int) and given in (0, -1)


def axes_in_order(ctx: Lowering, axis: Ref, rank: int) -> list[int]:
    """The axes that an `axis` argument names, in the order given."""
    given = ctx.constant(axis, "the axis")
    listed = given if isinstance(given, tuple | list) else (given,)
    if not all(isinstance(one, int) for one in listed):
        raise shapes(f"an axis is an integer, not {given!r}")
    found = [normal_axis(one, rank) for one in listed]
    if len(set(found)) != len(found):
        raise shapes(f"an axis is named twice in {given!r}")
    return found


def one_axis(ctx: Lowering, axis: Ref, rank: int) -> int:
    """The axis that an argument names."""
    given = ctx.constant(axis, "the axis")
    if not isinstance(given, int):
        raise shapes(f"an axis is an integer, not {given!r}")
    return normal_axis(given, rank)


def shape_argument(ctx: Lowering, ref: Ref, unknown: bool = False) -> list[Value]:
    """The sizes that a `shape` argument names; -1 is one of them where `unknown` says so."""
    items = [ref] if ctx.is_numeric(ref) else sequences.elements(ctx, ref, "the shape")
    sizes = [ctx.integer(item, "a size") for item in items]
    for size in sizes:
        if isinstance(size.size, int) and size.size < (-1 if unknown else 0):
            raise shapes("negative dimensions are not allowed")
    return sizes


def flat(ctx: Lowering, value: Value) -> Value:
    """The elements of an array in one axis."""
    if value.type.rank == 1:
        return value
    if value.type.is_scalar:
        return arithmetic.reshaped(ctx, value, (1,))
    return ctx.emit(RESHAPE, (value, product(ctx, value.type.shape)), {}, value.name)


def with_kept_axes(ctx: Lowering, value: Value, source: Type, axes: Sequence[int]) -> Value:
    """The result of a reduction with its axes put back as axes of size 1."""
    shape = tuple(1 if axis in axes else dim for axis, dim in enumerate(source.shape))
    return arithmetic.reshaped(ctx, value, shape)


def integer_constant(ctx: Lowering, ref: Ref, what: str) -> int:
    """An integer that must be known at compile time."""
    found = ctx.constant(ref, what)
    if not isinstance(found, int):
        raise RefusedError(f"{what} is an integer, not {found!r}")
    return found


def number(value: Value, weak: bool = True) -> Ref:
    """A Python number."""
    return Scalar(value, weak)


def seen_through(ctx: Lowering, source: Ref, value: Value) -> Ref:
    """What NumPy shows as a read-only view: it is not read after a write to `source`."""
    made = ctx.result(value)
    if isinstance(source, Array) and isinstance(made, Array):
        made.cell.sources[source.cell] = ctx.state.tokens[source.cell]
        made.cell.locked = True
    return made

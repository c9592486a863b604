"""Index arrays and masks, in reads and writes.

An index with arrays in it is brought into one form: a view of the array whose leading axes are the
indexed ones, and index vectors of one common length. Elements are then read and written by loops
(:mod:`gradc.frontend.python.library`), so that what they mean for derivatives is what loops mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gradc.frontend.python import arithmetic, indexing, library, slices, views
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import Array, Constant, List, Ref, Slice, Tuple
from gradc.ir.core import Value
from gradc.ir.types import Dim, DType
from gradc.prims.compare import SELECT
from gradc.prims.shape import RESHAPE, TRANSPOSE


@dataclass(frozen=True, slots=True)
class Selection:
    """What an index with arrays in it selects.

    Attributes
    ----------
    view : Array
        The array with the indexed axes first.
    indices : tuple of Ref
        A vector of positions for each indexed axis.
    shape : tuple of Dim
        The common shape of the index arrays.
    place : int
        At which axis of the result the axes of the index arrays stand.
    """

    view: Array
    indices: tuple[Ref, ...]
    shape: tuple[Dim, ...]
    place: int


def is_advanced(ctx: Lowering, items: Sequence[Ref]) -> bool:
    """Whether an index has arrays (or lists) in it."""
    return any(
        isinstance(item, List) or (isinstance(item, Array) and item.type.rank) for item in items
    )


def read(ctx: Lowering, array: Array, items: Sequence[Ref]) -> Ref:
    """Read the elements that an index with arrays selects: a new array."""
    return _shaped(ctx, selected(ctx, array, items))


def _shaped(ctx: Lowering, chosen: Selection) -> Ref:
    flat = ctx.library(library.gather, chosen.view, *chosen.indices)
    value = ctx.value(flat)
    count = len(chosen.shape)
    rest = value.type.shape[1:]
    if count != 1:
        sizes = [ctx.size(dim) for dim in (*chosen.shape, *rest)]
        value = ctx.emit(RESHAPE, (value, *sizes), {}, value.name)
    if chosen.place and rest:
        perm = _moved(count, chosen.place, count + len(rest))
        value = ctx.emit(TRANSPOSE, (value,), {"perm": perm}, value.name)
    return ctx.result(value)


def _moved(count: int, place: int, rank: int) -> tuple[int, ...]:
    """Bring the first `count` axes to the position `place`."""
    rest = list(range(count, rank))
    return (*rest[:place], *range(count), *rest[place:])


def write(ctx: Lowering, array: Array, items: Sequence[Ref], ref: Ref) -> None:
    """Interpret ``array[items] = ref``; of several writes to one place the last one counts."""
    if _is_whole_mask(array, items) and not ctx.shape(ref):
        _fill_mask(ctx, array, items[0], ref)
        return
    chosen = selected(ctx, array, items)
    values = _values(ctx, chosen, ref)
    ctx.library(library.scatter, chosen.view, values, *chosen.indices)


def add_at(ctx: Lowering, array: Array, items: Sequence[Ref], ref: Ref) -> None:
    """Interpret ``np.add.at(array, items, ref)``."""
    chosen = selected(ctx, array, items)
    values = _values(ctx, chosen, ref)
    ctx.library(library.scatter_add, chosen.view, values, *chosen.indices)


def _is_whole_mask(array: Array, items: Sequence[Ref]) -> bool:
    (first, *rest) = items
    whole = isinstance(first, Array) and first.type.dtype is DType.BOOL
    return whole and not rest and isinstance(first, Array) and first.type.rank == array.type.rank


def _fill_mask(ctx: Lowering, array: Array, mask: Ref, ref: Ref) -> None:
    """One number for all elements where a mask is true: a selection."""
    old = ctx.value(array)
    what = "the mask does not fit the array"
    test = arithmetic.broadcast_to(ctx, ctx.value(mask), old.type.shape, what)
    new = arithmetic.broadcast_to(ctx, ctx.value(ref, old.type.dtype), old.type.shape, what)
    made = ctx.result(ctx.emit(SELECT, (test, new, old), None, array.cell.name))
    ctx.assign_whole(array, made)


def _values(ctx: Lowering, chosen: Selection, ref: Ref) -> Ref:
    """What is written, as an array with one part per index position."""
    dtype = chosen.view.type.dtype
    rest = chosen.view.type.shape[len(chosen.indices) :]
    count = len(chosen.shape)
    place = chosen.place if rest else 0
    shape = (*rest[:place], *chosen.shape, *rest[place:])
    what = "could not broadcast what is assigned into the shape of the index"
    value = arithmetic.broadcast_to(ctx, ctx.value(ref, dtype), shape, what)
    if place:
        perm = (
            *range(place, place + count),
            *range(place),
            *range(place + count, len(shape)),
        )
        value = ctx.emit(TRANSPOSE, (value,), {"perm": perm}, value.name)
    if count != 1:
        length = ctx.shape(chosen.indices[0])[0]
        sizes = [ctx.size(dim) for dim in (length, *rest)]
        value = ctx.emit(RESHAPE, (value, *sizes), {}, value.name)
    return ctx.result(value)


# -- bringing an index into form ----------------------------------------------------------------


def selected(ctx: Lowering, array: Array, items: Sequence[Ref]) -> Selection:
    """Bring an index into form."""
    items = _without_masks(ctx, indexing.full_items(array.type, items))
    basic: list[Ref] = []
    arrays: list[tuple[int, Ref]] = []
    for axis, item in enumerate(items):
        if isinstance(item, Constant) and item.value is None:
            raise RefusedError(
                "new axes and index arrays in one index are not supported",
                "add the axis in a second step: `x[index][:, None]`",
            )
        if isinstance(item, Slice):
            basic.append(item)
        else:
            arrays.append((axis, item))
            basic.append(indexing.FULL)
    whole = all(item is indexing.FULL for item in basic)
    seen = (
        array if whole else indexing.view(ctx, array, indexing.basic_index(ctx, array.type, basic))
    )
    axes = [number for number, _ in arrays]
    others = [k for k in range(array.type.rank) if k not in axes]
    together = axes == list(range(axes[0], axes[0] + len(axes)))
    if axes != list(range(len(axes))):
        seen = indexing.extended(ctx, seen, views.transpose_step(seen.type, [*axes, *others]))
    vectors, shape = _vectors(ctx, [item for _, item in arrays])
    return Selection(seen, vectors, shape, axes[0] if together else 0)


def _without_masks(ctx: Lowering, items: Sequence[Ref]) -> list[Ref]:
    """Replace masks by the positions where they are true."""
    found: list[Ref] = []
    for item in items:
        operand = ctx.array_like(item) if isinstance(item, List) else item
        if isinstance(operand, Array) and operand.type.dtype is DType.BOOL:
            found += positions(ctx, operand)
        else:
            found.append(operand)
    return found


def positions(ctx: Lowering, mask: Array) -> list[Ref]:
    """The index arrays that say where a mask is true; found once for each mask."""
    key = ctx.read(mask)
    known = ctx.state.positions.get(key)
    if known is None:
        whole = ctx.result(key)
        if mask.type.rank == 1:
            known = (ctx.library(library.positions, whole),)
        else:
            is_matrix = mask.type.rank == 2
            find = library.positions_in_matrix if is_matrix else library.positions_in_solid
            found = ctx.library(find, whole)
            assert isinstance(found, Tuple)
            known = found.items
        ctx.state.positions[key] = known
    return list(known)


def _vectors(ctx: Lowering, items: Sequence[Ref]) -> tuple[tuple[Ref, ...], tuple[Dim, ...]]:
    """Index arrays broadcast together, each laid out in one axis."""
    values: list[Value] = []
    for item in items:
        if not ctx.is_numeric(item) or ctx.kind(item).dtype is not DType.INT:
            raise shapes(f"an index must be an integer, not {ctx.describe(item)}")
        values.append(ctx.value(item, DType.INT))
    shape = arithmetic.shape_together(ctx, [value.type.shape for value in values], "index arrays")
    what = "index arrays could not be broadcast together"
    values = [arithmetic.broadcast_to(ctx, value, shape, what) for value in values]
    vectors = []
    for value in values:
        if len(shape) == 1:
            vectors.append(ctx.result(value))
        else:
            length = slices.product(ctx, shape)
            vectors.append(ctx.result(ctx.emit(RESHAPE, (value, length), {}, value.name)))
    return tuple(vectors), shape

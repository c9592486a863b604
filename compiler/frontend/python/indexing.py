"""Reading parts of arrays, tuples and dictionaries: the subscript in an expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradc.frontend.python import arithmetic, environment, slices, views
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, UnrollableError, shapes
from gradc.frontend.python.refs import (
    NONE,
    POISON,
    Array,
    Constant,
    Dict,
    Iteration,
    List,
    Poison,
    Ref,
    Scalar,
    Slice,
    Step,
    Struct,
    Tuple,
    is_complex,
    is_growing,
    is_listed,
)
from gradc.ir.core import Value
from gradc.ir.types import DType, Type
from gradc.prims.index import ALL, AT, GET

FULL = Slice(NONE, NONE, NONE)


@dataclass(frozen=True, slots=True)
class BasicIndex:
    """An index made of integers, slices, ``...`` and new axes.

    Attributes
    ----------
    spec, operands
        For the axes of the array, as the primitives take them.
    new_axes : tuple of int
        Positions of axes of size 1 in the result.
    """

    spec: tuple[str, ...]
    operands: tuple[Value, ...]
    new_axes: tuple[int, ...]

    @property
    def is_element(self) -> bool:
        """Whether it selects one element."""
        return all(item == AT for item in self.spec) and not self.new_axes

    @property
    def is_all(self) -> bool:
        """Whether it selects everything, as it is."""
        return all(item == ALL for item in self.spec) and not self.new_axes


def index_items(index: Ref) -> tuple[Ref, ...]:
    """The items of an index: those of a tuple, or the one."""
    return index.items if isinstance(index, Tuple) else (index,)


def basic_index(ctx: Lowering, array: Type, items: Sequence[Ref]) -> BasicIndex:
    """Interpret a basic index of an array."""
    items = full_items(array, items)
    spec: list[str] = []
    operands: list[Value] = []
    new_axes: list[int] = []
    axis = result_axis = 0
    for item in items:
        if isinstance(item, Constant) and item.value is None:
            new_axes.append(result_axis)
            result_axis += 1
            continue
        if isinstance(item, Slice):
            how, own = slices.part(ctx, item, array.shape[axis])
            result_axis += 1
        else:
            how, own = AT, [slices.position(ctx, item, array.shape[axis], axis)]
        spec.append(how)
        operands += own
        axis += 1
    return BasicIndex(tuple(spec), tuple(operands), tuple(new_axes))


def full_items(array: Type, items: Sequence[Ref]) -> list[Ref]:
    """Fill up to one item per axis; ``...`` stands for the axes that are not named."""
    dots = [k for k, item in enumerate(items) if isinstance(item, Constant) and item.value is ...]
    if len(dots) > 1:
        raise shapes("an index can only have a single ellipsis `...`")
    named = sum(_axes_taken(item) for item in items)
    if named > array.rank:
        raise shapes(f"too many indices: the array is {array.rank}-dimensional, {named} are given")
    fill: list[Ref] = [FULL] * (array.rank - named)
    if not dots:
        return [*items, *fill]
    return [*items[: dots[0]], *fill, *items[dots[0] + 1 :]]


def _axes_taken(item: Ref) -> int:
    """How many axes of the array an item of an index is about."""
    if isinstance(item, Constant) and (item.value is None or item.value is ...):
        return 0
    if isinstance(item, Array) and item.type.dtype is DType.BOOL:
        return item.type.rank
    return 1


def extended(ctx: Lowering, array: Array, step: Step) -> Array:
    """The view of an array that one more step makes."""
    return Array(array.cell, views.extend(ctx.builder, array.cell.type, array.steps, step))


def view(ctx: Lowering, array: Array, index: BasicIndex) -> Array:
    """The part of an array that a basic index selects, as a view."""
    if not all(item == ALL for item in index.spec):
        step = views.get_step(array.type, index.spec, index.operands)
        array = extended(ctx, array, step)
    else:
        array = Array(array.cell, array.steps)
    if index.new_axes:
        shape = list(array.type.shape)
        for axis in index.new_axes:
            shape.insert(axis, 1)
        sizes = [ctx.size(dim) for dim in shape]
        array = extended(ctx, array, views.reshape_step(array.type, sizes))
    return array


def read_element(ctx: Lowering, array: Array, index: BasicIndex) -> Ref:
    """Read one element."""
    known = ctx.state.reads.get(array)
    if array.steps and (known is None or known[0] is not ctx.state.cells[array.cell]):
        # An element of a view is read from the base, without making the view.
        whole = extended(ctx, array, views.get_step(array.type, index.spec, index.operands))
        return Scalar(ctx.read(whole))
    value = ctx.read(array)
    args = (value, *index.operands)
    return Scalar(ctx.emit(GET, args, {"spec": index.spec}, f"{array.cell.name}_at"))


def subscript(ctx: Lowering, owner: Ref, index: Ref, text: str) -> Ref:
    """Read ``owner[index]``."""
    if isinstance(owner, Poison) or any(isinstance(i, Poison) for i in index_items(index)):
        return POISON
    match owner:
        case Array():
            return _of_array(ctx, owner, index)
        case _ if is_listed(owner):
            return ctx.tables.item_of(ctx, owner, index, text)
        case Struct(cls=cls, fields=fields) if is_complex(owner):
            seen = {key: subscript(ctx, part, index, text) for key, part in fields.items()}
            return Struct(cls, seen)
        case Tuple(items=items):
            return _of_sequence(ctx, items, index)
        case Struct(fields=fields) if owner.is_tuple:
            return _of_sequence(ctx, tuple(fields.values()), index)
        case List() if is_growing(ctx.state.lists.get(owner, ())):
            (held,) = ctx.state.lists[owner]
            return ctx.tables.item_of_growing(ctx, owner, held, index, text)
        case List():
            found = _of_sequence(ctx, ctx.state.items(owner), index)
            return _as_list(ctx, found) if isinstance(index, Slice) else found
        case Dict(items=entries):
            key = ctx.constant(index, "the key of a dictionary")
            if key not in entries:
                known = ", ".join(repr(each) for each in entries) or "none"
                raise RefusedError(f"the dictionary has no key {key!r}", f"its keys: {known}")
            return entries[key]
        case Scalar() | Constant() if _has_no_axes(ctx, owner):
            return _of_number(ctx, owner, index_items(index), text)
        case Constant() if (by_index := ctx.tables.indexed.get(id(owner.value))) is not None:
            return by_index(ctx, index)
        case Iteration(kind="flat", parts=(array,)):
            return subscript(ctx, ctx.call(Constant(np.ravel), (array,), {}, None), index, text)
        case Constant(value=str() as string):
            return Constant(string[ctx.constant(index, "the index of a string")])
    raise shapes(f"`{text}`: {ctx.describe(owner)} cannot be indexed")


def _has_no_axes(ctx: Lowering, ref: Ref) -> bool:
    """Whether a number is one of NumPy, an array without axes; those of Python have no items."""
    return ctx.is_numeric(ref) and not ctx.kind(ref).weak


def _of_number(ctx: Lowering, number: Ref, items: Sequence[Ref], text: str) -> Ref:
    """An array without axes at new axes, at ``...``, or where a condition holds."""
    masks = [item for item in items if _is_condition(ctx, item)]
    new = [item for item in items if isinstance(item, Constant) and item.value is None]
    dots = [item for item in items if isinstance(item, Constant) and item.value is ...]
    if len(masks) + len(new) + len(dots) < len(items) or len(dots) > 1:
        raise shapes(f"`{text}`: too many indices: {ctx.describe(number)} has no axes")
    if masks and (new or len(masks) > 1):
        raise shapes(f"`{text}`: a condition and a new axis do not go together", "index twice")
    if not new and not masks:
        return number
    shape = (1,) * max(len(new), 1)
    boxed = ctx.result(arithmetic.reshaped(ctx, ctx.value(number), shape))
    if not masks:
        return boxed
    mask = ctx.result(arithmetic.reshaped(ctx, ctx.value(masks[0]), shape))
    return ctx.tables.read_advanced(ctx, boxed, (mask,))


def _is_condition(ctx: Lowering, item: Ref) -> bool:
    if not ctx.is_numeric(item) or ctx.shape(item):
        return False
    return ctx.kind(item).dtype is DType.BOOL


def _as_list(ctx: Lowering, items: Ref) -> Ref:
    """A part of a list is another list."""
    assert isinstance(items, Tuple)
    made = List()
    ctx.state.lists[made] = items.items
    return made


def _of_array(ctx: Lowering, array: Array, index: Ref) -> Ref:
    items = index_items(index)
    if not array.type.rank and any(_is_condition(ctx, item) for item in items):
        return _of_number(ctx, ctx.without_box(array), items, array.cell.name)
    if ctx.tables.is_advanced(ctx, items):
        return ctx.tables.read_advanced(ctx, array, items)
    found = basic_index(ctx, array.type, items)
    dotted = any(isinstance(item, Constant) and item.value is ... for item in items)
    if found.is_element and not dotted:
        return read_element(ctx, array, found) if array.type.rank else ctx.without_box(array)
    return view(ctx, array, found)


def _of_sequence(ctx: Lowering, items: tuple[Ref, ...], index: Ref) -> Ref:
    if isinstance(index, Slice):
        bounds = [
            ctx.constant(part, "the bound of a slice of a tuple")
            for part in (index.start, index.stop, index.step)
        ]
        return Tuple(items[slice(*bounds)])
    if (
        isinstance(index, Scalar)
        and not isinstance(index.value.size, int)
        and are_numbers(ctx, items)
    ):
        return _of_numbers(ctx, items, index)
    position = static_position(ctx, index, "a tuple or list")
    if not -len(items) <= position < len(items):
        raise shapes(f"index {position} is out of range for {len(items)} items")
    return items[position]


def are_numbers(ctx: Lowering, items: tuple[Ref, ...]) -> bool:
    """Whether all items of a tuple or list, and at least one, are numbers."""
    return bool(items) and all(ctx.is_numeric(item) and not ctx.shape(item) for item in items)


def _of_numbers(ctx: Lowering, items: tuple[Ref, ...], index: Scalar) -> Ref:
    """An item of a tuple or list of numbers at an index that is known at run time only.

    The numbers are an array meanwhile; where all are known, one that the program is given.
    """
    if isinstance(index.value.size, str):
        wanted = ctx.builder.sizes.origins(index.value.size) & ctx.unrollable
        if wanted:
            raise UnrollableError(wanted, not_static("a tuple or list"))
    kind = ctx.common_kind(items)
    known = [item.value for item in items if isinstance(item, Constant)]
    if len(known) == len(items):
        key = ("numbers", kind.dtype, tuple(known))
        if key not in ctx.memo:
            ctx.memo[key] = np.array(known, kind.dtype.numpy)
        array = environment.capture(ctx, "numbers", ctx.memo[key])
    else:
        array = ctx.array_like(Tuple(items))
    found = subscript(ctx, array, index, "an item")
    assert isinstance(found, Scalar)
    return Scalar(found.value, kind.weak)


def not_static(what: str) -> RefusedError:
    """The refusal of an index that is known at run time only."""
    return RefusedError(
        f"the index of {what} must be known at compile time",
        "loop over the items themselves (`for item in items:`), or put numbers into an array",
    )


def static_position(ctx: Lowering, index: Ref, what: str) -> int:
    """An index that must be known at compile time, of a tuple or list."""
    problem = not_static(what)
    if isinstance(index, Scalar) and isinstance(index.value.size, str):
        wanted = ctx.builder.sizes.origins(index.value.size) & ctx.unrollable
        raise UnrollableError(wanted, problem) if wanted else problem
    position = ctx.constant(index, f"the index of {what}")
    if not isinstance(position, int):
        raise problem
    return position

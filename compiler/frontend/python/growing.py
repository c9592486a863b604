"""Lists that change their length at run time: an array with room for all, and a counter.

::

    out = []
    for v in x:
        if v > 0.0:
            out.append(v * v)

is kept as ``items = np.empty(len(x))`` and ``count = 0``, and the statement with ``append`` is
``items[count] = v * v`` and ``count = count + 1``. How much room there has to be is found before
the loop (:mod:`gradc.frontend.python.opening`). What reads the list sees the part that is filled.

The items are numbers, or arrays of one shape. An array that is appended is not written to any
more: the list has a copy, which would have to change with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gradc.frontend.python import arithmetic, listed, views
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import GrowingError, RefusedError, shapes
from gradc.frontend.python.promote import Kind, promote
from gradc.frontend.python.refs import (
    Array,
    Constant,
    CountedItems,
    GrowingItems,
    GrowingNumbers,
    Iteration,
    List,
    NumpyItems,
    Poison,
    PythonItems,
    Ref,
    Scalar,
    Slice,
    Struct,
    Tuple,
    is_growing,
    is_listed,
)
from gradc.frontend.python.sizes import Affine
from gradc.ir.core import Value
from gradc.ir.types import INT, Dim, DType, Type
from gradc.prims.arithmetic import ADD, SUB
from gradc.prims.compare import GT
from gradc.prims.index import ALL, AT, SLICE, WRAP
from gradc.prims.shape import ZEROS

ITEMS, COUNT, TOTAL = "items", "count", "total"


@dataclass(eq=False, slots=True)
class ItemKind:
    """What the items of a list are.

    Attributes
    ----------
    kind : Kind or None
        None while nothing is known of them.
    shape : tuple of Dim
    bad : RefusedError or None
        What is wrong with one of them.
    checked : bool
        Whether there might be less room than is needed, which is then an error at run time.
    """

    kind: Kind | None = None
    shape: tuple[Dim, ...] = ()
    bad: RefusedError | None = None
    checked: bool = False

    def join(self, ctx: Lowering, item: Ref) -> None:
        """Note one more item."""
        if isinstance(item, Poison):
            return
        if not ctx.is_numeric(item):
            self.bad = RefusedError(
                "a list that changes its length at run time cannot hold"
                f" {'lists' if isinstance(item, List) or is_listed(item) else ctx.describe(item)}",
                "fill arrays instead: `y = np.zeros((n, m))`, and in loops `y[i, j] = ...`",
            )
            return
        own, shape = ctx.kind(item), ctx.shape(item)
        if self.kind is None:
            self.kind, self.shape = own, shape
            return
        if len(shape) != len(self.shape):
            self.bad = shapes(
                "a list that changes its length at run time holds numbers, or arrays of one shape"
            )
            return
        if own.dtype is self.kind.dtype:
            self.kind = Kind(own.dtype, own.weak and self.kind.weak)
        else:
            self.kind = promote([own, self.kind])


def contents(ctx: Lowering, ref: Ref) -> Struct | None:
    """What is in a list that changes its length at run time; None for anything else."""
    if not isinstance(ref, List):
        return None
    held = ctx.state.lists.get(ref, ())
    if not is_growing(held):
        return None
    (found,) = held
    assert isinstance(found, Struct)
    return found


def count_of(ctx: Lowering, held: Struct) -> Value:
    """How many items there are."""
    return _not_negative(ctx, ctx.value(held.fields[COUNT], DType.INT))


def _not_negative(ctx: Lowering, value: Value) -> Value:
    """An integer of which it is known from now on that it is not negative."""
    if isinstance(value.size, str):
        ctx.builder.sizes.low.setdefault(value.size, Affine())
    return value


def data_of(ctx: Lowering, held: Struct) -> Array:
    """The array that the items are kept in, with room for more."""
    array = ctx.present(held.fields[ITEMS], "items")
    if isinstance(array, Poison):
        raise RefusedError("")
    assert isinstance(array, Array)
    return array


# -- reading ----------------------------------------------------------------------------------


def settled(ctx: Lowering, ref: Ref) -> Ref:
    """A list as it is now, which later changes of it leave alone; anything else as it is."""
    held = contents(ctx, ref)
    if held is None:
        return ref
    if held.cls is CountedItems:
        assert isinstance(ref, List)
        return _unknown(ctx, ref, held)
    seen = _filled(ctx, held)
    copy = ctx.result(ctx.read(seen))
    assert isinstance(copy, Array)
    copy.cell.locked = copy.type.rank > 1
    return listed.new_listed(copy, held.cls is GrowingNumbers)


def _listed_class(held: Struct) -> type:
    return PythonItems if held.cls is GrowingNumbers else NumpyItems


def _filled(ctx: Lowering, held: Struct) -> Array:
    """The part of the array that has items, as a view."""
    data = data_of(ctx, held)
    rest = [ALL] * (data.type.rank - 1)
    one = ctx.builder.const(1)
    operands = [ctx.builder.const(0), count_of(ctx, held), one]
    return Array(data.cell, (views.get_step(data.type, (SLICE, *rest), operands),))


def _unknown(ctx: Lowering, ref: List, held: Struct) -> Ref:
    """What is read of a list while it is only counted: nothing may depend on it."""
    item = ctx.growth.counted[ref]
    kind = item.kind or Kind(DType.F64, weak=True)
    sizes = [count_of(ctx, held), *(ctx.size(dim) for dim in item.shape if ctx.in_scope(dim))]
    value = ctx.emit(ZEROS, sizes, {"dtype": kind.dtype}, "unknown")
    ctx.growth.unknown.add(value)
    return listed.new_listed(ctx.result(value), kind.weak and not item.shape)


def as_listed(ctx: Lowering, ref: List) -> Struct | None:
    """A list as one that is read only; None where it holds no numbers."""
    if contents(ctx, ref) is None:
        items = ctx.state.items(ref)
        if not items or not may_grow(ctx, items):
            return None
        weak = all(ctx.kind(item).weak for item in items)
        made = listed.new_listed(ctx.call(Constant(np.array), (Tuple(items),), {}, None), weak)
    else:
        made = settled(ctx, ref)
    assert isinstance(made, Struct)
    return made


def type_of(ctx: Lowering, ref: List, held: tuple[Ref, ...]) -> tuple[Type, type] | None:
    """The type of the array that `as_listed` makes, and what it is called."""
    if is_growing(held):
        (inner,) = held
        assert isinstance(inner, Struct)
        if inner.cls is CountedItems:
            return None
        data, count = data_of(ctx, inner).type, ctx.value(inner.fields[COUNT], DType.INT).size
        return data.with_shape((count or 0, *data.shape[1:])), _listed_class(inner)
    if not held or not may_grow(ctx, held):
        return None
    kind = ctx.common_kind(held)
    weak = all(ctx.kind(item).weak for item in held)
    return Type(kind.dtype, (len(held), *ctx.shape(held[0]))), PythonItems if weak else NumpyItems


def type_of_listed(ctx: Lowering, plan: object, entry: Ref | None) -> Type | None:
    """The type of the array in which a loop carries a list."""
    own = getattr(plan, "type", None)
    if isinstance(own, Type):
        return own
    array = entry.fields[ITEMS] if isinstance(entry, Struct) and is_listed(entry) else None
    return array.type if isinstance(array, Array) else None


def may_have_length(ctx: Lowering, ref: Ref | None, type: Type | None) -> bool:
    """Whether a list may have as many items as an array of some type, as far as is known."""
    if type is None:
        return True
    array = ref.fields[ITEMS] if isinstance(ref, Struct) and is_listed(ref) else None
    if isinstance(ref, List):
        found = type_of(ctx, ref, ctx.state.lists[ref])
        own = None if found is None else found[0]
    else:
        own = array.type if isinstance(array, Array) else None
    if own is None or own.rank != type.rank:
        return False
    form = ctx.builder.sizes.form
    gap = form(own.shape[0]).plus(form(type.shape[0]), -1)
    return bool(gap.terms) or gap.constant == 0


def item_of(ctx: Lowering, ref: List, held: Struct, index: Ref, text: str) -> Ref:
    """Read ``items[index]``."""
    if isinstance(index, Slice) or held.cls is CountedItems:
        return listed.item_of(ctx, settled(ctx, ref), index, text)
    seen = listed.new_listed(_filled(ctx, held), held.cls is GrowingNumbers)
    found = listed.item_of(ctx, seen, index, text)
    if isinstance(found, Array):  # a write to it would have to change what was appended
        found = ctx.result(ctx.read(found))
        assert isinstance(found, Array)
        found.cell.locked = True
    return found


def lists_in(ctx: Lowering, iterable: Ref) -> Iterator[List]:
    """The lists that a loop runs over."""
    if isinstance(iterable, List):
        yield iterable
    elif isinstance(iterable, Iteration):
        for part in iterable.parts:
            yield from lists_in(ctx, part)


def state_of(ctx: Lowering, ref: List) -> tuple[object, ...]:
    """What differs after a change of the list."""
    held = contents(ctx, ref)
    if held is None or held.cls is CountedItems:
        return ctx.state.lists[ref]
    return held, ctx.state.tokens[data_of(ctx, held).cell]


# -- changing ---------------------------------------------------------------------------------


def append(ctx: Lowering, ref: List, item: Ref) -> None:
    """``items.append(item)``, of a list whose length is not known."""
    held = _to_grow(ctx, ref, item)
    if held is None:
        return
    count = count_of(ctx, held)
    _put(ctx, ref, held, _checked(ctx, ref, held, count), item)
    _set(ctx, ref, held, ctx.builder.integer(ADD, count, 1))


def _to_grow(ctx: Lowering, ref: List, item: Ref) -> Struct | None:
    """What is in the list, with room for one more item; None where it is only counted."""
    held = contents(ctx, ref)
    assert held is not None
    if held.cls is CountedItems:
        ctx.growth.counted[ref].join(ctx, item)
        more = {
            key: Scalar(ctx.builder.integer(ADD, ctx.value(held.fields[key], DType.INT), 1), True)
            for key in (COUNT, TOTAL)
        }
        ctx.state.lists[ref] = (Struct(CountedItems, more),)
        return None
    if ref not in ctx.growth.granted:
        raise GrowingError(frozenset([ref]), cannot_grow(ctx, ref))
    return held


def pop(ctx: Lowering, ref: List, held: Struct) -> Ref:
    """``items.pop()``: the last item."""
    count = count_of(ctx, held)
    last = ctx.builder.integer(SUB, count, 1)
    some = ctx.emit(GT, (count, ctx.builder.const(0)))
    ctx.check(some, "IndexError", "pop from empty list")
    if held.cls is CountedItems:
        taken = listed.item_of(ctx, settled(ctx, ref), Scalar(ctx.builder.const(-1)), "pop()")
    else:
        data = data_of(ctx, held)
        step = views.get_step(data.type, _at(ctx, held), [_not_negative(ctx, last)])
        value = ctx.read(Array(data.cell, (step,)))
        taken = listed.as_item(Struct(_listed_class(held), {}), ctx.result(value))
    _set(ctx, ref, held, last)
    return taken


def clear(ctx: Lowering, ref: List, held: Struct) -> None:
    """``items.clear()``."""
    _set(ctx, ref, held, ctx.builder.const(0))


def store(ctx: Lowering, ref: List, held: Struct, index: Ref, item: Ref, text: str) -> None:
    """``items[index] = item``."""
    if isinstance(index, Slice) or ctx.shape(index) or not ctx.is_numeric(index):
        raise RefusedError(
            f"`{text} = ...`: of a list whose length is known at run time only, single items are"
            " assigned",
            "assign them one by one, or use an array",
        )
    if held.cls is CountedItems:
        ctx.growth.counted[ref].join(ctx, item)
        return
    value = ctx.integer(index, "an index")
    line = {"line": ctx.builder.loc.line}
    _put(ctx, ref, held, ctx.emit(WRAP, (value, count_of(ctx, held)), line, value.name), item)


def _at(ctx: Lowering, held: Struct) -> tuple[str, ...]:
    return (AT, *([ALL] * (data_of(ctx, held).type.rank - 1)))


def _checked(ctx: Lowering, ref: List, held: Struct, count: Value) -> Value:
    """Where the next item goes."""
    item = ctx.growth.counted.get(ref)
    if item is None or not item.checked:
        return count
    room = ctx.size(data_of(ctx, held).type.shape[0])
    return ctx.emit(WRAP, (count, room), {"line": ctx.builder.loc.line}, count.name)


def _put(ctx: Lowering, ref: List, held: Struct, position: Value, item: Ref) -> None:
    data = data_of(ctx, held)
    known = ItemKind(Kind(data.type.dtype, held.cls is GrowingNumbers), data.type.shape[1:])
    known.join(ctx, item)
    if known.bad is not None:
        raise known.bad
    if known.kind is None or known.kind.dtype is not data.type.dtype:
        raise RefusedError(
            f"{ctx.state.name_of(ref)} holds {data.type.dtype.numpy_name} and is given"
            f" {ctx.describe(item)}",
            "give the list items of one kind from the start: 0.0 for 0",
        )
    value = ctx.value(item, data.type.dtype)
    if isinstance(item, Array):
        item.cell.locked = True  # the list has it, too
        what = f"the arrays in {ctx.state.name_of(ref)} have different shapes"
        value = arithmetic.expect_shape(ctx, value, data.type.shape[1:], what)
    base = ctx.state.cells[data.cell]
    step = views.get_step(data.type, _at(ctx, held), [position])
    made = views.write(ctx.builder, base, (step,), value, data.cell.name)
    ctx.state.write(data.cell, made)
    ctx.given.setdefault(made, data.cell.name)


def _set(ctx: Lowering, ref: List, held: Struct, count: Value) -> None:
    assert count.type == INT
    fields = {**held.fields, COUNT: Scalar(count, weak=True)}
    ctx.state.lists[ref] = (Struct(held.cls, fields),)


# -- refusals ---------------------------------------------------------------------------------


def cannot_grow(ctx: Lowering, ref: List) -> RefusedError:
    """The refusal of a list that cannot be made ready for what happens to it."""
    return RefusedError(
        f"the length of {ctx.state.name_of(ref)} changes in this loop, whose number of"
        " iterations is not known at compile time",
        "a list of numbers, or of arrays of one shape, can grow here; fill arrays instead:"
        " `y = np.zeros(n)`, and in the loop `y[i] = ...`",
    )


def may_grow(ctx: Lowering, items: Sequence[Ref]) -> bool:
    """Whether a list that holds such items at one time or another can be kept as an array."""
    known = [item for item in items if not (isinstance(item, Struct) and is_growing((item,)))]
    return all(isinstance(item, Poison) or ctx.is_numeric(item) for item in known) and (
        len({len(ctx.shape(item)) for item in known}) <= 1
    )


def differs(left: tuple[Ref, ...], right: tuple[Ref, ...]) -> bool:
    """Whether what lists hold has another length, or is kept in another way."""
    if is_growing(left) or is_growing(right):
        return not (is_growing(left) and is_growing(right)) or not _same(left[0], right[0])
    return len(left) != len(right)


def _same(left: Ref, right: Ref) -> bool:
    assert isinstance(left, Struct)
    assert isinstance(right, Struct)
    if left.cls is not right.cls:
        return False
    arrays = [held.fields.get(ITEMS) for held in (left, right)]
    cells = [array.cell if isinstance(array, Array) else None for array in arrays]
    return cells[0] is cells[1]


def class_of(kind: Kind, rank: int) -> type:
    """How the contents of a list are kept."""
    return GrowingNumbers if kind.weak and rank == 1 else GrowingItems


def larger_total(ctx: Lowering, before: tuple[Ref, ...], left: Ref, right: Ref) -> Ref | None:
    """How much was appended at most where arms meet, if both append a number known beforehand."""
    held = (*before, left, right)
    if len(before) != 1 or not all(
        isinstance(each, Struct) and each.cls is CountedItems for each in held
    ):
        return None
    totals = [ctx.value(each.fields[TOTAL], DType.INT) for each in held if isinstance(each, Struct)]
    forms = [ctx.builder.form(total) for total in totals]
    gains = [form.plus(forms[0], -1) for form in forms[1:]]
    if any(gain.terms for gain in gains):
        return None
    most = max(gain.constant for gain in gains)
    return Scalar(ctx.builder.integer(ADD, totals[0], most), weak=True)

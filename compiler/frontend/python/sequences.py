"""What a ``for`` statement runs over: items known at compile time, or an index and its items."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

from gradc.frontend.python import growing, indexing, listed
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import (
    Array,
    Constant,
    Dict,
    Generated,
    Iteration,
    List,
    Once,
    Range,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_listed,
)
from gradc.frontend.python.slices import integer_ref
from gradc.ir.core import Value
from gradc.prims.arithmetic import ADD, FLOORDIV, MOD, MUL, SUB
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.loops import TRIP

Bounds = tuple[Value, Value, Value]
Item = Callable[[Value], Ref]


def static_items(ctx: Lowering, iterable: Ref) -> Sequence[Ref] | None:
    """The items of an iterable whose items are known one by one; None for others.

    A range or an array alone is not one of them, even where its length is known: a loop over it
    stays a loop.
    """
    match iterable:
        case Tuple(items=items) | Once(items=items):
            return items
        case Struct(fields=fields) if iterable.is_tuple:
            return tuple(fields.values())
        case List() if growing.contents(ctx, iterable) is None:
            return ctx.state.items(iterable)
        case Dict(items=entries):
            return [Constant(key) for key in entries]
        case Constant(value=str() as string):
            return [Constant(letter) for letter in string]
        case Iteration(kind=kind, parts=parts):
            return _static_iteration(ctx, kind, parts)
        case _:
            return None


def _static_iteration(ctx: Lowering, kind: str, parts: Sequence[Ref]) -> Sequence[Ref] | None:
    inner = [static_items(ctx, part) for part in (parts[:1] if kind == "enumerate" else parts)]
    if all(items is None for items in inner) or _runs_at_run_time(ctx, inner, parts):
        return None
    known = [
        known_items(ctx, part, f"{kind}() with a tuple or list") if items is None else items
        for items, part in zip(inner, parts, strict=False)
    ]
    if kind == "reversed":
        return known[0][::-1]
    if kind == "product":
        return [Tuple(items) for items in itertools.product(*known)]
    if kind == "enumerate":
        start = ctx.constant(parts[1], "the start of enumerate")
        return [Tuple((Constant(start + k), item)) for k, item in enumerate(known[0])]
    return [Tuple(tuple(items)) for items in zip(*known, strict=False)]


def _runs_at_run_time(
    ctx: Lowering, inner: Sequence[Sequence[Ref] | None], parts: Sequence[Ref]
) -> bool:
    """Whether something of open length is combined with tuples of numbers only.

    Lists are left out: a loop sees what is assigned to their items meanwhile.
    """
    pairs = list(zip(inner, parts, strict=False))
    numbers = all(
        items is None
        or (isinstance(part, Tuple | List | Once) and indexing.are_numbers(ctx, tuple(items)))
        for items, part in pairs
    )
    return numbers and any(items is None and not _is_known(ctx, part) for items, part in pairs)


def _is_known(ctx: Lowering, iterable: Ref) -> bool:
    """Whether how many items there are is known at compile time."""
    bounds, _ = runtime_items(ctx, iterable)
    return all(isinstance(bound.size, int) for bound in bounds)


#: What to write where the items of an array are wanted one by one.
_WITH_TUPLE = "make an array of the tuple or list: np.array(...)"


def known_items(
    ctx: Lowering, iterable: Ref, what: str = "this", hint: str = _WITH_TUPLE
) -> Sequence[Ref]:
    """The items of a range or array of known length, one by one.

    Raises
    ------
    RefusedError
        Where the length is known at run time only. `what` says what wants the items, `hint` what
        to write instead.
    """
    bounds, item = runtime_items(ctx, iterable)
    sizes = [bound.size for bound in bounds]
    if not all(isinstance(size, int) for size in sizes):
        raise RefusedError(
            f"{what} needs items that are known one by one at compile time, not"
            f" {_of_open_length(ctx, iterable)}",
            hint,
        )
    start, stop, step = (int(size or 0) for size in sizes)
    return [item(ctx.builder.const(k)) for k in range(start, stop, step)]


def _of_open_length(ctx: Lowering, iterable: Ref) -> str:
    """What has a length that is known at run time only, in words."""
    if is_listed(iterable) or isinstance(iterable, List):
        return "a list whose length is known at run time only"
    return f"{ctx.describe(iterable)} whose length is known at run time only"


def runtime_items(ctx: Lowering, iterable: Ref) -> tuple[Bounds, Item]:
    """The bounds of an index, and the item at each value of it."""
    iterable = growing.settled(ctx, iterable)
    if isinstance(iterable, Range):
        return range_bounds(ctx, iterable), lambda index: integer_ref(ctx, index)
    count, item = positions(ctx, iterable)
    return (ctx.builder.const(0), count, ctx.builder.const(1)), item


def range_bounds(ctx: Lowering, given: Range) -> Bounds:
    """Start, stop and step of a range as integers."""
    start, stop, step = (
        ctx.integer(bound, "a bound of range") for bound in (given.start, given.stop, given.step)
    )
    if step.size == 0:
        raise shapes("the step of a range must not be zero")
    return start, stop, step


def positions(ctx: Lowering, iterable: Ref) -> tuple[Value, Item]:
    """How many items there are, and the item at each position from 0."""
    iterable = growing.settled(ctx, iterable)
    match iterable:
        case Range():
            return _range_positions(ctx, iterable)
        case Array() if iterable.type.rank:
            return ctx.size(iterable.type.shape[0]), lambda index: _element(ctx, iterable, index)
        case Struct() if is_listed(iterable):
            count, item = positions(ctx, listed.array_of(iterable))
            return count, lambda index: listed.as_item(iterable, item(index))
        case Tuple() | List() | Once():
            items = tuple(static_items(ctx, iterable) or ())
            return ctx.builder.const(len(items)), lambda index: _item_at(ctx, items, index)
        case Generated():
            found: tuple[Value, Item] = ctx.tables.generated_positions(ctx, iterable)
            return found
        case Iteration(kind="enumerate", parts=(inner, start)):
            count, item = positions(ctx, inner)
            first = ctx.integer(start, "the start of enumerate")

            def numbered(index: Value) -> Ref:
                number = ctx.builder.integer(ADD, index, first)
                return Tuple((integer_ref(ctx, number), item(index)))

            return count, numbered
        case Iteration(kind="reversed", parts=(inner,)):
            count, item = positions(ctx, inner)
            last = ctx.builder.integer(SUB, count, 1)
            return count, lambda index: item(ctx.builder.integer(SUB, last, index))
        case Iteration(kind="zip", parts=parts):
            return _zip_positions(ctx, parts)
        case Iteration(kind="product", parts=parts):
            return _product_positions(ctx, [positions(ctx, part) for part in parts])
        case Iteration(kind="flat", parts=(Array() as array,)):
            return _flat_positions(ctx, array)
        case _:
            is_set = isinstance(iterable, Constant) and isinstance(iterable.value, set | frozenset)
            hint = "use a tuple or a list" if is_set else None
            raise shapes(f"{ctx.describe(iterable)} cannot be looped over", hint)


def _range_positions(ctx: Lowering, given: Range) -> tuple[Value, Item]:
    start, stop, step = range_bounds(ctx, given)
    builder = ctx.builder
    if step.size == 1:
        count = builder.integer(IMAX, builder.integer(SUB, stop, start), 0)
    else:
        count = ctx.emit(TRIP, (start, stop, step))

    def item(index: Value) -> Ref:
        moved = ctx.builder.integer(MUL, index, step)
        return integer_ref(ctx, ctx.builder.integer(ADD, start, moved))

    return count, item


def _zip_positions(ctx: Lowering, parts: Sequence[Ref]) -> tuple[Value, Item]:
    found = [positions(ctx, part) for part in parts]
    if not found:
        raise shapes("zip() without arguments")
    count = found[0][0]
    for other, _ in found[1:]:
        count = ctx.builder.integer(IMIN, count, other)
    items = [item for _, item in found]
    return count, lambda index: Tuple(tuple(item(index) for item in items))


def _product_positions(ctx: Lowering, found: Sequence[tuple[Value, Item]]) -> tuple[Value, Item]:
    """Every item of the first with every item of the others, the last one running fastest."""
    total = found[0][0]
    for count, _ in found[1:]:
        total = ctx.builder.integer(MUL, total, count)

    def combined(index: Value) -> Ref:
        chosen: list[Ref] = []
        for count, item in reversed(found[1:]):
            chosen.insert(0, item(ctx.emit(MOD, (index, count))))
            index = ctx.emit(FLOORDIV, (index, count))
        return Tuple((found[0][1](index), *chosen))

    return total, combined


def _item_at(ctx: Lowering, items: tuple[Ref, ...], index: Value) -> Ref:
    """An item of a tuple or list of numbers."""
    return indexing.subscript(ctx, Tuple(items), Scalar(index, weak=True), "an item")


def _flat_positions(ctx: Lowering, array: Array) -> tuple[Value, Item]:
    """The elements of an array, the last axis running fastest."""
    if array.type.rank == 1:
        return positions(ctx, array)
    axes = [
        _range_positions(ctx, Range(Constant(0), ctx.dim(dim), Constant(1)))
        for dim in array.type.shape
    ]
    total, places = _product_positions(ctx, axes)
    return total, lambda index: indexing.subscript(ctx, array, places(index), array.cell.name)


def _element(ctx: Lowering, array: Array, index: Value) -> Ref:
    return indexing.subscript(ctx, array, Scalar(index, weak=True), array.cell.name)


def length(ctx: Lowering, ref: Ref) -> Ref:
    """The length of a sequence, as ``len`` returns it."""
    held = growing.contents(ctx, ref)
    if held is not None:
        return Scalar(growing.count_of(ctx, held), weak=True)
    items = static_items(ctx, ref)
    if items is not None and not isinstance(ref, Iteration | Once):
        return Constant(len(items))
    if is_listed(ref):
        ref = listed.array_of(ref)
    if isinstance(ref, Constant) and isinstance(ref.value, frozenset | set):
        return Constant(len(ref.value))
    if isinstance(ref, Array) and ref.type.rank:
        return ctx.dim(ref.type.shape[0])
    if isinstance(ref, Range):
        return integer_ref(ctx, positions(ctx, ref)[0])
    raise shapes(f"{ctx.describe(ref)} has no len()")


#: What to write where a function takes the items of an array one by one.
_PASS_ARRAY = "loop over the array, or use a function of NumPy that takes it whole"


def elements(ctx: Lowering, ref: Ref, what: str, hint: str = _PASS_ARRAY) -> Sequence[Ref]:
    """The items of anything whose length is known at compile time; see :func:`known_items`."""
    ref = used(ctx, ref)
    items = static_items(ctx, ref)
    return known_items(ctx, ref, what, hint) if items is None else items


def used(ctx: Lowering, iterable: Ref) -> Ref:
    """What an iterable has, where it is used up.

    Raises
    ------
    RefusedError
        Where it was used up before: Python would find nothing in it.
    """
    if not isinstance(iterable, Iteration):
        return iterable
    if iterable.loops != ctx.loops:
        raise RefusedError(
            f"{iterable.kind}() is used up by the first iteration of this loop",
            f"call {iterable.kind}() inside the loop",
        )
    if iterable in ctx.state.spent:
        raise RefusedError(
            f"this {iterable.kind}() is used up already",
            f"call {iterable.kind}() again where it is used, or keep a list of it: `list(...)`",
        )
    ctx.state.spent.add(iterable)
    return replace(iterable, parts=tuple(used(ctx, part) for part in iterable.parts))


def holds_generator(ctx: Lowering, ref: Ref) -> bool:
    """Whether something is a generator, or has one inside."""
    if isinstance(ref, Once | Generated):
        return True
    return any(holds_generator(ctx, part) for part in ctx.state.parts_of(ref))


def check_kept(ctx: Lowering, ref: Ref) -> None:
    """Refuse to give a generator a name, to pass it on, or to return it.

    It is read where it is used up, once, and with the values of that moment.
    """
    if holds_generator(ctx, ref):
        raise RefusedError(
            "a generator can be used only where it is written, as in `sum(v * v for v in x)`",
            "write a list: `[... for ...]`, or list(...)",
        )


def unpacked(ctx: Lowering, ref: Ref, count: int, at_least: bool = False) -> Sequence[Ref]:
    """The items of what is unpacked into `count` targets."""
    if ctx.is_numeric(ref) and not ctx.shape(ref):
        raise shapes(f"{ctx.describe(ref)} cannot be unpacked into {count} names")
    ref = growing.settled(ctx, used(ctx, ref))
    items = static_items(ctx, ref)
    if items is None and isinstance(ref, Array) and ref.type.rank:
        items = _array_items(ctx, ref, count, at_least)
    elif items is None and is_listed(ref):
        inner = _array_items(ctx, listed.array_of(ref), count, at_least)
        items = [listed.as_item(ref, item) for item in inner]
    elif items is None:
        items = known_items(ctx, ref, "unpacking", "index the items, or loop over them")
    if len(items) != count and not (at_least and len(items) >= count):
        short = len(items) < count
        raise shapes(
            f"{'not enough' if short else 'too many'} values to unpack:"
            f" {count} expected, {len(items)} there"
        )
    return items


def _array_items(ctx: Lowering, array: Array, count: int, at_least: bool) -> Sequence[Ref]:
    from gradc.frontend.python.arithmetic import expect_shape

    dim = array.type.shape[0]
    if not isinstance(dim, int):
        if at_least:
            raise RefusedError(
                "how many items there are is not known at compile time",
                "take parts of it instead: `first, rest = x[0], x[1:]`",
            )
        shape = (count, *array.type.shape[1:])
        value = ctx.read(array)
        what = f"{count} values are unpacked from an array of another length"
        checked = ctx.result(expect_shape(ctx, value, shape, what))
        assert isinstance(checked, Array)
        array, dim = checked, count
    return [_element(ctx, array, ctx.builder.const(k)) for k in range(dim)]

"""Changes of lists: items assigned, appended and taken away.

Where only the contents of a list are known at compile time, they are changed there; otherwise the
list is an array and a counter (:mod:`gradc.frontend.python.growing`).
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.frontend.python import growing, indexing, opening, sequences
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.refs import List, Ref, Scalar, Struct
from gradc.frontend.python.written.iterables import extended


def changeable(ctx: Lowering, ref: Ref) -> List:
    """A list that can be changed, in place of one that is read only so far."""
    if isinstance(ref, List):
        return ref
    assert isinstance(ref, Struct)
    return opening.changeable(ctx, ref)


def store(ctx: Lowering, owner: List, index: Ref, ref: Ref, text: str) -> None:
    """``items[index] = ref``."""
    if growing.contents(ctx, owner) is None and _at_run_time(ctx, owner, index):
        opening.with_array(ctx, owner, ref)
    held = growing.contents(ctx, owner)
    if held is not None:
        growing.store(ctx, owner, held, index, ref, text)
        return
    items = list(ctx.state.items(owner))
    items[_position(ctx, items, index)] = ref
    ctx.state.lists[owner] = tuple(items)


def _at_run_time(ctx: Lowering, owner: List, index: Ref) -> bool:
    """Whether which item it is depends on what is computed, of a list of numbers."""
    return (
        isinstance(index, Scalar)
        and isinstance(index.value.size, str)
        and not ctx.builder.sizes.origins(index.value.size) & ctx.unrollable
        and growing.may_grow(ctx, ctx.state.items(owner))
    )


def append(ctx: Lowering, owner: List, item: Ref) -> None:
    """``items.append(item)``."""
    if growing.contents(ctx, owner) is None:
        ctx.state.lists[owner] = (*ctx.state.items(owner), item)
    else:
        opening.grow(ctx, owner, item)


def extend(ctx: Lowering, owner: List, iterable: Ref) -> None:
    """``items.extend(iterable)``."""
    iterable = growing.settled(ctx, sequences.used(ctx, iterable))
    items = sequences.static_items(ctx, iterable)
    if items is None:
        ctx.library(extended, owner, iterable)
    for item in items or ():
        append(ctx, owner, item)


def _position(ctx: Lowering, items: Sequence[Ref], index: Ref) -> int:
    position = indexing.static_position(ctx, index, "a list")
    if not -len(items) <= position < len(items):
        raise shapes(f"index {position} is out of range for {len(items)} items")
    return position

"""Attributes and small methods of arrays, lists, tuples and dictionaries."""

from __future__ import annotations

import numpy as np

from gradc.frontend.python import (
    arithmetic,
    changing,
    growing,
    indexing,
    sequences,
    slices,
    writes,
)
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.builtin_functions import shape_tuple
from gradc.frontend.python.functions.common import as_operand, is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Array, Constant, Dict, List, Ref, Scalar, Tuple
from gradc.frontend.python.slices import integer_ref
from gradc.ir.types import DType

REGISTRY = Registry()


@REGISTRY.attribute("shape")
@REGISTRY.function(np.shape)
def shape(ctx: Lowering, a: Ref) -> Ref:
    """``x.shape``."""
    return shape_tuple(ctx, a)


@REGISTRY.attribute("ndim")
@REGISTRY.function(np.ndim)
def ndim(ctx: Lowering, a: Ref) -> Ref:
    """``x.ndim``."""
    return Constant(len(ctx.shape(as_operand(ctx, a))))


@REGISTRY.attribute("size")
def size(ctx: Lowering, owner: Ref) -> Ref:
    """``x.size``."""
    return integer_ref(ctx, slices.product(ctx, ctx.shape(owner)))


@REGISTRY.function(np.size)
def size_function(ctx: Lowering, a: Ref, axis: Ref = NONE) -> Ref:
    """``np.size``."""
    operand = as_operand(ctx, a)
    if is_none(axis):
        return size(ctx, operand)
    shape_of = ctx.shape(operand)
    return ctx.dim(shape_of[common.one_axis(ctx, axis, len(shape_of))])


@REGISTRY.attribute("dtype")
def dtype(ctx: Lowering, owner: Ref) -> Ref:
    """``x.dtype``."""
    return Constant(ctx.kind(owner).dtype.numpy)


@REGISTRY.function(np.finfo, np.iinfo)
def limits(ctx: Lowering, dtype: Ref) -> Ref:
    """``np.finfo`` and ``np.iinfo``: known when the program is read."""
    wanted = ctx.dtype(dtype).numpy
    return Constant(np.finfo(wanted) if wanted.kind == "f" else np.iinfo(wanted))


@REGISTRY.attribute("real")
def real(ctx: Lowering, owner: Ref) -> Ref:
    """``x.real``."""
    return owner


@REGISTRY.method("conj", "conjugate")
def conjugate(ctx: Lowering, owner: Ref) -> Ref:
    """``x.conj()``: the same values, in a new array."""
    return ctx.copied(owner) if isinstance(owner, Array) else owner


@REGISTRY.attribute("imag")
def imag(ctx: Lowering, owner: Ref) -> Ref:
    """``x.imag``: zeros, since numbers are real here."""
    return ctx.call(Constant(np.zeros_like), (owner,), {}, None)


@REGISTRY.method("item")
def item(ctx: Lowering, owner: Ref, *args: Ref) -> Ref:
    """``x.item()``: the only element, or that at an index, as a number of Python."""
    if len(args) == 1 and isinstance(args[0], Tuple):
        args = args[0].items
    if len(args) == 1:
        owner = ctx.call(Constant(np.ravel), (owner,), {}, None)
    if isinstance(owner, Array) and not args and all(dim == 1 for dim in ctx.shape(owner)):
        args = (Constant(0),) * owner.type.rank
    if args:
        owner = indexing.subscript(ctx, owner, Tuple(args), "an item")
    if isinstance(owner, Array):
        raise shapes("item() of an array", "index the element: x[0]")
    value = ctx.value(owner)
    if value.type.is_float:
        value = ctx.cast(value, DType.F64)
    return Scalar(value, weak=True)


@REGISTRY.method("fill")
def fill(ctx: Lowering, owner: Ref, value: Ref) -> Ref:
    """``x.fill(value)``."""
    if not isinstance(owner, Array):
        raise shapes("a number cannot be filled")
    writes.write(ctx, owner, value, f"{owner.cell.name}.fill(...)")
    return NONE


# -- lists --------------------------------------------------------------------------------------


@REGISTRY.method("append", group="list")
def append(ctx: Lowering, owner: Ref, item: Ref) -> Ref:
    """``items.append(item)``."""
    assert isinstance(owner, List)
    sequences.check_kept(ctx, item)
    changing.append(ctx, owner, item)
    return NONE


@REGISTRY.method("extend", group="list")
def extend(ctx: Lowering, owner: Ref, iterable: Ref) -> Ref:
    """``items.extend(others)``."""
    assert isinstance(owner, List)
    changing.extend(ctx, owner, iterable)
    return NONE


@REGISTRY.method("pop", group="list")
def pop(ctx: Lowering, owner: Ref, index: Ref = NONE) -> Ref:
    """``items.pop()``."""
    assert isinstance(owner, List)
    held = growing.contents(ctx, owner)
    if held is not None and is_none(index):
        return growing.pop(ctx, owner, held)
    items = list(ctx.state.items(owner))
    position = -1 if is_none(index) else common.integer_constant(ctx, index, "the index")
    if not items or not -len(items) <= position < len(items):
        raise shapes("pop from an empty list, or index out of range")
    taken = items.pop(position)
    ctx.state.lists[owner] = tuple(items)
    return taken


@REGISTRY.method("insert", group="list")
def insert(ctx: Lowering, owner: Ref, index: Ref, item: Ref) -> Ref:
    """``items.insert(index, item)``."""
    assert isinstance(owner, List)
    sequences.check_kept(ctx, item)
    items = list(ctx.state.items(owner))
    items.insert(common.integer_constant(ctx, index, "the index"), item)
    ctx.state.lists[owner] = tuple(items)
    return NONE


@REGISTRY.method("reverse", group="list")
def reverse(ctx: Lowering, owner: Ref) -> Ref:
    """``items.reverse()``."""
    assert isinstance(owner, List)
    ctx.state.lists[owner] = ctx.state.items(owner)[::-1]
    return NONE


@REGISTRY.method("clear", group="list")
def clear(ctx: Lowering, owner: Ref) -> Ref:
    """``items.clear()``."""
    assert isinstance(owner, List)
    held = growing.contents(ctx, owner)
    if held is None:
        ctx.state.lists[owner] = ()
    else:
        growing.clear(ctx, owner, held)
    return NONE


@REGISTRY.method("sort", group="list")
def sort(ctx: Lowering, owner: Ref, *, key: Ref = NONE, reverse: Ref = NONE) -> Ref:
    """``items.sort()`` of numbers."""
    assert isinstance(owner, List)
    named = {"key": key, "reverse": reverse}
    ordered = ctx.call(Constant(sorted), (owner,), named, None)
    assert isinstance(ordered, List)
    ctx.state.lists[owner] = ctx.state.items(ordered)
    return NONE


@REGISTRY.method("copy", group="list")
def copy(ctx: Lowering, owner: Ref) -> Ref:
    """``items.copy()``."""
    assert isinstance(owner, List)
    made = List()
    ctx.state.lists[made] = ctx.state.items(owner)
    return made


# -- dictionaries and named tuples --------------------------------------------------------------


@REGISTRY.method("items", group="dict")
def items(ctx: Lowering, owner: Ref) -> Ref:
    """``entries.items()``."""
    assert isinstance(owner, Dict)
    return Tuple(tuple(Tuple((Constant(k), v)) for k, v in owner.items.items()))


@REGISTRY.method("keys", group="dict")
def keys(ctx: Lowering, owner: Ref) -> Ref:
    """``entries.keys()``."""
    assert isinstance(owner, Dict)
    return Tuple(tuple(Constant(key) for key in owner.items))


@REGISTRY.method("values", group="dict")
def values(ctx: Lowering, owner: Ref) -> Ref:
    """``entries.values()``."""
    assert isinstance(owner, Dict)
    return Tuple(tuple(owner.items.values()))


@REGISTRY.method("get", group="dict")
def get(ctx: Lowering, owner: Ref, key: Ref, default: Ref = NONE) -> Ref:
    """``entries.get(key, default)``."""
    assert isinstance(owner, Dict)
    return owner.items.get(ctx.constant(key, "the key"), default)


@REGISTRY.method("index", group="tuple")
def index(ctx: Lowering, owner: Ref, item: Ref) -> Ref:
    """``items.index(item)`` of constants."""
    return arithmetic.fold(tuple.index, *_searched(ctx, owner, item))


@REGISTRY.method("count", group="tuple")
def count(ctx: Lowering, owner: Ref, item: Ref) -> Ref:
    """``items.count(item)`` of constants."""
    return arithmetic.fold(tuple.count, *_searched(ctx, owner, item))


def _searched(ctx: Lowering, owner: Ref, item: Ref) -> tuple[object, object]:
    try:
        return ctx.constant(owner, "a tuple"), ctx.constant(item, "what is searched for")
    except RefusedError:
        raise RefusedError(
            "searching in a tuple is supported for constants only", "use a loop or an array"
        ) from None

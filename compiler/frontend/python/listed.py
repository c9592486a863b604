"""Lists whose length is known at run time only: read like lists, kept as arrays.

``parts = [f(v) for v in x]`` is such a list. It has a length, items, slices and a truth value, it
can be looped over and passed to functions; where it is changed, it becomes one that grows
(:mod:`gradc.frontend.python.growing`). An array that a function of NumPy makes of it is a new one.
"""

from __future__ import annotations

from gradc.frontend.python import indexing
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import (
    Array,
    NumpyItems,
    Poison,
    PythonItems,
    Ref,
    Scalar,
    Slice,
    Struct,
)
from gradc.ir.core import Value

_ITEMS = "items"


def new_listed(array: Ref, weak: bool) -> Ref:
    """The list of the parts of an array that nothing else refers to.

    `weak` says that its items are Python's numbers.
    """
    return Struct(PythonItems if weak else NumpyItems, {_ITEMS: array})


def array_of(listed: Ref) -> Array:
    """The array that the items are kept in."""
    assert isinstance(listed, Struct)
    array = listed.fields[_ITEMS]
    if isinstance(array, Poison):  # which has been said
        raise RefusedError("")
    assert isinstance(array, Array)
    return array


def as_item(listed: Ref, item: Ref) -> Ref:
    """An item as the list has it: what was read from the array is NumPy's number."""
    assert isinstance(listed, Struct)
    if isinstance(item, Scalar) and listed.cls is PythonItems:
        return Scalar(item.value, weak=True)
    return item


def item_of(ctx: Lowering, listed: Ref, index: Ref, text: str) -> Ref:
    """Read ``listed[index]``: an item, or another list."""
    array = array_of(listed)
    whole = isinstance(index, Slice)
    if not whole and (ctx.shape(index) or not ctx.is_numeric(index)):
        raise shapes(f"`{text}`: the index of a list is an integer or a slice")
    found = indexing.subscript(ctx, array, index, text)
    if whole:
        assert isinstance(listed, Struct)
        return Struct(listed.cls, {_ITEMS: found})
    return as_item(listed, found)


def not_joined(text: str) -> RefusedError:
    """The refusal of ``+`` and ``*``."""
    return RefusedError(
        f"`{text}`: a list whose length is known at run time only cannot be joined or repeated",
        "make it an array: np.array(...), and np.concatenate((a, b))",
    )


def has_items(ctx: Lowering, listed: Ref) -> Value | bool:
    """Whether there is an item in the list."""
    size = array_of(listed).type.shape[0]
    return size > 0 if isinstance(size, int) else ctx.truth(ctx.dim(size))

"""The axes that the arguments and results of a batch are mapped along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optree

from gradc.errors import GradTypeError
from gradc.faces.containers import NAMESPACE, flatten

# An axis, None, or a container of them: a prefix of the structure that it is for.
Axes = Any


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", "the function")


def name_of(function: Callable[..., Any]) -> str:
    """What the user calls a function."""
    return getattr(function, "__name__", "the function")


def argument_axes(
    function: Callable[..., Any], in_axes: Axes, whole: Any, stop: tuple[type, ...] = ()
) -> list[int | None]:
    """The axis of each leaf of ``(args, kwargs)``; arguments given by keyword have axis 0."""
    positional, keywords = whole
    axes = in_axes
    if isinstance(axes, list):
        axes = tuple(axes)
    if isinstance(axes, tuple) and len(axes) != len(positional):
        name = name_of(function)
        raise GradTypeError(
            f"in_axes has {len(axes)} entries for {len(positional)} arguments of {name}"
        )
    default = 0 if not isinstance(axes, int) else axes
    found = broadcast_axes(axes, positional, stop, f"in_axes for {name_of(function)}")
    return found + broadcast_axes(default, keywords, stop, "in_axes") if keywords else found


def broadcast_axes(axes: Axes, tree: Any, stop: tuple[type, ...], what: str) -> list[int | None]:
    """An axis for each leaf of a tree, from a prefix of it."""
    flatten(tree, stop)  # makes its dataclasses known
    flatten(axes)

    def is_leaf(value: Any) -> bool:
        return isinstance(value, stop)

    try:
        with optree.dict_insertion_ordered(True, namespace=NAMESPACE):
            found = optree.broadcast_prefix(
                axes, tree, is_leaf=is_leaf, none_is_leaf=True, namespace=NAMESPACE
            )
    except ValueError as error:
        raise GradTypeError(f"{what} does not fit what it is for: {error}") from None
    for axis in found:
        if axis is not None and (isinstance(axis, bool) or not isinstance(axis, int)):
            raise GradTypeError(f"{what} holds {axis!r}; an axis is an int or None")
    return list(found)

"""Argument containers: taken apart into leaves, and put back together around gradients.

Tuples, lists, dicts and named tuples are known to ``optree``; dataclasses are registered with it
when one is first seen, in a namespace of our own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import optree

NAMESPACE = "gradc"


def _register_dataclass(cls: type) -> None:
    names = tuple(item.name for item in dataclasses.fields(cls))

    def take_apart(instance: Any) -> tuple[list[Any], tuple[str, ...], tuple[str, ...]]:
        return [getattr(instance, name) for name in names], names, names

    def put_together(_: Any, parts: Iterable[Any]) -> Any:
        # not through __init__: its checks are for the user's values, not for gradients
        made: Any = object.__new__(cls)
        for name, part in zip(names, parts, strict=True):
            object.__setattr__(made, name, part)
        return made

    optree.register_pytree_node(cls, take_apart, put_together, namespace=NAMESPACE)


def _is_new_dataclass(value: Any) -> bool:
    cls = type(value)
    return (
        dataclasses.is_dataclass(value)
        and not isinstance(value, type)
        and not optree.register_pytree_node.get(cls, namespace=NAMESPACE)
    )


def flatten(tree: Any, stop: tuple[type, ...] = ()) -> tuple[list[Any], optree.PyTreeSpec]:
    """Take a tree apart.

    Parameters
    ----------
    tree : object
    stop : tuple of type
        Dataclasses that are leaves.

    Returns
    -------
    leaves : list
        What is no container, None included.
    spec : PyTreeSpec
        The structure, hashable and comparable.
    """
    while True:
        unknown: set[type] = set()

        def note(value: Any, unknown: set[type] = unknown) -> bool:
            if isinstance(value, stop):
                return True
            if _is_new_dataclass(value):
                unknown.add(type(value))
                return True
            return False

        # dicts keep the order in which they were made: it is the front end's, too
        with optree.dict_insertion_ordered(True, namespace=NAMESPACE):
            leaves, spec = optree.tree_flatten(
                tree, is_leaf=note, none_is_leaf=True, namespace=NAMESPACE
            )
        if not unknown:
            return list(leaves), spec
        for cls in unknown:
            _register_dataclass(cls)


def unflatten(spec: optree.PyTreeSpec, leaves: Sequence[Any]) -> Any:
    """Put a tree together."""
    return optree.tree_unflatten(spec, leaves)


def leaf_names(name: str, spec: optree.PyTreeSpec) -> list[str]:
    """A name for each leaf of an argument: ``params``, ``params_0``, ``params_weight``."""
    return ["_".join([name, *(_part(key) for key in path)]) for path in spec.paths()]


def _part(key: Any) -> str:
    text = str(key)
    return "".join(letter if letter.isalnum() else "_" for letter in text)


def map_leaves(function: Callable[[Any], Any], tree: Any, stop: tuple[type, ...] = ()) -> Any:
    """Apply a function to each leaf of a tree; `stop` as for :func:`flatten`."""
    leaves, spec = flatten(tree, stop)
    return unflatten(spec, [function(leaf) for leaf in leaves])

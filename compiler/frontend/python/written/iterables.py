"""Python's functions of iterables, for what is known at run time only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Function = Callable[..., Any]


def reduced(function: Function, items: Any) -> Any:
    """``functools.reduce`` of at least one item."""
    if len(items) == 0:
        raise TypeError("reduce() of empty iterable with no initial value")
    total = items[0]
    for k in range(1, len(items)):
        total = function(total, items[k])
    return total


def reduced_from(function: Function, items: Any, initial: Any) -> Any:
    """``functools.reduce`` with an initial value."""
    total = initial
    for item in items:
        total = function(total, item)
    return total


def accumulated(function: Function, items: Any) -> Any:
    """``itertools.accumulate`` of numbers: a list."""
    results = np.array(items)
    for k in range(1, len(items)):
        results[k] = function(results[k - 1], items[k])
    return list(results)


def vectorized(function: Function, *arrays: Any) -> Any:
    """A function of numbers, element by element."""
    wide = np.broadcast_arrays(*arrays)
    flat = [array.ravel() for array in wide]
    made = np.array([function(*[array[k] for array in flat]) for k in range(len(flat[0]))])
    return made.reshape(wide[0].shape)


def largest(items: Any, key: Function) -> Any:
    """The first item for which a function is largest."""
    if len(items) == 0:
        raise ValueError("max() iterable argument is empty")
    best = items[0]
    most = key(best)
    for item in items[1:]:
        value = key(item)
        if value > most:
            best = item
            most = value
    return best


def smallest(items: Any, key: Function) -> Any:
    """The first item for which a function is smallest."""
    if len(items) == 0:
        raise ValueError("min() iterable argument is empty")
    best = items[0]
    least = key(best)
    for item in items[1:]:
        value = key(item)
        if value < least:
            best = item
            least = value
    return best


def in_order(items: Any, key: Any, reverse: bool) -> Any:
    """Numbers in order; those whose keys are equal stay as they are."""
    keys = items if key is None else np.array([key(item) for item in items])
    order = np.argsort(-keys if reverse else keys, kind="stable")
    return items[order]


FUNCTIONS: Mapping[Any, Function] = {}


def extended(items: Any, more: Any) -> None:
    """Append all of an iterable to a list."""
    for item in more:
        items.append(item)

"""Lowering a function for concrete arguments, and comparing its value with Python's."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python import Leaf, Lowered, Static, lower_function
from gradc.ir.types import DType, Type, dtype_of_numpy
from gradc.ir.verify import verify
from gradc.prims.evaluate import evaluate


class Arguments:
    """Types of concrete arguments, and their values in the order of the leaves."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.count = 0

    def tree(self, arg: Any) -> Any:
        if isinstance(arg, bool | int | float | np.generic):
            return self.leaf(arg)
        if isinstance(arg, np.ndarray):
            return self.leaf(arg)
        if isinstance(arg, dict):
            return {key: self.tree(part) for key, part in arg.items()}
        if isinstance(arg, tuple) and hasattr(arg, "_fields"):
            return type(arg)(*(self.tree(part) for part in arg))
        if isinstance(arg, tuple | list):
            return type(arg)(self.tree(part) for part in arg)
        if dataclasses.is_dataclass(arg) and not isinstance(arg, type):
            made = object.__new__(type(arg))
            for field in dataclasses.fields(arg):
                object.__setattr__(made, field.name, self.tree(getattr(arg, field.name)))
            return made
        return Static(arg)

    def leaf(self, arg: Any) -> Leaf:
        self.values.append(arg)
        if isinstance(arg, np.ndarray):
            shape = tuple(size if size < 2 else self.symbol() for size in arg.shape)
            return Leaf(Type(dtype_of_numpy(arg.dtype), shape))
        weak = not isinstance(arg, np.generic)
        dtype = dtype_of_numpy(np.asarray(arg).dtype)
        assert dtype in DType
        return Leaf(Type(dtype), weak)

    def symbol(self) -> str:
        self.count += 1
        return f"n{self.count}"


def lowered(fn: Callable[..., Any], *args: Any) -> tuple[Lowered, list[Any]]:
    """Lower a function for arguments; also return what to evaluate it with."""
    described = Arguments()
    found = lower_function(fn, [described.tree(arg) for arg in args])
    verify(found.function)
    return found, [*described.values, *(array for _, array in found.captured)]


def run(fn: Callable[..., Any], *args: Any) -> Any:
    """The value of the IR of a function, in the structure that the function returns."""
    found, values = lowered(fn, *args)
    results = evaluate(found.function, values)
    return restored(found.out_tree, results)


def restored(tree: Any, results: Any) -> Any:
    """Put results into the place of their indices."""
    if isinstance(tree, Static):
        return tree.value
    if isinstance(tree, int):
        return results[tree]
    if isinstance(tree, dict):
        return {key: restored(part, results) for key, part in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(restored(part, results) for part in tree))
    if isinstance(tree, tuple | list):
        return type(tree)(restored(part, results) for part in tree)
    raise TypeError(tree)


def copied(arg: Any) -> Any:
    """Arguments that a function may write to."""
    if isinstance(arg, np.ndarray):
        return arg.copy()
    if isinstance(arg, dict):
        return {key: copied(part) for key, part in arg.items()}
    if isinstance(arg, tuple) and hasattr(arg, "_fields"):
        return type(arg)(*(copied(part) for part in arg))
    if isinstance(arg, tuple | list):
        return type(arg)(copied(part) for part in arg)
    return arg


def same(actual: Any, expected: Any) -> None:
    """Assert that structure, dtypes, shapes and values agree."""
    if isinstance(expected, dict):
        assert actual.keys() == expected.keys()
        for key in expected:
            same(actual[key], expected[key])
    elif isinstance(expected, tuple | list):
        assert type(actual) is type(expected)
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            same(one, other)
    elif expected is None or isinstance(expected, str):
        assert actual == expected
    else:
        actual, expected = np.asarray(actual), np.asarray(expected)
        assert actual.shape == expected.shape
        assert dtype_of_numpy(actual.dtype) is dtype_of_numpy(expected.dtype)
        tolerance = 2e-6 if expected.dtype == np.float32 else 1e-12
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)

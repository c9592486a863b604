"""Sizes of results, found without running the function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.driver import run_passes
from gradc.faces.containers import flatten
from gradc.faces.program import Program
from gradc.frontend.python import Static
from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Region, Value
from gradc.ir.types import Dim
from gradc.prims.evaluate import evaluate


def result_counts(program: Program, tree: Any, leaves: Sequence[Any]) -> int:
    """How many float elements the results of a tree have for these arguments.

    Parameters
    ----------
    program : Program
    tree : object
        Numbers of results in their structure.
    leaves : sequence
        The leaves of the arguments of the call.
    """
    numbers = [leaf for leaf in flatten(tree, (Static,))[0] if isinstance(leaf, int)]
    results = program.lowered.function.results
    floats = [n for n in numbers if results[n].type.is_float]
    return sum(math.prod(shape) for shape in result_shapes(program, floats, leaves))


def result_shapes(
    program: Program, numbers: Sequence[int], leaves: Sequence[Any]
) -> list[tuple[int, ...]]:
    """The shapes of results, by their numbers, for these arguments."""
    types = [program.lowered.function.results[n].type for n in numbers]
    wanted = {dim for type in types for dim in type.shape if isinstance(dim, str)}
    known = _sizes_of_arguments(program, leaves)
    if wanted - known.keys():
        known |= _computed(program, sorted(wanted - known.keys()), leaves)
    return [tuple(_size(dim, known) for dim in type.shape) for type in types]


def _size(dim: Dim, known: dict[str, int]) -> int:
    return dim if isinstance(dim, int) else known[dim]


def _sizes_of_arguments(program: Program, leaves: Sequence[Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    params = program.lowered.function.params
    for param, leaf in zip(params, program.traced, strict=False):
        sizes = np.shape(leaves[leaf])
        found.update(
            (dim, size)
            for dim, size in zip(param.type.shape, sizes, strict=True)
            if isinstance(dim, str)
        )
        if isinstance(param.size, str):
            found[param.size] = int(leaves[leaf])
    return found


def _computed(program: Program, symbols: Sequence[str], leaves: Sequence[Any]) -> dict[str, int]:
    """Sizes that the function computes: the program of these sizes alone, evaluated."""
    function = program.lowered.function
    builder = Builder(Symbols.of(function))
    builder.loc = function.loc
    sizes: list[Value] = [builder.size(symbol) for symbol in symbols]
    body = Region(function.params, (*function.ops, *builder.ops), tuple(sizes))
    only = run_passes(Function(function.name, body, function.loc), "simplify,cse,dce")
    values = evaluate(only, program.arguments_of(leaves))
    return {symbol: int(value) for symbol, value in zip(symbols, values, strict=True)}

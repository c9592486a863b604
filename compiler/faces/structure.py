"""The sparsity of a Jacobian at given sizes: its pattern, its colours, and where entries come from.

A :class:`Structure` is made once for the sizes and integers of a call. It depends on no float, so
it serves every later call with the same ones.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal

import numpy as np

from gradc.driver import Compiled, emission_pipeline, mode_pipeline, run_passes
from gradc.errors import InternalError
from gradc.faces.program import Derivative
from gradc.ir.core import Function
from gradc.passes.routines import without_calls
from gradc.prims.custom import without_again
from gradc.sparsity.pattern import pattern_program
from gradc_runtime import colouring, index_sets

Array = np.ndarray[Any, Any]
Mode = Literal["forward", "reverse"]

# A product with a row of the Jacobian costs about this much of one with a column.
ROW_COST = 1.5
# How many pairs of entries in one row (column) a colouring may look at before the other is tried.
TOO_MUCH_WORK = 50


@dataclass(eq=False)
class PatternProgram:
    """The program of the pattern of a derivative; it serves all sizes.

    Attributes
    ----------
    derivative : Derivative
        Of mode ``"jvp"``.
    """

    derivative: Derivative

    @functools.cached_property
    def compiled(self) -> Compiled:
        """The pattern program with its text."""
        program = self.derivative.program
        function = _as_loops(program.lowered.function)
        made = pattern_program(function, self.derivative.wrt, self.derivative.differentiated)
        return Compiled(program.lowered.function, made, program.options)

    def sets_at(self, prepared: Sequence[Any]) -> tuple[Array, list[Array], int]:
        """Run it.

        Parameters
        ----------
        prepared : sequence
            The arguments of the function as its kernel takes them.

        Returns
        -------
        sets : ndarray
            All sets, see :mod:`gradc_runtime.index_sets`.
        results : list of ndarray
            The sets of the elements of each differentiated result.
        inputs : int
            How many numbers the inputs hold.
        """
        args = list(prepared)
        inputs = 0
        for position in self.derivative.wrt:
            size = np.size(args[position])
            places = index_sets.FIRST + 2 * (inputs + np.arange(size, dtype=np.int64))
            args[position] = places.reshape(np.shape(args[position])) if size else places
            if not np.ndim(prepared[position]):
                args[position] = int(places[0])
            inputs += size
        capacity = index_sets.FIRST + 20 * inputs + 2**16
        while True:
            sets = index_sets.new_sets(inputs, capacity)
            found = self._run([sets, *args])
            if not sets[1]:
                return sets, [np.asarray(each, np.int64) for each in found], inputs
            capacity = 4 * sets.size

    def _run(self, args: list[Any]) -> Sequence[Any]:
        kernel = self.compiled.kernel
        uncompiled = self.derivative.program.options.target == "python"
        out = kernel.py_func(*args) if uncompiled else kernel(*args)
        return out if isinstance(out, tuple) else (out,)


def _as_loops(function: Function) -> Function:
    """The function over scalars, as it is before updates become writes in place.

    Calls with custom derivatives stay calls: what they depend on is what their rule says, which
    need not be what the function itself computes.
    """
    read = mode_pipeline("primal", ())
    emission = emission_pipeline("loops", "python").removeprefix("inline,").partition(",inplace")[0]
    return run_passes(without_again(without_calls(function)), f"{read},{emission}")


@dataclass(eq=False)
class Structure:
    """Pattern, colours and sources.

    Attributes
    ----------
    shape : tuple of int
    starts, indices : ndarray
        The pattern, as in SciPy's CSR format; integers of 32 bits where these suffice.
    mode : str
        Whether columns are coloured and directional derivatives taken (``"forward"``), or rows.
    colours : ndarray of int64
        Of each column (row); -1 where it has no entry.
    sources : ndarray of int64
        For each entry its place in the flattened products, one product a colour.
    result_shapes : list of tuple
    """

    shape: tuple[int, int]
    starts: Array
    indices: Array
    mode: Mode
    colours: Array
    sources: Array
    result_shapes: list[tuple[int, ...]]

    def __post_init__(self) -> None:
        if max(self.indices.size, *self.shape) < 2**31:
            self.starts, self.indices = self.starts.astype("i4"), self.indices.astype("i4")

    @property
    def count(self) -> int:
        """The number of colours."""
        return int(self.colours.max(initial=-1)) + 1


def find_structure(
    sets: Array,
    results: Sequence[Array],
    inputs: int,
    mode: str,
    symmetric: bool,
    compiled: bool,
) -> Structure:
    """Write a pattern out and colour it.

    Parameters
    ----------
    sets : ndarray
    results : sequence of ndarray
        A set for each element of each result.
    inputs : int
        The number of columns.
    mode : {"auto", "forward", "reverse"}
    symmetric : bool
        Whether the matrix is symmetric, which needs fewer colours.
    compiled : bool
    """
    tools = _Tools(compiled)
    chosen = np.concatenate([found.reshape(-1) for found in results])
    shapes = [found.shape for found in results]
    starts, indices = tools.call(index_sets, "rows_of", sets, chosen, inputs)
    if symmetric:
        return _symmetric(tools, starts, indices, shapes)
    rows = (starts, indices)
    columns = _transposed(starts, indices, inputs)
    work = [tools.call(colouring, "pair_work", each[0]) for each in (rows, columns)]
    options: list[Mode] = []
    if mode == "forward" or (mode == "auto" and work[0] <= TOO_MUCH_WORK * (work[1] + 1)):
        options.append("forward")
    if mode == "reverse" or (mode == "auto" and work[1] <= TOO_MUCH_WORK * (work[0] + 1)):
        options.append("reverse")
    made = [_coloured(tools, shapes, rows, columns, each) for each in options]
    return min(made, key=lambda each: each.count * (ROW_COST if each.mode == "reverse" else 1.0))


class _Tools:
    """Calls functions of the runtime, compiled or as they stand."""

    def __init__(self, compiled: bool) -> None:
        self.compiled = compiled

    def call(self, module: ModuleType, name: str, *args: Any) -> Any:
        function = getattr(module, name)
        if self.compiled:
            from gradc_runtime.compiled import compiled_functions

            function = compiled_functions(module)[function]
        return function(*args)


def _transposed(starts: Array, indices: Array, columns: int) -> tuple[Array, Array]:
    """The rows of each column."""
    rows = np.repeat(np.arange(starts.size - 1), np.diff(starts))
    order = np.argsort(indices, kind="stable")
    counts = np.bincount(indices, minlength=columns)
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64), rows[order]


def _coloured(
    tools: _Tools,
    shapes: list[tuple[int, ...]],
    rows: tuple[Array, Array],
    columns: tuple[Array, Array],
    mode: Mode,
) -> Structure:
    starts, indices = rows
    shape = starts.size - 1, columns[0].size - 1
    across, along = (rows, columns) if mode == "forward" else (columns, rows)
    order = _order(np.diff(along[0]))
    colours = tools.call(colouring, "colour_groups", *across, *along, order)
    of_row = np.repeat(np.arange(shape[0]), np.diff(starts))
    if mode == "forward":
        sources = colours[indices] * shape[0] + of_row
    else:
        sources = colours[of_row] * shape[1] + indices
    return Structure(shape, starts, indices, mode, colours, sources, shapes)


def _order(degrees: Array) -> Array:
    """As they come; those with very many entries first, so that these get colours of their own."""
    mean = degrees.mean() if degrees.size else 0.0
    if degrees.max(initial=0) > 10 * mean + 10:
        return np.argsort(-degrees, kind="stable")
    return np.arange(degrees.size)


def _symmetric(
    tools: _Tools, starts: Array, indices: Array, shapes: list[tuple[int, ...]]
) -> Structure:
    from scipy.sparse import csr_array

    size = starts.size - 1
    ones = np.ones(indices.size, np.int8)
    half = csr_array((ones, indices, starts), shape=(size, size))
    both = (half + half.T).tocsr()
    both.sort_indices()
    starts, indices = both.indptr.astype(np.int64), both.indices.astype(np.int64)
    colours = tools.call(colouring, "colour_star", starts, indices, _order(np.diff(starts)))
    rows, groups = tools.call(colouring, "star_sources", starts, indices, colours)
    if rows.size and rows.min() < 0:
        raise InternalError("a colouring of a Hessian from which an entry cannot be read")
    sources = groups * size + rows
    return Structure((size, size), starts, indices, "forward", colours, sources, shapes)

"""The entries of a sparse Jacobian: one call of a kernel, made for the number of its colours."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradc.adjoint.assembly import lanes_for
from gradc.driver import Compiled, compressed_pipeline, run_passes
from gradc.faces.program import Derivative
from gradc.faces.structure import Array, Mode, Structure
from gradc.ir.core import Function
from gradc.passes.routines import without_calls


def lanes_of(derivative: Derivative, colours: int) -> int:
    """How many products one pass takes, so that all passes are as full as can be."""
    most = lanes_for(derivative.program.lowered.function)
    passes = -(-colours // most)
    return max(-(-colours // max(passes, 1)), 1)


@dataclass(eq=False)
class EntriesProgram:
    """The program of the entries, for so many products in a pass.

    Attributes
    ----------
    derivative : Derivative
        Of mode ``"jvp"``.
    mode : {"forward", "reverse"}
    lanes : int
    loop : bool
        Whether there are several passes.
    """

    derivative: Derivative
    mode: Mode
    lanes: int
    loop: bool

    @functools.cached_property
    def compiled(self) -> Compiled:
        """The program with its text and kernel."""
        program, own = self.derivative.program, self.derivative
        function = program.lowered.function
        pipeline = compressed_pipeline(
            self.mode, own.wrt, own.differentiated, self.lanes, self.loop
        )
        made = run_passes(without_calls(function), pipeline)
        named = Function(f"{function.name}_sparse", made.body, made.loc)
        return Compiled(function, named, program.options)

    def entries(self, prepared: Sequence[Any], structure: Structure, sources: Array) -> Array:
        """Run it; the arguments are those of :meth:`arguments`."""
        given = self.arguments(prepared, structure, sources)
        (found,) = self.derivative.call(self.compiled, given)
        data: Array = found
        return data

    def arguments(self, prepared: Sequence[Any], structure: Structure, sources: Array) -> list[Any]:
        """What its kernel is called with.

        Parameters
        ----------
        prepared : sequence
            The arguments of the function as its kernel takes them.
        structure : Structure
            Of the same mode.
        sources : ndarray
            The entries that are wanted, by their places among the products.
        """
        shapes = structure.result_shapes
        if structure.mode == "forward":
            shapes = [np.shape(prepared[position]) for position in self.derivative.wrt]
        return [*prepared, *_cut(structure.colours, shapes), structure.count, sources]


def _cut(colours: Array, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Colours as arrays and numbers of these shapes."""
    made: list[Any] = []
    start = 0
    for shape in shapes:
        stop = start + int(np.prod(shape, dtype=np.int64))
        made.append(colours[start:stop].reshape(shape) if shape else int(colours[start]))
        start = stop
    return made

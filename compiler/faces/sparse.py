"""Sparse Jacobians and Hessians: patterns from the program, values from few directions."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradc.errors import GradTypeError
from gradc.faces.entries import EntriesProgram, lanes_of
from gradc.faces.functions import Argnums, Differentiated, Gradient
from gradc.faces.meanings import SPARSE
from gradc.faces.program import Derivative
from gradc.faces.sparse_blocks import Blocks, cut, whole
from gradc.faces.structure import Array, Mode, PatternProgram, Structure, find_structure

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from gradc.driver import Compiled
    from gradc.faces.program import ArgTree, Program
    from gradc.frontend.python import Lowered
    from gradc.frontend.python.derived import Outermost
    from gradc.ir.core import Function
    from gradc.options import Options

# How many structures (sizes and integers) are kept.
KEPT = 16


class SparseJacobian(Differentiated):
    """What :func:`gradc.sparse_jacobian` returns.

    ``.source`` and ``.ir`` show the program of the entries, as it is for the number of colours of
    the last call; ``.pattern_source`` that of the pattern.
    """

    mode = "jvp"
    symmetric = False

    def __init__(
        self, function: Callable[..., Any], argnums: Argnums, direction: str, options: Options
    ) -> None:
        super().__init__(function, argnums, False, options)
        if options.target == "cuda":
            raise GradTypeError('sparse derivatives are for the CPU: use target="cpu"')
        self.direction = direction
        self._patterns: dict[Derivative, PatternProgram] = {}
        self._structures: OrderedDict[Hashable, tuple[Structure, Blocks]] = OrderedDict()
        self._entries: dict[tuple[Any, ...], EntriesProgram] = {}
        self._last_entries: EntriesProgram | None = None

    @property
    def __gradc_transform__(self) -> Outermost:
        """What calling this inside a compiled function means."""
        return SPARSE

    def __gradc_lower__(
        self, positional: Sequence[ArgTree], keywords: Mapping[str, ArgTree]
    ) -> Lowered:
        """Refuse to be differentiated or batched."""
        raise GradTypeError(
            f"{SPARSE.what}: it is neither differentiated nor batched; {SPARSE.hint}, and "
            "`.check(...)` compares the matrix with differences"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian at these arguments."""
        derivative, prepared, structure, blocks = self._at(args, kwargs)
        return self._arranged(self._matrices(derivative, prepared, structure, blocks))

    def pattern(self, *args: Any, **kwargs: Any) -> csr_array:
        """Which entries may be other than zero at the sizes and integers of these arguments.

        Returns
        -------
        scipy.sparse.csr_array of bool
            With columns for all of `argnums`.
        """
        structure = self._at(args, kwargs)[2]
        (block,) = whole(structure).blocks
        return block.matrix(np.ones(structure.indices.size, np.bool_))

    def colours(self, *args: Any, **kwargs: Any) -> Array:
        """The colour of each column (with ``mode="reverse"``: row); -1 where it has no entry."""
        return self._at(args, kwargs)[2].colours.copy()

    @property
    def pattern_source(self) -> str:
        """The program of the pattern as Python text."""
        return self._pattern_of(self._shown).compiled.source

    def check(self, *args: Any, **kwargs: Any) -> None:
        """Compare with extrapolated differences along a random direction at these arguments.

        Raises
        ------
        GradientCheckError
            When they disagree.
        """
        from gradc.faces.checking import check_product

        derivative, prepared, structure, _ = self._at(args, kwargs)
        leaves, _ = self.derivative_for(args, kwargs)
        (matrix,) = self._matrices(derivative, prepared, structure, whole(structure))
        check_product(matrix, derivative, leaves)

    def watched(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Program, Function, list[Any]]:
        """What a call runs: the program of the entries, and its arguments with the colours."""
        derivative, prepared, structure, blocks = self._at(args, kwargs)
        entries = self._entries_program(derivative, structure)
        given = entries.arguments(prepared, structure, blocks.sources)
        return derivative.program, entries.compiled.function, given

    # -- how it is done --------------------------------------------------------------------------

    def _at(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Derivative, list[Any], Structure, Blocks]:
        leaves, derivative = self.derivative_for(args, kwargs)
        prepared = derivative.prepare(leaves)
        key = (derivative, *map(_structure_key, prepared))
        if key not in self._structures:
            structure = self._find(derivative, prepared)
            parts = [] if self.single else _parts(derivative, prepared)
            self._structures[key] = structure, self._cut(structure, parts)
            while len(self._structures) > KEPT:
                self._structures.popitem(last=False)
        self._structures.move_to_end(key)
        return derivative, prepared, *self._structures[key]

    def _matrices(
        self,
        derivative: Derivative,
        prepared: Sequence[Any],
        structure: Structure,
        blocks: Blocks,
    ) -> list[csr_array]:
        entries = self._entries_program(derivative, structure)
        return blocks.matrices(entries.entries(prepared, structure, blocks.sources))

    def _entries_program(self, derivative: Derivative, structure: Structure) -> EntriesProgram:
        lanes = lanes_of(derivative, structure.count)
        key = (derivative, structure.mode, lanes, lanes < structure.count)
        if key not in self._entries:
            self._entries[key] = EntriesProgram(*key)
        self._last_entries = self._entries[key]
        return self._last_entries

    def _cut(self, structure: Structure, parts: Sequence[slice]) -> Blocks:
        if len(parts) < 2:
            return whole(structure)
        return cut(structure, [slice(0, structure.shape[0])], parts)

    def _arranged(self, matrices: list[csr_array]) -> Any:
        return matrices[0] if self.single else tuple(matrices)

    @property
    def _compiled(self) -> Compiled:
        """The program of the last call; before the first, for one product in a pass."""
        if self._last_entries is None:
            mode: Mode = "reverse" if self.direction == "reverse" else "forward"
            self._last_entries = EntriesProgram(self._shown, mode, 1, True)
        return self._last_entries.compiled

    def _pattern_of(self, derivative: Derivative) -> PatternProgram:
        if derivative not in self._patterns:
            self._patterns[derivative] = PatternProgram(derivative)
        return self._patterns[derivative]

    def _find(self, derivative: Derivative, prepared: Sequence[Any]) -> Structure:
        sets, results, inputs = self._pattern_of(derivative).sets_at(prepared)
        types = derivative.program.lowered.function.results
        for index, found in zip(derivative.differentiated, results, strict=True):
            if found.ndim != types[index].type.rank:
                raise derivative.program.problem(
                    "the size of a result depends on values of floats, so its Jacobian has no "
                    "fixed structure",
                    "return an array whose size follows from sizes and integers",
                )
        compiled = self.options.target != "python"
        return find_structure(sets, results, inputs, self.direction, self.symmetric, compiled)


class SparseHessian(SparseJacobian):
    """What :func:`gradc.sparse_hessian` returns."""

    symmetric = True

    def __init__(self, function: Callable[..., Any], argnums: Argnums, options: Options) -> None:
        super().__init__(Gradient(function, argnums, False, options), argnums, "forward", options)

    def _cut(self, structure: Structure, parts: Sequence[slice]) -> Blocks:
        return whole(structure) if len(parts) < 2 else cut(structure, parts, parts)

    def _arranged(self, matrices: list[csr_array]) -> Any:
        if self.single:
            return matrices[0]
        count = math.isqrt(len(matrices))
        return tuple(tuple(matrices[n : n + count]) for n in range(0, len(matrices), count))


def _structure_key(value: Any) -> Hashable:
    """What a pattern depends on: sizes, and the values of what is no float."""
    array = np.asarray(value)
    if np.issubdtype(array.dtype, np.floating):
        return array.shape
    return (array.shape, hashlib.blake2b(array.tobytes(), digest_size=16).digest())


def _parts(derivative: Derivative, prepared: Sequence[Any]) -> list[slice]:
    """The columns of each differentiated argument."""
    sizes = iter([int(np.size(prepared[position])) for position in derivative.wrt])
    parts, start = [], 0
    for group in derivative.leaves:
        stop = start + sum(next(sizes) for _ in group)
        parts.append(slice(start, stop))
        start = stop
    return parts

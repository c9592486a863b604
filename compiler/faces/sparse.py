"""Sparse Jacobians and Hessians: patterns from the program, values from few directions."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradc.errors import GradTypeError
from gradc.faces.directions import products
from gradc.faces.functions import Argnums, Differentiated, Gradient
from gradc.faces.program import Derivative
from gradc.faces.structure import Array, PatternProgram, Structure, find_structure

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from gradc.driver import Options

# How many structures (sizes and integers) are kept.
KEPT = 16


class SparseJacobian(Differentiated):
    """What :func:`gradc.sparse_jacobian` returns.

    ``.source`` and ``.ir`` show the program of the directional derivative, ``.pattern_source`` that
    of the pattern.
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
        self._structures: OrderedDict[Hashable, Structure] = OrderedDict()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian at these arguments."""
        derivative, prepared, structure = self._at(args, kwargs)
        return self._split(_values(derivative, prepared, structure), derivative, prepared)

    def pattern(self, *args: Any, **kwargs: Any) -> csr_array:
        """Which entries may be other than zero at the sizes and integers of these arguments.

        Returns
        -------
        scipy.sparse.csr_array of bool
            With columns for all of `argnums`.
        """
        _, _, structure = self._at(args, kwargs)
        return _matrix(structure, np.ones(structure.indices.size, np.bool_))

    def colours(self, *args: Any, **kwargs: Any) -> Array:
        """The colour of each column (with ``mode="reverse"``: row); -1 where it has no entry."""
        _, _, structure = self._at(args, kwargs)
        return structure.colours.copy()

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

        derivative, prepared, structure = self._at(args, kwargs)
        leaves, _ = self.derivative_for(args, kwargs)
        check_product(_values(derivative, prepared, structure), derivative, leaves)

    # -- how it is done --------------------------------------------------------------------------

    def _at(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[Derivative, list[Any], Structure]:
        leaves, derivative = self.derivative_for(args, kwargs)
        prepared = derivative.prepare(leaves)
        key = (derivative, *map(_structure_key, prepared))
        structure = self._structures.get(key)
        if structure is None:
            structure = self._find(derivative, prepared)
            self._structures[key] = structure
            while len(self._structures) > KEPT:
                self._structures.popitem(last=False)
        else:
            self._structures.move_to_end(key)
        return derivative, prepared, structure

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

    def _split(self, matrix: csr_array, derivative: Derivative, prepared: Sequence[Any]) -> Any:
        if self.single:
            return matrix
        return tuple(matrix[:, part] for part in _parts(derivative, prepared))


class SparseHessian(SparseJacobian):
    """What :func:`gradc.sparse_hessian` returns."""

    symmetric = True

    def __init__(self, function: Callable[..., Any], argnums: Argnums, options: Options) -> None:
        super().__init__(Gradient(function, argnums, False, options), argnums, "forward", options)

    def _split(self, matrix: csr_array, derivative: Derivative, prepared: Sequence[Any]) -> Any:
        if self.single:
            return matrix
        parts = _parts(derivative, prepared)
        return tuple(tuple(matrix[rows][:, columns] for columns in parts) for rows in parts)


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


def _values(derivative: Derivative, prepared: Sequence[Any], structure: Structure) -> csr_array:
    data = products(derivative, prepared, structure).reshape(-1)[structure.sources]
    return _matrix(structure, data)


def _matrix(structure: Structure, data: Array) -> csr_array:
    """A matrix with this pattern; its indices are its own, for SciPy may change them in place."""
    from scipy.sparse import csr_array

    indices, starts = structure.indices.copy(), structure.starts.copy()
    return csr_array((data, indices, starts), shape=structure.shape)

"""Checks of Jacobians, Hessians and their products against extrapolated differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from gradc.faces.checking import SEED, compare, dtype_of, moved, reference
from gradc.faces.program import Derivative


class Checked(Protocol):
    """A callable whose derivative is known."""

    def derivative_for(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], Derivative]:
        """The leaves of the arguments and the derivative for their types."""


def check_blocks(face: Checked, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Compare each row of blocks, applied to a random direction, with differences."""
    leaves, derivative = face.derivative_for(args, kwargs)
    blocks = derivative.run(leaves)[len(derivative.kept) :]
    wrt = [leaf for group in derivative.leaves for leaf in group]
    direction = _direction(leaves, wrt)
    rows = [blocks[start : start + len(wrt)] for start in range(0, len(blocks), len(wrt))]
    for number, row in enumerate(rows):
        found: Any = 0.0
        for block, leaf in zip(row, wrt, strict=True):
            change = np.asarray(direction[leaf])
            found = found + np.tensordot(np.asarray(block, float), change, change.ndim)
        what = f"row {number} along a random direction"
        _compare_row(derivative, leaves, direction, number, found, what)


def check_product(face: Checked, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Compare a Hessian-vector product with differences of the gradient."""
    leaves, derivative = face.derivative_for(args[:-1], kwargs)
    wrt = [leaf for group in derivative.leaves for leaf in group]
    direction = _direction(leaves, wrt)
    vectors = [np.asarray(direction[leaf]) for leaf in wrt]
    given = [vector if vector.ndim else float(vector) for vector in vectors]
    products = derivative.run(leaves, given)[len(derivative.kept) :]
    for number, found in enumerate(products):
        what = f"product {number} with a random vector"
        _compare_row(derivative, leaves, direction, number, found, what)


def _direction(leaves: Sequence[Any], wrt: Sequence[int]) -> list[Any]:
    rng = np.random.default_rng(SEED)
    made: list[Any] = [None] * len(leaves)
    for leaf in wrt:
        drawn = rng.standard_normal(np.shape(leaves[leaf]))
        made[leaf] = np.asarray(drawn, np.asarray(leaves[leaf]).dtype)[()]
    return made


def _compare_row(
    derivative: Derivative,
    leaves: Sequence[Any],
    direction: Sequence[Any],
    number: int,
    found: Any,
    what: str,
) -> None:
    """Compare with differences of a result, or in second order of a gradient."""
    program = derivative.program
    if derivative.mode in ("hessian", "hvp"):
        argnums = [key for key, span in program.spans.items() if span in derivative.groups]
        lower = program.derivative("grad", argnums, derivative.has_aux, False)
        result = len(lower.kept) + number
    else:
        lower = program.derivative("primal", [])
        result = derivative.differentiated[number]

    def along(step: float) -> Any:
        return np.asarray(lower.run(moved(leaves, direction, step))[result], float)

    dtype = dtype_of(leaves)
    wanted, error = reference(along, dtype)
    compare(what, found, wanted, error, dtype)

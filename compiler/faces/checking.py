"""Gradient checks: what a derivative says against extrapolated differences.

The reference is Ridders' extrapolation, which brings its own error estimate, so that agreement
is asked for as sharply as the point allows and not with one loose tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from gradc.errors import GradientCheckError
from gradc.faces.containers import flatten
from gradc.faces.locating import Suspect, worst_place
from gradc.faces.overlaps import is_twin
from gradc.faces.program import Derivative
from gradc_runtime.differences import derivative

# Relative agreement asked for where the reference is exact; by element type.
TOLERANCE = {np.dtype(np.float64): 1e-7, np.dtype(np.float32): 2e-3}
# How far a reference is trusted beyond its own error estimate.
TRUST = 50.0
SEED = 20


def dtype_of(leaves: Sequence[Any]) -> np.dtype[Any]:
    for leaf in leaves:
        if isinstance(leaf, np.ndarray | np.generic) and leaf.dtype == np.float32:
            return np.dtype(np.float32)
    return np.dtype(np.float64)


def is_active(leaf: Any) -> bool:
    if isinstance(leaf, np.ndarray | np.generic):
        return bool(np.issubdtype(leaf.dtype, np.floating))
    return isinstance(leaf, float)


def directions(leaves: Sequence[Any], rng: np.random.Generator) -> list[Any]:
    """A random direction for each float leaf, None for the others.

    Arrays that are the same memory have one direction, so that they stay the same when moved.
    """
    made: list[Any] = []
    for number, leaf in enumerate(leaves):
        twins = [place for place in range(number) if is_twin(leaves[place], leaf)]
        if twins or not is_active(leaf):
            made.append(made[twins[0]] if twins else None)
        else:
            made.append(rng.standard_normal(np.shape(leaf)))
    return made


def moved(leaves: Sequence[Any], direction: Sequence[Any], step: float) -> list[Any]:
    made: list[Any] = []
    for leaf, change in zip(leaves, direction, strict=True):
        same = [place for place in range(len(made)) if direction[place] is change]
        if change is None:
            made.append(leaf)
        elif same:
            made.append(made[same[0]])
        elif isinstance(leaf, np.ndarray):
            made.append(np.asarray(leaf + step * change, leaf.dtype))
        else:
            made.append(type(leaf)(leaf + step * float(change)))
    return made


def reference(along: Callable[[float], Any], dtype: np.dtype[Any]) -> tuple[Any, float]:
    """The derivative of a curve at 0 by differences, and its error estimate.

    A long step is the more accurate, unless it crosses a kink; a short one gives that away.
    """
    long, short = (0.05, 5e-4) if dtype == np.float64 else (0.3, 0.03)
    far, far_error = derivative(along, long)
    near, near_error = derivative(along, short)
    gap = float(np.max(np.abs(far - near), initial=0.0))
    if far_error <= near_error and gap <= TRUST * (far_error + near_error):
        return far, far_error
    return near, near_error


def compare(what: str, found: Any, wanted: Any, error: float, dtype: np.dtype[Any]) -> None:
    """Raise when two numbers or arrays differ by more than the reference can explain."""
    found, wanted = np.asarray(found, float), np.asarray(wanted, float)
    scale = max(float(np.max(np.abs(wanted), initial=0.0)), 1.0)
    allowed = TOLERANCE[dtype] * scale + TRUST * error
    if np.isinf(error):
        raise GradientCheckError(
            f"{what}: the function is not finite around the point, so there is nothing to "
            "compare with; choose another point"
        )
    gap = np.abs(found - wanted)
    wrong = ~(gap <= allowed)
    if not np.any(wrong):
        return
    worst = np.unravel_index(int(np.argmax(np.where(np.isnan(gap), np.inf, gap))), gap.shape)
    place = f" at index {tuple(int(i) for i in worst)}" if gap.ndim else ""
    hint = ""
    if error > TOLERANCE[dtype] * scale:
        hint = "; the differences do not settle either: the function may have a kink here"
    raise GradientCheckError(
        f"{what}{place}: derivative {found[worst]:.12g}, extrapolated differences "
        f"{wanted[worst]:.12g} (error estimate {error:.1g}){hint}"
    )


class Checked(Protocol):
    """A callable of :mod:`gradc.faces.functions`."""

    has_aux: bool

    def derivative_for(
        self, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], Derivative]:
        """The leaves of the arguments and the derivative for their types."""


def check_derivative(transform: Checked, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Check what a ``grad`` or ``value_and_grad`` callable computes at these arguments."""
    leaves, found = transform.derivative_for(args, kwargs)
    results = found.run(leaves)
    bars = found.gradients(results[-sum(map(len, found.leaves)) :])
    rng = np.random.default_rng(SEED)
    chosen = {leaf for group in found.leaves for leaf in group}
    direction = [
        rng.standard_normal(np.shape(leaf)) if index in chosen else None
        for index, leaf in enumerate(leaves)
    ]
    primal = found.program.derivative("primal", [])
    where = primal.value_tree[0] if transform.has_aux else primal.value_tree

    def along(step: float) -> float:
        # a sum over samples, where there are any: the gradient of each is checked with it
        return float(np.sum(primal.run(moved(leaves, direction, step))[where]))

    dtype = dtype_of(leaves)
    wanted, error = reference(along, dtype)
    flat = [bar for bar in flatten(list(bars))[0] if bar is not None]
    changes = [change for change in direction if change is not None]
    dot = sum(
        float(np.sum(np.asarray(bar, float) * change))
        for bar, change in zip(flat, changes, strict=True)
    )
    try:
        compare("gradient along a random direction", dot, wanted, error, dtype)
    except GradientCheckError as problem:
        if np.isinf(error):
            raise
        by_leaf = dict(zip(sorted(chosen), _in_order(found, flat), strict=True))

        def value(moved_leaves: list[Any]) -> float:
            return float(np.sum(primal.run(moved_leaves)[where]))

        def slope(along_leaves: list[Any]) -> float:
            return sum(
                float(np.sum(np.asarray(by_leaf[leaf], float) * change))
                for leaf, change in enumerate(along_leaves)
                if change is not None
            )

        names = [argument.name for argument in found.program.arguments]
        suspect = Suspect(value, leaves, sorted(chosen), slope, names)
        raise GradientCheckError(f"{problem}\n{worst_place(suspect)}") from None


def _in_order(found: Derivative, flat: Sequence[Any]) -> list[Any]:
    """The gradients in the order of the leaves, whatever the order of argnums."""
    numbers = [leaf for group in found.leaves for leaf in group]
    return [bar for _, bar in sorted(zip(numbers, flat, strict=True), key=lambda pair: pair[0])]


def check_product(matrix: Any, found: Derivative, leaves: Sequence[Any]) -> None:
    """Check a Jacobian, which is multiplied by a random direction.

    Parameters
    ----------
    matrix : array or sparse array
        Rows for the elements of the results, columns for those of the differentiated leaves.
    found : Derivative
        Of mode ``"jvp"``.
    leaves : sequence
        The leaves of the arguments.
    """
    rng = np.random.default_rng(SEED)
    chosen = {leaf for group in found.leaves for leaf in group}
    direction = [
        rng.standard_normal(np.shape(leaf)) if index in chosen else None
        for index, leaf in enumerate(leaves)
    ]
    primal = found.program.derivative("primal", [])

    def along(step: float) -> Any:
        results = primal.run(moved(leaves, direction, step))
        return np.concatenate([np.ravel(results[index]) for index in found.differentiated])

    dtype = dtype_of(leaves)
    wanted, error = reference(along, dtype)
    column = np.concatenate([np.ravel(change) for change in direction if change is not None])
    compare("Jacobian along a random direction", matrix @ column, wanted, error, dtype)


def check_gradient(
    value: Callable[[list[float]], float],
    point: Sequence[float],
    gradient: Sequence[float],
    names: Sequence[str],
) -> None:
    """Check each partial derivative of a function of numbers."""
    for index, name in enumerate(names):

        def along(step: float, index: int = index) -> float:
            moved = list(point)
            moved[index] += step
            return value(moved)

        step = 0.05 * max(abs(point[index]), 1.0)
        wanted, error = derivative(along, step)
        compare(f"df/d{name}", gradient[index], wanted, error, np.dtype(np.float64))

"""Gradient checks: derivatives against extrapolated differences, and the modes against each other.

The reference is Ridders' extrapolation, which brings its own error estimate, so that agreement
is asked for as sharply as the point allows and not with one loose tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradc.driver import Options
from gradc.errors import GradientCheckError, GradTypeError
from gradc.faces.containers import flatten, unflatten
from gradc.faces.functions import Differentiated, Gradient
from gradc.faces.products import pullback_at, pushforward
from gradc_runtime.differences import derivative

# Relative agreement asked for where the reference is exact; by element type.
TOLERANCE = {np.dtype(np.float64): 1e-7, np.dtype(np.float32): 2e-3}
# How far a reference is trusted beyond its own error estimate.
TRUST = 50.0
SEED = 20


def _dtype(leaves: Sequence[Any]) -> np.dtype[Any]:
    for leaf in leaves:
        if isinstance(leaf, np.ndarray | np.generic) and leaf.dtype == np.float32:
            return np.dtype(np.float32)
    return np.dtype(np.float64)


def _is_active(leaf: Any) -> bool:
    if isinstance(leaf, np.ndarray | np.generic):
        return bool(np.issubdtype(leaf.dtype, np.floating))
    return isinstance(leaf, float)


def _directions(leaves: Sequence[Any], rng: np.random.Generator) -> list[Any]:
    """A random direction for each float leaf, None for the others."""
    return [rng.standard_normal(np.shape(leaf)) if _is_active(leaf) else None for leaf in leaves]


def _moved(leaves: Sequence[Any], direction: Sequence[Any], step: float) -> list[Any]:
    made = []
    for leaf, change in zip(leaves, direction, strict=True):
        if change is None:
            made.append(leaf)
        elif isinstance(leaf, np.ndarray):
            made.append(np.asarray(leaf + step * change, leaf.dtype))
        else:
            made.append(type(leaf)(leaf + step * float(change)))
    return made


def _compare(what: str, found: Any, wanted: Any, error: float, dtype: np.dtype[Any]) -> None:
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


def _flat_value(value: Any) -> np.ndarray[Any, Any]:
    """All float leaves of a value as one vector."""
    floats = [np.ravel(leaf) for leaf in flatten(value)[0] if _is_active(leaf)]
    return np.concatenate(floats) if floats else np.zeros(0)


def check_function(
    function: Callable[..., Any],
    args: Sequence[Any],
    order: int,
    modes: tuple[str, ...],
    options: Options,
) -> None:
    """See :func:`gradc.api.check_grads`."""
    unknown = [mode for mode in modes if mode not in ("fwd", "rev")]
    if unknown or not modes or order < 1:
        raise GradTypeError("modes are of 'fwd' and 'rev', and order is at least 1")
    leaves, spec = flatten(tuple(args))
    rng = np.random.default_rng(SEED)
    direction = _directions(leaves, rng)
    dtype = _dtype(leaves)
    arrange = lambda items: unflatten(spec, items)  # noqa: E731

    def along(step: float) -> np.ndarray[Any, Any]:
        return _flat_value(function(*arrange(_moved(leaves, direction, step))))

    step = 0.05 if dtype == np.float64 else 0.3
    wanted, error = derivative(along, step)
    tangent_tree = arrange(
        [_as_tangent(leaf, change) for leaf, change in zip(leaves, direction, strict=True)]
    )
    if "fwd" in modes:
        _, dot = pushforward(function, tuple(args), tangent_tree, options)
        _compare("forward mode", _flat_value(dot), wanted, error, dtype)
    if "rev" in modes:
        _check_reverse(function, tuple(args), direction, (wanted, error), options, rng, dtype)
    if order > 1:
        _check_next_order(function, args, order - 1, modes, options)


def _as_tangent(leaf: Any, change: Any) -> Any:
    return None if change is None else (change if isinstance(leaf, np.ndarray) else float(change))


def _check_reverse(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    direction: Sequence[Any],
    reference: tuple[np.ndarray[Any, Any], float],
    options: Options,
    rng: np.random.Generator,
    dtype: np.dtype[Any],
) -> None:
    """Compare ``<y_bar, J v>`` with ``<J^T y_bar, v>`` for a random cotangent."""
    wanted, error = reference
    value, pullback = pullback_at(function, args, options)
    leaves, spec = flatten(value)
    bars = [
        np.asarray(rng.standard_normal(np.shape(leaf))) if _is_active(leaf) else leaf
        for leaf in leaves
    ]
    cotangents = pullback(unflatten(spec, bars))
    flat_bar = _flat_value(
        [bar for bar, leaf in zip(bars, leaves, strict=True) if _is_active(leaf)]
    )
    left = float(flat_bar @ np.ravel(wanted))
    pairs = zip(flatten(args)[0], direction, _bar_leaves(args, cotangents), strict=True)
    right = sum(
        float(np.sum(np.asarray(bar, float) * change))
        for _, change, bar in pairs
        if change is not None
    )
    weight = float(np.sum(np.abs(flat_bar)))
    _compare("reverse mode", right, left, error * max(weight, 1.0), dtype)


def _bar_leaves(args: tuple[Any, ...], cotangents: tuple[Any, ...]) -> list[Any]:
    """The cotangent of each leaf of the arguments, None where there is none."""
    made: list[Any] = []
    for arg, bar in zip(args, cotangents, strict=True):
        count = len(flatten(arg)[0])
        made += [None] * count if bar is None else flatten(bar)[0]
    return made


def _check_next_order(
    function: Callable[..., Any],
    args: Sequence[Any],
    order: int,
    modes: tuple[str, ...],
    options: Options,
) -> None:
    """Check the derivative of the gradient: forward and reverse mode over the adjoint."""
    active = tuple(index for index, arg in enumerate(args) if any(map(_is_active, flatten(arg)[0])))
    check_function(Gradient(function, active, False, options), args, order, modes, options)


def check_derivative(
    transform: Differentiated, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> None:
    """Check what a ``grad`` or ``value_and_grad`` callable computes at these arguments."""
    leaves, found = transform.derivative_for(args, kwargs)
    gradient = Gradient(transform.primal, transform.argnums, transform.has_aux, transform.options)
    result = gradient(*args, **kwargs)
    bars = result[0] if transform.has_aux else result
    rng = np.random.default_rng(SEED)
    chosen = {leaf for group in found.leaves for leaf in group}
    direction = [
        rng.standard_normal(np.shape(leaf)) if index in chosen else None
        for index, leaf in enumerate(leaves)
    ]
    primal = found.program.derivative("primal", [])
    where = primal.value_tree[0] if transform.has_aux else primal.value_tree

    def along(step: float) -> float:
        return float(primal.run(_moved(leaves, direction, step))[where])

    dtype = _dtype(leaves)
    wanted, error = derivative(along, 0.05 if dtype == np.float64 else 0.3)
    flat = [bar for bar in flatten(bars)[0] if bar is not None]
    changes = [change for change in direction if change is not None]
    dot = sum(
        float(np.sum(np.asarray(bar, float) * change))
        for bar, change in zip(flat, changes, strict=True)
    )
    _compare("gradient along a random direction", dot, wanted, error, dtype)


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
        _compare(f"df/d{name}", gradient[index], wanted, error, np.dtype(np.float64))

"""Checks of a function in both modes: against differences, and the modes against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.errors import GradientCheckError, GradTypeError
from gradc.faces.checking import SEED, compare, directions, dtype_of, is_active, moved, reference
from gradc.faces.containers import flatten, leaf_names, unflatten
from gradc.faces.functions import parameter_names
from gradc.faces.locating import Suspect, worst_place
from gradc.faces.products import pullback_at, pushforward
from gradc.faces.pullbacks import Pullback, Pushforward
from gradc.options import Options


def _flat_value(value: Any) -> np.ndarray[Any, Any]:
    """All float leaves of a value as one vector."""
    floats = [np.ravel(leaf) for leaf in flatten(value)[0] if is_active(leaf)]
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
    direction = directions(leaves, rng)
    dtype = dtype_of(leaves)

    def arrange(items: list[Any]) -> Any:
        return unflatten(spec, items)

    def along(step: float) -> np.ndarray[Any, Any]:
        return _flat_value(function(*arrange(moved(leaves, direction, step))))

    wanted, error = reference(along, dtype)
    tangent_tree = arrange(
        [_as_tangent(leaf, change) for leaf, change in zip(leaves, direction, strict=True)]
    )
    if "fwd" in modes:
        _, dot = pushforward(function, tuple(args), tangent_tree, options)
        located = _Located(function, args, options)
        located.compare("forward mode", _flat_value(dot), wanted, error, dtype)
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
        np.asarray(rng.standard_normal(np.shape(leaf))) if is_active(leaf) else leaf
        for leaf in leaves
    ]
    cotangents = pullback(unflatten(spec, bars))
    flat_bar = _flat_value([bar for bar, leaf in zip(bars, leaves, strict=True) if is_active(leaf)])
    left = float(flat_bar @ np.ravel(wanted))
    pairs = zip(flatten(args)[0], direction, _bar_leaves(args, cotangents), strict=True)
    right = sum(
        float(np.sum(np.asarray(bar, float) * change))
        for _, change, bar in pairs
        if change is not None
    )
    weight = float(np.sum(np.abs(flat_bar)))
    located = _Located(function, args, options, flat_bar, _bar_leaves(args, cotangents))
    located.compare("reverse mode", right, left, error * max(weight, 1.0), dtype)


class _Located:
    """A comparison that says, when it fails, which element of which argument is worst."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        options: Options,
        weights: np.ndarray[Any, Any] | None = None,
        bars: Sequence[Any] | None = None,
    ) -> None:
        self.function, self.options = function, options
        self.leaves, self.spec = flatten(tuple(args))
        names = parameter_names(function)
        self.names = [
            label
            for place, arg in enumerate(args)
            for label in leaf_names(
                names[place] if place < len(names) else f"arg{place}", flatten(arg)[1]
            )
        ]
        self.weights, self.bars = weights, bars

    def compare(
        self, what: str, found: Any, wanted: Any, error: float, dtype: np.dtype[Any]
    ) -> None:
        """Compare, and look for the element when that fails."""
        try:
            compare(what, found, wanted, error, dtype)
        except GradientCheckError as problem:
            if np.isinf(error):
                raise
            if self.weights is None:
                self.weights = np.random.default_rng(SEED).standard_normal(np.size(found))
            active = [place for place, leaf in enumerate(self.leaves) if is_active(leaf)]
            suspect = Suspect(self.value, self.leaves, active, self.slope, self.names)
            what = "" if self.weights.size == 1 else " (of the results with random weights)"
            raise GradientCheckError(f"{problem}\n{worst_place(suspect)}{what}") from None

    def value(self, leaves: list[Any]) -> float:
        """The weighted sum of the results; a single one by itself."""
        value = _flat_value(self.function(*unflatten(self.spec, leaves)))
        return self.weighted(value)

    def weighted(self, value: np.ndarray[Any, Any]) -> float:
        assert self.weights is not None
        return float(value[0]) if value.size == 1 else float(self.weights @ value)

    def slope(self, direction: list[Any]) -> float:
        """Its derivative: by the cotangents that were found, or by forward mode."""
        if self.bars is not None:
            assert self.weights is not None
            pairs = zip(self.bars, direction, strict=True)
            total = sum(
                float(np.sum(np.asarray(bar, float) * change))
                for bar, change in pairs
                if change is not None
            )
            return total / float(self.weights[0]) if self.weights.size == 1 else total
        pairs = zip(self.leaves, direction, strict=True)
        tangents = [None if change is None else _as_tangent(leaf, change) for leaf, change in pairs]
        args = unflatten(self.spec, self.leaves)
        _, dot = pushforward(self.function, args, unflatten(self.spec, tangents), self.options)
        return self.weighted(_flat_value(dot))


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
    """Check what each mode makes of the function, one order lower: all combinations of modes."""
    rng = np.random.default_rng(SEED + order)
    if "fwd" in modes:
        floats = [leaf for leaf in flatten(tuple(args))[0] if is_active(leaf)]
        tangents = [_seed_like(leaf, rng) for leaf in floats]
        pushed = Pushforward(function, args, options)
        check_function(pushed, (*args, *tangents), order, modes, options)
    if "rev" in modes:
        value, _ = pullback_at(function, tuple(args), options)
        seeds = [_seed_like(leaf, rng) for leaf in flatten(value)[0] if is_active(leaf)]
        pulled = Pullback(function, args, options)
        check_function(pulled, (*args, *seeds), order, modes, options)


def _seed_like(leaf: Any, rng: np.random.Generator) -> Any:
    """A random cotangent of the type of a result."""
    drawn = rng.standard_normal(np.shape(leaf))
    if isinstance(leaf, np.ndarray | np.generic):
        return np.asarray(drawn, leaf.dtype)[()]
    return float(drawn)

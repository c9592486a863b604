"""Where a derivative that failed its check is wrong, and whether the function is smooth there.

A check compares along one random direction. When it fails, the elements are tried one by one; of
a large array first the halves, then the halves of the worse half, along random directions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradc_runtime.differences import derivative

# Elements that are tried one by one.
_ONE_BY_ONE = 64
_STEP = 0.02
_KINK_STEPS = (1e-4, 1e-5)
_SEED = 21

# An element: the number of a leaf, and its place in it counted over all its elements.
Element = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Suspect:
    """What is checked, as functions of the leaves of the arguments.

    Attributes
    ----------
    value : callable
        From leaves to a float: the function, weighted where it has several results.
    leaves : sequence
        The point.
    active : sequence of int
        The leaves that are differentiated.
    slope : callable
        ``slope(direction)`` for a direction by leaf: what the derivative says.
    names : sequence of str
        Of the leaves.
    """

    value: Callable[[list[Any]], float]
    leaves: Sequence[Any]
    active: Sequence[int]
    slope: Callable[[list[Any]], float]
    names: Sequence[str]

    def along(self, direction: list[Any]) -> Callable[[float], float]:
        """The function along a line through the point."""

        def at(step: float) -> float:
            moved = list(self.leaves)
            for leaf in self.active:
                if direction[leaf] is not None:
                    like = np.asarray(self.leaves[leaf])
                    changed = np.asarray(like + step * direction[leaf], like.dtype)
                    is_array = isinstance(self.leaves[leaf], np.ndarray)
                    moved[leaf] = changed if is_array else type(self.leaves[leaf])(changed[()])
            return self.value(moved)

        return at

    def gap(self, elements: Sequence[Element], weights: Sequence[float]) -> float:
        """How far derivative and differences are apart along some elements."""
        direction = self.direction(elements, weights)
        wanted, _ = derivative(self.along(direction), _STEP)
        found = abs(self.slope(direction) - float(wanted))
        return found if np.isfinite(found) else np.inf

    def direction(self, elements: Sequence[Element], weights: Sequence[float]) -> list[Any]:
        """A direction with weights at some elements."""
        made: list[Any] = [None] * len(self.leaves)
        for leaf in self.active:
            made[leaf] = np.zeros(np.shape(self.leaves[leaf]))
        for (leaf, place), weight in zip(elements, weights, strict=True):
            made[leaf].flat[place] = weight
        return made


def worst_place(suspect: Suspect) -> str:
    """Say at which element the derivative is worst, with both values."""
    rng = np.random.default_rng(_SEED)
    elements = [
        (leaf, place)
        for leaf in suspect.active
        for place in range(int(np.size(suspect.leaves[leaf])))
    ]
    while len(elements) > _ONE_BY_ONE:
        half = len(elements) // 2
        sides = [elements[:half], elements[half:]]
        gaps = [suspect.gap(side, list(rng.choice([-1.0, 1.0], len(side)))) for side in sides]
        elements = sides[int(np.argmax(gaps))]
    gaps = [suspect.gap([element], [1.0]) for element in elements]
    if not gaps:
        return "there is no float among the arguments"
    leaf, place = elements[int(np.argmax(gaps))]
    return _described(suspect, leaf, place)


def _described(suspect: Suspect, leaf: int, place: int) -> str:
    direction = suspect.direction([(leaf, place)], [1.0])
    along = suspect.along(direction)
    wanted, error = derivative(along, _STEP)
    shape = np.shape(suspect.leaves[leaf])
    index = tuple(int(each) for each in np.unravel_index(place, shape)) if shape else ()
    where = f"`{suspect.names[leaf]}`" + (f" at index {index}" if shape else "")
    text = (
        f"the worst element is {where}: derivative {suspect.slope(direction):.12g}, "
        f"extrapolated differences {float(wanted):.12g} (error estimate {error:.1g})"
    )
    kink = kink_note(along)
    return f"{text}; {kink}" if kink else text


def kink_note(along: Callable[[float], float]) -> str:
    """Say whether a curve looks as if it had a kink at 0; empty where it looks smooth."""
    with np.errstate(all="ignore"):
        middle = along(0.0)
        slopes = [
            ((middle - along(-step)) / step, (along(step) - middle) / step) for step in _KINK_STEPS
        ]
    (left, right), (near_left, near_right) = slopes
    if not np.all(np.isfinite([left, right, near_left, near_right])):
        return "the function is not finite around there"
    wide, close = abs(right - left), abs(near_right - near_left)
    scale = max(abs(near_left), abs(near_right), 1e-3)
    if close > 0.5 * wide and close > 1e-4 * scale:
        return (
            "the function looks non-smooth there: its slope is "
            f"{near_left:.6g} on the left and {near_right:.6g} on the right"
        )
    return ""

"""Difference quotients against the adjoint: how the error depends on the step, and who is right.

For each step h the one-sided quotient ``(f(x+h) - f(x))/h`` and the central quotient
``(f(x+h/2) - f(x-h/2))/h`` are compared with the derivative that the adjoint gives. Their errors
first shrink with h (truncation: of order h and h**2), then grow again (rounding: like 1/h).

The verdict does not rest on any of these quotients. It rests on central differences extrapolated
to h = 0 (:func:`gradc_runtime.differences.derivative`), which come with an estimate of their own
error: the adjoint must agree as closely as the reference is certain, whatever that is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gradc_runtime.differences import derivative

Verdict = Literal["agrees", "kink", "differs", "undecided"]
Vector = NDArray[np.float64]
ValueFunction = Callable[[Sequence[float]], float]

#: The steps of the study: 1e-1 to 1e-12.
STEPS = tuple(10.0**-k for k in range(1, 13))

#: How far the adjoint may be from the reference, in units of the reference's own error estimate.
TRUST = 50.0
#: A reference less certain than this, relatively, decides nothing.
VAGUE = 1e-4
#: Rounding in the values themselves, in units of the last place.
ROUNDINGS = 64.0

_AGREES = "the adjoint agrees with extrapolated central differences"

MOST_COMPONENTS = 12
RANDOM_DIRECTIONS = 4
_SEED = 20
_FIRST_STEP = 0.05
_SHORTEST_FIRST_STEP = 5e-9
_MOST_FIRST_STEPS = 16


@dataclass(frozen=True, slots=True)
class Quotient:
    """Both difference quotients at one step, with their errors against the adjoint."""

    h: float
    one_sided: float
    central: float
    one_sided_error: float
    central_error: float


@dataclass(frozen=True, slots=True)
class Component:
    """The study of one partial derivative, or of the derivative along a direction.

    Attributes
    ----------
    name : str
        ``df/dx1``, or which direction it is.
    adjoint : float
        What the adjoint gives.
    reference, uncertainty : float
        Extrapolated central differences and the estimate of their error.
    left, right : float or None
        One-sided derivatives, where the function has a kink here.
    quotients : tuple of Quotient
        One for each step, largest step first.
    """

    name: str
    adjoint: float
    reference: float
    uncertainty: float
    left: float | None
    right: float | None
    verdict: Verdict
    quotients: tuple[Quotient, ...]

    @property
    def digits(self) -> int:
        """How many decimal digits are known to agree."""
        scale = max(abs(self.adjoint), abs(self.reference))
        gap = max(abs(self.adjoint - self.reference), self.uncertainty)
        if not math.isfinite(gap):
            return 0
        if gap == 0 or scale == 0:
            return 15
        return max(0, min(15, math.floor(-math.log10(gap / scale))))

    def best(self, kind: Literal["one_sided", "central"]) -> Quotient | None:
        """The quotient with the smallest error; None where none is finite."""
        finite = [q for q in self.quotients if math.isfinite(getattr(q, f"{kind}_error"))]
        return min(finite, key=lambda q: float(getattr(q, f"{kind}_error")), default=None)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """The studies of all components.

    Attributes
    ----------
    value : float
        The function at the point.
    components : tuple of Component
    """

    value: float
    components: tuple[Component, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of a component."""
        order: tuple[Verdict, ...] = ("differs", "undecided", "kink", "agrees")
        found = {component.verdict for component in self.components}
        return next(verdict for verdict in order if verdict in found)

    @property
    def passed(self) -> bool:
        """Whether the adjoint is right as far as differences can tell."""
        return self.verdict in ("agrees", "kink")

    @property
    def message(self) -> str:
        """The verdict in one sentence."""
        worst = next(each for each in self.components if each.verdict == self.verdict)
        if self.verdict == "agrees":
            digits = min(component.digits for component in self.components)
            if digits == 0:
                widest = max(TRUST * component.uncertainty for component in self.components)
                return f"{_AGREES} within {widest:.1g}: they tell no more"
            return f"{_AGREES} to {digits} digits"
        if self.verdict == "kink":
            return (
                f"{worst.name}: the function has a kink here, from {worst.left:.6g} on the left to "
                f"{worst.right:.6g} on the right; the adjoint, {worst.adjoint:.6g}, lies between"
            )
        if self.verdict == "differs":
            return (
                f"{worst.name}: the adjoint gives {worst.adjoint:.10g}, extrapolated central "
                f"differences {worst.reference:.10g} with an error of about {worst.uncertainty:.1g}"
            )
        if not math.isfinite(self.value):
            return f"the function is {self.value} at this point: choose another"
        return (
            f"{worst.name}: differences do not settle near this point (the function jumps, "
            "is very noisy, or is not finite nearby): choose another"
        )


def study(
    function: ValueFunction,
    point: Sequence[float],
    gradient: Sequence[float],
    names: Sequence[str] | None = None,
    steps: Sequence[float] = STEPS,
    epsilon: float = float(np.finfo(np.float64).eps),
) -> CheckReport:
    """Compare a gradient with difference quotients.

    Parameters
    ----------
    function : callable
        From a sequence of floats to the value.
    point, gradient : sequence of float
        Where, and what the adjoint gives there; of the same length.
    names : sequence of str, optional
        Of the variables; ``x[0]``, ``x[1]`` ... by default.
    steps : sequence of float
        The steps h.
    epsilon : float
        The rounding unit of the function's own arithmetic: that of float32 for a function that
        computes in it.

    Returns
    -------
    CheckReport
        One component for each variable; of more than `MOST_COMPONENTS` variables the one with
        the largest derivative and `RANDOM_DIRECTIONS` random directions.

    Raises
    ------
    ValueError
        When the lengths do not fit.
    """
    at, slopes = np.asarray(point, dtype=float), np.asarray(gradient, dtype=float)
    if at.ndim != 1 or at.shape != slopes.shape or at.size == 0:
        raise ValueError(f"a point of shape {at.shape} and a gradient of shape {slopes.shape}")
    labels = list(names) if names is not None else [f"x[{index}]" for index in range(at.size)]
    if len(labels) != at.size:
        raise ValueError(f"{len(labels)} names for {at.size} variables")
    value = _value(function, at)
    components = []
    for name, direction in _directions(at, slopes, labels):
        size = float(np.max(np.abs(at[direction != 0])))
        line = _Line(function, at, direction, value)
        components.append(_component(name, line, float(slopes @ direction), steps, size, epsilon))
    return CheckReport(value, tuple(components))


def _value(function: ValueFunction, at: Vector) -> float:
    with np.errstate(all="ignore"):
        return float(function([float(number) for number in at]))


@dataclass(frozen=True, slots=True)
class _Line:
    """The function along a direction."""

    function: ValueFunction
    at: Vector
    direction: Vector
    value: float

    def __call__(self, step: float) -> float:
        return _value(self.function, self.at + step * self.direction)


def _directions(
    at: Vector,
    slopes: Vector,
    names: Sequence[str],
) -> list[tuple[str, Vector]]:
    axes = np.eye(at.size) if at.size <= MOST_COMPONENTS else None
    if axes is not None:
        return [(f"df/d{name}", axis) for name, axis in zip(names, axes, strict=True)]
    largest = int(np.argmax(np.abs(slopes)))
    axis = np.zeros(at.size)
    axis[largest] = 1.0
    rng = np.random.Generator(np.random.PCG64(_SEED))
    chosen = [(f"df/d{names[largest]}", axis)]
    for index in range(RANDOM_DIRECTIONS):
        direction = rng.standard_normal(at.size)
        direction /= np.linalg.norm(direction)
        chosen.append((f"random direction {index + 1}", direction))
    return chosen


def _component(
    name: str, line: _Line, adjoint: float, steps: Sequence[float], size: float, epsilon: float
) -> Component:
    quotients = tuple(_quotient(line, adjoint, h) for h in steps)
    reference = _reference(line, adjoint, size, epsilon)
    verdict = _judge(adjoint, reference)
    left = right = None
    if verdict != "agrees":
        sides = _one_sided(line, size, -1.0), _one_sided(line, size, 1.0)
        (low, low_error), (high, high_error) = sides
        margin = TRUST * (low_error + high_error) + ROUNDINGS * epsilon * abs(line.value)
        if math.isfinite(margin) and abs(high - low) > margin:
            left, right = low, high
            between = min(low, high) - margin <= adjoint <= max(low, high) + margin
            verdict = "kink" if between else "differs"
    return Component(
        name,
        adjoint,
        reference.value,
        reference.uncertainty,
        left,
        right,
        verdict,
        quotients,
    )


@dataclass(frozen=True, slots=True)
class _Estimate:
    """Extrapolated differences from one first step; `credible` where good to a few digits."""

    value: float
    uncertainty: float
    credible: bool

    def fits(self, other: _Estimate) -> bool:
        """Whether two estimates can be of one number."""
        margin = TRUST * (self.uncertainty + other.uncertainty)
        return math.isfinite(margin) and abs(self.value - other.value) <= margin


def _reference(line: _Line, adjoint: float, size: float, epsilon: float) -> _Estimate:
    """The most certain of several extrapolations that agree with the finest credible one.

    A first step that is too long reaches over an edge, or over many periods of an oscillation,
    where the estimated error means nothing; one that is too short drowns in rounding.
    """
    found = [_estimate(line, adjoint, first, epsilon) for first in _first_steps(size)]
    finest: _Estimate | None = None
    for estimate, finer in pairwise(found):
        if estimate.credible and estimate.fits(finer):
            finest = estimate
    if finest is None:
        return replace(min(found, key=lambda each: each.uncertainty), credible=False)
    return min((e for e in found if e.fits(finest)), key=lambda each: each.uncertainty)


def _first_steps(size: float) -> list[float]:
    """First steps, from one in proportion to the point to one far below it, by tens."""
    longest = _FIRST_STEP * max(size, 1.0)
    shortest = _SHORTEST_FIRST_STEP * (min(size, 1.0) if size else 1.0)
    count = min(_MOST_FIRST_STEPS, math.ceil(math.log10(longest / shortest)) + 1)
    return [longest / 10.0**index for index in range(count)]


def _estimate(line: _Line, adjoint: float, first: float, epsilon: float) -> _Estimate:
    found, error = derivative(line, first)
    value = float(found)
    # what rounding of the values alone can do to a difference over the first step
    claimed = abs(adjoint) if math.isfinite(adjoint) else 0.0
    rounding = ROUNDINGS * epsilon * max(claimed, abs(line.value) / first)
    uncertainty = max(error, rounding)
    small = uncertainty <= VAGUE * max(claimed, abs(value)) or error <= rounding
    return _Estimate(value, uncertainty, small and math.isfinite(uncertainty))


def _judge(adjoint: float, reference: _Estimate) -> Verdict:
    agrees = abs(adjoint - reference.value) <= TRUST * reference.uncertainty
    if reference.credible:
        return "agrees" if agrees else "differs"
    certain = math.isfinite(reference.uncertainty) and reference.uncertainty <= VAGUE
    return "agrees" if agrees and certain else "undecided"


def _quotient(line: _Line, adjoint: float, h: float) -> Quotient:
    with np.errstate(all="ignore"):
        one_sided = (line(h) - line.value) / h
        central = (line(h / 2) - line(-h / 2)) / h
    return Quotient(h, one_sided, central, abs(one_sided - adjoint), abs(central - adjoint))


_SHRINK = 2.0
_COLUMNS = 10


def _one_sided(line: _Line, size: float, sign: float) -> tuple[float, float]:
    """The derivative from one side, extrapolated to h = 0, and an estimate of its error."""
    best, error = math.nan, math.inf
    before: list[float] = []
    for index in range(_COLUMNS):
        h = sign * _FIRST_STEP * max(size, 1.0) / _SHRINK**index
        row = [(line(h) - line.value) / h]
        for order, column in enumerate(before, start=1):
            factor = _SHRINK**order
            row.append((row[-1] * factor - column) / (factor - 1.0))
        for place in range(1, len(row)):
            spread = max(abs(row[place] - row[place - 1]), abs(row[place] - before[place - 1]))
            if spread < error:
                best, error = row[place], spread
        before = row
    return best, error

"""What the gradients and activations of each layer say about a network that does not learn.

Thresholds, all of them constants of this module:

- *vanishing*: the geometric trend of the norm of the parameters' gradient (a line fitted by least
  squares to its logarithm over the layers) falls by more than a thousandfold from the last layer to
  the first; or a gradient is exactly zero.
- *exploding*: that trend rises by more than a thousandfold; or some gradient is more than ten times
  as large as its parameters (in a network that learns it is a fraction of them); or is not finite.
- *saturated*: more than half of a sigmoid's or tanh's outputs lie where its slope is below 0.001.
- *dead*: more than half of a relu's units give zero for every sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
Kind = Literal["vanishing", "exploding", "saturated", "dead"]

SPREAD = 1e3
"""Factor from the last layer to the first, along the trend, that is too much."""
TREND_LAYERS = 3
"""A trend needs so many layers with parameters."""
GRADIENT_TO_PARAMETER = 10.0
"""A gradient this many times as large as the parameters explodes."""
FLAT_SLOPE = 1e-3
"""A slope of sigmoid or tanh below this is saturation."""
MANY = 0.5
"""The fraction of saturated outputs or dead units that is too many."""

_SLOPES: Mapping[str, Callable[[FloatArray], FloatArray]] = MappingProxyType(
    {"sigmoid": lambda a: a * (1 - a), "tanh": lambda a: 1 - a * a}
)


@dataclass(frozen=True)
class LayerRow:
    """One layer.

    Attributes
    ----------
    name, kind : str
        As in the model: "layer 3", "tanh".
    grad_norm, param_norm : float or None
        Euclidean norms over all parameters of the layer; None where it has none.
    mean, std : float or None
        Of the layer's outputs; None where they were not given.
    saturated, dead : float or None
        Fractions, of sigmoid's and tanh's outputs and of relu's units.
    verdict : str or None
        The worst that was found about this layer.
    """

    name: str
    kind: str
    grad_norm: float | None = None
    param_norm: float | None = None
    mean: float | None = None
    std: float | None = None
    saturated: float | None = None
    dead: float | None = None
    verdict: Kind | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: what, in which layers, and a sentence about it."""

    kind: Kind
    layers: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Diagnosis:
    """All layers in order, and what is wrong with them; no findings mean a healthy network."""

    rows: tuple[LayerRow, ...]
    findings: tuple[Finding, ...]


def layer_row(
    name: str,
    kind: str,
    *,
    params: Sequence[FloatArray] = (),
    grads: Sequence[FloatArray] = (),
    output: FloatArray | None = None,
) -> LayerRow:
    """Measure one layer.

    Parameters
    ----------
    name, kind : str
        The layer's name and type.
    params, grads : sequence of ndarray
        Its parameters and their gradients.
    output : ndarray, optional
        Its outputs for a batch, shape ``(n, units)``.
    """
    row = LayerRow(
        name,
        kind,
        grad_norm=_norm(grads) if grads else None,
        param_norm=_norm(params) if params else None,
    )
    if output is None or output.size == 0:
        return row
    wide = output.astype(np.float64)
    saturated = dead = None
    with np.errstate(over="ignore", invalid="ignore"):
        if kind in _SLOPES:
            saturated = float((np.abs(_SLOPES[kind](wide)) < FLAT_SLOPE).mean())
        elif kind == "relu":
            dead = float((wide.reshape(len(wide), -1) <= 0).all(axis=0).mean())
        mean, std = float(wide.mean()), float(wide.std())
    return replace(row, mean=mean, std=std, saturated=saturated, dead=dead)


def diagnose(rows: Sequence[LayerRow]) -> Diagnosis:
    """Judge the layers of a network.

    Parameters
    ----------
    rows : sequence of LayerRow
        What `layer_row` gave for each layer, from the input to the output.

    Returns
    -------
    Diagnosis
        The rows with their verdicts, and the findings.
    """
    findings = [
        *_not_finite(rows),
        *_too_large(rows),
        *_trend(rows),
        *_exactly_zero(rows),
        *_activations(rows),
    ]
    worst: dict[str, Kind] = {}
    for finding in findings:
        for layer in finding.layers:
            worst.setdefault(layer, finding.kind)
    judged = tuple(replace(row, verdict=worst.get(row.name)) for row in rows)
    return Diagnosis(judged, tuple(findings))


def _not_finite(rows: Sequence[LayerRow]) -> list[Finding]:
    wrong = [r.name for r in rows if r.grad_norm is not None and not math.isfinite(r.grad_norm)]
    if not wrong:
        return []
    return [Finding("exploding", tuple(wrong), f"the gradient is not finite in {_listed(wrong)}")]


def _too_large(rows: Sequence[LayerRow]) -> list[Finding]:
    ratios = {
        row.name: row.grad_norm / row.param_norm
        for row in rows
        if row.grad_norm is not None and row.param_norm and math.isfinite(row.grad_norm)
    }
    wrong = [name for name, ratio in ratios.items() if ratio > GRADIENT_TO_PARAMETER]
    if not wrong:
        return []
    largest = max(wrong, key=ratios.__getitem__)
    return [
        Finding(
            "exploding",
            tuple(wrong),
            f"the gradient is far larger than the parameters in {_listed(wrong)} "
            f"({ratios[largest]:.3g} times in {largest}): use an init that fits the activation "
            "(he for relu, glorot for tanh), a smaller input or fewer layers",
        )
    ]


def _trend(rows: Sequence[LayerRow]) -> list[Finding]:
    norms = [(r.name, r.grad_norm) for r in rows if r.grad_norm and math.isfinite(r.grad_norm)]
    if len(norms) < TREND_LAYERS:
        return []
    values = np.array([norm for _, norm in norms])
    # the slope over the depth is negative where gradients grow towards the input
    slope = float(np.polyfit(np.arange(len(values)), np.log(values), 1)[0])
    if abs(slope) * (len(values) - 1) < math.log(SPREAD):
        return []
    factor = math.exp(-slope)
    ends = f"{values[0]:.2g} in {norms[0][0]}, {values[-1]:.2g} in {norms[-1][0]}"
    if factor < 1:
        # a fitted line can be steeper than the ends are apart; the first layer counts in any case
        small = [name for name, norm in norms if norm * SPREAD < values.max()] or [norms[0][0]]
        return [
            Finding(
                "vanishing",
                tuple(small),
                f"the gradient shrinks to {factor:.2g} of itself with each layer towards the input "
                f"({ends}): {_listed(small)} will hardly learn; "
                'use relu with init = "he_normal", or fewer layers',
            )
        ]
    large = [name for name, norm in norms if norm > SPREAD * values.min()] or [norms[0][0]]
    return [
        Finding(
            "exploding",
            tuple(large),
            f"the gradient grows {factor:.2g} times with each layer towards the input "
            f"({ends}): use an init with smaller weights, or fewer layers",
        )
    ]


def _exactly_zero(rows: Sequence[LayerRow]) -> list[Finding]:
    wrong = [row.name for row in rows if row.grad_norm == 0.0]
    if not wrong:
        return []
    cause = "a layer after it has the derivative zero, or weights that are zero"
    signs = [row.name for row in rows if row.kind == "sign"]
    if signs:
        cause = f"the derivative of sign is zero by definition ({_listed(signs)})"
    return [
        Finding(
            "vanishing",
            tuple(wrong),
            f"the gradient is exactly zero in {_listed(wrong)}: {cause}",
        )
    ]


def _activations(rows: Sequence[LayerRow]) -> list[Finding]:
    findings = []
    for row in rows:
        if row.saturated is not None and row.saturated > MANY:
            findings.append(
                Finding(
                    "saturated",
                    (row.name,),
                    f"{row.saturated:.0%} of the outputs of {row.name} are where {row.kind} is "
                    "flat: use smaller initial weights, a smaller input or learning rate",
                )
            )
        if row.dead is not None and row.dead > MANY:
            findings.append(
                Finding(
                    "dead",
                    (row.name,),
                    f"{row.dead:.0%} of the units of {row.name} are zero for every sample: "
                    "use a smaller learning rate",
                )
            )
    return findings


def _norm(arrays: Sequence[FloatArray]) -> float:
    # float64: the squares of float32 gradients overflow or vanish long before the gradients do
    with np.errstate(over="ignore", under="ignore"):
        return math.hypot(*(float(np.linalg.norm(a.astype(np.float64).ravel())) for a in arrays))


def _listed(names: Sequence[str]) -> str:
    if len(names) <= 3:
        return ", ".join(names)
    return f"{names[0]}, {names[1]}, ... {names[-1]} ({len(names)} layers)"

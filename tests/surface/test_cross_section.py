"""A cross-section of what moves and reduces elements: the second order, and the compiled kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradc
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten, unflatten
from tests.surface import reductions, selection, shaping
from tests.surface.case import SurfaceCase

SMOOTH = [
    case
    for module in (reductions, shaping, selection)
    for case in module.surface.cases
    if case.smooth and any(map(is_active, flatten(case.args)[0]))
]
SECOND = [case for index, case in enumerate(SMOOTH) if index % 4 == 0]
COMPILED = [case for index, case in enumerate(SMOOTH) if index % 16 == 1]


@pytest.mark.parametrize("case", SECOND, ids=lambda case: case.id)
def test_second_order(case: SurfaceCase) -> None:
    gradc.check_grads(case.fn, case.args, order=2, target="python")


@pytest.mark.parametrize("case", COMPILED, ids=lambda case: case.id)
def test_compiled(case: SurfaceCase) -> None:
    results = [_pulled_back(case, target) for target in ("python", "cpu")]
    for uncompiled, compiled in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, uncompiled, rtol=1e-12, atol=1e-13)


def _pulled_back(case: SurfaceCase, target: str) -> list[Any]:
    """The value and the cotangents of the arguments, for weights as cotangent of the value."""
    value, pullback = gradc.vjp(case.fn, *case.args, target=target, fastmath=False)
    leaves, structure = flatten(value)
    rng = np.random.default_rng(7)
    seeds = [_weights(leaf, rng) for leaf in leaves]
    bars = pullback(unflatten(structure, seeds))
    return [leaf for leaf in (*leaves, *flatten(bars)[0]) if leaf is not None]


def _weights(leaf: Any, rng: np.random.Generator) -> Any:
    weights = rng.uniform(0.5, 1.5, np.shape(leaf))
    return weights.astype(leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(weights)

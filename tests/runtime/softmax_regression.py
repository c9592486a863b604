"""A small model with a gradient by hand: training is tested without the compiler."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradc_runtime.data import Dataset

Array = NDArray[np.floating[Any]]

FEATURES, CLASSES = 6, 3


def make_data(count: int = 100, dtype: str = "float64", seed: int = 0) -> Dataset:
    """Return points around one centre a class; a line can part them, but for a few."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, count)
    centres = np.random.default_rng(1234).normal(size=(CLASSES, FEATURES))
    x = (centres[y] + 0.5 * rng.normal(size=(count, FEATURES))).astype(dtype)
    return Dataset(x, y, Path("made"))


def make_params(dtype: str = "float64") -> list[Array]:
    rng = np.random.default_rng(5)
    return [
        (0.1 * rng.normal(size=(FEATURES, CLASSES))).astype(dtype),
        np.zeros(CLASSES, dtype),
    ]


def probabilities(params: list[Array], x: Array) -> Array:
    scores = x @ params[0] + params[1]
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(scores / scores.sum(axis=1, keepdims=True))


def step(params: list[Array], x: Array, y: NDArray[Any]) -> tuple[float, list[Array]]:
    """Return cross-entropy and its gradient."""
    chosen = probabilities(params, x)
    loss = -float(np.log(chosen[np.arange(len(y)), y]).mean())
    chosen[np.arange(len(y)), y] -= 1
    chosen /= len(y)
    return loss, [x.T @ chosen, chosen.sum(axis=0)]


def evaluate(params: list[Array], x: Array, y: NDArray[Any]) -> tuple[float, float]:
    right = probabilities(params, x).argmax(axis=1) == y
    return step(params, x, y)[0], float(right.mean())

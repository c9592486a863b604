"""Calls as awkward users of NumPy write them: values and gradients, uncompiled.

Each line is the body of a function of `x`, which is a vector, a matrix, a stack of matrices, a
vector in float32 or one without elements.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.surface.calling import gradient_problem, value_problem, written

RNG = np.random.default_rng(0)


def numbers(*shape: int) -> np.ndarray:
    count = int(np.prod(shape))
    return RNG.permutation(np.linspace(-0.93, 1.87, count)).reshape(shape)


NAMES = [
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "fmin",
    "hypot",
    "logaddexp",
    "arctan2",
    "power",
]
PLACES = {"[0, 2, 0, 4]": "x[:4]", "slice(1, 3)": "x[:2]", "2": "x[0]", "x > 0.3": "x[1]"}
AT = [
    f"y = np.linspace(0.5, 2.0, 5); np.{name}.at(y, {places}, {given} + 1.1); return y * x"
    for name, (places, given) in product(NAMES, PLACES.items())
]
VECTOR = """
    y = x.copy(); np.negative.at(y, [0, 1]); np.square.at(y, [0, 1, 0]); return y * x
    y = np.ones((5, 2)); np.multiply.at(y, (slice(None), 0), x); return y
    y = np.ones(5); np.multiply.at(y, np.array([[0, 1], [0, 2]]), x[:4].reshape(2, 2)); return y
    return np.add.reduceat(x, [0, 2, 4]), np.multiply.reduceat(x, [0, 3, 1])
    return np.r_[x, 1.0, x[0], 0:3, 0.0:1.0:4j], np.c_[x, x[::-1], np.ones(5)]
    return x[np.s_[1:4:2]] * np.mgrid[0:2, 0:2][0, :, 1] + np.ogrid[0:1:2j]
    return x[np.r_[0:2, 4]], np.mgrid[0:2, 0.0:1.0:3j] * x[0], np.ogrid[0:2, 0:3][1] * x[0]
    return np.stack(x), np.hstack(x), np.vstack(x), np.dstack(x), np.column_stack(x)
    return np.stack([v * v for v in x]), np.hstack([v * v for v in x]), np.array([v for v in x])
    return np.frexp(x * 100.0)[0], np.fromfunction(lambda i, j: x[0] * i + j, (2, 3))
    return np.clip(x, 0.5, x), np.clip(x, x[::-1], 0.3), np.clip(0.1, x, -x)
    return x.item(1) * x, x.item(-1), x.flat[1:3], x.flat[-1]
    y = x.copy(); y.flat[2] = x[0]; y.flat[[0, 3]] = 2.0; y.flat[1::2] *= x[1]; return y * x
"""
MATRIX = """
    y = np.linspace(0.5, 2.0, 12).reshape(3, 4); np.multiply.at(y, [0, 2, 0], x); return y
    return np.add.reduceat(x, [0, 2], axis=1), np.maximum.reduceat(x, [0, 2])
    return np.hypot.reduce(x), np.hypot.reduce(x.T), np.nanprod(x, 0) + np.nanprod(x.T, 0)[0]
    return np.r_[x, x], np.c_[x, x[:, 0]], x[np.s_[0, 1:]], np.r_[x[0], 2.0]
    return np.concatenate(x), np.concatenate(x, axis=None), np.stack(x, axis=1), np.stack(x, -1)
    return np.hstack(x), np.vstack(x), np.dstack(x), np.column_stack(x), np.block([x, x])
    return np.concatenate([r * 2.0 for r in x]), np.stack([r * r for r in x], axis=1)
    return np.vstack([r * r for r in x]), np.column_stack([r * r for r in x])
    y = np.concatenate([x, x[:1]]); return np.unique(y, axis=0), np.unique(y.T, axis=-1) * 2.0
    return np.linalg.solve(np.stack([x[:, 1:], x[:, :3]]) + 3.0 * np.eye(3), x[:, 0])
    return x.item(3), x.item(1, 2), x.item((0, 1)), x.flat[3], x.flat[2:9:3]
    return np.unstack(np.stack([x[0], x[1]], axis=1), axis=1)[1]
"""
STACK = """
    return np.concatenate(x), np.concatenate(x, axis=1), np.concatenate(x, axis=-1), np.stack(x, 1)
    return np.hstack(x), np.vstack(x), np.dstack(x), np.column_stack(x), np.stack(x, axis=-1)
    return np.add.reduceat(x, [0, 1], axis=-1), np.concatenate([m @ m.T for m in x], axis=1)
"""
SINGLE = """
    return np.array([x[0], 1.0]), np.array([x[0], 1]), np.array([x[0], x[1]]), np.array([x, 2 * x])
    return np.add(x, [1.0, 2.0, 3.0]), np.stack([x, x * 2.0]), np.array([x[0], np.float32(2.0)])
"""
NOTHING = """
    return np.histogram(x, 3)[1] + np.sum(x), np.linalg.norm(x[None], 2), np.linalg.norm(x)
    return np.cov(np.stack([x, x])), np.sum(x) + np.max(x, initial=2.0), np.linalg.pinv(x[None])
    return np.linalg.norm(x[:, None], np.inf), np.linalg.matrix_rank(x[None]) + np.sum(x)
    return special.logsumexp(x), x[:1], x[-1:], np.median(x), np.concatenate([x, x[:1]])
"""
RAISES = """
    return np.max(x) | return np.min(x, axis=0) | return np.ptp(x) | return np.nanmax(x)
    return np.convolve(x, [1.0]) | return np.correlate(x, [1.0]) | return x.max() | return x[0]
    return max(x) | return np.gradient(x) | return np.max(x[None], axis=1)
"""


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


GROUPS = {
    "at": (AT, numbers(5)),
    "vector": (lines(VECTOR), numbers(5)),
    "matrix": (lines(MATRIX), numbers(3, 4)),
    "stack": (lines(STACK), numbers(2, 3, 4)),
    "single": (lines(SINGLE), numbers(3).astype(np.float32)),
    "nothing": (lines(NOTHING), np.zeros(0)),
}


@pytest.mark.parametrize("group", GROUPS)
def test_values_and_gradients(group: str, tmp_path: Path) -> None:
    texts, array = GROUPS[group]
    assert problems(texts, array, tmp_path / "calls.py") == []


def problems(texts: Sequence[str], array: np.ndarray, path: Path) -> list[str]:
    found = []
    for text, call in zip(texts, written(texts, path), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = call(array.copy())
            differentiable = array.dtype == np.float64 and array.size > 0
            check = gradient_problem if differentiable else value_problem
            problem = check(call, array, expected)
        if problem is not None:
            found.append(f"{text}: {problem}")
    return found


def test_what_raises_for_nothing(tmp_path: Path) -> None:
    texts = [text.strip() for line in lines(RAISES) for text in line.split(" | ")]
    for text, call in zip(texts, written(texts, tmp_path / "calls.py"), strict=True):
        with pytest.raises((ValueError, IndexError)):
            call(np.zeros(0))
        problem = value_problem(call, np.zeros(0), None)
        assert problem is not None, text
        assert "Error(" in problem, text

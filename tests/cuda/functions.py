"""Functions of one sample, with samples to run them at."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

SAMPLES = 11  # more than the threads that are simulated, so that threads take several
MIXER = np.array([[0.5, -1.0], [2.0, 0.25]])


def scalars(x, y):
    return math.exp(-x) * y + x / y


def powers(x, y):
    return abs(x) ** y + x**3 + max(x, y) - min(x, 0.5)


def weighted(x, w):
    return np.sum(x * w) ** 2


def layer(x, W, b):
    h = np.tanh(W @ x + b)
    return np.sum(h * h)


def running(x, s):
    p = 1.0
    for i in range(x.shape[0]):
        p = p * np.sin(x[i]) + s
    return p


def recurrent(x, W, h0):
    h = h0
    for t in range(x.shape[0]):
        h = np.tanh(W @ h + x[t])
    return np.sum(h)


def delayed(x, a, b):
    for t in range(x.shape[0]):
        a, b = b, a * x[t] + b
    return np.sum(a * b)


def branches(x, y):
    if x > y:
        return x * y
    if x > 0.0:
        return np.sqrt(x) * y
    return np.exp(x - y)


def cross_entropy(x, k):
    return np.log(np.sum(np.exp(x))) - x[k]


def until(x):
    s = 0.0
    while s < 10.0:
        s = s + x * x
    return s * x


def softmax_first(x):
    e = np.exp(x - np.max(x))
    return (e / np.sum(e))[0]


def captured(x):
    return np.sum((MIXER @ x) ** 2)


def in_place(x, y):
    out = np.zeros(3)
    for i in range(3):
        out[i] = x[i] * y
        out[i] += x[2 - i]
    return out @ out


def triangular(L, b):
    x = np.zeros(3)
    for i in range(3):
        total = b[i]
        for j in range(i):
            total -= L[i, j] * x[j]
        x[i] = total / L[i, i]
    return x @ x


def eliminated(A, x):
    for i in range(3):
        x[i] = x[i] / A[i, i]
        for j in range(i + 1, 3):
            x[j] -= A[j, i] * x[i]
    return np.sum(x * x)


def reshaped(A):
    B = A.T.reshape(9)
    B[2] = 5.0
    return np.sum((B.reshape(3, 3) @ A)[0]) + np.trace(A)


def edges(x, y):
    return x / y + math.log(x)


def with_aux(x, y):
    return x * y, (x + y, x > y)


@dataclass(frozen=True)
class Case:
    """A function, the arguments to differentiate, and arguments with their samples."""

    function: Callable[..., Any]
    argnums: tuple[int, ...]
    args: tuple[Any, ...]
    has_finite_differences: bool = True

    @property
    def name(self) -> str:
        return self.function.__name__

    def sample(self, number: int) -> list[Any]:
        """The arguments of one sample, as the function takes them."""
        return [
            arg[number].item()
            if isinstance(arg, np.ndarray) and arg.ndim == 1 and arg.dtype != np.float32
            else arg[number]
            if isinstance(arg, np.ndarray)
            else arg
            for arg in self.args
        ]


def make_cases() -> list[Case]:
    """The same on each call."""
    rng = np.random.default_rng(5)

    def normal(*shape: int) -> np.ndarray[Any, Any]:
        return rng.standard_normal((SAMPLES, *shape))

    special = np.array([0.0, -0.0, 1.0, -1.0, 2.0, np.inf, -np.inf, np.nan, 1e-300, 1e300, 0.5])
    return [
        Case(scalars, (0, 1), (normal(), normal())),
        Case(powers, (0, 1), (normal(), normal())),
        Case(weighted, (0, 1), (normal(3), normal(3))),
        Case(weighted, (1,), tuple(normal(3).astype(np.float32) for _ in range(2)), False),
        Case(layer, (0, 1, 2), (normal(3), normal(2, 3), normal(2))),
        Case(running, (0, 1), (normal(3), normal())),
        Case(running, (0,), (normal(3), 0.25)),
        Case(recurrent, (0, 1, 2), (normal(4, 2), normal(2, 2), normal(2))),
        Case(delayed, (0, 1, 2), (normal(5), normal(2), normal(2))),
        Case(branches, (0, 1), (normal(), normal())),
        Case(cross_entropy, (0,), (normal(3), rng.integers(-3, 3, SAMPLES))),
        Case(until, (0,), (1.0 + 0.1 * normal(),)),
        Case(softmax_first, (0,), (normal(3),)),
        Case(captured, (0,), (normal(2),)),
        Case(in_place, (0, 1), (normal(3), normal())),
        Case(triangular, (0, 1), (normal(3, 3) + 3.0 * np.eye(3), normal(3))),
        Case(eliminated, (0, 1), (normal(3, 3) + 3.0 * np.eye(3), normal(3))),
        Case(reshaped, (0,), (normal(3, 3),)),
        Case(edges, (0, 1), (special, np.roll(special, 3)), False),
    ]

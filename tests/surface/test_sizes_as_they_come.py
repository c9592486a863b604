"""Sizes that turn out to be 0 or 1 when the program runs: values, gradients and errors are NumPy's.

Each piece of an array goes into each use of it, at lengths from 0 to more than there is.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import gradc
from tests.frontend.python.support import same

X = np.array([0.7, -0.4, 1.3, 0.2])
LENGTHS = (0, 1, 2, 9)
EVERY = int(os.environ.get("GRADC_CROSSING", "4"))

PIECES: dict[str, Callable[..., Any]] = {
    "front": lambda x, n: x[:n],
    "rest": lambda x, n: x[n:],
    "one": lambda x, n: x[n : n + 1],
    "first of front": lambda x, n: x[:n][:1],
    "last of front": lambda x, n: x[:n][-1:],
    "first of rest": lambda x, n: x[n:][:1],
    "backwards": lambda x, n: x[:n][::-1],
    "backwards from": lambda x, n: x[n::-1][:2],
    "from the end": lambda x, n: x[-n:][:1],
    "every other": lambda x, n: x[:n][::2][1:],
    "chosen": lambda x, n: x[x > 2.5 - n][:1],
    "differences": lambda x, n: np.diff(x[:n]),
    "rows": lambda x, n: np.outer(x, x)[:n][:1, 0],
}

USES: dict[str, Callable[..., Any]] = {
    "itself": lambda p, x: p,
    "sum": lambda p, x: np.sum(p * p),
    "prod": lambda p, x: np.prod(p),
    "mean": lambda p, x: p.mean(),
    "max": lambda p, x: np.max(p),
    "min": lambda p, x: np.min(p, initial=9.0),
    "ptp": lambda p, x: np.ptp(p),
    "norm": lambda p, x: np.linalg.norm(p),
    "median": lambda p, x: np.median(p),
    "running": lambda p, x: np.cumsum(p) ** 2,
    "sorted": lambda p, x: np.sort(p),
    "squares": lambda p, x: p @ p,
    "loop": lambda p, x: sum(value * value for value in p) * 1.0,
    "joined": lambda p, x: np.concatenate([p, x, p]),
    "piled": lambda p, x: np.stack([p, 2 * p], axis=1),
    "stretched": lambda p, x: p * x,
    "added in front": lambda p, x: x[:3, None] + p,
    "with another": lambda p, x: p + x[:1],
    "to both": lambda p, x: np.where(p > 0.5, p, x),
    "written": lambda p, x: filled(p, x),
    "columns": lambda p, x: (p[:, None] * x).sum(axis=0),
    "table": lambda p, x: p.reshape(-1, 1) @ p[None, :],
}


def filled(p: Any, x: Any) -> Any:
    made = np.zeros(3)
    made[:] = p
    return made * x[:3]


#: One of four of all pairs, each piece and each use in several of them.
PAIRS = [
    (piece, use)
    for (row, piece), (column, use) in product(enumerate(PIECES), enumerate(USES))
    if (row + column) % EVERY == 0
]


@pytest.mark.parametrize(("piece", "use"), PAIRS)
def test_as_numpy(piece: str, use: str) -> None:
    cut, then = PIECES[piece], USES[use]

    def program(x: Any, n: int) -> Any:
        return then(cut(x, n), x)

    for n in LENGTHS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy says that the mean of nothing is nan
            try:
                expected = program(X, n)
            except (ValueError, IndexError) as error:
                with pytest.raises(type(error)) as caught:
                    gradc.vjp(program, X, n, target="python", fastmath=False)
                assert "test_sizes_as_they_come.py:" in str(caught.value)  # the user's line
                continue
        value, pullback = gradc.vjp(program, X, n, target="python", fastmath=False)
        same(value, expected)
        _check_gradient(program, n, value, pullback)


def _check_gradient(
    program: Callable[..., Any], n: int, value: Any, pullback: Callable[[Any], Any]
) -> None:
    """Against differences along one direction."""
    rng = np.random.default_rng(2)
    way, seed = rng.uniform(0.5, 1.5, X.shape), rng.uniform(0.5, 1.5, np.shape(value))
    (bar, _) = pullback(seed if isinstance(value, np.ndarray) else type(value)(seed))
    assert bar.shape == X.shape
    if not np.all(np.isfinite(value)):
        return
    ahead, behind = (program(X + step * way, n) for step in (1e-6, -1e-6))
    wanted = np.sum(seed * (ahead - behind)) / 2e-6
    assert np.sum(bar * way) == pytest.approx(wanted, rel=1e-7, abs=1e-7)


def mixed(x: Any, n: int) -> Any:
    return np.sum(x[:n][:1] ** 3) + np.sum(x[:n] * x[1:3]) ** 2


@pytest.mark.parametrize("mode", ["grad", "hessian", "jacfwd", "value_and_grad"])
def test_other_derivatives_and_routes(mode: str) -> None:
    # compiled, the later calls take routes
    derivative = getattr(gradc, mode)(mixed, target="cpu" if mode == "grad" else "python")
    wanted = {
        1: getattr(gradc, mode)(lambda x: mixed(x, 1), target="python")(X),
        2: getattr(gradc, mode)(lambda x: mixed(x, 2), target="python")(X),
    }
    for n in (2, 1, 0, 1, 2):
        if n == 0:
            with pytest.raises(ValueError, match="could not be broadcast together"):
                derivative(X, n)
            continue
        for one, other in zip(derivative(X, n), wanted[n], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-13)


def test_records_lead_to_it(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADC_CACHE_DIR", str(tmp_path))

    def made() -> Any:
        return gradc.grad(first_squared)

    assert made()(X, 2).tolist() == [2 * X[0], 0.0, 0.0, 0.0]
    assert made()(X, 0).tolist() == [0.0] * 4  # a second process would find the record


def first_squared(x: Any, n: int) -> Any:
    return np.sum(x[:n][:1] ** 2)


def test_what_needs_the_one_element_says_so() -> None:
    def program(x: Any, n: int) -> Any:
        return np.squeeze(x[:n][:1])

    assert gradc.grad(program)(X, 2).tolist() == [1.0, 0.0, 0.0, 0.0]
    with pytest.raises(IndexError, match="there is no element 0 for the slice of it"):
        gradc.grad(program)(X, 0)

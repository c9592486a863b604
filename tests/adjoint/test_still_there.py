"""Elements that are not overwritten are not recorded: factorisations, triangular solves, tables.

The programs of `triangular_programs` change an array in nests of loops whose bounds depend on each
other. Their gradients are compared with those that record all that they need.
"""

import re
from typing import Any
from unittest import mock

import numpy as np
import pytest

import gradc
from gradc.adjoint import reverse_control, tape
from gradc.analysis.still_there import StillThere
from tests.generators.triangular_programs import program
from tests.passes.sharing import written


def cholesky(a, y):
    n = a.shape[0]
    low = np.zeros((n, n))
    z = np.zeros(n)
    total = 0.0
    for j in range(n):
        t = a[j, j]
        for k in range(j):
            t -= low[j, k] * low[j, k]
        low[j, j] = np.sqrt(t)
        for i in range(j + 1, n):
            t = a[i, j]
            for k in range(j):
                t -= low[i, k] * low[j, k]
            low[i, j] = t / low[j, j]
    for i in range(n):
        t = y[i]
        for k in range(i):
            t -= low[i, k] * z[k]
        z[i] = t / low[i, i]
        total += 0.5 * z[i] * z[i] + np.log(low[i, i])
    return total


def cholesky_by_rows(a, y):
    """Where the column is asked for, elements left of the diagonal are not on it."""
    n = a.shape[0]
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            t = a[i, j]
            for k in range(j):
                t -= low[i, k] * low[j, k]
            if i == j:
                low[i, j] = np.sqrt(t)
            else:
                low[i, j] = t / low[j, j]
    return np.sum(np.log(np.diag(low))) + low[n - 1] @ y


def cholesky_by_columns(a, y):
    n = a.shape[0]
    low = np.zeros((n, n))
    for j in range(n):
        v = a[j:, j] - low[j:, :j] @ low[j, :j]
        low[j:, j] = v / np.sqrt(v[0])
    return np.sum(np.log(np.diag(low))) + low[n - 1] @ y


def elimination(a, y):
    u = a.copy()
    n = a.shape[0]
    for k in range(n):
        for i in range(k + 1, n):
            f = u[i, k] / u[k, k]
            for j in range(k, n):
                u[i, j] -= f * u[k, j]
    total = 0.0
    for k in range(n):
        total += np.log(np.abs(u[k, k])) * y[k]
    return total


def back_substitution(a, y):
    n = a.shape[0]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (y[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return np.sum(x * x)


def pairs(a, y):
    n = a.shape[0]
    best = np.zeros((n, n))
    for length in range(1, n):
        for i in range(n - length):
            total = 0.0
            for k in range(i, i + length):
                total += np.exp(best[i, k] + best[k + 1, i + length])
            best[i, i + length] = np.log(total) * y[i] + a[i, i + length]
    return best[0, n - 1]


def rows_that_change_again(a, y):
    b = a.copy()
    n = a.shape[0]
    for k in range(n):
        for i in range(k, n):  # row k itself changes while it is read
            for j in range(n):
                b[i, j] = b[i, j] * 0.5 + np.sin(b[k, j]) * y[i]
    return np.sum(b * b)


# How many axes each array has that the gradient records in.
CASES: list[tuple[Any, list[int]]] = [
    (cholesky, []),
    (cholesky_by_rows, [2]),
    (cholesky_by_columns, []),
    (elimination, [2]),
    (back_substitution, []),
    (rows_that_change_again, [3, 3]),
]


def _arguments() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(0)
    m = rng.random((6, 6))
    return m @ m.T + 6.0 * np.eye(6), rng.random(6)


@pytest.mark.parametrize(("function", "axes"), CASES, ids=[case[0].__name__ for case in CASES])
def test_what_is_still_there_is_not_recorded(function: Any, axes: list[int]) -> None:
    gradient = gradc.grad(function, argnums=(0, 1), cache=False, target="python")
    gradient(*_arguments())
    shapes = re.findall(r"_tape(?:_\d+)? = np\.empty\(\((.*)\)\)", gradient.source)
    assert [shape.count(",") + 1 - shape.count("range(1,") for shape in shapes] == axes
    gradc.check_grads(function, _arguments(), target="python")


def test_a_table_by_diagonals() -> None:
    gradc.check_grads(pairs, _arguments(), target="python")


@pytest.mark.parametrize("function", [cholesky, elimination])
def test_compiled(function: Any) -> None:
    given = _arguments()
    compiled = gradc.grad(function, argnums=(0, 1))(*given)
    interpreted = gradc.grad(function, argnums=(0, 1), target="python", cache=False)(*given)
    for ours, theirs in zip(compiled, interpreted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


def _nothing(self: Any, loop: Any, *arguments: Any) -> None:
    _init(self, loop, *arguments)
    self.chains = []


_init = StillThere.__init__


def _gradients(function: Any, given: Any) -> Any:
    with np.errstate(all="ignore"):
        return gradc.grad(function, argnums=(0, 1), target="python", cache=False)(*given)


# 1081 and 1148: a number was read from where it was stored before that place was known
@pytest.mark.parametrize("seed", [*range(8), 1081, 1148])
def test_random_programs(seed: int) -> None:
    compare(program(seed), seed)


@pytest.mark.parametrize("seed", range(8))
def test_random_programs_with_branches(seed: int) -> None:
    compare(program(seed, branches=True), seed)


def compare(text: str, seed: int) -> None:
    """Compare the gradients of a program with those that record all that they need."""
    function = written(text, "f")
    rng = np.random.default_rng(seed)
    given = rng.normal(size=5) * 0.7, rng.normal(size=(5, 5)) * 0.7
    ours = _gradients(function, given)
    with (
        mock.patch.object(StillThere, "__init__", _nothing),
        mock.patch.object(tape, "bounded_counts", return_value={}),
        mock.patch.object(reverse_control, "bounded_counts", return_value={}),
    ):
        theirs = _gradients(function, given)
    for one, other in zip(ours, theirs, strict=True):
        scale = max(1.0, float(np.abs(other).max()))
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11 * scale, err_msg=text)

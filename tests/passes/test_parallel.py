"""Parallel loops: found where iterations are independent; the same bits with any threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradc
from gradc import grad, value_and_grad
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests.zoo import CASES

SMOOTH = [
    pytest.param(case, id=case.name)
    for case in CASES
    if case.smooth and any(map(is_active, flatten(case.args)[0]))
]


@pytest.mark.parametrize("boundscheck", [True, False])
@pytest.mark.parametrize("case", SMOOTH[::3])
def test_the_same_as_without(case, boundscheck):
    value, pullback = gradc.vjp(case.fn, *case.args, target="python")
    options = {"target": "python", "parallel": True, "boundscheck": boundscheck}
    same, parallel = gradc.vjp(case.fn, *case.args, **options)
    found, wanted = (same, parallel(value)), (value, pullback(value))
    for one, other in zip(flatten(found)[0], flatten(wanted)[0], strict=True):
        if other is not None:
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-13)


def elementwise(x, y):
    return np.sum(np.tanh(np.exp(-x * x) * y))


def rows(x, w):
    total = 0.0
    for i in range(x.shape[0]):
        s = 0.0
        for j in range(x.shape[1]):
            s += x[i, j] * w[j]
        total += np.tanh(s) * s
    return total


def scattered(x, w, k):
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] * w[k[i]]
    return total


def by_threes(x):
    total = 0.0
    for i in range(x.shape[0] - 1, -1, -3):
        total -= np.sin(x[i])
    return total


def running(x):
    total = 0.0
    for i in range(1, x.shape[0]):
        x[i] = x[i] + 0.5 * x[i - 1]
        total += x[i]
    return total


def product(x):
    total = 1.0
    for i in range(x.shape[0]):
        total = total * x[i]
    return total


def last(x):
    kept = 0.0
    for i in range(x.shape[0]):
        kept = x[i] * x[i]
    return kept


def overwritten(x):
    work = np.zeros(2)
    total = 0.0
    for i in range(x.shape[0]):
        work[0] = x[i]
        work[1] = work[0] * x[i]
        total += work[1]
    return total


GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.normal(size=200), GENERATOR.normal(size=200)
MATRIX, W = GENERATOR.normal(size=(70, 5)), GENERATOR.normal(size=5)
PLACES = GENERATOR.integers(0, 5, 200)
INDEPENDENT = [(elementwise, (X, Y)), (rows, (MATRIX, W)), (by_threes, (X,))]


@pytest.mark.parametrize(
    ("function", "args"), [*INDEPENDENT, (scattered, (X, W, PLACES))], ids=lambda v: str(v)[:20]
)
@pytest.mark.parametrize("size", [0, 1, 3, 63, 64, 65])
def test_any_number_of_iterations(function, args, size):
    args = (args[0][:size], *(arg[:size] if arg.shape[0] > 5 else arg for arg in args[1:]))
    active = [i for i, arg in enumerate(args) if arg.dtype == float]
    options = {"target": "python", "boundscheck": False}
    parallel = value_and_grad(function, active, parallel=True, **options)
    serial = value_and_grad(function, active, **options)
    for one, other in zip(flatten(parallel(*args))[0], flatten(serial(*args))[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    # loops over arrays of one element, or none, are unrolled
    assert size < 2 or "prange(" in parallel.source


def test_no_iteration_of_a_loop_that_any_number_may_have():
    def first(x, n):
        total = 0.0
        for k in range(n):
            total += np.sin(x[k])
        return total

    found = value_and_grad(first, parallel=True, target="python", boundscheck=False)
    value, bar = found(X, 0)
    assert "prange(" in found.source
    assert value == 0.0
    np.testing.assert_array_equal(bar, np.zeros(len(X)))


@pytest.mark.parametrize("function", [running, product, last, overwritten])
def test_iterations_that_depend_stay_in_order(function):
    parallel = gradc.vjp(function, X, target="python", parallel=True, boundscheck=False)[1]
    assert parallel(1.0)[0] == pytest.approx(
        gradc.vjp(function, X, target="python")[1](1.0)[0], rel=1e-12
    )
    value = grad(function, target="python", parallel=True, boundscheck=False)
    value(X)
    text = value.source.split("_bar")[0]
    assert "prange(" not in text.split("for ", 1)[0] + text.partition("# line")[0]


@pytest.mark.parametrize("target", ["python", "cpu"])
def test_errors_are_those_of_the_loop_in_order(target):
    gradient = grad(scattered, argnums=(0, 1), target=target, parallel=True)
    serial = grad(scattered, argnums=(0, 1), target="python")
    for found, wanted in zip(gradient(X, W, PLACES), serial(X, W, PLACES), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert "prange(" in gradient.source
    places = PLACES.copy()
    places[[150, 77, 190]] = 5, 9, -6
    for _ in range(3):
        with pytest.raises(IndexError, match="index 9 is out of range for size 5"):
            gradient(X, W, places)


def test_compiled():
    for function, args in INDEPENDENT[:2]:
        found = grad(function, argnums=(0, 1), parallel=True)(*args)
        wanted = grad(function, argnums=(0, 1), target="python")(*args)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


PROGRAM = """
import numba
import numpy as np
from gradc import value_and_grad
from tests.passes.test_parallel import rows

generator = np.random.default_rng(1)
x, w = generator.normal(size=(5000, 5)), generator.normal(size=5)
gradient = value_and_grad(rows, argnums=(0, 1), parallel=True, boundscheck=False)
seen = set()
for threads in (1, 2, 4, 8):
    numba.set_num_threads(threads)
    for _ in range(25):
        value, (x_bar, w_bar) = gradient(x, w)
        seen.add((float(value).hex(), x_bar.tobytes(), w_bar.tobytes()))
print(len(seen), "prange(" in gradient.source)
"""


def test_the_same_bits_at_any_number_of_threads():
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "NUMBA_NUM_THREADS": "8", "PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["1", "True"], done.stderr


def sums_of_sums(x):
    """Named like one another in the program, and by numba, which numbers the values of a name."""
    sums = np.cumsum(x)
    sums = np.cumsum(sums[::-1])
    sums = np.cumsum(sums * x)
    sums = np.cumsum(sums[::-1] * sums)
    return np.sum(sums**2)


def test_names_that_end_in_a_number():
    x = np.array([0.5, -1.0, 0.3])
    found = gradc.grad(sums_of_sums, parallel=True, cache=False)(x)
    wanted = gradc.grad(sums_of_sums, target="python", cache=False)(x)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)

"""The examples of solvers do what they say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("start", [[500.0, 0.0001], [250.0, 0.0005]])
def test_the_regression_agrees_with_what_nist_certifies(start):
    example = load("nist_regression")
    parameters, errors = example.fit(start)
    np.testing.assert_allclose(parameters, example.CERTIFIED, rtol=1e-8)
    np.testing.assert_allclose(errors, example.CERTIFIED_ERRORS, rtol=1e-7)


def test_the_fastest_polygon_approaches_the_cycloid():
    example = load("brachistochrone")
    best = example.cycloid_time(2.0, 1.0)
    times = [example.fastest(points, 2.0, 1.0)[1] for points in (10, 40)]
    assert best < times[1] < times[0] < 1.01 * best
    assert times[1] < 1.0025 * best


def test_the_brusselator_with_and_without_a_sparse_jacobian():
    example = load("brusselator")
    found = example.solve(20, end=3.0, rtol=1e-6, atol=1e-9)
    dense = example.solve(20, end=3.0, sparse=False, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.y[:, -1], dense.y[:, -1], rtol=1e-9)
    from scipy.integrate import solve_ivp

    wanted = solve_ivp(
        example.rates, (0.0, 3.0), example.start(20), "RK45", args=(0.02,), rtol=1e-8, atol=1e-10
    )
    np.testing.assert_allclose(found.y[:, -1], wanted.y[:, -1], rtol=1e-4)

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


def test_the_pendulum_is_found_by_pytorch():
    pytest.importorskip("torch")
    example = load("pendulum_torch")
    constants, left = example.fit()
    np.testing.assert_allclose(constants[0], example.TRUE[0], rtol=2e-3)
    np.testing.assert_allclose(constants[1], example.TRUE[1], rtol=1e-2)
    assert 0.5 * example.NOISE < left < 1.5 * example.NOISE


def test_the_epidemic_is_fitted_in_jax():
    pytest.importorskip("jax")
    example = load("influenza_jax")
    (infection, recovery), left = example.fit()
    # a minimum: no neighbour is better
    logs = np.log([infection, recovery])

    def residual(point):
        return np.sqrt(np.mean((example.in_bed(point, 14, 20) - example.IN_BED) ** 2))

    np.testing.assert_allclose(residual(logs), left, rtol=1e-8)
    for step in ([1e-3, 0.0], [-1e-3, 0.0], [0.0, 1e-3], [0.0, -1e-3]):
        assert residual(logs + step) > left
    assert 3.5 < infection / recovery < 4.1


@pytest.mark.filterwarnings("ignore:Numba will use object mode")
def test_the_enzyme_is_the_one_of_the_book():
    pytest.importorskip("pytensor")
    example = load("enzyme_pytensor")
    (vmax, k), error = example.fit()
    # Bates and Watts (1988), section 2.2
    np.testing.assert_allclose([vmax, k, error], [212.7, 0.0641, 10.93], rtol=5e-4)

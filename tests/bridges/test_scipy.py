"""SciPy's solvers with derivatives from gradc, compared with the same calls without them."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.integrate
import scipy.ndimage
import scipy.optimize

import gradc
from gradc.bridges import scipy as bridge
from gradc.errors import GradTypeError

START = np.array([-1.2, 1.0, 0.7])


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def shifted(x, a, b):
    return np.sum((x - a) ** 2) + b * np.sum(x**4)


@pytest.mark.parametrize("method", [None, "L-BFGS-B", "trust-exact", "Newton-CG", "trust-constr"])
def test_minimize(method):
    found = bridge.minimize(rosenbrock, START, method=method, tol=1e-10)
    np.testing.assert_allclose(found.x, np.ones(3), atol=1e-5)


def test_minimize_needs_fewer_calls_than_differences():
    found = bridge.minimize(rosenbrock, START)
    without = scipy.optimize.minimize(rosenbrock, START)
    assert found.nfev < without.nfev / 2


def test_minimize_with_further_arguments():
    for method in ("BFGS", "trust-ncg", "Nelder-Mead"):
        found = bridge.minimize(
            shifted, np.zeros(2), args=(np.array([1.0, 2.0]), 0.0), method=method
        )
        np.testing.assert_allclose(found.x, [1.0, 2.0], atol=1e-3)


def disc(x):
    return x[0] ** 2 + x[1] ** 2


@pytest.mark.parametrize("sparse", [False, True])
def test_constraints(sparse):
    constraint = bridge.nonlinear_constraint(lambda x: np.array([disc(x)]), 1.0, 1.0, sparse=sparse)
    found = bridge.minimize(
        lambda x: x[0] + 2.0 * x[1],
        np.array([0.3, 0.2]),
        method="trust-constr",
        sparse=sparse,
        constraints=[constraint],
        options={"gtol": 1e-9},
    )
    np.testing.assert_allclose(found.x, -np.array([1.0, 2.0]) / np.sqrt(5.0), atol=1e-6)


def test_a_constraint_of_one_number():
    constraint = bridge.nonlinear_constraint(disc, 1.0, 1.0, second_order=False)
    found = bridge.minimize(
        lambda x: x[0] + 2.0 * x[1], np.array([0.3, 0.2]), method="SLSQP", constraints=[constraint]
    )
    np.testing.assert_allclose(found.x, -np.array([1.0, 2.0]) / np.sqrt(5.0), atol=1e-6)
    constraint = bridge.nonlinear_constraint(disc, 1.0, 1.0)
    weights = np.array([3.0])
    np.testing.assert_allclose(constraint.hess(found.x, weights), 6.0 * np.eye(2))


def decays(b, t, y):
    return b[0] * np.exp(-b[1] * t) - y


@pytest.mark.parametrize("sparse", [False, True])
def test_least_squares(sparse):
    t = np.linspace(0.0, 2.0, 20)
    y = 2.5 * np.exp(-1.3 * t)
    found = bridge.least_squares(decays, [1.0, 1.0], sparse=sparse, args=(t, y))
    np.testing.assert_allclose(found.x, [2.5, 1.3], rtol=1e-8)


def circle_and_line(x):
    return np.array([x[0] ** 2 + x[1] ** 2 - 2.0, x[0] - x[1]])


@pytest.mark.parametrize("method", ["hybr", "lm", "krylov"])
def test_root(method):
    found = bridge.root(circle_and_line, np.array([2.0, 0.5]), method=method)
    np.testing.assert_allclose(found.x, [1.0, 1.0], atol=1e-6)


def robertson(t, y, rate):
    a, b, c = rate * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return np.array([-a + b, a - b - c, c])


@pytest.mark.parametrize(("method", "sparse"), [("Radau", True), ("BDF", False), ("RK45", False)])
def test_solve_ivp(method, sparse):
    options = {"rtol": 1e-7, "atol": 1e-10}
    end = 0.3 if method == "RK45" else 40.0
    found = bridge.solve_ivp(
        robertson, (0.0, end), [1.0, 0.0, 0.0], method, sparse=sparse, args=(0.04,), **options
    )
    wanted = scipy.integrate.solve_ivp(
        robertson, (0.0, end), [1.0, 0.0, 0.0], "LSODA", args=(0.04,), rtol=1e-10, atol=1e-13
    )
    assert found.success
    np.testing.assert_allclose(found.y[:, -1], wanted.y[:, -1], rtol=1e-5)


def bump(x):
    return x * np.exp(-x)


def quadratic(x, a, b):
    return a * x**2 + b


def raises(x):
    if x > 0.5:
        raise ValueError("too large")
    return x


def test_low_level_callables():
    value, _ = scipy.integrate.quad(bridge.low_level_callable(bump), 0.0, 1.0)
    assert value == pytest.approx(1.0 - 2.0 / np.e, rel=1e-14)
    several = bridge.low_level_callable(quadratic)
    value, _ = scipy.integrate.quad(several, 0.0, 1.0, args=(3.0, 2.0))
    assert value == pytest.approx(3.0, rel=1e-14)
    slope = bridge.low_level_callable(gradc.grad(quadratic))
    value, _ = scipy.integrate.quad(slope, 0.0, 1.0, args=(3.0, 2.0))
    assert value == pytest.approx(3.0, rel=1e-14)
    value, _ = scipy.integrate.nquad(bridge.low_level_callable(quadratic), [(0, 1), (0, 2), (0, 3)])
    assert value == pytest.approx(2.0 + 9.0, rel=1e-12)


def gauss(v):
    return np.exp(-(v[0] ** 2) - 2.0 * v[1] ** 2)


def spread(v):
    return np.sum((v - np.mean(v)) ** 2)


def test_low_level_callables_of_vectors():
    box = [(-1.0, 1.0), (-1.0, 1.0)]
    value, _ = scipy.integrate.nquad(bridge.low_level_callable(gauss, kind="vector"), box)
    wanted, _ = scipy.integrate.nquad(lambda a, b: gauss(np.array([a, b])), box)
    assert value == pytest.approx(wanted, rel=1e-14)
    image = np.random.default_rng(0).normal(size=(9, 8))
    filtered = bridge.low_level_callable(spread, kind="filter")
    found = scipy.ndimage.generic_filter(image, filtered, size=3)
    np.testing.assert_allclose(found, scipy.ndimage.generic_filter(image, spread, size=3))
    outside = bridge.low_level_callable(lambda v: v[len(v)], kind="filter")
    with pytest.raises(RuntimeError, match="filter function"):
        scipy.ndimage.generic_filter(image, outside, size=3)
    with pytest.raises(gradc.GradTypeError, match="one of numbers, vector, filter"):
        bridge.low_level_callable(gauss, kind="matrix")
    with pytest.raises(gradc.GradTypeError, match="a function of one vector, and this has 2"):
        bridge.low_level_callable(lambda a, b: a * b, kind="vector")


def test_a_low_level_callable_that_raises_gives_nan():
    entry = bridge.low_level_callable(raises).function
    assert entry(0.25) == 0.25
    assert np.isnan(entry(0.75))


def test_refusals():
    with pytest.raises(GradTypeError, match="jac comes from gradc here"):
        bridge.minimize(rosenbrock, START, jac="2-point")
    with pytest.raises(GradTypeError, match="jac and hess come from gradc"):
        bridge.minimize(rosenbrock, START, jac=None, hess=None)
    with pytest.raises(GradTypeError, match="trust-constr"):
        bridge.minimize(rosenbrock, START, method="BFGS", sparse=True)
    with pytest.raises(GradTypeError, match="use Radau or BDF"):
        bridge.solve_ivp(robertson, (0.0, 1.0), [1.0, 0.0, 0.0], "LSODA", sparse=True)
    with pytest.raises(GradTypeError, match="returns one float"):
        bridge.low_level_callable(lambda x: (x, x))

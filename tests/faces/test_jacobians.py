"""Jacobians, Hessians and their products: values, structures, types and refusals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest

import gradc
from gradc import GradTypeError, hessian, hvp, jacfwd, jacobian, jacrev

X = np.array([0.3, -0.7, 1.2, 0.5, 2.1])
BOTH = pytest.mark.parametrize("make", [jacfwd, jacrev], ids=["forward", "reverse"])


class Pair(NamedTuple):
    a: float
    b: np.ndarray


def chain(x):
    y = np.sin(x)
    for i in range(len(x) - 1):
        y[i] = y[i] * x[i + 1]
    return y


def chain_jacobian(x):
    wanted = np.diag(np.cos(x))
    for i in range(len(x) - 1):
        wanted[i] *= x[i + 1]
        wanted[i, i + 1] += np.sin(x[i])
    return wanted


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_hessian(x):
    n = len(x)
    wanted = np.zeros((n, n))
    for i in range(n - 1):
        wanted[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        wanted[i + 1, i + 1] += 200
        wanted[i, i + 1] = wanted[i + 1, i] = -400 * x[i]
    return wanted


@BOTH
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_every_length_of_the_last_chunk(make, size):
    x = X[:size]
    np.testing.assert_allclose(make(chain, target="python")(x), chain_jacobian(x), rtol=1e-14)


@BOTH
def test_no_elements(make):
    assert make(lambda x: 2.0 * x, target="python")(np.zeros(0)).shape == (0, 0)


@BOTH
def test_compiled(make):
    np.testing.assert_allclose(make(chain)(X), chain_jacobian(X), rtol=1e-14)
    np.testing.assert_allclose(make(chain)(X[:3]), chain_jacobian(X[:3]), rtol=1e-14)


@BOTH
def test_matrices(make):
    a = np.arange(6.0).reshape(2, 3)

    def f(a, b):
        return a @ b

    found = make(f, argnums=(0, 1), target="python")(a, X[:3])
    assert isinstance(found, tuple)
    wanted = np.zeros((2, 2, 3))
    wanted[0, 0] = wanted[1, 1] = X[:3]
    np.testing.assert_array_equal(found[0], wanted)
    np.testing.assert_array_equal(found[1], a)
    squares = make(lambda a: a * a, target="python")(a)
    assert squares.shape == (2, 3, 2, 3)
    np.testing.assert_array_equal(squares.reshape(6, 6), np.diag(2 * a.ravel()))


@BOTH
def test_structures_of_results_and_arguments(make):
    def f(p, n):
        return {"sum": p.a * np.sum(p.b), "parts": [n, p.b * p.a], "name": "f"}

    found = make(f, target="python")(Pair(2.0, X[:2]), 3)
    assert found["name"] is None
    assert found["parts"][0] is None
    assert isinstance(found["sum"], Pair)
    assert type(found["sum"].a) is float
    assert found["sum"].a == pytest.approx(np.sum(X[:2]))
    np.testing.assert_allclose(found["sum"].b, [2.0, 2.0])
    np.testing.assert_allclose(found["parts"][1].a, X[:2])
    np.testing.assert_allclose(found["parts"][1].b, 2.0 * np.eye(2))


@BOTH
def test_many_scalars(make):
    def f(a, b, c):
        return a * b, b * c, np.sin(c)

    found = make(f, argnums=(0, "c"), target="python")(2.0, 3.0, 0.5)
    assert found == ((3.0, 0.0), (0.0, 3.0), (0.0, pytest.approx(np.cos(0.5))))


@BOTH
def test_what_does_not_depend_has_a_zero_block(make):
    def f(x, y):
        return 2.0 * x, np.sin(y)

    (xx, xy), (yx, yy) = make(f, (0, 1), target="python")(X[:2], X[:3])
    np.testing.assert_array_equal(xx, 2.0 * np.eye(2))
    np.testing.assert_array_equal(xy, np.zeros((2, 3)))
    np.testing.assert_array_equal(yx, np.zeros((3, 2)))
    np.testing.assert_allclose(yy, np.diag(np.cos(X[:3])))


@BOTH
def test_element_types(make):
    def f(x, y):
        return x * y

    single = X.astype(np.float32)
    found = make(f, (0, 1), target="python")(single, X)
    assert found[0].dtype == np.float32
    assert found[1].dtype == np.float64
    np.testing.assert_allclose(found[0], np.diag(X), rtol=1e-6)


@BOTH
def test_has_aux(make):
    found, aux = make(lambda x: (x**2, {"n": len(x), "s": np.sum(x)}), has_aux=True)(X)
    np.testing.assert_allclose(found, np.diag(2 * X))
    assert aux == {"n": 5, "s": pytest.approx(np.sum(X))}


def test_auto_takes_the_cheaper_mode():
    def f(x, n):
        y = np.zeros(n)
        for i in range(n):
            y[i] = np.sum(x) * i
        return y

    j = jacobian(f, target="python")
    assert j(X, 7).shape == (7, 5)
    assert "jacfwd" in j.source
    assert j(X, 2).shape == (2, 5)
    assert "jacrev" in j.source
    scalar = jacobian(rosenbrock, target="python")
    scalar(X)
    assert "jacrev" in scalar.source


def test_a_chunk_shares_the_primal():
    def f(x):
        y = np.zeros(3)
        for i in range(len(x)):
            y[i % 3] = np.exp(x[i]) + y[i % 3] * x[0]
        return y

    text = jacfwd(f, target="python").specialize(X).compiled.source
    code = "".join(line.split("#")[0] for line in text.splitlines(keepends=True))
    assert code.count("np.exp(") == 1
    assert "range(0, n, 4)" in text


@pytest.mark.parametrize("target", ["python", "cpu"])
def test_hessian_is_exactly_symmetric(target):
    def f(x, a):
        return rosenbrock(x) * np.exp(np.sin(x[0] * x[2]) * a)

    found = hessian(f, target=target)(X, 0.3)
    np.testing.assert_array_equal(found, found.T)
    reverse_over_forward = jacrev(jacfwd(f, target="python"), target="python")(X, 0.3)
    np.testing.assert_allclose(found, reverse_over_forward, rtol=1e-9)
    np.testing.assert_allclose(hessian(rosenbrock, target=target)(X), rosenbrock_hessian(X))


def test_hessian_blocks():
    def f(p, m, s):
        return s * p["a"] ** 2 * np.sum(p["b"] ** 3) + np.sum(m) ** 2 * p["a"] * p["b"][0]

    p, m = {"a": 0.5, "b": X[:3]}, X[:4].reshape(2, 2)
    found = hessian(f, argnums=(0, 1, 2), target="python")(p, m, 2.0)
    rows, wanted = found[0], 4.0 * np.sum(p["b"] ** 3)
    assert rows["a"][0]["a"] == pytest.approx(wanted)
    np.testing.assert_allclose(rows["b"][0]["b"], np.diag(2 * 0.25 * 6 * p["b"]))
    np.testing.assert_array_equal(rows["a"][0]["b"], rows["b"][0]["a"])
    mixed = np.full((2, 2), 2 * np.sum(m) * p["b"][0])
    np.testing.assert_allclose(rows["a"][1], mixed)
    np.testing.assert_array_equal(found[1][0]["a"], rows["a"][1])
    assert found[1][0]["b"].shape == (2, 2, 3)
    np.testing.assert_array_equal(rows["b"][1], np.moveaxis(found[1][0]["b"], -1, 0))
    assert found[1][1].shape == (2, 2, 2, 2)
    np.testing.assert_allclose(found[1][1], 2 * p["a"] * p["b"][0])
    assert found[2][2] == 0.0
    assert found[2][0]["a"] == rows["a"][2] == pytest.approx(2 * 0.5 * np.sum(p["b"] ** 3))


def test_hvp_is_the_hessian_times_a_vector():
    v = np.arange(5.0)
    np.testing.assert_allclose(hvp(rosenbrock)(X, v), rosenbrock_hessian(X) @ v)

    def f(x, a):
        return a * rosenbrock(x)

    (first, second) = hvp(f, argnums=(0, "a"), target="python")(X, 2.0, (v, 1.0))
    gradient = gradc.grad(rosenbrock, target="python")(X)
    np.testing.assert_allclose(first, 2 * rosenbrock_hessian(X) @ v + gradient)
    assert second == pytest.approx(gradient @ v)
    product, aux = hvp(lambda x: (rosenbrock(x), "aux"), has_aux=True, target="python")(X, v)
    np.testing.assert_allclose(product, rosenbrock_hessian(X) @ v)
    assert aux == "aux"


def test_third_order_by_nesting():
    def f(x):
        return np.sum(x**3) * x[0]

    x = X[:3]
    t3 = jacobian(hessian(f, target="python"), target="python")(x)
    wanted = np.zeros((3, 3, 3))
    for i in range(3):
        wanted[i, i, i] = 6 * x[0]
        for place in ((i, i, 0), (i, 0, i), (0, i, i)):
            wanted[place] += 6 * x[i]
    np.testing.assert_allclose(t3, wanted)
    fourth = jacobian(jacobian(hessian(f, target="python"), target="python"), target="python")(x)
    assert fourth.shape == (3, 3, 3, 3)
    assert fourth[0, 0, 0, 0] == pytest.approx(24.0)
    assert gradc.grad(lambda x: np.sum(x**4), target="python")(x) == pytest.approx(4 * x**3)
    slope = gradc.grad(gradc.grad(gradc.grad(lambda s: s**5, target="python"), target="python"))
    assert slope(1.5) == pytest.approx(60 * 1.5**2)


def test_gradient_of_a_function_of_a_hessian():
    h = hessian(lambda x: np.sum(x**4), target="python")
    g = jacobian(hvp(lambda x: np.sum(x**4), target="python"), target="python")
    x, v = X[:3], np.ones(3)
    np.testing.assert_allclose(g(x, v), np.diag(24 * x))
    np.testing.assert_allclose(jacobian(h, mode="reverse", target="python")(x)[1, 1, 1], 24 * x[1])


def test_checks():
    for face in (jacfwd(chain), jacrev(chain), jacobian(chain), hessian(rosenbrock)):
        face.check(X)
    hvp(rosenbrock).check(X, X)


def test_refusals():
    with pytest.raises(GradTypeError, match="returns no float"):
        jacfwd(lambda x: len(x))(X)
    with pytest.raises(GradTypeError, match="returns an array of 1 axes"):
        hessian(chain)(X)
    with pytest.raises(GradTypeError, match="mode='sideways'"):
        jacobian(chain, mode="sideways")
    with pytest.raises(GradTypeError, match="the vector"):
        hvp(rosenbrock)(X)
    with pytest.raises(GradTypeError, match=r"a vector has shape \(3,\)"):
        hvp(rosenbrock)(X, X[:3])
    with pytest.raises(GradTypeError, match="1 vectors for 2"):
        hvp(lambda x, y: x * y, argnums=(0, 1))(1.0, 2.0, (1.0,))
    with pytest.raises(GradTypeError, match="cuda"):
        hessian(rosenbrock, target="cuda")

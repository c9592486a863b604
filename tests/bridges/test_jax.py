"""JAX: values and derivatives to second order, against JAX's own."""

from __future__ import annotations

import numpy as np
import pytest

jax = pytest.importorskip("jax")

from gradc.bridges.jax import function  # noqa: E402  after the library it needs
from gradc.errors import GradTypeError  # noqa: E402

jnp = jax.numpy


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def energy(x, k):
    total = 0.0
    for i in range(len(x) - 1):
        total += k * np.exp(x[i + 1] - x[i] ** 2)
    return total


def energy_of_jax(x, k):
    return (k * jnp.exp(x[1:] - x[:-1] ** 2)).sum()


X, K = np.array([0.1, 0.4, -0.3]), 2.0


@pytest.mark.parametrize("jit", [False, True])
def test_gradients(jit):
    wrap = jax.jit if jit else lambda f: f
    args = jnp.asarray(X), jnp.asarray(K)
    value, found = wrap(jax.value_and_grad(function(energy), argnums=(0, 1)))(*args)
    wanted_value, wanted = jax.value_and_grad(energy_of_jax, argnums=(0, 1))(*args)
    np.testing.assert_allclose(value, wanted_value, rtol=1e-14)
    for left, right in zip(found, wanted, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-13)


def test_second_order():
    x = jnp.asarray(X)
    found = jax.jacrev(jax.grad(function(energy)))(x, K)
    wanted = jax.hessian(energy_of_jax)(x, K)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("jit", [False, True])
def test_forward_mode(jit):
    wrap = jax.jit if jit else lambda f: f
    pushed = function(energy, mode="forward")
    x, k = jnp.asarray(X), jnp.asarray(K)
    tangents = jnp.asarray([1.0, -2.0, 0.5]), jnp.asarray(0.3)
    found = wrap(lambda x, k: jax.jvp(pushed, (x, k), tangents))(x, k)
    wanted = jax.jvp(energy_of_jax, (x, k), tangents)
    for left, right in zip(found, wanted, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-13)
    # a constant beside it, to second order, and over samples
    twice = wrap(jax.jacfwd(jax.jacfwd(lambda x: pushed(x, K))))(x)
    np.testing.assert_allclose(twice, jax.hessian(energy_of_jax)(x, K), rtol=1e-12, atol=1e-14)
    rows = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3)))
    by_row = jax.vmap(jax.jacfwd(lambda x: pushed(x, K)))(rows)
    for row, own in zip(rows, by_row, strict=True):
        np.testing.assert_allclose(own, jax.grad(energy_of_jax)(row, K), rtol=1e-12)


def test_containers_and_integers_in_forward_mode():
    p = {"a": jnp.asarray([1.0, 2.0]), "b": jnp.asarray([3.0, 4.0])}
    dots = {"a": jnp.asarray([1.0, 0.0]), "b": jnp.asarray([0.0, 1.0])}
    pushed = function(several, mode="forward")
    for n in (1, jnp.asarray(1)):
        _, found = jax.jvp(lambda p, n=n: pushed(p, n), (p,), (dots,))
        np.testing.assert_allclose(found["y"], [3.0, 2.0])
        np.testing.assert_allclose(found["last"], 8.0)


def test_the_other_mode_is_refused():
    x = jnp.asarray(X)
    with pytest.raises(TypeError, match="custom_vjp"):
        jax.jvp(lambda x: function(energy)(x, K), (x,), (x,))
    with pytest.raises(ValueError, match=r"Pure callbacks do not support JVP|transpos"):
        jax.grad(lambda x: function(energy, mode="forward")(x, K))(x)
    with pytest.raises(GradTypeError, match="one of reverse, forward"):
        function(energy, mode="both")


def test_vmap():
    rows = jnp.asarray(np.random.default_rng(0).normal(size=(4, 3)))
    found = jax.vmap(jax.grad(function(energy)), in_axes=(0, None))(rows, K)
    wanted = jax.vmap(jax.grad(energy_of_jax), in_axes=(0, None))(rows, K)
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def several(p, n):
    return {"y": p["a"] * p["b"], "last": p["b"][n] ** 2}


def test_containers_and_integers():
    p = {"a": jnp.asarray([1.0, 2.0]), "b": jnp.asarray([3.0, 4.0])}

    def total(p, n):
        found = function(several)(p, n)
        return found["y"].sum() + found["last"]

    for n in (1, jnp.asarray(1)):
        gradient = jax.grad(total)(p, n)
        np.testing.assert_allclose(gradient["a"], [3.0, 4.0])
        np.testing.assert_allclose(gradient["b"], [1.0, 10.0])


def test_python_numbers_that_jax_differentiates_by():
    def scaled(p, power):
        return {"y": p["a"] * p["b"] ** power}

    f, b = function(scaled), np.array([0.5, -2.0])
    found = jax.grad(lambda p: f(p, 2)["y"].sum())({"a": 3.0, "b": b})
    np.testing.assert_allclose(found["b"], 6.0 * b, rtol=1e-6)
    np.testing.assert_allclose(found["a"], np.sum(b**2), rtol=1e-6)
    twice = jax.grad(jax.grad(lambda a: f({"a": a, "b": a * b}, 2)["y"].sum()))(3.0)
    np.testing.assert_allclose(twice, 18.0 * np.sum(b**2), rtol=1e-6)


def test_single_precision():
    x = jnp.asarray(X, jnp.float32)
    found = jax.grad(function(energy))(x, jnp.float32(K))
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, jax.grad(energy_of_jax)(x, jnp.float32(K)), rtol=1e-5)

"""Batches: axes, structures, composition with derivatives, and refusals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import gradc
from gradc import GradTypeError, batch, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

RNG = np.random.default_rng(3)
ROWS = RNG.standard_normal((4, 3))
W = np.array([1.0, -2.0, 0.5])


@dataclass
class Sample:
    x: np.ndarray
    label: int


def model(x, w):
    y = np.sin(x) * w
    s = 0.0
    for i in range(len(x)):
        s += y[i] * x[0]
    return s


@pytest.mark.parametrize("target", ["python", "cpu"])
def test_rows(target):
    b = batch(model, in_axes=(0, None), target=target)
    wanted = [model(row, W) for row in ROWS]
    np.testing.assert_allclose(b(ROWS, W), wanted, rtol=1e-13)
    np.testing.assert_allclose(b(ROWS[:1], W), wanted[:1], rtol=1e-13)
    assert b(ROWS[:0], W).shape == (0,)
    b.check(ROWS, W)


def test_the_loop_stays_a_loop():
    b = batch(model, in_axes=(0, None), target="python")
    assert b.specialize(ROWS, W).compiled.source.count("for k in range(") == 1
    both = batch(model, target="python")
    np.testing.assert_allclose(both(ROWS, ROWS), [model(row, row) for row in ROWS])


def test_axes_of_arguments_and_results():
    def f(a, b):
        return {"outer": a[:, None] * b[None, :], "n": len(b), "name": "f"}, a @ b

    a, b = RNG.standard_normal((3, 5)), RNG.standard_normal((2, 5, 3))[0]
    out, dot = batch(
        f, in_axes=(1, -2), out_axes=({"outer": 1, "n": None, "name": None}, -1), target="python"
    )(a, b)
    assert out["name"] == "f"
    assert out["n"] == 3
    np.testing.assert_allclose(out["outer"], np.einsum("ik,kj->ikj", a, b))
    np.testing.assert_allclose(dot, np.einsum("ik,ki->k", a, b))


def test_containers_and_static_arguments():
    def f(kind, p, sample, *, shift):
        y = sample.x @ p["w"] + p["b"][0] + shift
        return np.tanh(y) if kind == "tanh" else y * sample.label

    p = {"w": W, "b": [0.5, None]}
    labels = np.arange(4)
    b = batch(f, in_axes=(None, None, 0), target="python")
    found = b("tanh", p, Sample(ROWS, labels), shift=np.ones(4))
    np.testing.assert_allclose(found, np.tanh(ROWS @ W + 1.5))
    nested = batch(f, in_axes=(None, {"w": None, "b": None}, Sample(0, None)), target="python")
    np.testing.assert_allclose(
        nested("plain", p, Sample(ROWS, 3), shift=np.ones(4)), 3 * (ROWS @ W + 1.5)
    )


def test_sizes_that_are_computed():
    def f(x, n):
        y = np.zeros(len(x) + n)
        y[: len(x)] = x
        return y, np.concatenate([x, x[1:]])

    first, second = batch(f, in_axes=(0, None), target="python")(ROWS, 2)
    np.testing.assert_array_equal(first, np.pad(ROWS, ((0, 0), (0, 2))))
    np.testing.assert_array_equal(second, np.hstack([ROWS, ROWS[:, 1:]]))


def test_per_sample_gradients():
    g = batch(grad(model, argnums=(0, 1), target="python"), in_axes=(0, None), target="python")
    x_bars, w_bars = g(ROWS, W)
    for row, x_bar, w_bar in zip(ROWS, x_bars, w_bars, strict=True):
        wanted = grad(model, argnums=(0, 1), target="python")(row, W)
        np.testing.assert_allclose(x_bar, wanted[0])
        np.testing.assert_allclose(w_bar, wanted[1])
    vg = batch(value_and_grad(model, argnums=1, target="python"), (0, None), target="python")
    values, bars = vg(ROWS, W)
    np.testing.assert_allclose(values, [model(row, W) for row in ROWS])
    np.testing.assert_allclose(bars, w_bars)
    h = batch(hessian(model, target="python"), in_axes=(0, None), target="python")(ROWS, W)
    np.testing.assert_allclose(h[2], hessian(model, target="python")(ROWS[2], W))
    p = batch(hvp(model, target="python"), in_axes=(0, None, 0), target="python")(ROWS, W, ROWS)
    np.testing.assert_allclose(p[1], h[1] @ ROWS[1])


def test_derivatives_of_batches():
    b = batch(model, in_axes=(0, None))
    j = jacobian(b, argnums=(0, 1), target="python")
    jx, jw = j(ROWS, W)
    for i, row in enumerate(ROWS):
        wanted = grad(model, argnums=(0, 1), target="python")(row, W)
        np.testing.assert_allclose(jx[i, i], wanted[0])
        np.testing.assert_allclose(jw[i], wanted[1])
    assert not np.any(jx[0, 1])
    value, dot = jvp(b, (ROWS, W), (ROWS, W), target="python")
    np.testing.assert_allclose(dot, np.einsum("ikl,kl->i", jx, ROWS) + jw @ W)
    _, pullback = vjp(b, ROWS, W, target="python")
    bars = pullback(value)
    np.testing.assert_allclose(bars[0], np.einsum("i,ikl->kl", value, jx))
    np.testing.assert_allclose(bars[1], value @ jw)
    total = grad(lambda rows, w: np.sum(b(rows, w) ** 2), argnums=1)
    np.testing.assert_allclose(total(ROWS, W), 2 * value @ jw)


def test_batch_of_batch():
    pairs = batch(batch(lambda a, b: a * b, (None, 0)), (0, None), target="python")
    np.testing.assert_array_equal(pairs(W, ROWS[0]), np.outer(W, ROWS[0]))
    rows = batch(batch(lambda a: 2.0 * a), target="python")
    np.testing.assert_array_equal(rows(ROWS), 2.0 * ROWS)


@pytest.mark.parametrize(
    ("make", "args", "message"),
    [
        (lambda: batch(model), (ROWS, 2.0), "maps a number along axis 0"),
        (lambda: batch(model, in_axes=(0, 5)), (ROWS, W), "asks for axis 5"),
        (lambda: batch(model, in_axes=(0,)), (ROWS, W), "1 entries for 2"),
        (lambda: batch(model, in_axes=(0, 1.5)), (ROWS, W), "an axis is an int or None"),
        (lambda: batch(model, in_axes=({"a": 0}, None)), (ROWS, W), "does not fit"),
        (lambda: batch(model, in_axes=None), (ROWS[0], W), "no argument of model is mapped"),
        (lambda: batch(model), (ROWS, ROWS[:3]), "batches of different sizes: 4 .* 3"),
        (lambda: batch(model, (0, None), out_axes=None), (ROWS, W), "depends on the sample"),
        (lambda: batch(model, (0, None), out_axes=3), (ROWS, W), "asks for axis 3"),
        (lambda: batch(lambda n: np.zeros(n)), (np.arange(3),), "depends on the values"),
        (lambda: batch(model, target="cuda"), (ROWS, W), "for the CPU"),
    ],
)
def test_refusals(make, args, message):
    with pytest.raises(GradTypeError, match=message):
        make()(*args)


def test_sizes_are_checked_inside_too():
    def f(a, b):
        return np.sum(batch(lambda x, y: x * y)(a, b))

    with pytest.raises(ValueError, match="batches of different sizes"):
        grad(f, target="python")(np.ones(3), np.ones(4))
    assert gradc.grad(f, target="python")(np.ones(3), np.full(3, 2.0)).tolist() == [2.0] * 3


def test_one_array_given_twice_is_mapped_where_its_axis_says_so():
    def product(a, b):
        return a * np.sum(b)

    def f(w):
        return np.sum(gradc.batch(product, in_axes=(0, None))(w, w))

    w = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(gradc.grad(f, target="python")(w), [12.0, 12.0, 12.0])

    def parts(p):
        return p[0] * np.sum(p[1])

    def g(w):
        return np.sum(gradc.batch(parts, in_axes=((0, None),))((w, w)))

    with pytest.raises(gradc.GradTypeError, match="mapped in two different ways"):
        gradc.grad(g, target="python")(w)

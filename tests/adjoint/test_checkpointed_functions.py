"""Functions under ``checkpoint``: they run again in the adjoint."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import gradc
from gradc import checkpoint

RNG = np.random.default_rng(3)
H, W = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 4))


def layer(h, w):
    a = np.tanh(h @ w)
    return np.sin(np.exp(-a * a)) * h


again = checkpoint(lambda h, w: layer(h, w))


def straight(h, w):
    return np.sum(again(again(h, w), w) ** 2)


def plain(h, w):
    return np.sum(layer(layer(h, w), w) ** 2)


def looped(h, w):
    for _ in range(3):
        h = again(h, w)
    return np.sum(h * h)


def chosen(h, w):
    # a cotangent of zero stays zero where what runs again is infinite
    root = checkpoint(lambda x: np.sqrt(x))(h * h - 0.5)
    return np.sum(np.where(h * h > 0.5, root, 0.0)) + np.sum(w)


def with_numbers(h, w):
    scale = w[0, 0] * h[1, 1]
    found = checkpoint(lambda x, power, name: {name: x**power * scale, "n": power})(h, 2, "y")
    return np.sum(found["y"]) * found["n"]


def written(h, w):
    def doubled(x):
        x[0] = 2.0 * x[0]
        return x

    y = checkpoint(doubled)(h)
    y[1] = 3.0 * y[1] * w[1]
    return np.sum(h * h)


def handed_back(h, w):
    y = checkpoint(lambda x: x[1:])(h)
    y[0] = w[0] * h[0]
    return np.sum(h * h * h)


def appended(h, w):
    found = []

    def noted(x):
        found.append(np.sum(x * x))
        return x * w[0, 0]

    total = np.sum(checkpoint(noted)(h))
    return total * found[0]


def returned(h, w):
    return np.sum(checkpoint(lambda x: lambda y: x * y)(h)(h * w[1, 1]))


def relaxed(x, w):
    steps = 0
    while np.sum(x * x) > 1.0 and steps < 3:
        for i in range(len(x)):
            x = 0.9 * np.sin(x) + 0.1 * w[i, 0] * x
        steps += 1
    return x, steps


def loops_in_a_loop(h, w):
    total = 0.0
    for k in range(2):
        x, steps = checkpoint(relaxed)(h[k], w)
        h[k + 1] = x * h[k + 1]
        total += steps * np.sum(x)
    return total + np.sum(h * h)


def turned(x, a):
    for i in range(3):
        x = np.sin(x) * a + i
    return x


def loops_in_a_row(h, w):
    x = checkpoint(turned)(h[0, 0], w[0, 1])
    return checkpoint(turned)(2.0 * x, w[1, 1]) * h[1, 0]


def a_loop_once(h, w):
    return checkpoint(turned)(h[0, 0], w[1, 0]) * h[1, 1]


def a_loop_inside_of_another(h, w):
    def inner(x):
        for i in range(2):
            x = np.sin(x) * w[i]
        return x

    def outer(x):
        for _ in range(2):
            x = checkpoint(inner)(x) + x
        return x

    for _ in range(2):
        h = checkpoint(outer)(h)
    return np.sum(h)


def sizes_of_their_own(h, w):
    # two copies have sizes of the same names, and each needs its own
    def cut(x, k):
        return np.sum(x[k:] ** 2) * np.sum(x[k:-1])

    return checkpoint(cut)(h[0], 9) + checkpoint(cut)(h[1], 1) * w[0, 0]


FUNCTIONS = (
    a_loop_inside_of_another,
    a_loop_once,
    loops_in_a_loop,
    loops_in_a_row,
    sizes_of_their_own,
    straight,
    looped,
    chosen,
    with_numbers,
    written,
    handed_back,
    appended,
    returned,
)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_all_modes_to_second_order(function, monkeypatch):
    gradc.check_grads(function, (H, W), order=2, target="python")
    found = gradc.grad(function, argnums=(0, 1), target="python")(H, W)
    monkeypatch.setattr(f"{__name__}.checkpoint", lambda function: function)
    monkeypatch.setattr(f"{__name__}.again", layer)
    wanted = gradc.grad(function, argnums=(0, 1), target="python")(H, W)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)


def test_what_is_computed_again_is_not_kept():
    source = gradc.grad(straight, target="python").specialize(H, W).compiled.source
    kept = gradc.grad(plain, target="python").specialize(H, W).compiled.source
    # the product of each layer is computed again for the adjoint
    assert source.count("dot(") - kept.count("dot(") == 2


def test_a_loop_keeps_what_it_carries():
    gradient = gradc.grad(looped, target="python")
    gradient(H, W)
    assert gradient.source.count("_tape = ") == 1


def test_loops_of_a_function_that_runs_again_record_while_it_does():
    nested = gradc.grad(loops_in_a_loop, target="python").specialize(H, W).compiled.source
    # what the outer loop hands on, and the stacks of the inner ones, made in each iteration anew
    assert "_saved" not in nested
    once = gradc.grad(a_loop_once, target="python").specialize(H, W).compiled.source
    assert "_saved" in once


def test_a_limit_is_kept_by_the_loops_of_checkpointed_functions():
    wanted = gradc.grad(loops_in_a_loop, target="python")(H, W)
    limited = gradc.grad(loops_in_a_loop, target="python", memory_limit=4000)
    np.testing.assert_allclose(limited(H, W), wanted, rtol=1e-12)
    assert "_saved" in limited.source


def test_compiled():
    for function, args in ((straight, (H, W)), (a_loop_inside_of_another, (H, W))):
        wanted = gradc.grad(function, target="python")(*args)
        np.testing.assert_allclose(gradc.grad(function)(*args), wanted, rtol=1e-12)


def test_other_transformations():
    point, u = H[0], np.ones(4)
    function = checkpoint(lambda x: np.sin(x) * x)

    def residual(x):
        return function(x[1:] * x[:-1])

    wanted = gradc.jacobian(lambda x: np.sin(x[1:] * x[:-1]) * (x[1:] * x[:-1]))(point)
    np.testing.assert_allclose(gradc.jacfwd(residual)(point), wanted)
    np.testing.assert_allclose(gradc.jacrev(residual)(point), wanted)
    sparse = gradc.sparse_jacobian(residual)(point)
    np.testing.assert_allclose(sparse.toarray(), wanted)
    assert sparse.nnz == 6
    np.testing.assert_allclose(gradc.jvp(residual, (point,), (u,))[1], wanted @ u)
    batch = gradc.batch(gradc.grad(lambda x: np.sum(residual(x))))(H)
    np.testing.assert_allclose(batch[0], wanted.sum(axis=0))


def deep(x):
    y = np.sort(x) * x
    y = np.cumsum(y) * x
    y = np.sort(y) * x
    return np.cumsum(y) * 1e-3 + x


def march(x):
    for _ in range(20):
        x = deep(x)
    return np.sum(x)


def checkpointed_march(x):
    for _ in range(20):
        x = checkpoint(deep)(x)
    return np.sum(x)


def test_peak_memory():
    x = RNG.normal(size=10_000)
    peaks = []
    for function in (march, checkpointed_march):
        gradient = gradc.grad(function, target="python", style="numpy")
        gradient(x[:10])
        tracemalloc.start()
        gradient(x)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # an array for each step, and what a step takes
    assert peaks[1] < 40 * x.nbytes < peaks[0]


def long_step(x, steps):
    for _ in range(steps):
        x = np.sin(x) + 0.01 * x * x
    return x


def long_march(x, steps):
    for _ in range(steps):
        x = checkpoint(long_step)(x, steps)
    return np.sum(x)


def test_the_tape_of_a_function_is_there_while_it_is_gone_back_through():
    x, steps = RNG.normal(size=1_000), 20
    gradient = gradc.grad(long_march, target="python", style="numpy")
    gradient(x[:10], 2)
    tracemalloc.start()
    gradient(x, steps)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # an array for each step of both loops, not for each of their product
    assert peak < (3 * steps + 10) * x.nbytes

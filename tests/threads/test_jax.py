"""What users of JAX report as refused or surprising; nan at kinks is in test_kinks.py."""

import numpy as np

import gradc
from tests.threads.support import agrees, assert_gradient

X = np.array([0.5, 1.2, 2.0, 0.3])


def test_jax_2469_while_loop_reverse():
    """Reverse mode of a while loop whose length depends on the data is refused."""

    def root(a):
        y = a
        while abs(y * y - a) > 1e-12:
            y = 0.5 * (y + a / y)
        return y

    assert_gradient(root, (2.0,), 0.5 / np.sqrt(2.0))


def test_jax_2956_loop_bound_at_run_time():
    """Reverse mode of a fori_loop with a bound known at run time is refused."""

    def power(x, n):
        p = 1.0
        for _ in range(n):
            p = p * x
        return p

    gradient = gradc.grad(power, target="python")
    for n in (0, 1, 5):
        np.testing.assert_allclose(gradient(1.5, n), n * 1.5 ** (n - 1))


def test_mujoco_2259_contacts_in_a_while_loop():
    """A simulation step that iterates until a tolerance has no reverse mode."""

    def settle(x, stiffness):
        v = x.copy()
        count = 0
        while np.max(np.abs(v)) > 0.05 and count < 50:
            for i in range(len(v)):
                v[i] = v[i] - 0.2 * stiffness * v[i] * (1.0 + 0.1 * x[i])
            count += 1
        return np.sum(v * v) + x[0]

    agrees(settle, X, 0.9)


def test_jax_650_dynamic_slices_in_a_loop():
    """Slices whose bounds depend on the loop are refused."""

    def windows(x, width):
        total = 0.0
        for i in range(len(x) - width + 1):
            total += np.prod(x[i : i + width])
        return total

    agrees(windows, X, 2)


def test_jax_docs_item_assignment():
    """Arrays cannot be written to: `x[i] = y` is an error, and the hint is another syntax."""

    def writes(x):
        y = x * 1.0
        y[0] = y[1] * y[2]
        y[1:] += y[:-1]
        return y.sum()

    agrees(writes, X)


def test_jax_2521_one_compilation_for_all_sizes():
    """Each new shape is compiled anew."""

    def loss(x):
        s = 0.0
        for i in range(len(x)):
            s += x[i] ** 2
        return s

    gradient = gradc.grad(loss, target="python")
    gradient(np.ones(3))
    text = gradient.source
    np.testing.assert_allclose(gradient(np.arange(7.0)), 2 * np.arange(7.0))
    assert gradient.source == text


def test_jax_1223_text_does_not_grow_with_the_loop():
    """A loop of 192 steps is unrolled and takes more than an hour to compile."""

    def steps(x, n):
        for _ in range(n):
            x = x + 0.01 * np.sin(x)
        return x

    def fixed(x):
        for _ in range(192):
            x = x + 0.01 * np.sin(x)
        return x

    few = gradc.grad(steps, target="python")
    many = gradc.grad(fixed, target="python")
    np.testing.assert_allclose(many(0.5), few(0.5, 192), rtol=1e-14)
    assert len(many.source.splitlines()) < 40


def test_jax_652_double_precision():
    """Doubles become single precision unless a flag is set first."""
    gradient = gradc.grad(lambda x: (x * x).sum(), target="python")
    assert gradient(X).dtype == np.float64
    assert gradient(X.astype(np.float32)).dtype == np.float32


def test_jax_24373_roll():
    """Stencils made by rolling arrays are slow; here they are right."""

    def laplace(x):
        return np.sum((np.roll(x, 1) - 2 * x + np.roll(x, -1)) ** 2)

    agrees(laplace, X)

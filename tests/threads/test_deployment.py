"""Gradients that are called from compiled code and from elsewhere, and run without the compiler."""

import ctypes
import subprocess
import sys

import numba
import numpy as np
import pytest

import gradc


def energy(x):
    s = 0.0
    for i in range(len(x)):
        s += np.sin(x[i]) * x[i]
    return s


@pytest.mark.parametrize("thread", ["jax_1169", "jax_193", "jax_427"])
def test_calls_from_compiled_code(thread):
    """A call of a small gradient costs 82 us, where 0.4 us would do: no way to call it compiled."""
    slope = gradc.grad(lambda x: x * x * np.exp(-x))
    assert slope(1.0) == pytest.approx(np.exp(-1.0))
    kernel = slope.dispatcher

    @numba.njit
    def descended(x, steps):
        for _ in range(steps):
            x = x - 0.01 * kernel(x)
        return x

    x = 1.0
    for _ in range(50):
        x = x - 0.01 * slope(x)
    assert descended(1.0, 50) == x
    called = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(slope.address)
    assert called(0.7) == slope(0.7)


def test_jax_1169_little_python_in_a_call():
    """The Python functions that a repeated call runs, counted: no tracing, no flattening."""
    gradient = gradc.grad(energy)
    x = np.linspace(0.0, 1.0, 5)
    gradient(x)
    calls = []

    def count(frame, event, arg):
        if event == "call":
            calls.append(frame.f_code.co_name)

    sys.setprofile(count)
    try:
        gradient(x)
    finally:
        sys.setprofile(None)
    assert len(calls) <= 5, calls


@pytest.mark.parametrize("thread", ["jax_476", "jax_1871", "jax_5144", "numba_8509", "numba_235"])
def test_a_saved_gradient_runs_without_the_compiler(thread, tmp_path):
    """A model is not shipped without the library that made it; `pycc` has no successor."""
    gradient = gradc.value_and_grad(energy)
    x = np.linspace(0.0, 1.0, 5)
    value, wanted = gradient(x)
    gradient.save(tmp_path / "saved.py")
    code = (
        "import sys; sys.modules['gradc'] = None\n"
        "import numpy as np, saved\n"
        "value, x_bar = saved.energy_value_and_grad(np.linspace(0.0, 1.0, 5))\n"
        "print(float(value).hex(), x_bar.tobytes().hex())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.split() == [float(value).hex(), wanted.tobytes().hex()], done.stderr


def test_pyblp_10_small_data():
    """The fear of overhead on small data, and of opaque errors."""
    gradient = gradc.grad(lambda x: x[0] * x[1])
    np.testing.assert_array_equal(gradient(np.array([2.0, 3.0])), [3.0, 2.0])
    with pytest.raises(IndexError, match=r"test_deployment.py:\d+: index 0 is out of range"):
        gradient(np.zeros(0))


def test_awkward_2603_lengths_that_depend_on_data():
    """`jit` of another library cannot make arrays whose length depends on the data."""

    def kept(x):
        large = x[x > 0.5]
        return np.sum(large * large) / len(large)

    x = np.array([0.2, 0.9, 1.5, 0.1])
    expected = np.where(x > 0.5, x, 0.0)
    np.testing.assert_allclose(gradc.grad(kept)(x), expected)


def test_lecture_jax_86_functions_as_arguments():
    """Functions as arguments work in numba and are refused elsewhere."""

    def root(f, x, steps):
        for _ in range(steps):
            x = x - f(x) / (2.0 * x)
        return x

    def square_root(a):
        return root(lambda x: x * x - a, 1.0 + a, 30)

    assert gradc.grad(square_root)(2.0) == pytest.approx(0.5 / np.sqrt(2.0))


def test_chilife_152_compiled_and_differentiated():
    """A second backend is planned, for the compiled code has no derivatives: one source serves."""
    compiled = numba.njit(energy)
    x = np.linspace(0.0, 1.0, 5)
    value, gradient = gradc.value_and_grad(compiled)(x)
    assert value == pytest.approx(compiled(x), rel=1e-14)
    np.testing.assert_allclose(gradient, np.cos(x) * x + np.sin(x), rtol=1e-13)

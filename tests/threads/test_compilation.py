"""Programs that take others minutes to hours to compile: one flat function, of a fixed size."""

import os
import subprocess
import sys
import textwrap
from collections import namedtuple

import numpy as np
import pytest

import gradc
from gradc import cache
from tests.threads.support import agrees

X = np.array([0.5, 1.2, 2.0, 0.3])
Layer = namedtuple("Layer", ["weights", "bias"])


def lines_of(gradient, *args):
    return len(gradient.specialize(*args).compiled.kernel_text.splitlines())


def convolved(x, w, steps):
    """The same layer again and again, as a recurrent network has it."""
    for _ in range(steps):
        y = np.zeros_like(x)
        for i in range(1, len(x) - 1):
            y[i] = np.tanh(w[0] * x[i - 1] + w[1] * x[i] + w[2] * x[i + 1])
        x = y
    return np.sum(x * x)


def tracked(x, w, steps):
    """Points that are refined, with a branch in an inner loop."""
    total = 0.0
    for t in range(steps):
        for i in range(len(x)):
            if x[i] > w[0]:
                x[i] -= 0.1 * w[1] * x[i]
            else:
                x[i] += 0.05 * w[2]
            total += x[i] ** 2 / (t + 1.0)
    return total


def integrated(x, w, steps):
    """An integrator of four stages."""
    h = 0.01
    for _ in range(steps):
        k1 = -w[0] * x
        k2 = -w[0] * (x + h / 2 * k1) + w[1]
        k3 = -w[0] * (x + h / 2 * k2) + w[1]
        k4 = -w[0] * (x + h * k3) + w[2]
        x = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.sum(x * x)


THREADS = [("jax_4924", convolved), ("jax_7829", tracked), ("tapnet_53", integrated)]


@pytest.mark.parametrize(("thread", "loop"), THREADS, ids=[name for name, _ in THREADS])
def test_gradients_of_unrolled_loops(thread, loop):
    """The loop is unrolled, and its gradient takes minutes to compile and grows with the steps."""
    weights = np.array([0.4, -0.3, 0.2])
    agrees(loop, X, weights, 3)
    sizes = set()
    for steps in (2, 50, 192, 100_000):
        fixed = namespace_of(loop, steps)
        gradient = gradc.grad(fixed, argnums=(0, 1), target="python")
        sizes.add(lines_of(gradient, X, weights))
    assert len(sizes) == 1
    assert sizes.pop() < 150


def namespace_of(loop, steps):
    """The function with a number of steps that is known at compile time."""

    def fixed(x, w):
        return loop(x, w, steps)

    return fixed


@pytest.mark.parametrize("thread", ["numba_6504", "numba_9700"])
def test_long_generated_text(thread, tmp_path, monkeypatch):
    """Long generated expressions and functions compile in superlinear time, up to hours."""
    monkeypatch.syspath_prepend(tmp_path)
    sizes = {}
    for terms in (40, 200):
        if thread == "numba_6504":
            parts = (f"math.sin({k}.0 * x) * y" for k in range(1, terms + 1))
            body = f"    return {' + '.join(parts)}\n"
        else:
            steps = (f"    x{k + 1} = math.sin({k + 1}.0 * x) * y + x{k}\n" for k in range(terms))
            body = f"    x0 = 0.0\n{''.join(steps)}    return x{terms}\n"
        module = f"long_{thread}_{terms}"
        source = f"import math\n\n\ndef f(x, y):\n{body}"
        (tmp_path / f"{module}.py").write_text(source)
        function = __import__(module).f
        gradient = gradc.grad(function, argnums=(0, 1), target="python")
        x_bar, y_bar = gradient(0.3, 0.7)
        k = np.arange(1, terms + 1)
        assert x_bar == pytest.approx(np.sum(k * np.cos(0.3 * k)) * 0.7, rel=1e-12)
        assert y_bar == pytest.approx(np.sum(np.sin(0.3 * k)), rel=1e-12)
        sizes[terms] = lines_of(gradient, 0.3, 0.7)
        assert max(map(len, gradient.source.splitlines())) < 200
    assert sizes[200] <= 5.5 * sizes[40]


@pytest.mark.parametrize("thread", ["numba_5953", "numba_6009", "pytensor_179", "numba_3328"])
def test_containers_and_callees_are_gone_before_numba_sees_them(thread):
    """Types of containers are long names, and each helper is a function compiled by itself."""

    def dense(layer, x):
        return np.tanh(layer.weights @ x + layer.bias)

    def network(layers, x):
        for layer in layers:
            x = dense(layer, x)
        return np.sum(x)

    count = 5
    layers = [Layer(np.eye(4) * 0.5, 0.1 * X) for _ in range(count)]
    found = gradc.grad(network).specialize(layers, X).compiled
    assert found.kernel_text.count("def ") == 1
    assert "Layer" not in found.kernel_text
    (signature,) = found.kernel.dispatcher.signatures
    assert len(signature) == 2 * count + 1
    assert all("Tuple" not in str(type) for type in signature)


def test_nutpie_339_size_of_a_wrapper_is_linear():
    """Memory to compile grows faster than the wrapper: 62 GB for a model of many variables."""
    sizes = []
    for count in (10, 80):
        names = [f"v{k}" for k in range(count)]
        gradient = gradc.grad(
            lambda values: sum(np.sum(value * value) for value in values.values()),
            target="python",
        )
        sizes.append(lines_of(gradient, dict.fromkeys(names, X)))
    assert sizes[1] <= 8.5 * sizes[0]


def test_nutpie_334_nothing_but_text_decides_about_the_cache(tmp_path):
    """Functions over "dynamic globals" cannot be cached: each process compiles for minutes."""
    table = np.arange(4.0)
    gradient = gradc.grad(lambda x: np.sum(x * table), target="python")
    np.testing.assert_array_equal(gradient(X), table)
    # the array from outside is an argument of the program, whose text holds imports and a function
    assert "def " in gradient.source
    text = gradient.specialize(X).compiled.kernel_text
    assert cache.store_module(text, "f", tmp_path) == cache.store_module(text, "f", tmp_path)
    top = [line for line in text.splitlines() if line and not line.startswith((" ", '"', "@"))]
    assert all(line.startswith(("import ", "from ", "def ")) for line in top)


HELPER = """
def helper(x):
    return {factor} * x * x
"""

CALLER = """
import gradc
from helping import helper


def f(x):
    return helper(x) + x


print(gradc.grad(f)(1.0))
"""


def test_numba_1833_a_callee_in_another_file_changes(tmp_path):
    """The cache is stale where a function of another file changed (8375, 8851, 8926, 9483)."""
    (tmp_path / "calling.py").write_text(CALLER)
    environment = {**os.environ, cache.VARIABLE: str(tmp_path / "cache")}
    for factor in (1.0, 5.0):
        (tmp_path / "helping.py").write_text(HELPER.format(factor=factor))
        done = subprocess.run(
            [sys.executable, "-B", "calling.py"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.strip() == str(2.0 * factor + 1.0), done.stderr


def test_numba_9316_another_function_of_the_file_changes(tmp_path, monkeypatch):
    """A change anywhere in a file compiles all of it again."""
    monkeypatch.syspath_prepend(tmp_path)
    texts = []
    for number in (1, 2):
        source = f"""
        def f(x):
            return x * x * x


        def other(x):
            return {number}.0 * x
        """
        (tmp_path / f"several_{number}.py").write_text(textwrap.dedent(source))
        module = __import__(f"several_{number}")
        made = gradc.grad(module.f).specialize(1.0).compiled.kernel_text
        texts.append(made.replace(f"several_{number}", "several"))
    assert texts[0] == texts[1]

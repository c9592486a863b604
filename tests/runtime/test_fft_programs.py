"""Programs with Fourier transforms: gradients, threads, single precision, a second process."""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

import gradc
from gradc.errors import UnsupportedSyntaxError


def power(x):
    return np.sum(np.abs(np.fft.rfft(x)) ** 2)


def filtered(x, h):
    return np.fft.irfft(np.fft.rfft(x) * h, len(x))


def burgers(u, steps, dt):
    """Exact diffusion in Fourier space, nonlinear advection beside it."""
    n = len(u)
    k = 2.0 * np.pi * np.fft.rfftfreq(n, 1.0 / n)
    decay = np.exp(-1e-3 * dt * k**2)
    for _ in range(steps):
        spectrum = np.fft.rfft(u) * decay
        slope = np.fft.irfft(1j * k * spectrum, n)
        u = np.fft.irfft(spectrum, n) - dt * u * slope
    return np.sum(u**2)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 97, 1000, 4099])
@pytest.mark.parametrize("target", ["cpu", "python"])
def test_parsevals_identity(n, target):
    """Over all frequencies the sum is n times the sum of squares; half of them count once here."""
    x = np.random.default_rng(n).normal(size=n)
    gradient = gradc.grad(power, target=target)(x)
    ends = np.full(n, np.sum(x))
    if n % 2 == 0:
        signs = np.cos(np.pi * np.arange(n))
        ends += signs * (signs @ x)
    np.testing.assert_allclose(gradient, n * x + ends, rtol=1e-11, atol=1e-11 * n)


@pytest.mark.parametrize("n", [7, 8, 64])
def test_a_filter_is_its_own_transpose_with_a_real_response(n):
    rng = np.random.default_rng(n)
    x, bar, h = rng.normal(size=n), rng.normal(size=n), rng.normal(size=n // 2 + 1)
    value, pullback = gradc.vjp(lambda x: filtered(x, h), x)
    np.testing.assert_allclose(value, filtered(x, h), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(pullback(bar)[0], filtered(bar, h), rtol=1e-12, atol=1e-13)


def test_a_spectral_solver_to_second_order():
    u = np.sin(2 * np.pi * np.arange(16) / 16) + 0.3
    gradc.check_grads(lambda u: burgers(u, 4, 0.01), (u,), order=2)


def test_single_precision():
    x = np.linspace(-1.0, 1.0, 12, dtype=np.float32)
    value, gradient = gradc.value_and_grad(power)(x)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(value, power(x.astype(np.float64)), rtol=1e-5)
    np.testing.assert_allclose(gradient, gradc.grad(power)(x.astype(float)), rtol=1e-4, atol=1e-4)


def test_threads():
    """Kernels release the lock, and NumPy's plans are shared between threads."""
    gradient = gradc.grad(power)
    signals = [np.random.default_rng(n).normal(size=n) for n in range(60, 68)]
    wanted = [gradient(x) for x in signals]
    problems = []

    def work(x, right):
        problems.extend(len(x) for _ in range(200) if not np.array_equal(gradient(x), right))

    threads = [
        threading.Thread(target=work, args=pair) for pair in zip(signals, wanted, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems


@pytest.mark.parametrize("target", ["cpu", "python"])
def test_nothing_has_no_transform(target):
    with pytest.raises(UnsupportedSyntaxError, match="at least one number"):
        gradc.grad(power, target=target)(np.zeros(0))
    few = gradc.grad(lambda x, n: power(x[:n]), target=target)
    with pytest.raises(ValueError, match="at least one number"):
        few(np.ones(3), 0)


def test_empty_stacks():
    x = np.zeros((0, 6))
    assert gradc.grad(lambda x: np.sum(np.fft.rfft(x).real))(x).shape == (0, 6)


def test_kernels_for_the_device_refuse_by_name():
    with pytest.raises(gradc.GradcError, match="rfft of whole arrays is not available in CUDA"):
        gradc.grad(power, target="cuda")(np.ones((3, 8)))


def test_a_complex_array_from_outside_is_read_at_each_call():
    h = np.exp(1j * np.linspace(0.0, 1.0, 5))
    gradient = gradc.grad(lambda x: np.sum(filtered(x, h) ** 3))
    x = np.linspace(-1.0, 1.0, 9)
    for factor in (1.0, 2.0j):
        h *= factor
        gradient.check(x)
        weights = 3 * filtered(x, h) ** 2
        np.testing.assert_allclose(gradient(x), filtered(weights, np.conj(h)), rtol=1e-11)


SECOND = """
    import numpy as np
    import gradc
    import example

    x = np.arange(7.0)
    gradient = gradc.grad(example.f)
    assert np.allclose(gradient(x), np.fft.irfft(np.r_[1.0, 1.0, 1.0, 1.0], 7) * 7 / 2 + 0.5)
"""


def test_a_second_process_finds_the_transforms(tmp_path: Path):
    (tmp_path / "example.py").write_text(
        "import numpy as np\n\n\ndef f(x):\n    return np.sum(np.fft.rfft(x).real)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SECOND))
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr

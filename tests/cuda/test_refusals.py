"""What a CUDA thread cannot do is refused with the line that asks for it."""

from __future__ import annotations

import types

import numpy as np
import pytest

import gradc
import gradc_runtime.cuda as runtime
from gradc import GradcError, GradTypeError, UnsupportedSyntaxError

TWO = np.ones(2)


def compiled(function, *args, argnums=0):
    """The text of the kernel of a gradient."""
    return gradc.grad(function, argnums, target="cuda").specialize(*args).compiled.source


def told(error: pytest.ExceptionInfo[GradcError]) -> str:
    """The message with the name of this file alone, and no numbers of lines."""
    text = str(error.value)
    lines = [line.split(": ", 1)[-1] if __file__ in line else line for line in text.splitlines()]
    return "\n".join(lines)


def test_a_tape_that_grows():
    def until(x):
        s = x
        while s < 10.0:
            s = s * s + 1.0
        return s

    with pytest.raises(UnsupportedSyntaxError) as error:
        compiled(until, TWO)
    assert told(error) == (
        "a loop that runs until a condition changes keeps values for the gradient, and a CUDA "
        "thread has no memory that grows\n"
        "    while s < 10.0:\n"
        "    ^^^^^^^^^^^^^^^\n"
        '  hint: use a loop over range(n), or target="cpu"'
    )
    assert f"{__file__}:" in str(error.value)


def test_an_array_whose_size_is_data():
    def sized(x, n):
        out = np.zeros(n)
        for i in range(n):
            out[i] = x * i
        return out @ out

    with pytest.raises(UnsupportedSyntaxError) as error:
        compiled(sized, TWO, np.array([2, 3]))
    assert (
        "this makes an array whose size is not known when the kernel is compiled, and a CUDA "
        "thread has no memory for it\n"
        "    out = np.zeros(n)\n"
        "          ^^^^^^^^^^^\n"
        '  hint: use sizes that do not depend on data, or target="cpu"'
    ) in told(error)


def test_more_memory_than_a_thread_has():
    def large(x):
        h = x
        for _ in range(8):
            h = np.sin(h)
        return np.sum(h)

    with pytest.raises(UnsupportedSyntaxError, match=r"each sample needs \d+ bytes") as error:
        compiled(large, np.ones((2, 1000)))
    assert "and a CUDA thread has 32768" in str(error.value)
    assert 'hint: use smaller arrays for each sample, or target="cpu"' in str(error.value)
    compiled(large, np.ones((2, 10)))


def product(x, y):
    return x * y


def test_samples_that_disagree():
    with pytest.raises(GradTypeError) as error:
        gradc.grad(product, target="cuda")(TWO, np.ones(3))
    assert told(error) == (
        "the arguments disagree on the number of samples: x has 2, y has 3\n"
        "    def product(x, y):\n"
        "        ^^^^^^^\n"
        "  hint: the first axis of each array is the samples"
    )


def test_samples_of_containers_are_named():
    def loss(params):
        return params["a"] * params["b"]

    with pytest.raises(GradTypeError, match="params_a has 2, params_b has 3"):
        gradc.grad(loss, target="cuda")({"a": TWO, "b": np.ones(3)})


def test_the_gradient_of_a_shared_number():
    with pytest.raises(GradTypeError) as error:
        compiled(product, TWO, 3.0, argnums=(0, 1))
    assert told(error) == (
        "argument 'y' is one number for all samples, and its gradient would be a sum over them\n"
        "    def product(x, y):\n"
        "        ^^^^^^^\n"
        '  hint: pass an array with one number for each sample, or use target="cpu"'
    )
    assert "y: f64" in compiled(product, TWO, 3.0)


def test_no_samples_at_all():
    with pytest.raises(GradTypeError) as error:
        compiled(product, 2.0, 3.0)
    assert told(error) == (
        'target="cuda" runs a function for each sample, and no argument is an array\n'
        "    def product(x, y):\n"
        "        ^^^^^^^\n"
        "  hint: pass arrays whose first axis runs over the samples"
    )


def test_a_value_for_each_sample_that_is_no_number():
    with pytest.raises(GradTypeError, match="product returns an array of 1 axes"):
        compiled(product, np.ones((2, 3)), np.ones((2, 3)))


def test_products_are_for_the_cpu():
    with pytest.raises(GradTypeError, match="vjp is for the CPU"):
        gradc.vjp(product, TWO, TWO, target="cuda")
    with pytest.raises(GradTypeError, match="jvp is for the CPU"):
        gradc.jvp(product, (TWO, TWO), (TWO, TWO), target="cuda")


def test_element_types():
    with pytest.raises(GradTypeError, match="argument 'x' has dtype complex128"):
        compiled(product, TWO + 0j, TWO)


# -- the machine --------------------------------------------------------------------------------


class NoDevice:
    """``numba.cuda`` where there is no driver."""

    @staticmethod
    def jit() -> None:
        """Not called."""

    @staticmethod
    def is_available() -> bool:
        return False

    @staticmethod
    def cuda_error() -> Exception:
        return RuntimeError("\nCUDA driver library cannot be found.\nEnsure that ...")


@pytest.fixture
def no_device(monkeypatch):
    monkeypatch.setattr(runtime, "_numba_cuda", NoDevice)


def test_there_is_no_gpu(no_device):
    message = (
        "no CUDA device: driver library cannot be found; compile to PTX with "
        "gradc compile --emit ptx, or set NUMBA_ENABLE_CUDASIM=1 to simulate"
    )
    with pytest.raises(GradcError) as error:
        gradc.grad(product, target="cuda")(TWO, TWO)
    assert str(error.value) == message
    with pytest.raises(GradcError) as error:
        gradc.compile_expression("x*x", target="cuda")(TWO)
    assert str(error.value) == message


def test_numba_cuda_is_not_installed(monkeypatch):
    runtime._numba_cuda.cache_clear()
    monkeypatch.setattr(runtime.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(GradcError) as error:
        gradc.grad(product, target="cuda")(TWO, TWO)
    assert str(error.value) == (
        "CUDA kernels need numba-cuda, which is not installed: pip install 'gradc[cuda]'"
    )


def test_ptx_of_a_program_for_the_cpu():
    with pytest.raises(GradcError, match='PTX is made of programs with target="cuda"'):
        gradc.compile_expression("x*x").compiled.ptx()


def test_a_compute_capability_that_is_too_old():
    pytest.importorskip("numba_cuda")
    with pytest.raises(GradcError, match=r"compute capability 1\.0 is not supported"):
        gradc.compile_expression("x*x", target="cuda").compiled.ptx((1, 0))


def kernel_of_arrays(x_batch, w_batch, k, out_batch):
    """Never run."""


@pytest.fixture
def kernel() -> runtime.CudaKernel:
    made = runtime.cuda_kernel(
        "x: f64[samples], w: f64[samples, n, 2], k: i64", "out: f64[samples, n]"
    )(kernel_of_arrays)
    made._dispatcher = types.SimpleNamespace()
    return made


@pytest.mark.parametrize(
    ("args", "text"),
    [
        ((TWO, np.ones((3, 4, 2)), 1), "w has 3 samples, x has 2"),
        ((TWO, np.ones((2, 4, 3)), 1), "w has size 3 along axis 2, not 2"),
        ((TWO, TWO, 1), "w has one axis, not 3 axes"),
        ((np.ones((2, 2)), np.ones((2, 4, 2)), 1), "x has 2 axes, not one axis"),
        ((TWO, np.ones((2, 4, 2))), "kernel_of_arrays takes 3 arguments, not 2"),
    ],
)
def test_a_kernel_checks_what_it_is_given(kernel, args, text):
    with pytest.raises((TypeError, ValueError)) as error:
        kernel(*args)
    assert str(error.value) == text

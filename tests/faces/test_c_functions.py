"""`.address` and `.c_signature`: derivatives called from C code, of any arguments and results."""

from __future__ import annotations

import ctypes
import re

import numba
import numpy as np
import pytest

import gradc

TYPES = {
    "double": ctypes.c_double, "float": ctypes.c_float, "int64_t": ctypes.c_int64,
    "bool": ctypes.c_bool, "int32_t": ctypes.c_int32,
}  # fmt: skip


def called(derivative, args, outs, plain=False):
    """Call by the declaration alone: arrays and results as pointers, each followed by its sizes."""
    returns, parameters = re.fullmatch(r"(\w+) \w+\((.*)\)", derivative.c_signature).groups()
    types = [
        ctypes.c_void_p if "*" in each else TYPES[each.split()[0]]
        for each in parameters.split(", ")
    ]
    given = []
    for value in (*args, *outs):
        if isinstance(value, np.ndarray):
            given += [value.ctypes.data, *value.shape]
        else:
            given.append(value)
    scalars = [place for place, out in enumerate(outs) if out.shape == ()]
    assert len(given) == len(types), (derivative.c_signature, scalars)
    return ctypes.CFUNCTYPE(TYPES[returns], *types)(derivative.address)(*given)


def loss(w, x, n, flag, c):
    total = np.sum((x @ w) ** 2) * n * c
    return -total if flag else total


@pytest.fixture(scope="module")
def arguments():
    rng = np.random.default_rng(0)
    return rng.normal(size=3), rng.normal(size=(4, 3)), 2, True, 0.5


@pytest.fixture(scope="module")
def of_loss(arguments):
    made = gradc.value_and_grad(loss, argnums=(0, "x", "c"))
    made(*arguments)
    return made


def test_arrays_and_several_results(of_loss, arguments):
    value, (w_bar, x_bar, c_bar) = of_loss(*arguments)
    outs = [np.zeros(()), np.zeros(3), np.zeros((4, 3)), np.zeros(())]
    assert called(of_loss, arguments, outs) == 0
    for out, wanted in zip(outs, (value, w_bar, x_bar, c_bar), strict=True):
        np.testing.assert_array_equal(out, wanted)


def test_the_declaration(of_loss):
    assert of_loss.c_signature == (
        "int32_t loss_value_and_grad(const double *w, int64_t w_0, const double *x, int64_t x_0, "
        "int64_t x_1, int64_t n, bool flag, double c, double *out, double *w_bar, int64_t w_bar_0, "
        "double *x_bar, int64_t x_bar_0, int64_t x_bar_1, double *c_bar)"
    )


def test_other_sizes_of_a_result_are_not_written_to(of_loss, arguments):
    outs = [np.zeros(()), np.zeros(2), np.zeros((4, 3)), np.zeros(())]
    assert called(of_loss, arguments, outs) == 2
    assert not any(np.any(out) for out in outs)


def test_an_error_is_a_status(of_loss, arguments):
    _, x, *others = arguments
    outs = [np.zeros(()), np.zeros(2), np.zeros((4, 3)), np.zeros(())]
    assert called(of_loss, (np.ones(2), x, *others), outs) == 1
    assert not any(np.any(out) for out in outs)


def test_a_function_of_numbers_is_a_plain_one():
    made = gradc.grad(lambda a, n: a**3 * n)
    made(2.0, 2)
    assert re.fullmatch(r"double \w+\(double a, int64_t n\)", made.c_signature)
    assert called(made, (2.0, 2), []) == 24.0


def test_single_precision_and_names():
    def f(int_, x_0, x, größe):
        return np.sum(x) * x_0 * größe + int_

    made = gradc.grad(f, argnums=2)
    x = np.ones(3, np.float32)
    made(1.0, np.float32(2.0), x, np.float32(3.0))
    assert made.c_signature == (
        "int32_t f_grad(double int_, float x_0, const float *x1, int64_t x1_0, float x, "
        "float *x_bar, int64_t x_bar_0)"
    )
    out = np.zeros(3, np.float32)
    assert called(made, (1.0, 2.0, x, 3.0), [out]) == 0
    np.testing.assert_array_equal(out, 6.0)


def test_other_derivatives():
    x = np.array([1.0, 2.0])
    for made, more in (
        (gradc.jacobian(lambda x: x**2), []),
        (gradc.hessian(lambda x: np.sum((x[1:] - x[:-1] ** 2) ** 2)), []),
        (gradc.hvp(lambda x: np.sum(x**3)), [np.array([1.0, -1.0])]),
    ):
        wanted = made(x, *more)
        out = np.zeros_like(wanted)
        assert called(made, (x, *more), [out]) == 0
        np.testing.assert_array_equal(out, wanted)


def test_from_compiled_code():
    made = gradc.grad(lambda x: np.sum(x**3))
    made(np.ones(3))
    pointer, size = ctypes.c_void_p, ctypes.c_int64
    entry = ctypes.CFUNCTYPE(ctypes.c_int32, pointer, size, pointer, size)(made.address)

    @numba.njit
    def descend(x, steps):
        slope = np.empty_like(x)
        for _ in range(steps):
            if entry(x.ctypes, x.size, slope.ctypes, slope.size) != 0:
                return -1
            x -= 0.1 * slope
        return 0

    x = np.array([0.5, 1.0, 0.1])
    assert descend(x, 200) == 0
    inner = made.dispatcher

    @numba.njit
    def directly(x, steps):
        for _ in range(steps):
            x -= 0.1 * inner(x)

    y = np.array([0.5, 1.0, 0.1])
    directly(y, 200)
    np.testing.assert_array_equal(x, y)
    assert 0.0 < np.max(x) < 0.02


def test_programs_for_a_gpu_are_none():
    with pytest.raises(gradc.GradTypeError, match='use target="cpu"'):
        _ = gradc.grad(lambda x: x * x, target="cuda").address

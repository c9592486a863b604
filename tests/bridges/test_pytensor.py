"""PyTensor: values and derivatives to second order, against PyTensor's own."""

from __future__ import annotations

import numpy as np
import pytest

pytensor = pytest.importorskip("pytensor")

import pytensor.tensor as pt  # noqa: E402  after the check that it is there

from gradc.bridges.pytensor import as_op  # noqa: E402
from gradc.errors import GradTypeError  # noqa: E402

# C code is compiled for each graph otherwise
MODE = pytensor.compile.mode.Mode(linker="py", optimizer="fast_compile")
X, K = np.array([0.1, 0.4, -0.3]), 2.0


def energy(x, k):
    total = 0.0
    for i in range(len(x) - 1):
        total += k * np.exp(x[i + 1] - x[i] ** 2)
    return total


def energy_of_variables(x, k):
    return (k * pt.exp(x[1:] - x[:-1] ** 2)).sum()


def run(inputs, outputs, *values):
    return pytensor.function(inputs, outputs, mode=MODE, on_unused_input="ignore")(*values)


def test_value_and_gradients():
    x, k = pt.dvector("x"), pt.dscalar("k")
    for made in (as_op(energy)(x, k), energy_of_variables(x, k)):
        found = run([x, k], [made, *pytensor.grad(made, [x, k])], X, K)
        if made.owner.op.__class__.__name__ == "GradcOp":
            ours = found
    for left, right in zip(ours, found, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-13)


def test_second_order():
    x = pt.dvector("x")
    found = run([x], pytensor.gradient.hessian(as_op(energy)(x, K), x), X)
    wanted = run([x], pytensor.gradient.hessian(energy_of_variables(x, K), x), X)
    np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-14)


def several(a, n):
    return a * n, a[n]


def test_several_results_and_integers():
    a, n = pt.dvector("a"), pt.lscalar("n")
    scaled, one = as_op(several)(a, n)
    gradient = pytensor.grad(scaled.sum() + 2.0 * one, a)
    np.testing.assert_allclose(run([a, n], gradient, X, 1), [1.0, 3.0, 1.0])
    only = pytensor.grad(one, a)
    np.testing.assert_allclose(run([a, n], only, X, 2), [0.0, 0.0, 1.0])


@pytest.mark.filterwarnings("error:Numba will use object mode")
def test_the_numba_backend_calls_the_kernel():
    x, n = pt.dvector("x"), pt.lscalar("n")
    row, sample = pt.drow("row"), pt.dmatrix("sample")
    numbers, one = as_op(several)(x, n)
    table = as_op(lambda row, sample: np.tanh(row * sample))(row, sample)
    cost = (numbers**2).sum() + one + (table**2).sum()
    outputs = [numbers, one, table, *pytensor.grad(cost, [x, row, sample])]
    values = [X, 2, np.ones((1, 3)), np.arange(6.0).reshape(2, 3).T.copy().T]
    compiled = pytensor.function([x, n, row, sample], outputs, mode="NUMBA")(*values)
    for found, wanted in zip(compiled, run([x, n, row, sample], outputs, *values), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
        assert found.dtype == wanted.dtype


@pytest.mark.filterwarnings("error:Numba will use object mode")
def test_what_the_numba_backend_returns_is_its_own():
    x = pt.dvector("x")
    same = pytensor.function([x], as_op(lambda x: x)(x), mode="NUMBA")
    given = X.copy()
    assert not np.shares_memory(same(given), given)


@pytest.mark.filterwarnings("error:Numba will use object mode")
def test_an_axis_that_turns_out_to_be_one():
    x, y = pt.dvector("x"), pt.dvector("y")
    scaled = pytensor.function([x, y], as_op(lambda x, y: x * y)(x, y), mode="NUMBA")
    with pytest.raises(ValueError, match="1"):
        scaled(np.ones(1), X)


def test_refusals():
    with pytest.raises(GradTypeError, match="holds a float"):
        as_op(lambda n: n)(pt.lscalar("n"))

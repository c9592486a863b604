"""``debug_nans``: the line, the operation and the operands of the first infinity or NaN."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.errors import GradTypeError, NonFiniteError


def root(x):
    return (x * x) ** 0.5


def logs(x):
    total = 0.0
    for i in range(len(x)):
        y = x[i] - 1.0
        total += np.log(y)
    return total


def masked(x):
    y = np.where(x > 0, np.log(x), 0.0)
    z = np.sqrt(x - 1.0)
    return np.sum(y) + np.sum(z)


def norm(x):
    return np.sqrt(np.sum(x**2))


def overflow(x):
    small = x * 1e-3
    large = np.exp(1e6 * small)
    return large / (1.0 + large)


def message(function, *args, **options):
    with pytest.raises(NonFiniteError) as found:
        gradc.debug_nans(function, target="python", **options)(*args)
    return str(found.value)


def line_of(function, text):
    import inspect

    lines, first = inspect.getsourcelines(function)
    return next(first + k for k, line in enumerate(lines) if text in line)


def test_finite_results_are_returned():
    assert gradc.debug_nans(root, target="python")(2.0) == (2.0, 1.0)
    assert gradc.debug_nans(gradc.grad(root, target="python"))(2.0) == 1.0


def test_the_primal_in_a_loop():
    said = message(logs, np.array([2.0, 3.0, 1.0, 5.0]))
    assert f"{__file__}:{line_of(logs, 'np.log')}:" in said
    assert "log(y) is -inf, with y = 0.0, i = 2" in said
    assert "total += np.log(y)\n" in said
    assert said.rstrip().endswith("^^^^^^^^^")


def test_the_adjoint():
    said = message(root, 0.0)
    assert f":{line_of(root, 'return')}:" in said
    assert "the derivative of this line is not finite: (x * x)**(-0.5) is inf" in said
    assert "with x * x = 0.0" in said
    said = message(norm, np.zeros(3))
    assert "the derivative of this line is not finite" in said
    assert "is inf" in said


def test_what_does_no_harm_is_passed_over():
    said = message(masked, np.array([0.0, 2.0, 0.5]))
    assert f":{line_of(masked, 'np.sqrt')}:" in said
    assert "sqrt(x - 1.0) is nan at index 0, with x - 1.0 = -1.0" in said


def test_two_causes_report_the_first():
    said = message(logs, np.array([0.5, 1.0]))
    assert "log(y) is nan, with y = -0.5, i = 0" in said


def test_a_quotient_of_infinities():
    said = message(overflow, 1.0)
    assert f":{line_of(overflow, 'np.exp')}:" in said
    assert "is inf" in said


def test_an_argument_that_is_not_finite():
    said = message(norm, np.array([1.0, np.nan]))
    assert "argument 'x' holds nan at index 1 already" in said


def test_compiled_and_given_as_a_gradient():
    checked = gradc.debug_nans(gradc.grad(logs))
    np.testing.assert_allclose(checked(np.array([2.0, 3.0])), [1.0, 0.5])
    with pytest.raises(NonFiniteError, match=r"i = 1"):
        checked(np.array([2.0, 1.0]))


def root_sum(x):
    return np.sum(np.sqrt(x))


@pytest.mark.parametrize(
    ("derivative", "further"),
    [
        (gradc.hessian(root_sum, target="python"), ()),
        (gradc.hvp(root_sum, target="python"), (np.array([1.0, 2.0]),)),
        (gradc.sparse_hessian(root_sum, target="python"), ()),
        (gradc.sparse_jacobian(lambda x: np.sqrt(x), target="python"), ()),
        (gradc.grad(lambda x: np.sum(gradc.grad(root_sum)(x)), target="python"), ()),
    ],
    ids=["hessian", "hvp", "sparse_hessian", "sparse_jacobian", "nested"],
)
def test_second_orders_and_sparse_matrices(derivative, further):
    checked = gradc.debug_nans(derivative)
    with pytest.raises(NonFiniteError, match=r"sqrt\(x\)\) is inf at index 1") as caught:
        checked(np.array([4.0, 0.0]), *further)
    assert ":" in str(caught.value)
    checked(np.array([4.0, 1.0]), *further)


def test_refusals():
    with pytest.raises(GradTypeError, match="pass none to debug_nans"):
        gradc.debug_nans(gradc.grad(logs), target="python")

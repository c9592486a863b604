"""Functions that write into output arguments."""

import numpy as np
import pytest

import gradc
from gradc import GradTypeError, grad, jacobian, jvp, returning, vjp

X = np.array([0.3, -0.7, 1.2])


def squares(x, out):
    for i in range(len(x)):
        out[i] = x[i] ** 2 + (out[i] if i == 0 else 0.0)


def two(x, a, b):
    a[:] = x * b[0]
    b[1:] = a[:-1]
    return np.sum(a)


@pytest.mark.parametrize("target", ["python", "cpu"])
def test_jacobian_by_inputs_and_by_values_on_entry(target):
    f, out = returning(squares, "out"), np.ones(3)
    np.testing.assert_allclose(f(X, out), X**2 + [1.0, 0.0, 0.0])
    by_x, by_out = jacobian(f, argnums=(0, "out"), target=target)(X, out)
    np.testing.assert_allclose(by_x, np.diag(2 * X))
    np.testing.assert_array_equal(by_out, np.diag([1.0, 0.0, 0.0]))
    np.testing.assert_array_equal(out, np.ones(3))


def test_several_outputs_beside_a_result():
    f = returning(two, ("a", 2))
    a, b = np.zeros(3), np.array([2.0, 5.0, 7.0])
    result, (new_a, new_b) = f(X, a, b=b)
    assert result == pytest.approx(2 * np.sum(X))
    np.testing.assert_allclose(new_a, 2 * X)
    np.testing.assert_allclose(new_b, [2.0, *(2 * X[:2])])
    np.testing.assert_array_equal(a, 0.0)
    value, dot = jvp(f, (X, a, b), (np.ones(3), a, a), target="python")
    assert value[0] == result
    np.testing.assert_allclose(dot[1][1], [0.0, 2.0, 2.0])
    _, pullback = vjp(f, X, a, b, target="python")
    bars = pullback((1.0, (np.zeros(3), np.array([1.0, 1.0, 0.0]))))
    np.testing.assert_allclose(bars[0], [4.0, 2.0, 2.0])
    np.testing.assert_allclose(bars[2], [np.sum(X) + X[0] + 1.0, 0.0, 0.0])


def test_inside_a_function():
    def f(x):
        y = returning(squares, "out")(x, np.zeros(3))
        return np.sum(y * y)

    np.testing.assert_allclose(grad(f, target="python")(X), 4 * X**3)
    gradc.check_grads(f, (X,), order=2, target="python")


def test_refusals():
    with pytest.raises(GradTypeError, match=r"gradc.returning\(f, 'out'\)"):
        grad(squares)(X, np.zeros(3))
    with pytest.raises(GradTypeError, match=r"gradc.returning\(f, 'out'\)"):
        jacobian(squares)(X, np.zeros(3))
    with pytest.raises(GradTypeError, match="no argument 'y'"):
        returning(squares, "y")(X, np.zeros(3))
    with pytest.raises(gradc.GradcError, match="no argument 'y' to write to"):
        jacobian(returning(squares, "y"))(X, np.zeros(3))
    with pytest.raises(gradc.GradcError, match="results are written to arrays"):
        jacobian(returning(lambda x, y: None, 1))(X, 2.0)

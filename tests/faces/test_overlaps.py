"""Arguments that share memory: copied apart where nothing is written, refused where it matters."""

import numpy as np
import pytest

import gradc
from gradc.errors import AliasingError

V = np.array([0.5, -1.2, 2.0, 0.3])
SEEN = np.array([1.0, 2.0, 3.0])


def product(x, y):
    return np.sum(x * y * y)


def moved(x, y):
    x[0] = 2.0 * y[1]
    return np.sum(x * y)


def counted(x, y):
    x[0] = 3.0
    return np.sum(x)


def with_seen(x):
    x[0] = 2.0
    return np.sum(x * SEEN)


def test_one_array_for_two_arguments():
    g = gradc.grad(product, argnums=(0, 1), target="python")
    left, right = g(V, V)
    np.testing.assert_allclose(left, V * V)
    np.testing.assert_allclose(right, 2 * V * V)


@pytest.mark.parametrize("other", [V, V[:], V[::-1], np.broadcast_to(V, (4,))])
def test_writes_to_an_argument_that_another_one_sees(other):
    with pytest.raises(AliasingError) as found:
        gradc.grad(moved, target="python")(V, other)
    text = str(found.value)
    assert "arguments `x` and `y` share memory, and moved writes to `x`" in text
    assert "`y.copy()`" in text
    assert "test_overlaps.py:17:5" in text


def test_each_call_is_looked_at():
    g = gradc.grad(moved, target="python")
    g(V.copy(), V)
    with pytest.raises(AliasingError):
        g(V, V)
    np.testing.assert_allclose(g(V.copy(), V), [0.0, *V[1:]])


def test_columns_of_one_matrix_do_not_overlap():
    columns = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    g = gradc.grad(moved, target="python")
    np.testing.assert_allclose(g(columns[:, 0], columns[:, 1]), [0.0, 4.0, 6.0])


def test_an_argument_that_is_not_used_may_overlap():
    np.testing.assert_allclose(gradc.grad(counted, target="python")(V, V), [0.0, 1.0, 1.0, 1.0])


def test_an_argument_that_is_an_array_from_outside():
    g = gradc.grad(with_seen, target="python")
    np.testing.assert_allclose(g(SEEN.copy()), [0.0, 2.0, 3.0])
    with pytest.raises(AliasingError, match="argument `x` and `SEEN` from outside"):
        g(SEEN)


def test_every_face_looks():
    with pytest.raises(AliasingError):
        gradc.value_and_grad(moved, target="python")(V, V)
    with pytest.raises(AliasingError):
        gradc.vjp(moved, V, V, target="python")
    with pytest.raises(AliasingError):
        gradc.jvp(moved, (V, V), (V, V), target="python")


def test_arrays_in_a_container():
    def inner(pair):
        pair[0][1] = 5.0
        return np.sum(pair[0] * pair[1])

    with pytest.raises(AliasingError, match="pair"):
        gradc.grad(inner, target="python")([V, V])

"""What HIPS autograd refuses: writing to arrays, and turning its boxes into numbers."""

import math

import numpy as np
from scipy import special

import gradc
from tests.threads.support import agrees, assert_gradient

X = np.array([0.5, 1.2, 2.0, 0.3])


def test_autograd_item_assignment():
    """`A[i] = x` is refused (58, 177, 515): the tutorial asks for lists and `np.array`."""

    def fill(x):
        A = np.zeros(len(x))
        for i in range(len(x)):
            A[i] = x[i] ** 2
        A[0] = A[1] * A[2]
        return A.sum()

    assert_gradient(fill, (X,), [0.0, 2.4 * (1 + 4.0), 4.0 * (1 + 1.44), 0.6])


def test_autograd_augmented_assignment():
    """`A += B`, `A[i] += x` and `A[1:] *= 2` are refused or wrong (556, 559)."""

    def augment(x):
        A = np.ones(len(x))
        A += x
        A[0] += x[1]
        A[1:] *= 2
        A -= x * x
        return A.sum()

    assert_gradient(augment, (X,), np.array([1.0, 3.0, 2.0, 2.0]) - 2 * X)


def test_autograd_block_assignment():
    """Filling the blocks of a matrix is refused."""

    def blocks(x):
        K = np.zeros((4, 4))
        K[:2, :2] = np.outer(x[:2], x[:2])
        K[2:, 2:] = np.outer(x[2:], x[2:])
        K[np.arange(4), np.arange(4)] += 1.0
        return np.log(np.linalg.norm(K @ K))

    agrees(blocks, X)


def test_autograd_362_float_of_a_result():
    """`float()` of what is differentiated is refused (362, 416, 427)."""

    def as_float(x):
        return float(np.sum(x)) * 2.0

    assert_gradient(as_float, (X,), np.full(4, 2.0))


def test_autograd_416_functions_of_math():
    """The functions of `math` do not take what is differentiated."""

    def of_math(x):
        return math.exp(x[0]) + math.sqrt(x[1]) + math.erf(x[2])

    expected = [
        math.exp(0.5),
        0.5 / math.sqrt(1.2),
        2 / math.sqrt(math.pi) * math.exp(-4.0),
        0.0,
    ]
    assert_gradient(of_math, (X,), expected)


def test_autograd_396_where():
    """The gradient of `np.where` is wrong."""

    def where(x):
        return np.where(x > 1.0, x * x, -x).sum()

    assert_gradient(where, (X,), np.where(X > 1.0, 2 * X, -1.0))


def test_autograd_257_cumulative_product():
    """`np.cumprod` has no gradient."""

    def products(x):
        return np.cumprod(x).sum()

    agrees(products, X)


def test_autograd_47_gradient_is_compiled():
    """A gradient cannot be compiled; the one asked for is a function that numba takes."""
    from numba import njit

    def loss(x):
        s = 0.0
        for i in range(len(x)):
            s += x[i] ** 3
        return s

    gradient = gradc.grad(loss)
    gradient(X)
    kernel = gradient.dispatcher

    @njit
    def step(x):
        return x - 0.1 * kernel(x)

    np.testing.assert_allclose(step(X), X - 0.1 * 3 * X**2)


def test_autograd_254_gradient_of_many_outputs():
    """The rows of a Jacobian, one pullback after another, agree with the transposed products."""

    def field(x):
        return np.array([x[0] * x[1], np.sin(x[2]), x[3] / x[0]])

    _, pullback = gradc.vjp(field, X, target="python")
    rows = np.array([pullback(row)[0] for row in np.eye(3)])
    expected = [
        [1.2, 0.5, 0.0, 0.0],
        [0.0, 0.0, np.cos(2.0), 0.0],
        [-0.3 / 0.25, 0.0, 0.0, 2.0],
    ]
    np.testing.assert_allclose(rows, expected, rtol=1e-12, atol=1e-13)


def test_autograd_427_functions_of_scipy():
    """The functions of SciPy do not take what is differentiated."""

    def of_scipy(x):
        return special.gammaln(x[1]) + special.erf(x[0]) * special.expit(x[2])

    agrees(of_scipy, X)

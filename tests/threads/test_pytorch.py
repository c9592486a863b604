"""What users of PyTorch report: in-place writes, loops in compiled code, norms at zero."""

import numpy as np

from tests.threads.support import agrees, assert_gradient

X = np.array([0.5, -1.2, 2.0, 0.3])


def test_pytorch_96265_modified_in_place():
    """A value that the backward pass needs and that was written to since is an error."""

    def modified(x):
        y = np.exp(x)
        z = y * y
        y += 1.0
        y *= z
        return y.sum()

    e = np.exp(X)
    assert_gradient(modified, (X,), 2 * e**2 + 3 * e**3)


def test_pytorch_96064_compiled_loop():
    """A function with an unrolled loop is silently wrong when it is compiled."""

    def loop(x):
        y = x.copy()
        for i in range(3):
            y[i + 1] = y[i] * y[i + 1]
        return y.sum()

    agrees(loop, X)


def test_pytorch_136662_element_added_to_twice():
    """Adding to one element twice counts once in the gradient of the compiled function."""

    def twice(x):
        y = np.zeros_like(x)
        y[:, 0] += np.abs(x[:, 2])
        y[:, 0] += np.abs(x[:, 2])
        return y.sum()

    x = np.array([[1.0, 2.0, -3.0], [1.0, 1.0, 4.0]])
    assert_gradient(twice, (x,), [[0, 0, -2.0], [0, 0, 2.0]])


def test_pytorch_136263_cumulative_product():
    """The gradient of a cumulative product is a hundred times slower when compiled."""

    def products(x):
        return np.cumprod(x).sum()

    agrees(products, X)


def test_pytorch_111441_long_simple_loop():
    """A simple loop takes 34 s to compile, since it is unrolled."""

    def total(x):
        s = 0.0
        for i in range(1000):
            s += x * i
        return s

    assert_gradient(total, (0.5,), 499500.0)

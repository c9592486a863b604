"""What is wrong or refused in Google's Tangent and in its revival."""

import math

import numpy as np

import gradc
from tests.threads.support import agrees, assert_gradient

X = np.array([0.5, -1.2, 2.0, 0.3])


def test_tangent_view_slice_write():
    """`b = a[1:3]; b[0] = ...` does not reach `a`: the gradient is zero."""

    def slice_view(x):
        a = np.zeros(4)
        b = a[1:3]
        b[0] = x[0] * x[1]
        return a[1]

    assert_gradient(slice_view, (X,), [-1.2, 0.5, 0.0, 0.0])


def test_tangent_view_row_write():
    """`r = B[i]; r[0] = ...` does not reach `B`: the gradient is zero."""

    def rows(x):
        B = np.zeros((3, 2))
        for i in range(3):
            r = B[i]
            r[0] = x[i] * x[i]
            r[1] = r[0] * x[i + 1]
        return B.sum()

    agrees(rows, X)


def test_tangent_alias_write():
    """`y = x; y[0] = ...` changes `x` too, which the gradient does not know."""

    def alias(x):
        x = x * 1.0
        y = x
        y[0] = x[1] * x[2]
        return x[0] * x[3]

    assert_gradient(alias, (X,), [0.0, 2.0 * 0.3, -1.2 * 0.3, -1.2 * 2.0])


def test_tangent_alias_of_the_argument():
    """The same where the array is the argument itself."""

    def alias(x):
        y = x
        y[0] = x[1] * x[2]
        return x[0] * x[3]

    assert_gradient(alias, (X,), [0.0, 2.0 * 0.3, -1.2 * 0.3, -1.2 * 2.0])


def test_tangent_transposed_view_write():
    """A transposed or reshaped array that is written through is a view as well."""

    def views(x):
        m = np.zeros((2, 2))
        t = m.T
        t[0, 1] = x[0] * x[1]
        f = m.reshape(4)
        f[3] = m[1, 0] * x[2]
        return (m * m).sum()

    agrees(views, X)


def test_tangent_copies():
    """`np.copy` and `x.copy()` are not implemented."""

    def copies(x):
        a = np.copy(x)
        b = x.copy()
        a[0] *= 2
        return a @ b

    assert_gradient(copies, (X,), 2 * X * np.array([2, 1, 1, 1]))


def test_tangent_diag_atan2_astype():
    """`np.diag`, `math.atan2` and `astype` are not implemented."""

    def refused(x):
        d = np.diag(x)
        angle = math.atan2(x[0], x[2])
        return (d @ d).sum() * angle + x.astype(np.float64)[3]

    agrees(refused, X)


def test_tangent_astype_float32():
    """`astype(np.float32)` is not implemented."""

    def single(x):
        return (x.astype(np.float32) ** 2).sum()

    gradient = gradc.grad(single, target="python")(X)
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, 2 * X, rtol=1e-6)


def test_tangent_second_order_through_writes():
    """High derivatives of programs with writes are declared unreliable."""

    def written(x):
        y = x.copy()
        for i in range(1, len(y)):
            y[i] = y[i] * y[i - 1]
        return y[-1] * y[1]

    agrees(written, X, order=2)


def test_tangent_20000_steps_compiled():
    """A loop of 20 000 scalar steps takes 54 times as long backwards, as it runs interpreted."""

    def loop(x, n):
        s = 0.0
        v = x
        for _ in range(n):
            v = v + 1e-4 * np.sin(v)
            s += v
        return s

    step = 1e-6
    found = gradc.grad(loop)(0.3, 20_000)
    wanted = (loop(0.3 + step, 20_000) - loop(0.3 - step, 20_000)) / (2 * step)
    np.testing.assert_allclose(found, wanted, rtol=1e-7)


def test_tangent_31_sum_of_the_upper_triangle():
    """The inner loop `range(i, cols)` raises; the loops run over `np.arange`."""

    def upper(x):
        total = 0
        rows, cols = x.shape
        for i in np.arange(rows):
            for j in np.arange(i, cols):
                total = total + x[i, j]
        return total

    x = np.arange(9.0).reshape(3, 3)
    assert_gradient(upper, (x,), np.triu(np.ones((3, 3))))


def test_tangent_66_log_sum_exp_with_a_running_maximum():
    """The gradient of log-sum-exp written with a running maximum is all zeros."""

    def logsumexp(a):
        result = 0.0
        largest = a[0]
        for i in range(1, len(a)):
            if a[i] > largest:
                largest = a[i]
        for i in range(len(a)):
            result += np.exp(a[i] - largest)
        return np.log(result) + largest

    a = np.array([1.0, 2.0, 3.0, 4.0])
    assert_gradient(logsumexp, (a,), np.exp(a) / np.exp(a).sum())


def test_tangent_77_nested_functions():
    """Functions inside functions are refused."""

    def outer(x):
        def inner(v):
            return v * x

        return inner(x) + inner(2.0)

    assert_gradient(outer, (1.5,), 2 * 1.5 + 2.0)


def test_tangent_docs_closures_and_classes():
    """Closures, classes and objects that change are outside of the subset."""

    class Spring:
        def __init__(self, stiffness):
            self.stiffness = stiffness

        def energy(self, x):
            return 0.5 * self.stiffness * x * x

    spring = Spring(3.0)
    factor = 2.0

    def total(x):
        parts = []
        for k in range(3):
            parts.append(factor * spring.energy(x + k))  # noqa: PERF401
        return sum(parts)

    assert_gradient(total, (1.0,), 2.0 * 3.0 * (1 + 2 + 3))

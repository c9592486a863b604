"""What users of NVIDIA Warp report as wrong, and what its guide documents as wrong."""

import numpy as np

import gradc
from tests.threads.support import agrees, assert_gradient

X = np.array([0.5, -1.2, 2.0, 0.3])


def test_warp_docs_dynamic_loop_product():
    """The guide shows [32 8 2] for a product over a runtime range, where [4 4 4] is right."""

    def product(x, n):
        p = 1.0
        for i in range(n):
            p *= x[i]
        return p

    assert_gradient(product, (np.full(3, 2.0), 3), np.full(3, 4.0))


def test_warp_docs_weighted_mean():
    """The guide shows inf for a mean whose weights are summed in the same runtime loop."""

    def mean(w, x, n):
        total = 0.0
        norm = 0.0
        for i in range(n):
            total += w[i] * x[i]
            norm += w[i]
        return total / norm

    w, x = np.array([1.0, 2.0, 5.0]), np.array([3.0, -1.0, 0.5])
    average = w @ x / w.sum()
    assert_gradient(mean, (w, x, 3), (x - average) / w.sum(), w / w.sum())


def test_warp_docs_multiply_array_in_place():
    """In-place `*=` on an array has a wrong adjoint; a warning comes at debug level only."""

    def scale(x, a):
        y = x.copy()
        for i in range(len(y)):
            y[i] *= a[i]
            y[i] *= y[i]
        return y.sum()

    a = np.array([2.0, 3.0, -1.0, 0.5])
    assert_gradient(scale, (X, a), 2 * X * a**2, 2 * X**2 * a)


def test_warp_docs_divide_array_in_place():
    """In-place `/=` on an array has a wrong adjoint."""

    def normalised(x):
        y = x.copy()
        for i in range(1, len(y)):
            y[i] /= y[i - 1]
        return y[-1]

    agrees(normalised, X)


def test_warp_docs_component_assigned_twice():
    """A component of a local vector may be assigned once only."""

    def twice(x):
        v = np.zeros(3)
        v[0] = x
        v[0] = v[0] * v[0]
        v[0] = 3.0 * v[0]
        return v[0]

    assert_gradient(twice, (1.5,), 9.0)


def test_warp_docs_array_overwritten_after_read():
    """An array that is written to after it was read gives wrong gradients unless checks are on."""

    def overwritten(x):
        y = x.copy()
        s = 0.0
        for i in range(len(y)):
            s += y[i] ** 2
            y[i] = 7.0
        return s + y[0]

    assert_gradient(overwritten, (X,), 2 * X)


def test_warp_docs_loop_longer_than_the_unrolling_limit():
    """Loops of up to 16 steps are unrolled and right; longer ones go the way of runtime loops."""

    def power(x):
        p = 1.0
        for _ in range(17):
            p = p * x
        return p

    assert_gradient(power, (1.1,), 17 * 1.1**16)


def test_warp_docs_unsupported_syntax():
    """Lambdas, comprehensions, recursion and exceptions are not taken in kernels."""

    def factorial(n, x):
        if n == 0:
            return x
        return n * factorial(n - 1, x)

    def mixed(x):
        if len(x) != 4:
            raise ValueError("four numbers")
        square = lambda v: v * v  # noqa: E731
        return sum([square(v) for v in x]) + factorial(3, x[0])

    assert_gradient(mixed, (X,), 2 * X + np.array([6.0, 0, 0, 0]))


def test_warp_docs_constants_are_double():
    """Literals become single precision, which shows in a double-precision program."""

    def scaled(x):
        return 0.1 * x

    assert_gradient(scaled, (1.0,), 0.1)


def test_warp_140_length_computed_from_an_argument():
    """A sum whose length comes from an argument, times a factor: the factor's gradient is zero."""

    def weighted(c, a, weight, p):
        total = 0.0
        for j in range(p + 1):
            total = total + weight[j] * a[j]
        return total * c[0]

    a = np.arange(1.0, 6.0)
    assert_gradient(weighted, (np.array([1.0]), a, a, 4), [55.0], 1.0 * a)


def test_warp_174_variable_overwritten_in_a_loop():
    """Where a loop overwrites a variable the gradient is wrong, as the replay leaves loops out."""

    def iterate(x, n):
        v = x
        for _ in range(n):
            v = np.sin(v) + v * v
        return v

    agrees(iterate, 0.3, 5)


def test_warp_168_matrix_product():
    """The gradient of a matrix product is wrong."""

    def product(a, b):
        c = a @ b
        return (c * c).sum()

    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4) / 5
    assert_gradient(product, (a, b), 2 * (a @ b) @ b.T, 2 * a.T @ (a @ b))


def test_warp_218_components_added_to():
    """`v[0] += x` on a local vector gives a zero gradient."""

    def add(x):
        v = np.zeros(3)
        v[0] += x[0]
        v[1] += x[1]
        v[2] += x[2]
        return v @ v

    x = np.array([1.0, 2.0, 3.0])
    assert_gradient(add, (x,), 2 * x)


def test_warp_248_components_of_rows():
    """Writing the components of the vectors of an array one by one gives a zero gradient."""

    def rows(x):
        y = np.zeros((len(x), 3))
        for i in range(len(x)):
            y[i, 0] = x[i] * 2
            y[i, 1] = x[i] * 3
            y[i, 2] = x[i] * 4
        return y.sum()

    assert_gradient(rows, (X,), np.full(4, 9.0))


def test_warp_729_replay_of_a_runtime_loop():
    """What the adjoint of a runtime loop needs is not replayed, so it sees stale values."""

    def newton(a, n):
        y = a
        for _ in range(n):
            y = 0.5 * (y + a / y)
        return y

    assert_gradient(newton, (2.0, 30), 0.5 / np.sqrt(2.0))


def test_warp_790_running_extremum_at_an_index():
    """Compare-and-exchange and atomic maxima have no adjoint."""

    def bins(x, where):
        top = np.full(2, -100.0)
        for i in range(len(x)):
            top[where[i]] = max(top[where[i]], x[i])
        return top @ top

    assert_gradient(bins, (X, np.array([0, 1, 0, 1])), [0.0, 0.0, 2 * 2.0, 2 * 0.3])


def test_warp_947_read_then_overwritten():
    """`b` is read and then added to, and the adjoint multiplies with the new `b`: 110, not 10."""

    def loss(x, b):
        result = x[1] * b[0]
        b[0] += 100.0
        return result

    assert_gradient(loss, (np.arange(3.0), np.array([10.0])), [0.0, 10.0, 0.0], [1.0])


def test_rewarped_33_read_and_write_of_global_memory():
    """A state array that is read and written by one kernel breaks its gradient."""

    def advance(q, v, dt, n):
        q = q.copy()
        v = v.copy()
        for _ in range(n):
            for i in range(len(q)):
                v[i] = v[i] - dt * np.sin(q[i])
                q[i] = q[i] + dt * v[i]
        return (q * v).sum()

    agrees(advance, X, 0.3 * X, 0.1, 7)


def test_warp_1293_nested_dynamic_loops():
    """In two nested runtime loops the gradient of what the outer one reads comes out doubled."""

    def chain(q, counts):
        total = 0.0
        for i in range(len(counts)):
            angle = q[i]
            for j in range(counts[i]):
                angle = angle + np.sin(angle) * (j + 1)
            total += angle * q[i]
        return total

    agrees(chain, np.array([0.3, -0.7, 1.1]), np.array([2, 0, 3]))


def test_warp_1350_array_changed_after_recording():
    """The backward sweep reads what an array holds by then, not what it held when it was read."""

    def squares(x):
        return (x * x).sum()

    x = np.array([3.0, 1.0])
    _, pullback = gradc.vjp(squares, x, target="python")
    x[:] = 50.0
    np.testing.assert_allclose(pullback(1.0)[0], [6.0, 2.0])


def test_warp_1472_cross_component_advection():
    """The advection terms between velocity components get the wrong sign in a fluid step."""

    def tentative(u, v, dt, nu):
        unew = u.copy()
        vnew = v.copy()
        for i in range(1, u.shape[0] - 1):
            for j in range(1, u.shape[1] - 1):
                dudx = 0.5 * (u[i + 1, j] - u[i - 1, j])
                dudy = 0.5 * (u[i, j + 1] - u[i, j - 1])
                dvdx = 0.5 * (v[i + 1, j] - v[i - 1, j])
                dvdy = 0.5 * (v[i, j + 1] - v[i, j - 1])
                lapu = u[i + 1, j] + u[i - 1, j] + u[i, j + 1] + u[i, j - 1] - 4 * u[i, j]
                lapv = v[i + 1, j] + v[i - 1, j] + v[i, j + 1] + v[i, j - 1] - 4 * v[i, j]
                unew[i, j] = u[i, j] + dt * (nu * lapu - u[i, j] * dudx - v[i, j] * dudy)
                vnew[i, j] = v[i, j] + dt * (nu * lapv - u[i, j] * dvdx - v[i, j] * dvdy)
        return (unew**2).sum() + (unew * vnew).sum()

    u = np.sin(np.arange(20.0)).reshape(4, 5)
    agrees(tentative, u, np.cos(u), 0.1, 0.3)


def test_warp_1552_continue_in_an_argmax():
    """With `continue`, every output gets the gradient of the last step that ran the body."""

    def largest(x, c):
        best = np.full(len(x), -1e20)
        for t in range(len(x)):
            for p in range(len(c)):
                if c[p] == 0.0:
                    continue
                v = x[t] * c[p] * (p + 1)
                if v > best[t]:
                    best[t] = v
        return best.sum()

    c = np.array([3.0, 0.0, -1.0, 0.0, 0.5])
    assert_gradient(largest, (np.array([1.0, -2.0]), c), [3.0, -3.0])


def test_warp_1694_variable_set_before_a_dynamic_loop():
    """What is computed before a runtime loop and used after it gets a zero or stale adjoint."""

    def out(x, b, n):
        acc = 5.0
        scale = b * b
        for i in range(n):
            acc += x[i] * x[i]
        return acc * acc * scale

    x, b = np.array([1.0, 2.0]), 3.0
    assert_gradient(out, (x, b, 2), 4 * 10.0 * x * b**2, 2 * b * 100.0)


def test_warp_1697_self_increment():
    """`v[i] = v[i] + x` counts each write again for every later one, exponentially over steps."""

    def chain(x, n):
        m = np.zeros(2)
        for _ in range(n):
            m[0] = m[0] + x
            m[0] = m[0] + x
            m[1] = m[1] + m[0]
        return m[0] + m[1]

    assert_gradient(chain, (0.7, 4), 8.0 + 20.0)


def test_warp_1728_copy_clone_assign():
    """Gradients through copies and assignments of whole arrays are wrong."""

    def copies(x):
        a = x.copy()
        b = np.empty_like(x)
        b[:] = a * 2
        c = np.array(b)
        a[0] = 0.0
        c[1] = a[1]
        return (a * b * c).sum()

    agrees(copies, X)


def test_warp_1736_conditional_expression_of_one_array():
    """A conditional expression both of whose arms read one array gives zero gradients."""

    def either(x, term, flag):
        return (x[1] / term[1] if flag else x[1]) ** 2

    x, term = np.array([1.0, 3.0]), np.array([1.0, 2.0])
    assert_gradient(either, (x, term, True), [0.0, 1.5], [0.0, -2 * 9.0 / 8.0])
    assert_gradient(either, (x, term, False), [0.0, 6.0], [0.0, 0.0])


def test_warp_1740_accumulator_in_a_function():
    """A function that returns a nonlinear function of what a loop sums up sees a stale sum."""

    def root_of_sum(x):
        total = 0.5
        for i in range(len(x)):
            total += x[i] ** 2
        return np.sqrt(total)

    def loss(x):
        return 3.0 * root_of_sum(x)

    assert_gradient(loss, (X,), 3.0 * X / np.sqrt(0.5 + X @ X))


def test_warp_1754_function_called_in_a_loop():
    """Moving a runtime loop into a function does not help where its result is used nonlinearly."""

    def inner(x, k):
        s = 1.0
        for i in range(k):
            s *= x[i]
        return s * s

    def loss(x):
        total = 0.0
        for k in range(len(x) + 1):
            total += inner(x, k)
        return total

    agrees(loss, X)


def test_warp_1813_second_order():
    """Second derivatives through kernels are asked for."""

    def energy(x, n):
        e = 0.0
        for i in range(n - 1):
            e += (x[i + 1] - x[i] ** 2) ** 2
        return e

    agrees(energy, X, 4, order=2)

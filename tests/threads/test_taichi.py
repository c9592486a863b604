"""What users of Taichi and its forks report as wrong or refused."""

import numpy as np

from tests.threads.support import agrees, assert_gradient

X = np.array([0.5, -1.2, 2.0, 0.3])


def test_taichi_571_running_minimum_along_a_path():
    """The smallest distance along a path, kept in a field, is refused by the simplicity rule."""

    def closest(target, path):
        best = 1e9
        for i in range(len(path)):
            d = np.sqrt((target[0] - path[i, 0]) ** 2 + (target[1] - path[i, 1]) ** 2)
            if best > d:
                best = d
        return (0.01 - best) ** 2

    path = np.array([[0.0, 0.0], [1.0, 1.0], [3.0, 0.5]])
    target = np.array([1.5, 1.0])
    assert_gradient(closest, (target, path), [2 * (0.5 - 0.01), 0.0])


def test_taichi_1074_break_and_continue():
    """`break` and `continue` cannot be differentiated."""

    def until(x, limit):
        s = 0.0
        for i in range(len(x)):
            if x[i] < 0:
                continue
            s += x[i] ** 2
            if s > limit:
                break
        return s

    assert_gradient(until, (np.array([1.0, -3.0, 2.0, 5.0]), 4.5), [2.0, 0.0, 4.0, 0.0])


def test_taichi_2387_preparation_before_an_inner_loop():
    """Statements beside an inner loop of runtime length are refused, and so is its `break`."""

    def march(origin, direction, n):
        total = 0.0
        for k in range(len(origin)):
            position = origin[k] * 2.0
            transparency = 1.0
            for step in range(n):
                density = np.exp(-position * position)
                total += transparency * density * (step + 1)
                transparency *= 1.0 - density
                if transparency < 0.05:
                    break
                position += direction[k]
            total += transparency
        return total

    agrees(march, np.array([-0.9, 0.2]), np.array([0.4, 0.5]), 6)


def test_taichi_2398_value_of_the_outer_loop():
    """A value read in the outer loop and used in the inner one has to be read in the inner one."""

    def table(a, b):
        m = np.zeros((len(a), len(b)))
        for i in range(len(a)):
            outer = a[i] * a[i]
            for j in range(len(b)):
                m[i, j] = outer * b[j]
        return (m * m).sum()

    agrees(table, np.array([1.0, 2.0]), X)


def test_taichi_2425_recursive_average():
    """A moving average that reads what it wrote before breaks the rule of global data access."""

    def average(x, alpha):
        e = np.zeros(len(x))
        e[0] = x[0]
        for i in range(1, len(x)):
            e[i] = alpha * x[i] + (1.0 - alpha) * e[i - 1]
        return e[-1]

    x = np.array([1.0, 3.0, 5.0])
    assert_gradient(average, (x, 0.5), [0.25, 0.25, 0.5], 4.0)


def test_taichi_2505_state_overwritten_by_itself():
    """`x = cos(theta) * x` gives the wrong gradient of theta; writing to `y` does not."""

    def step(theta, x):
        x[0] = np.cos(theta) * x[0]
        return x[0]

    assert_gradient(step, (0.4, np.array([2.0])), -2.0 * np.sin(0.4), [np.cos(0.4)])


def test_taichi_3885_read_then_mutated():
    """Writing to what has been read is forbidden, and breaking the rule is silently wrong."""

    def rule(x):
        x[0] = x[0] * x[1]
        x[1] = x[0] * x[1]
        return x[0] + x[1]

    assert_gradient(rule, (np.array([2.0, 3.0]),), [3.0 + 9.0, 2.0 + 12.0])


def test_taichi_3912_statements_between_loops():
    """A body may hold one nested loop or statements, not both."""

    def mixed(x):
        total = 0.0
        for i in range(len(x)):
            s = x[i]
            for j in range(i):
                s *= 1.0 + x[j]
            t = np.sin(s)
            for j in range(i, len(x)):
                t += s * x[j]
            total += t * t
        return total

    agrees(mixed, X)


def test_taichi_8027_long_inner_loop():
    """An inner loop of 31 steps or more crashes on the CPU."""

    def inner(x):
        total = 0.0
        for i in range(len(x)):
            v = x[i]
            for _ in range(40):
                v = 0.9 * v + 0.1 * v * v
            total += v
        return total

    agrees(inner, np.array([0.5, -0.2]))


def test_taichi_8356_added_to_in_an_inner_loop():
    """`x[i] += y[j]` gives y the gradient 1; summing into a local first gives the right 5."""

    def add(x, y):
        for i in range(len(x)):
            for j in range(len(y)):
                x[i] += y[j]
        return x.sum()

    assert_gradient(add, (np.zeros(5), np.array([1.0, 2.0, 3.0])), np.ones(5), np.full(3, 5.0))


def test_taichi_4412_local_accumulator():
    """`q += p` five times in an inner loop gives the gradient 1, not 5."""

    def five_times(a):
        f = np.zeros(len(a))
        for i in range(len(a)):
            p = a[i]
            q = 0.0
            for _ in range(5):
                q += p
            f[i] = q
        return f.sum()

    assert_gradient(five_times, (X,), np.full(4, 5.0))


def test_taichi_8802_loop_carried_read_after_write():
    """An element read in one step and written in an earlier one is 4.8 times off, unnoticed."""

    def recurrence(x, n):
        a = np.zeros(n + 1)
        a[0] = x[0]
        for i in range(n):
            a[i + 1] = a[i] * a[i] * 0.5 + x[1]
            a[i] = a[i + 1] * x[0]
        return a.sum()

    agrees(recurrence, np.array([0.8, 0.6]), 5)


def test_quadrants_490_stack_of_each_variable():
    """A value recorded for each step has to be asked for with an option."""

    def logistic(r, x, n):
        for _ in range(n):
            x = r * x * (1.0 - x)
        return x

    agrees(logistic, 3.2, 0.3, 9)

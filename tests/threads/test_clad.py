"""What users of Clad, the source-to-source tool for C++, report as wrong."""

import numpy as np

from tests.threads.support import agrees, assert_gradient


def test_clad_299_name_assigned_again():
    """An argument that is assigned again loses or doubles its gradient."""

    def again(x, y):
        x = x * y
        y = x + y
        x = x * x
        return x * y

    agrees(again, 1.5, -0.7)


def test_clad_474_loop_over_a_parameter():
    """Arguments that a loop's condition depends on get the gradient zero."""

    def integral(lower, upper):
        total = 0.0
        interval = 0.25
        x = lower
        while x <= upper:
            total += x * x * interval
            x += interval
        return total

    # the sum over x = 1, 1.25, 1.5, 1.75, each of which moves with `lower`
    assert_gradient(integral, (1.0, 1.9), 2 * 0.25 * (1 + 1.25 + 1.5 + 1.75), 0.0)


def test_clad_650_chained_assignment_of_a_constant():
    """`u = v = u = 0` gives u the gradient -1."""

    def overwritten(u, v):
        u = v = u * 0.0
        return u + v * 3.0

    assert_gradient(overwritten, (3.0, 5.0), 0.0, 0.0)


def test_clad_710_continue_at_the_end():
    """A `continue` as the last statement of a body shifts the steps of the backward sweep."""

    def with_continue(u, v):
        result = 11 * u
        for i in range(3):
            result += u * i
            continue
        return result

    assert_gradient(with_continue, (3.0, 5.0), 14.0, 0.0)


def test_clad_746_assignment_in_the_condition():
    """What the condition of a loop assigns got no gradient."""

    def condition(i, j):
        count = 0
        while (result := i * j) > 0:
            if count == 1:
                break
            count += 1
        return result

    assert_gradient(condition, (3.0, 5.0), 5.0, 3.0)

    def body(i, j):
        count = 0
        while True:
            result = i * j
            if result <= 0 or count == 1:
                break
            count += 1
        return result

    assert_gradient(body, (3.0, 5.0), 5.0, 3.0)


def test_clad_833_break():
    """A loop that is left by `break` is run back for all its steps."""

    def leave(u, v):
        result = 0.0
        for i in range(1, 3):
            result += i * u
            if i == 1:
                break
        return result

    assert_gradient(leave, (3.0, 5.0), 1.0, 0.0)


def test_clad_927_local_array_in_a_loop():
    """A likelihood with calls, local arrays and an inner loop in a loop is wrong."""

    def gaussian(x, mean, sigma):
        arg = x - mean
        return np.exp(-0.5 * arg * arg / (sigma * sigma))

    def likelihood(params):
        result = 0.0
        weights = [params[0], params[1], 1.0]
        for _ in range(6):
            a = gaussian(2.0, 5.0, params[2]) / 3
            b = gaussian(2.0, 2.0, params[3]) / 3
            c = gaussian(2.0, 7.0, params[4]) / 3
            d = gaussian(2.0, 6.0, params[5]) / 3
            shapes = [a, b, c, d]
            total = 0.0
            norm = 0.0
            for i in range(3):
                total += shapes[i] * weights[i]
                norm += weights[i]
            total += shapes[3] * (1 - norm)
            result += total
        return result

    agrees(likelihood, np.array([0.25, 0.25, 0.5, 1.0, 1.5, 2.0]))


def test_clad_1108_unused_acos_outside_its_domain():
    """An arc cosine whose result is not used makes the gradient nan outside of [-1, 1]."""

    def unused(c, a):
        _ = np.arccos(-c / a)
        return 2 * c * c * a

    with np.errstate(invalid="ignore"):
        assert_gradient(unused, (5.0, 3.0), 60.0, 50.0)


def test_clad_1865_divisor_in_loop():
    """A divisor written inline in a loop sees the values of the last step only."""

    def quotients(a, n):
        s = 0.0
        for i in range(n):
            x = i + 1.0
            s += 1.0 / (x + a * a)
        return s

    a = 0.7
    assert_gradient(quotients, (a, 3), -sum(2 * a / (i + 1.0 + a * a) ** 2 for i in range(3)))

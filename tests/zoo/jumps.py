"""``while``, ``break``, ``continue``, ``else`` of loops, early ``return``."""

import math

import numpy as np

from tests.zoo.case import Group

zoo = Group("jumps")

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.arange(12.0).reshape(3, 4) / 5 - 1


@zoo(2.0)
def newton_until_close(a):
    x = a
    while abs(x * x - a) > 1e-10:
        x = 0.5 * (x + a / x)
    return x


@zoo(5.0)
def halvings(x):
    count = 0
    while x > 1:
        x = x / 2
        count += 1
    return x * count


@zoo(0.5)
def while_never_entered(x):
    while x > 1:
        x = x / 2
    return x * 3


@zoo(V)
def while_over_array(x):
    i = 0
    s = 0.0
    while i < len(x) and x[i] < 1.0:
        s += x[i] ** 2
        i += 1
    return s


@zoo(1.1)
def while_true_break(x):
    y = x
    while True:
        y = y * x
        if y > 5:
            break
    return y


@zoo(1.1)
def while_true_return(x):
    y = x
    while True:
        y = y * x
        if y > 5:
            return y * 2


@zoo(V)
@zoo(np.abs(V))
def first_negative(x):
    found = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            found = x[i]
            break
    return found * 2 + x[0]


@zoo(V)
@zoo(np.abs(V))
def return_from_loop(x):
    for i in range(len(x)):
        if x[i] < 0:
            return x[i] * 2
    return x[0]


@zoo(M)
@zoo(np.abs(M))
def return_from_nested_loops(x):
    s = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j] > 0.5:
                return s + x[i, j] * 10
            s += x[i, j]
    return s


@zoo(M)
def break_inner_only(x):
    s = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            if x[i, j] > 0.1:
                break
            s += x[i, j]
        s = s * 2
    return s


@zoo(V)
def continue_and_break(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            continue
        if x[i] > 1.5:
            break
        s += x[i]
    return s


@zoo(V)
def continue_in_nested_branch(x):
    s = 0.0
    for i in range(len(x)):
        t = x[i] * 2
        if i > 0:
            if x[i] > 1:
                continue
            t = t + 1
        s += t
    return s


@zoo(V)
@zoo(np.abs(V))
def for_else(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            s = -x[i]
            break
        s += x[i]
    else:
        s = s * 10
    return s


@zoo(3.0)
@zoo(0.5)
def while_else(x):
    while x > 1:
        x = x - 0.7
        if x > 2:
            break
    else:
        x = x * 5
    return x


@zoo(V)
def loop_variable_after_loop(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i]
        if s < 0:
            break
    return s * (i + 1)


@zoo(V)
def assigned_first_in_loop(x):
    for i in range(len(x)):
        last = x[i] * 2
    return last


@zoo(1.5)
@zoo(-1.5)
def assigned_on_both_later(x):
    if x > 0:
        y = x * 2
    if x > 0:
        z = y + 1
    else:
        z = x
    return z


@zoo(0.3, 20)
def fixed_point_with_tolerance(x, n):
    for _ in range(n):
        new = math.cos(x)
        if abs(new - x) < 1e-3:
            x = new
            break
        x = new
    return x


@zoo(0.7)
def early_returns(x):
    if x < 0:
        return 0.0 * x
    if x < 0.5:
        return x**2
    if x < 1:
        return x**3
    return x


@zoo(V)
def several_breaks(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 1.5:
            break
        s += x[i]
        if s < -5:
            break
        s += 1
    return s


@zoo(V)
def return_in_while_in_for(x):
    total = 0.0
    for i in range(len(x)):
        y = abs(x[i])
        while y > 0.4:
            y = y / 2
            total += y
            if total > 1.0:
                return total * 2
    return total


@zoo(10)
def collatz_like(n):
    steps = 0
    value = 1.0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
        else:
            n = 3 * n + 1
        steps += 1
        value = value * 1.1
    return value + steps


@zoo(1.3, 4)
def break_with_step(x, n):
    s = 0.0
    for k in range(2 * n, 0, -2):
        s += x**k
        if s > 10:
            break
    return s


# piecewise constant in its arguments, and the tolerance must stay above the spacing of floats
@zoo(2.0, 1.0, 1e-8, smooth=False)
def bisection(high, low, tolerance):
    while high - low > tolerance:
        middle = 0.5 * (low + high)
        if middle * middle - 2 > 0:
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


@zoo(V)
def condition_calls_function(x):
    def energy(y):
        return np.sum(y**2)

    while energy(x) > 1.0:
        x = x * 0.8
    return x


@zoo(0.4, 3)
@zoo(2.4, 3)
def return_after_loop_in_one_branch(u, n):
    if n == 1:
        u = u * 2
    else:
        for _ in range(n):
            u = u + 1
        if u < 4:
            return u * 3
    return u + 1


@zoo(V)
def continue_past_an_assignment(x):
    u = 1.0
    s = 0.0
    for i in range(len(x)):
        if i > 0:
            if x[i] < 0:
                continue
            t = x[i] * u
            s += t
        u = 0.5 * x[i] + s
    return s + u


@zoo(V)
def break_past_an_assignment(x):
    u = 1.0
    s = 0.0
    for i in range(len(x)):
        if i > 0:
            if x[i] > 1:
                break
            s += x[i] * u
        u = 0.5 * x[i] + s
    return s * u

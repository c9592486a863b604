"""Branches, conditional expressions, logic."""

import math

import numpy as np

from tests.zoo.case import Group

zoo = Group("branches")

V = np.array([0.5, -1.2, 2.0])


@zoo(1.5)
@zoo(-1.5)
def if_else(x):
    if x > 0:
        y = x**2
    else:
        y = -3 * x
    return y


@zoo(1.5)
@zoo(-1.5)
def if_only(x):
    y = x
    if x < 0:
        y = -x * 2
    return y


@zoo(-2.0)
@zoo(0.5)
@zoo(2.0)
def elif_chain(x):
    if x < -1:
        y = x
    elif x < 1:
        y = x**2
    elif x < 1.5:
        y = 2 * x
    else:
        y = math.log(x)
    return y


@zoo(1.5)
@zoo(-1.5)
def early_return(x):
    if x < 0:
        return -x
    y = x * 2
    return y + 1


@zoo(1.5)
@zoo(-1.5)
def both_return(x):
    if x < 0:
        return x * 3
    else:
        return x**2


@zoo(1.5, 2.5)
@zoo(2.5, 1.5)
def conditional_expression(x, y):
    return x * 2 if x < y else y * 3


@zoo(1.5)
@zoo(-0.5)
@zoo(-1.5)
def nested_conditional_expression(x):
    return x if x > 0 else (x * 2 if x > -1 else x * 3)


@zoo(0.5, 0.2)
@zoo(0.5, 0.9)
@zoo(1.5, 0.2)
def chained_comparison(x, y):
    return x * 2 if 0 < y < x < 1 else x + y


@zoo(0.5, 0.2)
@zoo(-0.5, 0.2)
@zoo(-0.5, -0.2)
def logic(x, y):
    a = x > 0 and y > 0
    b = x > 0 or y > 0
    s = 0.0
    if a:
        s += x
    if b and not a:
        s += y
    if not b:
        s += x * y
    return s + x


@zoo(V, 1)
@zoo(V, 5)
def guarded_index(x, i):
    if i < len(x) and x[i] < 0:
        return x[i] * 2
    return x[0]


@zoo(0.0, smooth=False)
@zoo(2.0)
def untaken_branch_is_harmless(x):
    if x > 0:
        y = math.log(x) / x
    else:
        y = x * 2
    return y


@zoo(1.5, 2)
@zoo(1.5, 0)
def truth_of_integer(x, n):
    if n:
        return x * n
    return x


@zoo(1.5)
def several_variables(x):
    a, b, c = 1.0, 2.0, x
    if x > 1:
        a = x
        b, c = c, b
    else:
        c = a
    return a * b + c


@zoo(1.5)
@zoo(-1.5)
def integer_or_float(x):
    k = 1
    if x > 0:
        k = 2.5
    return k * x


@zoo(V)
@zoo(-V)
def arrays_in_branches(x):
    if x.sum() > 0:
        y = x * 2
    else:
        y = x**2
    return y + x


@zoo(1.5)
@zoo(-1.5)
def nested_branches(x):
    if x > -2:
        if x > 0:
            y = x
        else:
            y = 2 * x
        y = y + 1
    else:
        y = x**2
    return y * x


@zoo(1.5)
@zoo(0.5)
def return_inside_nested(x):
    if x > 0:
        if x > 1:
            return x * 5
        x = x + 1
    return x * 2


@zoo(1.5)
def static_condition(x):
    mode = "square"
    if mode == "square":
        return x**2
    return np.this_does_not_exist(x)


@zoo(1.5)
@zoo(-1.5)
def boolean_variable(x):
    positive = x > 0
    scale = 2.0 if positive else 3.0
    return scale * x * positive


@zoo(1.5)
@zoo(-1.5)
def temporary_in_branch(x):
    s = x
    if x > 0:
        t = x * 2
        s = t + t * x
    return s


@zoo(0.3)
@zoo(3.0)
def huber(x):
    a = abs(x)
    return 0.5 * x * x if a <= 1.0 else a - 0.5


@zoo(2.0, 3.0)
@zoo(-2.0, 3.0)
def or_returns_operand(x, y):
    z = 0.0 if x > 0 else y
    return (z or x) * y


@zoo(V)
def branch_in_loop(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            s += x[i] ** 2
        elif x[i] > 1:
            s += x[i]
    return s


@zoo(V)
def continue_in_loop(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            continue
        s += x[i] ** 2
    return s

"""Names: of other alphabets, and those that the generated program would like to have for itself."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("names")

V = np.array([0.7, -0.4, 1.3, 0.2])


@zoo(0.4, V)
def alphabets(θ, Δx):
    größe = np.sin(θ) * Δx
    π_2, 温度 = größe[0], größe.sum()
    for ι in range(len(Δx)):
        温度 = 温度 * θ + Δx[ι] * π_2
    return 温度


@zoo(0.4, V)
def compatible_characters(µ, 𝑥):
    # Python reads the micro sign as a Greek letter, and a mathematical italic as a plain one
    μ = µ * x[0]
    return μ * 𝑥.sum()


@zoo(0.4, V)
def cotangents(x, x_bar):
    y_bar = x * x_bar[0]
    y = y_bar * x_bar
    for i in range(len(x_bar)):
        y_bar = y_bar * x + y[i] * x_bar[i]
    x_dot = y_bar * x
    x_bar_bar = x_dot * y_bar
    return x_bar_bar + y.sum()


@zoo(0.4, V)
def modules(np, math):
    gradc_runtime = np * math[0]
    numba = gradc_runtime * math
    for numpy in range(3):
        numba = numba * np + numpy
    return numba.sum()


@zoo(0.4, V)
def builtins_as_names(range, len):
    max = range * len[0]
    min = max * len
    abs, int, float, bool = min[0], min[1], 2, min[3]
    for enumerate in (1, 2, 3):
        float = float * abs + int * enumerate * bool
    ValueError = float * range
    return ValueError + min.sum()


@zoo(0.4, V)
def loops_with_builtins_as_names(reversed, tuple):
    # the generated loops call the functions whose names these are
    print = reversed
    for range_1 in range(tuple.shape[0]):
        if tuple[range_1] > 0.1:
            print = print * reversed + tuple[range_1] ** 2
    sum = print * print
    while sum < 5.0:
        sum = sum * 1.7 + reversed
    return sum


@zoo(0.4, V)
def words_of_the_generated_program(advance, kernel):
    segment = advance * kernel[0]
    attempt = segment
    tape = stack = kernel * segment
    wrap = attempt
    for i in range(len(kernel)):
        for i_1 in range(i):
            attempt = attempt * advance + kernel[i] * kernel[i_1]
            wrap += attempt * tape[i_1]
    value, t1, t2 = wrap * stack[1], segment * attempt, kernel[2]
    return value * t1 + t2 * wrap


@zoo(0.4, V)
def numbered(x, x_1):
    x_2 = x * x_1[0]
    i_1 = x_2 * x
    for i in range(3):
        for i_2 in range(i, 4):
            x = x * x_1[i_2] + i_1
        i_1 = i_1 * x_2 + x * i
    n, n_1, n_bar = x * i_1, x_1 * x, i_1 * x_2
    return n * n_1.sum() + n_bar


@zoo(0.4, V)
def _under_scores(_, __):
    _x, x_, __y = _ * 2.0, _ * __[0], __ * _
    for _i in range(2):
        _x = _x * x_ + __y[_i]
    return _x * x_


@zoo(0.4, V)
def like_its_own_function(like_its_own_function, lambda_):
    f = like_its_own_function * lambda_[1]
    for _ in range(2):
        f = f * like_its_own_function + lambda_[0] * f * f
    return f

"""Counted loops."""

import math

import numpy as np

from tests.zoo.case import Group

zoo = Group("loops")

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.arange(12.0).reshape(3, 4) / 5 - 1


@zoo(V)
def total(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i]
    return s


@zoo(V)
def sum_of_squares(x):
    s = 0.0
    for i in range(x.shape[0]):
        s = s + x[i] ** 2
    return s


@zoo(1.1, 5)
@zoo(1.1, 0)
@zoo(1.1, 1)
def power_by_loop(x, n):
    p = 1.0
    for _ in range(n):
        p = p * x
    return p


@zoo(V)
def backwards(x):
    s = 0.0
    for i in range(len(x) - 1, -1, -1):
        s = s * 0.5 + x[i]
    return s


@zoo(V, 0.7)
def horner(c, x):
    p = 0.0
    for i in range(len(c)):
        p = p * x + c[i]
    return p


@zoo(V)
def with_steps(x):
    s = 0.0
    for i in range(0, len(x), 2):
        s += x[i] * (i + 1)
    for i in range(3, 0, -2):
        s -= x[i]
    return s


@zoo(M)
def nested_sum(x):
    s = 0.0
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            s += x[i, j] * (i - j)
    return s


@zoo(M)
def triangular(x):
    s = 0.0
    for i in range(3):
        for j in range(i + 1):
            s += x[i, j] ** 2
    return s


@zoo(M)
def triangular_slices(x):
    s = 0.0
    for i in range(3):
        s += x[i, :i] @ x[i, :i] + np.sum(x[i, i + 1 :])
    return s


@zoo(M)
def row_sums(x):
    s = np.zeros(4)
    for i in range(3):
        s = s + x[i] * i
    return s


@zoo(0.4, 1.2, 10)
def logistic_map(x, r, n):
    for _ in range(n):
        x = r * x * (1 - x)
    return x


@zoo(1.0, 0.1, 20)
def euler(y, h, n):
    t = 0.0
    for _ in range(n):
        y = y + h * (math.sin(t) - y)
        t += h
    return y, t


@zoo(0.3, -0.2, 8)
def two_recurrences(a, b, n):
    for k in range(n):
        a, b = a * b + 0.1 * k, a - b
    return a + 2 * b


@zoo(V)
def running_maximum(x):
    best = x[0]
    for i in range(1, len(x)):
        best = max(best, x[i])
    return best * 2


@zoo(V)
def running_maximum_by_branch(x):
    best = x[0]
    place = 0
    for i in range(1, len(x)):
        if x[i] > best:
            best = x[i]
            place = i
    return best * (place + 1)


@zoo(V)
def count_and_sum(x):
    count = 0
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0:
            count += 1
            s += x[i]
    return s / count


@zoo(V, 3)
def integer_becomes_float(x, n):
    s = 0
    for i in range(n):
        s = s + x[i]
    return s


@zoo(np.array([0.5, 0.2], dtype=np.float32), 3)
def float32_accumulator(x, n):
    s = 0.0
    for _ in range(n):
        s = s + x[0] * x[1]
    return s


@zoo(M, V)
def matrix_vector_by_loops(A, x):
    s = 0.0
    for i in range(A.shape[0]):
        t = 0.0
        for j in range(A.shape[1]):
            t += A[i, j] * x[j]
        s += t * t
    return s


@zoo(np.array([[0.1, 0.4], [-0.3, 0.2]]), np.array([1.0, -0.5]), 6)
def power_iteration(A, x, n):
    for _ in range(n):
        x = A @ x + 0.1
        x = x / np.linalg.norm(x)
    return x


@zoo(0.7, 10)
def taylor_series(x, n):
    term = 1.0
    s = 1.0
    for k in range(1, n):
        term = term * x / k
        s += term
    return s


@zoo(2.0, 8)
def newton_root(a, n):
    x = a
    for _ in range(n):
        x = 0.5 * (x + a / x)
    return x


@zoo(1.2, 4)
def loop_variable_in_expression(x, n):
    s = 0.0
    for k in range(n):
        s += x**k / (k + 1)
    return s


@zoo(V)
def unchanged_in_loop(x):
    a = 2.0
    s = 0.0
    for i in range(len(x)):
        b = a * x[i]
        s += b
    return s + a


@zoo(V, 3)
def previous_value(x, n):
    old = x[0]
    s = 0.0
    for i in range(1, n):
        s += (x[i] - old) ** 2
        old = x[i]
    return s


@zoo(1.5)
def fixed_range(x):
    s = 0.0
    for k in range(3):
        s = s + x * k
    return s


@zoo(1.5, 2)
def three_deep(x, n):
    s = 0.0
    for i in range(n):
        for j in range(n):
            for k in range(n):
                s += math.sin(x * i + j) * (k + 1)
    return s


@zoo(M)
def loop_over_rows_by_index(x):
    s = 0.0
    for i in range(len(x)):
        row = x[i]
        s += np.sqrt(np.sum(row**2) + 1)
    return s


@zoo(V)
def convolution_sum(x):
    s = 0.0
    for i in range(1, len(x) - 1):
        s += x[i - 1] * x[i] * x[i + 1]
    return s


@zoo(V)
def negative_index_in_loop(x):
    s = 0.0
    for i in range(len(x)):
        s += x[-1 - i] * x[i - 1]
    return s


@zoo(0.5, 3)
def loop_in_branch(x, n):
    if x > 0:
        s = x
        for _ in range(n):
            s = s * s + x
    else:
        s = -x
    return s


@zoo(V, V[::-1].copy())
def dynamic_programming_value(a, b):
    s = 1.0
    for i in range(len(a)):
        t = 0.0
        for j in range(i, len(b)):
            t += a[i] * b[j]
        s = s + t * s * 0.1
    return s


@zoo(V)
def largest_above_a_number_that_single_precision_has_not(x):
    largest = -1e300
    for i in range(len(x)):
        if x[i] > -1e300:
            largest = max(largest, x[i])
    return largest

"""What random programs found to be wrong, reduced: one function for each class of mistake."""

import math

import numpy as np

from tests.zoo.case import Group

zoo = Group("found_by_fuzzing")

V = np.array([0.5, -1.2, 2.0, 0.3])


@zoo(0.5, V)
@zoo(0.5, np.abs(V))
def pair_with_array_returned_in_loop(x, w):
    # the array of a pair that is first returned in a loop was lost
    for e in w:
        if e < 0:
            return 0.3 * e * x, w
    return x * x, w


@zoo(0.5, V)
def pair_with_array_first_assigned_in_loop(x, w):
    pair = (x, w)
    for e in w:
        other = (e * x, np.sin(w))
        if e > 1.0:
            pair = other
            break
    return pair[0] * pair[1].sum() + other[1][0]


@zoo(0.5, 2, V)
def integer_named_like_a_size_before_the_array(x, n, w):
    # the length of the array was taken for the integer
    return x * len(w) + w[n] * n + w[:n].sum()


@zoo(0.5, (2, {"m": 3}), V, np.ones((4, 2)))
def integers_in_containers_named_like_sizes(x, n_0, w, a):
    n, rest = n_0
    return x * len(w) + w[n] + a[rest["m"], 1] * a.shape[1]


@zoo(V, 2 * V, 2)
@zoo(V, 2 * V, 1)
def shapes_checked_in_branches_inside_branches(v, w, k):
    # a cotangent whose shape is checked in one branch is computed in another inside of it
    if k % 2:
        pass
    elif k:
        v, w = w, v
    else:
        v[1:] *= v
    return np.sin(v)


@zoo(V, 2)
def lambda_of_a_function_called_on_one_path(v, k):
    # names of a call that is over were looked up on the path that did not take it
    def scaled(p):
        q = p * 2
        twice = lambda z: 2 * z  # noqa: E731
        return q * twice(p[0])

    total = v
    for i in range(k):
        if v[i] > 0:
            total = scaled(total)
    return total


@zoo(0.5, V, 3)
@zoo(0.5, V, 0)
def slice_first_assigned_in_loop(x, v, k):
    # the size of the slice is computed in the loop, and again in front of it
    for _ in range(k):
        tail = v[:-1] * x
        v[1] = v[1] * x + tail[0]
    return tail * x if k > 0 else v[1:]


@zoo(0.5, V, 2)
def check_of_a_name_between_two_sweeps(x, v, k):
    # a loop that only checks was moved in front of the loop that it depends on
    for i in range(len(v), k, -1):
        last = i
        x -= v[1] ** 2
    for _ in range(k):
        if last:
            pass
    return x


@zoo(0.5, V)
@zoo(0.5, -V)
@zoo(0.5, V[:0])
def loop_left_by_break_or_return_with_else(x, w):
    # a `break` was taken for the `return` where the loop has an `else`
    for i, e in enumerate(w):
        if e > 0.4:
            return x * e * i + x
        if e > -0.6:
            break
    else:
        w = w * x
    return x * x + w.sum()


@zoo(0.5, V, 0.4)
@zoo(0.5, V, 3.0)
@zoo(0.5, V, -1.0)
def while_left_by_break_or_return_with_else(x, w, y):
    k = 0
    while k < len(w):
        if w[k] > y:
            break
        if w[k] > 0.45:
            return x * w[k]
        k += 1
    else:
        return x * x * y
    return x * y + w[k]


@zoo(0.5, V, 3)
@zoo(0.5, V, 0)
def size_that_is_computed_again_after_the_loop(x, v, k):
    # a tape was made with a size whose value comes after the loop
    for _ in range(k):
        v[-2::-1] *= x
    return v[-2::-1].sum()


@zoo(V, 2 * V, 1)
def while_around_a_loop_that_records(v, w, k):
    # the number of the inner loop's iterations was not computed before the outer one
    c = 0
    t = 0
    while t < 3 and (k % 2 == 0 or c != 2):
        for _ in range(0, len(v), 2):
            w[::2] = np.tanh(v[(k + 1) % len(v)])
        t += 1
    return math.tanh(0.3 * np.dot(v, w))


MATRIX = np.array([[0.3, -1.1, 0.7], [2.0, 0.1, -0.4], [0.9, 0.5, 1.3]])


@zoo(MATRIX, np.stack([MATRIX.T + 0.1, MATRIX @ MATRIX]))
def one_matrix_times_a_stack(a, b):
    # the transpose of a matrix that was broadcast lost its order of axes: with square ones silently
    return np.sin(np.matmul(a, b))


@zoo(V)
def a_reversed_view_times_itself(v):
    # the second of two additions to a cotangent joined a loop that still read the first
    p = v[::-1]
    p[::-1] += p * p[::-1]
    return np.sum(p * np.arange(1.0, len(v) + 1.0))


@zoo(0.5, -0.5, V, 2)
def a_sum_of_one_value_in_a_loop(x, y, v, k):
    # a loop that is skipped for a cotangent of zero was compared with a zero from inside of it
    while -0.8765 < y < -0.2718:
        x = sum(v[k % len(v)] / (1.5 + 2.0**2) for _ in v)
        y += 0.1
    return v[-1] * x


@zoo(V, 0.7)
def steps_that_start_from_what_they_read(v, c):
    # an array made before loops had one name with what a loop in them handed on from it
    u = np.sin(v)
    q = u
    for _ in range(3):
        r = np.zeros_like(u)
        for i in range(len(v)):
            r[i] = c * u[i] + 0.1 * i
        q = r
    return q


@zoo(V, 0.7)
def steps_in_sweeps(v, c):
    total = 0.0
    for k in range(3):
        u = np.zeros(len(v))
        for i in range(len(v)):
            u[i] = v[i] * (k + c)
        q = u
        for _ in range(3):
            r = np.zeros(len(v))
            for i in range(1, len(v)):
                r[i] = np.sin(q[i - 1]) + c * u[i] * u[i - 1]
            q = r
        total += np.sum(q * u)
    return total


@zoo(1.5, V)
def a_parameter_that_each_iteration_replaces_by_a_number(x, a):
    for i in range(len(a)):
        x = 0.3 if i else 0.7
    return x + a[0]

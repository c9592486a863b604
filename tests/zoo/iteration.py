"""Loops over enumerate, zip, reversed, arrays and rows; match."""

import functools
import itertools
import math
import operator

import numpy as np

from tests.zoo.case import Group

zoo = Group("iteration")

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.arange(12.0).reshape(3, 4) / 5 - 1


@zoo(V)
def over_elements(x):
    s = 0.0
    for value in x:
        s += value**2
    return s


@zoo(M)
def over_rows(x):
    s = 0.0
    for row in x:
        s += row[0] * row.sum()
    return s


@zoo(V)
def over_enumerate(x):
    s = 0.0
    for i, value in enumerate(x):
        s += value * i
    return s


@zoo(V)
def over_enumerate_start(x):
    s = 0.0
    for i, value in enumerate(x, 3):
        s += value * i
    return s


@zoo(V, V[::-1].copy())
def over_zip(x, y):
    s = 0.0
    for a, b in zip(x, y, strict=False):
        s += a * b
    return s


@zoo(V, V[:2].copy())
def over_zip_of_different_lengths(x, y):
    s = 0.0
    for a, b in zip(x, y, strict=False):
        s += a * b
    return s


@zoo(V)
def over_reversed(x):
    s = 0.0
    for value in reversed(x):
        s = s * 0.5 + value
    return s


@zoo(V)
def over_reversed_range(x):
    s = 0.0
    for i in reversed(range(len(x))):
        s = s * 0.5 + x[i]
    return s


@zoo(V, M)
def over_enumerate_zip(x, y):
    s = 0.0
    for k, (a, row) in enumerate(zip(x, y, strict=False)):
        s += a * row[k]
    return s


@zoo(M)
def rows_are_views(x):
    y = x.copy()
    for row in y:
        row[0] = row.sum()
    return y


@zoo(V)
def elements_with_break(x):
    s = 0.0
    for value in x:
        if value > 1:
            break
        s += value
    return s


@zoo(V, 2)
@zoo(V, -1)
@zoo(V, 0)
def runtime_step(x, step):
    s = 0.0
    if step > 0:
        for i in range(0, len(x), step):
            s += x[i]
    elif step < 0:
        for i in range(len(x) - 1, -1, step):
            s = 2 * s + x[i]
    return s


@zoo(V)
def zip_with_range(x):
    s = 0.0
    for k, value in zip(range(2, 10), x, strict=False):
        s += value**k
    return s


@zoo(M)
def columns(x):
    s = 0.0
    for column in x.T:
        s += column.max()
    return s


@zoo(1.5)
def match_on_constant(x):
    mode = "cube"
    match mode:
        case "square":
            y = x**2
        case "cube" | "third":
            y = x**3
        case _:
            y = x
    return y


@zoo(1.5, 2)
@zoo(1.5, 0)
@zoo(1.5, 7)
def match_on_number(x, k):
    match k:
        case 0:
            return x
        case 1 | 2:
            return x**2
        case n if n > 5:
            return x * n
        case _:
            return -x


@zoo(V)
def comprehension(x):
    squares = [x[k] ** 2 for k in range(3)]
    return sum(squares) + squares[0]


@zoo(V)
def sum_of_generator(x):
    return sum(value**2 for value in x) + sum(x[i] for i in range(len(x)) if x[i] > 0)


@zoo(V)
def max_of_generator(x):
    return max(abs(value) for value in x) + min(2 * x[i] for i in range(len(x)))


@zoo(V)
def any_of_generator(x):
    return x[0] if any(value > 1 for value in x) else x[1]


@zoo(V)
def array_of_comprehension(x):
    return np.array([value**2 for value in x]) + np.array([i * 1.0 for i in range(len(x))])


@zoo(V)
def list_of_runtime_length(x):
    scale = 2.0
    squares = [scale * value**2 for value in x]
    scale = 5.0
    (first,) = squares[:1]
    return sum(squares) / len(squares) + scale * first * squares[-1] + sum(squares[1:3])


@zoo(V, 3)
def list_of_chosen_elements(x, n):
    chosen = [value * i for i in range(n) for value in x[:i] if value > -2.0]
    total = 0.0
    for k, value in enumerate(chosen):
        total += value * k
    return total if chosen else x[0]


@zoo(V, 4)
def list_of_arrays(x, n):
    powers = [x**k for k in range(n)]
    powers[2][0] = x[1]
    return sum(row @ x for row in powers) + powers[1][0]


@zoo(V)
def sorted_and_chosen_by_key(x):
    a, b = sorted(x, key=lambda value: -value)[:2]
    largest = max(x, key=lambda value: value**2)
    point = min([(x[0], 2.0), (x[1], 3.0)], key=lambda pair: pair[0] * pair[1])
    return a * b + 3.0 * largest + point[0] * point[1] + sorted([x[0], x[1], 0.1])[1]


@zoo(V)
def mapped_filtered_reduced(x):
    def squared(value):
        return value**2

    total = sum(map(squared, x)) + sum(filter(lambda value: value > 0.4, x))
    for product in map(lambda a, b: a * b, x, x[::-1]):
        total += product
    return total + functools.reduce(lambda a, b: a * b + 0.5 * b, x)


@zoo(V, 1.5)
def generator_over_a_name_in_a_loop(x, a):
    total = 0.0
    for value in (a * v for v in x):
        a = a + 0.25 * value
        total += value * a
    return total


@zoo(M, 3, 2)
def indices_and_elements(x, n, m):
    total = 0.0
    for i, j in np.ndindex(x.shape):
        total += x[i, j] * (i + 2 * j)
    for (i, _), value in np.ndenumerate(x):
        total += value**2 * i
    for value in x.T.flat:
        total = 0.9 * total + value
    for i, j, weight in itertools.product(range(n), range(1, m + 1), (0.5, 2)):
        if i == j:
            continue
        total += weight * x[i, j]
    return total


@zoo(V, 3)
def numbers_of_a_tuple_at_a_runtime_index(x, n):
    order = (2, 0, 1, 3)
    scales = (x[0], 2.0, x[1] * x[2], 1.0)
    signs = [1.0, -1.0]
    total = 0.0
    for k in range(n):
        signs[0] = -0.5 * signs[0]
        total += x[order[k]] * scales[n - k] * signs[k % 2]
    return total + sum(a * b for a, b in zip(x, (1.0, 2.0, 3.0), strict=False))


@zoo(V)
def itertools_and_operator(x):
    head = [*(x[0], x[1], x[2])]
    pairs = [(x[0], x[1]), (x[2], x[3])]
    total = sum(b * b - a for a, b in itertools.pairwise(x))
    total += sum(x[i] * x[j] for i, j in itertools.combinations(range(4), 2))
    total += functools.reduce(operator.mul, head) + max(pairs, key=operator.itemgetter(1))[0]
    for k, value in enumerate(itertools.chain(head[:1], itertools.accumulate(head))):
        total += k * value
    total += sum(itertools.accumulate(x, operator.mul)) + sum(itertools.islice(x, 1, 3))
    return total


@zoo(V)
def lists_change(x):
    items = [x[0], x[1]]
    other = items
    items.insert(1, x[2])
    other.reverse()
    items.sort(reverse=True)
    part = items[:2]
    part[0] = 0.5
    return sum(other) * part[1] + other[2] * part[0]


@zoo(V)
def closures_count(x):
    def counter():
        count = 0
        total = 0.0

        def add(value):
            nonlocal count, total
            count += 1
            total += value
            return total / count

        return add

    first, second = counter(), counter()
    result = first(x[0]) * second(x[1])
    if x[0] > 0:
        result += first(x[2])
    else:
        result += second(x[3])
    return result + first(x[3]) * second(1.0)


@zoo(V)
def walrus_in_a_condition(x):
    k = 0
    total = 0.0
    while (value := x[k]) < 1.2 and k + 1 < len(x):
        k += 1
        if k == 2:
            continue
        total += value * k
    return total + value


@zoo(0.7)
def strings_choose(x):
    total = 0.0
    for name in ("Sin", "EXP"):
        if name.lower() in {"sin", "exp"}:
            total += getattr(math, name.lower())(x)
    return total


@zoo(1.5)
def assertions(x):
    assert x > 0, "x must be positive"
    if x > 100:
        raise ValueError("too large")
    return x**2

"""Operators, promotion and broadcasting."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("arithmetic")

V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.4, -0.3])
M = np.array([[0.3, -1.1, 0.8], [2.0, 0.7, -0.5]])


@zoo(1.5, 2.5)
def sum_and_product(x, y):
    return x * y + x - y


@zoo(1.5, 2.5)
def quotient(x, y):
    return x / y + 1 / x


@zoo(1.5)
def integer_powers(x):
    return x**3 + 2 * x**2 - x**-1 + x**0


@zoo(1.5, 0.7)
def real_power(x, y):
    return x**y + x**0.5 + 2.0**y + 2**y


@zoo(-1.5)
def negated(x):
    return -x + +x * -(x**2)


@zoo(7.3, 2.1)
@zoo(-7.3, 2.1)
def remainder(x, y):
    return x % y + (x // y) * y


@zoo(1.25)
def integers_mix(x):
    a = 7
    b = a // 2 + a % 3
    return x * b + a / 2 - 2**3


@zoo(2.5, 3)
def integer_argument(x, n):
    return x * n + n // 2 - n % 2 + n / 4


@zoo(2.5, 3)
def runtime_exponent(x, n):
    return x**n


@zoo(2.5, 3)
def integer_power_of_integer(x, n):
    return x * n**2 + x * 2**n


@zoo(V, W)
def vectors(x, y):
    return x * y + x / (2.0 + y**2)


@zoo(V, 2.5)
def vector_and_scalar(x, a):
    return a * x + x / a - a


@zoo(M, V)
def matrix_and_row(x, y):
    return x * y + y


@zoo(M, np.array([[0.5], [-2.0]]))
def matrix_and_column(x, c):
    return x * c - c


@zoo(V, W)
def outer_by_broadcast(x, y):
    return x[:, None] * y[None, :]


@zoo(np.array([[1.0], [2.0]]), V)
def column_and_row(c, r):
    return c + r


@zoo(V)
def with_constant_list(x):
    return x * np.array([1.0, 2.0, 3.0])


@zoo(V)
def augmented(x):
    y = x * 2
    y = y + 1
    y += x
    y *= 3
    y -= 0.5
    y /= 2
    y **= 2
    return y


@zoo(1.5)
def augmented_scalar(x):
    y = x
    y += 2
    y *= x
    y -= 1
    y /= 3
    y **= 2
    return y


@zoo(V)
def boolean_mask_product(x):
    return (x > 0) * x + (x < 1) * 2.0


@zoo(1.5, -2.0)
def comparisons_as_numbers(x, y):
    return x * (x > y) + y * (x <= y) + (x == x) * 3.0 + (x != y)


@zoo(V, W)
def several_results(x, y):
    return x + y, x * y, 2.0


@zoo(2.0)
def constant_result(x):
    return 3.5


@zoo(V)
def chained_assignment(x):
    a = b = x * 2
    return a + b


@zoo(1.5, 2.5)
def swap(x, y):
    x, y = y, x
    return x / y


@zoo(V)
def bitwise_masks(x):
    inside = (x > -1) & (x < 1)
    outside = ~inside | (x == 0)
    return np.where(inside, x, 2 * x) + outside * x + (inside ^ outside)


@zoo(1.5)
def walrus_free_chain(x):
    y: float = x * 2
    z: float
    z = y + 1
    return z


@zoo(np.array([0.5, -1.2, 2.0]), 3)
def bits_of_integers(x, n):
    total = 0.0
    for mask in range(1 << n):
        product = 1.0
        for k in range(n):
            if mask >> k & 1:
                product *= x[k]
        total += product
    gray = n ^ n >> 1
    gray <<= n
    gray |= ~gray & 6
    return total * gray


@zoo(np.array([0.5, -1.2, 2.0]), np.array([12, -7, 300]), 66)
def bits_of_arrays(x, k, n):
    k = k & 14 | k << 1
    k[1] ^= 5
    k >>= np.array([0, 1, 2])
    return x @ (k + (k > 3 & ~k)) + x[0] * (-9 >> n) + x[1] * (5 << 70 & 3)

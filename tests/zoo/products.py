"""Products of matrices and of parts of them."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("products")

A = np.array([[0.4, -0.3, 0.9, 0.2], [1.1, 0.2, -1.7, 0.5], [0.3, -0.8, 0.6, 1.2]])
B = np.array([[0.5, 1.5], [-0.7, 0.1], [0.9, -0.4], [0.2, 0.8]])


@zoo(A, B, 2)
def leading_columns(x, y, k):
    return np.sum((x[:, :k] @ y[:k]) ** 2)


@zoo(A, B)
def leading_rows(x, y):
    return x[:2] @ y


@zoo(A, B, 1)
def inner_part(x, y, k):
    return x[k:, k:3] @ y[k:3] + y[:2].T @ x[1:, 1:3]


@zoo(A, B)
def every_other(x, y):
    return x[:, ::2] @ y[::2] + x[:, ::-1] @ y


@zoo(A)
def gram(x):
    return x @ x.T


@zoo(A, B[:, 0])
def of_columns(x, y):
    return (x @ y) @ (x[:, 1] * x[:, ::2].T[0])


@zoo(A, np.ones((2, 3, 4)))
def of_layers(x, stack):
    s = 0.0
    for k in range(len(stack)):
        s += np.sum(np.tanh(stack[k] @ x.T)) + np.sum(stack[:, :, k] @ x[:, 1:])
    return s

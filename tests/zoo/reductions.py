"""Sums, means, extrema, products of matrices."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("reductions")

V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.4, -0.3])
M = np.array([[0.3, -1.1, 0.8], [2.0, 0.7, -0.5]])
N = np.array([[1.0, 0.2], [-0.3, 0.9], [0.4, -1.0]])
T = np.arange(24.0).reshape(2, 3, 4) / 10 - 1.1

zoo.add_all(
    {
        "sum_all": lambda x: np.sum(x),
        "sum_method": lambda x: x.sum(),
        "sum_axis0": lambda x: x.sum(axis=0),
        "sum_axis1": lambda x: np.sum(x, axis=1),
        "sum_last": lambda x: np.sum(x, -1),
        "sum_keepdims": lambda x: x / (x * x).sum(axis=1, keepdims=True),
        "sum_both": lambda x: np.sum(x, axis=(0, 1)),
        "mean_all": lambda x: x.mean(),
        "mean_axis": lambda x: np.mean(x, axis=0),
        "mean_centre": lambda x: x - x.mean(axis=0, keepdims=True),
        "max_all": lambda x: np.max(x),
        "min_axis": lambda x: x.min(axis=1),
        "max_axis_keepdims": lambda x: x - x.max(axis=1, keepdims=True),
        "var": lambda x: np.var(x),
        "var_axis": lambda x: x.var(axis=1, ddof=1),
        "std": lambda x: np.std(x, axis=0),
        "prod": lambda x: np.prod(x),
        "norm": lambda x: np.linalg.norm(x),
        "norm_axis": lambda x: np.linalg.norm(x, axis=1),
        "ptp": lambda x: np.ptp(x),
        "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
        "counts": lambda x: x * x.size + x.shape[0] - x.ndim + len(x),
        "any_all": lambda x: np.where(np.any(x > 1), x, 0.0) + np.all(x > -5) * x,
        "count_nonzero": lambda x: x * np.count_nonzero(x > 0),
        "average": lambda x: np.average(x, axis=0),
        "trace": lambda x: np.trace(x[:, :2]),
    },
    M,
)
zoo.add_all(
    {
        "sum_axes": lambda x: x.sum(axis=(0, 2)),
        "mean_axes": lambda x: np.mean(x, axis=(1, 2), keepdims=True),
        "max_axes": lambda x: x.max(axis=(0, 1)),
    },
    T,
)
zoo.add_all(
    {
        "matmul": lambda a, b: a @ b,
        "matmul_function": lambda a, b: np.matmul(a, b),
        "dot_matrices": lambda a, b: np.dot(a, b),
        "dot_transposed": lambda a, b: a.T @ b.T,
        "dot_method": lambda a, b: a.dot(b),
        "gram": lambda a, b: (a @ a.T) @ (b.T @ b),
    },
    M,
    N,
)
zoo.add_all(
    {
        "dot": lambda a, b: np.dot(a, b),
        "inner": lambda a, b: np.inner(a, b),
        "vdot": lambda a, b: np.vdot(a, b),
        "outer": lambda a, b: np.outer(a, b),
        "at": lambda a, b: a @ b,
        "distance": lambda a, b: np.linalg.norm(a - b),
        "cosine": lambda a, b: a @ b / (np.linalg.norm(a) * np.linalg.norm(b)),
        "norm1": lambda a, b: np.linalg.norm(a - b, 1) + np.linalg.norm(a + b, np.inf),
        "weighted": lambda a, b: np.average(a, weights=b**2),
    },
    V,
    W,
)


@zoo(M, V)
def matrix_vector(A, x):
    return A @ x


@zoo(N.T @ N, V[:2], W[:2])
def quadratic_form(A, x, y):
    return x @ A @ y + 0.5 * x @ A @ x


@zoo(M, V, np.array([0.1, -0.2]))
def affine(A, x, b):
    return np.tanh(A @ x + b)


@zoo(M, V, np.array([0.1, -0.2]))
def activated_sums(A, x, b):
    return np.tanh(np.sum(A * x, axis=1) + b)


@zoo(V)
def log_sum_exp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


@zoo(V)
def pick_by_argmax(x):
    return x[np.argmax(x)] * x[x.argmin()]


@zoo(np.array([1.0, 2.0, 3.0], dtype=np.float32))
def float32_reductions(x):
    return x.mean() + x.sum() * x.std()


@zoo(V, np.array([1, 0, 2]))
def integer_array_sum(x, k):
    return x * k.sum() + k

"""Programs with linear algebra, as people write them."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("matrices")

A = np.array([[2.0, 0.3, -0.4], [0.7, 1.1, 0.5], [-0.2, 0.6, 3.2]])
MU = np.array([0.3, -0.2, 0.8])
X = np.array([1.1, 0.4, -0.6])


@zoo(MU, A, X)
def normal_density(mu, root, x):
    cov = root @ root.T + np.eye(3)
    factor = np.linalg.cholesky(cov)
    d = x - mu
    z = np.linalg.solve(cov, d)
    return -0.5 * d @ z - np.sum(np.log(np.diag(factor)))


@zoo(A, X)
def several_results(a, b):
    q, r = np.linalg.qr(a)
    sign, logarithm = np.linalg.slogdet(a)
    values = np.linalg.eigh(a @ a.T).eigenvalues
    return np.sum(q @ b) + np.sum(r**2) + sign * logarithm + np.sum(np.sqrt(values))


@zoo(np.stack([A, A.T + 0.2]), MU)
def stacks(a, b):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    x = np.linalg.solve(a, b[:, None])
    return np.sum(s[:, 0]) + np.sum((u**2) @ (vh**2)) + np.sum(x) + np.sum(np.linalg.det(a))


@zoo(A, X, 3)
def in_a_loop(a, x, count):
    for _ in range(count):
        x = np.linalg.solve(a, x) + 0.1 * np.linalg.inv(a) @ x
    return x


@zoo(A, X)
def in_a_branch(a, x):
    if np.linalg.det(a) > 0:
        values, vectors = np.linalg.eigh(a + a.T)
        y = vectors @ (values * (vectors.T @ x))
    else:
        y = x
    return y


@zoo(A)
def parts(a):
    inverse = np.linalg.inv(a[:2, :2])
    return np.linalg.det(a[1:, 1:]) * inverse + a[:2, 1:].T

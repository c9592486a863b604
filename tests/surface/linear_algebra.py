"""Products, decompositions, solves, norms."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])

surface("numpy.dot", lambda x, y: np.dot(x, y), MATRIX, VECTOR[:3])
surface("numpy.linalg.norm", lambda x: np.linalg.norm(x), VECTOR)

SQUARE = np.array([[2.0, 0.3, -0.4], [0.7, 1.1, 0.5], [-0.2, 0.6, 3.2]])
SYMMETRIC = np.array([[2.0, 0.3, -0.4], [0.3, 1.1, 0.5], [-0.4, 0.5, 3.2]])
TALL = np.array([[0.3, -1.1], [2.0, 0.7], [0.1, 0.4], [-0.6, 0.2]])
STACK = np.stack([SQUARE, SQUARE[::-1] + 0.1])

surface("numpy.linalg.inv", lambda a: np.linalg.inv(a), SQUARE)
surface("numpy.linalg.inv", lambda a: np.linalg.inv(a), STACK)
surface("numpy.linalg.det", lambda a: np.linalg.det(a), SQUARE)
surface("numpy.linalg.det", lambda a: np.linalg.det(a), STACK)
surface("numpy.linalg.slogdet", lambda a: np.linalg.slogdet(a)[1], SQUARE)
surface("numpy.linalg.slogdet", lambda a: np.linalg.slogdet(a).logabsdet, STACK)
surface("numpy.linalg.solve", lambda a, b: np.linalg.solve(a, b), SQUARE, VECTOR[:3])
surface("numpy.linalg.solve", lambda a, b: np.linalg.solve(a, b), SQUARE, MATRIX.T)
surface("numpy.linalg.solve", lambda a, b: np.linalg.solve(a, b), STACK, MATRIX.T)

# NumPy reads one triangle, and only that has a derivative; the peers make a symmetric matrix first
surface("numpy.linalg.cholesky", lambda a: np.linalg.cholesky(a), SYMMETRIC, peers=False)
surface("numpy.linalg.cholesky", lambda x: np.linalg.cholesky(x @ x.T), SQUARE)
surface(
    "numpy.linalg.cholesky", lambda a: np.linalg.cholesky(a, upper=True), SYMMETRIC, peers=False
)
surface("numpy.linalg.eigvalsh", lambda a: np.linalg.eigvalsh(a), SYMMETRIC, peers=False)
surface("numpy.linalg.eigvalsh", lambda x: np.linalg.eigvalsh(x @ x.T), SQUARE)
surface("numpy.linalg.eigh", lambda x: np.linalg.eigh(x @ x.T)[1] ** 2, SQUARE)
surface(
    "numpy.linalg.eigh", lambda a: np.linalg.eigh(a, UPLO="U").eigenvectors, SYMMETRIC, peers=False
)
surface("numpy.linalg.qr", lambda a: np.linalg.qr(a)[0], TALL)
surface("numpy.linalg.qr", lambda a: np.linalg.qr(a).R, TALL)
surface("numpy.linalg.qr", lambda a: np.linalg.qr(a)[1], MATRIX)
surface("numpy.linalg.qr", lambda a: np.linalg.qr(a, mode="r"), SQUARE)
surface("numpy.linalg.svd", lambda a: np.linalg.svd(a, compute_uv=False), TALL)
surface("numpy.linalg.svd", lambda a: np.linalg.svd(a, full_matrices=False)[0] ** 2, TALL)
surface("numpy.linalg.svd", lambda a: np.linalg.svd(a, full_matrices=False)[2] ** 2, MATRIX)
surface("numpy.linalg.svd", lambda a: np.linalg.svd(a).U ** 2, SQUARE)
surface("numpy.linalg.svdvals", lambda a: np.linalg.svdvals(a), STACK)

"""Products, decompositions, solves, norms."""

import numpy as np
import scipy.linalg

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

surface("numpy.linalg.diagonal", lambda a: np.linalg.diagonal(a, offset=1), STACK)
surface(
    "scipy.linalg.eigh", lambda a, b: scipy.linalg.eigh(a @ a.T, b @ b.T)[1] ** 2, SQUARE, STACK[1]
)
surface(
    "scipy.linalg.eigh",
    lambda a, b: scipy.linalg.eigh(a, b @ b.T, lower=False)[0],
    SYMMETRIC,
    SQUARE,
)
surface(
    "scipy.linalg.eigh",
    lambda a, b: scipy.linalg.eigh(a, b @ b.T, type=3)[1] ** 2,
    SYMMETRIC,
    SQUARE,
)
surface(
    "scipy.linalg.eigvalsh",
    lambda a, b: scipy.linalg.eigvalsh(a, b, type=2),
    SYMMETRIC,
    SYMMETRIC.T,
)
for _structure in ("sym", "pos", "diagonal", "lower triangular", "upper triangular"):
    surface(
        "scipy.linalg.solve",
        lambda a, b, s=_structure: scipy.linalg.solve(a, b, assume_a=s),
        np.diag(np.diag(SYMMETRIC)) if _structure == "diagonal" else SYMMETRIC,
        VECTOR[:3],
    )
surface(
    "scipy.linalg.solve",
    lambda a, b: scipy.linalg.solve(a, b, assume_a="pos", lower=True),
    SYMMETRIC,
    MATRIX.T,
)

# -- products -----------------------------------------------------------------------------------

PAIR = np.random.default_rng(5).normal(size=(2, 3, 4))
OTHERS = np.random.default_rng(6).normal(size=(2, 4, 5))

surface("numpy.dot", lambda x, y: np.dot(x, y), PAIR, OTHERS[0])
surface("numpy.dot", lambda x, y: np.dot(x, y), MATRIX, PAIR[:, :, :2] + 0.1)
surface("numpy.ndarray.dot", lambda x, y: x.dot(y), MATRIX, VECTOR[:3])
surface("numpy.matmul", lambda x, y: x @ y, PAIR, OTHERS)
surface("numpy.matmul", lambda x, y: x @ y, PAIR, OTHERS[1])
surface("numpy.matmul", lambda x, y: x @ y, PAIR[0], OTHERS)
surface("numpy.matmul", lambda x, y: np.matmul(x, y), PAIR[:, None], OTHERS[None])
surface("numpy.matmul", lambda x, y: np.matmul(x, y), PAIR, VECTOR)
surface("numpy.matmul", lambda x, y: np.matmul(x, y), VECTOR, OTHERS)
surface("numpy.linalg.matmul", lambda x, y: np.linalg.matmul(x, y), PAIR, OTHERS)
surface("numpy.vdot", lambda x, y: np.vdot(x, y), MATRIX, MATRIX[::-1] + 0.5, peers=False)
surface("numpy.vecdot", lambda x, y: np.vecdot(x, y), PAIR, VECTOR)
surface("numpy.linalg.vecdot", lambda x, y: np.linalg.vecdot(x, y, axis=1), PAIR, PAIR[:1] + 0.5)
surface("numpy.matvec", lambda x, y: np.matvec(x, y), PAIR, MATRIX[:, [0, 1, 2, 0]])
surface("numpy.vecmat", lambda x, y: np.vecmat(y, x), PAIR, MATRIX[:, :1] * np.ones(PAIR.shape[1]))
surface("numpy.vecmat", lambda x, y: np.vecmat(y, x), PAIR, np.arange(1.0, 1.0 + PAIR.shape[1]))
surface("numpy.inner", lambda x, y: np.inner(x, y), MATRIX, SQUARE)
surface("numpy.inner", lambda x, y: np.inner(x, y), PAIR, OTHERS[:, :, :4])
surface("numpy.outer", lambda x, y: np.outer(x, y), VECTOR, VECTOR[1:])
surface("numpy.linalg.outer", lambda x, y: np.linalg.outer(x, y), VECTOR, VECTOR[1:])
surface("numpy.kron", lambda x, y: np.kron(x, y), MATRIX, TALL)
surface("numpy.kron", lambda x, y: np.kron(x, y), VECTOR, VECTOR[:2])
surface("numpy.kron", lambda x, y: np.kron(x, y), VECTOR, PAIR)
surface("numpy.cross", lambda x, y: np.cross(x, y), VECTOR[:3], VECTOR[1:])
surface("numpy.cross", lambda x, y: np.cross(x, y), SQUARE, VECTOR[1:])
surface("numpy.cross", lambda x, y: np.cross(x, y, axis=0), MATRIX.T, MATRIX.T + 0.5)
surface("numpy.linalg.cross", lambda x, y: np.linalg.cross(x, y), SQUARE, SQUARE + 1.0)
surface("numpy.tensordot", lambda x, y: np.tensordot(x, y), PAIR[0], PAIR[1])
surface("numpy.tensordot", lambda x, y: np.tensordot(x, y, axes=1), PAIR, OTHERS[0])
surface("numpy.tensordot", lambda x, y: np.tensordot(x, y, axes=0), VECTOR, MATRIX)
surface("numpy.tensordot", lambda x, y: np.tensordot(x, y, axes=((0, 2), (0, 1))), PAIR, OTHERS)
surface("numpy.linalg.tensordot", lambda x, y: np.linalg.tensordot(x, y, axes=1), MATRIX, SQUARE)
surface(
    "numpy.linalg.multi_dot",
    lambda x, y, z: np.linalg.multi_dot([x, y, z]),
    MATRIX,
    SQUARE,
    TALL.T[:, :3].T,
)
surface(
    "numpy.linalg.multi_dot",
    lambda x, y, z: np.linalg.multi_dot((x, y, z)),
    VECTOR[:2],
    MATRIX,
    VECTOR[1:],
)
surface("numpy.trace", lambda x: np.trace(x), SQUARE)
surface("numpy.trace", lambda x: np.trace(x, offset=1) * np.trace(x, -1), TALL)
surface("numpy.ndarray.trace", lambda x: x.trace(), TALL)
surface("numpy.linalg.trace", lambda x: np.linalg.trace(x), MATRIX)

surface("numpy.einsum", lambda x, y: np.einsum("ij,jk->ik", x, y), MATRIX, SQUARE)
surface("numpy.einsum", lambda x, y: np.einsum("ij,jk", x, y), MATRIX, SQUARE)
surface("numpy.einsum", lambda x, y: np.einsum("bij,bjk->bik", x, y), PAIR, OTHERS)
surface("numpy.einsum", lambda x, y: np.einsum("...ij,...jk", x, y), PAIR, OTHERS[:1])
surface("numpy.einsum", lambda x, y: np.einsum("bij,bjk->kb", x, y), PAIR, OTHERS)
surface("numpy.einsum", lambda x: np.einsum("ii", x), SQUARE)
surface("numpy.einsum", lambda x: np.einsum("ii->i", x), SQUARE)
surface("numpy.einsum", lambda x: np.einsum("aij->ia", x), PAIR)
surface("numpy.einsum", lambda x, y: np.einsum("i,i->i", x, y), VECTOR, VECTOR + 1.0)
surface("numpy.einsum", lambda x, y: np.einsum("bi,bi->b", x, y), MATRIX, MATRIX + 0.5)
surface("numpy.einsum", lambda x, y: np.einsum("i,j", x, y), VECTOR, VECTOR[1:])
surface(
    "numpy.einsum", lambda x, y, z: np.einsum("ij,jk,kl->il", x, y, z), MATRIX, SQUARE, MATRIX.T
)
surface(
    "numpy.einsum", lambda x, y, z: np.einsum("i,ij,j", x, y, z), VECTOR[:2], MATRIX, VECTOR[1:]
)
surface("numpy.einsum", lambda x, y: np.einsum("iij,j->i", x, y), PAIR[:, :2], VECTOR)
surface("numpy.einsum", lambda x, y: np.einsum("bij,bji->i", x, y), PAIR, OTHERS[:, :, :3])
surface("numpy.einsum", lambda x, y: np.einsum("i...,i...->...", x, y), PAIR, PAIR + 0.5)
surface(
    "numpy.einsum",
    lambda x, y: np.einsum(x, [0, 1], y, [1, 2], [0, 2]),
    MATRIX,
    SQUARE,
    peers=False,
)

# -- norms, pseudoinverses, powers --------------------------------------------------------------

for order in (None, 1, 2, 3, 2.5, np.inf, -np.inf):
    surface("numpy.linalg.norm", lambda x, order=order: np.linalg.norm(x, order), VECTOR)
for order in (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
    surface("numpy.linalg.norm", lambda x, order=order: np.linalg.norm(x, order), MATRIX)
surface("numpy.linalg.norm", lambda x: np.linalg.norm(x, axis=1), MATRIX)
surface("numpy.linalg.norm", lambda x: np.linalg.norm(x, 1, axis=(2, 0), keepdims=True), PAIR)
surface("numpy.linalg.norm", lambda x: np.linalg.norm(x, "nuc", axis=(0, 2)), PAIR)
surface("numpy.linalg.norm", lambda x: np.linalg.norm(x, 0), VECTOR, smooth=False)
surface("numpy.linalg.vector_norm", lambda x: np.linalg.vector_norm(x), MATRIX)
surface("numpy.linalg.vector_norm", lambda x: np.linalg.vector_norm(x, axis=0, ord=3), MATRIX)
surface("numpy.linalg.matrix_norm", lambda x: np.linalg.matrix_norm(x), PAIR)
surface("numpy.linalg.matrix_norm", lambda x: np.linalg.matrix_norm(x, ord="nuc"), PAIR)
surface("numpy.linalg.cond", lambda x: np.linalg.cond(x), TALL)
surface("numpy.linalg.cond", lambda x: np.linalg.cond(x, -2), TALL)
surface("numpy.linalg.cond", lambda x: np.linalg.cond(x, 1), SQUARE)
surface("numpy.linalg.matrix_rank", lambda x: np.linalg.matrix_rank(x), TALL, smooth=False)
surface("numpy.linalg.pinv", lambda x: np.linalg.pinv(x), TALL)
surface("numpy.linalg.pinv", lambda x: np.linalg.pinv(x), MATRIX)
surface("numpy.linalg.pinv", lambda x: np.linalg.pinv(x, rcond=1e-10), STACK)
surface("numpy.linalg.lstsq", lambda a, b: np.linalg.lstsq(a, b)[0], TALL, VECTOR)
surface("numpy.linalg.lstsq", lambda a, b: np.linalg.lstsq(a, b)[0], MATRIX, TALL[:2])
surface("numpy.linalg.lstsq", lambda a, b: np.linalg.lstsq(a, b)[2:], TALL, VECTOR, smooth=False)
surface("numpy.linalg.matrix_power", lambda a: np.linalg.matrix_power(a, 5), SQUARE)
surface("numpy.linalg.matrix_power", lambda a: np.linalg.matrix_power(a, -2), STACK)
surface("numpy.linalg.matrix_power", lambda a: a * np.linalg.matrix_power(a, 0), STACK)
surface("numpy.linalg.matrix_transpose", lambda a: np.linalg.matrix_transpose(a), PAIR)
surface("numpy.matrix_transpose", lambda a: np.matrix_transpose(a), PAIR)
BLOCK = np.random.default_rng(8).normal(size=(2, 3, 3, 2))
surface("numpy.linalg.tensorinv", lambda a: np.linalg.tensorinv(a), BLOCK)
surface("numpy.linalg.tensorsolve", lambda a, b: np.linalg.tensorsolve(a, b), BLOCK, MATRIX)

# -- SciPy --------------------------------------------------------------------------------------

sl = scipy.linalg
surface("scipy.linalg.inv", lambda a: sl.inv(a), SQUARE)
surface("scipy.linalg.det", lambda a: sl.det(a), SQUARE)
surface("scipy.linalg.norm", lambda a: sl.norm(a, 1), SQUARE)
surface("scipy.linalg.solve", lambda a, b: sl.solve(a, b), SQUARE, VECTOR[:3])
surface("scipy.linalg.solve", lambda a, b: sl.solve(a, b, transposed=True), SQUARE, VECTOR[:3])
surface("scipy.linalg.solve_triangular", lambda a, b: sl.solve_triangular(a, b), SQUARE, MATRIX.T)
surface(
    "scipy.linalg.solve_triangular",
    lambda a, b: sl.solve_triangular(a, b, lower=True, trans="T"),
    SQUARE,
    VECTOR[:3],
)
surface("scipy.linalg.cholesky", lambda a: sl.cholesky(a), SYMMETRIC)
surface("scipy.linalg.cholesky", lambda a: sl.cholesky(a, lower=True), SYMMETRIC)
surface(
    "scipy.linalg.cho_solve", lambda a, b: sl.cho_solve(sl.cho_factor(a), b), SYMMETRIC, MATRIX.T
)
surface(
    "scipy.linalg.cho_factor",
    lambda a, b: sl.cho_solve(sl.cho_factor(a, lower=True), b),
    SYMMETRIC,
    VECTOR[:3],
)
surface("scipy.linalg.expm", lambda a: sl.expm(a), SQUARE)
surface("scipy.linalg.svdvals", lambda a: sl.svdvals(a), TALL)
surface("scipy.linalg.svd", lambda a: sl.svd(a, full_matrices=False)[0] ** 2, TALL)
surface("scipy.linalg.qr", lambda a: sl.qr(a, mode="economic")[1], TALL)
surface("scipy.linalg.eigvalsh", lambda a: sl.eigvalsh(a), SYMMETRIC)
surface("scipy.linalg.eigh", lambda a: sl.eigh(a, lower=False)[1] ** 2, SYMMETRIC)

# -- all columns ---------------------------------------------------------------------------------

for _matrix in (TALL, TALL.T, SQUARE, np.stack([TALL, TALL[::-1] + 0.2])):
    # JAX has no derivative where there are more rows than columns
    surface("numpy.linalg.qr", lambda a: np.linalg.qr(a, mode="complete"), _matrix, peers=False)
    surface("numpy.linalg.qr", lambda a: np.linalg.qr(a, mode="raw"), _matrix, peers=False)
surface("numpy.linalg.svd", lambda a: np.linalg.svd(a)[1], TALL, peers=False)
surface("numpy.linalg.svd", lambda a: np.linalg.svd(a)[2] ** 2, TALL, peers=False)
surface("numpy.linalg.svd", lambda a: np.linalg.svd(a).U ** 2, STACK[:, :2], peers=False)
surface(
    "numpy.linalg.svd",
    lambda a: np.linalg.svd(a)[0][:, :2] * np.linalg.svd(a)[1] @ np.linalg.svd(a)[2],
    TALL,
    peers=False,
)

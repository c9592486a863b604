"""What nearly every program uses: shapes, products, triangles, search; each called once."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])
OTHER = np.array([[1.2, 0.7], [-0.4, 0.5], [0.3, 2.1]])
SORTED = np.array([0.0, 0.5, 1.5, 2.5])

surface("numpy.broadcast_to", lambda x: np.broadcast_to(x, (2, 4)), VECTOR)
surface("numpy.atleast_1d", lambda x: np.atleast_1d(x) * 2.0, VECTOR)
surface("numpy.expand_dims", lambda x: np.expand_dims(x, 1), VECTOR)
surface("numpy.squeeze", lambda x: np.squeeze(x[:, :1]), MATRIX)
surface("numpy.ndarray.squeeze", lambda x: x[:1].squeeze(), MATRIX)
surface("numpy.ravel", lambda x: np.ravel(x), MATRIX)
surface("numpy.ndarray.ravel", lambda x: x.ravel(), MATRIX)
surface("numpy.ndarray.flatten", lambda x: x.flatten(), MATRIX)
surface("numpy.ndarray.reshape", lambda x: x.reshape(3, -1), MATRIX)
surface("numpy.transpose", lambda x: np.transpose(x), MATRIX)
surface("numpy.permute_dims", lambda x: np.permute_dims(x, (1, 0)), MATRIX)
surface("numpy.ndarray.transpose", lambda x: x.transpose(), MATRIX)
surface("numpy.ndarray.T", lambda x: x.T, MATRIX)
surface("numpy.swapaxes", lambda x: np.swapaxes(x, 0, 1), MATRIX)
surface("numpy.ndarray.swapaxes", lambda x: x.swapaxes(0, 1), MATRIX)
surface("numpy.moveaxis", lambda x: np.moveaxis(x, 0, 1), MATRIX)
surface("numpy.stack", lambda x, y: np.stack([x, y * y], axis=1), VECTOR, VECTOR)
surface("numpy.vstack", lambda x, y: np.vstack([x, y]), MATRIX, MATRIX[:1])
surface("numpy.hstack", lambda x, y: np.hstack([x, y]), VECTOR, VECTOR[:3])
surface("numpy.column_stack", lambda x, y: np.column_stack([x, y * x]), VECTOR, VECTOR)
surface("numpy.flip", lambda x: np.flip(x, 1), MATRIX)
surface("numpy.roll", lambda x: np.roll(x, 1), VECTOR)
surface("numpy.repeat", lambda x: np.repeat(x, 2), VECTOR)
surface("numpy.ndarray.repeat", lambda x: x.repeat(2), VECTOR)
surface("numpy.tile", lambda x: np.tile(x, 2), VECTOR)
surface("numpy.tril", lambda x: np.tril(x), MATRIX)
surface("numpy.triu", lambda x: np.triu(x, 1), MATRIX)
surface("numpy.diag", lambda x: np.diag(x), VECTOR)
surface("numpy.diagonal", lambda x: np.diagonal(x), MATRIX)
surface("numpy.ndarray.diagonal", lambda x: x.diagonal(), MATRIX)
surface("numpy.trace", lambda x: np.trace(x), MATRIX)
surface("numpy.ndarray.trace", lambda x: x.trace(), MATRIX)
surface("numpy.matmul", lambda x, y: np.matmul(x, y), MATRIX, OTHER)
surface("numpy.ndarray.dot", lambda x, y: x.dot(y), MATRIX, OTHER)
surface("numpy.inner", lambda x: np.inner(x, x * x), VECTOR)
surface("numpy.vdot", lambda x: np.vdot(x, x * x), VECTOR)
surface("numpy.outer", lambda x, y: np.outer(x, y), VECTOR, VECTOR[:3])
surface("numpy.kron", lambda x, y: np.kron(x, y), MATRIX, OTHER)
surface("numpy.cross", lambda x, y: np.cross(x, y), VECTOR[:3], MATRIX[1])
surface("numpy.interp", lambda x, y: np.interp(x, SORTED, y), VECTOR, VECTOR)
surface("numpy.searchsorted", lambda x: np.searchsorted(SORTED, x), VECTOR, smooth=False)
surface("numpy.digitize", lambda x: np.digitize(x, SORTED), VECTOR, smooth=False)
surface("numpy.argsort", lambda x: np.argsort(x), VECTOR, smooth=False)
surface("numpy.ndarray.argsort", lambda x: x.argsort(), VECTOR, smooth=False)
surface("numpy.partition", lambda x: np.partition(x, 2)[2], VECTOR)
surface("numpy.argpartition", lambda x: np.argpartition(x, 2)[2], VECTOR, smooth=False)
surface("numpy.ndarray.argpartition", lambda x: x.argpartition(2)[2], VECTOR, smooth=False)
surface("numpy.ndarray.searchsorted", lambda x: x.searchsorted(0.7), SORTED, smooth=False)


def sorted_in_place(x):
    y = x.copy()
    y.sort()
    return y * x


def partitioned_in_place(x):
    y = x.copy()
    y.partition(2)
    return y[2] * x


def put_in_place(x, y):
    z = x.copy()
    z.put(np.array([2, 0]), y)
    return z * x


surface("numpy.ndarray.put", put_in_place, VECTOR, VECTOR[:2], peers=False)
surface("numpy.ndarray.sort", sorted_in_place, VECTOR, peers=False)
surface("numpy.ndarray.partition", partitioned_in_place, VECTOR, peers=False)
surface("numpy.nonzero", lambda x: np.nonzero(x > 0)[0], VECTOR, smooth=False)
surface("numpy.ndarray.nonzero", lambda x: (x > 0).nonzero()[0], VECTOR, smooth=False)
surface("numpy.flatnonzero", lambda x: np.flatnonzero(x > 0), VECTOR, smooth=False)
surface("numpy.ndarray.take", lambda x: x.take(np.array([2, 0])), VECTOR)

"""Other shapes of the same elements: reshapes, joins, splits, tiles, pads."""

import numpy as np

from tests.surface.case import Surface

surface = Surface()

VECTOR = np.array([0.4, -0.3, 0.9, 1.7])
MATRIX = np.array([[0.4, -0.3, 0.9], [1.1, 0.2, -1.7]])
SOLID = np.sin(np.arange(24.0) * 1.7).reshape(2, 3, 4)
SQUARE = SOLID[0, :, :3] + 0.1
WEIGHTS = np.array([[1.0, 2.0, -0.5], [0.3, 0.7, 1.9]])

surface("numpy.reshape", lambda x: np.reshape(x, (3, 2)), MATRIX)
surface("numpy.reshape", lambda x: np.reshape(x, (-1, 4), order="F"), SOLID)
surface("numpy.reshape", lambda x: np.reshape(x, (0, 5)), VECTOR[:0])
surface("numpy.ndarray.reshape", lambda x: x.reshape(4, -1), SOLID)
surface("numpy.ndarray.reshape", lambda x: x.T.reshape((3, 2), order="F"), MATRIX)
surface("numpy.ravel", lambda x: np.ravel(x) ** 2, MATRIX.T)
surface("numpy.ndarray.ravel", lambda x: x.ravel(order="F"), MATRIX, peers=False)
surface("numpy.ndarray.flatten", lambda x: x.flatten() ** 2, SOLID)
surface("numpy.ndarray.flatten", lambda x: x.flatten("F"), MATRIX, peers=False)
surface("numpy.transpose", lambda x: np.transpose(x), SOLID)
surface("numpy.transpose", lambda x: np.transpose(x, (1, -1, 0)), SOLID)
surface("numpy.permute_dims", lambda x: np.permute_dims(x, (2, 0, 1)), SOLID)
surface("numpy.matrix_transpose", lambda x: np.matrix_transpose(x), SOLID)
surface("numpy.ndarray.mT", lambda x: x.mT @ x, SQUARE)
surface("numpy.ndarray.T", lambda x: x.T, MATRIX)
surface("numpy.ndarray.transpose", lambda x: x.transpose(1, 0, 2), SOLID)
surface("numpy.moveaxis", lambda x: np.moveaxis(x, 0, -1), SOLID)
surface("numpy.moveaxis", lambda x: np.moveaxis(x, (0, 1), (-1, 0)), SOLID)
surface("numpy.rollaxis", lambda x: np.rollaxis(x, 2), SOLID)
surface("numpy.rollaxis", lambda x: np.rollaxis(x, 0, 3), SOLID)
surface("numpy.swapaxes", lambda x: np.swapaxes(x, 0, -1), SOLID)
surface("numpy.ndarray.swapaxes", lambda x: x.swapaxes(1, 2), SOLID)
surface("numpy.expand_dims", lambda x: np.expand_dims(x, (0, -1)), MATRIX)
surface("numpy.expand_dims", lambda x: np.expand_dims(x, 1), MATRIX)
surface("numpy.squeeze", lambda x: np.squeeze(x), MATRIX[:, :1])
surface("numpy.squeeze", lambda x: np.squeeze(x, axis=0), MATRIX[None])
surface("numpy.ndarray.squeeze", lambda x: x.squeeze((0, 2)), VECTOR[None, :, None])
surface("numpy.broadcast_to", lambda x: np.broadcast_to(x, (2, 2, 3)), MATRIX)
surface("numpy.broadcast_to", lambda x: np.broadcast_to(x, (2, 5)), MATRIX[:, :1])
surface("numpy.broadcast_to", lambda x: np.broadcast_to(x, (4,)), 0.7)
surface("numpy.broadcast_arrays", lambda x, y: np.broadcast_arrays(x, y), MATRIX[:, :1], WEIGHTS[0])
surface("numpy.broadcast_shapes", lambda: np.broadcast_shapes((2, 1), (5,)))
surface("numpy.atleast_1d", lambda x: np.atleast_1d(x), 0.7)
surface("numpy.atleast_1d", lambda x, y: np.atleast_1d(x, y), 0.7, VECTOR)
surface("numpy.atleast_2d", lambda x: np.atleast_2d(x), VECTOR)
surface("numpy.atleast_3d", lambda x: np.atleast_3d(x), VECTOR)
surface("numpy.atleast_3d", lambda x: np.atleast_3d(x), MATRIX)

# -- joining -------------------------------------------------------------------------------------

surface("numpy.concatenate", lambda x, y: np.concatenate((x, y[0])), VECTOR, MATRIX)
surface("numpy.concatenate", lambda x, y: np.concatenate([x, y], axis=-1), MATRIX, WEIGHTS)
surface("numpy.concatenate", lambda x, y: np.concatenate([x, y], axis=None), VECTOR, MATRIX)
surface("numpy.concatenate", lambda x: np.concatenate([x, x[:0], x[:1]]), VECTOR)
surface("numpy.concat", lambda x, y: np.concat([x, y]), MATRIX, WEIGHTS)
surface("numpy.stack", lambda x, y: np.stack([x, y], axis=-1), MATRIX, WEIGHTS)
surface("numpy.vstack", lambda x, y: np.vstack([x, y]), MATRIX, WEIGHTS[0])
surface("numpy.hstack", lambda x, y: np.hstack([x, y]), VECTOR, 0.7)
surface("numpy.hstack", lambda x, y: np.hstack((x, y)), MATRIX, WEIGHTS)
surface("numpy.dstack", lambda x, y: np.dstack([x, y]), MATRIX, WEIGHTS)
surface("numpy.column_stack", lambda x, y: np.column_stack([x, y]), MATRIX, WEIGHTS[:, 0])
surface("numpy.block", lambda x, y: np.block([[x, y], [y, 2 * x]]), MATRIX, WEIGHTS)
surface("numpy.block", lambda x, y: np.block([x, y, 1.0]), VECTOR, MATRIX[0])
surface("numpy.block", lambda x: np.block([x, 2 * x]), SOLID)
surface("numpy.block", lambda x: np.block([[x, x], [2 * x, x]]), SOLID)
surface("numpy.block", lambda x, y: np.block([[x, y], [y, x]]), SOLID[:1, :1], VECTOR)
surface("numpy.append", lambda x, y: np.append(x, y), VECTOR, MATRIX)
surface("numpy.append", lambda x, y: np.append(x, y, axis=1), MATRIX, WEIGHTS)

# -- taking apart --------------------------------------------------------------------------------

surface("numpy.split", lambda x: np.split(x, 2), VECTOR)
surface("numpy.split", lambda x: np.split(x, [1, 2], axis=1), SOLID)
surface("numpy.array_split", lambda x: np.array_split(x, 3), VECTOR)
surface("numpy.hsplit", lambda x: np.hsplit(x, 3), MATRIX)
surface("numpy.hsplit", lambda x: np.hsplit(x, [1]), VECTOR)
surface("numpy.vsplit", lambda x: np.vsplit(x, 2), MATRIX)
surface("numpy.dsplit", lambda x: np.dsplit(x, (1, 3)), SOLID)

# -- repeating and moving ------------------------------------------------------------------------

surface("numpy.tile", lambda x: np.tile(x, 2), VECTOR)
surface("numpy.tile", lambda x: np.tile(x, (2, 1, 3)), MATRIX)
surface("numpy.tile", lambda x: np.tile(x, (2, 3)), 0.7)
surface("numpy.repeat", lambda x: np.repeat(x, 2, axis=1), MATRIX)
surface("numpy.repeat", lambda x: np.repeat(x, 3), MATRIX)
surface("numpy.repeat", lambda x: np.repeat(x, [2, 0, 1, 3]), VECTOR)
surface("numpy.repeat", lambda x, k: np.repeat(x, k, axis=0), MATRIX, np.array([1, 2]))
surface("numpy.ndarray.repeat", lambda x: x.repeat(2), VECTOR)
surface("numpy.roll", lambda x: np.roll(x, 1), MATRIX)
surface("numpy.roll", lambda x: np.roll(x, -5, axis=1), MATRIX)
surface("numpy.roll", lambda x: np.roll(x, (1, 2), axis=(0, -1)), SOLID)
surface("numpy.roll", lambda x: np.roll(x, 3), VECTOR[:0])
surface("numpy.flip", lambda x: np.flip(x), MATRIX)
surface("numpy.flip", lambda x: np.flip(x, axis=(0, 2)), SOLID)
surface("numpy.fliplr", lambda x: np.fliplr(x), MATRIX)
surface("numpy.flipud", lambda x: np.flipud(x), MATRIX)
surface("numpy.rot90", lambda x: np.rot90(x), MATRIX)
surface("numpy.rot90", lambda x: np.rot90(x, 2, axes=(1, 2)), SOLID)
surface("numpy.rot90", lambda x: np.rot90(x, -1), MATRIX)


def pads(mode: str, peers: bool = True) -> None:
    surface("numpy.pad", lambda x: np.pad(x, (2, 3), mode), VECTOR, peers=peers)
    surface("numpy.pad", lambda x: np.pad(x, ((1, 0), (2, 1)), mode=mode), MATRIX, peers=peers)


for _mode in ("constant", "edge", "linear_ramp", "mean", "maximum", "wrap", "reflect", "symmetric"):
    pads(_mode)
surface("numpy.pad", lambda x: np.pad(x, 1, constant_values=((1.0, 2.0), (3.0, 4.0))), MATRIX)
surface("numpy.pad", lambda x: np.pad(x, 2, "linear_ramp", end_values=(5.0, -4.0)), VECTOR)
surface("numpy.pad", lambda x: np.pad(x, 2, "minimum", stat_length=2), VECTOR)
surface("numpy.pad", lambda x: np.pad(x, 1, "median"), MATRIX)
surface("numpy.pad", lambda x: np.pad(x, 2, "reflect", reflect_type="odd"), VECTOR)
surface("numpy.pad", lambda x: np.pad(x, 2, "symmetric", reflect_type="odd"), VECTOR)
surface("numpy.pad", lambda x: np.pad(x, (11, 9), "reflect"), VECTOR)
surface("numpy.pad", lambda x: np.pad(x, (11, 9), "symmetric"), VECTOR)
surface("numpy.pad", lambda x: np.pad(x, (11, 9), "wrap"), VECTOR)
surface("numpy.pad", lambda x: np.pad(x, (2, 3)), VECTOR[:0])

# -- forms ---------------------------------------------------------------------------------------

surface("numpy.tri", lambda: np.tri(3, 5, -1))
surface("numpy.tril", lambda x: np.tril(x, -1), MATRIX)
surface("numpy.tril", lambda x: np.tril(x), SOLID)
surface("numpy.triu", lambda x: np.triu(x, 1), MATRIX)
surface("numpy.triu", lambda x: np.triu(x), VECTOR, peers=False)
surface("numpy.tril_indices", lambda x: x[np.tril_indices(3)], SQUARE)
surface("numpy.triu_indices", lambda x: x[np.triu_indices(2, 1, 3)], MATRIX)
surface("numpy.tril_indices_from", lambda x: x[np.tril_indices_from(x, -1)], SQUARE)
surface("numpy.triu_indices_from", lambda x: x[np.triu_indices_from(x)], SQUARE)
surface("numpy.diag", lambda x: np.diag(x, -1), VECTOR)
surface("numpy.diag", lambda x: np.diag(x, 1), MATRIX)
surface("numpy.diagonal", lambda x: np.diagonal(x, -1, 2, 0), SOLID)
surface("numpy.diagonal", lambda x: np.diagonal(x, 4), MATRIX)
surface("numpy.ndarray.diagonal", lambda x: x.diagonal(), SQUARE)
surface("numpy.diagflat", lambda x: np.diagflat(x), MATRIX)
surface("numpy.diag_indices", lambda x: x[np.diag_indices(2)], MATRIX)
surface("numpy.diag_indices_from", lambda x: x[np.diag_indices_from(x)], SQUARE)
surface("numpy.meshgrid", lambda x, y: np.meshgrid(x, y), VECTOR, MATRIX[0])
surface(
    "numpy.meshgrid",
    lambda x, y, z: np.meshgrid(x, y, z, indexing="ij", sparse=True),
    VECTOR,
    MATRIX[0],
    MATRIX[:, 0],
)
surface("numpy.indices", lambda x: x * np.indices((2, 3)), MATRIX, peers=False)
surface("numpy.ix_", lambda x: x[np.ix_([1, 0], [2, 0, 2])], MATRIX)
surface("numpy.vander", lambda x: np.vander(x), VECTOR)
surface("numpy.vander", lambda x: np.vander(x, 3, increasing=True), VECTOR)


def filled(x, value):
    y = x.copy()
    np.fill_diagonal(y, value)
    return y


surface("numpy.fill_diagonal", filled, SQUARE, 0.7, peers=False)
surface("numpy.fill_diagonal", filled, MATRIX, VECTOR[:2], peers=False)
surface("numpy.fill_diagonal", filled, SOLID[:, :2, :2] * 1.0, 0.7, peers=False)
surface("numpy.polyfit", lambda x, y: np.polyfit(x, y, 2), VECTOR, VECTOR[::-1] ** 2)
surface("numpy.polyfit", lambda x, y, w: np.polyfit(x, y, 1, w=w), VECTOR, VECTOR**2, VECTOR + 2.0)
surface("numpy.unstack", lambda x: np.unstack(np.stack([x[0], x[1] ** 2]))[1] * 2.0, MATRIX)
surface("numpy.fromfunction", lambda x: np.fromfunction(lambda i, j: x[0] ** i + j, (3, 2)), VECTOR)
surface("numpy.poly", lambda x: np.poly(x), VECTOR)
surface("numpy.polydiv", lambda x, y: np.polydiv(x, y), VECTOR, VECTOR[1:3] + 1.0, peers=False)
surface("numpy.polydiv", lambda x, y: np.polydiv(x, y)[0], VECTOR[:2], VECTOR, peers=False)

# -- windows -------------------------------------------------------------------------------------

surface("numpy.bartlett", lambda x: x * np.bartlett(len(x)), VECTOR)
surface("numpy.blackman", lambda x: np.fft.rfft(x * np.blackman(len(x))).real, VECTOR)
surface("numpy.hamming", lambda x: x[:1] * np.hamming(7), VECTOR)
surface("numpy.hanning", lambda x: x * np.hanning(len(x)), VECTOR)
surface("numpy.kaiser", lambda x, beta: x * np.kaiser(len(x), beta), VECTOR, 2.5)
surface("numpy.kaiser", lambda x: x[0] * np.kaiser(1, 14.0), VECTOR)
surface("numpy.i0", lambda x: np.i0(8.6) * x, VECTOR)

"""Transposes, reshapes, joining and creation of arrays."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("shaping")

V = np.array([0.5, -1.2, 2.0])
M = np.array([[0.3, -1.1, 0.8], [2.0, 0.7, -0.5]])
T = np.arange(24.0).reshape(2, 3, 4) / 10 - 1.1

zoo.add_all(
    {
        "transpose": lambda x: x.T,
        "np_transpose": lambda x: np.transpose(x) @ x,
        "reshape": lambda x: x.reshape(3, 2),
        "reshape_tuple": lambda x: np.reshape(x, (6,)),
        "reshape_unknown": lambda x: x.reshape(-1),
        "reshape_unknown_part": lambda x: x.reshape(-1, 2),
        "reshape_by_shape": lambda x: x.reshape(x.shape[1], x.shape[0]),
        "reshape_transposed": lambda x: x.T.reshape(-1),
        "ravel": lambda x: x.ravel() * np.ravel(x.T),
        "flatten": lambda x: x.flatten(),
        "expand_dims": lambda x: np.expand_dims(x, 1),
        "squeeze": lambda x: np.squeeze(x[:, :1], axis=1) if False else x,
        "swapaxes": lambda x: np.swapaxes(x, 0, 1),
        "broadcast_to": lambda x: np.broadcast_to(x, (2, 2, 3)),
        "stack": lambda x: np.stack([x[0], x[1], x[0] * x[1]]),
        "stack_axis": lambda x: np.stack((x[0], x[1]), axis=1),
        "concatenate": lambda x: np.concatenate([x[0], x[1] * 2]),
        "concatenate_axis": lambda x: np.concatenate((x, x**2), axis=1),
        "vstack": lambda x: np.vstack([x[0], x[1]]),
        "hstack": lambda x: np.hstack([x, x]),
        "column_stack": lambda x: np.column_stack((x[0], x[1])),
        "flip": lambda x: np.flip(x, 1) + np.flip(x),
        "copy": lambda x: x.copy() + np.copy(x),
        "asarray": lambda x: np.asarray(x) * 2,
        "astype": lambda x: x.astype(np.float32) * 2,
        "zeros_like": lambda x: np.zeros_like(x) + x,
        "ones_like": lambda x: np.ones_like(x) * x,
        "full_like": lambda x: np.full_like(x, 3.0) * x,
        "atleast": lambda x: np.atleast_1d(x).sum(),
    },
    M,
)
zoo.add_all(
    {
        "permuted": lambda x: x.transpose(1, 2, 0),
        "moveaxis": lambda x: np.moveaxis(x, 0, -1),
        "reshape_three": lambda x: x.reshape(6, 4) @ np.ones(4),
        "ravel_three": lambda x: x.ravel()[5:9],
    },
    T,
)
zoo.add_all(
    {
        "array_of_scalars": lambda x: np.array([x[0] * x[1], x[2], 1.0]),
        "array_of_rows": lambda x: np.array([[x[0], x[1]], [x[2], 0]]),
        "eye": lambda x: np.eye(3) * x,
        "zeros": lambda x: np.zeros(3) + x,
        "ones": lambda x: np.ones((2, 3)) * x,
        "full": lambda x: np.full(3, x[0]) * x,
        "arange": lambda x: x * np.arange(3),
        "arange_start": lambda x: x * np.arange(2, 8, 2),
        "arange_float": lambda x: x + np.arange(0.0, 1.5, 0.5),
        "linspace": lambda x: x * np.linspace(0.0, 1.0, 3),
        "linspace_ends": lambda x: np.linspace(x[0], x[1], 5),
        "zeros_of_length": lambda x: np.zeros(len(x)) + x,
        "zeros_of_shape": lambda x: np.ones(x.shape) + x,
        "size_from_expression": lambda x: np.zeros(len(x) - 1) + x[1:],
    },
    V,
)


@zoo(V, 4)
def runtime_sizes(x, n):
    return np.ones(n) * x[0] + np.zeros((n, n)) @ np.ones(n)


@zoo(M)
def block_matrix(x):
    top = np.concatenate([x, x], axis=1)
    return np.vstack([top, 2 * top])


@zoo(1.5, 2.5)
def stacked_scalars(x, y):
    return np.array([x, y]) @ np.array([y, x])


@zoo(1.5, 2.5)
def rotation(angle, r):
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return R @ np.array([r, 0.0])

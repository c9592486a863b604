"""Reading elements, rows and slices."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("indexing")

V = np.array([0.5, -1.2, 2.0, 0.3, 0.9])
M = np.arange(12.0).reshape(3, 4) / 5 - 1
T = np.arange(24.0).reshape(2, 3, 4) / 10 - 1.1

zoo.add_all(
    {
        "element": lambda x: x[0] * x[3],
        "negative": lambda x: x[-1] + x[-2],
        "slice": lambda x: x[1:4],
        "slice_open": lambda x: x[2:],
        "slice_end": lambda x: x[:-1],
        "slice_negative": lambda x: x[-3:-1],
        "slice_step": lambda x: x[::2],
        "slice_step_offset": lambda x: x[1::2],
        "slice_backwards": lambda x: x[::-1],
        "slice_backwards_part": lambda x: x[3:0:-2],
        "slice_beyond": lambda x: x[2:100],
        "slice_empty": lambda x: np.sum(x[3:1]) + np.sum(x[10:]),
        "slice_far_negative": lambda x: x[-100:2],
        "difference": lambda x: x[1:] - x[:-1],
        "second_difference": lambda x: x[2:] - 2 * x[1:-1] + x[:-2],
        "slice_of_slice": lambda x: x[1:][1:][0] + x[::-1][1:3].sum(),
        "new_axis": lambda x: x[:, None] - x[None, :],
        "np_newaxis": lambda x: x[np.newaxis, :] * x[:, np.newaxis],
        "ellipsis": lambda x: x[...] * 2,
        "full": lambda x: x[:] * 2,
        "slice_object": lambda x: x[slice(1, 4)] + x[slice(3)],
        "reversed_dot": lambda x: x @ x[::-1],
    },
    V,
)
zoo.add_all(
    {
        "matrix_element": lambda x: x[1, 2] * x[-1, -1],
        "row": lambda x: x[1],
        "last_row": lambda x: x[-1],
        "column": lambda x: x[:, 2],
        "row_then_element": lambda x: x[1][2],
        "block": lambda x: x[1:, :2],
        "block_steps": lambda x: x[::2, ::-1],
        "row_of_columns": lambda x: x[:, 1:][0],
        "transposed_element": lambda x: x.T[2, 1],
        "transposed_row": lambda x: x.T[1],
        "row_new_axis": lambda x: x[0][:, None] * x[1],
        "ellipsis_last": lambda x: x[..., 0],
        "ellipsis_first": lambda x: x[0, ...],
        "mixed_new_axis": lambda x: x[:, None, 1:3],
    },
    M,
)
zoo.add_all(
    {
        "three": lambda x: x[1, :, 2],
        "three_ellipsis": lambda x: x[..., 1],
        "three_middle": lambda x: x[0, ..., -1],
        "three_partial": lambda x: x[1][0][2],
        "three_slices": lambda x: x[:, 1:, ::2],
        "three_permuted": lambda x: x.transpose(2, 0, 1)[1:, 0],
    },
    T,
)


@zoo(V, 2)
@zoo(V, -2)
def runtime_index(x, k):
    return x[k] * x[0]


@zoo(V, 2)
@zoo(V, -2)
@zoo(V, 9)
@zoo(V, -9)
@zoo(V, 0)
def runtime_slices(x, k):
    return np.sum(x[:k]) + 2 * np.sum(x[k:]) + 3 * np.sum(x[k:-1]) + np.sum(x[1:k] ** 2)


@zoo(V, 2)
@zoo(V, -2)
@zoo(V, 9)
@zoo(V, -9)
def runtime_slices_backwards(x, k):
    return np.sum(x[:k:-1]) + 2 * np.sum(x[k::-1]) + 3 * np.sum(x[k:0:-2])


@zoo(V, 3)
def runtime_steps(x, k):
    return np.sum(x[:k:2]) + np.sum(x[k::3])


@zoo(M, np.array([2, 0, 1]))
def index_from_array(x, order):
    return x[order[0], order[1]] + x[order[2], 0]


@zoo(M)
def views_and_values(x):
    row = x[0]
    column = x[:, 1]
    return row[1] * column[2] + row @ row + column.sum()


@zoo(V)
def unpacked_tail(x):
    first, second, *rest = x[0], x[1], x[2], x[3]
    return first * second + rest[0] * rest[1]


@zoo(np.array([0.3, 0.7]))
def unpacked_array(x):
    a, b = x
    return a * b + a


@zoo(V, 2)
def slices_of_one_element(x, k):
    return x * x[:1] + x[-1:] * x[k : k + 1] - x[-2:-1] + x[len(x) - 1 :]


@zoo(M)
def column_kept_as_matrix(x):
    return x * x[:, 1:2] - x[-1:] * x[:1]


@zoo(M)
def slices_of_one_element_in_loop(x):
    s = 0.0
    for i in range(len(x)):
        s += np.sum(x[i : i + 1] * x)
    return s

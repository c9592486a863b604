"""Index arrays and masks, in reads and writes."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("selection")

V = np.array([0.5, -1.2, 2.0, 0.3, 0.9])
M = np.arange(12.0).reshape(3, 4) / 5 - 1
T = np.arange(24.0).reshape(2, 3, 4) / 10 - 1.1
K = np.array([3, 0, -1, 3])
R = np.array([2, 0, 2])
C = np.array([1, 3, 1])

zoo.add_all(
    {
        "gather": lambda x, k: x[k],
        "gather_twice": lambda x, k: x[k] * x[k[::-1]],
        "gather_matrix_of_indices": lambda x, k: x[k.reshape(2, 2)],
        "take": lambda x, k: np.take(x, k),
        "list_of_positions": lambda x, k: x[[0, 2, 2, 1]] * x[k],
    },
    V,
    K,
)
zoo.add_all(
    {
        "rows": lambda x, r, c: x[r],
        "rows_ellipsis": lambda x, r, c: x[r, ...],
        "columns": lambda x, r, c: x[:, c],
        "elements": lambda x, r, c: x[r, c],
        "rows_of_slice": lambda x, r, c: x[r, 1:3],
        "columns_of_slice": lambda x, r, c: x[1:, c],
        "fixed_row": lambda x, r, c: x[1, c],
        "outer_index": lambda x, r, c: x[r[:, None], c],
        "take_axis": lambda x, r, c: np.take(x, c, axis=1),
    },
    M,
    R,
    C,
)
zoo.add_all(
    {
        "three_middle": lambda x, r: x[:, r],
        "three_last": lambda x, r: x[..., r],
        "three_apart": lambda x, r: x[r[:2] - 1, :, r[:2]],
        "three_pair": lambda x, r: x[:, r, r],
        "three_with_number": lambda x, r: x[1, :, r],
    },
    T,
    np.array([2, 1, 0]),
)


@zoo(V)
def mask_read(x):
    return np.sum(x[x > 0] ** 2)


@zoo(V)
def mask_elements(x):
    m = x > 0.4
    return x[m] * x[m][::-1]


@zoo(M)
def mask_of_matrix(x):
    return x[x > 0.25]


@zoo(M)
def mask_of_rows(x):
    return x[x[:, 0] > -0.7]


@zoo(V)
def mask_write_number(x):
    y = x.copy()
    y[y < 0] = 0.0
    y[x > 1] = x[0]
    return y


@zoo(V)
def mask_write_array(x):
    y = x.copy()
    m = x > 0.4
    y[m] = x[m] ** 2
    y[~m] *= 3.0
    return y


@zoo(M)
def mask_write_in_matrix(x):
    y = x.copy()
    y[x > 0] = 1.0
    y[x < -0.5] += x[0, 0]
    y[:, 1][y[:, 0] < 0] = 7.0
    return y


@zoo(V, np.array([1, 3, 1]))
def index_write(x, k):
    y = x.copy()
    y[k] = x[:3] * 2
    return y


@zoo(V, np.array([1, 3, 1]))
def index_write_number(x, k):
    y = x.copy()
    y[k] = x[0]
    return y


@zoo(V, np.array([1, 3, 1]))
def index_augmented_counts_once(x, k):
    y = x.copy()
    y[k] += x[:3]
    return y


@zoo(V, np.array([1, 3, 1]))
def add_at_counts_each(x, k):
    y = x.copy()
    np.add.at(y, k, x[:3])
    np.add.at(y, k, 0.5)
    np.add.at(y, 0, x[1])
    return y


@zoo(M, R, C)
def matrix_index_writes(x, r, c):
    y = x.copy()
    y[r] *= 2.0
    y[:, c] += 1.0
    y[r, c] = x[0, :3]
    y[1, c] = x[2, 0]
    return y


@zoo(M, np.array([0, 1, 0]))
def embedding(table, words):
    vectors = table[words]
    return np.tanh(vectors).sum(axis=0)


@zoo(V)
def nonzero_positions(x):
    k = np.flatnonzero(x > 0)
    (j,) = np.nonzero(x < 0)
    return x[k].sum() * x[j].sum()


@zoo(V, K)
def gather_from_view(x, k):
    y = x.copy()
    view = y[1:]
    part = view[k[:2]]
    view[k[:2]] = part * 10
    return y


@zoo(V)
def sorted_values(x):
    return np.sort(x) * np.arange(5) + x[np.argsort(-x)]

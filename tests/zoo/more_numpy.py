"""NumPy functions that become loops."""

import numpy as np

from tests.zoo.case import Group

zoo = Group("more_numpy")

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[0.3, -1.1, 0.8], [2.0, 0.7, -0.5], [0.1, 0.4, 0.9]])

zoo.add_all(
    {
        "cumsum": lambda x: np.cumsum(x),
        "cumprod": lambda x: x.cumprod(),
        "diff": lambda x: np.diff(x),
        "diff_twice": lambda x: np.diff(x, 2),
        "prod": lambda x: np.prod(x) + x.prod(),
        "diag": lambda x: np.diag(x),
        "roll": lambda x: np.roll(x, 1) * np.roll(x, -2),
        "repeat": lambda x: np.repeat(x, 3),
        "tile": lambda x: np.tile(x, 2),
        "interp": lambda x: np.interp(0.4, np.array([0.0, 0.3, 1.0, 2.0]), x),
        "interp_points": lambda x: np.interp(np.array([-1.0, 0.4, 1.5, 9.0]), np.arange(4), x),
        "trapezoid": lambda x: np.trapezoid(x) + np.trapezoid(x, dx=0.5),
        "trapezoid_at": lambda x: np.trapezoid(x, np.array([0.0, 0.5, 2.0, 2.5])),
        "convolve": lambda x: np.convolve(x, np.array([0.5, -1.0])),
        "searchsorted": lambda x: x * np.searchsorted(np.array([0.0, 1.0, 2.0]), x[0]),
        "cross": lambda x: np.cross(x[:3], x[1:]),
        "kron": lambda x: np.kron(x[:2], x[2:]),
        "sort": lambda x: np.sort(x) @ np.arange(4),
    },
    V,
)
zoo.add_all(
    {
        "cumsum_axis": lambda x: np.cumsum(x, axis=1),
        "cumsum_all": lambda x: np.cumsum(x),
        "cumprod_axis": lambda x: np.cumprod(x, axis=0),
        "prod_axis": lambda x: np.prod(x, axis=1),
        "diff_axis": lambda x: np.diff(x, axis=0),
        "tril": lambda x: np.tril(x) + np.tril(x, -1),
        "triu": lambda x: np.triu(x) @ np.triu(x, 1),
        "diagonal": lambda x: np.diag(x) * np.diagonal(x),
        "roll_axis": lambda x: np.roll(x, 1, axis=1),
        "repeat_axis": lambda x: np.repeat(x, 2, axis=0),
        "repeat_all": lambda x: np.repeat(x, 2),
        "kron_matrix": lambda x: np.kron(x, x[:2, :2]),
        "log_det_by_diagonal": lambda x: np.sum(np.log(np.abs(np.diag(x)))),
    },
    M,
)


@zoo(0.4, np.array([0.0, 1.0, 3.0]), np.array([1.0, -2.0, 0.5]))
@zoo(-0.4, np.array([0.0, 1.0, 3.0]), np.array([1.0, -2.0, 0.5]))
@zoo(7.0, np.array([0.0, 1.0, 3.0]), np.array([1.0, -2.0, 0.5]))
def interpolation(x, xp, fp):
    return np.interp(x, xp, fp) * x


@zoo(np.array([0.5, 0.0, 2.0]))
def product_with_zero(x):
    return np.prod(x)

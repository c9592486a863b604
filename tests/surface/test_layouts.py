"""Arguments as they come: every position of broadcasting, sizes 0 and 1, strides, Fortran order.

The same call is made with arrays that lie otherwise in memory, and with axes of size 1 and 0;
neither values nor derivatives may notice.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.faces.containers import flatten
from tests.frontend.python.support import run, same

RNG = np.random.default_rng(3)

#: Functions of one array of at least two axes.
CALLS: dict[str, Callable[..., Any]] = {
    "sum": lambda x: np.sum(x * x, axis=-1),
    "prod": lambda x: np.prod(x, axis=0),
    "mean": lambda x: np.mean(x * x, axis=(0, -1), keepdims=True),
    "var": lambda x: np.var(x, axis=1),
    "cumsum": lambda x: np.cumsum(x, axis=1) ** 2,
    "cumprod": lambda x: np.cumprod(x, axis=0),
    "sort": lambda x: np.sort(x, axis=0) ** 2,
    "reshape": lambda x: x.reshape(-1) ** 2,
    "transpose": lambda x: x.T * 2.0,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1) ** 2,
    "concatenate": lambda x: np.concatenate([x, x * x], axis=1),
    "stack": lambda x: np.stack([x, x * x], axis=-1),
    "flip": lambda x: np.flip(x, 1) ** 2,
    "roll": lambda x: np.roll(x, 1, axis=-1) * x,
    "repeat": lambda x: np.repeat(x, 2, axis=1) ** 2,
    "tile": lambda x: np.tile(x, (2, 1)) ** 2,
    "pad": lambda x: np.pad(x, 1) ** 2,
    "tril": lambda x: np.tril(x) ** 2,
    "diff": lambda x: np.diff(x, axis=0) ** 2,
    "broadcast": lambda x: (x[:, None] * x[None, :, :]).sum(),
    "where": lambda x: np.where(x > 0.1, x * x, 3.0 * x),
}
NONEMPTY: dict[str, Callable[..., Any]] = {
    "max": lambda x: np.max(x, axis=1),
    "median": lambda x: np.median(x, axis=0),
    "quantile": lambda x: np.quantile(x, [0.2, 0.7], axis=1),
    "ptp": lambda x: np.ptp(x, axis=-1),
    "take": lambda x: np.take(x, [0, -1, 0], axis=1) ** 2,
    "edge": lambda x: np.pad(x, 2, "edge") ** 2,
    "wrap": lambda x: np.pad(x, 3, "wrap") ** 2,
    "reflect": lambda x: np.pad(x, 3, "symmetric") ** 2,
}


def contents(shape: tuple[int, ...]) -> np.ndarray:
    return RNG.permutation(np.linspace(-1.3, 1.9, int(np.prod(shape)))).reshape(shape)


def layouts(array: np.ndarray) -> dict[str, np.ndarray]:
    """The same elements, lying otherwise in memory."""
    wide = np.zeros(tuple(2 * size for size in array.shape))
    wide[::2, ::2] = array
    return {
        "fortran": np.asfortranarray(array),
        "strided": wide[::2, ::2],
        "backwards": array[::-1, ::-1].copy()[::-1, ::-1],
        "transposed": array.T.copy().T,
    }


@pytest.mark.parametrize("name", [*CALLS, *NONEMPTY])
def test_memory_layouts(name: str) -> None:
    fn = {**CALLS, **NONEMPTY}[name]
    array = contents((3, 4))
    expected = pulled_back(fn, array)
    for layout, other in layouts(array).items():
        found = pulled_back(fn, other)
        for one, two in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, two, err_msg=layout)


@pytest.mark.parametrize("shape", [(1, 4), (3, 1), (1, 1)])
@pytest.mark.parametrize("name", [*CALLS, *NONEMPTY])
def test_axes_of_size_one(name: str, shape: tuple[int, ...]) -> None:
    fn = {**CALLS, **NONEMPTY}[name]
    array = contents(shape) + 0.05
    same(run(fn, array), fn(array))
    gradc.check_grads(fn, (array,), target="python", modes=("rev",))


@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (0, 0)])
@pytest.mark.parametrize("name", CALLS)
def test_axes_of_size_zero(name: str, shape: tuple[int, ...]) -> None:
    fn = CALLS[name]
    array = np.zeros(shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy says that the mean of nothing is nan
        expected = fn(array)
    same(run(fn, array), expected)
    assert pulled_back(fn, array)[-1].shape == shape


def pulled_back(fn: Callable[..., Any], array: np.ndarray) -> list[Any]:
    value, pullback = gradc.vjp(fn, array, target="python", fastmath=False)
    bar = np.full(np.shape(value), 0.7) if isinstance(value, np.ndarray) else 0.7
    (grad,) = pullback(type(value)(bar) if not isinstance(value, np.ndarray) else bar)
    return [value, grad]


SHAPES = [(), (4,), (1,), (3, 1), (1, 4), (3, 4), (2, 1, 4), (2, 3, 1)]


@pytest.mark.parametrize("left", SHAPES)
def test_broadcasting_in_every_position(left: tuple[int, ...]) -> None:
    for right in SHAPES:
        x = contents(left) if left else np.float64(0.6)
        y = contents(right) + 2.0 if right else np.float64(1.6)
        same(run(combined, x, y), combined(x, y))
        value, pullback = gradc.vjp(combined, x, y, target="python")
        bars = pullback(np.ones(np.shape(value)) if np.shape(value) else type(value)(1.0))
        wanted = (unbroadcast(y + 0.0 * x - 0.5 * y**2, x), unbroadcast(x - x * y, y))
        for bar, other in zip(flatten(bars)[0], wanted, strict=True):
            np.testing.assert_allclose(bar, other, rtol=1e-12, atol=1e-13)


def combined(x: Any, y: Any) -> Any:
    return x * y - 0.5 * x * y**2


def unbroadcast(bar: Any, like: Any) -> Any:
    """Sum over the axes along which an operand was broadcast."""
    bar = np.asarray(bar)
    lead = bar.ndim - np.ndim(like)
    bar = bar.sum(axis=tuple(range(lead)))
    axes = tuple(k for k, size in enumerate(np.shape(like)) if size == 1 and bar.shape[k] != 1)
    return bar.sum(axis=axes, keepdims=True)


def test_arrays_without_axes() -> None:
    x = np.array(0.7)
    for fn in (np.sum, np.mean, np.max, np.prod, np.ravel, np.atleast_2d, np.cumsum, np.median):
        read = called(fn)
        same(run(read, x), fn(x))
        gradc.check_grads(read, (x,), target="python")


def called(fn: Any) -> Any:
    return lambda x: fn(x) * 1.0

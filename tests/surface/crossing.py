"""Calls of functions with every option, and arrays to try them at: both as tables.

A call is a text, so that methods and functions are written as users write them. NumPy decides
which calls of the product have a meaning: what it refuses is not asked of gradc.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

_RNG = np.random.default_rng(11)


def _numbers(*shape: int) -> np.ndarray:
    """Different numbers between -1 and 2, none of them near 0 or another one."""
    count = int(np.prod(shape))
    return _RNG.permutation(np.linspace(-0.93, 1.87, count)).reshape(shape)


def _strided(array: np.ndarray) -> np.ndarray:
    wide = np.zeros(tuple(2 * size for size in array.shape))
    wide[::2, ::2] = array
    return wide[::2, ::2]


def _names(text: str) -> list[str]:
    return text.split()


MATRIX = _numbers(3, 4)
#: What is called `x` in the calls.
ARRAYS: dict[str, np.ndarray] = {
    "matrix": MATRIX,
    "solid": _numbers(2, 3, 4),
    "no axes": np.array(0.7),
    "no rows": np.zeros((0, 3)),
    "no columns": np.zeros((3, 0)),
    "one element": np.array([0.7]),
    "one row": _numbers(1, 3),
    "Fortran": np.asfortranarray(MATRIX),
    "strided": _strided(MATRIX),
    "backwards": MATRIX[::-1, ::-1],
    "float32": MATRIX.astype(np.float32),
}

#: Options of functions that take axes away.
AXES = (
    "",
    "axis=-1",
    "axis=(0, -1)",
    "axis=()",
    "axis=0, keepdims=True",
    "keepdims=True",
    "initial=0.5",
    "axis=0, where=x > 0.1",
    "axis=-1, where=x > 0.1, initial=0.5",
    "axis=0, out=np.zeros(x.shape[1:], x.dtype)",
)
REDUCTIONS = _names(
    "sum prod mean var std max min argmax argmin median ptp any all count_nonzero average "
    "nansum nanprod nanmean nanvar nanstd nanmax nanmin nanargmax nanargmin nanmedian linalg.norm"
)
#: Functions that run along an axis. NumPy's running sums crash where `out` has another shape.
RUNNING = _names("nancumsum nancumprod cumsum cumprod diff gradient trapezoid sort argsort")
ALONG = ("", "axis=-1", "axis=0", "axis=None", "axis=(0, -1)")
#: Functions with a further argument before the options.
WITH_LEVEL = {
    "percentile": "30.0",
    "quantile": "[0.2, 0.7]",
    "nanpercentile": "[30.0, 60.0]",
    "nanquantile": "0.3",
    "partition": "0",
}

UNARY = _names(
    "abs negative positive square sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin "
    "arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg degrees radians sinc "
    "reciprocal fabs sign floor ceil trunc rint isnan isinf isfinite signbit logical_not "
    "nan_to_num i0"
)
BINARY = _names(
    "add subtract multiply divide power float_power hypot arctan2 logaddexp logaddexp2 maximum "
    "minimum fmax fmin heaviside copysign fmod mod remainder floor_divide divmod less equal "
    "greater_equal logical_and logical_xor"
)
#: Options of ufuncs.
UFUNC = (
    "",
    "out=np.zeros(x.shape, x.dtype)",
    "out=np.ones(x.shape, x.dtype), where=x > 0.1",
    "dtype=np.float32",
)
#: Second operands, broadcast in different positions.
OTHERS = (
    "0.6",
    "np.sum(x, axis=-1, keepdims=True) + 9.1",
    "np.full((2, 1, 1), 1.3)",
    "np.float32(0.6)",
)

#: Whole calls: of shape and data movement, and creation.
SHAPES: dict[str, tuple[str, ...]] = {
    "reshape": ("np.reshape(x, -1)", "x.reshape((-1, 1))", "x.reshape(-1, order='F')"),
    "ravel": ("np.ravel(x)", "x.ravel('F')", "x.flatten()"),
    "transpose": ("np.transpose(x)", "x.T", "x.transpose()", "np.transpose(x, (-1, 0))", "x.mT"),
    "moveaxis": ("np.moveaxis(x, -1, 0)", "np.moveaxis(x, (0, -1), (-1, 0))"),
    "swapaxes": ("np.swapaxes(x, 0, -1)", "x.swapaxes(-1, 0)"),
    "expand_dims": ("np.expand_dims(x, -1)", "np.expand_dims(x, (0, -1))", "x[..., None]"),
    "squeeze": ("np.squeeze(x)", "x.squeeze(-1)", "np.squeeze(x, axis=(0, -1))", "x.squeeze(0)"),
    "broadcast_to": ("np.broadcast_to(x, (2, *x.shape))",),
    "concatenate": (
        "np.concatenate([x, 2 * x], axis=-1)",
        "np.concatenate((x, x), axis=None)",
        "np.concatenate([x, x], out=np.zeros((2 * len(x), *x.shape[1:]), x.dtype))",
    ),
    "stack": (
        "np.stack([x, x], axis=-1)",
        "np.vstack([x, x])",
        "np.hstack([x, x])",
        "np.dstack([x, x])",
        "np.column_stack([x, x])",
        "np.block([x, x])",
        "np.block([[[x, 2 * x]], [[x, x]]])",
    ),
    "split": (
        "np.split(x, 1, axis=-1)",
        "np.array_split(x, 2, axis=-1)",
        "np.hsplit(x, [1])",
        "np.vsplit(x, [1])",
        "np.dsplit(x, [1])",
    ),
    "tile": ("np.tile(x, 2)", "np.tile(x, (2, 1, 2))"),
    "repeat": ("np.repeat(x, 2)", "np.repeat(x, 2, axis=-1)", "x.repeat(3, 0)"),
    "pad": (
        "np.pad(x, 1)",
        "np.pad(x, 1, 'edge')",
        "np.pad(x, 1, 'reflect')",
        "np.pad(x, 2, 'wrap')",
        "np.pad(x, 1, constant_values=2.0)",
        "np.pad(x, 1, 'mean')",
        "np.pad(x, 1, 'symmetric')",
        "np.pad(x, 1, 'linear_ramp')",
        "np.pad(x, 1, 'maximum')",
    ),
    "roll": (
        "np.roll(x, 1)",
        "np.roll(x, -2, axis=-1)",
        "np.roll(x, (1, 2), axis=(0, -1))",
        "np.roll(x, (1, -2), axis=(0, 0))",
    ),
    "flip": ("np.flip(x)", "np.flip(x, -1)", "np.flip(x, (0, -1))", "np.flipud(x)", "np.fliplr(x)"),
    "rot90": ("np.rot90(x)", "np.rot90(x, -1, (-1, 0))", "np.rot90(x, 2)"),
    "take": (
        "np.take(x, [0, -1])",
        "x.take(0, axis=-1)",
        "np.take(x, [[0], [1]], axis=0)",
        "np.take(x, [0, 5], axis=-1, mode='clip')",
        "np.take(x, 7, mode='wrap')",
    ),
    "along": (
        "np.take_along_axis(x, np.argsort(x, axis=-1), axis=-1)",
        "np.take_along_axis(x, np.argsort(x, axis=None), axis=None)",
    ),
    "compress": ("np.compress([True, False], x, axis=0)", "x.compress([False, True], axis=-1)"),
    "extract": (
        "np.extract(x > 0.1, x)",
        "x[x > 0.1]",
        "np.select([x > 0.1, x < -0.5], [x, 2 * x])",
    ),
    "choose": ("np.choose(np.where(x > 0.1, 1, 0), [x, 2 * x])", "np.where(x > 0.1, x, 2 * x)"),
    "piecewise": ("np.piecewise(x, [x > 0.1], [lambda t: t * t, 3.0])",),
    "unique": ("np.unique(x)",),
    "searchsorted": ("np.searchsorted([0.0, 0.5, 1.0], x)", "np.digitize(x, [0.0, 0.5, 1.0])"),
    "diag": ("np.diag(x)", "np.diag(x, -1)", "np.diagonal(x, 1)", "x.diagonal()", "np.diagflat(x)"),
    "tri": ("np.tril(x)", "np.triu(x, 1)", "np.tri(3, 4, -1)", "np.trace(x)", "x.trace(1)"),
    "delete": (
        "np.delete(x, 0, axis=-1)",
        "np.delete(x, [0, -1], axis=0)",
        "np.insert(x, 1, 0.5, axis=-1)",
        "np.insert(x, 0, 2.0)",
        "np.insert(x, slice(0, 2), 0.5, axis=0)",
        "np.append(x, x)",
        "np.append(x, x, axis=-1)",
    ),
    "meshgrid": ("np.meshgrid(x, [0.0, 1.0])", "np.meshgrid(x, x, indexing='ij')"),
    "interp": (
        "np.interp(x, [0.0, 0.51, 1.03], [0.3, 0.9, 0.1])",
        "np.polyval([0.3, -1.0, 2.0], x)",
    ),
    "vander": ("np.vander(x)", "np.vander(x, 3, increasing=True)", "np.fft.rfft(x, axis=-1).real"),
    "clip": (
        "np.clip(x, 0.0, 1.0)",
        "x.clip(0.1)",
        "np.clip(x, None, 0.5)",
        "np.clip(x, x[..., :1], 1.5)",
        "np.clip(x, 0.0, 1.0, out=np.zeros(x.shape, x.dtype))",
        "np.clip(x, max=0.5)",
    ),
    "round": ("np.round(x, 1)", "x.round()", "np.around(x, 2)", "np.fix(x)"),
    "like": (
        "np.zeros_like(x) + x",
        "np.ones_like(x, dtype=np.float32)",
        "np.full_like(x, 0.3) * x",
        "np.empty_like(x).shape",
        "np.ones_like(x, shape=(2, 2))",
        "np.copy(x)",
        "x.copy()",
    ),
    "creation": (
        "np.array([[x, x], [x, x]])",
        "np.asarray(x)",
        "np.ascontiguousarray(x)",
        "np.array(x, ndmin=2)",
        "np.arange(x.size) * 0.5",
        "np.linspace(0.0, 1.0, x.ndim + 2)",
        "np.eye(x.ndim + 1, 4, k=-1)",
        "np.identity(3)",
        "np.full(x.shape, 2.0) * x",
        "np.linspace(x, x + 1.0, 3, axis=-1)",
        "np.linspace(0.0, x, 3, retstep=True)",
    ),
    "dtype": (
        "x.astype(np.float32)",
        "x.astype(float) + np.float32(1.5)",
        "x * np.ones(1, np.float32)",
        "x + 1",
        "x / np.int64(3)",
        "np.asarray(x, dtype=np.float32)",
        "np.float64(2.5) * x",
    ),
    "products": (
        "np.dot(x, x.T)",
        "x @ np.swapaxes(x, -1, -2)",
        "x.dot(x.T)",
        "np.vdot(x, x)",
        "np.inner(x, x)",
        "np.outer(x, x)",
        "np.kron(x, x)",
        "np.tensordot(x, x, axes=x.ndim)",
        "np.einsum('...i,...i->...', x, x)",
        "np.matmul(x, x.T, out=np.zeros((len(x), len(x)), x.dtype))",
    ),
    "at": ("np.add.reduce(x, axis=-1)", "np.multiply.outer(x, x)"),
}


def calls() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each function with the texts of its calls."""
    for name in REDUCTIONS:
        yield name, tuple(_called(name, "x", option) for option in AXES) + _methods(name, AXES)
    for name in RUNNING:
        yield name, tuple(_called(name, "x", option) for option in ALONG) + _methods(name, ALONG)
    for name, level in WITH_LEVEL.items():
        yield name, tuple(_called(name, f"x, {level}", option) for option in AXES)
    for name in UNARY:
        yield name, tuple(_called(name, "x", option) for option in UFUNC)
    for name in BINARY:
        plain = tuple(_called(name, f"x, {other}", "") for other in OTHERS)
        swapped = tuple(_called(name, f"{other}, x", "") for other in OTHERS[:3:2])
        yield name, (*plain, *swapped, *(_called(name, "x, 0.6", option) for option in UFUNC[1:]))
    yield from SHAPES.items()


def _called(name: str, operands: str, option: str) -> str:
    return f"np.{name}({operands}{', ' if option else ''}{option})"


def _methods(name: str, options: tuple[str, ...]) -> tuple[str, ...]:
    if name == "sort" or not hasattr(np.ndarray, name):  # `x.sort()` sorts in place, to None
        return ()
    return tuple(f"x.{name}({option})" for option in options)

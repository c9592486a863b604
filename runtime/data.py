"""Training data: ``.npz``, ``.csv`` and ``.parquet`` files, judged before any of it is used.

Every problem of a file is reported at once, each with its place in the file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gradc_runtime.npz import MAX_BYTES, NpzError, read_npz
from gradc_runtime.raw_data import DataError, Raw, Target, Wanted
from gradc_runtime.tables import read_csv, read_parquet

FloatArray = NDArray[np.floating[Any]]

_SHOWN = 5
"""How many problems of one kind are listed one by one."""


@dataclass(frozen=True)
class Dataset:
    """Samples and their targets.

    Attributes
    ----------
    x : ndarray
        Shape ``(n, features)``, C-contiguous, finite, of the model's dtype.
    y : ndarray
        Labels: int64 of shape ``(n,)``, each in ``range(outputs)``. Values: finite, of the model's
        dtype and shape ``(n, outputs)``.
    path : Path
        The file.
    """

    x: FloatArray
    y: NDArray[Any]
    path: Path

    def __len__(self) -> int:
        return len(self.x)


def load_dataset(
    path: str | os.PathLike[str],
    *,
    shape: Sequence[int],
    outputs: int,
    target: Target = "labels",
    dtype: DTypeLike = np.float32,
    max_bytes: int = MAX_BYTES,
) -> Dataset:
    """Read a data file for a model.

    ``.npz`` holds the arrays ``x`` and ``y``; a sample of ``x`` has the model's input shape or is
    flat. ``.csv`` and ``.parquet`` have named columns: the target in ``label`` (for values with
    several outputs ``label_0``, ``label_1``, ...), all others are features in the file's order.
    Numbers are converted to ``dtype`` and not scaled.

    Parameters
    ----------
    path : path-like
        The file; its ending says the format.
    shape : sequence of int
        The shape of one sample.
    outputs : int
        The units of the model's last layer: the number of classes, or of values.
    target : "labels" or "values"
        Labels are integers in ``range(outputs)``; floats that are whole numbers will do. Values
        are numbers, ``outputs`` a sample.
    dtype : dtype
        float32 or float64.
    max_bytes : int
        The most memory that the data may take; checked before it is read.

    Raises
    ------
    DataError
        With every problem: no such file, unknown format, missing columns, objects, text, NaN or
        infinity, no samples, shapes that do not fit, labels that are none.
    """
    file = Path(path)
    wanted = Wanted(tuple(shape), outputs, target, np.dtype(dtype), max_bytes)
    try:
        raw = _read(file, wanted)
    except DataError as error:
        raise DataError([f"{file}: {problem}" for problem in error.problems]) from None
    problems: list[str] = []
    x = _checked_samples(raw, wanted, problems)
    y = _checked_target(raw, wanted, problems)
    if len(raw.x) != len(raw.y):
        problems.append(f"x has {len(raw.x)} samples and y has {len(raw.y)}")
    if problems:
        raise DataError([f"{file}: {problem}" for problem in problems])
    return Dataset(x, y, file)


def _read(file: Path, wanted: Wanted) -> Raw:
    readers: dict[str, Callable[[Path, Wanted], Raw]] = {
        ".npz": _read_npz,
        ".csv": read_csv,
        ".parquet": read_parquet,
    }
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise DataError([f"data files end in {', '.join(readers)}"])
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise DataError(["is a folder" if stat.S_ISDIR(mode) else "is not a regular file"])
        return reader(file, wanted)
    except FileNotFoundError:
        raise DataError(["no such file"]) from None
    except OSError as error:
        raise DataError([f"cannot be read: {error.strerror or error}"]) from None


def _read_npz(file: Path, wanted: Wanted) -> Raw:
    try:
        arrays = read_npz(file, ("x", "y"), max_bytes=wanted.max_bytes)
    except NpzError as error:
        raise DataError(error.problems) from None
    x, y = arrays["x"], arrays["y"]
    if x.ndim == 0 or y.ndim == 0:
        raise DataError(["x and y must be arrays with one row a sample, not single numbers"])
    y = y.reshape(len(y), -1) if len(y) else y

    def y_place(row: int, column: int) -> str:
        return f"y[{row}]" if y.shape[1:] in ((), (1,)) else f"y[{row}, {column}]"

    return Raw(x, y, lambda row, column: f"x[{_index(row, column, x.shape[1:])}]", y_place)


def _index(row: int, column: int, shape: tuple[int, ...]) -> str:
    place = np.unravel_index(column, shape) if shape else ()
    return ", ".join(str(number) for number in (row, *place))


def _checked_samples(raw: Raw, wanted: Wanted, problems: list[str]) -> FloatArray:
    if len(raw.x) == 0:
        problems.append("has no samples")
        return np.empty((0, wanted.features), wanted.dtype)
    if raw.x.shape[1:] not in (wanted.shape, (wanted.features,)):
        expected = f"(n, {', '.join(str(size) for size in wanted.shape)})"
        problems.append(f"x has shape {raw.x.shape}; the model takes {expected}")
        return np.empty((0, wanted.features), wanted.dtype)
    flat = raw.x.reshape(len(raw.x), wanted.features)
    return _finite(flat, wanted.dtype, raw.x_place, problems)


def _checked_target(raw: Raw, wanted: Wanted, problems: list[str]) -> NDArray[Any]:
    if len(raw.y) == 0:
        if len(raw.x):
            problems.append("y is empty")
        return raw.y
    flat = raw.y.reshape(len(raw.y), -1)
    if wanted.target == "labels":
        return _checked_labels(flat, wanted.outputs, raw.y_place, problems)
    if flat.shape[1] != wanted.outputs:
        problems.append(
            f"y has {flat.shape[1]} values a sample; the model has {wanted.outputs} outputs"
        )
        return raw.y
    return _finite(flat, wanted.dtype, raw.y_place, problems)


def _checked_labels(
    flat: NDArray[Any], classes: int, place: Callable[[int, int], str], problems: list[str]
) -> NDArray[Any]:
    if flat.shape[1] != 1:
        problems.append(
            f"y has {flat.shape[1]} values a sample; a label is one integer (not one-hot)"
        )
        return flat
    given = flat[:, 0]
    if given.dtype.kind == "f":
        # NaN and infinity are no whole numbers either
        whole = np.isfinite(given) & (given == np.floor(given))
        wrong = np.flatnonzero(~whole)
        _list(
            problems,
            [f"{place(i, 0)}: {given[i]} is not an integer" for i in wrong[:_SHOWN]],
            wrong,
        )
        given = np.where(whole, given, 0)
    outside = np.flatnonzero((given < 0) | (given >= classes))
    found = [
        f"{place(i, 0)}: label {_plain(given[i])} is not in 0 .. {classes - 1} "
        f"(the model has {classes} outputs)"
        for i in outside[:_SHOWN]
    ]
    _list(problems, found, outside)
    return given.astype(np.int64) if not outside.size else given


def _finite(
    values: NDArray[Any],
    dtype: np.dtype[Any],
    place: Callable[[int, int], str],
    problems: list[str],
) -> FloatArray:
    """Return C-ordered ``values`` as ``dtype``; note those that are NaN, infinite or overflow."""
    with np.errstate(over="ignore"):
        converted = np.array(values, dtype=dtype, order="C")
    # a sum is finite only where every term is; the mask is made for bad data only
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(converted.sum()):
            return converted
    rows, columns = np.nonzero(~np.isfinite(converted))
    found = []
    for row, column in zip(rows[:_SHOWN], columns[:_SHOWN], strict=True):
        value = values[row, column]
        why = f"does not fit in {dtype}" if np.isfinite(value) else "is not a finite number"
        found.append(f"{place(int(row), int(column))}: {value} {why}")
    _list(problems, found, rows)
    return converted


def _list(problems: list[str], found: list[str], all_places: NDArray[Any]) -> None:
    problems += found
    if all_places.size > len(found):
        problems.append(f"... and {all_places.size - len(found)} more like the last")


def _plain(label: np.generic) -> str:
    return f"{label:.0f}" if label.dtype.kind == "f" else str(label)

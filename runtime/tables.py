"""Data files with named columns: csv by the standard library, parquet by pyarrow if it is there."""

from __future__ import annotations

import csv
import importlib
from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from gradc_runtime.raw_data import DataError, Raw, Wanted

_MAX_PROBLEMS = 20
_MAX_CELLS = 3
_MAX_NAMES = 8


def read_csv(file: Path, wanted: Wanted) -> Raw:
    """Read a comma-separated file with a header line.

    Raises
    ------
    DataError
        With every wrong line and column, but no more than some twenty.
    """
    if file.stat().st_size > wanted.max_bytes:
        raise DataError([f"is larger than {wanted.max_bytes:,} bytes"])
    lines = array("q")
    cells = array("d")
    problems: list[str] = []
    try:
        with file.open(newline="", encoding="utf-8-sig") as text:
            reader = csv.reader(text, strict=True)
            header = [name.strip() for name in next(reader, [])]
            chosen = _columns(header, wanted)
            for row in reader:
                if not row:
                    continue
                if len(problems) >= _MAX_PROBLEMS:
                    problems.append(f"... reading stopped at line {reader.line_num}")
                    break
                numbers = _numbers(row, header, reader.line_num, problems)
                cells.extend(numbers)
                lines.append(reader.line_num)
    except UnicodeDecodeError:
        raise DataError(["is not text (UTF-8)"]) from None
    except csv.Error as error:
        raise DataError([f"line {reader.line_num}: {error}"]) from None
    if problems:
        raise DataError(problems)
    table = np.frombuffer(cells, dtype=np.float64).reshape(len(lines), len(header))
    return _raw(table, header, chosen, lambda row: f"line {lines[row]}")


def read_parquet(file: Path, wanted: Wanted) -> Raw:
    """Read a parquet file of plain number columns.

    Raises
    ------
    DataError
        Without pyarrow, for a damaged file, or columns that are not complete numbers.
    """
    try:
        pyarrow: Any = importlib.import_module("pyarrow")
        parquet: Any = importlib.import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise DataError(
            ["reading parquet needs pyarrow: pip install pyarrow (or save the data as .npz)"]
        ) from None
    try:
        with parquet.ParquetFile(file) as opened:
            header = list(opened.schema_arrow.names)
            chosen = _columns(header, wanted)
            size = 8 * opened.metadata.num_rows * len(header)
            if size > wanted.max_bytes:
                raise DataError(
                    [f"would take {size:,} bytes; at most {wanted.max_bytes:,} are read"]
                )
            kinds = pyarrow.types
            wrong = [
                f'column "{column.name}" holds {column.type}, not numbers'
                for column in opened.schema_arrow
                if not (kinds.is_integer(column.type) or kinds.is_floating(column.type))
            ]
            if wrong:
                raise DataError(wrong)
            content = opened.read()
    except pyarrow.ArrowException as error:
        raise DataError([f"is not a parquet file, or is damaged: {error}"]) from None
    empty = [
        f'column "{name}" has {content[name].null_count} empty cells'
        for name in header
        if content[name].null_count
    ]
    if empty:
        raise DataError(empty)
    table = np.empty((content.num_rows, len(header)))
    for index, name in enumerate(header):
        table[:, index] = content[name].to_numpy()
    return _raw(table, header, chosen, lambda row: f"row {row}")


def _columns(header: list[str], wanted: Wanted) -> tuple[list[int], list[int]]:
    """Return the places of the features and of the target in ``header``."""
    if not any(header):
        raise DataError(["is empty; its first line must name the columns"])
    problems = [
        f'{count} columns are named "{name}"'
        for name, count in Counter(header).items()
        if count > 1
    ]
    missing = [name for name in wanted.label_columns if name not in header]
    problems += [f'has no column "{name}"; it has {_names(header)}' for name in missing]
    if missing and len(header) == 1 and any(mark in header[0] for mark in ";\t"):
        problems.append("columns must be separated by commas")
    target = [header.index(name) for name in wanted.label_columns if name in header]
    features = [index for index in range(len(header)) if index not in set(target)]
    if not problems and len(features) != wanted.features:
        problems.append(
            f"has {len(features)} columns besides {_names(wanted.label_columns)}; "
            f"the model takes {wanted.features} values"
        )
    if problems:
        raise DataError(problems)
    return features, target


def _numbers(row: list[str], header: list[str], line: int, problems: list[str]) -> list[float]:
    if len(row) != len(header):
        problems.append(f"line {line}: has {len(row)} cells; the header has {len(header)}")
        return []
    try:
        return [float(cell) for cell in row]
    except ValueError:
        wrong = [
            f'line {line}, column "{name}": {_shown(cell)} is not a number'
            for name, cell in zip(header, row, strict=True)
            if not _is_number(cell)
        ]
        problems += wrong[:_MAX_CELLS]
        return []


def _names(header: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in header[:_MAX_NAMES])
    return shown if len(header) <= _MAX_NAMES else f"{shown}, ..."


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _shown(cell: str) -> str:
    if not cell.strip():
        return "an empty cell"
    return f'"{cell[:30]}..."' if len(cell) > 30 else f'"{cell}"'


def _raw(
    table: np.ndarray[Any, Any],
    header: list[str],
    chosen: tuple[list[int], list[int]],
    place: Any,
) -> Raw:
    features, target = chosen

    def x_place(row: int, column: int) -> str:
        return f'{place(row)}, column "{header[features[column]]}"'

    def y_place(row: int, column: int) -> str:
        return f'{place(row)}, column "{header[target[column]]}"'

    return Raw(table[:, features], table[:, target], x_place, y_place)

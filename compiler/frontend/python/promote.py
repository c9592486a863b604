"""NumPy 2's promotion of dtypes, Python numbers included (NEP 50)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradc.frontend.python.problems import RefusedError
from gradc.ir.types import DType, dtype_of_numpy

_LARGEST_INTEGER = 2**63 - 1
_ORDER = (DType.BOOL, DType.INT, DType.F32, DType.F64)


@dataclass(frozen=True, slots=True)
class Kind:
    """The element type of an operand; a weak one is a Python number and adapts to the others."""

    dtype: DType
    weak: bool = False


def kind_of_constant(value: Any) -> Kind | None:
    """The kind of a number known at compile time; None for what is no number."""
    if isinstance(value, np.generic):
        dtype = dtype_of_numpy(value.dtype)
        return None if dtype is None else Kind(dtype)
    if isinstance(value, bool):
        return Kind(DType.BOOL, weak=True)
    if isinstance(value, int):
        return Kind(DType.INT, weak=True)
    if isinstance(value, float):
        return Kind(DType.F64, weak=True)
    return None


def number_of(value: Any, dtype: DType) -> bool | int | float:
    """A number known at compile time as one of an element type."""
    number = value.item() if isinstance(value, np.generic) else value
    if dtype is DType.BOOL:
        return bool(number)
    if dtype is DType.INT:
        if abs(int(number)) > _LARGEST_INTEGER:
            raise RefusedError(f"the integer {int(number)} does not fit into 64 bits")
        return int(number)
    try:
        return float(dtype.numpy.type(number))
    except OverflowError:
        raise RefusedError("this integer is too large for a float") from None


def promote(kinds: Iterable[Kind]) -> Kind:
    """The kind of the result of an arithmetic operation on operands of these kinds."""
    kinds = list(kinds)
    strong = [kind.dtype for kind in kinds if not kind.weak]
    weak = [kind.dtype for kind in kinds if kind.weak]
    if not strong:
        return Kind(max(weak, key=_ORDER.index), weak=True)
    dtype = _strongest(strong)
    for own in weak:
        if own is DType.INT and dtype is DType.BOOL:
            dtype = DType.INT
        elif own.is_float and not dtype.is_float:
            dtype = DType.F64
    return Kind(dtype)


def _strongest(dtypes: list[DType]) -> DType:
    if DType.INT in dtypes and DType.F32 in dtypes:
        return DType.F64
    return max(dtypes, key=_ORDER.index)


def as_float(kind: Kind) -> Kind:
    """The kind that a function of real numbers computes in."""
    return kind if kind.dtype.is_float else Kind(DType.F64, kind.weak)


def as_number(kind: Kind) -> Kind:
    """The kind that a sum is computed in: booleans count."""
    return Kind(DType.INT, kind.weak) if kind.dtype is DType.BOOL else kind


def becomes(source: DType, target: DType, casting: Any) -> bool:
    """Whether one dtype becomes another under a casting rule of NumPy."""
    return bool(np.can_cast(source.numpy, target.numpy, casting))

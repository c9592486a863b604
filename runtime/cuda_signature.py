"""What a CUDA kernel takes and returns, as text: names, element types and sizes.

``"x: f64[samples], w: f64[samples, 3], k: f64"`` says that `x` and `w` have one entry for each
sample along their first axis and that `k` is one number for all of them. A size is a number or
a name; a name stands for the same size wherever it occurs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Size = int | str

DTYPES: Mapping[str, np.dtype[Any]] = {
    "f64": np.dtype(np.float64),
    "f32": np.dtype(np.float32),
    "i64": np.dtype(np.int64),
    "b1": np.dtype(np.bool_),
}
_ENTRY = re.compile(r"\s*(\w+):\s*(f64|f32|i64|b1)(?:\[([^\]]*)\])?\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument or result: its name, element type and shape."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[Size, ...]

    def sizes(self, known: Mapping[str, int]) -> tuple[int, ...]:
        """The shape in numbers."""
        return tuple(known[size] if isinstance(size, str) else size for size in self.shape)


def parse(text: str) -> tuple[Parameter, ...]:
    """Read the text form.

    Raises
    ------
    ValueError
        Where the text is none.
    """
    found: list[Parameter] = []
    position = 0
    while position < len(text):
        match = _ENTRY.match(text, position)
        if match is None:
            raise ValueError(f"no parameter of a kernel: {text[position:]!r}")
        name, dtype, sizes = match.groups()
        shape = tuple(_size(size.strip()) for size in sizes.split(",")) if sizes else ()
        found.append(Parameter(name, DTYPES[dtype], shape))
        position = match.end()
    return tuple(found)


def _size(text: str) -> Size:
    return int(text) if text.isdigit() else text


def bind_sizes(
    parameters: Sequence[Parameter], shapes: Sequence[tuple[int, ...]]
) -> dict[str, int]:
    """Find out what the names of sizes stand for in a call.

    Parameters
    ----------
    parameters : sequence of Parameter
    shapes : sequence of tuple of int
        Of the arguments, in their order.

    Raises
    ------
    ValueError
        When the arguments do not fit the parameters or each other; the message names them.
    """
    known: dict[str, tuple[int, str]] = {}
    for parameter, shape in zip(parameters, shapes, strict=True):
        name = parameter.name
        if len(shape) != len(parameter.shape):
            raise ValueError(f"{name} has {_axes(len(shape))}, not {_axes(len(parameter.shape))}")
        for axis, (wanted, size) in enumerate(zip(parameter.shape, shape, strict=True)):
            _bind(known, name, axis, wanted, size)
    return {symbol: size for symbol, (size, _) in known.items()}


def _bind(
    known: MutableMapping[str, tuple[int, str]], name: str, axis: int, wanted: Size, size: int
) -> None:
    if isinstance(wanted, int):
        if size != wanted:
            raise ValueError(f"{name} has size {size} along axis {axis}, not {wanted}")
        return
    first, owner = known.setdefault(wanted, (size, name))
    if first == size:
        return
    if axis == 0 and wanted == "samples":
        raise ValueError(f"{name} has {size} samples, {owner} has {first}")
    raise ValueError(f"{name} has size {size} along axis {axis}, {owner} has {first} there")


def _axes(count: int) -> str:
    return "one axis" if count == 1 else f"{count or 'no'} axes"

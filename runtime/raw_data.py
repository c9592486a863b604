"""What the readers of data files take and give: the wanted shape, raw numbers, the error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Target = Literal["labels", "values"]


class DataError(ValueError):
    """The data cannot be used.

    Attributes
    ----------
    problems : tuple of str
        Everything that is wrong, each with its file and place.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Raw:
    """What a reader found: numbers of any dtype, and how to name their places.

    Attributes
    ----------
    x, y : ndarray
        As in the file.
    x_place, y_place : callable
        ``(row, column) -> text``; the column of labels is 0.
    """

    x: NDArray[Any]
    y: NDArray[Any]
    x_place: Callable[[int, int], str]
    y_place: Callable[[int, int], str]


@dataclass(frozen=True)
class Wanted:
    """What the model takes."""

    shape: tuple[int, ...]
    outputs: int
    target: Target
    dtype: np.dtype[Any]
    max_bytes: int

    @property
    def features(self) -> int:
        return math.prod(self.shape)

    @property
    def label_columns(self) -> list[str]:
        """Names of the target's columns in a table."""
        if self.target == "labels" or self.outputs == 1:
            return ["label"]
        return [f"label_{index}" for index in range(self.outputs)]

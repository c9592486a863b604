"""Random programs of the language, as Python source: loops, branches, writes, views, calls.

`python_programs()` draws statement by statement from what is in scope, simplest choices first, so
that hypothesis shrinks a failure to a few lines. Values are kept of moderate size, and conditions
away from ties, so that the programs are differentiable at nearly all of their points.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import linecache
import math
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradc import grad
from gradc.frontend.python.transforms import TRANSFORM
from tests.generators.python_scope import Choices, DrawnChoices, RandomChoices
from tests.generators.python_writer import NAME, Writer

_NUMBERS = itertools.count()

Pair = namedtuple("Pair", ["first", "second"])


@dataclass(frozen=True)
class Gauge:
    """What programs make instances of: a method and a property."""

    scale: float
    offset: float

    @property
    def middle(self) -> float:
        """A number between the two fields."""
        return 0.5 * (self.scale + self.offset)

    def at(self, u: float) -> float:
        """A smooth function."""
        return np.tanh(self.scale * u) + self.offset


# How the arrays of a call may overlap; the first is by far the most frequent.
OVERLAPS = (
    "none",
    "w is v",
    "w = v[:]",
    "w = v[::-1]",
    "v = a[:, 0]",
    "w = a[:, -1]",
    "w = v = a[:, 0]",
)


class ComplexStep:
    """What `grad` is while Python runs a program: derivatives by complex steps.

    See Squire and Trapp (1998), "Using complex variables to estimate derivatives of real
    functions". gradc reads it as its own `grad`.
    """

    def __init__(self) -> None:
        setattr(self, TRANSFORM, getattr(grad, TRANSFORM))

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The gradient of a function of one float or one vector."""

        def gradient(point: Any) -> Any:
            found = np.zeros(np.shape(point))
            for index in np.ndindex(found.shape):
                moved = np.array(point, complex)
                moved[index] += 1e-30j
                found[index] = function(moved[()]).imag / 1e-30
            return found if found.shape else float(found)

        return gradient


@dataclass(frozen=True, repr=False)
class PythonProgram:
    """Source text that defines `program`, and arguments to call it with."""

    source: str
    sizes: tuple[int, int]
    steps: int
    seed: int
    overlap: str = OVERLAPS[0]

    def __repr__(self) -> str:
        overlap = "" if self.overlap == OVERLAPS[0] else f", {self.overlap}"
        sizes = f"n, m = {self.sizes}"
        return f"{self.source}# {sizes}, k = {self.steps}, seed {self.seed}{overlap}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How hypothesis shows a failing example."""
        printer.text(repr(self))

    def arguments(self) -> list[Any]:
        """Fresh arguments: two floats, two vectors, a matrix and an integer."""
        rng = np.random.default_rng(self.seed)
        rows, columns = self.sizes
        draw = lambda *shape: rng.uniform(-1.0, 1.0, shape)  # noqa: E731
        x, y, v, w, a = float(draw()), float(draw()), draw(rows), draw(rows), draw(rows, columns)
        match self.overlap:
            case "w is v":
                w = v
            case "w = v[:]":
                w = v[:]
            case "w = v[::-1]":
                w = v[::-1]
            case "v = a[:, 0]":
                v = a[:, 0]
            case "w = a[:, -1]":
                w = a[:, -1]
            case "w = v = a[:, 0]":
                w = v = a[:, 0]
        return [x, y, v, w, a, self.steps]

    def function(self) -> Callable[..., Any]:
        """The function itself; `inspect` finds its source until :func:`forget` is called."""
        file = f"<program {next(_NUMBERS)}>"
        lines = self.source.splitlines(keepends=True)
        linecache.cache[file] = (len(self.source), None, lines, file)
        namespace: dict[str, Any] = {"np": np, "math": math, "__name__": "random_program"}
        namespace |= {"grad": ComplexStep(), "Pair": Pair, "Gauge": Gauge}
        namespace |= {"functools": functools, "dataclasses": dataclasses}
        exec(compile(self.source, file, "exec"), namespace)
        made: Callable[..., Any] = namespace[NAME]
        return made


def forget(function: Callable[..., Any]) -> None:
    """Let go of the source of a function made above."""
    linecache.cache.pop(function.__code__.co_filename, None)


def written(
    choices: Choices, most: int = 7, depth: int = 2, numerical: bool = False
) -> PythonProgram:
    """A program of up to `most` statements at its outermost level."""
    writer = Writer(choices)
    writer.numerical = numerical
    source = writer.function(most, depth)
    rows, columns = 3 + choices.below(6 if numerical else 3), 2 + choices.below(2)
    overlap = OVERLAPS[max(0, choices.below(40) - 33)]
    return PythonProgram(source, (rows, columns), choices.below(4), choices.below(100), overlap)


def random_program(seed: int, numerical: bool = False) -> PythonProgram:
    """The program of a seed: short ones more often, for more of them can be checked."""
    choices = RandomChoices(seed)
    most = (2, 2, 3, 3, 4, 7)[choices.below(6)]
    return written(choices, most, depth=1 + choices.below(2), numerical=numerical)


@st.composite
def python_programs(draw: Any, *, most: int = 7, depth: int = 2) -> PythonProgram:
    """Draw a program; hypothesis shrinks it."""
    return written(DrawnChoices(draw), most, depth)

"""One call of a public function, with the arguments it is tried at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class SurfaceCase:
    """A function that makes one call, and its arguments.

    Attributes
    ----------
    name : str
        What users call, in full: ``numpy.cumsum``, ``math.exp``, ``numpy.ndarray.sum``,
        ``numpy.add.at``.
    number : int
        Which of the cases with that name it is.
    fn : callable
        Calls it through ``np``, ``math`` or ``special``: the names that the comparison with JAX and
        PyTorch replaces.
    args : tuple
        Floats and float arrays among them are differentiated, all of them together.
    smooth : bool
        Whether it is differentiable at these arguments; where it is not, only the value counts.
    peers : bool
        Whether JAX and PyTorch mean the same by this call, derivatives included.
    """

    name: str
    number: int
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    smooth: bool = True
    peers: bool = True

    @property
    def id(self) -> str:
        """The name for test reports."""
        return f"{self.name}#{self.number}" if self.number else self.name


@dataclass
class Surface:
    """The cases of one file; call it with a name, a function and the arguments to try."""

    cases: list[SurfaceCase] = field(default_factory=list)

    def __call__(
        self,
        name: str,
        fn: Callable[..., Any],
        *args: Any,
        smooth: bool = True,
        peers: bool = True,
    ) -> None:
        """Add a case; a name may have several."""
        number = sum(case.name == name for case in self.cases)
        self.cases.append(SurfaceCase(name, number, fn, args, smooth, peers))

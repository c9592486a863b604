"""Functions that write what they compute into arguments, as functions that return it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.errors import GradTypeError
from gradc.faces.meanings import RETURNING
from gradc.frontend.python.derived import Prepared


class Returning:
    """A function whose output arguments are what it returns.

    Attributes
    ----------
    function : callable
    outputs : int, str or sequence of them
        The arguments that it writes to, by position or name.
    """

    def __init__(
        self, function: Callable[..., Any], outputs: int | str | Sequence[int | str]
    ) -> None:
        if not callable(function):
            raise GradTypeError(f"a function belongs here, not {function!r}")
        self.function, self.outputs = function, outputs
        self.single = isinstance(outputs, int | str)
        self._keys = (outputs,) if isinstance(outputs, int | str) else tuple(outputs)
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function with copies of the output arguments, and return these."""
        bound = inspect.signature(self.function).bind(*args, **kwargs)
        names = list(bound.signature.parameters)
        written = []
        for key in self._keys:
            name = key if isinstance(key, str) else names[key]
            if name not in bound.arguments:
                raise GradTypeError(f"{self.__name__} has no argument {key!r} in this call")
            bound.arguments[name] = np.array(bound.arguments[name])
            written.append(bound.arguments[name])
        result = self.function(*bound.args, **bound.kwargs)
        outputs = written[0] if self.single else tuple(written)
        return outputs if result is None else (result, outputs)

    __name__: str

    @property
    def __gradc_transform__(self) -> Prepared:
        """What a call inside a compiled function means."""
        return Prepared(self.function, {"outputs": self.outputs}, RETURNING)

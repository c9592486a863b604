"""What a pass is: a named, frozen bundle of options with a pure ``run``.

A pass takes a function and returns a function. It never changes what it is given, and hands
back the *same object* when it had nothing to do, so that "did it change" is ``is``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar, cast

from gradc.errors import Diagnostic
from gradc.ir.core import Function

Result = TypeVar("Result")


class Pass(Protocol):
    """A transformation of functions; a frozen dataclass whose fields are its options.

    Attributes
    ----------
    name : str
        How pipeline text calls it.

    A class attribute ``whole = True`` says that it takes the program as a whole, and is not run on
    each of the routines that the function calls: a derivative makes those of the routines when it
    needs them.
    """

    name: ClassVar[str]

    def run(self, function: Function, context: Context) -> Function:
        """Return the transformed function, or the same object when nothing changed."""
        ...


@dataclass(slots=True)
class Context:
    """What the passes of one pipeline share.

    Attributes
    ----------
    notes : list of Diagnostic
        What a pass has to tell the user that is not an error, such as a copy that stays.
    """

    notes: list[Diagnostic] = field(default_factory=list)
    _results: dict[tuple[Any, Function], Any] = field(default_factory=dict)

    def note(self, diagnostic: Diagnostic) -> None:
        """Add a note, once."""
        if diagnostic not in self.notes:
            self.notes.append(diagnostic)

    def analysis(self, compute: Callable[[Function], Result], function: Function) -> Result:
        """Return the result of an analysis, computed once for each function object."""
        key = (compute, function)
        if key not in self._results:
            self._results[key] = compute(function)
        return cast("Result", self._results[key])

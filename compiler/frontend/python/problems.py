"""How the front end refuses: an exception inside, a diagnostic outside."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from gradc.errors import GradcError, GradTypeError, UnsupportedFunctionError, UnsupportedSyntaxError


class RefusedError(Exception):
    """Something that gradc does not take; turned into a diagnostic where the node is known.

    Parameters
    ----------
    message : str
        What is wrong, in the user's words.
    hint : str, optional
        What to write instead.
    kind : type
        The error class it asks for.
    node : ast.AST, optional
        The place, where it is more precise than the expression being interpreted.
    """

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        kind: type[GradcError] = UnsupportedSyntaxError,
        node: ast.AST | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.kind = kind
        self.node = node


class UnrollableError(Exception):
    """A loop over a range with known bounds needs its index as a constant.

    Parameters
    ----------
    symbols : frozenset of str
        The size symbols of the indices that are needed.
    reason : RefusedError
        What is refused where the loop cannot be unrolled.
    instead : Exception, optional
        What is raised then, where there is another way.
    """

    def __init__(
        self, symbols: frozenset[str], reason: RefusedError, instead: Exception | None = None
    ) -> None:
        super().__init__(reason.message)
        self.symbols = symbols
        self.reason = reason
        self.instead = instead


class GrowingError(Exception):
    """Lists have to be made ready to grow, before the outermost statement around that knows them.

    Parameters
    ----------
    lists : frozenset
        The lists, or what refers to one whose length is known at run time only.
    reason : RefusedError
        What is refused where that cannot be.
    """

    def __init__(self, lists: frozenset[object], reason: RefusedError) -> None:
        super().__init__(reason.message)
        self.lists = lists
        self.reason = reason


class TooMuchError(Exception):
    """The program is too large to be interpreted; reported already, so stop here."""


def follow_up() -> RefusedError:
    """What cannot be because of something that was reported already: it is not reported again."""
    return RefusedError("")


def shapes(message: str, hint: str | None = None) -> RefusedError:
    """A problem with types or shapes."""
    return RefusedError(message, hint, GradTypeError)


def unknown_function(message: str, hint: str | None = None) -> RefusedError:
    """A function that has no rule."""
    return RefusedError(message, hint, UnsupportedFunctionError)


# What there is no way to interpret: in words, and what to write instead.
_UNSUPPORTED: Mapping[type[ast.AST], tuple[str, str]] = {
    ast.Set: ("a set is not supported", "use a tuple or a list"),
    ast.SetComp: ("a set is not supported", "use a list: `[... for ...]`"),
    ast.Await: ("`await` is not supported", "call a function that returns its result"),
    ast.Yield: ("`yield` is not supported", "return an array"),
    ast.YieldFrom: ("`yield from` is not supported", "return an array"),
}


def untaken(node: ast.AST) -> tuple[str, str | None]:
    """The message for syntax that is not taken, and what to do."""
    return _UNSUPPORTED.get(type(node), ("this syntax is not supported", None))

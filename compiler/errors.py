"""Locations, diagnostics with a caret, and the error classes that users see.

Every error about a user's program is a :class:`GradcError` that holds one or more
:class:`Diagnostic`. All problems of one function or file are collected in a
:class:`Diagnostics` list and raised together, so that nobody repairs them one at a time.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the user's source.

    Attributes
    ----------
    file : str
        Path or pseudo file (``"<expression>"``) as the user knows it.
    line, col : int
        1-based line and column; 0 where there is none.
    end_col : int
        1-based column just after the marked text, on the same line; 0 where unknown.
    text : str
        The source line where it cannot be read from `file` (an expression, a lambda in a
        session); empty to read it from the file when it is shown.
    """

    file: str
    line: int = 0
    col: int = 0
    end_col: int = 0
    text: str = ""

    def __str__(self) -> str:
        parts = [self.file]
        if self.line:
            parts.append(str(self.line))
            if self.col:
                parts.append(str(self.col))
        return ":".join(parts)

    @property
    def source_line(self) -> str:
        """The text of the line, without its line break; empty where it cannot be had."""
        if self.text or not self.line:
            return self.text
        return linecache.getline(self.file, self.line).rstrip("\n")


NOWHERE = Location("<generated>")

_LONGEST_SHOWN_LINE = 160


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem: where it is, what is wrong, and what to do about it."""

    location: Location
    message: str
    hint: str | None = None

    def __str__(self) -> str:
        lines = [f"{self.location}: {self.message}"]
        lines += _caret_lines(self.location)
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


def _caret_lines(location: Location) -> list[str]:
    """The source line with a caret under the marked text; long lines are cut around it."""
    source = location.source_line.replace("\t", " ")
    if not source.strip() or not location.col:
        return []
    start = min(location.col - 1, len(source))
    width = max(location.end_col - location.col, 1)
    if len(source) > _LONGEST_SHOWN_LINE:
        cut = max(0, start - _LONGEST_SHOWN_LINE // 2)
        source, start = source[cut : cut + _LONGEST_SHOWN_LINE], start - cut
    indent = len(source) - len(source.lstrip())
    source, start = source.strip(), max(start - indent, 0)
    width = min(width, max(len(source) - start, 1))
    return [f"    {source}", f"    {' ' * start}{'^' * width}"]


class GradcError(Exception):
    """Base of all errors that gradc raises about the user's input.

    Parameters
    ----------
    problems : str, Diagnostic or sequence of Diagnostic
        What is wrong. A plain string has no location.
    """

    def __init__(self, problems: str | Diagnostic | Sequence[Diagnostic]) -> None:
        if isinstance(problems, str):
            self.diagnostics: tuple[Diagnostic, ...] = ()
            text = problems
        else:
            found = (problems,) if isinstance(problems, Diagnostic) else tuple(problems)
            self.diagnostics = found
            text = "\n".join(str(problem) for problem in found)
            if len(found) > 1:
                text += f"\n{len(found)} problems"
        super().__init__(text)


class UnsupportedSyntaxError(GradcError):
    """The function uses a part of Python that gradc does not take."""


class UnsupportedFunctionError(GradcError):
    """The function calls something that has no derivative rule."""


class AliasingError(GradcError):
    """A write that cannot be proven safe: which array it changes is not known."""


class GradTypeError(GradcError, TypeError):
    """An argument has a type that cannot be differentiated, or shapes do not fit."""


class ModelFileError(GradcError):
    """A model file or formula is wrong; the message has the key's path in the file."""


class GradientCheckError(GradcError):
    """A gradient does not agree with finite differences."""


class NonFiniteError(GradcError, ArithmeticError):
    """A value or a derivative is infinite or not a number; the message says where that began."""


class InternalError(GradcError):
    """A defect in gradc itself: an invariant of the compiler does not hold."""


@dataclass(slots=True)
class Diagnostics:
    """Problems found so far, each with the error class that it asks for."""

    found: list[tuple[type[GradcError], Diagnostic]] = field(default_factory=list)

    def add(
        self,
        location: Location,
        message: str,
        hint: str | None = None,
        kind: type[GradcError] = UnsupportedSyntaxError,
    ) -> None:
        """Note a problem and go on."""
        problem = Diagnostic(location, message, hint)
        if all(problem != other for _, other in self.found):
            self.found.append((kind, problem))

    def extend(self, kind: type[GradcError], problems: Iterable[Diagnostic]) -> None:
        """Note several problems of one kind."""
        for problem in problems:
            self.add(problem.location, problem.message, problem.hint, kind)

    def raise_if_any(self) -> None:
        """Raise all problems as one error, in the order of their lines.

        The class is that of the first problem in the source.
        """
        if not self.found:
            return
        in_order = sorted(
            self.found, key=lambda item: (item[1].location.line, item[1].location.col)
        )
        raise in_order[0][0]([problem for _, problem in in_order])

"""Reading ``--at x1=1,x2=[1,2,3]``: names, numbers and lists of numbers, and nothing else."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from gradc.errors import GradcError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Command = TypeVar("Command", bound=Callable[..., Any])

Number = int | float | bool
Nested = Number | list["Nested"]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:inf|nan|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?![\w.]))"
    r"|(?P<name>[^\W\d]\w*)|(?P<mark>[=,\[\]]))"
)
_INTEGER = re.compile(r"[+-]?\d+")
_LITERALS = {"True": True, "False": False}
_DEEPEST = 8
_LONGEST_NAME = 100
_INT64 = range(-(2**63), 2**63)


class PointError(GradcError):
    """The text of ``--at`` is wrong, or does not fit the arguments of the model."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int


def parse_point(text: str, option: str = "--at") -> dict[str, Nested]:
    """Read ``name=value`` pairs divided by commas.

    Parameters
    ----------
    text : str
        A value is a number (``1``, ``-2.5e3``, ``inf``, ``nan``), ``True``, ``False`` or a list of
        values in brackets.
    option : str
        The option that the text was given for, for messages.

    Raises
    ------
    PointError
        With the place in the text where it stops being one.
    """
    return _Parser(text, option).run()


class _Parser:
    def __init__(self, text: str, option: str) -> None:
        self.text, self.option = text, option
        self.tokens = self._tokens()
        self.place = 0

    def run(self) -> dict[str, Nested]:
        point: dict[str, Nested] = {}
        if self.peek().kind == "end":
            self.fail(self.peek(), "a name belongs here, as in x=1")
        while True:
            name = self.take("name", "a name belongs here, as in x=1")
            if len(name.text) > _LONGEST_NAME:
                self.fail(name, f"this name has {len(name.text)} characters")
            self.take("=", f"'=' and a value for {name.text} belong here")
            if name.text in point:
                self.fail(name, f"{name.text} is given twice")
            point[name.text] = self.value(0)
            if self.peek().kind == "end":
                return point
            self.take(",", "a comma and the next name belong here")

    def value(self, depth: int) -> Nested:
        token = self.peek()
        if token.kind == "[":
            if depth == _DEEPEST:
                self.fail(token, f"lists are nested at most {_DEEPEST} deep")
            return self.items(depth)
        if token.kind == "name" and token.text in _LITERALS:
            self.place += 1
            return _LITERALS[token.text]
        return self.number(self.take("number", "a number or a list in brackets belongs here"))

    def items(self, depth: int) -> Nested:
        self.place += 1
        items: list[Nested] = []
        while self.peek().kind != "]":
            items.append(self.value(depth + 1))
            if self.peek().kind != "]":
                self.take(",", "a comma or ']' belongs here")
        self.place += 1
        return items

    def number(self, token: _Token) -> Number:
        if _INTEGER.fullmatch(token.text):
            # Checked by length first: Python refuses to read integers of thousands of digits.
            if len(token.text.lstrip("+-0")) > 19 or int(token.text) not in _INT64:
                self.fail(token, "this integer does not fit in 64 bits; write it as a float")
            return int(token.text)
        value = float(token.text)
        if math.isinf(value) and "inf" not in token.text:
            self.fail(token, "this number is too large for a float")
        return value

    def peek(self) -> _Token:
        return self.tokens[self.place]

    def take(self, kind: str, message: str) -> _Token:
        token = self.peek()
        if token.kind != kind:
            self.fail(token, message)
        self.place += 1
        return token

    def fail(self, token: _Token, message: str) -> NoReturn:
        start = max(token.start - 40, 0)
        source = self.text[start : token.start + 40]
        caret = " " * (token.start - start) + "^"
        cut = "..." if start else ""
        raise PointError(
            f"{self.option}, column {token.start + 1}: {message}\n"
            f"    {cut}{source}\n    {' ' * len(cut)}{caret}"
        )

    def _tokens(self) -> list[_Token]:
        tokens: list[_Token] = []
        position, end = 0, len(self.text.rstrip())
        while position < end:
            match = _TOKEN.match(self.text, position)
            if match is None:
                start = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                tokens.append(_Token("other", self.text[start], start))
                break
            kind = match.lastgroup or ""
            text = match[kind]
            tokens.append(_Token(text if kind == "mark" else kind, text, match.start(kind)))
            position = match.end()
        tokens.append(_Token("end", "", end))
        return tokens


def check_names(
    point: Mapping[str, object],
    required: Sequence[str],
    what: str,
    optional: Sequence[str] = (),
) -> None:
    """Refuse a point that does not give every required argument, or gives something unknown.

    Raises
    ------
    PointError
        With every name that is missing or unknown.
    """
    problems = []
    known = [*required, *optional]
    missing = [name for name in required if name not in point]
    if missing:
        problems.append(f"--at: no value for {', '.join(missing)} of {what}")
    for name in point:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            there = f"did you mean {close[0]}?" if close else f"it has {', '.join(known)}"
            problems.append(f"--at: {what} has no argument {name}; {there}")
    if problems:
        raise PointError("\n".join(problems))


def as_array(name: str, value: Nested, dtype: Any = None) -> NDArray[Any] | np.generic:
    """Return a value as an array, or as a NumPy scalar where it is a number.

    Raises
    ------
    PointError
        When the rows of a list have different lengths.
    """
    import numpy as np

    try:
        array = np.array(value, dtype=dtype)
    except ValueError:
        raise PointError(f"--at: the lists of {name} do not have one length each axis") from None
    return array if array.ndim else array[()]


def at_option(help_text: str) -> Callable[[Command], Command]:
    """The option ``--at``, whose value is a dict or None."""

    def read(ctx: click.Context, param: click.Parameter, given: Iterable[str]) -> Any:
        texts = list(given)
        return parse_point(",".join(texts)) if texts else None

    return click.option("--at", multiple=True, metavar="x1=1,x2=3", callback=read, help=help_text)

"""The page of what is refused: its examples, and what gradc says about them.

``python -m tests.frontend.python.limits_page`` writes the messages into the page anew.
"""

from __future__ import annotations

import linecache
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import gradc
from gradc.errors import GradcError
from gradc.frontend.python import Leaf, Memory, lower_function
from gradc.ir.types import F64, INT, DType, Type

PAGE = Path(__file__).parents[3] / "docs" / "limits.md"
_EXAMPLE = re.compile(r"```python\n(?P<code>.*?)```\n\n```text\n(?P<text>.*?)```", re.DOTALL)
_FILE = "example.py"


@dataclass(frozen=True)
class Example:
    """One example of the page."""

    number: int
    code: str
    text: str

    @property
    def title(self) -> str:
        first = next((line for line in self.text.splitlines() if line), "accepted")
        return f"{self.number}: {first}"


def examples() -> list[Example]:
    found = _EXAMPLE.finditer(PAGE.read_text(encoding="utf-8"))
    return [Example(k, match["code"], match["text"]) for k, match in enumerate(found, 1)]


def arguments(names: tuple[str, ...]) -> Iterator[Leaf]:
    """The types that the page gives to the names of parameters."""
    kinds = {"x": ("n_x",), "y": ("n_y",), "A": ("rows", "columns")}
    for name in names:
        if name in ("v", "w"):
            number = "vw".index(name)
            yield Leaf(Type(DType.F64, (f"n_{name}",)), memory=Memory(number, meets=(1 - number,)))
        elif name in kinds:
            yield Leaf(Type(DType.F64, kinds[name]))
        else:
            yield Leaf(INT if name in ("n", "k") else F64, weak=True)


def message_of(code: str) -> str:
    """What gradc says about an example; empty where it takes it."""
    linecache.cache[_FILE] = (len(code), None, code.splitlines(keepends=True), _FILE)
    names: dict[str, object] = {"np": np, "gradc": gradc, "math": math, "__name__": "example"}
    exec(compile(code, _FILE, "exec"), names)
    function = names["f"]
    parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
    try:
        lower_function(function, list(arguments(parameters)))
    except GradcError as error:
        return f"{type(error).__name__}: {error}\n"
    return ""


def renewed() -> str:
    """The page with the messages that gradc gives now."""

    def renew(match: re.Match[str]) -> str:
        return f"```python\n{match['code']}```\n\n```text\n{message_of(match['code'])}```"

    return _EXAMPLE.sub(renew, PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(renewed(), encoding="utf-8")

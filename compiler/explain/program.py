"""A generated program, each line with the source line that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_COMMENT = re.compile(r"  # (?:(?P<file>[^,#]+), )?line (?P<line>\d+)\b")


@dataclass(frozen=True, slots=True)
class ProgramLine:
    """A line of a generated program.

    Attributes
    ----------
    text : str
    source : int or None
        The line of the user's source whose derivative it computes; None for what belongs to no
        line or to the function itself.
    """

    text: str
    source: int | None


def program_lines(program: str) -> tuple[ProgramLine, ...]:
    """Read which lines of a program belong to which source line.

    The program says so itself: the first line of each group has a comment ``# line 5: ...``, and
    the group goes on at its own depth or deeper. A group ends where the next one begins, where
    the depth decreases, and at a ``return``.
    """
    found: list[ProgramLine] = []
    current: int | None = None
    depth = 0
    for text in program.rstrip().splitlines():
        indent = len(text) - len(text.lstrip())
        comment = _COMMENT.search(text)
        if comment is not None:
            current = None if comment["file"] else int(comment["line"])
            depth = indent
        elif text.strip() and (indent < depth or text.lstrip().startswith("return")):
            current = None
        found.append(ProgramLine(text, current))
    return tuple(found)


def of_source(lines: Sequence[ProgramLine], number: int) -> tuple[str, ...]:
    """The lines of a program that belong to a source line, without their comments."""
    return tuple(_COMMENT.split(line.text)[0].rstrip() for line in lines if line.source == number)

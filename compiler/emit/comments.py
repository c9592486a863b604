"""Lines of a generated function, and the comments that say which source line each belongs to."""

from __future__ import annotations

import io
import textwrap
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass

from gradc.errors import Location
from gradc.ir.builder import DIM
from gradc.ir.core import Op, Role

WIDTH = 100
INDENT = "    "
_SHORTEST = 12  # of source text that is worth showing


@dataclass(frozen=True, slots=True)
class Line:
    """A line of generated text and the op that it comes from.

    A statement may be cut into several lines; the text has them as they are indented to it.
    """

    depth: int
    text: str
    op: Op | None = None

    @property
    def code(self) -> str:
        """The indented text."""
        return textwrap.indent(self.text, INDENT * self.depth)

    @property
    def fits(self) -> bool:
        """Whether the text is narrow enough."""
        return all(len(line) <= WIDTH for line in self.code.splitlines())


def with_comments(lines: Sequence[Line], file: str) -> list[str]:
    """Return the lines as text; each line of the derivative names its source line.

    The first of a group that comes from one line shows that line, the others its number.

    Parameters
    ----------
    lines : sequence of Line
    file : str
        The file of the differentiated function; lines of other files are named with theirs.
    """
    texts: list[str] = []
    group: tuple[Role, str, int] | None = None
    for line in lines:
        if line.op is None or line.op.prim is DIM:
            texts.append(line.code)
            continue
        loc = line.op.loc
        role = line.op.role
        here = (role, loc.file, loc.line)
        text = line.code
        if role is not Role.PRIMAL and loc.line:
            room = WIDTH - len(text.rpartition("\n")[2])
            text += _comment(loc, file, room, shown=here != group)
        group = here
        texts.append(text)
    return texts


def _comment(loc: Location, file: str, room: int, shown: bool) -> str:
    place = "" if loc.file == file else f"{loc.file.rpartition('/')[2]}, "
    comment = f"  # {place}line {loc.line}"
    source = _code_of(loc.source_line) if shown else ""
    if source and len(comment) + 2 + min(len(source), _SHORTEST) <= room:
        space = room - len(comment) - 2
        text = source if len(source) <= space else f"{source[: space - 3].rstrip()}..."
        comment += f": {text}"
    return comment if len(comment) <= room else ""


def _code_of(line: str) -> str:
    """A source line without its comment, in single spaces."""
    code = line.strip()
    if "#" in code:
        try:
            for token in tokenize.generate_tokens(io.StringIO(code).readline):
                if token.type == tokenize.COMMENT:
                    code = code[: token.start[1]]
                    break
        except (tokenize.TokenError, SyntaxError):
            pass  # part of a statement over several lines: shown as it is
    return " ".join(code.split())

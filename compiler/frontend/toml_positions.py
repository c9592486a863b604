"""Where the keys of a TOML text stand: ``tomllib`` gives values without their places.

The text has been parsed by ``tomllib`` before, so it is known to be well-formed; this scanner only
has to tell keys, strings, brackets and comments apart.

    [model]                      ("model",)            line 1
    input = [8, 8]               ("model", "input")    line 2, and ("model", "input", 0), (.., 1)
    [[layer]]                    ("layer",), ("layer", 0)
    type = "linear"              ("layer", 0, "type")
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

KeyPath = tuple[str | int, ...]

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LITERAL = re.compile(r"'[^'\n]*'")
# up to two quotes of the text itself may stand right before the closing three
_LONG_BASIC = re.compile(r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})', re.DOTALL)
_LONG_LITERAL = re.compile(r"'''.*?'''(?:'{0,2})", re.DOTALL)
_STRINGS = (_LONG_BASIC, _LONG_LITERAL, _BASIC, _LITERAL)
_SCALAR = re.compile(r"[^,\]}\n#]+")
_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\n]|#[^\n]*)*")


@dataclass(frozen=True, slots=True)
class Position:
    """Line, first column and the column after the last character, all from 1."""

    line: int
    col: int
    end_col: int


def key_positions(text: str) -> Mapping[KeyPath, Position]:
    """Return the place of each key, table header and list element of a well-formed TOML text.

    Parameters
    ----------
    text : str
        With ``\\n`` between lines.

    Returns
    -------
    mapping
        From paths as in the parsed data, list elements by their index, to places: of the key for
        keys, of the name in the brackets for tables, of the value for list elements.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, Position] = {}
        self.tables: dict[KeyPath, int] = {}
        self.line = 1
        self.line_start = 0
        self.counted = 0

    def document(self) -> None:
        table: KeyPath = ()
        self.skip(_BLANK_LINES)
        while self.at < len(self.text):
            if self.text.startswith("[[", self.at):
                table = self.header(2)
            elif self.text[self.at] == "[":
                table = self.header(1)
            else:
                self.assignment(table)
            self.skip(_BLANK_LINES)

    def header(self, brackets: int) -> KeyPath:
        """Read ``[a.b]`` or ``[[a.b]]`` and return the path of the table that it opens."""
        self.at += brackets
        start, keys, end = self.dotted_key()
        self.at += brackets
        path: KeyPath = ()
        position = self.position(start, end)
        for key in keys:
            path = (*self.newest(path), key)
            self.note(path, position)
        if brackets == 2:
            # a list that was written as a value cannot be added to, so its tables are all here
            self.tables[path] = self.tables.get(path, -1) + 1
            path = (*path, self.tables[path])
            self.note(path, position)
        return path

    def newest(self, path: KeyPath) -> KeyPath:
        """Return the path of the table that a name in a header means: the last of its list."""
        return (*path, self.tables[path]) if path in self.tables else path

    def assignment(self, table: KeyPath) -> None:
        """Read ``key = value`` and note the key and what is inside the value."""
        start, keys, end = self.dotted_key()
        position = self.position(start, end)
        path = table
        for key in keys:
            path = (*path, key)
            self.note(path, position)
        self.at += 1  # the equals sign
        self.skip(_BLANK)
        self.value(path)

    def dotted_key(self) -> tuple[int, list[str], int]:
        """Read ``a . "b" . c`` and return where it starts, its parts and where it ends."""
        self.skip(_BLANK)
        start, keys = self.at, []
        while True:
            keys.append(self.key())
            end = self.at
            self.skip(_BLANK)
            if not self.text.startswith(".", self.at):
                return start, keys, end
            self.at += 1
            self.skip(_BLANK)

    def key(self) -> str:
        if self.text[self.at] in "\"'":
            quoted = self.string()
            # escapes are left to the parser that knows them
            parsed: str = tomllib.loads(f"key = {quoted}")["key"]
            return parsed
        return self.take(_BARE_KEY)

    def value(self, path: KeyPath) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self.string()
        elif first == "[":
            self.array(path)
        elif first == "{":
            self.inline_table(path)
        else:
            self.take(_SCALAR)

    def array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        self.skip(_BLANK_LINES)
        while self.text[self.at] != "]":
            start = self.at
            position = self.position(start, start + 1)
            self.value((*path, index))
            if "\n" not in self.text[start : self.at]:
                width = len(self.text[start : self.at].rstrip())
                position = Position(position.line, position.col, position.col + width)
            self.note((*path, index), position)
            index += 1
            self.comma()
        self.at += 1

    def inline_table(self, path: KeyPath) -> None:
        self.at += 1
        self.skip(_BLANK_LINES)
        while self.text[self.at] != "}":
            self.assignment(path)
            self.comma()
        self.at += 1

    def comma(self) -> None:
        self.skip(_BLANK_LINES)
        if self.text[self.at] == ",":
            self.at += 1
            self.skip(_BLANK_LINES)

    def string(self) -> str:
        for pattern in _STRINGS:
            match = pattern.match(self.text, self.at)
            # three quotes open a long string, never an empty short one and another
            if match is not None:
                self.at = match.end()
                return match[0]
        raise ValueError(f"no string at offset {self.at}")

    def note(self, path: KeyPath, position: Position) -> None:
        self.found.setdefault(path, position)

    def position(self, start: int, end: int) -> Position:
        # offsets are asked for in rising order, so that each line break is counted once
        self.line += self.text.count("\n", self.counted, start)
        self.line_start = self.text.rfind("\n", 0, start) + 1
        self.counted = start
        return Position(self.line, start - self.line_start + 1, end - self.line_start + 1)

    def skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is not None:
            self.at = match.end()

    def take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"unexpected character at offset {self.at}")
        self.at = match.end()
        return match[0]

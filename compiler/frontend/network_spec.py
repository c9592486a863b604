"""Network specs: a TOML file in, a checked `NetworkSpec` or all of its problems out.

Reading a spec runs nothing from it. Limits, so that a small file cannot ask for a large machine:
the file has at most 1 MiB and 200 dots a line, a layer 2**24 units, the network 1,000 layers, and
the parameters take at most 2 GiB.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from gradc.errors import Diagnostic, Location, ModelFileError
from gradc.frontend.network_check import Checker
from gradc.frontend.network_report import Report
from gradc.frontend.network_types import Data, Layer, Loss, NetworkSpec, Train
from gradc.frontend.toml_positions import key_positions

__all__ = [
    "Data",
    "Layer",
    "Loss",
    "NetworkSpec",
    "Train",
    "parse_network_spec",
    "read_network_spec",
]

MAX_FILE_BYTES = 2**20
MAX_DOTS = 200
"""Dots of a line; the time to parse ``a.b.c = 1`` grows with the square of their number."""


def read_network_spec(path: str | os.PathLike[str]) -> NetworkSpec:
    """Read a network spec.

    Raises
    ------
    ModelFileError
        With everything that is wrong: a file that is missing, empty, too large or no text, TOML
        that cannot be parsed, keys and values that are unknown, missing, of the wrong type or out
        of range, and tables that do not fit together.
    """
    file = Path(path)
    try:
        content = _read_bytes(file)
        if b"\0" in content:
            raise _whole_file(file, "is not a text file")
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _whole_file(file, f"is not UTF-8 text (line {line})", "save it as UTF-8") from None
    except FileNotFoundError:
        raise _whole_file(file, "no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise _whole_file(file, f"cannot be read: {reason}") from None
    return parse_network_spec(text, file)


def parse_network_spec(text: str, path: str | os.PathLike[str]) -> NetworkSpec:
    """Check the text of a network spec.

    Parameters
    ----------
    text : str
        TOML.
    path : path-like
        What to call the file in messages; data paths are relative to its folder.

    Raises
    ------
    ModelFileError
        As `read_network_spec`.
    """
    file = Path(path)
    text = text.replace("\r\n", "\n")
    _check_dots(text, file)
    content = _parse_toml(text, file)
    if not content:
        raise _whole_file(
            file, "is empty", "a network spec has a table [model] and one [[layer]] for each layer"
        )
    return Checker(content, Report(str(file), text, key_positions(text)), file).spec()


# -- the file -------------------------------------------------------------------------------------


def _whole_file(file: Path, message: str, hint: str | None = None) -> ModelFileError:
    return ModelFileError(Diagnostic(Location(str(file)), message, hint))


def _read_bytes(file: Path) -> bytes:
    mode = file.stat().st_mode
    if stat.S_ISDIR(mode):
        raise _whole_file(file, "is a folder, not a file")
    if not stat.S_ISREG(mode):
        raise _whole_file(file, "is not a regular file")
    with file.open("rb") as opened:
        content = opened.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise _whole_file(file, f"is larger than {MAX_FILE_BYTES:,} bytes")
    return content


def _check_dots(text: str, file: Path) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > MAX_DOTS:
            place = Location(str(file), number)
            message = f"this line has {line.count('.'):,} dots; at most {MAX_DOTS} are taken"
            raise ModelFileError(Diagnostic(place, message))


_TOML_PLACE = re.compile(r"^(?P<what>.*?) \(at (?:line (?P<line>\d+), column (?P<col>\d+)|.*)\)$")
_BARE_WORD = re.compile(r"[A-Za-z_][\w./-]*")


def _parse_toml(text: str, file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _whole_file(file, "is nested too deeply") from None
    except ValueError as error:
        raise ModelFileError(_toml_problem(text, file, str(error))) from None


def _toml_problem(text: str, file: Path, message: str) -> Diagnostic:
    """Return the parser's message with its place, and the usual cause."""
    lines = text.split("\n")
    match = _TOML_PLACE.match(message)
    if match is None:
        # Python limits the digits of an integer, and says so without a place
        return Diagnostic(Location(str(file)), f"is not TOML: {message}")
    line, col = int(match["line"] or len(lines)), int(match["col"] or 1)
    place = Location(str(file), line, col, text=lines[line - 1] if line <= len(lines) else "")
    what = match["what"]
    hint = None
    if what == "Invalid value":
        word = _BARE_WORD.match(place.text, col - 1)
        if word is not None and word[0].lower() in ("true", "false"):
            hint = f"write {word[0].lower()}"
        elif word is not None:
            hint = f'text needs quotes: "{word[0]}"'
    return Diagnostic(place, f"is not TOML: {what[:1].lower()}{what[1:]}", hint)

"""What the argument MODEL means: a network spec, a function in a Python file, or a formula.

The form of the text decides, not what happens to lie in the folder: a text that ends in ``.toml``
is a spec, ``file.py:name`` is a function, anything else is a formula. Only the second runs code.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gradc.errors import GradcError, ModelFileError

_PYTHON = re.compile(r"(?P<file>.+\.py)(?::(?P<name>.*))?", re.DOTALL)
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
# What no formula ends in: a name with one of these is a file, whether it is there or not.
_OTHER_ENDINGS = (".json", ".yaml", ".yml", ".txt", ".csv", ".npz", ".ipynb", ".pt", ".h5", ".so")
_SHOWN = 60
_LONGEST_PATH = 4096


@dataclass(frozen=True)
class NetworkModel:
    """A network spec in a file."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name without its ending, for a folder of output."""
        return self.path.stem


@dataclass(frozen=True)
class PythonModel:
    """A function in a Python file."""

    path: Path
    function: str

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function


@dataclass(frozen=True)
class FormulaModel:
    """A formula.

    Attributes
    ----------
    text : str
    meant : str or None
        A file beside which the text looks like a misspelling of, for the message when the formula
        turns out not to be one.
    """

    text: str
    meant: str | None = None

    @property
    def name(self) -> str:
        """What a formula is called in files."""
        return "formula"


Model = NetworkModel | PythonModel | FormulaModel


def resolve(text: str) -> Model:
    """Decide what a MODEL argument means; nothing is imported and no file but names is read.

    Raises
    ------
    ModelFileError
        When it is empty, or names a file that is missing or of a kind that is not taken.
    """
    if not text.strip():
        raise ModelFileError(
            "MODEL is empty; give a network spec (net.toml), a function (model.py:loss) "
            'or a formula ("x**2 + 3*y")'
        )
    if "\0" in text:
        raise ModelFileError("MODEL holds a zero byte, which neither a path nor a formula can")
    python = _PYTHON.fullmatch(text)
    if text.endswith(".toml"):
        return NetworkModel(_existing(text))
    if python is not None:
        return _python_model(python["file"], python["name"])
    if text.endswith(".onnx"):
        raise ModelFileError(f"{_shown(text)}: ONNX models are not read yet; write a spec in TOML")
    _refuse_other_files(text)
    return FormulaModel(text, _nearest(text))


def _python_model(file: str, name: str | None) -> PythonModel:
    path = _existing(file)
    if not name:
        raise ModelFileError(
            f"{file}: say which function is meant, as {file}:NAME{_functions_in(path)}"
        )
    if not _IDENTIFIER.fullmatch(name):
        raise ModelFileError(f"{file}:{_shown(name)}: {_shown(name)!r} is not a function's name")
    return PythonModel(path, name)


def _existing(text: str) -> Path:
    """Return the path of a regular file, or say what is wrong with it."""
    if len(text) > _LONGEST_PATH:
        raise ModelFileError(f"{_shown(text)}: this path is {len(text)} characters long")
    path = Path(text)
    try:
        if path.is_dir():
            raise ModelFileError(f"{text}: is a folder, not a file")
        if path.exists():
            return path
    except OSError as error:
        raise ModelFileError(f"{_shown(text)}: {error.strerror}") from None
    near = _nearest(text)
    hint = f"; did you mean {near}?" if near else ""
    if not near and not path.parent.is_dir():
        hint = f"; there is no folder {path.parent}"
    raise ModelFileError(f"{text}: no such file{hint}")


def _refuse_other_files(text: str) -> None:
    """Refuse what can only have been meant as a file, or could as well be."""
    if len(text) > _LONGEST_PATH or not _is_path(text):
        return
    lone = _IDENTIFIER.fullmatch(text)
    if lone:
        files = [f"{text}{ending}" for ending in (".toml", ".py") if Path(text + ending).is_file()]
        if files:
            raise ModelFileError(
                f"{text}: did you mean the file {files[0]}? "
                f'The formula of one variable is written "({text})"'
            )
        return
    if Path(text).exists():
        kind = "a folder" if Path(text).is_dir() else "a file that is neither .toml nor .py"
    elif text.endswith(_OTHER_ENDINGS):
        kind = "no file, and its ending is that of no model"
    else:
        return
    raise ModelFileError(
        f"{text}: is {kind}; MODEL is a network spec (net.toml), a function (model.py:loss) "
        "or a formula in quotes"
    )


def _is_path(text: str) -> bool:
    try:
        Path(text).exists()
    except (OSError, ValueError):
        return False
    return True


def _nearest(text: str) -> str | None:
    """The file in the folder that `text` names whose name is most like it."""
    if len(text) > 255 or re.search(r"[\s()*+=\[\]]", text):
        return None
    path = Path(text)
    names = [name for name in _model_files(path.parent) if name != path.name]
    by_stem = {Path(name).stem: name for name in reversed(names)}
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    if not close and path.suffix:
        stems = difflib.get_close_matches(path.stem, list(by_stem), n=1, cutoff=0.7)
        close = [by_stem[stem] for stem in stems]
    return str(path.parent / close[0]) if close else None


def _model_files(folder: Path) -> list[str]:
    """Names of specs and Python files in a folder, the first few hundred."""
    try:
        entries = (entry.name for entry in _first(folder.iterdir(), 2000))
        return sorted(name for name in entries if name.endswith((".toml", ".py")))
    except OSError:
        return []


def _first(items: Iterator[Path], count: int) -> Iterator[Path]:
    for _, item in zip(range(count), items, strict=False):
        yield item


def _functions_in(path: Path) -> str:
    """Name the functions of a Python file without importing it."""
    import ast

    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    if not names:
        return "; it defines no functions"
    return f"; it defines {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def with_hint(model: FormulaModel, error: GradcError) -> GradcError:
    """Add to the error about a formula which file may have been meant."""
    if model.meant is None:
        return error
    return type(error)(
        f"{error}\n  hint: {model.text} is read as a formula; did you mean the file {model.meant}?"
    )

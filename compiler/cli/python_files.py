"""Importing the Python file that ``model.py:loss`` names, and finding the function in it."""

from __future__ import annotations

import difflib
import importlib.util
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from gradc.cli.models import PythonModel
from gradc.errors import Diagnostic, Location, ModelFileError


def load_function(model: PythonModel) -> Callable[..., Any]:
    """Import the file of a model and return the function.

    The file's folder comes first on the import path, as when Python runs the file itself.

    Raises
    ------
    ModelFileError
        When the import fails, or there is no such function.
    """
    module = _import(model.path)
    found = getattr(module, model.function, None)
    if found is None:
        raise ModelFileError(_missing(model, module))
    if not callable(found):
        raise ModelFileError(
            f"{model.path}:{model.function}: is {_article(type(found).__name__)}, not a function"
        )
    # What is decorated already stands for its function here: the command asks for the gradient.
    primal = getattr(found, "primal", None)
    return primal if callable(primal) else found  # type: ignore[no-any-return]


def _import(path: Path) -> ModuleType:
    name = path.stem
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise ModelFileError(f"{path}: cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.resolve().parent))
    with _ImportProblems(path):
        # Dataclasses and pickles look their module up by name; a standard module keeps its place.
        sys.modules.setdefault(name, module)
        spec.loader.exec_module(module)
    return module


class _ImportProblems:
    """Turns whatever the user's file raises into one error with the place in that file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, KeyboardInterrupt):
            return
        if isinstance(error, SyntaxError) and error.lineno is not None:
            file = _as_given(error.filename or "", self.path)
            line = (error.text or "").rstrip("\n")
            place = Location(file, error.lineno, error.offset or 0, text=line)
            raise ModelFileError(Diagnostic(place, f"cannot be imported: {error.msg}")) from None
        what = str(error)
        message = f"{type(error).__name__}: {what}" if what else type(error).__name__
        hint = "gradc imports this file to find the function"
        raise ModelFileError(
            Diagnostic(self._place(trace), f"the import failed: {message}", hint)
        ) from None

    def _place(self, trace: TracebackType | None) -> Location:
        """The innermost line of the user's file that was being run."""
        own = str(self.path.resolve())
        frames = [frame for frame in traceback.extract_tb(trace) if frame.filename == own]
        if not frames:
            return Location(str(self.path))
        last = frames[-1]
        return Location(str(self.path), last.lineno or 0)


def _as_given(file: str, path: Path) -> str:
    return str(path) if file == str(path.resolve()) else file


def _missing(model: PythonModel, module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if _is_function_of(value, module)]
    close = difflib.get_close_matches(model.function, names, n=1)
    if close:
        hint = f"; did you mean {close[0]}?"
    elif names:
        hint = f"; it defines {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
    else:
        hint = "; it defines no functions"
    return f"{model.path}: there is no function {model.function}{hint}"


def _is_function_of(value: Any, module: ModuleType) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module.__name__


def _article(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"

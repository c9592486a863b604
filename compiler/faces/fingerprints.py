"""What the program of a function depends on, told without reading its source into IR.

Two functions with the same fingerprint give the same IR for the same types of arguments::

    SCALE = 3.0                     the text of the file, the place and the code of `f`,
    def half(x): return x / 2       SCALE: the number 3.0,
    def f(x):                       half: the place and the code of `half`,
        return half(x) * SCALE      ... and so on through the names that each function uses

A name that is used may be anything at the time of the call: what is neither a number, a text, a
tuple of them, a function with source, nor a part of Python, NumPy and SciPy has no fingerprint,
and neither has a function that uses it.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import linecache
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

#: Packages whose parts are what they are called, in a given version.
_LIBRARIES = frozenset({"builtins", "math", "cmath", "operator", "numpy", "scipy", "gradc"})
_CONSTANTS = (type(None), bool, int, float, str, bytes)
_PARTS = (types.FunctionType, types.BuiltinFunctionType, type, type(np.sum))
_IMPORT = dis.opmap["IMPORT_NAME"]


class _NoFingerprintError(Exception):
    """Something that a function uses cannot be told from another of its kind."""


def fingerprint(function: Callable[..., Any]) -> str | None:
    """Everything that the IR of a function depends on but the types of its arguments, hashed.

    None where that cannot be said.
    """
    try:
        told = _Told().value(function, [])
    except _NoFingerprintError:
        return None
    return hashlib.sha256(repr(told).encode()).hexdigest()


@functools.cache
def compiler_fingerprint() -> str:
    """The files of gradc itself, by size and time: another gradc writes other programs."""
    import gradc_runtime

    folders = [Path(__file__).parents[1], Path(gradc_runtime.__file__).parent]
    files = sorted(path for folder in folders for path in folder.rglob("*.py"))
    seen = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(repr(seen).encode()).hexdigest()


class _Told:
    """Tells of functions and values, of each once."""

    def __init__(self) -> None:
        self.seen: dict[int, int] = {}
        self.inside: set[int] = set()
        self.texts: dict[str, str] = {}

    def function(self, function: types.FunctionType) -> object:
        """A function of the user, with all that its names stand for."""
        known = self.seen.get(id(function))
        if known is not None:
            return ("again", known)
        self.seen[id(function)] = len(self.seen)
        # attributes make a function more than its source: a rule, a transformation, a wrapper
        if vars(function):
            raise _NoFingerprintError
        codes = list(_codes(function.__code__))
        names = sorted({name for code in codes for name in code.co_names})
        defaults = (function.__defaults__, tuple(sorted((function.__kwdefaults__ or {}).items())))
        return (
            function.__qualname__,
            self.text(function),
            [_told_code(code) for code in codes],
            self.value(defaults, names),
            [self.value(cell, names) for cell in _cells(function)],
            [
                (name, self.value(function.__globals__[name], names))
                for name in names
                if name in function.__globals__
            ],
        )

    def value(self, value: Any, names: list[str]) -> object:
        """What a name stands for; `names` are those that may be looked up in it."""
        if type(value) in _CONSTANTS:
            return (type(value).__name__, repr(value))
        if type(value) is tuple:
            return tuple(self.value(item, names) for item in value)
        if isinstance(value, types.ModuleType):
            return self.module(value, names)
        if isinstance(value, _PARTS) and _is_library(getattr(value, "__module__", "")):
            return (value.__module__, getattr(value, "__qualname__", value.__name__))
        if isinstance(value, np.ufunc):
            return _told_ufunc(value)
        if type(value).__module__.startswith("numba."):
            # a dispatcher stands for the function inside it
            value = getattr(value, "py_func", None)
        if isinstance(value, types.FunctionType):
            return self.function(value)
        raise _NoFingerprintError

    def module(self, module: types.ModuleType, names: list[str]) -> object:
        """A module: its name, and of the user's own ones what may be looked up there."""
        if _is_library(module.__name__) or id(module) in self.inside:
            return ("module", module.__name__)
        # what it answers is nowhere to be looked at
        if "__getattr__" in vars(module):
            raise _NoFingerprintError
        self.inside.add(id(module))
        held = [(name, vars(module)[name]) for name in names if name in vars(module)]
        told = (module.__name__, [(name, self.value(value, names)) for name, value in held])
        self.inside.discard(id(module))
        return told

    def text(self, function: types.FunctionType) -> str:
        """The text of the file of a function, hashed, as the front end will read it."""
        file = function.__code__.co_filename
        if file not in self.texts:
            linecache.checkcache(file)
            lines = linecache.getlines(file, function.__globals__)
            if not lines:
                raise _NoFingerprintError
            self.texts[file] = hashlib.sha256("".join(lines).encode()).hexdigest()
        return f"{file} {self.texts[file]}"


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A code object and those of the functions inside."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _codes(constant)


def _told_ufunc(ufunc: np.ufunc) -> object:
    """A ufunc by the place where it is found; others are the user's."""
    name = ufunc.__name__
    for place in ("numpy", "scipy.special"):
        if getattr(sys.modules.get(place), name, None) is ufunc:
            return (place, name)
    raise _NoFingerprintError


def _told_code(code: types.CodeType) -> tuple[object, ...]:
    # what an import inside of a function gives is not among its names
    if _IMPORT in code.co_code[::2]:
        raise _NoFingerprintError
    constants = [
        "code" if isinstance(each, types.CodeType) else (type(each).__name__, repr(each))
        for each in code.co_consts
    ]
    return (code.co_name, code.co_firstlineno, code.co_code, code.co_linetable, constants)


def _cells(function: types.FunctionType) -> list[object]:
    """What the free variables of a function are at the moment."""
    try:
        return [cell.cell_contents for cell in function.__closure__ or ()]
    except ValueError:
        raise _NoFingerprintError from None


def _is_library(module: str | None) -> bool:
    return (module or "").partition(".")[0] in _LIBRARIES

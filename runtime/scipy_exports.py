"""The routines that SciPy exports to C, without the Python around them.

``scipy.linalg.cython_blas`` is a file of machine code that needs nothing else. Imported by its
name it brings all of ``scipy.linalg`` with it, and half of SciPy with that: 0.16 s, as long as
numba itself takes. Here the file alone is loaded. Python does not learn of it, so that whoever
imports ``scipy.linalg`` later finds what they expect.

LLVM is told what ``gradc_lapack_NAME`` stands for in each process, before code that refers to it
is compiled or loaded.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
import threading
from collections.abc import Iterable
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from typing import Any

_LOADING = threading.Lock()
PREFIX = "gradc_lapack_"


def register(library: str, names: Iterable[str]) -> None:
    """Tell LLVM the addresses of routines.

    Parameters
    ----------
    library : {"cython_blas", "cython_lapack"}
    names : iterable of str
        With the letter of the element type: ``dgemm``.

    Raises
    ------
    ImportError
        Where SciPy is missing.
    """
    from llvmlite import binding

    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    exported: Any = None
    for name in names:
        if binding.address_of_symbol(f"{PREFIX}{name}") is None:
            exported = exported or _library(library).__pyx_capi__
            capsule = exported[name]
            binding.add_symbol(f"{PREFIX}{name}", pointer(capsule, name_of(capsule)))


def register_products() -> None:
    """What :mod:`gradc_runtime.blas` calls."""
    register("cython_blas", ("dgemm", "sgemm", "dgemv", "sgemv"))


def _library(name: str) -> Any:
    full = f"scipy.linalg.{name}"
    with _LOADING:
        if "scipy.linalg" not in sys.modules:
            try:
                return _alone(full)
            except (ImportError, AttributeError):
                pass  # what it needs is not where it looks by itself
        return importlib.import_module(full)


def _alone(full: str) -> Any:
    package = find_spec("scipy")
    if package is None or not package.submodule_search_locations:
        raise ImportError("SciPy is missing")
    folder = Path(package.submodule_search_locations[0]) / "linalg"
    spec = PathFinder.find_spec(full, [str(folder)])
    if spec is None or spec.loader is None:
        raise ImportError(full)
    module = module_from_spec(spec)
    known = sys.modules.setdefault(full, module)
    if known is not module:
        return known
    try:
        spec.loader.exec_module(module)
        return module
    finally:
        # the second import is given the same module again, which lies in the machine code
        del sys.modules[full]

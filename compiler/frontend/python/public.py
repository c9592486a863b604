"""The full names of functions of NumPy, SciPy and the standard library.

Tables name functions of SciPy by their full names, so that reading a program does not load it: a
program that calls one has loaded it already.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

#: Modules whose public functions are known by name, in the order of preference.
MODULES = (
    "math",
    "numpy",
    "numpy.linalg",
    "numpy.fft",
    "numpy.lib.stride_tricks",
    "scipy.special",
    "scipy.linalg",
    "numba",
)
_STATS = "scipy.stats"


def public_name(function: Any) -> str | None:
    """The full name of a function, such as ``scipy.special.jv``; None where it has none here."""
    name = getattr(function, "__name__", None)
    if not isinstance(name, str):
        return None
    if getattr(function, "__module__", None) == "gradc_runtime.special":
        return f"scipy.special.{name}"
    for module in MODULES:
        if getattr(sys.modules.get(module), name, None) is function:
            return f"{module}.{name}"
    owner = getattr(function, "__self__", None)
    if isinstance(owner, _ufunc_type()):
        return f"{public_name(owner)}.{name}"
    distribution = getattr(owner, "name", None)
    stats = sys.modules.get(_STATS)
    known = isinstance(distribution, str) and getattr(stats, distribution, None) is owner
    return f"{_STATS}.{distribution}.{name}" if stats is not None and known else None


def _ufunc_type() -> type:
    found: type = importlib.import_module("numpy").ufunc
    return found


def named_function(name: str) -> Any:
    """The function with a full name; None where this version of the library has none."""
    module, _, own = name.rpartition(".")
    return getattr(importlib.import_module(module), own, None)

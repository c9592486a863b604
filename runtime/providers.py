"""Which modules of the runtime stand for others in compiled programs.

A generated program imports ``gradc_runtime.special``, say, whose functions are plain Python. In its
compiled form they are calls of machine code by symbols, made by ``gradc_runtime.special_compiled``;
making them tells LLVM what the symbols stand for.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Iterable, Mapping
from typing import Any

PROVIDERS: Mapping[str, str] = {
    "gradc_runtime.special": "gradc_runtime.special_compiled",
    "gradc_runtime.linalg": "gradc_runtime.linalg_compiled",
    "gradc_runtime.fft": "gradc_runtime.fft_compiled",
}


def compiled_form(value: Any, names: Iterable[str]) -> types.ModuleType | None:
    """What a module stands for in a compiled program that uses some names; None for others.

    Parameters
    ----------
    value : object
        What a global name of a generated program stands for.
    names : iterable of str
        The names that the program uses, and the element types of its arguments (``f4``).
    """
    if not isinstance(value, types.ModuleType) or value.__name__ not in PROVIDERS:
        return None
    provider: Any = importlib.import_module(PROVIDERS[value.__name__])
    made: types.ModuleType = provider.compiled_module(names)
    return made

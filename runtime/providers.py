"""Which modules of the runtime stand for others in compiled programs.

A generated program imports ``gradc_runtime.special``, say, whose functions are plain Python. In its
compiled form they are calls of machine code by symbols, made by ``gradc_runtime.special_compiled``;
making them tells LLVM what the symbols stand for.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Callable, Iterable, Mapping
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


def module_of_kernels(
    title: str,
    kernels: Iterable[str],
    names: Iterable[str],
    register: Callable[[str, str], object],
    function: Callable[[str], Any],
) -> types.ModuleType:
    """A module of the functions that a program uses, each a call of machine code.

    Parameters
    ----------
    title : str
        The name of the module.
    kernels : iterable of str
        The functions that there are.
    names : iterable of str
        The names that the program uses and the element types of its arguments (``f4``).
    register : callable
        ``register(name, letter)`` tells LLVM the address of the machine code for doubles (``d``)
        or singles (``s``).
    function : callable
        From a name to what is called in compiled code.
    """
    used = set(names)
    letters = "ds" if used & {"f4", "float32"} else "d"
    module = types.ModuleType(title)
    for name in used & set(kernels):
        for letter in letters:
            register(name, letter)
        setattr(module, name, function(name))
    return module


def machine_code(function: types.FunctionType, signature: Any, symbol: str) -> Any:
    """Compile a function for C callers, or find it on the disk, and tell LLVM its address."""
    import numba
    from llvmlite import binding

    from gradc_runtime.caching import can_cache

    made = numba.cfunc(signature, cache=can_cache(function), error_model="numpy")(function)
    binding.add_symbol(symbol, made.address)
    return made

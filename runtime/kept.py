"""Kernels that numba has kept on disk, loaded without what numba needs to compile.

A dispatcher that finds its function in numba's file cache first loads all that numba knows of
Python and NumPy, which takes ten times as long as loading the machine code. What is done here is
the second half alone: the same file, read by numba's own classes, and no types but those of the
signature.

The compiled function takes its arguments as they are: whoever calls it sees to it that they have
exactly the types of the signature, for nothing checks them.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gradc_runtime.arrays import dot
from gradc_runtime.caching import can_cache
from gradc_runtime.providers import compiled_form
from gradc_runtime.scipy_exports import register_products


@dataclass(frozen=True, slots=True)
class KeptKernel:
    """The machine code of a kernel.

    Attributes
    ----------
    entry : callable
        The compiled function.
    result : object
        numba's record of it, which keeps the code in memory.
    """

    entry: Callable[..., Any]
    result: Any


def kept_kernel(
    function: types.FunctionType, signature: str, home: str, names: Iterable[str], fastmath: bool
) -> KeptKernel | None:
    """What numba has kept of a function of a generated module; None where there is nothing.

    Parameters
    ----------
    function : function
        As it stands in the module.
    signature : str
        Types of the arguments, as numba writes them.
    home : str
        The name of the module that numba takes the function to live in.
    names : iterable of str
        The names that its code uses, and the element types of its arguments.
    fastmath : bool
        Whether elementary functions may be those of a vector library.
    """
    if not can_cache(function):
        return None
    try:
        return _load(function, signature, home, names, fastmath)
    except (ImportError, AttributeError, TypeError, ValueError):
        # another numba, whose inner classes differ: its dispatcher loads the same file
        return None


def _load(
    function: types.FunctionType, signature: str, home: str, names: Iterable[str], fastmath: bool
) -> KeptKernel | None:
    from numba.core import config
    from numba.core.caching import FunctionCache
    from numba.core.compiler_lock import global_compiler_lock
    from numba.core.registry import cpu_target
    from numba.core.runtime import rtsys

    from gradc_runtime import large_arrays

    if config.DISABLE_JIT:
        return None
    copy = types.FunctionType(function.__code__, {"__name__": home}, function.__name__)
    copy.__qualname__, copy.__module__ = function.__qualname__, home
    wanted = f"({signature},)" if signature else "()"
    with global_compiler_lock:
        context = cpu_target.target_context
        rtsys.initialize(context)
        cache = FunctionCache(copy)
        # a dispatcher files it under the signature as it was given
        key = cache._index_key(wanted, context.codegen())
        data = cache._cache_file.load(key)
        if data is None:
            return None
        declare_symbols(function, names, fastmath)
        _, kind, (code, *_) = data[0]
        if large_arrays.NEW_ARRAY.encode() in code:
            large_arrays.load()
        # one that is unknown would end the process; the dispatcher makes all that it refers to
        if kind != "object" or _unknown_symbols(code):
            return None
        result = cache._impl.rebuild(context, data)
    return KeptKernel(result.entry_point, result)


def declare_symbols(function: types.FunctionType, names: Iterable[str], fastmath: bool) -> None:
    """Tell LLVM what the symbols stand for that the code of a function may refer to.

    Code from the disk has them by name; one that LLVM does not know ends the process.
    """
    values = list(function.__globals__.values())
    if fastmath:
        from gradc_runtime.vector_math import load

        load()
    for value in values:
        if value is dot:
            register_products()
        compiled_form(value, names)


def _unknown_symbols(code: bytes) -> list[str]:
    """The symbols of gradc's in machine code that LLVM has not been told of."""
    from llvmlite import binding

    # whole strings of the table of symbols; on some systems each begins with an underscore
    names = {found.decode() for found in re.findall(rb"\0_?(gradc_[A-Za-z0-9_]+)(?=\0)", code)}
    return sorted(name for name in names if binding.address_of_symbol(name) is None)

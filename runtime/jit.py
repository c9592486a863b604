"""The one wrapper of numba: turns the functions of generated modules into compiled kernels.

Importing a generated module neither imports numba nor compiles: the decorator :func:`kernel`
only wraps the function. Its first call compiles it, or finds it in numba's file cache beside
the module; ``.py_func`` is the same text uncompiled.
"""

from __future__ import annotations

import functools
import hashlib
import re
import sys
import threading
import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gradc_runtime.blocks import BlockKernel
from gradc_runtime.collector import less_collecting

# LLVM's fast-math flags without `nnan` and `ninf`: NaN and infinity keep their meaning.
FASTMATH = frozenset({"nsz", "arcp", "contract", "afn", "reassoc"})


@dataclass(frozen=True, slots=True)
class KernelOptions:
    """How a kernel is compiled.

    Attributes
    ----------
    fastmath : bool
        Allow reassociation, contraction, reciprocals and approximate functions.
    parallel : bool
        Run loops marked parallel on all cores.
    boundscheck : bool
        Check every index in the compiled code (for debugging; generated programs check the
        user's indices themselves).
    """

    fastmath: bool = True
    parallel: bool = False
    boundscheck: bool = False


class Kernel:
    """A function of a generated module, compiled when first called.

    Arguments are handed on as they are: the caller sees to it that they have the types of the
    signature.

    Attributes
    ----------
    py_func : function
        The uncompiled function.
    signature : str
        Types of the arguments, as numba writes them.
    options : KernelOptions
    """

    def __init__(self, py_func: types.FunctionType, signature: str, options: KernelOptions) -> None:
        functools.update_wrapper(self, py_func)
        self.py_func = py_func
        self.signature = signature
        self.options = options
        self._dispatcher: Any = None
        self._entry: Callable[..., Any] | None = None
        self._kept: Any = None
        self._lock = threading.Lock()

    def __call__(self, *args: Any) -> Any:
        """Run the compiled function, compiling it first where that has not been done."""
        return self.dispatcher(*args)

    def __repr__(self) -> str:
        return f"<kernel {self.py_func.__qualname__}({self.signature})>"

    @property
    def dispatcher(self) -> Any:
        """The numba dispatcher, compiled for the signature; usable inside ``@njit`` code."""
        if self._dispatcher is None:
            with self._lock:
                if self._dispatcher is None:
                    self._dispatcher = _compile(self.py_func, self.signature, self.options)
        return self._dispatcher

    @property
    def entry(self) -> Callable[..., Any]:
        """The compiled function without its dispatcher, for callers that know the types.

        Nothing looks at the arguments: an array of other elements, or one that is not contiguous,
        is read as if it were what the signature says. What numba has kept on disk is loaded
        without the parts of numba that compile (:mod:`gradc_runtime.kept`).
        """
        if self._entry is None:
            with self._lock:
                if not self.is_compiled:
                    self._entry = self._from_disk()
        if self._entry is None:
            (compiled,) = getattr(self.dispatcher, "overloads", {}).values() or (None,)
            self._entry = self.dispatcher if compiled is None else compiled.entry_point
        return self._entry

    @less_collecting()
    def _from_disk(self) -> Callable[..., Any] | None:
        from gradc_runtime.kept import kept_kernel
        from gradc_runtime.memory import keep_freed_memory

        home = _home(self.py_func)
        # blocks of parallel loops need numba's threads, which a dispatcher starts
        if home is None or self.options.parallel or self.py_func.__qualname__ in vars(home):
            return None
        names = _used_names(self.py_func, self.signature)
        kept = kept_kernel(
            self.py_func, self.signature, home.__name__, names, self.options.fastmath
        )
        if kept is None:
            return None
        keep_freed_memory()
        self._kept = kept
        return kept.entry

    @property
    def compiled(self) -> Any:
        """The compiled function; the same object as :attr:`dispatcher`."""
        return self.dispatcher

    @property
    def is_compiled(self) -> bool:
        """Whether the function has been compiled in this process."""
        return self._dispatcher is not None or self._entry is not None

    def inspect_llvm(self) -> str:
        """LLVM text of the compiled function."""
        (text,) = self.dispatcher.inspect_llvm().values()
        return cast("str", text)


def kernel(
    signature: str, *, fastmath: bool = True, parallel: bool = False, boundscheck: bool = False
) -> Callable[[Callable[..., Any]], Kernel]:
    """Make a kernel of a function of a generated module.

    Parameters
    ----------
    signature : str
        Types of the arguments as numba writes them, such as ``"f8[::1], i8"``.
    fastmath, parallel, boundscheck : bool
        See :class:`KernelOptions`.
    """
    options = KernelOptions(fastmath, parallel, boundscheck)

    def decorate(function: Callable[..., Any]) -> Kernel:
        return Kernel(cast("types.FunctionType", function), signature, options)

    return decorate


def _block_dispatcher(block: BlockKernel) -> Any:
    """The body of a parallel loop for numba, which compiles it for the types it is called with."""
    import numba

    from gradc_runtime.pipeline import KernelCompiler

    if block.dispatcher is None:
        options = KernelOptions(block.fastmath)
        function = _prepared(block.py_func, _ANY_FLOATS, _home(block.py_func), options)
        block.dispatcher = numba.njit(
            error_model="numpy",
            nogil=True,
            fastmath=set(FASTMATH) if block.fastmath else False,
            pipeline_class=KernelCompiler,
        )(function)
    return block.dispatcher


# The bodies of parallel loops are compiled for the types that they are called with.
_ANY_FLOATS = "f4, f8"
# Of what numba knows to run in parallel, loops that say so.
_LOOPS_ONLY = {
    "comprehension": False,
    "prange": True,
    "numpy": False,
    "reduction": False,
    "inplace_binop": False,
    "setitem": False,
    "stencil": False,
    "fusion": False,
}


class Routine:
    """A function of a generated module that kernels and routines call, compiled with them.

    Attributes
    ----------
    py_func : function
        The uncompiled function.
    inline : bool
        Whether LLVM puts it in the place of its calls, so that loops around them are vectorised.
    """

    def __init__(self, py_func: types.FunctionType, inline: bool = False) -> None:
        functools.update_wrapper(self, py_func)
        self.py_func, self.inline = py_func, inline

    def __call__(self, *args: Any) -> Any:
        """Run the uncompiled function."""
        return self.py_func(*args)


def routine(*, inline: bool = False) -> Callable[[Callable[..., Any]], Routine]:
    """Make a routine of a function of a generated module; see :class:`Routine`."""

    def decorate(function: Callable[..., Any]) -> Routine:
        return Routine(cast("types.FunctionType", function), inline)

    return decorate


@less_collecting()
def _compile(function: types.FunctionType, signature: str, options: KernelOptions) -> Any:
    """Compile a function for one signature, through numba's file cache where there is one."""
    import numba

    from gradc_runtime.caching import can_cache
    from gradc_runtime.large_arrays import load as load_large_arrays
    from gradc_runtime.memory import keep_freed_memory
    from gradc_runtime.numba_start import load_array_functions
    from gradc_runtime.vector_math import load as load_vector_functions

    load_array_functions()
    keep_freed_memory()
    load_large_arrays()
    if options.fastmath:
        # code from the cache may call functions by names that are told to LLVM in each process
        load_vector_functions()
    home = _home(function)
    if home is not None:
        known = home.__dict__.get(function.__qualname__)
        if known is not None:
            return known
    function = _prepared(function, signature, home, options)
    with warnings.catch_warnings():
        # about the shape of the generated code, which its reader cannot change
        warnings.simplefilter("ignore", numba.NumbaPerformanceWarning)
        dispatcher = numba.njit(
            f"({signature},)" if signature else "()",
            cache=home is not None and can_cache(function),
            **_settings(options),
        )(function)
    if home is not None:
        setattr(home, function.__qualname__, dispatcher)
    return dispatcher


def _settings(options: KernelOptions) -> dict[str, Any]:
    """What kernels and routines have in common."""
    from gradc_runtime.pipeline import KernelCompiler

    return {
        "error_model": "numpy",
        "nogil": True,
        "fastmath": set(FASTMATH) if options.fastmath else False,
        "parallel": _LOOPS_ONLY if options.parallel else False,
        "boundscheck": options.boundscheck,
        "pipeline_class": KernelCompiler,
    }


def _home(function: types.FunctionType) -> types.ModuleType | None:
    """The module that numba takes a function to live in; None where it has no file.

    numba's file cache stores the name of the module and imports it to load an entry. The file of
    a generated module may be loaded by path, imported by a user, run as a script or moved, so
    that name must not depend on how it was reached: it is the hash of the text. The module also
    keeps what has been compiled, so that a text loaded twice is compiled once.
    """
    path = Path(function.__code__.co_filename)
    try:
        text = path.read_bytes()
    except OSError:
        return None
    name = f"gradc_generated_{hashlib.sha256(text).hexdigest()[:20]}"
    # `setdefault` is atomic: two threads get the same module
    return sys.modules.setdefault(name, types.ModuleType(name))


def _counterpart(value: Any, names: tuple[str, ...], fastmath: bool) -> Any:
    from gradc_runtime.compiled import counterpart

    if isinstance(value, BlockKernel):
        return _block_dispatcher(value)
    return counterpart(value, names, fastmath)


def _used_names(function: types.FunctionType, signature: str) -> tuple[str, ...]:
    """The names in the code of a function and its routines, and the element types it takes."""
    used = {*function.__code__.co_names}
    for each in function.__globals__.values():
        if isinstance(each, Routine):
            used.update(each.py_func.__code__.co_names)
    return (*used, *re.findall(r"[fib]\d", signature))


def _prepared(
    function: types.FunctionType,
    signature: str,
    home: types.ModuleType | None,
    options: KernelOptions,
) -> types.FunctionType:
    """The same function in another module, calling compiled helpers and routines."""
    from gradc_runtime.compiled import BUILTINS

    names = _used_names(function, signature)
    namespace = {
        name: _counterpart(value, names, options.fastmath) if name in names else value
        for name, value in {**BUILTINS, **function.__globals__}.items()
    }
    if home is not None:
        namespace["__name__"] = home.__name__
    routines = {name: each for name, each in namespace.items() if isinstance(each, Routine)}
    for name, each in routines.items():
        import numba

        own = types.FunctionType(each.py_func.__code__, namespace, name)
        namespace[name] = numba.njit(own, forceinline=each.inline, **_settings(options))
    code = _told_apart(function.__code__) if options.parallel else function.__code__
    copy = types.FunctionType(code, namespace, function.__name__, function.__defaults__)
    copy.__qualname__ = function.__qualname__
    copy.__module__ = function.__module__ if home is None else home.__name__
    return copy


def _told_apart(code: types.CodeType) -> types.CodeType:
    """The code with other names for variables that end in a number.

    The second value of `sums` is `sums_1` to numba where loops run in threads, whether or not
    there is a variable of this name.
    """
    names = set(code.co_varnames)
    renamed: list[str] = []
    for name in code.co_varnames:
        new = name
        while re.search(r"_\d+$", new) or (new != name and new in names):
            new += "_"
        renamed.append(new)
    return code.replace(co_varnames=tuple(renamed))

"""Elementary functions that LLVM may vectorise, by glibc's vector mathematics library (libmvec).

numba's ``np.exp`` of a number is a call of libm that no loop is vectorised around. What is made
here is a call of the same function that says which vector functions stand for it (the attribute
"vector-function-abi-variant" of LLVM, with the names of the x86 vector function ABI); the loop
vectoriser takes them where it finds a loop to vectorise, with errors of up to 4 ulp (glibc manual,
"Known Maximum Errors in Math Functions"), and elsewhere the call is the scalar function's.

The scalar function goes by a private name, ``gradc_scalar_exp``: under its own LLVM would know it
and turn it back into something without the attribute. What the name stands for is told to LLVM in
each process, before code that refers to it is compiled or loaded. Used under ``fastmath`` only,
and only where libmvec is there; importing this module imports numba.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import platform
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from llvmlite import ir
from numba.core import types as numba_types
from numba.core.errors import TypingError
from numba.extending import intrinsic

types: Any = numba_types  # declares fewer types than it has

LIBRARY = "libmvec.so.1"
# NumPy's names, and those of libm.
FUNCTIONS: Mapping[str, str] = {
    "exp": "exp",
    "exp2": "exp2",
    "expm1": "expm1",
    "log": "log",
    "log2": "log2",
    "log10": "log10",
    "log1p": "log1p",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "cbrt": "cbrt",
}
# ``x**y``; numba's compiler is told of it in :mod:`gradc_runtime.unsigned`.
POWER = "pow"
# The letter of the ABI for an instruction set, and how many doubles a register of it holds.
_SETS = {"avx2": ("d", 4), "avx512f": ("e", 8)}
_DOUBLE, _SINGLE = ir.DoubleType(), ir.FloatType()
_KEPT = "llvm.compiler.used"


@functools.cache
def load() -> bool:
    """Make libmvec and the private names known to LLVM; False where there is no libmvec."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    binding: Any = importlib.import_module("llvmlite.binding")
    try:
        library = ctypes.CDLL(LIBRARY)
        scalar = ctypes.CDLL("libm.so.6")
        binding.load_library_permanently(LIBRARY)
    except (OSError, RuntimeError):
        return False
    for name in (*FUNCTIONS.values(), POWER):
        for suffix in ("", "f"):
            if not hasattr(library, f"_ZGVdN4{_parameters(name)}_{name}"):
                return False
            address = ctypes.cast(getattr(scalar, name + suffix), ctypes.c_void_p).value
            binding.add_symbol(f"gradc_scalar_{name}{suffix}", address)
    return True


@functools.cache
def instruction_sets() -> tuple[tuple[str, int], ...]:
    """The instruction sets of this machine that libmvec has functions for."""
    binding: Any = importlib.import_module("llvmlite.binding")
    features = binding.get_host_cpu_features()
    return tuple(its for name, its in _SETS.items() if features.get(name))


def vector_functions(names: Iterable[str]) -> Mapping[str, Any]:
    """For those of NumPy's names that have a vector function, what they are in kernels."""
    if not load() or not instruction_sets():
        return {}
    return {name: _vectorised(FUNCTIONS[name]) for name in names if name in FUNCTIONS}


@functools.cache
def power() -> Any:
    """``x**y`` of two floats of one type for kernels; None where it has no vector function."""
    if not load() or not instruction_sets():
        return None

    @intrinsic
    def function(context: Any, x: Any, y: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.call(_declared(builder.module, POWER, args[0].type), args)

        return x(x, y), generate

    return function


@functools.cache
def _vectorised(name: str) -> Any:
    """A function of a float, for use in compiled code."""

    @intrinsic
    def function(context: Any, x: Any) -> Any:
        if not isinstance(x, types.Float):
            raise TypingError(f"{name} of numbers, not of {x}")

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.call(_declared(builder.module, name, args[0].type), args)

        return x(x), generate

    return function


def _parameters(name: str) -> str:
    """The parameters of a function in the name of its vector function: a ``v`` for each."""
    return "vv" if name == POWER else "v"


def _declared(module: ir.Module, name: str, kind: ir.Type) -> ir.Function:
    """The scalar function in a module, with what its vector functions are called."""
    single = kind == _SINGLE
    libm = name + ("f" if single else "")
    symbol = f"gradc_scalar_{libm}"
    if symbol in module.globals:
        return module.globals[symbol]
    parameters = _parameters(name)
    count = len(parameters)
    function = ir.Function(module, ir.FunctionType(kind, [kind] * count), symbol)
    variants, mappings = [], []
    for letter, doubles in instruction_sets():
        width = 2 * doubles if single else doubles
        mangled = f"_ZGV{letter}N{width}{parameters}_"
        vector = ir.VectorType(kind, width)
        variant = ir.Function(module, ir.FunctionType(vector, [vector] * count), mangled + libm)
        variants.append(variant)
        mappings.append(f"{mangled}{symbol}({variant.name})")
    # the set of attributes takes only names that llvmlite knows, and writes what it holds
    for attribute in ("nounwind", "readnone"):
        function.attributes.add(attribute)
    set.add(function.attributes, "willreturn")
    listed = ",".join(mappings)
    set.add(function.attributes, f'"vector-function-abi-variant"="{listed}"')
    _keep(module, variants)
    return function


def has_vector_functions(module: ir.Module) -> bool:
    """Whether loops of a module may call vector functions."""
    return _KEPT in module.globals


def _keep(module: ir.Module, functions: list[ir.Function]) -> None:
    """Have LLVM keep declarations that nothing calls yet."""
    pointer = ir.IntType(8).as_pointer()
    before = module.globals.get(_KEPT)
    kept = [] if before is None else list(before.initializer.constant)
    kept += [function.bitcast(pointer) for function in functions]
    kind = ir.ArrayType(pointer, len(kept))
    if before is None:
        before = ir.GlobalVariable(module, kind, _KEPT)
        before.linkage, before.section = "appending", "llvm.metadata"
    before.value_type, before.type = kind, kind.as_pointer()
    before.initializer = ir.Constant(kind, kept)

"""Special functions in compiled programs: SciPy's own, called by their addresses.

``scipy.special.cython_special`` exports its functions to C: each name leads to the address and the
C signature. The address is another one in each process and must not get into machine code that is
kept on disk. So the code refers to a symbol, ``gradc_special_NAME``, and LLVM is told in each
process what the symbol stands for, before code that refers to it is compiled or loaded.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import math
import re
import types
from collections.abc import Callable, Iterable
from typing import Any

import numba
from numba.core import types as numba_types
from numba.extending import intrinsic

number_types: Any = numba_types  # declares fewer types than it has

# B(2k)/(2k)! of Euler and Maclaurin's sum, for k = 1 ... 12
_EULER_MACLAURIN = tuple(
    number / math.factorial(2 * k)
    for k, number in enumerate(
        (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
         -174611 / 330, 854513 / 138, -236364091 / 2730),
        start=1,
    )
)  # fmt: skip
_DIRECT_TERMS = 10.0
_NEGLIGIBLE = 1e-17
_PREFIX = re.compile(r"(__pyx_fuse_\d+(_\d+)?)?")


def compiled_module(names: Iterable[str]) -> types.ModuleType:
    """What the name ``special`` stands for in a compiled program that uses some names.

    Names that are no special functions are left out.
    """
    module = types.ModuleType("gradc_special_compiled")
    for name in names:
        if name in _OWN or name in _exported():
            setattr(module, name, compiled_function(name))
    return module


@functools.cache
def compiled_function(name: str) -> Any:
    """The function of a name, for use in compiled code."""
    if name in _OWN:
        address, arity, extra = _own_code(name).address, 2, 0
    else:
        address, arity, extra = _exported()[name]
    binding = importlib.import_module("llvmlite.binding")
    symbol = f"gradc_special_{name}"
    binding.add_symbol(symbol, address)
    return _BY_ARITY[arity](_generator(symbol, extra))


@functools.cache
def _own_code(name: str) -> Any:
    """The machine code of a function that SciPy does not export."""
    return numba.cfunc("float64(float64, float64)", cache=True)(_OWN[name])


@functools.cache
def _exported() -> dict[str, tuple[int, int, int]]:
    """Address, number of real arguments and number of further integers, by name."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    found = {}
    exported = importlib.import_module("scipy.special.cython_special").__pyx_capi__
    for key, capsule in exported.items():
        signature = name_of(capsule)
        form = re.fullmatch(r"double \(((?:double(?:, )?)+)(int __pyx_skip_dispatch)?\)",
                            signature.decode())  # fmt: skip
        if form:
            arity = form[1].count("double")
            address = pointer(capsule, signature)
            found[_PREFIX.sub("", key, count=1)] = (address, arity, int(form[2] is not None))
    return found


def _generator(symbol: str, extra: int) -> Callable[..., Any]:
    """Writes a call of a symbol that takes and gives doubles into a kernel."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from llvmlite import ir
        from numba.core import cgutils

        double, integer = ir.DoubleType(), ir.IntType(32)
        kind = ir.FunctionType(double, [*[double] * len(args), *[integer] * extra])
        function = cgutils.get_or_insert_function(builder.module, kind, symbol)
        for attribute in ("nounwind", "readnone"):
            function.attributes.add(attribute)
        wide = [
            context.cast(builder, arg, own, number_types.float64)
            for arg, own in zip(args, signature.args, strict=True)
        ]
        result = builder.call(function, [*wide, *[ir.Constant(integer, 0)] * extra])
        return context.cast(builder, result, number_types.float64, signature.return_type)

    return generate


def _signature(*args: Any) -> Any:
    """Single precision where every operand is, as NumPy has it; numbers count as double."""
    single = all(arg == number_types.float32 for arg in args)
    return (number_types.float32 if single else number_types.float64)(*args)


def _of_one(generate: Callable[..., Any]) -> Any:
    @intrinsic
    def special(context: Any, x: Any) -> Any:
        return _signature(x), generate

    return special


def _of_two(generate: Callable[..., Any]) -> Any:
    @intrinsic
    def special(context: Any, a: Any, x: Any) -> Any:
        return _signature(a, x), generate

    return special


def _of_three(generate: Callable[..., Any]) -> Any:
    @intrinsic
    def special(context: Any, a: Any, b: Any, x: Any) -> Any:
        return _signature(a, b, x), generate

    return special


def _of_four(generate: Callable[..., Any]) -> Any:
    @intrinsic
    def special(context: Any, a: Any, b: Any, c: Any, x: Any) -> Any:
        return _signature(a, b, c, x), generate

    return special


_BY_ARITY = {1: _of_one, 2: _of_two, 3: _of_three, 4: _of_four}


def hurwitz_zeta(s: float, q: float) -> float:
    """The sum of ``(q + k)**-s`` over k = 0, 1, ... for s > 1: Euler and Maclaurin's formula.

    NIST Handbook of Mathematical Functions (2010), 25.11.5. SciPy does not export its function.
    """
    if s <= 1.0:
        return math.inf if s == 1.0 else math.nan
    if q <= 0.0:
        if q == math.floor(q):
            return math.inf
        if s != math.floor(s):
            return math.nan
    total = 0.0
    # the series settles where q is not small beside s
    while q < _DIRECT_TERMS + s:
        term = q**-s
        total += term
        if 0.0 < term <= _NEGLIGIBLE * total:
            return float(total)
        q += 1.0
    total += q ** (1.0 - s) / (s - 1.0) + 0.5 * q**-s
    rising, power = s, q ** (-s - 1.0)
    for k in range(len(_EULER_MACLAURIN)):
        total += _EULER_MACLAURIN[k] * rising * power
        rising *= (s + 2 * k + 1) * (s + 2 * k + 2)
        power /= q * q
    return float(total)


_OWN = {"zeta": hurwitz_zeta}

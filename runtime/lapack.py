"""Calls of BLAS and LAPACK in compiled programs: SciPy's own, by their addresses.

``scipy.linalg.cython_blas`` and ``cython_lapack`` export the routines to C. As for the special
functions (:mod:`gradc_runtime.special_compiled`), machine code refers to symbols,
``gradc_lapack_NAME``, and LLVM is told in each process what they stand for before code that refers
to them is compiled or loaded: that is, when this module is imported.

A routine takes the addresses of all its arguments. :func:`routine` makes a function for compiled
code that takes one tuple of plain values and arrays, and returns the routine's `info`.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core import types as numba_types
from numba.extending import intrinsic

from gradc_runtime.scipy_exports import PREFIX, register

types: Any = numba_types  # declares fewer types than it has

_BYTE, _INT = ir.IntType(8), ir.IntType(32)
_POINTER = _BYTE.as_pointer()
_LETTERS = {types.float64: "d", types.float32: "s"}

BLAS = ("gemm", "trsm")
LAPACK = ("getrf", "getrs", "getri", "potrf", "geqrf", "orgqr", "syevd", "gesdd")


for _library, _names in (("cython_blas", BLAS), ("cython_lapack", LAPACK)):
    register(_library, [letter + name for name in _names for letter in _LETTERS.values()])


def routine(name: str, arguments: str, *, info: bool = True) -> Any:
    """A routine of BLAS or LAPACK for compiled code.

    Parameters
    ----------
    name : str
        Without the letter of the element type, which is that of the first array.
    arguments : str
        A letter for each argument: ``c`` a character, given as its code; ``i`` an integer; ``f`` a
        number of the element type; ``a`` an array, contiguous.
    info : bool
        Whether the routine ends with `info`; what is returned is 0 otherwise.
    """

    @intrinsic
    def call(context: Any, operands: Any) -> Any:
        element = next(kind.dtype for kind in operands if isinstance(kind, types.Array))
        symbol = f"{PREFIX}{_LETTERS[element]}{name}"

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            values = cgutils.unpack_tuple(builder, args[0], len(arguments))
            slots = [
                _address(context, builder, letter, kind, value, element)
                for letter, kind, value in zip(arguments, signature.args[0], values, strict=True)
            ]
            status = cgutils.alloca_once_value(builder, ir.Constant(_INT, 0))
            if info:
                slots.append(builder.bitcast(status, _POINTER))
            function_type = ir.FunctionType(ir.VoidType(), [_POINTER] * len(slots))
            function = cgutils.get_or_insert_function(builder.module, function_type, symbol)
            builder.call(function, slots)
            return builder.sext(builder.load(status), ir.IntType(64))

        return types.int64(operands), generate

    return call


def _address(context: Any, builder: Any, letter: str, kind: Any, value: Any, element: Any) -> Any:
    """Where a routine finds an argument."""
    if letter == "a":
        array = context.make_array(kind)(context, builder, value)
        return builder.bitcast(array.data, _POINTER)
    if letter == "f":
        made = context.cast(builder, value, kind, element)
    else:
        made = builder.trunc(
            context.cast(builder, value, kind, types.int64), _BYTE if letter == "c" else _INT
        )
    return builder.bitcast(cgutils.alloca_once_value(builder, made), _POINTER)

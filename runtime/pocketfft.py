"""NumPy's Fourier transforms, called from compiled code by the addresses of their C loops.

``np.fft`` is made of generalised ufuncs, whose loops are C functions, ::

    void loop(char **args, npy_intp *dimensions, npy_intp *steps, void *data)

with their addresses in the ufunc object, whose layout is part of NumPy's C interface ("Array API",
``PyUFuncObject``). NumPy itself calls them without the interpreter's lock, from several threads.
They are there since NumPy 2.0. As for the special functions
(:mod:`gradc_runtime.special_compiled`), machine code refers to symbols, ``gradc_pocketfft_NAME``,
and LLVM is told in each process what they stand for before code that refers to them is compiled or
loaded: that is, when this module is imported.
"""

from __future__ import annotations

import ctypes
import importlib
from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils
from numba.core import types as numba_types
from numba.extending import intrinsic

types: Any = numba_types  # declares fewer types than it has

_LETTERS = {types.float64: "d", types.float32: "s"}
_LOOPS = ("fft", "ifft", "rfft_n_even", "rfft_n_odd", "irfft")
# The loops of each ufunc, by the order of their types, as NumPy has them ("Dd->D", "Ff->F").
_ORDER = {"d": 0, "s": 1}
_RESULTS = {"d": "Dd", "s": "Ff"}


class _Ufunc(ctypes.Structure):
    """The beginning of ``PyUFuncObject``."""

    _fields_ = (
        ("head", ctypes.c_char * object.__basicsize__),
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
        ("ntypes", ctypes.c_int),
    )


def _register() -> None:
    module = importlib.import_module("numpy.fft._pocketfft_umath")
    for name in _LOOPS:
        ufunc = getattr(module, name)
        fields = _Ufunc.from_address(id(ufunc))
        for letter, number in _ORDER.items():
            if (fields.nin, fields.nout, fields.ntypes) != (2, 1, len(ufunc.types)) or (
                ufunc.types[number][-1] not in _RESULTS[letter]
            ):
                raise ImportError(f"np.fft has another {name} than this version of gradc knows")
            binding.add_symbol(_symbol(name, letter), fields.functions[number])
            data = fields.data[number] if fields.data else None
            # what a loop without data gets is never read
            binding.add_symbol(_data_symbol(name, letter), data or id(ufunc))


def _symbol(name: str, letter: str) -> str:
    return f"gradc_pocketfft_{letter}{name}"


def _data_symbol(name: str, letter: str) -> str:
    return f"gradc_pocketfft_{letter}{name}_data"


_register()


def loop(name: str) -> Any:
    """A loop for compiled code.

    Parameters
    ----------
    name : str
        That of the ufunc.

    Returns
    -------
    callable
        ``call(args, dimensions, steps, example)``: arrays of the addresses, sizes and steps in
        bytes, and one of the element type.
    """

    @intrinsic
    def call(context: Any, args: Any, dimensions: Any, steps: Any, example: Any) -> Any:
        letter = _LETTERS[example.dtype]

        def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
            byte = ir.IntType(8)
            pointer = byte.as_pointer()
            pointers = []
            for kind, value in zip(signature.args[:3], values, strict=False):
                array = context.make_array(kind)(context, builder, value)
                pointers.append(builder.bitcast(array.data, pointer))
            data = cgutils.add_global_variable(builder.module, byte, _data_symbol(name, letter))
            function_type = ir.FunctionType(ir.VoidType(), [pointer] * 4)
            function = cgutils.get_or_insert_function(
                builder.module, function_type, _symbol(name, letter)
            )
            builder.call(function, [*pointers, data])
            return context.get_dummy_value()

        return types.none(args, dimensions, steps, example), generate

    return call

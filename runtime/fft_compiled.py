"""What the functions of :mod:`gradc_runtime.fft` become in compiled programs.

A call makes the arrays of the results and calls machine code that is there already
(:mod:`gradc_runtime.fft_kernels`) by a symbol, as for linear algebra
(:mod:`gradc_runtime.linalg_compiled`).
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable
from typing import Any

from numba.core import types as numba_types
from numba.extending import intrinsic

from gradc_runtime import fft_kernels
from gradc_runtime.allocation import new_array
from gradc_runtime.providers import machine_code, module_of_kernels

number_types: Any = numba_types  # declares fewer types than it has

_LETTERS = {number_types.float64: "d", number_types.float32: "s"}
_ELEMENTS = {letter: element for element, letter in _LETTERS.items()}

#: How many arrays each function takes and gives, and whether it takes the size of the result.
FORMS = {
    "rfft": (1, 2, True),
    "irfft_transposed": (1, 2, True),
    "irfft": (2, 1, True),
    "rfft_transposed": (2, 1, True),
    "fft": (2, 2, False),
    "ifft": (2, 2, False),
}


def compiled_module(names: Iterable[str]) -> types.ModuleType:
    """What the name ``fft`` stands for in a compiled program.

    `names` are those that the program uses and the element types of its arguments (``f4``).
    """
    return module_of_kernels("gradc_fft_compiled", FORMS, names, register, compiled_function)


@functools.cache
def register(name: str, letter: str) -> Any:
    """Tell LLVM the address of the machine code of a function."""
    operands, results, _ = FORMS[name]
    pointer = number_types.CPointer(_ELEMENTS[letter])
    integers = [number_types.int64] * 4
    arrays = [pointer] * (operands + results)
    signature = number_types.int64(*integers, number_types.float64, *arrays)
    return machine_code(getattr(fft_kernels, name), signature, _symbol(name, letter))


def _symbol(name: str, letter: str) -> str:
    return f"gradc_fft_{letter}{name}"


@functools.cache
def compiled_function(name: str) -> Any:
    """The function of a name, for use in compiled code."""
    operands, _, sized = FORMS[name]
    make = {(1, True): _of_one, (2, True): _of_two, (2, False): _of_pair}[operands, sized]
    return make(functools.partial(_typed, name))


def _typed(name: str, arrays: tuple[Any, ...], axis: Any) -> Any:
    """The types of a call and what writes it; None where the types do not fit."""
    _, results, sized = FORMS[name]
    first = arrays[0]
    literal = isinstance(axis, number_types.IntegerLiteral)
    if not literal or not all(
        isinstance(kind, number_types.Array) and kind.layout == "C" and kind.dtype == first.dtype
        for kind in arrays
    ):
        return None
    result = number_types.Array(first.dtype, first.ndim, "C")
    made = number_types.Tuple([result] * results) if results > 1 else result
    sizes = [number_types.int64] * sized
    # the axis stays a literal: numba keeps one implementation for each signature
    signature = made(*arrays, *sizes, number_types.float64, axis)
    return signature, functools.partial(_generate, name, axis.literal_value)


def _generate(name: str, axis: int, context: Any, builder: Any, signature: Any, args: Any) -> Any:
    from llvmlite import ir
    from numba.core import cgutils

    operands, results, sized = FORMS[name]
    arrays = [
        context.make_array(kind)(context, builder, value)
        for kind, value in zip(signature.args, args[:operands], strict=False)
    ]
    kind = signature.args[0]
    shape = cgutils.unpack_tuple(builder, arrays[0].shape, kind.ndim)
    one = context.get_constant(number_types.intp, 1)
    outer = functools.reduce(builder.mul, shape[:axis], one)
    inner = functools.reduce(builder.mul, shape[axis + 1 :], one)
    size = args[operands] if sized else shape[axis]
    dims = [*shape[:axis], size, *shape[axis + 1 :]]
    made = [new_array(context, builder, kind, dims)[0] for _ in range(results)]
    pointers = [array.data for array in (*arrays, *made)]
    given = [outer, shape[axis], inner, size, args[-2], *pointers]
    function_type = ir.FunctionType(ir.IntType(64), [value.type for value in given])
    symbol = _symbol(name, _LETTERS[kind.dtype])
    builder.call(cgutils.get_or_insert_function(builder.module, function_type, symbol), given)
    values = [array._getvalue() for array in made]
    if results == 1:
        return values[0]
    return context.make_tuple(builder, signature.return_type, values)


def _of_one(typed: Callable[..., Any]) -> Any:
    @intrinsic(prefer_literal=True)
    def function(context: Any, x: Any, m: Any, scale: Any, axis: Any) -> Any:
        return typed((x,), axis)

    return function


def _of_two(typed: Callable[..., Any]) -> Any:
    @intrinsic(prefer_literal=True)
    def function(context: Any, re: Any, im: Any, n: Any, scale: Any, axis: Any) -> Any:
        return typed((re, im), axis)

    return function


def _of_pair(typed: Callable[..., Any]) -> Any:
    @intrinsic(prefer_literal=True)
    def function(context: Any, re: Any, im: Any, scale: Any, axis: Any) -> Any:
        return typed((re, im), axis)

    return function

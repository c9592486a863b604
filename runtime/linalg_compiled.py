"""What the functions of :mod:`gradc_runtime.linalg` become in compiled programs.

A call makes the arrays of the results and calls machine code that is there already
(:mod:`gradc_runtime.linalg_kernels`) by a symbol. LLVM is told what the symbol stands for in each
process, before code that refers to it is compiled or loaded.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from numba.core import types as numba_types
from numba.extending import intrinsic

from gradc_runtime import linalg, linalg_kernels
from gradc_runtime.allocation import new_array
from gradc_runtime.providers import machine_code, module_of_kernels

number_types: Any = numba_types  # declares fewer types than it has

_LETTERS = {number_types.float64: "d", number_types.float32: "s"}
_ELEMENTS = {letter: element for element, letter in _LETTERS.items()}

# Sizes of one matrix of the first operand, and the columns of the second one.
_M, _N, _K, _LEAST = "m", "n", "k", "least"


@dataclass(frozen=True, slots=True)
class Form:
    """How a function is called.

    Attributes
    ----------
    sizes : tuple of str
        The sizes that the machine code takes after the number of matrices.
    results : tuple of tuple of str
        The sizes of each result, after those of the stack.
    operands, flags : int
        How many arrays and how many integers after them the function takes.
    error : str
        What to say where the machine code fails.
    has_line : bool
        Whether the last argument is the line of the user's source.
    """

    sizes: tuple[str, ...]
    results: tuple[tuple[str, ...], ...]
    operands: int = 1
    flags: int = 0
    error: str = ""
    has_line: bool = True


_SINGULAR = "Singular matrix"
_SQUARE = ((_N, _N),)
FORMS = {
    "solve": Form((_N, _K), ((_N, _K),), 2, error=_SINGULAR),
    "solve_triangular": Form((_N, _K), ((_N, _K),), 2, 2, error=_SINGULAR),
    "inv": Form((_N,), _SQUARE, error=_SINGULAR),
    "det": Form((_N,), ((),)),
    "slogdet": Form((_N,), ((), ())),
    "cofactors": Form((_N,), _SQUARE, error="SVD did not converge"),
    "cholesky": Form((_N,), _SQUARE, flags=1, error="Matrix is not positive definite"),
    "qr": Form((_M, _N), ((_M, _N), (_N, _N))),
    "eigh": Form((_N,), ((_N,), (_N, _N)), flags=1, error="Eigenvalues did not converge"),
    "svd": Form((_M, _N), ((_M, _LEAST), (_LEAST,), (_LEAST, _N)), error="SVD did not converge"),
    "svd_full": Form((_M, _N), ((_M, _M), (_LEAST,), (_N, _N)), error="SVD did not converge"),
    "expm": Form((_N,), _SQUARE, error=_SINGULAR),
    "tril": Form((_M, _N), ((_M, _N),), flags=1, has_line=False),
    "triu": Form((_M, _N), ((_M, _N),), flags=1, has_line=False),
}


def compiled_module(names: Iterable[str]) -> types.ModuleType:
    """What the name ``linalg`` stands for in a compiled program.

    `names` are those that the program uses and the element types of its arguments (``f4``).
    """
    return module_of_kernels("gradc_linalg_compiled", FORMS, names, register, compiled_function)


@functools.cache
def register(name: str, letter: str) -> Any:
    """Tell LLVM the address of the machine code of a function."""
    form = FORMS[name]
    pointer = number_types.CPointer(_ELEMENTS[letter])
    integers = [number_types.int64] * (1 + len(form.sizes) + form.flags)
    pointers = [pointer] * (form.operands + len(form.results))
    signature = number_types.int64(*integers, *pointers)
    return machine_code(getattr(linalg_kernels, name), signature, _symbol(name, letter))


def _symbol(name: str, letter: str) -> str:
    return f"gradc_linalg_{letter}{name}"


@functools.cache
def compiled_function(name: str) -> Any:
    """The function of a name, for use in compiled code."""
    form = FORMS[name]
    generate = functools.partial(_generate, name, form)
    return _BY_COUNT[form.operands + form.flags + form.has_line](form, generate)


def _signature(form: Form, args: Sequence[Any]) -> Any:
    """The types of a call; a right side may be one vector."""
    arrays = args[: form.operands]
    if not all(isinstance(kind, number_types.Array) and kind.layout == "C" for kind in arrays):
        return None
    last, element = arrays[-1], arrays[0].dtype
    results = []
    for sizes in form.results:
        rank = arrays[0].ndim - 2 + len(sizes)
        rank = last.ndim if form.operands > 1 else rank
        results.append(number_types.Array(element, rank, "C") if rank else element)
    result = results[0] if len(results) == 1 else number_types.Tuple(results)
    others = [number_types.int64] * (len(args) - form.operands)
    return result(*arrays, *others)


def _generate(name: str, form: Form, context: Any, builder: Any, signature: Any, args: Any) -> Any:
    from llvmlite import ir
    from numba.core import cgutils

    arrays = [
        context.make_array(kind)(context, builder, value)
        for kind, value in zip(signature.args, args[: form.operands], strict=False)
    ]
    shape = cgutils.unpack_tuple(builder, arrays[0].shape, signature.args[0].ndim)
    stack, sizes = shape[:-2], {_M: shape[-2], _N: shape[-1]}
    one = context.get_constant(number_types.intp, 1)
    if form.operands > 1:
        side = cgutils.unpack_tuple(builder, arrays[1].shape, signature.args[1].ndim)
        sizes[_K] = side[-1] if len(side) > 1 else one
    sizes[_LEAST] = builder.select(
        builder.icmp_signed("<", sizes[_M], sizes[_N]), sizes[_M], sizes[_N]
    )
    count = functools.reduce(builder.mul, stack, one)
    kinds = signature.return_type
    kinds = [kinds] if len(form.results) == 1 else list(kinds)
    made: list[Any] = []
    places: list[Any] = []
    for kind, own in zip(kinds, form.results, strict=True):
        if isinstance(kind, number_types.Array):
            dims = [*stack, *(sizes[size] for size in own)][: kind.ndim]
            array, _ = new_array(context, builder, kind, dims)
            made.append(array._getvalue)
            places.append(array.data)
        else:
            slot = cgutils.alloca_once(builder, context.get_value_type(kind))
            made.append(functools.partial(builder.load, slot))
            places.append(slot)
    flags = args[form.operands : form.operands + form.flags]
    operands = [count, *(sizes[size] for size in form.sizes), *flags]
    operands += [*(array.data for array in arrays), *places]
    integer = ir.IntType(64)
    kind = ir.FunctionType(integer, [operand.type for operand in operands])
    symbol = _symbol(name, _LETTERS[signature.args[0].dtype])
    failed = builder.call(cgutils.get_or_insert_function(builder.module, kind, symbol), operands)
    if form.error:
        with builder.if_then(cgutils.is_not_null(builder, failed), likely=False):
            line = args[-1]
            context.call_conv.return_dynamic_user_exc(
                builder, linalg.ERRORS[form.error], (line,), (number_types.int64,)
            )
    values = [get() for get in made]
    if len(values) == 1:
        return values[0]
    return context.make_tuple(builder, signature.return_type, values)


def _of_two(form: Form, generate: Callable[..., Any]) -> Any:
    @intrinsic
    def function(context: Any, a: Any, b: Any) -> Any:
        return _signature(form, (a, b)), generate

    return function


def _of_three(form: Form, generate: Callable[..., Any]) -> Any:
    @intrinsic
    def function(context: Any, a: Any, b: Any, c: Any) -> Any:
        return _signature(form, (a, b, c)), generate

    return function


def _of_five(form: Form, generate: Callable[..., Any]) -> Any:
    @intrinsic
    def function(context: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
        return _signature(form, (a, b, c, d, e)), generate

    return function


_BY_COUNT = {2: _of_two, 3: _of_three, 5: _of_five}

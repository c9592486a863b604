"""New arrays in compiled programs, written into the kernel as they stand.

numba compiles a function of its own for each call of ``np.empty`` and ``np.zeros`` with other
types, through all of its passes: together a fifth of the time that a kernel of a hundred lines
takes to compile. What is made here means the same and adds a few instructions to the kernel.
Importing this module imports numba.
"""

from __future__ import annotations

import types as python_types
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core import types as numba_types
from numba.core.typing.npydecl import parse_dtype
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from gradc_runtime import large_arrays

types: Any = numba_types  # declares fewer types than it has

# From this many bytes on, large pages are asked for; the same as NumPy's.
_PAGED = 1 << 22
_NO_MEMORY = "Allocation failed (probably too large)."
_NEGATIVE = "negative dimensions not allowed"
_TOO_LARGE = "array is too big; its size in bytes is larger than the maximum possible size."


@intrinsic
def empty(context: Any, shape: Any, dtype: Any = None) -> Any:
    """``np.empty``: an array whose elements are undefined."""
    return _signature(shape, dtype), _generate_empty


@intrinsic
def zeros(context: Any, shape: Any, dtype: Any = None) -> Any:
    """``np.zeros``: an array of zeros."""
    return _signature(shape, dtype), _generate_zeros


def _signature(shape: Any, dtype: Any) -> Any:
    rank = 1 if isinstance(shape, types.Integer) else len(shape)
    element = types.float64 if dtype is None else parse_dtype(dtype)
    array = types.Array(element, rank, "C")
    return array(shape, types.Omitted(None) if dtype is None else dtype)


def _generate_empty(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array, _ = _allocate(context, builder, signature, args)
    return array._getvalue()


def _generate_zeros(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array, size = _allocate(context, builder, signature, args)
    cgutils.memset(builder, array.data, size, 0)
    return array._getvalue()


def _allocate(context: Any, builder: Any, signature: Any, args: Any) -> tuple[Any, Any]:
    """The array, and its size in bytes."""
    kind, given = signature.return_type, signature.args[0]
    scalar = isinstance(given, types.Integer)
    sizes = [args[0]] if scalar else cgutils.unpack_tuple(builder, args[0], kind.ndim)
    asked = [given] if scalar else list(given)
    sizes = [
        context.cast(builder, size, its, types.intp) for size, its in zip(sizes, asked, strict=True)
    ]
    return new_array(context, builder, kind, sizes)


def new_array(context: Any, builder: Any, kind: Any, sizes: Sequence[Any]) -> tuple[Any, Any]:
    """Write the making of an array; return it with its size in bytes.

    Parameters
    ----------
    context, builder
        Of numba and of LLVM.
    kind : numba type
        Of a contiguous array.
    sizes : sequence of LLVM values
        Integers of 64 bits.
    """
    element = context.get_data_type(kind.dtype)
    width = context.get_constant(types.intp, context.get_abi_sizeof(element))
    strides, total, too_large = [], width, ir.Constant(ir.IntType(1), 0)
    negative = too_large
    for size in reversed(sizes):
        strides.append(total)
        product = builder.smul_with_overflow(total, size)
        total = builder.extract_value(product, 0)
        too_large = builder.or_(too_large, builder.extract_value(product, 1))
        negative = builder.or_(negative, builder.icmp_signed("<", size, size.type(0)))
    for problem, message in ((negative, _NEGATIVE), (too_large, _TOO_LARGE)):
        with builder.if_then(problem, likely=False):
            context.call_conv.return_user_exc(builder, ValueError, (message,))
    align = context.get_preferred_array_alignment(kind.dtype)
    if large_arrays.load():
        memory = builder.call(_memory(context, builder.module, align), [total])
        cgutils.guard_memory_error(context, builder, memory, _NO_MEMORY)
    else:
        memory = context.nrt.meminfo_alloc_aligned(builder, total, align)
    data = context.nrt.meminfo_data(builder, memory)
    array = make_array(kind)(context, builder)
    whole = context.get_value_type(types.intp)
    populate_array(
        array,
        data=builder.bitcast(data, element.as_pointer()),
        shape=cgutils.pack_array(builder, sizes, ty=whole),
        strides=cgutils.pack_array(builder, strides[::-1], ty=whole),
        itemsize=width,
        meminfo=memory,
    )
    return array, total


def _memory(context: Any, module: ir.Module, align: int) -> Any:
    """The function that makes memory of a number of bytes, once in a module.

    It returns numba's record of the memory, or null where there is none. From :data:`_PAGED` bytes
    on large pages are asked for, as NumPy does, and from :data:`large_arrays.LARGE` on memory is
    taken from what was freed before.
    """
    name = f"new_memory_{align}"
    known = module.globals.get(name)
    if known is not None:
        return known
    kind = ir.FunctionType(cgutils.voidptr_t, [ir.IntType(64)])
    function = ir.Function(module, kind, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    (size,) = function.args
    with builder.if_then(_at_least(builder, size, large_arrays.LARGE), likely=False):
        large = large_arrays.declared(module, large_arrays.NEW_ARRAY)
        builder.ret(builder.call(large, [size]))
    memory = context.nrt.meminfo_alloc_aligned_unchecked(builder, size, align)
    found = cgutils.is_not_null(builder, memory)
    paged = builder.and_(_at_least(builder, size, _PAGED), found)
    with builder.if_then(paged, likely=False):
        take = large_arrays.declared(module, large_arrays.TAKE_PAGES)
        data = context.nrt.meminfo_data(builder, memory)
        builder.call(take, [builder.ptrtoint(data, size.type), size])
    builder.ret(memory)
    return function


def _at_least(builder: Any, size: Any, least: int) -> Any:
    return builder.icmp_signed(">=", size, size.type(least))


def numpy_for(names: Iterable[str], other: Mapping[str, Any]) -> python_types.ModuleType:
    """A module that stands for NumPy in a kernel which uses these names.

    Parameters
    ----------
    names : iterable of str
        The names in the code of the kernel, those of NumPy among them.
    other : mapping
        What stands for some of them.
    """
    module = python_types.ModuleType("numpy")
    for name in names:
        if hasattr(np, name):
            setattr(module, name, getattr(np, name))
    module.__dict__.update(other, empty=empty, zeros=zeros)
    return module

"""New arrays in compiled programs, written into the kernel as they stand.

numba compiles a function of its own for each call of ``np.empty`` and ``np.zeros`` with other
types, through all of its passes: together a fifth of the time that a kernel of a hundred lines
takes to compile. What is made here means the same and adds a few instructions to the kernel.
Importing this module imports numba.
"""

from __future__ import annotations

import re
import types as python_types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core import types as numba_types
from numba.core.errors import TypingError
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.npydecl import parse_dtype
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from gradc_runtime import large_arrays

types: Any = numba_types  # declares fewer types than it has

# From this many bytes on, large pages are asked for; the same as NumPy's.
_PAGED = 1 << 22
# The largest vectors of today's processors: one that begins elsewhere lies in two lines of the
# cache, and the loops of small arrays take up to 1.4 times as long, by where they happen to lie.
ALIGNED = 64
NO_MEMORY = "Allocation failed (probably too large)."
NEGATIVE = "negative dimensions not allowed"
TOO_LARGE = "array is too big; its size in bytes is larger than the maximum possible size."


@intrinsic
def empty(context: Any, shape: Any, dtype: Any = None) -> Any:
    """``np.empty``: an array whose elements are undefined."""
    return _signature(shape, dtype), _generate_empty


@intrinsic
def zeros(context: Any, shape: Any, dtype: Any = None) -> Any:
    """``np.zeros``: an array of zeros."""
    return _signature(shape, dtype), _generate_zeros


@intrinsic
def ascontiguousarray(context: Any, array: Any) -> Any:
    """``np.ascontiguousarray``: the array itself where its type says that it is contiguous."""
    if not isinstance(array, types.Array) or not array.ndim:
        raise TypingError(f"an array that has axes, not {array}")
    return array.copy(layout="C", readonly=False)(array), _generate_contiguous


def _generate_contiguous(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    (given,) = signature.args
    if given.layout == "C":
        return impl_ret_borrowed(context, builder, given, args[0])
    return context.compile_internal(builder, lambda x: np.ascontiguousarray(x), signature, args)


def _signature(shape: Any, dtype: Any) -> Any:
    rank = 1 if isinstance(shape, types.Integer) else len(shape)
    element = types.float64 if dtype is None else parse_dtype(dtype)
    array = types.Array(element, rank, "C")
    return array(shape, types.Omitted(None) if dtype is None else dtype)


def _generate_empty(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array, _ = _allocate(context, builder, signature, args)
    return array


def _generate_zeros(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array, size = _allocate(context, builder, signature, args)
    data = context.data_model_manager[signature.return_type].get_field_position("data")
    cgutils.memset(builder, builder.extract_value(array, data), size, 0)
    return array


def _allocate(context: Any, builder: Any, signature: Any, args: Any) -> tuple[Any, Any]:
    """The array, and its size in bytes."""
    kind, given = signature.return_type, signature.args[0]
    scalar = isinstance(given, types.Integer)
    sizes = [args[0]] if scalar else cgutils.unpack_tuple(builder, args[0], kind.ndim)
    asked = [given] if scalar else list(given)
    sizes = [
        context.cast(builder, size, its, types.intp) for size, its in zip(sizes, asked, strict=True)
    ]
    return _made(context, builder, kind, sizes)


def new_array(context: Any, builder: Any, kind: Any, sizes: Sequence[Any]) -> tuple[Any, Any]:
    """Write the making of an array; return it, as numba's code handles arrays, and its bytes.

    Parameters
    ----------
    context, builder
        Of numba and of LLVM.
    kind : numba type
        Of a contiguous array.
    sizes : sequence of LLVM values
        Integers of 64 bits.
    """
    value, total = _made(context, builder, kind, sizes)
    return make_array(kind)(context, builder, value=value), total


@dataclass(slots=True)
class Layout:
    """The sizes of a contiguous array, as values of LLVM.

    Attributes
    ----------
    kind : numba type
    sizes, strides : sequence
    count, total : value
        Its elements and bytes.
    negative, too_large : value
        Whether a size is negative, and whether the bytes are no number of 64 bits.
    """

    kind: Any
    sizes: Sequence[Any]
    strides: Sequence[Any]
    count: Any
    total: Any
    negative: Any
    too_large: Any


def layout_of(context: Any, builder: Any, kind: Any, sizes: Sequence[Any]) -> Layout:
    element = context.get_data_type(kind.dtype)
    width = context.get_constant(types.intp, context.get_abi_sizeof(element))
    strides, total, too_large = [], width, ir.Constant(ir.IntType(1), 0)
    negative, count = too_large, width.type(1)
    for size in reversed(sizes):
        strides.append(total)
        product = builder.smul_with_overflow(total, size)
        total = builder.extract_value(product, 0)
        count = builder.mul(count, size, flags=["nsw"])
        too_large = builder.or_(too_large, builder.extract_value(product, 1))
        negative = builder.or_(negative, builder.icmp_signed("<", size, size.type(0)))
    return Layout(kind, sizes, strides[::-1], count, total, negative, too_large)


def _made(context: Any, builder: Any, kind: Any, sizes: Sequence[Any]) -> tuple[Any, Any]:
    layout = layout_of(context, builder, kind, sizes)
    raise_if(context, builder, layout.negative, ValueError, NEGATIVE)
    raise_if(context, builder, layout.too_large, ValueError, TOO_LARGE)
    memory = new_memory(context, builder, layout.total)
    data = context.nrt.meminfo_data(builder, memory)
    return array_in(context, builder, layout, memory, data), layout.total


def new_memory(context: Any, builder: Any, total: Any) -> Any:
    """Memory of a number of bytes, as numba's record of it."""
    memory = unchecked_memory(context, builder, total)
    raise_if(context, builder, cgutils.is_null(builder, memory), MemoryError, NO_MEMORY)
    return memory


def unchecked_memory(context: Any, builder: Any, total: Any) -> Any:
    """Memory of a number of bytes, as numba's record of it; null where there is none."""
    if not large_arrays.load():
        return context.nrt.meminfo_alloc_aligned_unchecked(builder, total, ALIGNED)
    return builder.call(_memory(context, builder.module, ALIGNED), [total])


def array_in(context: Any, builder: Any, layout: Layout, memory: Any, data: Any) -> Any:
    """The array that lies in some memory from an address on."""
    element = context.get_data_type(layout.kind.dtype)
    word = context.get_value_type(types.intp)
    fields = {
        "meminfo": memory,
        "parent": ir.Constant(cgutils.voidptr_t, None),
        "nitems": layout.count,
        "itemsize": context.get_constant(types.intp, context.get_abi_sizeof(element)),
        "data": builder.bitcast(data, element.as_pointer()),
        "shape": cgutils.pack_array(builder, layout.sizes, ty=word),
        "strides": cgutils.pack_array(builder, layout.strides, ty=word),
    }
    return array_of(context, builder, layout.kind, fields)


def array_of(context: Any, builder: Any, kind: Any, fields: Mapping[str, Any]) -> Any:
    """The value of an array, from all its fields."""
    model = context.data_model_manager[kind]
    value = ir.Constant(context.get_value_type(kind), ir.Undefined)
    for name, field in fields.items():
        value = builder.insert_value(value, field, model.get_field_position(name))
    return value


def raise_if(context: Any, builder: Any, problem: Any, error: type, message: str) -> None:
    """Raise an error where there is a problem; one place of a function raises it for all arrays."""
    name = re.sub(r"\W+", "_", f"{error.__name__}_{message}")  # what LLVM writes without quotes
    fine = builder.append_basic_block("made")
    raising = next((each for each in builder.function.blocks if each.name == name), None)
    if raising is None or getattr(builder, "_in_try_block", False):
        raising = builder.append_basic_block(name)
        with builder.goto_block(raising):
            context.call_conv.return_user_exc(builder, error, (message,))
    builder.cbranch(problem, raising, fine).set_weights([1, 99])
    builder.position_at_end(fine)


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
    made = {"empty": empty, "zeros": zeros, "ascontiguousarray": ascontiguousarray}
    module.__dict__.update(other, **made)
    return module

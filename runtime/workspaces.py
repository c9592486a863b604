"""Several new arrays of compiled programs in one block of memory.

A program that makes ten small arrays spends half of its time in the allocator. Here they are
made by one call of it, one after the other in a block whose record counts them as if each were a
view of the block: whichever is in use longest keeps it. Importing this module imports numba.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core import types as numba_types
from numba.core.typing.npydecl import parse_dtype
from numba.extending import intrinsic

from gradc_runtime.allocation import (
    ALIGNED,
    NEGATIVE,
    NO_MEMORY,
    TOO_LARGE,
    array_in,
    layout_of,
    new_memory,
    raise_if,
    unchecked_memory,
)

types: Any = numba_types  # declares fewer types than it has

_MEMORY = types.MemInfoPointer(types.voidptr)
_STARRED = (types.StarArgTuple, types.StarArgUniTuple)
# Up to this many bytes arrays lie in one block. Beyond, what is saved is nothing beside the time
# to fill them once, and a block of its own is free again when its array is read for the last time.
_BLOCK = 1 << 16


@intrinsic
def workspace(context: Any, *given: Any) -> Any:
    """:func:`gradc_runtime.arrays.workspace`: new arrays in one block of memory.

    The record of the memory counts the arrays, as if each were a view of the block.
    """
    items = given[0].types if isinstance(given[0], _STARRED) else given
    typed = isinstance(items[-1], types.DTypeSpec | types.Function | types.NumberClass)
    shapes = items[:-1] if typed else items
    element = parse_dtype(items[-1]) if typed else types.float64
    made = types.Tuple([types.Array(element, len(_axes(shape)), "C") for shape in shapes])
    return made(types.StarArgTuple(items)), _generate_workspace


def _axes(shape: Any) -> list[Any]:
    return [shape] if isinstance(shape, types.Integer) else list(shape)


def _generate_workspace(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    kinds, given = signature.return_type.types, signature.args[0].types
    layouts = []
    values = cgutils.unpack_tuple(builder, args[0])[: len(kinds)]
    for kind, shape, value in zip(kinds, given, values, strict=False):
        asked = _axes(shape)
        own = [value] if shape is asked[0] else cgutils.unpack_tuple(builder, value)
        sizes = [
            context.cast(builder, size, its, types.intp)
            for size, its in zip(own, asked, strict=True)
        ]
        layouts.append(layout_of(context, builder, kind, sizes))
    negative, too_large = layouts[0].negative, layouts[0].too_large
    for layout in layouts[1:]:
        negative = builder.or_(negative, layout.negative)
        too_large = builder.or_(too_large, layout.too_large)
    raise_if(context, builder, negative, ValueError, NEGATIVE)
    raise_if(context, builder, too_large, ValueError, TOO_LARGE)
    places = _places(context, builder, [layout.total for layout in layouts])
    arrays = [
        array_in(context, builder, layout, memory, data)
        for layout, (memory, data) in zip(layouts, places, strict=True)
    ]
    return context.make_tuple(builder, signature.return_type, arrays)


def _places(context: Any, builder: Any, totals: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Memory and address of each of several arrays of some bytes."""
    word = totals[0].type
    starts, end, is_small = [], word(0), cgutils.true_bit
    for total in totals:
        starts.append(end)
        end = builder.add(end, _spaced(builder, total))
        # the sum of small numbers is none beyond 64 bits
        is_small = builder.and_(is_small, builder.icmp_signed("<=", total, word(_BLOCK)))
    is_small = builder.and_(is_small, builder.icmp_signed("<=", end, word(_BLOCK)))
    with builder.if_else(is_small, likely=True) as (together, apart):
        with together:
            memory = new_memory(context, builder, end)
            # numba's record begins with the number of references
            builder.store(word(len(totals)), builder.bitcast(memory, word.as_pointer()))
            data = context.nrt.meminfo_data(builder, memory)
            found = [(memory, builder.gep(data, [start], inbounds=True)) for start in starts]
            ends = [builder.block]
        with apart:
            others = _apart(context, builder, totals)
            ends.append(builder.block)
    places = []
    for pair in zip(found, others, strict=True):
        merged = []
        for values in zip(*pair, strict=True):
            merged.append(builder.phi(cgutils.voidptr_t))
            for value, block in zip(values, ends, strict=True):
                merged[-1].add_incoming(value, block)
        places.append((merged[0], merged[1]))
    return places


def _apart(context: Any, builder: Any, totals: Sequence[Any]) -> list[tuple[Any, Any]]:
    """Memory and address of each array, in blocks of their own."""
    kinds = totals[0].type, cgutils.voidptr_t
    sizes, made = (cgutils.alloca_once(builder, ir.ArrayType(kind, len(totals))) for kind in kinds)
    for place, total in enumerate(totals):
        builder.store(total, cgutils.gep_inbounds(builder, sizes, 0, place))
    first = [cgutils.gep_inbounds(builder, each, 0, 0) for each in (sizes, made)]
    function = _blocks(context, builder.module)
    fails = builder.call(function, [totals[0].type(len(totals)), *first])
    raise_if(context, builder, fails, MemoryError, NO_MEMORY)
    memories = [
        builder.load(cgutils.gep_inbounds(builder, made, 0, place)) for place in range(len(totals))
    ]
    return [(memory, context.nrt.meminfo_data(builder, memory)) for memory in memories]


def _blocks(context: Any, module: ir.Module) -> Any:
    """The function that makes memory for several arrays, once in a module.

    It is given their number and bytes, writes down the memory of each, as numba's record of it, and
    returns whether there is not as much: then it has given back what it had.
    """
    known = module.globals.get("new_blocks")
    if known is not None:
        return known
    word, pointer = ir.IntType(64), cgutils.voidptr_t
    kinds = [word, word.as_pointer(), pointer.as_pointer()]
    function = ir.Function(module, ir.FunctionType(cgutils.bool_t, kinds), "new_blocks")
    function.linkage = "internal"
    function.attributes.add("noinline")
    builder = ir.IRBuilder(function.append_basic_block())
    count, totals, memories = function.args
    with cgutils.for_range(builder, count) as each:
        total = builder.load(builder.gep(totals, [each.index]))
        memory = unchecked_memory(context, builder, total)
        with builder.if_then(cgutils.is_null(builder, memory), likely=False):
            with cgutils.for_range(builder, each.index) as earlier:
                made = builder.load(builder.gep(memories, [earlier.index]))
                context.nrt.decref(builder, _MEMORY, made)
            builder.ret(cgutils.true_bit)
        builder.store(memory, builder.gep(memories, [each.index]))
    builder.ret(cgutils.false_bit)
    return function


def _spaced(builder: Any, total: Any) -> Any:
    """The bytes of a block that an array of some bytes takes up: an odd number of cache lines.

    Arrays of whole pages would lie in the same lines of the cache, one beside the other.
    """
    up = builder.and_(builder.add(total, total.type(ALIGNED - 1)), total.type(-ALIGNED))
    return builder.or_(up, total.type(ALIGNED))

"""Memory of large arrays that kernels free, kept for their next call.

The C library gives blocks of more than 32 MB back to the system, whatever it is told
(:mod:`gradc_runtime.memory`), and new ones come page by page, filled with zeros: for a cheap loop
over ten million numbers this takes longer than the loop. So arrays of this size are made here:
blocks of whole large pages, of which those freed last are kept, up to a gigabyte or a
sixteenth of the machine's memory. ``GRADC_MALLOC=system`` keeps none.

What is made is machine code that lives as long as the process, for an array may outlive the
kernel that made it. Kernels call it by two symbols. It takes no lock: a place for a kept block is
a word that is exchanged, and a block belongs to whoever took it out of its place.

A new page is first written to at its end. Linux fills a page with zeros towards the place that
was touched, from the far end: where a loop begins at the start of the page this is downwards,
which takes three times as long as upwards.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils

# Arrays of this many bytes are made here.
LARGE = 32 << 20
# As many bytes of freed blocks are kept, at most, and no more than a sixteenth of the memory.
LIMIT = 1 << 30
NEW_ARRAY, TAKE_PAGES = "gradc_large_array", "gradc_take_pages"

# Of a block the first word is its size. What `take` returns lies in its first three pages, after
# the address of the block: before the numbers of an array stands numba's record of it, of 48 bytes,
# and they begin at another distance from a page in each of eight blocks, lest all arrays meet in
# the same lines of the cache.
# In `take_pages` 4095 and 14 are a page less one and MADV_HUGEPAGE, in `take` 3 and 34 are memory
# to read and write that is private and has no file. Blocks are of whole pages of 2 MiB, for Linux
# aligns such ones.
_TEXT = """
declare i8* @mmap(i8*, i64, i32, i32, i32, i64)
declare i32 @munmap(i8*, i64)
declare i32 @madvise(i8*, i64, i32)
declare i8* @NRT_get_api()

@places = internal global [32 x i64] zeroinitializer
@total = internal global i64 0
@allocator = internal global [4 x i64] [
    i64 ptrtoint (TAKE* @take to i64), i64 0, i64 ptrtoint (FREE* @give_back to i64), i64 0]

define void @gradc_take_pages(i64 %address, i64 %size) {
    %end = add i64 %address, %size
    %up = add i64 %address, 4095
    %first = and i64 %up, -4096
    %start = inttoptr i64 %first to i8*
    %length = sub i64 %end, %first
    %advised = call i32 @madvise(i8* %start, i64 %length, i32 14)
    %over = add i64 %address, 2097151
    %aligned = and i64 %over, -2097152
    %begin = add i64 %aligned, 2097151
    br label %head
head:
    %last = phi i64 [ %begin, %0 ], [ %next, %body ]
    %inside = icmp ult i64 %last, %end
    br i1 %inside, label %body, label %done
body:
    %byte = inttoptr i64 %last to i8*
    store volatile i8 0, i8* %byte
    %next = add i64 %last, 2097152
    br label %head
done:
    ret void
}

define internal i8* @take(i64 %size, i8* %unused) {
    %more = add i64 %size, 2109439
    %needed = and i64 %more, -2097152
    %quarter = lshr i64 %needed, 2
    %most = add i64 %needed, %quarter
    br label %head
head:
    %k = phi i64 [ 0, %0 ], [ %next, %on ]
    %place = getelementptr [32 x i64], [32 x i64]* @places, i64 0, i64 %k
    %kept = atomicrmw xchg i64* %place, i64 0 acq_rel
    %none = icmp eq i64 %kept, 0
    br i1 %none, label %on, label %look
look:
    %word = inttoptr i64 %kept to i64*
    %length = load i64, i64* %word
    %enough = icmp uge i64 %length, %needed
    %close = icmp ule i64 %length, %most
    %fits = and i1 %enough, %close
    br i1 %fits, label %found, label %back
found:
    %before = atomicrmw sub i64* @total, i64 %length acq_rel
    br label %use
back:
    %pair = cmpxchg i64* %place, i64 0, i64 %kept acq_rel monotonic
    %put = extractvalue { i64, i1 } %pair, 1
    br i1 %put, label %on, label %drop
drop:
    %less = atomicrmw sub i64* @total, i64 %length acq_rel
    %address = inttoptr i64 %kept to i8*
    %freed = call i32 @munmap(i8* %address, i64 %length)
    br label %on
on:
    %next = add i64 %k, 1
    %again = icmp ult i64 %next, 32
    br i1 %again, label %head, label %new
new:
    %mapped = call i8* @mmap(i8* null, i64 %needed, i32 3, i32 34, i32 -1, i64 0)
    %made = ptrtoint i8* %mapped to i64
    %failed = icmp eq i64 %made, -1
    br i1 %failed, label %nothing, label %fresh
fresh:
    call void @gradc_take_pages(i64 %made, i64 %needed)
    %header = inttoptr i64 %made to i64*
    store i64 %needed, i64* %header
    br label %use
use:
    %block = phi i64 [ %kept, %found ], [ %made, %fresh ]
    %page = lshr i64 %block, 21
    %colour = and i64 %page, 7
    %step = mul i64 %colour, 1088
    %shift = add i64 %step, 80
    %inner = add i64 %block, %shift
    %front = sub i64 %inner, 8
    %where = inttoptr i64 %front to i64*
    store i64 %block, i64* %where
    %result = inttoptr i64 %inner to i8*
    ret i8* %result
nothing:
    ret i8* null
}

define internal void @give_back(i8* %memory, i8* %unused) {
    %inner = ptrtoint i8* %memory to i64
    %front = sub i64 %inner, 8
    %where = inttoptr i64 %front to i64*
    %block = load i64, i64* %where
    %word = inttoptr i64 %block to i64*
    %length = load i64, i64* %word
    %before = atomicrmw add i64* @total, i64 %length acq_rel
    %never = icmp ugt i64 %length, LIMIT
    br i1 %never, label %away, label %head
head:
    ; kept ones leave until this one has room; twice around, for it goes to a place that is empty
    %k = phi i64 [ 0, %0 ], [ %next, %on ]
    %total = load atomic i64, i64* @total acquire, align 8
    %index = and i64 %k, 31
    %place = getelementptr [32 x i64], [32 x i64]* @places, i64 0, i64 %index
    %over = icmp ugt i64 %total, LIMIT
    br i1 %over, label %empty, label %put
empty:
    %old = atomicrmw xchg i64* %place, i64 0 acq_rel
    %none = icmp eq i64 %old, 0
    br i1 %none, label %on, label %drop
drop:
    %other = inttoptr i64 %old to i64*
    %size = load i64, i64* %other
    %less = atomicrmw sub i64* @total, i64 %size acq_rel
    %start = inttoptr i64 %old to i8*
    %freed = call i32 @munmap(i8* %start, i64 %size)
    br label %on
put:
    %pair = cmpxchg i64* %place, i64 0, i64 %block acq_rel monotonic
    %kept = extractvalue { i64, i1 } %pair, 1
    br i1 %kept, label %done, label %on
on:
    %next = add i64 %k, 1
    %again = icmp ult i64 %next, 64
    br i1 %again, label %head, label %away
away:
    %gone = atomicrmw sub i64* @total, i64 %length acq_rel
    %address = inttoptr i64 %block to i8*
    %last = call i32 @munmap(i8* %address, i64 %length)
    br label %done
done:
    ret void
}

define i8* @gradc_large_array(i64 %size) {
    %table = call i8* @NRT_get_api()
    %start = ptrtoint i8* %table to i64
    %place = add i64 %start, 8
    %word = inttoptr i64 %place to i64*
    %address = load i64, i64* %word
    %allocate = inttoptr i64 %address to NEW*
    %allocator = bitcast [4 x i64]* @allocator to i8*
    %array = call i8* %allocate(i64 %size, i8* %allocator)
    ret i8* %array
}
"""


@functools.cache
def load() -> bool:
    """Make the machine code and tell LLVM its symbols; False on other systems than Linux."""
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return False
    from numba.core.registry import cpu_target
    from numba.core.runtime import rtsys

    context = cpu_target.target_context
    rtsys.initialize(context)  # which tells LLVM of `NRT_get_api`
    limit = 0 if os.environ.get("GRADC_MALLOC") == "system" else min(LIMIT, _memory() // 16)
    # an object file: without the optimisations of an engine, made in a quarter of the time
    target = binding.Target.from_default_triple()
    made = target.create_target_machine(opt=0).emit_object(binding.parse_assembly(_text(limit)))
    engine = binding.create_mcjit_compiler(
        binding.parse_assembly(""), target.create_target_machine(opt=0)
    )
    engine.add_object_file(binding.ObjectFileRef.from_data(made))
    engine.finalize_object()
    for symbol in (NEW_ARRAY, TAKE_PAGES):
        binding.add_symbol(symbol, engine.get_function_address(symbol))
    _ENGINES.append(engine)
    return True


def _memory() -> int:
    """The bytes of memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


# What holds the machine code, which is never freed.
_ENGINES: list[Any] = []


def _text(limit: int) -> str:
    """The module as this LLVM writes it: pointers have a type in those before 17."""
    text = _TEXT.replace("LIMIT", str(limit))
    if str(_POINTER) == "ptr":
        return re.sub(r"(\bi\d+|\[\d+ x i64\]|TAKE|FREE|NEW)\*", "ptr", text)
    kinds = {"TAKE": "i8* (i64, i8*)", "FREE": "void (i8*, i8*)", "NEW": "i8* (i64, i8*)"}
    for name, kind in kinds.items():
        text = text.replace(f"{name}*", f"{kind}*")
    return text


_WORD, _POINTER = ir.IntType(64), ir.IntType(8).as_pointer()
_KINDS = {
    NEW_ARRAY: ir.FunctionType(_POINTER, [_WORD]),
    TAKE_PAGES: ir.FunctionType(ir.VoidType(), [_WORD, _WORD]),
}


def declared(module: ir.Module, symbol: str) -> Any:
    """One of the two functions, in the module of a kernel.

    ``gradc_large_array(bytes)`` returns numba's record of a new array, or null;
    ``gradc_take_pages(address, bytes)`` asks for large pages and writes to the end of each.
    """
    return cgutils.get_or_insert_function(module, _KINDS[symbol], symbol)

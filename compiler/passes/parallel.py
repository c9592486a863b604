"""Run the independent iterations of loops in blocks, which threads may take in any order.

Before::

    with for_(zero, n, one, x_bar, s) as (i, x_bar_1, s_1):
        ...
        x_bar_2: f64[n] = put(x_bar_1, v, i, spec=('at',))
        s_2: f64 = add(s_1, t)
        yield_(x_bar_2, s_2)
    x_bar_3, s_3 = outs()

After: the number of blocks is fixed, so that sums are added in one order whatever the number of
threads, and the results are the same bit by bit::

    s_parts: f64[64] = empty(blocks)
    with for_[parallel](zero, blocks, one, x_bar, s_parts) as (block, x_bar_1, s_parts_1):
        low = count * block // 64
        high = count * (block + 1) // 64
        with for_(low, high, one, x_bar_1, 0.0) as (i, x_bar_2, s_1):
            ...
        s_parts_2 = put(s_parts_1, s_2, block)
        yield_(x_bar_3, s_parts_2)
    s_3 = s + s_parts[0] + s_parts[1] + ...             # in a loop

Arrays that iterations only add to anywhere (the gradient of what all iterations use) have an
array of zeros for each block, and those are added up in the same way. What is a sum over as many
elements as there are iterations is left alone, for that would take too much memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.independence import Carried, independent_iterations
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, LOOP_BOUNDS, WHILE
from gradc.ir.core import Function, Op, Value
from gradc.ir.types import INT
from gradc.ir.walk import rebuilt, with_body
from gradc.passes.base import Context
from gradc.prims.arithmetic import ADD, FLOORDIV, MUL
from gradc.prims.index import ADD_AT, ALL, AT, GET, PUT
from gradc.prims.loops import TRIP
from gradc.prims.shape import EMPTY, ZEROS

BLOCKS = 64
# Where every block has whole arrays of its own.
FEWER_BLOCKS = 16


@dataclass(frozen=True, slots=True)
class Parallel:
    """Mark loops whose iterations are independent to run in parallel."""

    name: ClassVar[str] = "parallel"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with loops over blocks."""
        deepest = max(map(_depth, function.ops), default=0)
        symbols = Symbols()
        symbols.taken |= Symbols.of(function).taken
        for param in function.params:
            symbols.note(param)
        ops: list[Op] = []
        for op in function.ops:
            ops += _op(op, symbols, deepest)
            for out in op.outs:
                symbols.note(out)
        return with_body(function, rebuilt(function.body, ops, function.results))


def _depth(op: Op) -> int:
    """How many loops are in each other."""
    inside = max((_depth(inner) for region in op.regions for inner in region.ops), default=0)
    return inside + (op.prim in (FOR, WHILE))


def _op(op: Op, symbols: Symbols, deepest: int) -> Sequence[Op]:
    """The op, in parallel where that is worth it.

    Threads are started for the deepest nests of loops only, where the work is, and not inside of
    a loop that runs in order.
    """
    if op.prim is not FOR or _depth(op) < deepest:
        return [op]
    kinds = independent_iterations(op)
    if kinds and not _is_too_large(op, kinds):
        return _Blocks(op, kinds, symbols).run()
    return [op]


def _is_too_large(op: Op, kinds: Sequence[Carried]) -> bool:
    """Whether a sum over elements has as many as there are iterations."""
    start, stop = op.args[0].size, op.args[1].size
    counts = {start, stop} - {0, -1}
    return any(
        kind is Carried.SUM and not counts.isdisjoint(init.type.shape)
        for kind, init in zip(kinds, op.args[LOOP_BOUNDS:], strict=True)
    )


class _Blocks:
    def __init__(self, op: Op, kinds: Sequence[Carried], symbols: Symbols) -> None:
        self.op, self.kinds = op, kinds
        self.body = op.regions[0]
        self.params = self.body.params[1:]
        self.inits = op.args[LOOP_BOUNDS:]
        self.builder = Builder(symbols)
        self.builder.loc, self.builder.role = op.loc, op.role
        arrays = any(
            kind is Carried.SUM and not init.type.is_scalar
            for kind, init in zip(kinds, self.inits, strict=True)
        )
        self.blocks = FEWER_BLOCKS if arrays else BLOCKS

    def run(self) -> Sequence[Op]:
        builder = self.builder
        zero, one = builder.const(0), builder.const(1)
        blocks = builder.const(self.blocks)
        count = builder.emit(TRIP, self.op.args[:LOOP_BOUNDS], name="count")
        carried = [
            self.parts(init) if kind is Carried.SUM else init
            for init, kind in zip(self.inits, self.kinds, strict=True)
        ]
        params = [builder.value(value.type, value.name) for value in carried]
        block = builder.value(INT, "block")
        inner = builder.child()
        inner.symbols.note(block)
        ends = self.one_block(inner, block, count, params)
        region = inner.close((block, *params), ends)
        outs = [
            replace(out) if kind is Carried.OWN else builder.value(value.type, value.name)
            for out, kind, value in zip(self.op.outs, self.kinds, carried, strict=True)
        ]
        args = (zero, blocks, one, *carried)
        made = tuple(
            own if kind is Carried.OWN else out
            for own, out, kind in zip(self.op.outs, outs, self.kinds, strict=True)
        )
        parallel = {"parallel": True}
        builder.append(Op(FOR, args, parallel, made, (region,), self.op.loc, self.op.role))
        for init, parts, out, kind in zip(self.inits, made, self.op.outs, self.kinds, strict=True):
            if kind is Carried.SUM:
                self.add_up(init, parts, out)
        return builder.ops

    def parts(self, init: Value) -> Value:
        """Room for the sum of each block."""
        sizes = [self.builder.size(dim) for dim in init.type.shape]
        blocks = self.builder.const(self.blocks)
        params = {"dtype": init.type.dtype}
        return self.builder.emit(EMPTY, [blocks, *sizes], params, name=f"{init.name}_parts")

    def one_block(
        self, builder: Builder, block: Value, count: Value, params: Sequence[Value]
    ) -> list[Value]:
        """The iterations of one block; returns what the loop over blocks carries on."""
        following = builder.emit(ADD, [block, builder.const(1)], name="following")
        low, high = (self.bound(builder, count, number) for number in (block, following))
        inits = [
            self.nothing(builder, init) if kind is Carried.SUM else param
            for init, param, kind in zip(self.inits, params, self.kinds, strict=True)
        ]
        step = self.op.args[2]
        results = builder.loop((low, high, step), inits, self.body)
        ends = []
        for result, param, kind in zip(results, params, self.kinds, strict=True):
            if kind is Carried.SUM:
                spec = {"spec": (AT, *(ALL for _ in result.type.shape))}
                result = builder.emit(PUT, [param, result, block], spec, name=param.name)
            ends.append(result)
        return ends

    def bound(self, builder: Builder, count: Value, number: Value) -> Value:
        """The index at which the block of a number begins."""
        start, _, step = self.op.args[:LOOP_BOUNDS]
        product = builder.emit(MUL, [count, number], name="product")
        place = builder.emit(FLOORDIV, [product, builder.const(self.blocks)], name="bound")
        if step.size != 1:
            place = builder.emit(MUL, [place, step], name="bound")
        return place if start.size == 0 else builder.emit(ADD, [start, place], name="bound")

    def nothing(self, builder: Builder, like: Value) -> Value:
        """The start of a sum."""
        if like.type.is_scalar:
            return builder.const(0, like.type.dtype)
        sizes = [builder.size(dim) for dim in like.type.shape]
        return builder.emit(ZEROS, sizes, {"dtype": like.type.dtype}, name=like.name)

    # -- sums over blocks -------------------------------------------------------------------

    def add_up(self, init: Value, parts: Value, out: Value) -> None:
        """Add the parts of all blocks in order."""
        builder = self.builder
        bounds = (builder.const(0), builder.const(self.blocks), builder.const(1))
        inner = builder.child()
        block = inner.value(INT, "block")
        total = Value(init.type, out.name, self.op.loc, named=out.named)
        end = self.added(inner, total, parts, [block], list(init.type.shape))
        builder.loop(bounds, [init], inner.close((block, total), [end]), [out])

    def added(
        self,
        builder: Builder,
        total: Value,
        parts: Value,
        indices: list[Value],
        shape: Sequence[int | str],
    ) -> Value:
        """The total with the part of one block, element by element."""
        if not shape:
            spec = (AT,) * len(indices)
            part = builder.emit(GET, [parts, *indices], {"spec": spec}, name="part")
            if total.type.is_scalar:
                return builder.emit(ADD, [total, part], name=total.name)
            return builder.emit(
                ADD_AT, [total, part, *indices[1:]], {"spec": spec[1:]}, name=total.name
            )
        bounds = (builder.const(0), builder.size(shape[0]), builder.const(1))
        inner = builder.child()
        index = inner.value(INT, "i")
        again = Value(total.type, total.name, self.op.loc)
        end = self.added(inner, again, parts, [*indices, index], shape[1:])
        (out,) = builder.loop(bounds, [total], inner.close((index, again), [end]))
        return out

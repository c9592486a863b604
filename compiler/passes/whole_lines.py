"""Rows of tapes begin at lines of the cache.

Before::

    t: f64[m, n] = empty(m, n)
    ...                              # row i is filled and read by loops over j

After::

    room: i64(8) = ...               # n + min(-n % 8, n // 16)
    t: f64[m, room] = empty(m, room)

A loop that fills a row writes vectors of as many bytes as a line has. Where rows have 9,999
numbers, all but one in eight of them begin inside of a line, and each store goes to two lines. With
up to seven numbers more in a row all begin where lines do. Nobody sees them: this is done to arrays
of which only elements are read and written, by index. A row grows by a sixteenth at most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.by_element import seen_by_element
from gradc.analysis.storage import StorageClasses, is_settled
from gradc.ir.builder import Builder, Symbols, dim_of
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import Dim, DType
from gradc.ir.walk import all_ops, with_body
from gradc.passes.base import Context
from gradc.prims.arithmetic import ADD, FLOORDIV, MOD, NEG
from gradc.prims.integers import IMIN
from gradc.prims.shape import EMPTY

_LINE = 64
_BYTES = {DType.F64: 8, DType.F32: 4}


@dataclass(frozen=True, slots=True)
class WholeLines:
    """The pass; it does nothing before updates are in place."""

    name: ClassVar[str] = "lines"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with longer rows."""
        makers = [op for op in all_ops(function.body) if _may_grow(op)]
        if not makers:
            return function
        if not is_settled(function):
            return function
        classes = StorageClasses(function.body)
        ours = set(seen_by_element(function, classes, makers).values())
        return _Growing(function, classes, ours).run() if ours else function


def _may_grow(op: Op) -> bool:
    """Whether an op makes a table of floats whose rows have a size of the run."""
    if op.prim is not EMPTY or op.out.type.rank < 2 or "lines" in op.params:
        return False
    return isinstance(op.out.type.shape[-1], str) and op.out.type.dtype in _BYTES


class _Growing:
    """Gives some arrays longer rows."""

    def __init__(self, function: Function, classes: StorageClasses, makers: set[Op]) -> None:
        self.function, self.classes, self.makers = function, classes, makers
        self.symbols = Symbols.of(function)
        self.rooms: dict[Value, Dim] = {}
        self.known: dict[tuple[Value, int], Value] = {}
        self.new: dict[Value, Value] = {}

    def run(self) -> Function:
        return with_body(self.function, self.region(self.function.body))

    def region(self, region: Region) -> Region:
        kept = dict(self.known)
        params = tuple(map(self.value, region.params))
        ops: list[Op] = []
        for op in region.ops:
            ops += self.grown(op) if op in self.makers else [self.renewed(op)]
        self.known = kept
        return Region(params, tuple(ops), tuple(map(self.value, region.yields)))

    def value(self, value: Value) -> Value:
        """A value, with the type that it has now."""
        if not value.type.rank:
            return value
        room = self.rooms.get(self.classes.of(value))
        if room is None:
            return value
        if value not in self.new:
            type = value.type.with_shape((*value.type.shape[:-1], room))
            self.new[value] = replace(value, type=type)
        return self.new[value]

    def renewed(self, op: Op) -> Op:
        args, outs = tuple(map(self.value, op.args)), tuple(map(self.value, op.outs))
        return replace(op, args=args, outs=outs, regions=tuple(map(self.region, op.regions)))

    def grown(self, op: Op) -> list[Op]:
        """The op that makes an array, with longer rows."""
        *sizes, last = op.args
        line = _LINE // _BYTES[op.out.type.dtype]
        builder = Builder(self.symbols)
        builder.loc, builder.role = op.loc, op.role
        if (last, line) not in self.known:
            missing = builder.emit(MOD, [builder.emit(NEG, [last]), builder.const(line)])
            most = builder.emit(FLOORDIV, [last, builder.const(2 * line)])
            more = builder.emit(IMIN, [missing, most])
            self.known[last, line] = builder.emit(ADD, [last, more], name="room")
        room = self.known[last, line]
        self.rooms[self.classes.of(op.out)] = dim_of(room)
        params = {**op.params, "lines": True}
        made = replace(op, args=(*sizes, room), outs=(self.value(op.out),), params=params)
        return [*builder.ops, made]

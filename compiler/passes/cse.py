"""Common subexpressions: what is computed once is not computed again.

Before::

    def f(x: f64[n]):
        y: f64[n] = sin(x)
        n: i64(n) = dim(x, axis=0)
        m: i64(n) = dim(y, axis=0)
        k: f64[n] = sin(x)
        z: f64[n] = broadcast(...)

After: ``m`` is ``n`` (their symbol says so), ``k`` is ``y``. An op sees what was computed before
it in its own region and in the regions around it. Products and sums are found with their
operands in either order. Creations and updates of arrays are never merged: their results are
buffers that are going to be written to, and sharing one would cost a copy. A check that has
been passed is not made again.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, ClassVar

from gradc.ir.builder import CONST, DIM
from gradc.ir.core import Function, Op, Params, Region, Value
from gradc.ir.routines import Routine
from gradc.ir.walk import map_regions, rebuilt
from gradc.passes.base import Context
from gradc.passes.rewrite import Replacements
from gradc.prims.arithmetic import ADD, MUL
from gradc.prims.compare import EQ, LAND, LOR, NE
from gradc.prims.effects import CHECK
from gradc.prims.index import ADD_AT, PICK_ADD, PUT
from gradc.prims.loops import GROW, TAPE
from gradc.prims.shape import COPY, EMPTY, ZEROS

COMMUTATIVE = frozenset({ADD, MUL, EQ, NE, LAND, LOR})
BUFFERS = frozenset({EMPTY, ZEROS, COPY, PUT, ADD_AT, PICK_ADD, TAPE, GROW})


@dataclass(frozen=True, slots=True)
class CommonSubexpressions:
    """Merge equal ops, and integers that denote one size."""

    name: ClassVar[str] = "cse"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with each expression computed once."""
        return _Merging(function).run()


class _Merging:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.replacements = Replacements.of(function)

    def run(self) -> Function:
        known: ChainMap[Hashable, Op] = ChainMap()
        sizes: ChainMap[str, Value] = ChainMap()
        body = self.region(self.function.body, known, sizes)
        return self.replacements.finish(self.function, body)

    def region(
        self, region: Region, known: ChainMap[Hashable, Op], sizes: ChainMap[str, Value]
    ) -> Region:
        for param in region.params:
            self.note_size(param, sizes)
        ops = []

        def inside(inner: Region) -> Region:
            return self.region(inner, known.new_child(), sizes.new_child())

        for old in region.ops:
            op = map_regions(self.replacements.operands(old), inside)
            if self.merged(op, known, sizes):
                continue
            for out in op.outs:
                self.note_size(out, sizes)
            ops.append(op)
        return rebuilt(region, ops, map(self.replacements.value, region.yields))

    def note_size(self, value: Value, sizes: ChainMap[str, Value]) -> None:
        dim = None if value.size is None else self.replacements.dim(value.size)
        if isinstance(dim, str):
            sizes.maps[0].setdefault(dim, value)

    def merged(self, op: Op, known: ChainMap[Hashable, Op], sizes: ChainMap[str, Value]) -> bool:
        if op.regions or not op.outs or op.prim in BUFFERS:
            return False
        if not op.prim.pure and op.prim is not CHECK:
            return False
        if op.prim is DIM and op.out.size is not None:
            same_size = sizes.get(str(self.replacements.dim(op.out.size)))
            if same_size is not None and self.replacements.replace(op.out, same_size):
                return True
        key = self.key(op)
        earlier = known.get(key)
        if earlier is None:
            known[key] = op
            return False
        return all(
            self.replacements.replace(out, kept, keep_name=op.prim is not CONST)
            for out, kept in zip(op.outs, earlier.outs, strict=True)
        )

    def key(self, op: Op) -> Hashable:
        args: Any = op.args
        if op.prim in COMMUTATIVE:
            args = tuple(sorted(op.args, key=id))
        return (op.prim, args, params_key(op))


def params_key(op: Op) -> Hashable:
    """Static parameters as a key; tells -0.0 from 0.0, and takes a NaN as equal to itself."""
    return params_key_of(op.params)


def params_key_of(params: Params) -> Hashable:
    """See :func:`params_key`; two routines differ though they have the same name."""
    return tuple(
        (name, value if isinstance(value, Routine) else repr(value))
        for name, value in sorted(params.items())
    )

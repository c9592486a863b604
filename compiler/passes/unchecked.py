"""``boundscheck=False``: indices of the user are trusted to fit their arrays.

Before::

    k: i64 = wrap(i, n, line=3)
    y: f64 = get(x, k, spec=('at',))

After, where it could not be proven that ``i`` fits: only a negative index still counts from the
end::

    lt: b1 = lt(i, zero)
    add: i64 = add(i, n)
    k: i64 = select(lt, add, i)
    y: f64 = get(x, k, spec=('at',))
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Op, Region
from gradc.ir.walk import map_regions, rebuilt, with_body
from gradc.passes.base import Context
from gradc.prims.arithmetic import ADD
from gradc.prims.compare import LT, SELECT
from gradc.prims.index import WRAP


@dataclass(frozen=True, slots=True)
class TrustIndices:
    """Remove the checks of indices."""

    name: ClassVar[str] = "unchecked"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function without checks of indices."""
        return with_body(function, _region(function.body, Symbols.of(function)))


def _region(region: Region, symbols: Symbols) -> Region:
    ops: list[Op] = []
    for op in region.ops:
        if op.prim is WRAP:
            ops += _trusted(op, symbols)
        else:
            ops.append(map_regions(op, lambda inner: _region(inner, symbols)))
    return rebuilt(region, ops, region.yields)


def _trusted(op: Op, symbols: Symbols) -> list[Op]:
    """The ops that compute the same for an index that fits."""
    index, size = op.args
    builder = Builder(symbols)
    builder.loc, builder.role = op.loc, op.role
    is_negative = builder.emit(LT, [index, builder.const(0)])
    from_end = builder.emit(ADD, [index, size], name=index.name)
    builder.emit(SELECT, [is_negative, from_end, index])
    *before, last = builder.ops
    return [*before, replace(last, outs=op.outs)]

"""Composite primitives in terms of simpler ones, for styles that have no text for the former.

Before::

    y: f64[n] = sigmoid(x)

After: ``1 / (1 + exp(-x))``, from the record of the primitive::

    c: f64 = const(dtype='f64', value=1.0)
    neg: f64[n] = neg(x)
    exp: f64[n] = exp(neg)
    n: i64(n) = dim(x, axis=0)
    c_1: f64[n] = broadcast(c, n, axes=())
    add: f64[n] = add(c_1, exp)
    y: f64[n] = div(c_1, add)

Locations and roles are those of the op that is replaced.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.errors import InternalError
from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Op, Region
from gradc.ir.walk import all_ops, map_regions, rebuilt, with_body
from gradc.passes.base import Context
from gradc.prims.trace import Var


@dataclass(frozen=True, slots=True)
class Expand:
    """Replace what has a lowering by its lowering."""

    name: ClassVar[str] = "expand"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function without primitives that have a lowering."""
        if all(op.prim.lower is None for op in all_ops(function.body)):
            return function
        taken = Symbols.of(function).taken
        symbols = Symbols()
        symbols.taken |= taken
        return with_body(function, _region(function.body, symbols))


def _region(region: Region, symbols: Symbols) -> Region:
    for param in region.params:
        symbols.note(param)
    ops: list[Op] = []
    for op in region.ops:
        if op.prim.lower is not None:
            ops += _lowered(op, symbols)
        else:
            ops.append(map_regions(op, lambda inner: _region(inner, Symbols(symbols))))
        for out in op.outs:
            symbols.note(out)
    return rebuilt(region, ops, region.yields)


def _lowered(op: Op, symbols: Symbols) -> list[Op]:
    """The ops that compute the result of `op`, the last of them defining its output."""
    assert op.prim.lower is not None
    builder = Builder(symbols)
    builder.loc, builder.role = op.loc, op.role
    result = op.prim.lower(*(Var(builder, arg) for arg in op.args), **op.params)
    *before, last = builder.ops
    if not isinstance(result, Var) or result.value is not last.out:
        raise InternalError(f"the lowering of {op.prim.name} does not end with its result")
    expanded: list[Op] = []
    for inner in before:
        expanded += _lowered(inner, symbols) if inner.prim.lower is not None else [inner]
    return [*expanded, replace(last, outs=op.outs)]

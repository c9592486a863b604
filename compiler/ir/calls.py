"""Replacing ops by the functions that they stand for, in all regions of a function."""

from __future__ import annotations

from collections.abc import Callable

from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.inlining import inline_renamed
from gradc.ir.walk import all_ops, map_regions, rebuilt, substitute_op, with_body

FunctionOf = Callable[[Op], Function | None]


def inlined_calls(function: Function, function_of: FunctionOf) -> Function:
    """Replace ops by the functions that they stand for, and those inside of these.

    Parameters
    ----------
    function : Function
    function_of : callable
        The function in place of an op, or None where the op stays.
    """
    while any(function_of(op) is not None for op in all_ops(function.body)):
        symbols = Symbols()
        symbols.taken |= Symbols.of(function).taken
        function = with_body(function, _region(function.body, symbols, function_of))
    return function


def _region(region: Region, symbols: Symbols, function_of: FunctionOf) -> Region:
    for param in region.params:
        symbols.note(param)
    mapping: dict[Value, Value] = {}
    ops: list[Op] = []
    for old in region.ops:
        op = substitute_op(old, mapping)
        standing_for = function_of(op)
        if standing_for is None:
            op = map_regions(op, lambda inner: _region(inner, Symbols(symbols), function_of))
            ops.append(op)
            for out in op.outs:
                symbols.note(out)
            continue
        builder = Builder(symbols)
        builder.loc, builder.role = op.loc, op.role
        results = inline_renamed(builder, standing_for, op.args, op.outs)
        ops += builder.ops
        mapping.update(zip(op.outs, results, strict=True))
    yields = tuple(mapping.get(value, value) for value in region.yields)
    return rebuilt(region, ops, yields)

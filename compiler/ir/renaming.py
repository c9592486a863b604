"""Rebuilding a region with other size symbols, in the types and sizes of everything it defines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gradc.ir.core import Op, Region, Value
from gradc.ir.types import Dim, Type
from gradc.ir.walk import defined_values


class SymbolRenaming:
    """Rebuilds regions with size symbols replaced.

    Parameters
    ----------
    symbols : mapping
        From each symbol to what takes its place.
    """

    def __init__(self, symbols: Mapping[str, Dim]) -> None:
        self.symbols = symbols
        self.values: dict[Value, Value] = {}

    def region(self, region: Region) -> Region:
        """Return the region with its own values rebuilt; outer values stay."""
        params = tuple(self.define(param) for param in region.params)
        ops = tuple(self.op(op) for op in region.ops)
        return Region(params, ops, tuple(map(self.use, region.yields)))

    def define(self, value: Value) -> Value:
        """Return what stands for a value that the region defines."""
        shape = tuple(self.dim(dim) for dim in value.type.shape)
        size = None if value.size is None else self.dim(value.size)
        if shape == value.type.shape and size == value.size:
            return value
        made = replace(value, type=Type(value.type.dtype, shape), size=size)
        self.values[value] = made
        return made

    def op(self, op: Op) -> Op:
        """Return an op with its operands, regions and results rebuilt."""
        args = tuple(map(self.use, op.args))
        regions = tuple(self.region(region) for region in op.regions)
        outs = tuple(self.define(out) for out in op.outs)
        params = op.params
        if "symbol" in params:
            params = {**params, "symbol": self.dim(params["symbol"])}
        return replace(op, args=args, params=params, regions=regions, outs=outs)

    def use(self, value: Value) -> Value:
        """Return what stands for a value that is used."""
        return self.values.get(value, value)

    def dim(self, dim: Dim) -> Dim:
        """Return what stands for a dimension."""
        return self.symbols.get(dim, dim) if isinstance(dim, str) else dim


def own_symbols(region: Region) -> Iterator[str]:
    """The size symbols of the integers that a region defines, inner regions included."""
    for value in defined_values(region):
        if isinstance(value.size, str):
            yield value.size
        yield from (dim for dim in value.type.shape if isinstance(dim, str))

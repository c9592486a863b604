"""Takes sizes of arguments for equal once, at the entry, where the function demands it anyway.

Before::

    def f(x: f64[n], y: f64[n_1]):
        n: i64(n) = dim(x, axis=0)
        y1: f64[n] = expect(y, n, what='x * y does not fit')
        p: f64[n] = mul(x, y1)
        z: f64[n_1] = sin(y)
        z1: f64[n] = expect(z, n, what='p + z does not fit')
        ...

After::

    def f(x: f64[n], y: f64[n_1]):
        n: i64(n) = dim(x, axis=0)
        y1: f64[n] = expect(y, n, what='x * y does not fit')
        p: f64[n] = mul(x, y1)
        z: f64[n] = sin(y1)
        ...

Only a demand that every call reaches is used, and the check moves to the entry: from there on the
two sizes have one symbol, and the adjoint need not check what the primal has checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.renaming import SymbolRenaming
from gradc.ir.types import Dim
from gradc.ir.walk import substitute_region
from gradc.passes.base import Context
from gradc.prims.shape import EXPECT


@dataclass(frozen=True, slots=True)
class UnifySizes:
    """The pass."""

    name: ClassVar[str] = "sizes"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with sizes of arguments taken for equal."""
        done: set[str] = set()
        while (demand := _demand(function, done)) is not None:
            function = _unified(function, *demand)
            done.add(demand[0])
        return function


def _own_sizes(function: Function) -> dict[str, tuple[Value, int]]:
    """The size symbols of the arguments, with an array and its axis."""
    found: dict[str, tuple[Value, int]] = {}
    for param in function.params:
        for axis, dim in enumerate(param.type.shape):
            if isinstance(dim, str):
                found.setdefault(dim, (param, axis))
    return found


def _demand(function: Function, done: set[str]) -> tuple[str, str, Op] | None:
    """Two argument sizes that a check at the outermost level demands to be equal.

    A size that was unified is left on the argument itself and on its check at the entry, which
    demands nothing new. Nor does the adjoint of a check, which checks nothing.
    """
    own = _own_sizes(function).keys() - done
    for op in function.ops:
        if op.prim is EXPECT and op.params["what"]:
            for have, want in zip(op.args[0].type.shape, op.out.type.shape, strict=True):
                if have != want and have in own and want in own:
                    return str(have), str(want), op
    return None


def _unified(function: Function, old: str, new: str, demand: Op) -> Function:
    """Check at the entry that two sizes agree, and use one symbol for both."""
    builder = Builder(Symbols())
    for param in function.params:
        builder.symbols.note(param)
    builder.loc = demand.loc
    checked: dict[Value, Value] = {}
    for holder in function.params:
        if old in holder.type.shape:
            sizes = [builder.size(new if dim == old else dim) for dim in holder.type.shape]
            params = {"what": demand.params["what"]}
            made = builder.emit(EXPECT, [holder, *sizes], params, name=holder.name)
            checked[holder] = _named_like(builder, made, holder)
    body = substitute_region(function.body, checked)
    renamed = SymbolRenaming({old: new}).region(Region((), body.ops, body.yields))
    region = Region(function.params, (*builder.ops, *renamed.ops), renamed.yields)
    return Function(function.name, region, function.loc)


def _named_like(builder: Builder, value: Value, like: Value) -> Value:
    named = replace(value, named=like.named)
    builder.ops[-1] = replace(builder.ops[-1], outs=(named,))
    return named


def with_sizes(function: Function, sizes: Mapping[str, Dim]) -> Function:
    """Return a function with other sizes, or numbers, in place of size symbols."""
    if not sizes:
        return function
    return Function(function.name, SymbolRenaming(sizes).region(function.body), function.loc)

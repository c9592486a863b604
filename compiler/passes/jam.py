"""Joins loops over one range that do not depend on each other: forward and reverse in one go.

Before::

    with for_(lo, n, one, zero) as (i, s):
        e = get(x, i)
        t = sin(e)
        s1 = add(s, t)
        yield_(s1)
    total = outs()
    with for_(lo, n, one, x_bar) as (j, b):      # the adjoint, with its recomputation
        d = get(x, j)
        u = cos(d)
        b1 = add_at(b, u, j)
        yield_(b1)
    x_bar1 = outs()

After::

    with for_(lo, n, one, zero, x_bar) as (i, s, b):
        e = get(x, i)
        t = sin(e)
        s1 = add(s, t)
        d = get(x, i)
        u = cos(d)
        b1 = add_at(b, u, i)
        yield_(s1, b1)
    total; x_bar1 = outs()

A loop whose iterations are independent but for sums then runs forward and reverse in the same
iteration: what both compute is computed once (`cse`), while the elements are at hand. Loops are
joined only when they read an array in common, else there is nothing to gain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.builder import Symbols
from gradc.ir.control import FOR, LOOP_BOUNDS
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.renaming import SymbolRenaming, own_symbols
from gradc.ir.walk import free_values, substitute_region, with_body
from gradc.passes.base import Context
from gradc.passes.joining import join_in_region


@dataclass(frozen=True, slots=True)
class JamLoops:
    """The pass."""

    name: ClassVar[str] = "jam"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with loops joined."""
        symbols = Symbols.of(function)

        def jammed(first: Op, second: Op) -> Op:
            return _jammed(first, _with_own_symbols(first, second, symbols))

        body = join_in_region(function.body, _over_one_range, jammed, direct=False)
        return with_body(function, body)


def _over_one_range(first: Op, second: Op) -> bool:
    if first.prim is not FOR or second.prim is not FOR:
        return False
    bounds = zip(first.args[:LOOP_BOUNDS], second.args[:LOOP_BOUNDS], strict=True)
    if not all(_same_number(left, right) for left, right in bounds):
        return False
    return not _arrays_read(first).isdisjoint(_arrays_read(second))


def _same_number(left: Value, right: Value) -> bool:
    return left is right or (isinstance(left.size, int) and left.size == right.size)


def _arrays_read(op: Op) -> set[Value]:
    return {value for value in free_values(op.regions[0]) if value.type.rank}


def _with_own_symbols(first: Op, second: Op, symbols: Symbols) -> Op:
    """Return the second loop with new names for sizes that both loops define.

    A recomputation has the size symbols of what it copies. While they lie in different loops
    each stands for its own number; in one loop they would be taken for equal, which they are
    not where the loops run through the same numbers in different order.
    """
    inside, own = first.regions[0], second.regions[0]
    outside = {dim for value in free_values(own) for dim in (*value.type.shape, value.size)}
    outside |= {dim for value in (*second.args, *second.outs) for dim in value.type.shape}
    shared = set(own_symbols(own)) & set(own_symbols(inside)) - outside
    if not shared:
        return second
    renaming = SymbolRenaming({name: symbols.fresh(name) for name in sorted(shared)})
    return replace(second, regions=(renaming.region(own),))


def _jammed(first: Op, second: Op) -> Op:
    before, after = first.regions[0], second.regions[0]
    own, other = before.params[0].size, after.params[0].size
    if isinstance(other, str) and own is not None and other != own:
        # the index may be a size: it is the same number in both
        after = SymbolRenaming({other: own}).region(after)
    joined = substitute_region(after, {after.params[0]: before.params[0]})
    body = Region(
        (*before.params, *joined.params[1:]),
        (*before.ops, *joined.ops),
        (*before.yields, *joined.yields),
    )
    args = (*first.args, *second.args[LOOP_BOUNDS:])
    return replace(first, args=args, outs=(*first.outs, *second.outs), regions=(body,))

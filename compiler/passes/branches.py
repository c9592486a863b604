"""Merges branches on the same condition: the adjoint of a branch joins its recomputation.

Before::

    with if_(c):                          # computed again for the adjoint
        u = exp(t)
        yield_(u)
    with else_():
        yield_(zero)
    u1 = outs()
    with if_(c):                          # the adjoint itself
        t_bar = mul(v_bar, u1)
        yield_(t_bar)
    with else_():
        yield_(zero)
    t_bar1 = outs()

After::

    with if_(c):
        u = exp(t)
        t_bar = mul(v_bar, u)
        yield_(u, t_bar)
    with else_():
        yield_(zero, zero)
    u1; t_bar1 = outs()

What lies between the two and does not depend on the first is moved in front of it. Results that
nobody uses any more are left to `dce`. Branches stay apart where an integer that the first decides
is the size of an array in the second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.control import IF
from gradc.ir.core import Function, Op, Region
from gradc.ir.renaming import own_symbols
from gradc.ir.walk import substitute_region, with_body
from gradc.passes.base import Context
from gradc.passes.joining import join_in_region


@dataclass(frozen=True, slots=True)
class MergeBranches:
    """The pass."""

    name: ClassVar[str] = "branches"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with branches merged."""
        body = join_in_region(function.body, _on_one_condition, _merged, direct=True)
        return with_body(function, body)


def _on_one_condition(first: Op, second: Op) -> bool:
    if first.prim is not IF or second.prim is not IF or first.args[0] is not second.args[0]:
        return False
    # An integer of the first has another value in each arm: it is no size of both.
    sizes = {out.size for out in first.outs if isinstance(out.size, str)}
    return not sizes or all(sizes.isdisjoint(own_symbols(region)) for region in second.regions)


def _merged(first: Op, second: Op) -> Op:
    regions = []
    for before, after in zip(first.regions, second.regions, strict=True):
        known = dict(zip(first.outs, before.yields, strict=True))
        joined = substitute_region(after, known)
        regions.append(Region((), (*before.ops, *joined.ops), (*before.yields, *joined.yields)))
    return replace(first, outs=(*first.outs, *second.outs), regions=tuple(regions))

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
nobody uses any more are left to `dce`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.control import IF
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import map_regions, rebuilt, substitute_region, used_by, with_body
from gradc.passes.base import Context


@dataclass(frozen=True, slots=True)
class MergeBranches:
    """The pass."""

    name: ClassVar[str] = "branches"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with branches merged."""
        return with_body(function, _region(function.body))


def _region(region: Region) -> Region:
    ops = [map_regions(op, _region) for op in region.ops]
    position = 0
    while position < len(ops):
        if ops[position].prim is not IF or not _merge_next(ops, position):
            position += 1
    return rebuilt(region, ops, region.yields)


def _merge_next(ops: list[Op], first: int) -> bool:
    """Merge the branch at `first` with the next one on its condition, where that may be."""
    condition = ops[first].args[0]
    for second in range(first + 1, len(ops)):
        op = ops[second]
        if op.prim is IF and op.args[0] is condition:
            between = ops[first + 1 : second]
            dependent = _dependent(ops[first], between)
            if not dependent.isdisjoint(used_by(op)) or not all(x.prim.pure for x in between):
                return False
            ahead = [x for x in between if dependent.isdisjoint(x.outs)]
            behind = [x for x in between if not dependent.isdisjoint(x.outs)]
            ops[first : second + 1] = [*ahead, _merged(ops[first], op), *behind]
            return True
    return False


def _dependent(branch: Op, between: Sequence[Op]) -> set[Value]:
    """The values between two branches that depend on the first."""
    found: set[Value] = set()
    for op in between:
        used = set(used_by(op))
        if not found.isdisjoint(used) or not used.isdisjoint(branch.outs):
            found.update(op.outs)
    return found


def _merged(first: Op, second: Op) -> Op:
    regions = []
    for before, after in zip(first.regions, second.regions, strict=True):
        known = dict(zip(first.outs, before.yields, strict=True))
        joined = substitute_region(after, known)
        regions.append(Region((), (*before.ops, *joined.ops), (*before.yields, *joined.yields)))
    return replace(first, outs=(*first.outs, *second.outs), regions=tuple(regions))

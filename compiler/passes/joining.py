"""Joining two ops of a block into one: what lies between them moves out of the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradc.ir.core import Op, Region
from gradc.ir.walk import map_regions, rebuilt, used_by
from gradc.prims.routines import is_pure

# Whether two ops may be joined, and the op that does the work of both.
Mergeable = Callable[[Op, Op], bool]
Join = Callable[[Op, Op], Op]


def join_in_region(region: Region, mergeable: Mergeable, join: Join, direct: bool) -> Region:
    """Join ops of a region and of the regions inside it wherever that may be done.

    Parameters
    ----------
    region : Region
    mergeable : callable
    join : callable
    direct : bool
        Whether the second op may use results of the first.
    """
    ops = [
        map_regions(op, lambda inner: join_in_region(inner, mergeable, join, direct))
        for op in region.ops
    ]
    position = 0
    while position < len(ops):
        if not _join_next(ops, position, mergeable, join, direct):
            position += 1
    return rebuilt(region, ops, region.yields)


def _join_next(ops: list[Op], first: int, mergeable: Mergeable, join: Join, direct: bool) -> bool:
    """Join the op at `first` with the next that it can be joined with, if there is one.

    What lies between and does not depend on the first moves in front of it, the rest behind.
    """
    if not ops[first].regions:
        return False
    for second in range(first + 1, len(ops)):
        if not mergeable(ops[first], ops[second]):
            continue
        between = ops[first + 1 : second]
        behind = _dependent(ops[first], between)
        dependent = {out for op in behind for out in op.outs}
        barred = dependent if direct else dependent | set(ops[first].outs)
        if not barred.isdisjoint(used_by(ops[second])):
            return False
        if not all(is_pure(op) for op in between):
            return False
        ahead = [op for op in between if op not in behind]
        joined = map_regions(
            join(ops[first], ops[second]),
            lambda inner: join_in_region(inner, mergeable, join, direct),
        )
        ops[first : second + 1] = [*ahead, joined, *behind]
        return True
    return False


def _dependent(first: Op, between: Sequence[Op]) -> list[Op]:
    """The ops between two that depend on the first; one that only checks has no results."""
    late, found = set(first.outs), []
    for op in between:
        if not late.isdisjoint(used_by(op)):
            found.append(op)
            late.update(op.outs)
    return found

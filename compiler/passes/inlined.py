"""Which routines of a program the compiler of its text is to put in the place of their calls.

A loop is vectorised only where everything in it is; a call in a loop is put in its place by LLVM,
after the function has been read and typed once. Where that would make too large a program, calls
stay calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from gradc.ir.control import IF
from gradc.ir.core import Function, Region
from gradc.ir.routines import routine_of
from gradc.ir.walk import all_ops
from gradc.prims.routines import CALL

#: Ops that all copies of one routine may have together.
LARGEST = 10_000

# How often each routine is called by name, and whether in a loop.
Calls = Mapping[str, Sequence[bool]]


def inlined_names(routines: Sequence[Function], function: Function) -> frozenset[str]:
    """The names of the routines that are put in the place of their calls.

    Parameters
    ----------
    routines : sequence of Function
        Callees first.
    function : Function
    """
    functions = [*routines, function]
    calls = {each.name: _calls(each.body) for each in functions}
    wanted: set[str] = set()
    for caller in reversed(functions):
        for name, loops in calls[caller.name].items():
            if any(loops) or caller.name in wanted:
                wanted.add(name)
    sites: Counter[str] = Counter()
    for own in calls.values():
        sites.update({name: len(loops) for name, loops in own.items()})
    chosen: set[str] = set()
    sizes: dict[str, int] = {}
    for each in routines:
        own = calls[each.name]
        sizes[each.name] = sum(1 for _ in all_ops(each.body)) + sum(
            sizes[name] * len(loops) for name, loops in own.items() if name in chosen
        )
        fits = sizes[each.name] * sites[each.name] <= LARGEST
        if each.name in wanted and fits and not _reaches(calls, each.name):
            chosen.add(each.name)
    return frozenset(chosen)


def _calls(region: Region) -> Calls:
    found: dict[str, list[bool]] = {}
    for name, in_loop in _named(region, False):
        found.setdefault(name, []).append(in_loop)
    return found


def _named(region: Region, in_loop: bool) -> Iterator[tuple[str, bool]]:
    for op in region.ops:
        if op.prim is CALL:
            yield routine_of(op).name, in_loop
        for inner in op.regions:
            yield from _named(inner, in_loop or op.prim is not IF)


def _reaches(calls: Mapping[str, Calls], name: str) -> bool:
    """Whether a routine calls itself, perhaps by others."""
    seen: set[str] = set()
    pending = list(calls[name])
    while pending:
        called = pending.pop()
        if called not in seen:
            seen.add(called)
            pending += calls[called]
    return name in seen

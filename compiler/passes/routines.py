"""The functions that a module holds: a function and the routines that it calls, each lowered.

A routine is not part of the function that calls it, so that passes do not reach it. Here each is
lowered by the same passes, under a name of its own in the module, and calls itself by that name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gradc.ir.core import Function, Op, Region
from gradc.ir.walk import all_ops, map_regions, rebuilt, with_body
from gradc.prims.routines import CALL, Routine, routine_of

Lower = Callable[[Function], Function]


def lowered_together(function: Function, lower: Lower) -> tuple[list[Function], Function]:
    """Lower a function and the routines that it calls.

    Parameters
    ----------
    function : Function
    lower : callable

    Returns
    -------
    list of Function
        The routines, by the names that they are called by in the function.
    Function
    """
    whole = lower(function)
    renamed: dict[Routine, Routine] = {}
    made: dict[Routine, Function] = {}
    taken, pending = {function.name}, [whole]
    while pending:
        for op in all_ops(pending.pop().body):
            if op.prim is not CALL or routine_of(op) in renamed:
                continue
            routine = routine_of(op)
            assert routine.function is not None
            name = _free_name(routine.name, taken)
            renamed[routine] = Routine(name, routine.params, routine.results)
            made[routine] = lower(replace(routine.function, name=name))
            pending.append(made[routine])
    return [_calling(each, renamed) for each in made.values()], _calling(whole, renamed)


def _free_name(name: str, taken: set[str]) -> str:
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}_{count}"
    taken.add(free)
    return free


def _calling(function: Function, renamed: Mapping[Routine, Routine]) -> Function:
    """The function with its calls by the names of the module."""

    def region(inner: Region) -> Region:
        return rebuilt(inner, map(changed, inner.ops), inner.yields)

    def changed(op: Op) -> Op:
        op = map_regions(op, region)
        if op.prim is not CALL:
            return op
        return replace(op, params={"routine": renamed[routine_of(op)]})

    return with_body(function, region(function.body)) if renamed else function

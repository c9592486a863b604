"""The functions that a program holds: a function and the routines that it calls.

A routine is not part of the function that calls it, so that a pass does not reach it. Here passes
are run on each, and each is lowered under a name of its own in the module.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from gradc.ir.calls import inlined_calls
from gradc.ir.core import Function, Op, Region
from gradc.ir.routines import ROUTINE, Routine, names_of, routine_of, routines_of
from gradc.ir.walk import map_regions, rebuilt, with_body
from gradc.prims.routines import CALL

Transform = Callable[[Function], Function]


def in_routines(function: Function, transform: Transform) -> Function:
    """Transform the routines that a function calls, and let it call what they have become.

    Parameters
    ----------
    function : Function
    transform : callable
        Gives a function of the same parameters and results; the same object for no change.
    """
    routines = routines_of(function)
    before = {routine: _function(routine) for routine in routines}
    after = {routine: transform(each) for routine, each in before.items()}
    if all(after[routine] is before[routine] for routine in routines):
        return function
    made = {routine: _described(routine.name, after[routine]) for routine in routines}
    for routine, new in made.items():
        new.function = _calling(after[routine], made)
        known = routine.derivatives.items()
        new.derivatives = {key: made[each] for key, each in known if each in made}
    return _calling(function, made)


def without_calls(function: Function) -> Function:
    """The function with routines in the place of their calls, but those that call themselves."""

    def standing_for(op: Op) -> Function | None:
        if op.prim is not CALL:
            return None
        own = _function(routine_of(op))
        return None if routine_of(op) in routines_of(own) else own

    return inlined_calls(function, standing_for)


def lowered_together(
    function: Function, lower: Transform, spell: Callable[[str], str] = str
) -> tuple[list[Function], Function]:
    """Lower a function and the routines that it calls.

    Parameters
    ----------
    function : Function
    lower : callable
    spell : callable
        How a name is written in the module.

    Returns
    -------
    list of Function
        The routines, by the names that they are called by in the function.
    Function
    """
    whole = lower(function)
    routines = routines_of(function)
    if not routines:
        return [], whole
    names = names_of(whole, routines, spell)
    lowered = [lower(replace(_function(each), name=names[each])) for each in routines]
    renamed = {
        each: _described(names[each], made) for each, made in zip(routines, lowered, strict=True)
    }
    return [_calling(each, renamed) for each in lowered], _calling(whole, renamed)


def _function(routine: Routine) -> Function:
    assert routine.function is not None
    return routine.function


def _described(name: str, function: Function) -> Routine:
    return Routine(
        name,
        tuple(param.type for param in function.params),
        tuple(result.type for result in function.results),
        sizes=tuple(param.size for param in function.params),
    )


def _calling(function: Function, instead: Mapping[Routine, Routine]) -> Function:
    """The function with calls of other routines."""

    def region(inner: Region) -> Region:
        return rebuilt(inner, map(changed, inner.ops), inner.yields)

    def changed(op: Op) -> Op:
        op = map_regions(op, region)
        if op.prim is not CALL or routine_of(op) not in instead:
            return op
        return replace(op, params={ROUTINE: instead[routine_of(op)]})

    return with_body(function, region(function.body))

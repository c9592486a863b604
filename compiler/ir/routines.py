"""Functions that are compiled on their own: what an op ``call`` refers to.

A call has the parameter ``routine``; a routine may call itself, so that it is made first and filled
when its function is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from gradc.ir.core import Function, Op
from gradc.ir.types import Dim, Type
from gradc.ir.walk import all_ops

#: The parameter of a call.
ROUTINE = "routine"


@dataclass(eq=False, slots=True)
class Routine:
    """A function that is compiled on its own, for arguments of certain types.

    Attributes
    ----------
    name : str
    params, results : tuple of Type
        The sizes of the results are among those that the parameters have or denote.
    function : Function or None
    derivatives : dict
        The routines of its derivatives, by mode and by what is differentiated.
    sizes : tuple of int, str or None
        The sizes that its first parameters denote.
    """

    name: str
    params: tuple[Type, ...]
    results: tuple[Type, ...]
    function: Function | None = None
    derivatives: dict[object, Routine] = field(default_factory=dict)
    sizes: tuple[Dim | None, ...] = ()

    def __repr__(self) -> str:
        return f"<{self.name}>"


def routine_of(op: Op) -> Routine:
    """The routine that a call calls."""
    routine: Routine = op.params[ROUTINE]
    return routine


def routines_of(function: Function) -> list[Routine]:
    """The routines that a function calls, and those that these call, callees first."""
    return routines_from(_called(function))


def routines_from(first: Iterable[Routine]) -> list[Routine]:
    """Some routines and those that they call, callees first."""
    found: dict[Routine, None] = {}
    seen: set[Routine] = set()

    def visit(routine: Routine) -> None:
        if routine in seen:
            return
        seen.add(routine)
        if routine.function is not None:
            for inner in _called(routine.function):
                visit(inner)
        found[routine] = None

    for routine in first:
        visit(routine)
    return list(found)


def names_of(
    function: Function, routines: Iterable[Routine], spell: Callable[[str], str] = str
) -> dict[Routine, str]:
    """A name of its own for each routine that a function calls.

    Parameters
    ----------
    function : Function
    routines : iterable of Routine
    spell : callable
        How a name is written, which may be the same for two.
    """
    taken, names = {spell(function.name)}, {}
    for routine in routines:
        name, count = spell(routine.name), 1
        while name in taken:
            count += 1
            name = spell(f"{routine.name}_{count}")
        taken.add(name)
        names[routine] = name
    return names


def _called(function: Function) -> Iterator[Routine]:
    for op in all_ops(function.body):
        if ROUTINE in op.params:
            yield routine_of(op)

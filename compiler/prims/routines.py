"""A call of a function that is compiled on its own: what calls itself, and what is used often.

``y, = call(n, x, routine=<power>)`` has the results of the routine's function for its operands.
Its derivatives are calls of further routines, the derivatives of the function, which are built
when they are first asked for. A routine may call itself: it is made first, and filled when its
function is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradc.ir.core import Function, Kind, Op, Params, Primitive, Value
from gradc.ir.types import Dim, Type
from gradc.ir.walk import all_ops
from gradc.prims.evaluate import evaluate

# Dearer than anything that would be computed again rather than recorded.
_COST = 10_000


@dataclass(eq=False, slots=True)
class Routine:
    """A function that is compiled on its own, for arguments of certain types.

    Attributes
    ----------
    name : str
    params, results : tuple of Type
        The sizes of the results are among those of the parameters.
    function : Function or None
    derivatives : dict
        The routines of its derivatives, by mode and by what is differentiated.
    """

    name: str
    params: tuple[Type, ...]
    results: tuple[Type, ...]
    function: Function | None = None
    derivatives: dict[object, Routine] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<{self.name}>"


def routines_of(function: Function) -> list[Routine]:
    """The routines that a function calls, and those that these call, callees first."""
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

    for routine in _called(function):
        visit(routine)
    return list(found)


def _called(function: Function) -> Iterator[Routine]:
    for op in all_ops(function.body):
        if op.prim is CALL:
            yield routine_of(op)


def routine_of(op: Op) -> Routine:
    """The routine that a call calls."""
    routine: Routine = op.params["routine"]
    return routine


def _infer(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    routine: Routine = params["routine"]
    if len(args) != len(routine.params):
        raise TypeError(f"{routine.name} takes {len(routine.params)} operands, not {len(args)}")
    dims: dict[str, Dim] = {}
    for own, arg in zip(routine.params, args, strict=True):
        if own.dtype is not arg.type.dtype or own.rank != arg.type.rank:
            raise TypeError(f"{routine.name}: {arg.type} where {own} belongs")
        for here, there in zip(own.shape, arg.type.shape, strict=True):
            if isinstance(here, str):
                dims.setdefault(here, there)
    return tuple(
        type.with_shape(tuple(dims.get(d, d) if isinstance(d, str) else d for d in type.shape))
        for type in routine.results
    )


def _evaluate(*args: Any, routine: Routine) -> tuple[Any, ...]:
    if routine.function is None:
        raise TypeError(f"{routine.name} has no function yet")
    return evaluate(routine.function, args)


CALL = Primitive(
    "call",
    Kind.COMPOSITE,
    _infer,
    _evaluate,
    results=("out",),
    cost=_COST,
    formula="the derivative of the function that is called",
)

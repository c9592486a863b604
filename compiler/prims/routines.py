"""A call of a function that is compiled on its own: what calls itself, and what is used often.

``y, = call(n, x, routine=power)`` has the results of the routine's function for its operands.
Its derivatives are calls of further routines, the derivatives of the function, which are built
when they are first asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradc.ir.core import Kind, Op, Params, Primitive, Value
from gradc.ir.routines import ROUTINE, Routine, routine_of, routines_from
from gradc.ir.types import Dim, Type
from gradc.ir.walk import all_ops
from gradc.prims.evaluate import evaluate

# Dearer than anything that would be computed again rather than recorded.
_COST = 10_000


def is_pure(op: Op) -> bool:
    """Whether an op may go where nothing uses its results: nothing that it runs has an effect."""
    if op.prim is not CALL:
        return op.prim.pure
    return all(
        inner.prim.pure
        for routine in routines_from([routine_of(op)])
        if routine.function is not None
        for inner in all_ops(routine.function.body)
    )


def _infer(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    routine: Routine = params[ROUTINE]
    if len(args) != len(routine.params):
        raise TypeError(f"{routine.name} takes {len(routine.params)} operands, not {len(args)}")
    dims: dict[str, Dim] = {}
    for own, arg in zip(routine.params, args, strict=True):
        if own.dtype is not arg.type.dtype or own.rank != arg.type.rank:
            raise TypeError(f"{routine.name}: {arg.type} where {own} belongs")
        for here, there in zip(own.shape, arg.type.shape, strict=True):
            if isinstance(here, str):
                dims.setdefault(here, there)
    for size, arg in zip(routine.sizes, args, strict=False):
        if isinstance(size, str) and arg.size is not None:
            dims.setdefault(size, arg.size)
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

"""The three ops that own regions: counted loop, conditional loop, branch.

``for_(start, stop, step, *init)`` has one region ``(index, *carried) -> carried`` and returns the
carried values; its trip count is that of ``range(start, stop, step)``.
``while_(*init)`` has two regions: ``(*carried) -> (condition,)`` and ``(*carried) -> carried``.
``if_(condition)`` has two regions without parameters that yield values of the same types.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.ir.core import Kind, Op, Params, Primitive, Region, Value
from gradc.ir.types import Type


def _types_come_from_regions(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    raise TypeError("types of control ops come from their regions")


FOR = Primitive("for_", Kind.CONTROL, _types_come_from_regions)
WHILE = Primitive("while_", Kind.CONTROL, _types_come_from_regions)
IF = Primitive("if_", Kind.CONTROL, _types_come_from_regions)

# A parameter of FOR: the loop is known to have a handful of iterations.
FEW = "few"
# A parameter of FOR: an iteration computes what it hands on before it writes to arrays.
STORES_LAST = "stores_last"
LOOP_BOUNDS = 3  # start, stop, step precede the carried values among the arguments of FOR


def carried_inits(op: Op) -> tuple[Value, ...]:
    """The initial values of what a loop carries."""
    return op.args[LOOP_BOUNDS:] if op.prim is FOR else op.args


def carried_params(op: Op) -> tuple[Value, ...]:
    """The parameters of the loop body that hold what it carries."""
    return op.regions[0].params[1:] if op.prim is FOR else op.regions[1].params


def loop_body(op: Op) -> Region:
    """The region that is repeated."""
    return op.regions[0] if op.prim is FOR else op.regions[1]

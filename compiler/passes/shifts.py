"""An extremum that keeps exponents small has no derivative where nothing depends on it.

Before::

    m: f64 = max(x, axes=(0,))
    top: f64[n] = broadcast(m, n, axes=())
    t: f64[n] = sub(x, top)
    e: f64[n] = exp(t)
    s: f64 = sum(e, axes=(0,))
    log: f64 = log(s)
    y: f64 = add(log, m)
    return (y,)

After::

    m: f64 = max(x, axes=(0,))
    m_1: f64 = stop_gradient(m)
    top: f64[n] = broadcast(m_1, n, axes=())
    ...
    y: f64 = add(log, m_1)
    return (y,)

The sum of exponentials is divided by ``exp(m)``, and `m` is added to its logarithm; in a softmax
both parts of a quotient are divided. The derivative in `m` is zero whichever number it is, but
reverse mode adds it up from rounded parts, finds which elements are the largest, and gives each its
share of what is no more than rounding. What does not depend on it is for
:mod:`gradc.analysis.responses` to say. It runs right before reverse mode.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gradc.analysis.responses import is_independent
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, WHILE, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import (
    all_ops,
    defining_ops,
    map_regions,
    rebuilt,
    substitute_op,
    with_body,
)
from gradc.passes.base import Context
from gradc.prims.arithmetic import SUB
from gradc.prims.compare import SELECT
from gradc.prims.elementary import EXP, MAXIMUM, MINIMUM
from gradc.prims.shape import BROADCAST, EXPECT, MAX, MIN, RESHAPE, STOP_GRADIENT

_EXTREMA = frozenset({MAX, MIN, MAXIMUM, MINIMUM})
_PICKING = frozenset({MAXIMUM, MINIMUM, SELECT})
_VIEWS = frozenset({BROADCAST, RESHAPE, EXPECT})


@dataclass(frozen=True, slots=True)
class Shifts:
    """The pass; it belongs right before reverse mode."""

    name: ClassVar[str] = "shifts"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with extrema that nothing depends on held constant."""
        if all(op.prim is not EXP for op in all_ops(function.body)):
            return function
        work = _Shifts(Symbols.of(function), defining_ops(function.body))
        return with_body(function, work.region(function.body))


class _Shifts:
    def __init__(self, symbols: Symbols, makers: Mapping[Value, Op]) -> None:
        self.symbols, self.makers = symbols, makers

    def region(self, region: Region) -> Region:
        ops = list(region.ops)
        place = 0
        while place < len(ops):
            op = map_regions(ops[place], self.region)
            ops[place] = op
            place += 1
            for value in _extrema(op):
                rest = ops[place:]
                if _is_shift(value, rest) and is_independent(value, rest, region, self.makers):
                    builder = Builder(Symbols(self.symbols))
                    builder.loc, builder.role = op.loc, op.role
                    held = builder.emit(STOP_GRADIENT, [value], name=value.name)
                    ops[place:] = [*builder.ops, *(substitute_op(o, {value: held}) for o in rest)]
                    place += 1
        return rebuilt(region, ops, region.yields)


def _extrema(op: Op) -> Iterator[Value]:
    """The values of an op that are the largest or the smallest of others."""
    if op.prim in _EXTREMA and op.out.type.is_float:
        yield op.out
    elif op.prim in (FOR, WHILE):
        body = loop_body(op)
        picked = {inner.out for inner in body.ops if inner.prim in _PICKING}
        for out, end in zip(op.outs, body.yields, strict=True):
            if out.type.is_scalar and out.type.is_float and end in picked:
                yield out


def _is_shift(value: Value, ops: Sequence[Op]) -> bool:
    """Whether a value is subtracted, and an exponential follows: a test that takes no time."""
    same = {value}
    subtracted = False
    for op in ops:
        within = [op, *(inner for side in op.regions for inner in all_ops(side))]
        if op.prim in _VIEWS and op.args[0] in same:
            same.add(op.out)
        subtracted |= any(each.prim is SUB and not same.isdisjoint(each.args) for each in within)
        if subtracted and any(each.prim is EXP for each in within):
            return True
    return False

"""A new array lies where one was that is read for the last time, element by element.

Before::

    b: f64[n] = empty(n, dtype='f64')
    with for_(lo, n, one, b) as (i, b_1):
        t_i: f64 = get(t, i, spec=('at',))
        v: f64 = mul(c, t_i)
        b_2: f64[n] = put(b_1, v, i, spec=('at',))
        yield_(b_2)
    b_3: f64[n] = outs()

After, where `t` was made here and nothing else reads it from now on::

    with for_(lo, n, one, t) as (i, b_1):
        t_i: f64 = get(b_1, i, spec=('at',))
        v: f64 = mul(c, t_i)
        b_2: f64[n] = put(b_1, v, i, spec=('at',))
        yield_(b_2)
    b_3: f64[n] = outs()

The cotangent of an array is written where the tape lies that it is computed from: one array less to
allocate and to move through the caches. An iteration reads its element before it writes it, and
elements that no iteration writes are read by nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.control import FOR, LOOP_BOUNDS, carried_inits
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import (
    defining_ops,
    map_regions,
    rebuilt,
    use_counts,
    used_by,
    with_body,
)
from gradc.passes.base import Context
from gradc.prims.index import ADD_AT, AT, GET, PUT
from gradc.prims.shape import EMPTY, ZEROS


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The pass; it runs on loops over scalars, before updates are in place."""

    name: ClassVar[str] = "takeover"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with new arrays in the place of those read for the last time."""
        work = _TakingOver(function)
        return with_body(function, work.region(function.body))


class _TakingOver:
    def __init__(self, function: Function) -> None:
        self.uses = use_counts(function.body)
        self.makers = defining_ops(function.body)

    def region(self, region: Region) -> Region:
        ops = [map_regions(op, self.region) for op in region.ops]
        own = {out for op in region.ops for out in op.outs}
        for place, op in enumerate(ops):
            if op.prim is FOR:
                ops[place] = self.loop(op, own)
        return rebuilt(region, ops, region.yields)

    def loop(self, loop: Op, own: set[Value]) -> Op:
        """The loop with the arrays that it fills in the place of those that it reads."""
        taken: set[Value] = set()
        for slot, init in enumerate(carried_inits(loop)):
            maker = self.makers.get(init)
            if maker is None or maker.prim is not EMPTY or self.uses.get(init) != 1:
                continue
            read = self.read(loop, slot)
            for array in read:
                spent = self.uses.get(array) == read.count(array) and self.is_made_here(array)
                if array in own and array not in taken and spent:
                    loop = _taken_over(loop, slot, array)
                    taken.add(array)
                    break
        return loop

    def read(self, loop: Op, slot: int) -> list[Value]:
        """Arrays like the one in a slot, for each read of its own element by an iteration.

        Nothing, unless the iteration writes to that element only, and reads before.
        """
        (body,) = loop.regions
        index, array = body.params[0], body.params[1 + slot]
        found: list[Value] = []
        current = array
        for op in body.ops:
            if op.prim in (PUT, ADD_AT) and op.args[0] is current:
                if op.args[2:] != (index,) or op.params["spec"] != (AT,):
                    return []
                if current is array and op.prim is not PUT:
                    return []
                current = op.out
            elif current in used_by(op):
                return []
            elif current is array and _reads(op, index) and op.args[0].type == array.type:
                found.append(op.args[0])
        return found if current is not array and body.yields[slot] is current else []

    def is_made_here(self, array: Value) -> bool:
        """Whether an array is a new one, as it is or filled by a loop."""
        maker = self.makers.get(array)
        if maker is not None and maker.prim is FOR:
            maker = self.makers.get(carried_inits(maker)[maker.outs.index(array)])
        return maker is not None and maker.prim in (EMPTY, ZEROS)


def _reads(op: Op, index: Value) -> bool:
    return op.prim is GET and op.params["spec"] == (AT,) and op.args[1] is index


def _taken_over(loop: Op, slot: int, array: Value) -> Op:
    (body,) = loop.regions
    param = body.params[1 + slot]
    ops: Sequence[Op] = [
        replace(op, args=(param, *op.args[1:])) if op.prim is GET and op.args[0] is array else op
        for op in body.ops
    ]
    args = list(loop.args)
    args[LOOP_BOUNDS + slot] = array
    return replace(loop, args=tuple(args), regions=(Region(body.params, tuple(ops), body.yields),))

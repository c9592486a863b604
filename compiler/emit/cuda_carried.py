"""Arrays that loops carry, in memory that stays where it is.

On the CPU an iteration that makes a new array hands it on to the next. An array of a CUDA thread
is the same memory each time its statement is reached, so the next iteration would write over
what it reads. Here such a loop gets a buffer of its own for what it carries, and each iteration
ends with a copy into it::

    for t, h = h0: next = f(h, t); h = next    ->    h = copy(h0)
                                                     for t: next = f(h, t); h[:] = next

Afterwards no array that is made in a loop outlives the iteration that makes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gradc.analysis.storage import UPDATES, is_in_place
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import defining_ops, rebuilt, use_counts, with_body
from gradc.prims.index import ALL, GET, PUT
from gradc.prims.shape import (
    AGAIN,
    BROADCAST,
    COPY,
    EMPTY,
    EXPECT,
    RESHAPE,
    STOP_GRADIENT,
    TRANSPOSE,
    ZEROS,
)

_SAME = frozenset({AGAIN, EXPECT, STOP_GRADIENT})
_PARTS = frozenset({GET, RESHAPE, TRANSPOSE, BROADCAST})


def settle_carried_arrays(function: Function) -> Function:
    """Return the function with a buffer of its own for each array that a loop carries.

    Parameters
    ----------
    function : Function
        With all updates in place.
    """
    return with_body(function, _Settler(function).region(function.body))


class Buffers:
    """Which array a value is an updated version of.

    Parameters
    ----------
    function : Function
        With all updates in place.
    """

    def __init__(self, function: Function) -> None:
        self.makers: Mapping[Value, Op] = defining_ops(function.body)

    def of(self, value: Value) -> Value:
        """The first version of an array: an argument, what a loop carries, or a new array."""
        while True:
            op = self.makers.get(value)
            if op is None:
                return value
            if is_in_place(op) or op.prim in _SAME:
                value = op.args[0]
            elif op.prim in (FOR, WHILE):
                number = op.outs.index(value)
                inner = loop_body(op).yields[number]
                if self.of(inner) is not carried_params(op)[number]:
                    return value
                value = carried_inits(op)[number]
            elif op.prim is IF:
                number = op.outs.index(value)
                first, second = (self.of(region.yields[number]) for region in op.regions)
                if first is not second:
                    return value
                value = first
            else:
                return value


class _Settler:
    def __init__(self, function: Function) -> None:
        self.buffers = Buffers(function)
        self.makers = self.buffers.makers
        self.uses = use_counts(function.body)

    def region(self, region: Region) -> Region:
        ops: list[Op] = []
        inside = set(region.ops)
        for op in region.ops:
            if op.prim in (FOR, WHILE):
                self.loop(op, inside, ops)
            elif op.regions:
                regions = tuple(self.region(inner) for inner in op.regions)
                same = all(new is old for new, old in zip(regions, op.regions, strict=True))
                ops.append(op if same else replace(op, regions=regions))
            else:
                ops.append(op)
        return rebuilt(region, ops, region.yields)

    def loop(self, op: Op, around: set[Op], ops: list[Op]) -> None:
        """Append a loop, its initial values copied before where needed."""
        params, body = carried_params(op), loop_body(op)
        moving = [
            number
            for number, (param, value) in enumerate(zip(params, body.yields, strict=True))
            if not param.type.is_scalar and self.buffers.of(value) is not param
        ]
        inits = list(carried_inits(op))
        for number in moving:
            if not self.is_own(inits[number], around):
                copied = replace(params[number], named=False)
                ops.append(Op(COPY, (inits[number],), {}, (copied,), (), op.loc, op.role))
                inits[number] = copied
        regions = tuple(self.region(region) for region in op.regions)
        if moving:
            body = regions[-1]
            added, yields = self.copies(op, moving, params, body.yields)
            regions = (*regions[:-1], rebuilt(body, [*body.ops, *added], yields))
        bounds = op.args[:LOOP_BOUNDS] if op.prim is FOR else ()
        unchanged = not moving and all(
            new is old for new, old in zip(regions, op.regions, strict=True)
        )
        ops.append(op if unchanged else replace(op, args=(*bounds, *inits), regions=regions))

    def copies(
        self, op: Op, moving: Sequence[int], params: Sequence[Value], yields: Sequence[Value]
    ) -> tuple[list[Op], list[Value]]:
        """The ops at the end of a body that copy new contents into what the loop carries.

        What is read comes before what writes over it; where that goes round in a circle, through
        an array in between.
        """
        added: list[Op] = []
        results = list(yields)
        waiting = list(moving)
        sources = {number: yields[number] for number in moving}
        while waiting:
            readers = {n: self.readers(params[n], n, waiting, sources) for n in waiting}
            number = min(waiting, key=lambda n: bool(readers[n]))
            for reader in readers[number]:
                saved = replace(sources[reader], named=False)
                added.append(Op(COPY, (sources[reader],), {}, (saved,), (), op.loc, op.role))
                sources[reader] = saved
            waiting.remove(number)
            param = params[number]
            results[number] = replace(param)
            how = {"spec": (ALL,) * param.type.rank, "inplace": True}
            args, outs = (param, sources[number]), (results[number],)
            added.append(Op(PUT, args, how, outs, (), op.loc, op.role))
        return added, results

    def readers(
        self, param: Value, own: int, waiting: Sequence[int], sources: Mapping[int, Value]
    ) -> list[int]:
        """Whose new contents lie in what the loop carries under another number."""
        return [n for n in waiting if n != own and self.reads(sources[n], param)]

    # -- who lies where -----------------------------------------------------------------------

    def reads(self, value: Value, param: Value) -> bool:
        """Whether an array may lie in what a loop carries."""
        pending, seen = [value], set()
        while pending:
            found = self.buffers.of(pending.pop())
            if found is param:
                return True
            op = self.makers.get(found)
            if op is None or found in seen:
                continue
            seen.add(found)
            if op.prim in _PARTS:
                pending.append(op.args[0])
            elif op.prim is IF:
                number = op.outs.index(found)
                pending += [region.yields[number] for region in op.regions]
        return False

    def is_own(self, value: Value, around: set[Op]) -> bool:
        """Whether an array was made beside the loop and is used by nothing else."""
        while True:
            op = self.makers.get(value)
            if op is None or op not in around or self.uses.get(value, 0) != 1:
                return False
            if op.prim in (EMPTY, ZEROS, COPY):
                return True
            if op.prim in UPDATES and is_in_place(op):
                value = op.args[0]
            elif op.prim is FOR:
                number = op.outs.index(value)
                if self.buffers.of(loop_body(op).yields[number]) is not carried_params(op)[number]:
                    return False
                value = carried_inits(op)[number]
            else:
                return False

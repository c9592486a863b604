"""An array of zeros that a loop adds to, each element at its turn, is written instead.

Before::

    b: f64[n] = zeros(n)
    with for_(lo, n, one, b) as (i, b_1):
        v: f64 = get(x, i, spec=('at',))
        b_2: f64[n] = add_at(b_1, v, i, spec=('at',))
        yield_(b_2)
    b_3: f64[n] = outs()

After::

    b: f64[n] = empty(n)
    with for_(lo, n, one, b) as (i, b_1):
        v: f64 = get(x, i, spec=('at',))
        b_2: f64[n] = put(b_1, v, i, spec=('at',))
        yield_(b_2)
    b_3: f64[n] = outs()

Gradients of functions that read their arguments once are like that: filling and adding takes twice
the memory traffic. The loop has to come to every element, in either direction; a nest of loops
does so when each of them runs over an axis. Within an iteration, the first access to the part that
belongs to it writes; everything else may only access that part, afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import AffineForms, of_dim
from gradc.ir.control import FOR, LOOP_BOUNDS
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import Dim
from gradc.ir.walk import (
    all_ops,
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

_ACCESSES = frozenset({GET, PUT, ADD_AT})


@dataclass(frozen=True, slots=True)
class FirstWrites:
    """The pass; it runs on loops over scalars."""

    name: ClassVar[str] = "writes"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with fills and sums that are writes."""
        if all(op.prim is not ZEROS for op in all_ops(function.body)):
            return function
        rewriting = _Rewriting(AffineForms(defining_ops(function.body)), use_counts(function.body))
        return with_body(function, rewriting.region(function.body))


@dataclass(frozen=True, slots=True)
class _Rewriting:
    forms: AffineForms
    uses: dict[Value, int]

    def region(self, region: Region) -> Region:
        ops = [map_regions(op, self.region) for op in region.ops]
        for place, op in enumerate(ops):
            if op.prim is not ZEROS or self.uses.get(op.out) != 1:
                continue
            user = next((k for k, each in enumerate(ops) if op.out in each.args), None)
            if user is None or ops[user].prim is not FOR:
                continue
            slot = ops[user].args.index(op.out) - LOOP_BOUNDS
            loop = self.written(ops[user], slot, op.out.type.shape, ()) if slot >= 0 else None
            if loop is not None:
                ops[place] = replace(op, prim=EMPTY)
                ops[user] = loop
        return rebuilt(region, ops, region.yields)

    def written(
        self, loop: Op, slot: int, shape: Sequence[Dim], index: tuple[Value, ...]
    ) -> Op | None:
        """The loop with its first access a write, if it comes to every part of the array once.

        `index` are the indices of the loops around, `shape` the axes that are left.
        """
        (body,) = loop.regions
        array = body.params[1 + slot]
        own = (*index, body.params[0])
        if not self.runs_over(loop, shape[0]) or self.uses.get(array) != 1:
            return None
        place = next((k for k, op in enumerate(body.ops) if array in op.args), None)
        if place is None:
            return None
        first = body.ops[place]
        made = self.first_access(first, array, shape, own)
        if made is None or not _stays_inside(body, first, array, own):
            return None
        ops = (*body.ops[:place], made, *body.ops[place + 1 :])
        return replace(loop, regions=(replace(body, ops=ops),))

    def first_access(
        self, op: Op, array: Value, shape: Sequence[Dim], own: tuple[Value, ...]
    ) -> Op | None:
        if op.prim in (PUT, ADD_AT) and len(shape) == 1 and op.args[0] is array:
            same = op.args[2:] == own and set(op.params["spec"]) == {AT}
            return replace(op, prim=PUT) if same else None
        if op.prim is FOR and len(shape) > 1 and array in op.args[LOOP_BOUNDS:]:
            return self.written(op, op.args.index(array) - LOOP_BOUNDS, shape[1:], own)
        return None

    def runs_over(self, loop: Op, dim: Dim) -> bool:
        """Whether a loop comes to every index of an axis."""
        start, stop, step = (self.forms.of(bound) for bound in loop.args[:LOOP_BOUNDS])
        size = of_dim(dim)
        if step.known == 1:
            return start.known == 0 and stop.minus(size).known == 0
        last = start.minus(size).shifted(1)
        return step.known == -1 and stop.known == -1 and last.known == 0


def _stays_inside(body: Region, first: Op, array: Value, own: tuple[Value, ...]) -> bool:
    """Whether all later versions of an array are accessed only in the part with an index."""
    versions = {array}
    for op in _nested(body):
        if op.prim is FOR:
            (inner,) = op.regions
            for init, param, out in zip(
                op.args[LOOP_BOUNDS:], inner.params[1:], op.outs, strict=True
            ):
                if init in versions:
                    versions |= {param, out}
            continue
        touched = [value for value in op.args if value in versions]
        if not touched:
            continue
        if op.regions or op.prim not in _ACCESSES or touched != [op.args[0]]:
            return False
        operands = op.args[1:] if op.prim is GET else op.args[2:]
        inside = op is first or (
            op.params["spec"][: len(own)] == (AT,) * len(own) and operands[: len(own)] == own
        )
        if not inside:
            return False
        if op.prim is not GET:
            versions.add(op.out)
    others = (op for op in _nested(body) if op.regions and op.prim is not FOR)
    return all(versions.isdisjoint(used_by(op)) for op in others)


def _nested(region: Region) -> Iterator[Op]:
    """The ops of a region, each loop before what is inside of it."""
    return all_ops(region)

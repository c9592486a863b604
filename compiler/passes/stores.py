"""Loops that hand on numbers write to arrays last, so that they are vectorised.

Before::

    with for_(lo, n, one, y, p) as (i, y_1, before):
        y_2: f64[n] = put(y_1, before, i, spec=('at',))
        x_i: f64 = get(x, i, spec=('at',))
        v: f64 = exp(x_i)
        yield_(y_2, v)

After::

    with for_(lo, n, one, y, p, stores_last=True) as (i, y_1, before):
        x_i: f64 = get(x, i, spec=('at',))
        v: f64 = exp(x_i)
        y_2: f64[n] = put(y_1, before, i, spec=('at',))
        yield_(y_2, v)

A number that an iteration computes and the next one reads is, in a vector of iterations, the vector
of what they compute moved by one. LLVM does that where everything that uses the number handed in
comes after what is handed on, and it does not move stores. The emitter computes what such a loop
hands on before its stores, too (:data:`gradc.ir.control.STORES_LAST`), and a choice between two
numbers is no branch (`choose`). What depends on itself from
iteration to iteration, as a sum does, is another matter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.dependent import dependent_values
from gradc.ir.control import FOR, STORES_LAST, carried_params
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import all_ops, map_regions, rebuilt, with_body
from gradc.passes.base import Context
from gradc.prims.compare import CHOOSE, SELECT
from gradc.prims.index import ADD_AT, AT, PUT


@dataclass(frozen=True, slots=True)
class StoresLast:
    """The pass; it runs on loops over scalars."""

    name: ClassVar[str] = "stores"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with stores moved behind what loops hand on."""
        if all(op.prim is not FOR for op in all_ops(function.body)):
            return function
        return with_body(function, _region(function.body))


def _region(region: Region) -> Region:
    ops = [map_regions(op, _region) for op in region.ops]
    return rebuilt(region, [_loop(op) if op.prim is FOR else op for op in ops], region.yields)


def _loop(op: Op) -> Op:
    (body,) = op.regions
    if STORES_LAST in op.params or any(inner.regions for inner in body.ops):
        return op
    stores = _stores(body)
    if not stores or not any(_is_moved_by_one(op, slot) for slot in range(len(op.outs))):
        return op
    rest = [inner for inner in body.ops if inner not in stores]
    ops = (replace(op, prim=CHOOSE) if _is_choice(op) else op for op in (*rest, *stores))
    ordered = Region(body.params, tuple(ops), body.yields)
    return replace(op, params={**op.params, STORES_LAST: True}, regions=(ordered,))


def _stores(body: Region) -> list[Op]:
    """The writes of elements that nothing in an iteration reads, other writes aside."""
    found: list[Op] = []
    read: set[Value] = set()
    for op in reversed(body.ops):
        element = op.prim in (PUT, ADD_AT) and set(op.params["spec"]) == {AT}
        if element and op.out not in read:
            found.append(op)
            read.update(op.args[1:])
        else:
            read.update(op.args)
    return found[::-1]


def _is_choice(op: Op) -> bool:
    return op.prim is SELECT and op.out.type.is_scalar and op.out.type.is_float


def _is_moved_by_one(op: Op, slot: int) -> bool:
    """Whether a float that a loop hands on is computed without the one that was handed in."""
    (body,) = op.regions
    param, end = carried_params(op)[slot], body.yields[slot]
    if not param.type.is_scalar or not param.type.is_float:
        return False
    if end in body.params or not any(end in inner.outs for inner in body.ops):
        return False
    return end not in dependent_values(body.ops, [param])

"""Arrays that an iteration hands on to the next take turns between two, made before the loop.

Before, in the pass ``workspace``::

    with for_(lo, n, one, u) as (i, v):
        w: f64[m] = empty(m)
        ...                              # fills w, reads v
        yield_(w)

After::

    a: f64[m] = empty(m)
    b: f64[m] = empty(m)
    with for_(lo, n, one, u, a, b) as (i, v, w, s):
        ...                              # fills w, reads v
        yield_(w, s, w)

The array that was handed in may belong to somebody else, so it takes no turn. That an array is
free again after two iterations holds where what is handed on lies in the new one alone, and
nothing that an iteration was given is handed on any further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradc.analysis.storage import UPDATES, VIEWS, StorageClasses
from gradc.ir.control import FOR, WHILE, carried_params, loop_body
from gradc.ir.core import Op, Region, Value
from gradc.ir.walk import all_ops


@dataclass(frozen=True, slots=True)
class Carried:
    """Two arrays that take turns: before a loop, in its body, and after it."""

    inits: tuple[Value, Value]
    params: tuple[Value, Value]
    outs: tuple[Value, Value]


def taking_turns(op: Op) -> frozenset[Op]:
    """The ops of a loop's body that make an array which is handed on, where it can take turns."""
    body = loop_body(op)
    storage = StorageClasses(body)
    yields = [storage.of(value) for value in body.yields]
    params = carried_params(op)
    found: set[Op] = set()
    for place, (param, value) in enumerate(zip(params, body.yields, strict=True)):
        home = yields[place]
        if value.type.is_scalar or yields.count(home) > 1 or storage.of(param) in yields:
            continue
        maker = _only_maker(body, storage, home)
        if maker is not None:
            found.add(maker)
    return frozenset(found)


def _only_maker(body: Region, storage: StorageClasses, home: Value) -> Op | None:
    """The op of a body that makes the memory of a class; None where it may be other memory."""
    made = {out for each in all_ops(body) for out in each.outs}
    made |= {param for each in all_ops(body) for inner in each.regions for param in inner.params}
    makers: list[Op] = []
    for op in all_ops(body):
        for value in (*op.args, *op.outs):
            if not value.type.is_scalar and storage.of(value) is home and value not in made:
                return None
        inside = any(not out.type.is_scalar and storage.of(out) is home for out in op.outs)
        if inside and op.prim not in VIEWS | UPDATES | {FOR, WHILE}:
            makers.append(op)
    if len(makers) != 1 or makers[0] not in body.ops:
        return None
    return makers[0]


def with_carried(op: Op, body: Region, carried: Sequence[Carried]) -> Op:
    """A loop with another body, which carries some more arrays that change places."""
    args, outs = list(op.args), list(op.outs)
    params, yields = list(body.params), list(body.yields)
    for each in carried:
        args += each.inits
        params += each.params
        yields += each.params[::-1]
        outs += each.outs
    region = replace(body, params=tuple(params), yields=tuple(yields))
    return replace(op, args=tuple(args), outs=tuple(outs), regions=(region,))

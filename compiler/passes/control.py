"""Loops and branches that are simpler than they look.

Before::

    yes: b1 = const(dtype='b1', value=True)
    with if_(yes):
        y: f64 = sin(x)
        yield_(y)
    with else_():
        yield_(x)
    z: f64 = outs()
    with for_(lo, n, one, z, x) as (i, p, q):
        p2: f64 = mul(p, q)
        yield_(p2, q)
    p3: f64; q3: f64 = outs()

After: the branch is gone, and ``q``, which the loop hands on unchanged, is ``x``::

    y: f64 = sin(x)
    with for_(lo, n, one, y) as (i, p):
        p2: f64 = mul(p, x)
        yield_(p2)
    p3: f64 = outs()

These functions plan; :mod:`gradc.passes.simplify` carries out.
"""

from __future__ import annotations

from dataclasses import replace

from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Op, Region, Value
from gradc.passes.site import Site
from gradc.prims.compare import LNOT, SELECT


def trip_count(op: Op, site: Site) -> int | None:
    """The number of iterations of a counted loop, where it is known."""
    start, stop, step = (site.constant(bound) for bound in op.args[:LOOP_BOUNDS])
    if start is not None and stop is not None and step:
        return len(range(int(start), int(stop), int(step)))
    if op.args[0] is op.args[1] and step:
        return 0
    return None


def invariant_positions(op: Op) -> dict[int, Value]:
    """Positions that a loop hands on unchanged, with the value that they always have.

    A position that always equals an earlier one (same start, same step) is paired with the
    earlier position's parameter by :func:`twin_positions`, not here.
    """
    params, yields = carried_params(op), loop_body(op).yields
    return {
        position: init
        for position, (param, value, init) in enumerate(
            zip(params, yields, carried_inits(op), strict=True)
        )
        if value is param or value is init
    }


def twin_positions(op: Op) -> dict[int, int]:
    """Positions that always hold the same as an earlier one."""
    first: dict[tuple[Value, Value], int] = {}
    twins: dict[int, int] = {}
    for position, key in enumerate(zip(carried_inits(op), loop_body(op).yields, strict=True)):
        if key in first:
            twins[position] = first[key]
        else:
            first[key] = position
    return twins


def without_positions(op: Op, dropped: set[int]) -> Op:
    """Return a loop that carries less; nothing may use what is dropped."""
    kept = [position for position in range(len(op.outs)) if position not in dropped]
    lead = LOOP_BOUNDS if op.prim is FOR else 0
    inits = op.args[lead:]
    regions = []
    for region in op.regions:
        first = 1 if op.prim is FOR else 0
        carried = region.params[first:]
        yields = region.yields
        if region is loop_body(op):
            yields = tuple(yields[position] for position in kept)
        params = (*region.params[:first], *(carried[position] for position in kept))
        regions.append(Region(params, region.ops, yields))
    return replace(
        op,
        args=(*op.args[:lead], *(inits[position] for position in kept)),
        outs=tuple(op.outs[position] for position in kept),
        regions=tuple(regions),
    )


def branch_with_positive_condition(op: Op, site: Site) -> Op:
    """Return a branch on ``not c`` as one on ``c`` with its regions exchanged."""
    negated = site.maker(op.args[0], LNOT)
    if op.prim is not IF or negated is None:
        return op
    return replace(op, args=negated.args, regions=op.regions[::-1])


def agreeing_positions(op: Op) -> dict[int, Value]:
    """Results of a branch that are the same value on both sides."""
    then, otherwise = op.regions
    return {
        position: left
        for position, (left, right) in enumerate(zip(then.yields, otherwise.yields, strict=True))
        if left is right
    }


def without_results(op: Op, dropped: set[int]) -> Op:
    """Return a branch with fewer results; nothing may use what is dropped."""
    regions = tuple(replace(region, yields=_kept(region.yields, dropped)) for region in op.regions)
    return replace(op, outs=_kept(op.outs, dropped), regions=regions)


def _kept(values: tuple[Value, ...], dropped: set[int]) -> tuple[Value, ...]:
    return tuple(value for position, value in enumerate(values) if position not in dropped)


def branch_as_selects(op: Op) -> list[Op] | None:
    """Return selections for a branch that computes nothing and yields scalars."""
    inside = [inner for region in op.regions for inner in region.ops]
    if not op.outs or not all(out.type.is_scalar for out in op.outs):
        return None
    if any(inner.prim is not CONST for inner in inside):
        return None
    then, otherwise = op.regions
    condition = op.args[0]
    selects = [
        Op(SELECT, (condition, yes, no), {}, (out,), (), op.loc, op.role)
        for out, yes, no in zip(op.outs, then.yields, otherwise.yields, strict=True)
    ]
    return [*inside, *selects]


def is_loop(op: Op) -> bool:
    """Whether an op repeats a region."""
    return op.prim in (FOR, WHILE)

"""Dead code: what no result needs goes away, in all regions.

Before::

    def f(x: f64, n: i64(n)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        unused: f64 = exp(x)
        with for_(lo, n, one, x, x) as (i, p, q):
            p2: f64 = mul(p, x)
            q2: f64 = add(q, p)
            yield_(p2, q2)
        p3: f64; q3: f64 = outs()
        return (p3,)

After::

    def f(x: f64, n: i64(n)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        with for_(lo, n, one, x) as (i, p):
            p2: f64 = mul(p, x)
            yield_(p2)
        p3: f64 = outs()
        return (p3,)

One mark over the whole function finds what is live: it starts at the results and at ops that
are not pure, and a position of a loop or branch is live when its result is, or when the loop
body needs it for one that is. So a value that is carried only to compute itself is dropped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.liveness import Liveness
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import rebuilt, with_body
from gradc.passes.base import Context


@dataclass(frozen=True, slots=True)
class DeadCode:
    """Drop ops, loop-carried values and branch results that nothing needs."""

    name: ClassVar[str] = "dce"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function without dead code."""
        live = Liveness(function.body, function.results)
        return with_body(function, _sweep(function.body, live))


def _sweep(region: Region, live: Liveness, yields: tuple[Value, ...] | None = None) -> Region:
    ops = [_trim(op, live) if op.regions else op for op in region.ops if op in live.ops]
    return rebuilt(region, ops, region.yields if yields is None else yields)


def _trim(op: Op, live: Liveness) -> Op:
    """Leave only the live positions of a control op."""
    kept = sorted(live.positions[op])
    regions = []
    for region in op.regions:
        is_condition = op.prim is WHILE and region is op.regions[0]
        yields = region.yields if is_condition else tuple(region.yields[k] for k in kept)
        swept = _sweep(region, live, yields)
        if op.prim is not IF and len(kept) < len(op.outs):
            lead = region.params[:1] if op.prim is FOR else ()
            carried = region.params[len(lead) :]
            swept = replace(swept, params=(*lead, *(carried[k] for k in kept)))
        regions.append(swept)
    same = all(new is old for new, old in zip(regions, op.regions, strict=True))
    if same and len(kept) == len(op.outs):
        return op
    lead_args = {FOR: LOOP_BOUNDS, IF: len(op.args), WHILE: 0}[op.prim]
    inits = op.args[lead_args:]
    args = (
        op.args[:lead_args]
        if op.prim is IF
        else (
            *op.args[:lead_args],
            *(inits[k] for k in kept),
        )
    )
    return replace(op, args=args, regions=tuple(regions), outs=tuple(op.outs[k] for k in kept))

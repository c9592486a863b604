"""Labels: every value that nobody named gets a name of its own, after the op that makes it.

Reverse and forward mode call a derivative after its value, so that afterwards ``mul_3_bar`` is
known to belong to ``mul_3``. The emitter turns the labels into names for readers and keeps the
pairs together::

    mul = mul(x, y)              mul_1 = mul(x, y)
    mul = mul(mul, z)      ->    mul_2 = mul(mul_1, z)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import substitute_region, with_body
from gradc.passes.base import Context


@dataclass(frozen=True)
class Label:
    """Give every unnamed value that is called after its op a number."""

    name: ClassVar[str] = "label"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with numbered names."""
        labels: dict[Value, Value] = {}

        def labelled(op: Op) -> Op:
            regions = tuple(
                Region(region.params, tuple(map(labelled, region.ops)), region.yields)
                for region in op.regions
            )
            base = op.prim.name.rstrip("_")
            for out in op.outs:
                if out.type.is_float and not out.named and out.name == base:
                    labels[out] = replace(out, name=f"{base}_{len(labels) + 1}")
            outs = tuple(labels.get(out, out) for out in op.outs)
            return replace(op, regions=regions, outs=outs)

        ops = tuple(map(labelled, function.ops))
        if not labels:
            return function
        body = Region(function.params, ops, function.results)
        return with_body(function, substitute_region(body, labels))

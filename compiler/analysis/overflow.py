"""Overflow: which values may be infinite or not a number, and how easily.

A product of a zero cotangent and a partial derivative needs a guard only where the partial
derivative may be infinite. Parameters count as finite.

Example::

    r = x - y               # FINITE
    q = r*r*r               # PRODUCT: beyond 10**154, its square root would do as well
    e = exp(q)              # LIKELY: 710 is enough
    p = 1.0                 # PRODUCT: with many iterations, less is enough
    for i in range(n):
        p = p*x[i]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

from gradc.ir.control import IF, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Kind, Op, Value
from gradc.prims.arithmetic import IPOW


class Overflow(IntEnum):
    """How easily a value becomes infinite or not a number."""

    FINITE = 0
    PRODUCT = 1
    LIKELY = 2


def overflows(function: Function) -> Mapping[Value, Overflow]:
    """Find the values that may overflow; those that are not in the result are finite."""
    found: dict[Value, Overflow] = {}
    _block(function.ops, found)
    return found


def overflow_of_partials(
    op: Op, operands: Sequence[Value], found: Mapping[Value, Overflow]
) -> Overflow:
    """How easily the partial derivatives of an op overflow that depend on these operands."""
    if not is_steady(op):
        return Overflow.LIKELY
    level = max((found.get(arg, Overflow.FINITE) for arg in operands), default=Overflow.FINITE)
    grows = op.prim is IPOW and op.params["n"] > 2
    return max(level, Overflow.PRODUCT) if grows else level


def is_steady(op: Op) -> bool:
    """Whether its partial derivatives are finite wherever its operands are."""
    return op.prim.steady and not (op.prim is IPOW and op.params["n"] < 0)


def _block(ops: Sequence[Op], found: dict[Value, Overflow]) -> None:
    for op in ops:
        if op.prim is IF:
            for region in op.regions:
                _block(region.ops, found)
                _pass_on(region.yields, op.outs, found)
        elif op.prim.kind is Kind.CONTROL:
            _loop(op, found)
        else:
            _simple(op, found)


def _simple(op: Op, found: dict[Value, Overflow]) -> None:
    if op.prim.kind is Kind.CONSTANT:
        return
    floats = [arg for arg in op.args if arg.type.is_float]
    level = max((found.get(arg, Overflow.FINITE) for arg in floats), default=Overflow.FINITE)
    if not is_steady(op):
        level = Overflow.LIKELY
    elif op.prim.kind in (Kind.BILINEAR, Kind.POWER):
        level = max(level, Overflow.PRODUCT)
    if level:
        found.update(dict.fromkeys((out for out in op.outs if out.type.is_float), level))


def _loop(op: Op, found: dict[Value, Overflow]) -> None:
    body, params = loop_body(op), carried_params(op)
    _pass_on(carried_inits(op), params, found)
    changed = True
    while changed:
        _block(body.ops, found)
        changed = False
        for result, param in zip(body.yields, params, strict=True):
            if found.get(result, Overflow.FINITE) > found.get(param, Overflow.FINITE):
                found[param] = found[result]
                changed = True
    _pass_on(params, op.outs, found)


def _pass_on(
    sources: Sequence[Value], targets: Sequence[Value], found: dict[Value, Overflow]
) -> None:
    for source, target in zip(sources, targets, strict=True):
        level = found.get(source, Overflow.FINITE)
        if level > found.get(target, Overflow.FINITE):
            found[target] = level

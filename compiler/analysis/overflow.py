"""Overflow: which values may be infinite or not a number, and how easily.

A product of a zero cotangent and a partial derivative needs a guard only where the partial
derivative may be infinite. Parameters count as finite.

Example::

    r = x - y               # FINITE
    q = r*r*r               # PRODUCT: beyond 10**154, its square root would do as well
    e = exp(q)              # LIKELY: 710 is enough
    d = x/y                 # LIKELY; x/2.0 is a product
    p = 1.0                 # PRODUCT: with many iterations, less is enough
    for i in range(n):
        p = p*x[i]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from enum import IntEnum

from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Kind, Op, Region, Value
from gradc.ir.walk import all_ops, defining_ops
from gradc.prims.arithmetic import CAST, DIV, IPOW
from gradc.prims.shape import BROADCAST


class Overflow(IntEnum):
    """How easily a value becomes infinite or not a number."""

    FINITE = 0
    PRODUCT = 1
    LIKELY = 2


def overflows(function: Function) -> Mapping[Value, Overflow]:
    """Find the values that may overflow; those that are not in the result are finite."""
    found = _Levels(nonzero_literals(function), _parts_of_steps(function))
    _block(function.ops, found)
    return found


def nonzero_literals(function: Function) -> frozenset[Value]:
    """Numbers other than zero that are written in the program, and arrays filled with them."""
    found: set[Value] = set()
    for op in all_ops(function.body):
        literal = op.prim is CONST and op.params["value"] != 0
        if literal or (op.prim is BROADCAST and op.args[0] in found):
            found.update(op.outs)
    return frozenset(found)


class _Levels(dict[Value, Overflow]):
    """The levels that are known, numbers by which a division is a product, and such quotients."""

    def __init__(self, literals: Set[Value], quotients: Set[Value]) -> None:
        super().__init__()
        self.literals = literals
        self.quotients = quotients


def _parts_of_steps(function: Function) -> frozenset[Value]:
    """Quotients by a number of iterations that only those iterations use.

    After ``h = t / steps``, `h` may be infinite if there are no steps. Then ``for s in
    range(steps)`` does not run.
    """
    uses: dict[Value, list[tuple[Op | None, Set[Value]]]] = {}
    _note_uses(function.body, frozenset(), uses)
    makers = defining_ops(function.body)

    def is_safe(value: Value, count: Value) -> bool:
        for user, counts in uses.get(value, ()):
            if count in counts:
                continue
            if user is None or user.regions or not all(is_safe(out, count) for out in user.outs):
                return False
        return True

    found = set()
    for op in makers.values():
        divisor = makers.get(op.args[1]) if op.prim is DIV else None
        if divisor is not None and divisor.prim is CAST and is_safe(op.out, divisor.args[0]):
            found.add(op.out)
    return frozenset(found)


def _note_uses(
    region: Region, counts: Set[Value], uses: dict[Value, list[tuple[Op | None, Set[Value]]]]
) -> None:
    """Note who uses each value, and what is known to be positive there."""
    for op in region.ops:
        for value in op.args:
            uses.setdefault(value, []).append((op, counts))
        inside = counts
        if op.prim is FOR and op.args[0].size == 0 and op.args[2].size == 1:
            inside = counts | {op.args[1]}
        for inner in op.regions:
            _note_uses(inner, inside, uses)
    for value in region.yields:
        uses.setdefault(value, []).append((None, counts))


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


def _block(ops: Sequence[Op], found: _Levels) -> None:
    for op in ops:
        if op.prim is IF:
            for region in op.regions:
                _block(region.ops, found)
                _pass_on(region.yields, op.outs, found)
        elif op.prim.kind is Kind.CONTROL:
            _loop(op, found)
        else:
            _simple(op, found)


def _simple(op: Op, found: _Levels) -> None:
    if op.prim.kind is Kind.CONSTANT:
        return
    floats = [arg for arg in op.args if arg.type.is_float]
    level = max((found.get(arg, Overflow.FINITE) for arg in floats), default=Overflow.FINITE)
    if op.prim is DIV and (op.args[1] in found.literals or op.out in found.quotients):
        pass
    elif not is_steady(op):
        level = Overflow.LIKELY
    elif op.prim.kind in (Kind.BILINEAR, Kind.POWER):
        level = max(level, Overflow.PRODUCT)
    if level:
        found.update(dict.fromkeys((out for out in op.outs if out.type.is_float), level))


def _loop(op: Op, found: _Levels) -> None:
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


def _pass_on(sources: Sequence[Value], targets: Sequence[Value], found: _Levels) -> None:
    for source, target in zip(sources, targets, strict=True):
        level = found.get(source, Overflow.FINITE)
        if level > found.get(target, Overflow.FINITE):
            found[target] = level

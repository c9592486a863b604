"""Which scalars may be Python's own floats when the program runs uncompiled.

Literals are; whatever NumPy computes or an argument is, is not. Python's floats raise where
NumPy's give inf or nan, so an operation that can do so needs one operand of NumPy's.
"""

from __future__ import annotations

from collections.abc import Mapping

from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import F64
from gradc.ir.walk import defining_ops
from gradc.prims.arithmetic import DIV, FLOORDIV, IPOW, MOD, POW
from gradc.prims.compare import CHOOSE, SELECT
from gradc.prims.elementary import CLIP

# Python raises for these (division by zero, a complex power) where NumPy does not.
RAISING = frozenset({DIV, FLOORDIV, MOD, POW, IPOW})
_HAND_ON = frozenset({SELECT, CHOOSE, CLIP})


def raises_in_python(op: Op, makers: Mapping[Value, Op]) -> bool:
    """Whether Python's floats raise for an operation; divisions by literal numbers do not."""
    if op.prim is DIV:
        divisor = makers.get(op.args[1])
        return divisor is None or divisor.prim is not CONST or divisor.params["value"] == 0
    return op.prim in RAISING


def python_floats(function: Function) -> set[Value]:
    """Return the values that may be Python floats."""
    found: set[Value] = set()
    makers = defining_ops(function.body)
    size = -1
    while len(found) != size:
        size = len(found)
        _visit(function.body, found, makers)
    return found


def _visit(region: Region, found: set[Value], makers: Mapping[Value, Op]) -> None:
    for op in region.ops:
        for inner in op.regions:
            _visit(inner, found, makers)
        if op.prim in (FOR, WHILE):
            _visit_loop(op, found)
        elif op.prim is IF:
            for inner in op.regions:
                _flow(inner.yields, op.outs, found)
        elif op.prim is CONST:
            if op.out.type == F64:
                found.add(op.out)
        elif op.prim.pointwise and op.out.type == F64 and _stays_python(op, found, makers):
            found.add(op.out)


def _stays_python(op: Op, found: set[Value], makers: Mapping[Value, Op]) -> bool:
    if raises_in_python(op, makers) or "." in op.prim.texts.scalar or not op.prim.texts.scalar:
        return False
    floats = [arg in found for arg in op.args if arg.type == F64]
    return any(floats) if op.prim in _HAND_ON else bool(floats) and all(floats)


def _visit_loop(op: Op, found: set[Value]) -> None:
    params = carried_params(op)
    inits, yields = carried_inits(op), loop_body(op).yields
    _flow(inits, params, found)
    _flow(yields, params, found)
    _flow(params, op.outs, found)
    if op.prim is WHILE:
        _flow(params, op.regions[0].params, found)


def _flow(sources: tuple[Value, ...], targets: tuple[Value, ...], found: set[Value]) -> None:
    found.update(target for source, target in zip(sources, targets, strict=True) if source in found)

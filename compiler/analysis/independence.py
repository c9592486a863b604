"""Which counted loops have independent iterations, but for sums.

An iteration may read whatever the loop does not write. Of an array that it writes, every iteration
reads and writes a part of its own (the elements, rows, ... at the loop's index along one axis), or
only adds to it; and of numbers that are carried, it only adds to them::

    for i in range(n):
        y[i] = exp(x[i])           # OWN: at index i along axis 0, read nowhere else
        s += y[i]                  # SUM
        w_bar[k[i]] += y_bar[i]    # SUM: added to, anywhere

Such a loop gives the same in any order of its iterations, up to the rounding of its sums. Which
error it raises, where it raises one, depends on the order; see :func:`may_raise`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gradc.ir.builder import DIM
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, carried_inits, carried_params
from gradc.ir.core import Op, Region, Value
from gradc.ir.walk import all_ops, use_counts
from gradc.prims.arithmetic import ADD, SUB
from gradc.prims.index import ADD_AT, ALL, AT, GET, PICK, PICK_ADD, PUT, SLICE, WRAP
from gradc.prims.routines import is_pure
from gradc.prims.shape import ARGMAX, ARGMIN, EXPECT, MAX, MIN, RESHAPE

_RAISING = frozenset({WRAP, EXPECT, RESHAPE, MAX, MIN, ARGMAX, ARGMIN, PICK, PICK_ADD})
_OPERANDS = {AT: 1, SLICE: 3, ALL: 0}


class Carried(enum.Enum):
    """How a loop uses what it carries."""

    OWN = "each iteration has a part of its own"
    SUM = "iterations only add"


def independent_iterations(op: Op) -> Sequence[Carried] | None:
    """How a counted loop uses each value that it carries; None where iterations depend."""
    if op.prim is not FOR:
        return None
    body = op.regions[0]
    index, *params = body.params
    counts = use_counts(body)
    found = []
    for param, end in zip(params, body.yields, strict=True):
        if param.type.is_scalar:
            kind = Carried.SUM if is_sum(body, param, end, counts) else None
        else:
            kind = _array(body, index, param, end)
        if kind is None:
            return None
        found.append(kind)
    return found


def may_raise(region: Region) -> bool:
    """Whether an op of a region checks something at run time."""
    return any(not is_pure(op) or op.prim in _RAISING for op in all_ops(region))


def is_sum(region: Region, value: Value, end: Value, counts: Mapping[Value, int]) -> bool:
    """Whether a region only adds to a number: a chain of sums leads from it to its end."""
    if value is end:
        return counts.get(value, 0) == 1
    for op in region.ops:
        if value not in op.args:
            continue
        if counts.get(value, 0) != 1:
            return False
        if op.prim is ADD or (op.prim is SUB and op.args[0] is value):
            value = op.out
        elif op.prim is FOR and value in op.args[LOOP_BOUNDS:]:
            slot = op.args[LOOP_BOUNDS:].index(value)
            inner = op.regions[0]
            if not is_sum(inner, inner.params[1 + slot], inner.yields[slot], counts):
                return False
            value = op.outs[slot]
        else:
            return False
        if value is end:
            return counts.get(value, 0) == 1
    return False


# -- arrays ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Accesses:
    """Where the versions of an array are read and written in a loop.

    Attributes
    ----------
    own : set of int or None
        The axes along which every access is at the loop's index; None before the first.
    only_added : bool
    escapes : bool
        Whether a version is used as a whole.
    """

    index: Value
    versions: set[Value]
    own: set[int] | None = None
    only_added: bool = True
    escapes: bool = False
    seen: list[Op] = field(default_factory=list)

    def region(self, region: Region) -> None:
        for op in region.ops:
            self.op(op)

    def op(self, op: Op) -> None:
        if op.prim.name in ("for_", "while_"):
            self.loop(op)
        elif op.prim is IF:
            for side in op.regions:
                self.region(side)
            for out, *yields in zip(op.outs, *(s.yields for s in op.regions), strict=True):
                if any(value in self.versions for value in yields):
                    self.escapes |= not all(value in self.versions for value in yields)
                    self.versions.add(out)
        elif any(value in self.versions for value in op.args):
            self.use(op)

    def loop(self, op: Op) -> None:
        regions = op.regions
        for slot, init in enumerate(carried_inits(op)):
            if init in self.versions:
                self.versions.add(carried_params(op)[slot])
                self.versions.update(r.params[slot] for r in regions[:-1])
        if any(value in self.versions for value in op.args[: len(op.args) - len(op.outs)]):
            self.escapes = True
        for region in regions:
            self.region(region)
        for slot, (init, out) in enumerate(zip(carried_inits(op), op.outs, strict=True)):
            end = regions[-1].yields[slot]
            if (init in self.versions) != (end in self.versions):
                self.escapes = True
            if init in self.versions:
                self.versions.add(out)

    def use(self, op: Op) -> None:
        if op.prim is DIM:
            return
        operands: Sequence[Value]
        if op.prim is GET and op.args[0] in self.versions:
            operands, self.only_added = op.args[1:], False
        elif op.prim in (PUT, ADD_AT) and op.args[0] in self.versions:
            operands = op.args[2:]
            self.only_added &= op.prim is ADD_AT
            self.escapes |= op.args[1] in self.versions
            self.versions.add(op.out)
        else:
            self.escapes = True
            return
        own = self.axes_at_index(op, operands)
        self.own = own if self.own is None else self.own & own

    def axes_at_index(self, op: Op, operands: Sequence[Value]) -> set[int]:
        found, place = set(), 0
        for axis, kind in enumerate(op.params["spec"]):
            if kind == AT and operands[place] is self.index:
                found.add(axis)
            place += _OPERANDS[kind]
        return found


def _array(body: Region, index: Value, param: Value, end: Value) -> Carried | None:
    accesses = _Accesses(index, {param})
    accesses.region(body)
    is_same = end in accesses.versions
    others = [value for value in body.yields if value is not end and value in accesses.versions]
    if accesses.escapes or not is_same or others:
        return None
    if accesses.own is None or accesses.own:
        return Carried.OWN
    return Carried.SUM if accesses.only_added and param.type.dtype.is_float else None

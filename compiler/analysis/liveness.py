"""What is needed: one mark over a region and all regions inside, from some values and all effects.

A position of a loop or branch is needed when its result is, or when the loop body needs it for
one that is. So a value that is carried only to compute itself is not.
"""

from __future__ import annotations

from collections.abc import Iterable

from gradc.ir.control import FOR, IF, LOOP_BOUNDS
from gradc.ir.core import Op, Region, Value
from gradc.prims.routines import is_pure


class Liveness:
    """Which values, ops and positions of control ops are needed for some values and all effects.

    Parameters
    ----------
    region : Region
    wanted : iterable of Value

    Attributes
    ----------
    values : set of Value
    ops : set of Op
    positions : dict
        For each control op those of its results that are needed, also by its own iterations.
    """

    def __init__(self, region: Region, wanted: Iterable[Value]) -> None:
        self.values: set[Value] = set()
        self.ops: set[Op] = set()
        self.positions: dict[Op, set[int]] = {}
        self._makers: dict[Value, tuple[Op, int | None]] = {}
        self._parents: dict[Op, Op | None] = {}
        self._pending: list[Value] = []
        effects: list[Op] = []
        self._index(region, None, effects)
        self._use(wanted)
        for op in effects:
            self._keep(op)
        while self._pending:
            self._follow(self._pending.pop())

    def _index(self, region: Region, parent: Op | None, effects: list[Op]) -> None:
        for op in region.ops:
            self._parents[op] = parent
            self.positions[op] = set()
            if not is_pure(op):
                effects.append(op)
            for position, out in enumerate(op.outs):
                self._makers[out] = (op, position)
            for inner in op.regions:
                lead = 1 if op.prim is FOR else 0  # the index is no position
                for place, param in enumerate(inner.params):
                    self._makers[param] = (op, place - lead if place >= lead else None)
                self._index(inner, op, effects)

    def _use(self, values: Iterable[Value]) -> None:
        for value in values:
            if value not in self.values:
                self.values.add(value)
                self._pending.append(value)

    def _follow(self, value: Value) -> None:
        made = self._makers.get(value)
        if made is None:
            return
        op, position = made
        self._keep(op)
        if op.regions and position is not None:
            self._keep_position(op, position)

    def _keep(self, op: Op) -> None:
        if op in self.ops:
            return
        self.ops.add(op)
        parent = self._parents[op]
        if parent is not None:
            self._keep(parent)
        if not op.regions:
            self._use(op.args)
        elif op.prim is FOR:
            self._use(op.args[:LOOP_BOUNDS])
        elif op.prim is IF:
            self._use(op.args)
        else:
            self._use(op.regions[0].yields)

    def _keep_position(self, op: Op, position: int) -> None:
        if position in self.positions[op]:
            return
        self.positions[op].add(position)
        if op.prim is IF:
            self._use(region.yields[position] for region in op.regions)
            return
        lead = LOOP_BOUNDS if op.prim is FOR else 0
        self._use((op.args[lead + position], op.regions[-1].yields[position]))

"""One loop out of several stages; which can be joined is decided in :mod:`gradc.passes.stages`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gradc.ir.builder import CONST, Symbols
from gradc.ir.control import LOOP_BOUNDS
from gradc.ir.core import Op, Region, Value
from gradc.ir.renaming import SymbolRenaming
from gradc.ir.types import INT, Dim, Type
from gradc.ir.walk import clone_region, substitute_op, substitute_region
from gradc.passes.stage_loops import Slot, Stage
from gradc.prims.arithmetic import ADD
from gradc.prims.index import AT, GET, PUT


def staged(stages: Sequence[Stage], symbols: Symbols) -> list[Op]:
    """Return ops that do what stages do: some iterations one by one, then a loop.

    Parameters
    ----------
    stages : sequence of Stage
        In the order of their loops. Each reads, of what an earlier one writes, elements that have
        been passed, and of what it or a later one overwrites elements that have not, or that are
        a known number of iterations old.
    symbols : Symbols
        Of the function.
    """
    return _Staging(stages, symbols).ops()


class _Staging:
    def __init__(self, stages: Sequence[Stage], symbols: Symbols) -> None:
        self.stages = stages
        self.symbols = symbols
        self.first = max(stage.first for stage in stages)
        self.index = stages[0].index
        self.slots = {slot.out: slot for stage in stages for slot in stage.slots}
        self.overwritten = {
            slot.init: slot for slot in self.slots.values() if slot.init not in self.slots
        }
        # what a later stage overwrites it may look at before
        self.read = {slot.init for slot in self.slots.values()}
        self.read |= {read.array for stage in stages for read in stage.reads.values()}
        self.before: list[Op] = []
        # equal numbers are one value, so that a read finds what was put at its index
        self.constants = {stage.first: stage.op.args[0] for stage in stages}
        self.first_reads: list[Op] = []  # of arrays that are about to be overwritten
        self.body: list[Op] = []
        self.named: dict[Value, Value] = {}  # numbers with the names of arrays that held them
        self.started: dict[Value, Value] = {}  # arrays, after the iterations before the loop
        self.computed: dict[Value, Value] = {}  # the element of an array at the index
        self.handed: dict[tuple[Value, int], Value] = {}  # elements from iterations before

    def ops(self) -> list[Op]:
        """The iterations before the loop, and the loop."""
        for stage in self.stages:
            self.peel(stage)
        for stage in self.stages:
            self.join(stage)
        loop = self.loop()
        return [*self.before, loop]

    # -- before the loop ------------------------------------------------------------------------

    def peel(self, stage: Stage) -> None:
        """Do the iterations that not all stages have."""
        for slot in stage.slots:
            self.started[slot.out] = self.started.get(slot.init, slot.init)
        for place in range(stage.first, self.first):
            arrays = {slot.param: self.started[slot.out] for slot in stage.slots}
            values = {**self.started, **arrays, stage.index: self.constant(place, stage.op)}
            mapping: dict[Value, Value] = {}
            copy = clone_region(replace(stage.body, params=()), mapping)
            sizes = [out.size for inner in copy.ops for out in inner.outs]
            own = (size for size in sizes if isinstance(size, str))
            names: dict[str, Dim] = {name: self.symbols.fresh(name) for name in own}
            if isinstance(stage.index.size, str):
                names[stage.index.size] = place
            copy = SymbolRenaming(names).region(copy)
            self.before += [substitute_op(op, values) for op in copy.ops]
            for slot, end in zip(stage.slots, copy.yields, strict=True):
                self.started[slot.out] = end

    def constant(self, number: int, op: Op) -> Value:
        if number not in self.constants:
            out = Value(INT, "c", op.loc, number)
            params = {"dtype": INT.dtype, "value": number}
            self.before.append(Op(CONST, (), params, (out,), (), op.loc, op.role))
            self.constants[number] = out
        return self.constants[number]

    # -- in the loop ----------------------------------------------------------------------------

    def join(self, stage: Stage) -> None:
        """Append what a stage does for one element."""
        values: dict[Value, Value] = {stage.index: self.index}
        updates = {slot.update: slot for slot in stage.slots}
        starts = {slot.param: slot.init for slot in stage.slots}
        for op in stage.body.ops:
            if op in updates:
                self.update(updates[op], values)
                continue
            read = stage.reads.get(op)
            array = None if read is None else starts.get(read.array, read.array)
            own = read is not None and read.array in starts and array not in self.slots
            if read is None or array is None or own or not self.is_written(array):
                self.body.append(substitute_op(op, values))
            else:
                assert read.distance is not None
                values[op.out] = self.element(array, -read.distance, op)

    def is_written(self, array: Value) -> bool:
        return array in self.slots or array in self.overwritten

    def element(self, array: Value, ago: int, op: Op) -> Value:
        """An element of an array that stages write, as it was or as they make it."""
        if ago:
            return self.handed_on(array, ago, op)
        if array not in self.computed:
            slot = self.overwritten[array]
            self.computed[array] = self.scalar(array.type, f"{slot.init.name}_at", op)
            where = (slot.param, self.index)
            spec = {"spec": (AT,)}
            made = (self.computed[array],)
            self.first_reads.append(Op(GET, where, spec, made, (), op.loc, op.role))
        return self.computed[array]

    def handed_on(self, array: Value, ago: int, op: Op) -> Value:
        for each in range(1, ago + 1):
            if (array, each) not in self.handed:
                name = f"{array.name}_before"
                self.handed[array, each] = self.scalar(array.type, name, op)
        return self.handed[array, ago]

    def update(self, slot: Slot, values: dict[Value, Value]) -> None:
        """Append the write of an element."""
        op = slot.update
        added = values.get(op.args[1], op.args[1])
        if op.prim is not PUT and (slot.init in self.slots or slot.out in self.read):
            total = self.scalar(slot.param.type, "add", op)
            old = self.element(slot.init, 0, op)
            self.body.append(Op(ADD, (old, added), {}, (total,), (), op.loc, op.role))
            op, added = replace(op, prim=PUT), total
        self.computed[slot.out] = added
        self.body.append(replace(op, args=(slot.param, added, self.index)))
        if slot.out in self.read and not added.named and added not in self.named:
            self.named[added] = replace(added, name=slot.init.name, named=True)

    def scalar(self, array: Type, name: str, op: Op) -> Value:
        type = array.with_shape(())
        return Value(type, name, op.loc, self.symbols.fresh(name) if type == INT else None)

    # -- the loop -------------------------------------------------------------------------------

    def loop(self) -> Op:
        op = self.stages[0].op
        params, inits, yields, outs = [self.index], [], [], []
        for slot in self.slots.values():
            params.append(slot.param)
            inits.append(self.started[slot.out])
            yields.append(slot.update.out)
            outs.append(slot.out)
        for (array, ago), param in self.handed.items():
            latest = self.element(array, 0, op) if ago == 1 else self.handed[array, ago - 1]
            params.append(param)
            inits.append(self.start(array, ago, op))
            yields.append(latest)
            outs.append(self.scalar(array.type, param.name, op))
        region = self.with_names(Region(tuple(params), (*self.first_reads, *self.body), (*yields,)))
        names: dict[str, Dim] = {
            stage.index.size: self.index.size
            for stage in self.stages[1:]
            if isinstance(stage.index.size, str) and self.index.size is not None
        }
        region = SymbolRenaming(names).region(region)
        start = self.constant(self.first, op)
        bounds = (start, *op.args[1:LOOP_BOUNDS])
        return replace(op, args=(*bounds, *inits), outs=tuple(outs), regions=(region,))

    def with_names(self, region: Region) -> Region:
        ops = []
        for op in region.ops:
            outs = tuple(self.named.get(out, out) if op.prim.pointwise else out for out in op.outs)
            ops.append(replace(op, outs=outs))
        made = {out for op in region.ops if op.prim.pointwise for out in op.outs}
        names = {old: new for old, new in self.named.items() if old in made}
        return substitute_region(replace(region, ops=tuple(ops)), names)

    def start(self, array: Value, ago: int, op: Op) -> Value:
        """An element that is handed to the first iteration of the loop."""
        out = self.scalar(array.type, f"{array.name}_at", op)
        place = self.constant(self.first - ago, op)
        where = (self.started.get(array, array), place)
        self.before.append(Op(GET, where, {"spec": (AT,)}, (out,), (), op.loc, op.role))
        return out

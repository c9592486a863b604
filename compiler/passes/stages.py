"""Loops over one array after the other become one loop that hands on numbers.

Before, in the body of a loop over steps::

    k: f64[n] = empty(n, dtype='f64')
    k_1: f64[n] = put(k, c, zero, spec=('at',))
    with for_(one, n, one, k_1) as (i, k_2):
        p: i64(p) = sub(i, one)
        y_p: f64 = get(y, p, spec=('at',))
        v: f64 = exp(y_p)
        k_3: f64[n] = put(k_2, v, i, spec=('at',))
        yield_(k_3)
    k_4: f64[n] = outs()
    with for_(one, n, one, y) as (j, y_1):
        k_j: f64 = get(k_4, j, spec=('at',))
        w: f64 = mul(h, k_j)
        y_2: f64[n] = put(y_1, w, j, spec=('at',))
        yield_(y_2)
    y_3: f64[n] = outs()

After::

    y_0: f64 = get(y, zero, spec=('at',))
    with for_(one, n, one, y, y_0) as (i, y_1, y_before):
        y_i: f64 = get(y_1, i, spec=('at',))
        v: f64 = exp(y_before)
        w: f64 = mul(h, v)
        y_2: f64[n] = put(y_1, w, i, spec=('at',))
        yield_(y_2, y_i)
    y_3: f64[n]; y_last: f64 = outs()

An element that an earlier stage has just computed is at hand; one from an iteration before, and one
that has been overwritten since, is handed on from iteration to iteration. The array of such a stage
goes away, in the derivative too: one loop is reversed, and what it has to record is written into
the rows of tapes at once. Iterations that some loops have and others have not are done before.

Stages are joined where elements are read at distances that are known and, in arrays that stages
write, not ahead; and only where an array goes away. A loop of which iterations wait for each other
that did not before is no loss within a step, which waits for the step before; LLVM vectorises it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from gradc.analysis.affine import AffineForms, of_dim
from gradc.analysis.by_element import is_element
from gradc.analysis.ranges import Facts
from gradc.ir.builder import DIM, Symbols
from gradc.ir.control import FOR, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import all_ops, defining_ops, rebuilt, use_counts, used_by, with_body
from gradc.passes.base import Context
from gradc.passes.control import is_loop
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.simplify import Simplify
from gradc.passes.stage_loops import Stage, after_its_write, stage_of
from gradc.passes.staging import staged
from gradc.prims.index import AT, GET, PUT
from gradc.prims.routines import is_pure

_FARTHEST = 3  # distance of an element that is handed on
_PEELED = 2  # iterations that are done before the loop
_DEAR = 10  # cost of a function that is called


@dataclass(frozen=True, slots=True)
class JoinStages:
    """The pass.

    Attributes
    ----------
    behind : bool
        Join what has to hand elements on to later iterations, which are not independent then.
    dear : bool
        Do so where a dear function of an element has to wait for one of the element before. That
        takes longer by itself; a derivative has more to gain.
    """

    name: ClassVar[str] = "stages"
    behind: bool = True
    dear: bool = True

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with stages joined."""
        if not any(is_loop(op) and _has_several(loop_body(op)) for op in all_ops(function.body)):
            return function
        work = _Joining(function, self)
        body = work.region(function.body, Facts(work.forms), False)
        if body is function.body:
            return function
        joined = with_body(function, body)
        for each in (Simplify(), CommonSubexpressions(), DeadCode()):
            joined = each.run(joined, context)
        return joined


def _has_several(region: Region) -> bool:
    """Whether a region, or one inside, has two loops that hold no others."""
    loops = 0
    for op in region.ops:
        loops += op.prim is FOR and not any(inner.regions for inner in op.regions[0].ops)
        if loops > 1 or any(map(_has_several, op.regions)):
            return True
    return False


@dataclass(slots=True)
class _Group:
    """Stages to be joined, and the other ops between them: those that go first, and the rest."""

    stages: list[Stage]
    ahead: list[Op] = field(default_factory=list)
    behind: list[Op] = field(default_factory=list)
    end: int = 0

    @property
    def made(self) -> set[Value]:
        """What is there after the joined loop only."""
        ops = (*(stage.op for stage in self.stages), *self.behind)
        return {out for op in ops for out in op.outs}

    @property
    def arrays(self) -> set[Value]:
        """The arrays that the stages read or go on from."""
        inits = {slot.init for stage in self.stages for slot in stage.slots}
        return inits.union(*map(_reads, self.stages))

    def copy(self, end: int) -> _Group:
        """The group as it is now, with where the ops after it begin."""
        return _Group(list(self.stages), list(self.ahead), list(self.behind), end)


class _Joining:
    def __init__(self, function: Function, options: JoinStages) -> None:
        self.options = options
        self.uses = use_counts(function.body)
        self.forms = AffineForms(defining_ops(function.body))
        self.symbols = Symbols.of(function)

    def region(self, region: Region, facts: Facts, in_loop: bool) -> Region:
        facts.note_values(region.params)
        ops: list[Op] = []
        place = 0
        while place < len(region.ops):
            group = self.group(region.ops, place, facts) if in_loop else None
            if group is None:
                op = self.inside(region.ops[place], facts, in_loop)
                ops.append(op)
                self.note(op, facts)
                place += 1
                continue
            ops += [*group.ahead, *staged(group.stages, self.symbols), *group.behind]
            for op in (*group.ahead, *group.behind):
                self.note(op, facts)
            place = group.end
        return rebuilt(region, ops, region.yields)

    def inside(self, op: Op, facts: Facts, in_loop: bool) -> Op:
        regions = []
        for place, region in enumerate(op.regions):
            around = facts.inside(op, place)
            regions.append(self.region(region, around, in_loop or is_loop(op)))
        if all(new is old for new, old in zip(regions, op.regions, strict=True)):
            return op
        return replace(op, regions=tuple(regions))

    def note(self, op: Op, facts: Facts) -> None:
        """Note what holds after an op; where an element is accessed, the array has it."""
        facts.note_op(op)
        if is_element(op):
            places = op.args[1:] if op.prim is GET else op.args[2:]
            for at, dim in zip(places, op.args[0].type.shape, strict=True):
                facts.add(of_dim(dim).minus(self.forms.of(at)).shifted(-1))

    # -- which loops ----------------------------------------------------------------------------

    def group(self, ops: Sequence[Op], place: int, facts: Facts) -> _Group | None:
        """The stages from a place on that can be joined, if there are several."""
        first = stage_of(ops[place], self.forms, self.uses)
        if first is None or after_its_write(first):
            return None
        group, found, around = _Group([first]), None, facts.child()
        for position in range(place + 1, len(ops)):
            op = ops[position]
            stage = self.next_stage(group, op, around) if op.prim is FOR else None
            if stage is not None:
                group.stages.append(stage)
                found = group.copy(position + 1)
            elif not is_pure(op):
                break
            elif not group.made.isdisjoint(used_by(op)):
                if not self.goes_before(op, group, around):
                    group.behind.append(op)
            elif op.prim not in (GET, DIM) and not group.arrays.isdisjoint(used_by(op)):
                group.behind.append(op)  # before the stages it would have to copy the array
            else:
                group.ahead.append(op)
                self.note(op, around)
        return found if found is not None and self.gains(found.stages) else None

    def next_stage(self, group: _Group, op: Op, facts: Facts) -> Stage | None:
        """A loop as a further stage, if it can be joined with those before."""
        stage = stage_of(op, self.forms, self.uses)
        late = {out for other in group.behind for out in other.outs}
        if stage is None or after_its_write(stage) or not late.isdisjoint(used_by(op)):
            return None
        ends = (each.args[1] for each in (group.stages[0].op, op))
        if self.apart(*ends) != 0 or op.role is not group.stages[0].op.role:
            return None
        joined = [*group.stages, stage]
        outs = {slot.out for each in group.stages for slot in each.slots}
        if not _reads(stage) & (group.arrays | outs) or not _reads_what_is_there(joined):
            return None
        if not self.goes_on_in_place(joined) or not self.may_wait(joined):
            return None
        return stage if self.all_run(joined, facts) else None

    def apart(self, left: Value, right: Value) -> int | None:
        """The difference of two integers, where it is known."""
        return self.forms.of(left).minus(self.forms.of(right)).known

    def goes_before(self, op: Op, group: _Group, facts: Facts) -> bool:
        """Let an element that no iteration of a stage writes be written before them.

        ``b[0] = 1.0`` after a loop over ``range(1, n)`` that fills the rest of `b`.
        """
        slots = [(each, slot) for each in group.stages for slot in each.slots]
        found = [(each, slot) for each, slot in slots if slot.out in op.args]
        if op.prim is not PUT or op.params["spec"] != (AT,) or len(found) != 1:
            return False
        ((stage, slot),) = found
        (place,) = op.args[2:]
        before = self.apart(stage.op.args[0], place) or 0
        beyond = self.apart(place, stage.op.args[1])
        untouched = self.uses.get(slot.out) == 1 and op.args[0] is slot.out
        if not untouched or not (before > 0 or (beyond is not None and beyond >= 0)):
            return False
        read = set().union(*map(_reads, group.stages))
        if slot.param in read or slot.init in read | group.made or op.args[1] in group.made:
            return False
        init = replace(slot.init)
        moved = replace(op, args=(slot.init, *op.args[1:]), outs=(init,))
        self.uses[init] = 1
        group.ahead.append(moved)
        self.note(moved, facts)
        group.stages[group.stages.index(stage)] = stage.with_slot(slot, init, op.out)
        return True

    def may_wait(self, stages: Sequence[Stage]) -> bool:
        """Whether the last stage may read elements of earlier iterations, as far as it does."""
        *before, stage = stages
        handed = {slot.out for other in before for slot in other.slots}
        handed |= {slot.init for other in stages for slot in other.slots}
        waits = any(
            read.array in handed and read.distance for s in stages for read in s.reads.values()
        )
        if waits and not self.options.behind:
            return False
        dear = itertools.dropwhile(lambda other: not _is_dear(other), before)
        computed = {slot.out for other in dear for slot in other.slots}
        after_dear = any(read.array in computed and read.distance for read in stage.reads.values())
        return self.options.dear or not (after_dear and _is_dear(stage))

    def goes_on_in_place(self, stages: Sequence[Stage]) -> bool:
        """Whether the last stage overwrites only what nobody needs as it is.

        In one loop, what an earlier stage has written would be an array beside it, and a copy.
        """
        *before, stage = stages
        slots = {slot.out: slot for other in before for slot in other.slots}
        read = {array for other in stages for array in _reads(other)}
        inside = _uses_inside(stages)
        return all(
            slot.init not in slots
            or (
                slots[slot.init].param not in read
                and self.uses.get(slot.init, 0) == inside.get(slot.init)
            )
            for slot in stage.slots
        )

    def all_run(self, stages: Sequence[Stage], facts: Facts) -> bool:
        """Whether the iterations that are done before the loop are known to take place.

        What is handed to the first iteration of the loop has to be there as well.
        """
        first = max(stage.first for stage in stages)
        slots = [slot for stage in stages for slot in stage.slots]
        handed = {array for slot in slots for array in (slot.init, slot.out)}
        reads = [read for each in stages for read in each.reads.values()]
        alike = all(stage.first == first for stage in stages)
        if alike and not any(read.distance and read.array in handed for read in reads):
            return True
        if any(first - stage.first > _PEELED for stage in stages):
            return False
        sizes = [self.forms.of(stages[0].op.args[1])]
        for stage in stages:
            sizes += [of_dim(slot.param.type.shape[0]) for slot in stage.slots]
        return all(facts.proves(size.shifted(-first)) for size in sizes)

    def gains(self, stages: Sequence[Stage]) -> bool:
        """Whether an array goes away, which a stage writes and only others read."""
        inside = _uses_inside(stages)
        return any(
            self.uses.get(slot.out, 0) == inside.get(slot.out) for s in stages for slot in s.slots
        )


def _uses_inside(stages: Sequence[Stage]) -> dict[Value, int]:
    """How often stages use values as arrays that they read, or write to."""
    found: dict[Value, int] = {}
    for stage in stages:
        for value in (*stage.op.args, *(read.array for read in stage.reads.values())):
            found[value] = found.get(value, 0) + 1
    return found


def _is_dear(stage: Stage) -> bool:
    return any(op.prim.cost >= _DEAR for op in stage.body.ops)


def _reads(stage: Stage) -> set[Value]:
    return {read.array for read in stage.reads.values()}


def _reads_what_is_there(stages: Sequence[Stage]) -> bool:
    """Whether the last stage finds, in one loop with the others, the elements that it reads."""
    *before, stage = stages
    written = {slot.out: slot for other in before for slot in other.slots}
    replaced = {slot.init for other in before for slot in other.slots}
    inits = {slot.init for slot in stage.slots}
    if len(inits) < len(stage.slots) or not replaced.isdisjoint(inits):
        return False
    own = {slot.param: slot for slot in stage.slots}
    for read in stage.reads.values():
        if read.array in replaced:
            return False
        if read.array in own and own[read.array].init in written and read.distance != 0:
            return False
        if read.array in written and not _behind(read.distance, stage):
            return False
    for other in stages:
        for read in other.reads.values():
            old = read.array in inits and read.array not in written
            if old and not _behind(read.distance, other):
                return False
    return True


def _behind(distance: int | None, stage: Stage) -> bool:
    """Whether an element has been passed when it is read, and exists in the first iteration."""
    if distance is None or distance > 0 or distance < -_FARTHEST:
        return False
    return stage.first + distance >= 0

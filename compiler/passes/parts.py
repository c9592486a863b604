"""Loops that read a row or a column of an array which changes around them are handed that alone.

Before, in the step that takes the part along column k out of column j::

    with for_(lo, j, one, q) as (k, q_1):
        with for_(lo, n, one, zero) as (i, d):
            u: f64 = get(q_1, i, k, spec=('at', 'at'))
            v: f64 = get(q_1, i, j, spec=('at', 'at'))
            ...
        ...                                             # writes column j
        yield_(q_2)

After::

    with for_(lo, j, one, q) as (k, q_1):
        q_1_part: f64[n] = get(q_1, j, spec=('all', 'at'))
        with for_(lo, n, one, zero) as (i, d):
            u: f64 = get(q_1, i, k, spec=('at', 'at'))
            v: f64 = get(q_1_part, i, spec=('at',))
            ...

Reverse mode then records column j in each step, where it would record all of `q`; elements that are
still there when the loop ends (:mod:`gradc.analysis.still_there`) stay as they are. It runs right
before reverse mode; ``simplify`` puts reads of parts that are not recorded together again. A part
is read where its indices are proven to be in range: the loop may not run at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import AffineForms
from gradc.analysis.ranges import Facts
from gradc.analysis.still_there import StillThere
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, WHILE
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import all_ops, defined_values, defining_ops, rebuilt, with_body, with_regions
from gradc.passes.base import Context
from gradc.prims.index import ALL, AT, GET

_LOOPS = frozenset({FOR, WHILE})


@dataclass(frozen=True, slots=True)
class ReadParts:
    """The pass."""

    name: ClassVar[str] = "parts"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with parts read before the loops that read their elements."""
        loops = [op for op in all_ops(function.body) if op.prim is FOR]
        if not any(inner.prim in _LOOPS for op in loops for inner in all_ops(op.regions[0])):
            return function
        work = _Reading(function)
        return with_body(function, work.region(function.body, Facts(work.forms), ()))


class _Reading:
    def __init__(self, function: Function) -> None:
        self.makers = defining_ops(function.body)
        self.forms = AffineForms(self.makers)
        self.symbols = Symbols.of(function)

    def region(self, region: Region, facts: Facts, around: tuple[Op, ...]) -> Region:
        """A region in some loops."""
        facts.note_values(region.params)
        changing: frozenset[Op] = frozenset()
        if around and around[-1].regions[-1] is region:
            changing = self.overwritten(around)
        ops: list[Op] = []
        for op in region.ops:
            made = self.op(op, facts, around, changing)
            ops += made
            for each in made:
                facts.note_op(each)
        return rebuilt(region, ops, region.yields)

    def overwritten(self, around: Sequence[Op]) -> frozenset[Op]:
        """The reads in inner loops of a body that later iterations may write over."""
        *enclosing, loop = around
        if loop.prim is not FOR:
            return frozenset()
        ops = loop.regions[0].ops
        inner = (op for op in ops if op.prim in _LOOPS)
        reads = [
            read
            for op in inner
            for read in all_ops(op.regions[-1])
            if read.prim is GET and read.args[0].type.rank > 1 and set(read.params["spec"]) == {AT}
        ]
        if not reads:
            return frozenset()
        return frozenset(StillThere(loop, ops, self.makers, enclosing).overwritten(reads))

    def op(
        self, op: Op, facts: Facts, around: tuple[Op, ...], changing: frozenset[Op]
    ) -> Sequence[Op]:
        """An op, after the parts that it reads."""
        inside = (*around, op) if op.prim in _LOOPS else around
        regions = [
            self.region(each, facts.inside(op, place), inside)
            for place, each in enumerate(op.regions)
        ]
        op = with_regions(op, regions)
        if op.prim not in _LOOPS or not changing:
            return (op,)
        builder = Builder(self.symbols)
        builder.loc, builder.role = op.loc, op.role
        reads = self.from_parts(op, changing, facts, builder)
        return (*builder.ops, _exchanged(op, reads)) if reads else (op,)

    def from_parts(
        self, loop: Op, changing: frozenset[Op], facts: Facts, builder: Builder
    ) -> dict[Op, Op]:
        """Reads in a loop, and what they become; parts are appended before it."""
        inside = set(_defined(loop))
        parts: dict[tuple[object, ...], Value] = {}
        reads: dict[Op, Op] = {}
        for read in all_ops(loop.regions[-1]):
            fixed = self.fixed(read, inside, facts) if read in changing else frozenset()
            if not fixed:
                continue
            array, *indices = read.args
            key = (array, *((axis, indices[axis]) for axis in sorted(fixed)))
            if key not in parts:
                spec = tuple(AT if axis in fixed else ALL for axis in range(len(indices)))
                places = [indices[axis] for axis in sorted(fixed)]
                name = f"{array.name}_part"
                parts[key] = builder.emit(GET, [array, *places], {"spec": spec}, name=name)
            rest = [index for axis, index in enumerate(indices) if axis not in fixed]
            params = {"spec": (AT,) * len(rest)}
            reads[read] = replace(read, args=(parts[key], *rest), params=params)
        return reads

    def fixed(self, read: Op, inside: set[Value], facts: Facts) -> frozenset[int]:
        """The axes on which a read is at one place in range; none where all or no axes are."""
        array, *indices = read.args
        found = frozenset(axis for axis, index in enumerate(indices) if index not in inside)
        shape = array.type.shape
        in_range = all(facts.is_in_range(indices[axis], shape[axis]) for axis in found)
        return found if in_range and 0 < len(found) < len(indices) else frozenset()


def _defined(op: Op) -> Iterator[Value]:
    """What the regions of an op define."""
    for region in op.regions:
        yield from defined_values(region)


def _exchanged(op: Op, reads: dict[Op, Op]) -> Op:
    """An op with other ops for some inside of it."""
    regions = tuple(
        rebuilt(
            each,
            [reads[inner] if inner in reads else _exchanged(inner, reads) for inner in each.ops],
            each.yields,
        )
        for each in op.regions
    )
    return with_regions(op, regions)

"""An array that a loop steps forward keeps its steps, where reverse mode records them.

Before, in the program of a gradient::

    t: f64[steps, n] = empty(steps, n)
    with for_(lo, steps, one, y, t) as (s, y_1, t_1):
        with for_(lo, n, one, y_1, t_1) as (i, y_2, t_2):
            y_i: f64 = get(y_2, i, spec=('at',))
            t_3: f64[steps, n] = put(t_2, y_i, s, i, spec=('at', 'at'))
            v: f64 = ...
            y_3: f64[n] = put(y_2, v, i, spec=('at',))
            yield_(y_3, t_3)
        ...
    ...                                  # reads t

After::

    rows: i64(rows) = add(steps, one)
    y_t: f64[rows, n] = empty(rows, n)
    with for_(lo, n, one, y_t) as (i, y_t_1):
        ...                              # y_t[0, i] = y[i]
    with for_(lo, steps, one, y_t) as (s, y_t_2):
        after: i64(after) = add(s, one)
        with for_(lo, n, one, y_t_2) as (i, y_t_3):
            y_i: f64 = get(y_t_3, s, i, spec=('at', 'at'))
            v: f64 = ...
            y_t_4: f64[rows, n] = put(y_t_3, v, after, i, spec=('at', 'at'))
            yield_(y_t_4)
        ...
    ...                                  # reads y_t

The array that is updated and the tape of what it was hold the same numbers: written twice, once to
be read by the next step and once for the way back. What is read of the tape has to be an element of
the array before or after the same step; :mod:`gradc.analysis.versions` says which. A tape of which
that holds is not recorded any more, so that memory grows by a row at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import Affine, AffineForms, moved, of_dim
from gradc.analysis.apart import with_facts
from gradc.analysis.ranges import Facts
from gradc.analysis.versions import AFTER, Versions, versions_of
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, LOOP_BOUNDS, carried_inits
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import defining_ops, map_regions, rebuilt, used_by, with_body
from gradc.passes.base import Context
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.element_loops import written_by_element
from gradc.prims.arithmetic import ADD, SUB
from gradc.prims.index import ADD_AT, ALL, AT, GET, PUT
from gradc.prims.loops import TRIP
from gradc.prims.shape import EMPTY, ZEROS


@dataclass(frozen=True, slots=True)
class Trajectories:
    """The pass; it runs on loops over scalars, before updates are in place."""

    name: ClassVar[str] = "trajectory"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with arrays that keep their steps."""
        before = function
        while (made := _kept(function)) is not None:
            function = made
        if function is before:
            return function
        for tidy in (CommonSubexpressions(), DeadCode()):
            function = tidy.run(function, context)
        return function


@dataclass(frozen=True, slots=True)
class _Record:
    """A tape that holds a version of the array: ``tape[s, j]`` is its element ``j + shift``."""

    tape: Value
    version: int
    shift: int


@dataclass(frozen=True, slots=True)
class _Kept:
    """A loop, the array that it steps forward, and the tapes which that takes the place of.

    `count` is the number of its iterations.
    """

    loop: Op
    versions: Versions
    records: Sequence[_Record]
    count: Value


def _kept(function: Function) -> Function | None:
    """The function with one array more that keeps its steps, if there is one."""
    makers = defining_ops(function.body)
    if all(op.prim is not EMPTY or op.out.type.rank != 2 for op in makers.values()):
        return None
    facts = Facts(AffineForms(makers))
    facts.note_values(function.params)
    search = _Search(function, facts.forms)
    for op, known in with_facts(function.ops, facts):
        if op.prim is FOR and op.args[2].size == 1:
            found = search.loop(op, known)
            if found is not None:
                return with_body(function, _Keeping(function, search, found).run())
    return None


class _Search:
    """Looks for loops with arrays whose steps are recorded."""

    def __init__(self, function: Function, forms: AffineForms) -> None:
        self.forms, self.makers = forms, forms.makers
        self.users: dict[Value, list[Op | None]] = {}
        for region in _regions(function.body):
            for op in region.ops:
                for value in op.args:
                    self.users.setdefault(value, []).append(op)
            for value in region.yields:
                self.users.setdefault(value, []).append(None)

    def loop(self, loop: Op, facts: Facts) -> _Kept | None:
        """An array that the loop steps forward and of which tapes are kept."""
        tapes = [slot for slot in range(len(loop.outs)) if self.is_tape(loop, slot)]
        if not tapes:
            return None
        for slot, out in enumerate(loop.outs):
            if out.type.rank != 1 or not out.type.is_float:
                continue
            versions = versions_of(loop, slot, facts.child())
            if versions is None:
                continue
            found = [self.record(loop, tape, versions) for tape in tapes]
            records = [record for record in found if record is not None]
            if records:
                count = self.makers[carried_inits(loop)[tapes[0]]].args[0]
                return _Kept(loop, versions, records, count)
        return None

    def is_tape(self, loop: Op, slot: int) -> bool:
        """Whether a slot has an array made for it, with a row for each iteration."""
        init, out = carried_inits(loop)[slot], loop.outs[slot]
        made = self.makers.get(init)
        if made is None or made.prim is not EMPTY or init.type.rank != 2:
            return False
        if len(self.users[init]) != 1 or not self.is_read(out, [(AT, AT), (AT, ALL)]):
            return False
        start, stop = (self.forms.of(bound) for bound in loop.args[:2])
        return self.length(made.args[0]).key() == stop.minus(start).key()

    def length(self, size: Value) -> Affine:
        """A size as a difference of bounds, if it is the number of iterations between them."""
        made = self.makers.get(size)
        if made is not None and made.prim is TRIP and made.args[2].size == 1:
            start, stop = (self.forms.of(bound) for bound in made.args[:2])
            return stop.minus(start)
        return self.forms.of(size)

    def size(self, array: Value) -> Value | None:
        """The size that an array was made with, so that it is not needed for that."""
        made = self.makers.get(array)
        return made.args[0] if made is not None and made.prim in (EMPTY, ZEROS) else None

    def is_zeros(self, array: Value) -> bool:
        made = self.makers.get(array)
        return made is not None and made.prim is ZEROS

    def is_read(self, array: Value, specs: Sequence[tuple[str, ...]]) -> bool:
        """Whether nothing is done with an array but reading parts of it."""
        return all(
            user is not None
            and user.prim is GET
            and user.args[0] is array
            and user.params["spec"] in specs
            for user in self.users.get(array, ())
        )

    def record(self, loop: Op, slot: int, versions: Versions) -> _Record | None:
        """What a tape holds of the array, if it is that alone."""
        made, array = self.makers[carried_inits(loop)[slot]], loop.outs[versions.slot]
        if made.out.type.dtype is not array.type.dtype:
            return None
        if of_dim(array.type.shape[0]).minus(self.length(made.args[1])).known is None:
            return None  # the tape may be a short one
        (body,) = loop.regions
        number = self.forms.of(body.params[0]).minus(self.forms.of(loop.args[0]))
        found: set[tuple[int, int]] = set()
        for put in _puts(body, body.params[1 + slot], body.yields[slot]):
            held = self.held(put, versions) if put is not None else None
            if put is None or held is None or self.forms.of(put.args[2]).key() != number.key():
                return None
            found.add(held)
        if len(found) != 1:
            return None
        ((version, shift),) = found
        out = loop.outs[slot]
        readers = [op for op in self.users.get(out, ()) if op is not None]
        if not readers:
            return None  # nothing to gain
        whole = any(op.params["spec"] != (AT, AT) for op in readers)
        if whole and (shift or made.out.type.shape[1] != array.type.shape[0]):
            return None
        return _Record(out, version, shift)

    def held(self, put: Op, versions: Versions) -> tuple[int, int] | None:
        """The version that an update of a tape writes to it, and the difference of the indices."""
        if put in versions.rows:
            return versions.rows[put], 0
        if put.params["spec"] != (AT, AT):
            return None
        element = versions.element(put.args[1])
        if element is None:
            return None
        shift = element.at.minus(self.forms.of(put.args[3])).known
        return None if shift is None else (element.version, shift)


def _regions(region: Region) -> Iterator[Region]:
    yield region
    for op in region.ops:
        for inner in op.regions:
            yield from _regions(inner)


def _puts(body: Region, array: Value, end: Value) -> Iterator[Op | None]:
    """The updates of an array in a body and in loops inside; None where something else is done."""
    for op in body.ops:
        if array not in used_by(op):
            continue
        if op.prim is PUT and op.args[0] is array:
            yield op
            array = op.out
        elif op.prim is FOR and carried_inits(op).count(array) == 1:
            slot = carried_inits(op).index(array)
            (inner,) = op.regions
            yield from _puts(inner, inner.params[1 + slot], inner.yields[slot])
            array = op.outs[slot]
        else:
            yield None
    if array is not end:
        yield None


class _Keeping:
    """Rewrites a function for one array that keeps its steps.

    Attributes
    ----------
    renewed : dict of Value to Value
        The array of all steps in the place of each version of the array.
    dropped : dict of Value to Value
        What a tape is where nothing is written to it any more.
    latest : Value
        The array of all steps at the present place in the loop.
    rows : tuple of Value
        In the loop: the row of the version before and that of the version after a step.
    """

    def __init__(self, function: Function, search: _Search, kept: _Kept) -> None:
        self.function, self.search, self.kept = function, search, kept
        self.symbols = Symbols.of(function)
        self.out = kept.loop.outs[kept.versions.slot]
        self.is_read = search.is_read(self.out, [(AT,)])
        self.records = {record.tape: record for record in kept.records}
        self.renewed: dict[Value, Value] = {}
        self.dropped: dict[Value, Value] = {}
        self.latest = self.out
        self.rows: tuple[Value, Value] = (self.out, self.out)

    def run(self) -> Region:
        return self.around(self.function.body)

    # -- around the loop ---------------------------------------------------------------------

    def around(self, region: Region) -> Region:
        """A region with the loop rewritten, and what reads the array or a tape after it."""
        builder = Builder(Symbols(self.symbols))
        for op in region.ops:
            builder.loc, builder.role = op.loc, op.role
            if op is self.kept.loop:
                self.loop(op, builder)
            elif op.prim is GET and op.args[0] is self.out and self.is_read:
                builder.append(self.reading(op, self.kept.count, op.args[1:]))
            elif op.prim is GET and op.args[0] in self.records:
                self.read_record(op, builder)
            else:
                builder.append(map_regions(op, self.around))
        return rebuilt(region, builder.ops, region.yields)

    def reading(self, op: Op, row: Value, rest: Sequence[Value]) -> Op:
        """The read of a row, or of one of its elements."""
        params = {**op.params, "spec": (AT, op.params["spec"][-1])}
        return replace(op, args=(self.latest, row, *rest), params=params)

    def read_record(self, op: Op, builder: Builder) -> None:
        """Append a read of what a tape held."""
        record = self.records[op.args[0]]
        row, *rest = op.args[1:]
        if record.version == AFTER:
            row = builder.emit(ADD, [row, builder.const(1)])
        if record.shift:
            rest = [moved(rest[0], record.shift, self.search.makers, builder)]
        builder.append(self.reading(op, row, rest))

    def loop(self, loop: Op, builder: Builder) -> None:
        """Append the array of all steps, its first row, and the loop that writes the others."""
        versions = self.kept.versions
        init = carried_inits(loop)[versions.slot]
        size, one = self.search.size(init) or builder.dim(init, 0), builder.const(1)
        rows = builder.emit(ADD, [self.kept.count, one], name="rows")
        name, params = f"{self.out.name}_tape", {"dtype": init.type.dtype}
        steps = builder.emit(EMPTY, [rows, size], params, name=name)
        for version in (*versions.names, self.out):
            self.renewed[version] = replace(version, type=steps.type, name=name)
        args = list(loop.args)
        args[LOOP_BOUNDS + versions.slot] = self.with_first(steps, init, size, builder)
        body = self.steps(loop)
        outs = tuple(self.renewed.get(out, out) for out in loop.outs)
        builder.append(replace(loop, args=tuple(args), outs=outs, regions=(body,)))
        self.latest = self.renewed[self.out]
        if not self.is_read:
            self.copy_last(size, builder)

    def with_first(self, steps: Value, init: Value, size: Value, builder: Builder) -> Value:
        """Append a loop that copies the array into the first row."""
        first = builder.const(0)

        def filled(inside: Builder, table: Value, index: Value) -> Value:
            if self.search.is_zeros(init):
                value = inside.const(0.0, init.type.dtype)
            else:
                value = inside.emit(GET, [init, index], {"spec": (AT,)})
            return inside.emit(PUT, [table, value, first, index], {"spec": (AT, AT)})

        return written_by_element(builder, size, steps, filled)

    def copy_last(self, size: Value, builder: Builder) -> None:
        """Append a loop that copies the last row: it is updated or handed on after the loop."""
        empty = builder.emit(EMPTY, [size], {"dtype": self.out.type.dtype}, name=self.out.name)

        def copied(inside: Builder, array: Value, index: Value) -> Value:
            row = [self.latest, self.kept.count, index]
            value = inside.emit(GET, row, {"spec": (AT, AT)})
            return inside.emit(PUT, [array, value, index], {"spec": (AT,)})

        written_by_element(builder, size, empty, copied, self.out)

    # -- in the loop -------------------------------------------------------------------------

    def steps(self, loop: Op) -> Region:
        """The body of the loop, with the rows of a step."""
        (body,) = loop.regions
        builder = Builder(Symbols(self.symbols))
        builder.loc, builder.role = loop.loc, loop.role
        index, start = body.params[0], loop.args[0]
        before = index if start.size == 0 else builder.emit(SUB, [index, start])
        self.rows = before, builder.emit(ADD, [before, builder.const(1)], name="after")
        return self.inside(body, builder)

    def inside(self, region: Region, builder: Builder) -> Region:
        params = tuple(self.renewed.get(param, param) for param in region.params)
        latest = self.latest
        self.latest = next((param for param in params if param not in region.params), latest)
        for op in region.ops:
            builder.loc, builder.role = op.loc, op.role
            self.append(op, builder)
            self.latest = next(
                (self.renewed[out] for out in op.outs if out in self.renewed), self.latest
            )
        yields = tuple(map(self.now, region.yields))
        self.latest = latest
        return Region(params, tuple(builder.ops), yields)

    def now(self, value: Value) -> Value:
        """What a value is in the new loop."""
        value = self.dropped.get(value, value)
        return self.renewed.get(value, value)

    def append(self, op: Op, builder: Builder) -> None:
        """Append what an op of the loop is now."""
        versions = self.kept.versions
        if op in versions.rows:
            self.dropped[op.out] = self.dropped.get(op.args[0], op.args[0])
        elif op.prim is GET and op in versions.reads:
            builder.append(self.reading(op, self.rows[versions.reads[op]], op.args[1:]))
        elif op.prim in (PUT, ADD_AT) and op.args[0] in self.renewed:
            builder.append(self.writing(op, builder))
        else:
            args = tuple(map(self.now, op.args))
            outs = tuple(self.renewed.get(out, out) for out in op.outs)
            inner = tuple(self.inside(each, Builder(Symbols(self.symbols))) for each in op.regions)
            builder.append(replace(op, args=args, outs=outs, regions=inner))

    def writing(self, op: Op, builder: Builder) -> Op:
        """The write of an element into the row after the step."""
        value, at = op.args[1:]
        before, after = self.rows
        if op.prim is ADD_AT:
            old = builder.emit(GET, [self.latest, before, at], {"spec": (AT, AT)})
            value = builder.emit(ADD, [old, value], name=old.name)
        params = {**op.params, "spec": (AT, AT)}
        args = (self.latest, value, after, at)
        return replace(op, prim=PUT, args=args, params=params, outs=(self.renewed[op.out],))

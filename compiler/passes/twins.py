"""What a loop carries twice is carried once.

Before::

    a: f64[n] = empty(n)
    b: f64[n] = empty(n)
    with for_(lo, n, one, s, s, a, b) as (i, p, q, a_1, b_1):
        a_2: f64[n] = put(a_1, p, i)
        b_2: f64[n] = put(b_1, q, i)
        x_i: f64 = get(x, i)
        p_1: f64 = mul(p, x_i)
        q_1: f64 = mul(q, x_i)
        yield_(p_1, q_1, a_2, b_2)

After, with ``q``, ``b`` and what is computed from them gone::

    a: f64[n] = empty(n)
    with for_(lo, n, one, s, a) as (i, p, a_1):
        a_2: f64[n] = put(a_1, p, i)
        x_i: f64 = get(x, i)
        p_1: f64 = mul(p, x_i)
        yield_(p_1, a_2)

Two derivatives of one function compute it twice and record it twice; where `jam` has joined their
loops, each step is there twice. That two carried values are equal is assumed first, for all that
start equal, and given up where the iteration does not bear it out: from one iteration to the next
each may depend on itself, so that neither is found equal before the other. Arrays are merged where
the loop makes them, only writes to them, and only reads come after it: one buffer serves all.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.ir.builder import DIM
from gradc.ir.control import FOR, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import all_ops, map_regions, rebuilt, substitute_region
from gradc.passes.base import Context
from gradc.passes.control import without_positions
from gradc.passes.cse import COMMUTATIVE, params_key
from gradc.passes.rewrite import Replacements
from gradc.prims.index import ADD_AT, GET, PUT
from gradc.prims.loops import GROW, TAPE
from gradc.prims.shape import COPY, EMPTY, ZEROS

_MADE = frozenset({EMPTY, ZEROS})
_UPDATES = frozenset({PUT, ADD_AT})
_READS = frozenset({GET, DIM})
# Each of these makes a buffer of its own, equal or not.
_UNIQUE = frozenset({*_MADE, COPY, TAPE, GROW})


@dataclass(frozen=True, slots=True)
class Twins:
    """The pass."""

    name: ClassVar[str] = "twins"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with each carried value there once."""
        if not any(op.prim is FOR and len(op.outs) > 1 for op in all_ops(function.body)):
            return function
        return _Merging(function).run()


class _Merging:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.replacements = Replacements.of(function)
        self.users: dict[Value, list[Op | None]] = {}
        self.makers: dict[Value, Op] = {}
        self.note(function.body)

    def note(self, region: Region) -> None:
        """Note who uses and who makes the values of a region; a yield is used by None."""
        for op in region.ops:
            for value in op.args:
                self.users.setdefault(value, []).append(op)
            for out in op.outs:
                self.makers[out] = op
            for inner in op.regions:
                self.note(inner)
        for value in region.yields:
            self.users.setdefault(value, []).append(None)

    def run(self) -> Function:
        return self.replacements.finish(self.function, self.region(self.function.body))

    def region(self, region: Region) -> Region:
        ops = []
        for old in region.ops:
            op = map_regions(self.replacements.operands(old), self.region)
            ops.append(self.loop(op) if op.prim is FOR and len(op.outs) > 1 else op)
        return rebuilt(region, ops, map(self.replacements.value, region.yields))

    def loop(self, op: Op) -> Op:
        """A loop without what it carries a second time."""
        first: dict[int, int] = {}
        gone: set[int] = set()
        mapping: dict[Value, Value] = {}
        dropped: set[Op] = set()
        params = carried_params(op)
        for position, group in enumerate(_groups(op, self.start)):
            kept = first.setdefault(group, position)
            if kept == position:
                continue
            writes = self.writes(op, kept), self.writes(op, position)
            if params[position].type.rank and None in writes:
                continue
            if not self.replacements.replace(op.outs[position], op.outs[kept]):
                continue
            mapping[params[position]] = params[kept]
            gone.add(position)
            dropped.update(writes[1] or ())
        if not gone:
            return op
        body = loop_body(op)
        ops = [inner for inner in body.ops if inner not in dropped]
        body = substitute_region(replace(body, ops=tuple(ops)), mapping)
        return without_positions(replace(op, regions=(body,)), gone)

    def start(self, init: Value) -> Hashable:
        """What is equal for initial values that are equal."""
        op = self.makers.get(init)
        if op is None or op.prim not in _MADE or len(self.users[init]) > 1:
            return init
        return (op.prim, tuple(map(self.replacements.value, op.args)), params_key(op))

    def writes(self, op: Op, position: int) -> list[Op] | None:
        """The writes to an array, one after the other; None where it is used in any other way."""
        value, end = carried_params(op)[position], loop_body(op).yields[position]
        init = self.makers.get(carried_inits(op)[position])
        inside = {id(inner.out): inner for inner in loop_body(op).ops if inner.prim in _UPDATES}
        if init is None or init.prim not in _MADE or len(self.users[init.out]) > 1:
            return None
        if any(user is None or user.prim not in _READS for user in self.after(op.outs[position])):
            return None
        found: list[Op] = []
        while value is not end:
            (user, *others) = self.users.get(value, [None])
            write = None if user is None else inside.get(id(user.outs[0]) if user.outs else 0)
            if others or write is None or write.args[0] is not value:
                return None
            found.append(write)
            value = write.out
        return found if self.users[end] == [None] else None

    def after(self, out: Value) -> Sequence[Op | None]:
        return self.users.get(out, ())


def _groups(op: Op, start: object) -> list[int]:
    """For each carried value a number that is the same for values that are always equal."""
    assert callable(start)
    inits = carried_inits(op)
    groups = _numbered(
        (start(init), init.type.dtype, init.type.shape, param.size is None)
        for init, param in zip(inits, carried_params(op), strict=True)
    )
    while len(set(groups)) < len(groups):
        numbers = _Numbers(loop_body(op), carried_params(op), groups)
        ends = [numbers.of(value) for value in loop_body(op).yields]
        finer = _numbered(zip(groups, ends, strict=True))
        if finer == groups:
            break
        groups = finer
    return groups


def _numbered(keys: Iterable[Hashable]) -> list[int]:
    """Number keys in order of first appearance."""
    known: dict[Hashable, int] = {}
    return [known.setdefault(key, len(known)) for key in keys]


class _Numbers:
    """Numbers for the values of a loop body, equal for equal values."""

    def __init__(self, body: Region, params: Sequence[Value], groups: Sequence[int]) -> None:
        self.known: dict[Hashable, int] = {}
        self.values: dict[Value, int] = {}
        for param, group in zip(params, groups, strict=True):
            self.values[param] = self.number(("carried", group))
        for op in body.ops:
            self.op(op)

    def number(self, key: Hashable) -> int:
        return self.known.setdefault(key, len(self.known))

    def of(self, value: Value) -> int:
        """The number of a value; what comes from outside is equal to itself."""
        found = self.values.get(value)
        return self.number(value) if found is None else found

    def op(self, op: Op) -> None:
        if op.regions or len(op.outs) != 1 or not op.prim.pure or op.prim in _UNIQUE:
            return
        args = [self.of(arg) for arg in op.args]
        if op.prim in COMMUTATIVE:
            args.sort()
        self.values[op.out] = self.number((op.prim, tuple(args), params_key(op)))

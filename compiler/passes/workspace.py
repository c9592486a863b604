"""Arrays that a loop makes anew in every iteration are made once, before it.

Before, with updates in place::

    with for_(lo, n, one, s) as (i, t):
        a: f64[m] = empty(m)
        b: f64[m] = zeros(m)
        ...
        yield_(t1)

After::

    a: f64[m] = empty(m)
    b_1: f64[m] = empty(m)
    with for_(lo, n, one, s) as (i, t):
        with for_(lo, m, one, b_1) as (j, b_2):
            b_3: f64[m] = put(b_2, zero, j, spec=('at',), inplace=True)
            yield_(b_3)
        b: f64[m] = outs()
        ...
        yield_(t1)

An array moves where its size is the same in all iterations and nothing that lies in its memory is
seen by another iteration or after the loop. Allocation costs as much as some dozens of operations,
which is as much as the loops inside often do.

The product of two matrices is such an array, too: it is put into one, which is printed as
``dot(a, b, c)``. What an iteration hands on to the next takes turns between two
(:mod:`gradc.passes.handed_on`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.storage import UPDATES, StorageClasses, is_in_place
from gradc.ir.builder import CONST, DIM, Builder, Symbols
from gradc.ir.control import FOR, IF, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import INT
from gradc.ir.walk import all_ops, rebuilt, with_body
from gradc.passes.base import Context
from gradc.passes.handed_on import Carried, taking_turns, with_carried
from gradc.prims.arithmetic import ADD, MUL, SUB
from gradc.prims.index import ALL, AT, GET, PUT
from gradc.prims.integers import IMAX
from gradc.prims.linalg import MATMUL
from gradc.prims.loops import TRIP
from gradc.prims.shape import COPY, EMPTY, ZEROS

_MADE = frozenset({EMPTY, ZEROS})
MAKERS = frozenset({EMPTY, ZEROS, COPY, MATMUL})
# Sizes are made of these; none of them can raise.
_ARITHMETIC = frozenset({CONST, DIM, TRIP, ADD, SUB, MUL, IMAX})


@dataclass(frozen=True, slots=True)
class Workspace:
    """The pass; it does nothing before updates are in place.

    Attributes
    ----------
    turns : bool
        Whether arrays that are handed on take turns. Not in a thread of CUDA, whose arrays are
        variables of their own: there it would be a copy more.
    """

    turns: bool = True

    name: ClassVar[str] = "workspace"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with arrays made before the loops that use them."""
        if any(op.prim in UPDATES and not is_in_place(op) for op in all_ops(function.body)):
            return function  # which arrays share memory is not settled yet
        loops = [op for op in all_ops(function.body) if op.regions and op.prim is not IF]
        if not any(inner.prim in MAKERS for op in loops for inner in all_ops(loop_body(op))):
            return function
        return _Moving(function, self.turns).run()


class _Moving:
    def __init__(self, function: Function, turns: bool) -> None:
        self.function = function
        self.turns = turns
        self.symbols = Symbols.of(function)
        self.classes = StorageClasses(function.body)
        self.members: dict[Value, set[Value]] = {}
        self.axes = {dim for value in function.params for dim in value.type.shape}
        for value in _arrays(function.body):
            self.members.setdefault(self.classes.of(value), set()).add(value)

    def run(self) -> Function:
        return with_body(self.function, self.region(self.function.body))

    def region(self, region: Region) -> Region:
        ops: list[Op] = []
        for op in region.ops:
            if op.regions:
                ops += self.control(op)
            else:
                ops.append(op)
        return rebuilt(region, ops, region.yields)

    def control(self, op: Op) -> list[Op]:
        """An op with regions, after what moves out of it."""
        regions = tuple(self.region(region) for region in op.regions)
        if any(new is not old for new, old in zip(regions, op.regions, strict=True)):
            op = replace(op, regions=regions)
        if op.prim is not FOR or op.params.get("parallel"):
            return [op]
        return self.loop(op)

    def loop(self, op: Op) -> list[Op]:
        body = loop_body(op)
        private = set(_arrays(body)) - set(body.params) - set(body.yields)
        before: list[Op] = []
        ops: list[Op] = []
        sizes = _Sizes(body)
        turns = taking_turns(op) if self.turns else frozenset()
        carried: list[Carried] = []
        for inner in body.ops:
            own = self.members.get(self.classes.of(inner.outs[0]), set()) if inner.outs else set()
            known = inner.prim in MAKERS and self.known(inner, body, sizes)
            if known and inner in turns:
                carried.append(self.carried(inner, sizes, before, ops))
            elif not known or not own <= private:
                ops.append(inner)
            elif inner.prim is EMPTY:
                before += sizes.take(inner.args)
                before.append(self.made(inner, before))
            else:
                before += sizes.take(inner.args if inner.prim is ZEROS else ())
                self.filled(inner, before, ops)
        if not before:
            return [op]
        ops = [each for each in ops if each not in sizes.taken]
        changed = with_carried(op, replace(body, ops=tuple(ops)), carried)
        return [*before, changed]

    def known(self, op: Op, body: Region, sizes: _Sizes) -> bool:
        """Whether the sizes of what an op makes can be computed before the loop."""
        if op.prim in _MADE:
            return sizes.are_known(op.args)
        if op.out.type.is_scalar or any(_is_whole_put(user, op.out) for user in body.ops):
            return False
        firsts = (self.symbols.first_with(d) for d in op.out.type.shape if isinstance(d, str))
        return all(first is not None for first in firsts)

    def carried(self, op: Op, sizes: _Sizes, before: list[Op], ops: list[Op]) -> Carried:
        """Two arrays before the loop in the place of one that each iteration hands on."""
        if op.prim in _MADE:
            before += sizes.take(op.args)
        if op.prim is EMPTY:
            turn = op.out
            before.append(self.made(op, before))
        else:
            turn = self.filled(op, before, ops)
        first, second = (replace(before[-1], outs=(replace(turn),)) for _ in range(2))
        before[-1:] = [first, second]
        spare, outs = replace(turn), (replace(turn), replace(turn))
        for value in (spare, turn, first.out, second.out, *outs):
            self.classes.join(op.out, value)
            self.members.setdefault(self.classes.of(value), set()).add(value)
        return Carried((first.out, second.out), (turn, spare), outs)

    def made(self, op: Op, before: list[Op]) -> Op:
        """The array, made where the loop may not run: its size must not be negative there."""
        builder = Builder(Symbols(self.symbols))
        builder.loc, builder.role = op.loc, op.role
        args = [
            size if size.size in self.axes else _not_negative(size, before, builder)
            for size in op.args
        ]
        before += builder.ops
        return replace(op, prim=EMPTY, args=tuple(args))

    def filled(self, op: Op, before: list[Op], ops: list[Op]) -> Value:
        """Fill an array that is made before the loop with what an op made; return it."""
        array = replace(op.out)
        self.members.setdefault(self.classes.of(op.out), set()).add(array)
        builder = Builder(Symbols(self.symbols))
        builder.loc, builder.role = op.loc, op.role
        sizes = op.args if op.prim is ZEROS else tuple(map(builder.size, op.out.type.shape))
        before += builder.ops
        before.append(
            self.made(
                replace(
                    op, prim=EMPTY, args=sizes, outs=(array,), params={"dtype": op.out.type.dtype}
                ),
                before,
            )
        )
        builder.ops = []
        if op.prim is MATMUL:
            # what it is put into has its name
            product = replace(op.out, named=False)
            whole = {"spec": (ALL,) * op.out.type.rank, "inplace": True}
            put = Op(PUT, (array, product), whole, (op.out,), (), op.loc, op.role)
            ops += [replace(op, outs=(product,)), put]
        else:
            source = op.args[0] if op.prim is COPY else None
            self.fill(builder, array, source, sizes, (), op.out)
            ops += builder.ops
        return array

    def fill(
        self,
        builder: Builder,
        array: Value,
        source: Value | None,
        sizes: Sequence[Value],
        index: tuple[Value, ...],
        out: Value,
    ) -> None:
        """Append a nest of loops that copies another array, or writes zeros where there is none.

        `out` is for the array that it leaves.
        """
        inner = builder.child()
        place = inner.value(INT, "ijkl"[len(index)] if len(index) < 4 else "i")
        param = replace(array)
        end = replace(array)
        at = (*index, place)
        if len(at) == array.type.rank:
            spec = (AT,) * len(at)
            if source is not None:
                value = inner.emit(GET, (source, *at), {"spec": spec})
            elif array.type.is_float:
                value = inner.const(0.0, array.type.dtype)
            else:
                value = inner.const(0)
            params = {"spec": spec, "inplace": True}
            inner.append(
                Op(PUT, (param, value, *at), params, (end,), (), builder.loc, builder.role)
            )
        else:
            self.fill(inner, param, source, sizes, at, end)
        region = inner.close((place, param), (end,))
        bounds = (builder.const(0), sizes[len(index)], builder.const(1))
        builder.loop(bounds, [array], region, (out,))


def _is_whole_put(op: Op, value: Value) -> bool:
    """Whether an op writes a value to all of an array."""
    return op.prim is PUT and op.args[1] is value and set(op.params["spec"]) == {ALL}


def _arrays(region: Region) -> Iterable[Value]:
    """The arrays that a region defines, at any depth."""
    for value in region.params:
        if value.type.rank:
            yield value
    for op in region.ops:
        for value in op.outs:
            if value.type.rank:
                yield value
        for inner in op.regions:
            yield from _arrays(inner)


class _Sizes:
    """The integers of a loop body that are the same in all iterations."""

    def __init__(self, body: Region) -> None:
        self.inside: set[Value] = set(body.params)
        self.makers: dict[Value, Op] = {}
        self.taken: dict[Op, None] = {}
        for op in body.ops:
            fixed = all(arg not in self.inside or arg in self.makers for arg in op.args)
            if op.prim in _ARITHMETIC and fixed:
                self.makers[op.out] = op
            self.inside.update(op.outs)

    def are_known(self, sizes: Iterable[Value]) -> bool:
        """Whether sizes can be computed before the loop."""
        return all(size not in self.inside or size in self.makers for size in sizes)

    def take(self, sizes: Iterable[Value]) -> list[Op]:
        """The ops that compute sizes, to be moved before the loop; each once."""
        found: list[Op] = []
        for size in sizes:
            op = self.makers.get(size)
            if op is not None and op not in self.taken:
                found += self.take(op.args)
                self.taken[op] = None
                found.append(op)
        return found


def _not_negative(size: Value, before: Iterable[Op], builder: Builder) -> Value:
    """The size itself where it certainly is not negative, else the larger of it and zero."""
    maker = next((op for op in before if size in op.outs), None)
    known = isinstance(size.size, int) and size.size >= 0
    if known or (maker is not None and maker.prim in (DIM, TRIP)):
        return size
    return builder.emit(IMAX, (size, builder.const(0)), name=size.name)

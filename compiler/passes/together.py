"""Arrays that a function needs for itself are made together, in one block of memory.

Before, in the function's own region, with updates in place::

    a: f64[n] = empty(n)
    with for_(lo, n, one, a) as (i, a_1):
        ...                                    # fills a
    a_2: f64[n] = outs()
    m: i64(m) = add(n, one)
    b: f64[m] = zeros(m)
    ...

After::

    m: i64(m) = add(n, one)
    a: f64[n] = empty(n, block=0)
    b_1: f64[m] = empty(m, block=0)
    with for_(lo, n, one, a) as (i, a_1):
        ...                                    # fills a
    a_2: f64[n] = outs()
    zeros: f64[m] = broadcast(zero, m, axes=())
    b: f64[m] = put(b_1, zeros, spec=('all',), inplace=True)
    ...

which is printed as ``a, b = workspace(n, m)`` and ``b[:] = 0.0``: one call of the allocator, where
several would be half of the time of a small kernel. It is where the first of them is needed. An
array joins the others

- where nothing that lies in its memory is handed to the caller, for that would keep all of it;
- where its sizes can be computed there, and no error of the user's comes too late for one about
  a negative size;
- where no other array is read for the last time in between: were they large, one would be free
  before the other is made.

An array of the same type and sizes as one that nobody needs any more lies in its place, where no
other ends in between: that one's memory is not given back meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from gradc.analysis.independence import may_raise
from gradc.analysis.storage import UPDATES, VIEWS, StorageClasses, is_settled
from gradc.ir.builder import DIM, Builder, Symbols
from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import all_ops, rebuilt, used_by, with_body
from gradc.passes.base import Context
from gradc.passes.loop_sizes import ARITHMETIC, is_divided, is_not_negative
from gradc.prims.index import ALL, PUT
from gradc.prims.shape import BLOCK, BROADCAST, COPY, EMPTY, EXPECT, REUSE, ZEROS

_MADE = frozenset({EMPTY, ZEROS, COPY})
_HANDING_ON = UPDATES | VIEWS | {FOR, WHILE, IF}
_IN_ONE_PIECE = UPDATES | _MADE | {EXPECT, FOR, WHILE, IF}


@dataclass(frozen=True, slots=True)
class MakeTogether:
    """The pass; it does nothing before updates are in place.

    Attributes
    ----------
    copies : bool
        Whether copies are such arrays, too. Not where numba's own lowering makes them of
        ``b[:] = a``, which takes it seconds to compile.
    """

    copies: bool = True

    name: ClassVar[str] = "together"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with its own arrays made together."""
        if not is_settled(function):
            return function
        done = any(op.prim is REUSE or BLOCK in op.params for op in function.ops)
        made = _MADE if self.copies else _MADE - {COPY}
        own = [op for op in function.ops if op.prim in made and not op.out.type.is_scalar]
        if done or len(own) < 2:
            return function
        return _Planning(function).run(own)


@dataclass(slots=True)
class _Block:
    """Arrays that are made together.

    Attributes
    ----------
    place : int
        They are made before the op of this number.
    members : list of Op
        That make them now.
    sizes : list of int
        The numbers of the ops that compute sizes and have to move.
    """

    place: int
    members: list[Op]
    sizes: list[int] = field(default_factory=list)


class _Planning:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.ops = function.ops
        self.symbols = Symbols.of(function)
        self.storage = StorageClasses(function.body)
        self.places = {out: place for place, op in enumerate(self.ops) for out in op.outs}
        self.makers = {out: op for op in self.ops for out in op.outs}
        self.first: dict[Value, int] = {}
        self.last: dict[Value, int] = {}
        for place, op in enumerate(self.ops):
            for value in used_by(op):
                self.first.setdefault(value, place)
            for value in _arrays_of(op):
                self.last[self.storage.of(value)] = place
        outside = (*function.params, *function.results)
        self.outside = {self.storage.of(value) for value in outside}
        self.raising = {
            place for place, op in enumerate(self.ops) if may_raise(Region((), (op,), ()))
        }
        self.makers_of = Counter(
            self.storage.of(out)
            for op in all_ops(function.body)
            for out in op.outs
            if op.prim not in _HANDING_ON and not out.type.is_scalar
        )
        # what may be no array in one piece
        self.scattered = {
            self.storage.of(out)
            for op in all_ops(function.body)
            for out in op.outs
            if op.prim not in _IN_ONE_PIECE and not out.type.is_scalar
        }
        self.axes = {dim for value in function.params for dim in value.type.shape}
        self.ends: Counter[int] = Counter()

    def run(self, makers: Iterable[Op]) -> Function:
        own = sorted(filter(self.is_own, makers), key=self.need)
        self.ends = self.ends_of(own)
        instead = self.reused(own)
        blocks: list[_Block] = []
        for dtype in dict.fromkeys(op.out.type.dtype for op in own):
            same = [op for op in own if op.out.type.dtype is dtype and op.out not in instead]
            blocks += self.divided(same)
        blocks = [block for block in blocks if len(block.members) > 1]
        if not blocks and not instead:
            return self.function
        return _Writing(self, blocks, instead).run()

    def is_own(self, op: Op) -> bool:
        """Whether what an op makes is used in the function alone, and may be made when needed."""
        if op.out not in self.first or self.storage.of(op.out) in self.outside:
            return False
        if op.prim is COPY and self.storage.of(op.args[0]) in self.scattered:
            return False
        return self.sizes(op) is not None and self.is_movable(op, self.need(op))

    def need(self, op: Op) -> int:
        """Where the array that an op makes is needed for the first time."""
        return self.places[op.out] if op.prim is COPY else self.first[op.out]

    def sizes(self, op: Op) -> Sequence[Value] | None:
        """The sizes of the array that an op makes; None where no value has them."""
        if op.prim is not COPY:
            return op.args
        values = (self.symbols.value_of(dim) for dim in op.out.type.shape if isinstance(dim, str))
        found = tuple(value for value in values if value is not None)
        return found if len(found) == op.out.type.rank else None

    def ends_of(self, own: Iterable[Op]) -> Counter[int]:
        """How many arrays are read for the last time at each place."""
        members = Counter(self.storage.of(op.out) for op in own)
        ends: Counter[int] = Counter()
        for storage, end in self.last.items():
            if storage not in self.outside:
                ends[end] += members.get(storage, 1)
        return ends

    def ends_between(self, first: int, last: int) -> bool:
        """Whether an array is read for the last time from one place on and before another."""
        return any(first <= end < last and count for end, count in self.ends.items())

    def reused(self, own: Iterable[Op]) -> dict[Value, Value]:
        """Arrays that can lie where another one was, which is over when they are first needed.

        What it was counts no longer as an end: its memory stays.
        """
        instead: dict[Value, Value] = {}
        free: list[tuple[Op, int]] = []
        for op in own:
            first, end = self.need(op), self.last[self.storage.of(op.out)]
            for place, (before, over) in enumerate(free):
                fits = before.out.type == op.out.type and over < first
                if fits and not self.ends_between(over + 1, first):
                    instead[op.out] = self.latest(before)
                    self.ends[over] -= 1
                    del free[place]
                    break
            if self.makers_of[self.storage.of(op.out)] == 1:
                free.append((op, end))
        return instead

    def latest(self, op: Op) -> Value:
        """What the array is in the end that an op makes: with that name it is printed."""
        storage, found = self.storage.of(op.out), op.out
        if storage not in self.scattered:
            for value in self.makers:
                if value.type == found.type and self.storage.of(value) is storage:
                    found = value
        return found

    def divided(self, own: Iterable[Op]) -> Iterator[_Block]:
        """The blocks of arrays of one type, given in the order in which they are needed."""
        block: _Block | None = None
        for op in own:
            if block is None or not self.join(block, op):
                block = _Block(self.need(op), [])
                if self.join(block, op):
                    yield block

    def join(self, block: _Block, op: Op) -> bool:
        """Make an array with the others of a block, if that can be."""
        if self.ends_between(block.place, self.need(op)):
            return False
        moved: list[int] = []
        known = all(self.known(size, block.place, moved) for size in self.sizes(op) or ())
        if not known or not self.is_movable(op, block.place):
            return False
        block.members.append(op)
        block.sizes += [place for place in moved if place not in block.sizes]
        return True

    def known(self, size: Value, place: int, moved: list[int]) -> bool:
        """Whether a size is known at a place, perhaps once some ops are moved there."""
        made = self.places.get(size, -1)
        if made < place:
            return True
        op = self.ops[made]
        if op.prim not in ARITHMETIC and not is_divided(op):
            return False
        if op.prim is DIM and op.args[0] in self.places:
            return False
        if not all(self.known(arg, place, moved) for arg in op.args):
            return False
        if made not in moved:
            moved.append(made)
        return True

    def is_movable(self, op: Op, place: int) -> bool:
        """Whether an array may be made at another place: no error comes before another."""
        if op.prim is COPY:
            return True
        if all(is_not_negative(size, self.makers, self.axes) for size in op.args):
            return True
        first, last = sorted((place, self.places[op.out]))
        return not any(first <= each < last for each in self.raising)


class _Writing:
    """Puts a plan into effect.

    Attributes
    ----------
    before : dict of int to list of Op
        What is written before the op of a number.
    gone : set of Op
        What is not written where it was.
    """

    def __init__(
        self, plan: _Planning, blocks: Iterable[_Block], instead: Mapping[Value, Value]
    ) -> None:
        self.plan = plan
        self.before: dict[int, list[Op]] = {}
        self.gone: set[Op] = set()
        moved: dict[int, int] = {}
        for block in blocks:
            moved.update((size, min(block.place, moved.get(size, size))) for size in block.sizes)
        for size, place in sorted(moved.items()):
            self.gone.add(plan.ops[size])
            self.before.setdefault(place, []).append(plan.ops[size])
        for number, block in enumerate(blocks):
            self.gone.update(block.members)
            made = [self.member(op, number) for op in block.members]
            self.before.setdefault(block.place, []).extend(made)
            for op, each in zip(block.members, made, strict=True):
                self.filled(op, each.out)
        for value, before in instead.items():
            op = plan.ops[plan.places[value]]
            self.gone.add(op)
            array = value if op.prim is EMPTY else replace(value)
            again = Op(REUSE, (before,), {}, (array,), (), op.loc, op.role)
            self.before.setdefault(plan.need(op), []).append(again)
            self.filled(op, array)

    def run(self) -> Function:
        ops: list[Op] = []
        for place, op in enumerate(self.plan.ops):
            ops += self.before.get(place, ())
            if op not in self.gone:
                ops.append(op)
        body = self.plan.function.body
        return with_body(self.plan.function, rebuilt(body, ops, body.yields))

    def member(self, op: Op, number: int) -> Op:
        """The op that makes an array as part of a block."""
        array = op.out if op.prim is EMPTY else replace(op.out)
        sizes = tuple(self.plan.sizes(op) or ())
        params = {"dtype": array.type.dtype, **op.params, BLOCK: number}
        return Op(EMPTY, sizes, params, (array,), (), op.loc, op.role)

    def filled(self, op: Op, array: Value) -> None:
        """Give an array the contents that another op gave to the one that it made."""
        builder = Builder(Symbols(self.plan.symbols))
        builder.loc, builder.role = op.loc, op.role
        if op.prim is EMPTY:
            return
        if op.prim is COPY:
            value = op.args[0]
        else:
            zero = builder.const(0.0 if array.type.is_float else 0, array.type.dtype)
            value = builder.emit(BROADCAST, (zero, *op.args), {"axes": ()})
        whole = {"spec": (ALL,) * array.type.rank, "inplace": True}
        builder.append(Op(PUT, (array, value), whole, (op.out,), (), op.loc, op.role))
        self.before.setdefault(self.plan.need(op), []).extend(builder.ops)


def _arrays_of(op: Op) -> Iterator[Value]:
    """The arrays that an op reads or makes, those in its regions included."""
    for value in (*op.args, *op.outs):
        if not value.type.is_scalar:
            yield value
    for region in op.regions:
        for inner in region.ops:
            yield from _arrays_of(inner)
        yield from (value for value in region.yields if not value.type.is_scalar)

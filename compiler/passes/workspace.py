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
which is as much as the loops inside often do. Where the first axis varies and what it is at most is
known before the loop (:mod:`gradc.analysis.at_most`), an iteration takes the start of a larger
array: ``b = a[:rows]``.

The product of two matrices is such an array, too: it is put into one, which is printed as
``dot(a, b, c)``. What an iteration hands on to the next takes turns between two
(:mod:`gradc.passes.handed_on`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import AffineForms
from gradc.analysis.at_most import AtMost, Bound, without_zero
from gradc.analysis.storage import StorageClasses, is_settled
from gradc.ir.builder import Builder, Symbols, dim_of
from gradc.ir.control import FOR, IF, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import INT, Dim
from gradc.ir.walk import all_ops, defined_values, map_regions, rebuilt, with_body
from gradc.passes.base import Context
from gradc.passes.handed_on import Carried, taking_turns, with_carried
from gradc.passes.loop_sizes import Room, Sizes, is_not_negative, without
from gradc.prims.index import ALL, AT, GET, PUT, SLICE
from gradc.prims.integers import IMAX
from gradc.prims.linalg import MATMUL
from gradc.prims.shape import COPY, EMPTY, ZEROS

MADE = frozenset({EMPTY, ZEROS})
MAKERS = frozenset({EMPTY, ZEROS, COPY, MATMUL})


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
        if not is_settled(function):
            return function
        loops = [op for op in all_ops(function.body) if op.regions and op.prim is not IF]
        if not any(inner.prim in MAKERS for op in loops for inner in all_ops(loop_body(op))):
            return function
        return _Moving(function, self.turns).run()


class _Moving:
    def __init__(self, function: Function, turns: bool) -> None:
        self.function = function
        self.turns = turns
        self.classes = StorageClasses(function.body)
        self.members: dict[Value, set[Value]] = {}
        self.makers = {op.out: op for op in all_ops(function.body) if len(op.outs) == 1}
        self.axes = {dim for value in function.params for dim in value.type.shape}
        for value in _arrays(function.body):
            self.members.setdefault(self.classes.of(value), set()).add(value)

    def run(self) -> Function:
        names = Symbols()
        names.taken |= Symbols.of(self.function).taken
        return with_body(self.function, self.region(self.function.body, names))

    def region(self, region: Region, outer: Symbols) -> Region:
        symbols = Symbols(outer)
        for value in region.params:
            symbols.note(value)
        ops: list[Op] = []
        for op in region.ops:
            made = self.control(op, symbols) if op.regions else [op]
            for value in (out for each in made for out in each.outs):
                symbols.note(value)
            ops += made
        return rebuilt(region, ops, region.yields)

    def control(self, op: Op, symbols: Symbols) -> list[Op]:
        """An op with regions, after what moves out of it."""
        op = map_regions(op, lambda region: self.region(region, symbols))
        if op.prim is IF or op.params.get("parallel"):
            return [op]
        return _Loop(self, op, symbols).run()

    def share(self, value: Value, others: Iterable[Value]) -> None:
        """Note that arrays lie in the memory of another one."""
        for other in others:
            self.classes.join(value, other)
            self.members.setdefault(self.classes.of(other), set()).add(other)


class _Loop:
    """One loop, and what moves before it.

    Attributes
    ----------
    before : list of Op
        What stands before the loop.
    rooms : dict of Value to Value
        For sizes that vary what they are at most.
    private : set of Value
        The arrays of an iteration that it is not given and does not hand on.
    """

    def __init__(self, moving: _Moving, op: Op, symbols: Symbols) -> None:
        self.moving, self.op, self.symbols = moving, op, symbols
        self.body = loop_body(op)
        self.before: list[Op] = []
        self.carried: list[Carried] = []
        self.rooms: dict[Value, Value] = {}
        self.private = set(_arrays(self.body)) - set(self.body.params) - set(self.body.yields)
        self.sizes = Sizes(self.body)
        self.bounds = AtMost(
            op, self.sizes.integers, self.sizes.is_known, AffineForms(self.sizes.integers)
        )
        may_turn = moving.turns and op.prim is FOR
        self.turns = taking_turns(op) if may_turn else frozenset()

    def run(self) -> list[Op]:
        ops = self.without_arrays(self.body.ops)
        if not self.before:
            return [self.op]
        body = replace(self.body, ops=without(ops, self.sizes.taken))
        if self.op.prim is FOR:
            return [*self.before, with_carried(self.op, body, self.carried)]
        return [*self.before, replace(self.op, regions=(self.op.regions[0], body))]

    def without_arrays(self, given: Sequence[Op]) -> tuple[Op, ...]:
        """The ops of the body, or of a branch in it, without those that make arrays."""
        ops: list[Op] = []
        for op in given:
            if op.prim is IF:
                regions = (
                    rebuilt(each, list(self.without_arrays(each.ops)), each.yields)
                    for each in op.regions
                )
                ops.append(replace(op, regions=tuple(regions)))
            elif op in self.turns and self.room(op, given) == Room():
                self.carry(op, ops)
            else:
                room = self.room(op, given) if self.is_private(op) else None
                ops += [op] if room is None else self.moved(op, room)
        return tuple(ops)

    def is_private(self, op: Op) -> bool:
        """Whether an op makes an array that no other iteration and nothing outside sees."""
        if op.prim not in MAKERS:
            return False
        moving = self.moving
        return moving.members.get(moving.classes.of(op.out), set()) <= self.private

    def room(self, op: Op, beside: Sequence[Op]) -> Room | None:
        """How much room what an op makes needs before the loop; None where that is not known."""
        if op.prim not in MAKERS:
            return None
        if op.prim in MADE:
            first, *others = op.args
            if not self.sizes.are_known(others):
                return None
            return Room() if self.sizes.is_known(first) else self.bounded(first)
        if op.out.type.is_scalar or any(_is_whole_put(user, op.out) for user in beside):
            return None
        outer, *inner = op.out.type.shape
        if not all(map(self.is_known, inner)):
            return None
        if self.is_known(outer):
            return Room()
        first_size = self.sizes.with_symbol(outer)
        return None if first_size is None else self.bounded(first_size)

    def is_known(self, dim: Dim) -> bool:
        """Whether there is a value of a dimension before the loop."""
        return isinstance(dim, int) or self.symbols.first_with(dim) is not None

    def bounded(self, size: Value) -> Room | None:
        bound = self.bounds.of(size)
        return None if bound is None else Room(size, bound)

    # -- what stands before the loop -----------------------------------------------------------

    def builder(self, op: Op) -> Builder:
        builder = Builder(Symbols(self.symbols))
        builder.loc, builder.role = op.loc, op.role
        return builder

    def made(self, op: Op, room: Room, array: Value) -> Value:
        """Make an array before the loop; return it, or the larger one of which it is the start.

        The loop may not run: sizes must not be negative there.
        """
        builder = self.builder(op)
        varies = room.size is not None
        if op.prim in MADE:
            self.before += self.sizes.take(op.args[1:] if varies else op.args)
            sizes = list(op.args[1:] if varies else op.args)
        else:
            dims = op.out.type.shape[1:] if varies else op.out.type.shape
            sizes = [self.size(dim, builder) for dim in dims]
        if room.size is not None and room.bound is not None:
            most = self.most(room.size, room.bound, builder)
            array = replace(
                array, type=array.type.with_shape((dim_of(most), *op.out.type.shape[1:]))
            )
            sizes.insert(0, most)
        args = [self.not_negative(size, builder) for size in sizes]
        self.before += builder.ops
        params = op.params if op.prim is EMPTY else {"dtype": op.out.type.dtype}
        self.before.append(replace(op, prim=EMPTY, args=tuple(args), outs=(array,), params=params))
        self.moving.share(op.out, [array])
        return array

    def most(self, size: Value, bound: Bound, builder: Builder) -> Value:
        """What a size is at most, computed once."""
        if size not in self.rooms:
            symbols = self.bounds.symbols(bound)
            self.before += self.sizes.take(self.bounds.forms.holders[each] for each in symbols)
            most = self.bounds.value(without_zero(bound), builder)
            self.rooms[size] = self.not_negative(most, builder)
        return self.rooms[size]

    def size(self, dim: Dim, builder: Builder) -> Value:
        """A dimension that is known before the loop."""
        value = self.symbols.value_of(dim) if isinstance(dim, str) else None
        return builder.size(dim) if value is None else value

    def not_negative(self, size: Value, builder: Builder) -> Value:
        """The size itself where it certainly is not negative, else the larger of it and zero."""
        self.moving.makers.update((op.out, op) for op in builder.ops)
        if is_not_negative(size, self.moving.makers, self.moving.axes):
            return size
        return builder.emit(IMAX, (size, builder.const(0)), name=size.name)

    # -- what stands in the loop instead -------------------------------------------------------

    def moved(self, op: Op, room: Room) -> list[Op]:
        """What is left of an op in the loop when its array is made before it."""
        if op.prim is EMPTY and room.size is None:
            self.made(op, room, op.out)
            return []
        ops: list[Op] = []
        array = self.made(op, room, replace(op.out))
        if room.size is not None:
            start = op.out if op.prim is EMPTY else replace(op.out)
            ops += self.start_of(array, room.size, start)
            array = start
        return [*ops, *self.filled(op, array)]

    def start_of(self, array: Value, size: Value, part: Value) -> list[Op]:
        """The first rows of an array, as a view."""
        builder = Builder(Symbols(self.symbols))
        builder.loc = part.loc
        spec = (SLICE, *(ALL,) * (part.type.rank - 1))
        operands = (array, builder.const(0), size, builder.const(1))
        builder.append(Op(GET, operands, {"spec": spec}, (part,), (), part.loc))
        self.moving.share(array, [part])
        return builder.ops

    def carry(self, op: Op, ops: list[Op]) -> None:
        """Two arrays before the loop in the place of one that each iteration hands on."""
        turn = op.out if op.prim is EMPTY else replace(op.out)
        self.made(op, Room(), turn)
        first, second = (replace(self.before[-1], outs=(replace(turn),)) for _ in range(2))
        self.before[-1:] = [first, second]
        ops += self.filled(op, turn)
        spare, outs = replace(turn), (replace(turn), replace(turn))
        self.moving.share(op.out, [spare, turn, first.out, second.out, *outs])
        self.carried.append(Carried((first.out, second.out), (turn, spare), outs))

    def filled(self, op: Op, array: Value) -> list[Op]:
        """Fill an array that is made before the loop with what an op made."""
        if op.prim is EMPTY:
            return []
        if op.prim is MATMUL:
            # what it is put into has its name
            product = replace(op.out, named=False)
            whole = {"spec": (ALL,) * op.out.type.rank, "inplace": True}
            put = Op(PUT, (array, product), whole, (op.out,), (), op.loc, op.role)
            return [replace(op, outs=(product,)), put]
        builder = self.builder(op)
        for value in (*op.args, array):
            builder.symbols.note(value)
        source = op.args[0] if op.prim is COPY else None
        sizes = op.args if op.prim is ZEROS else tuple(map(builder.size, op.out.type.shape))
        self.fill(builder, array, source, sizes, (), op.out)
        return builder.ops

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
    return (value for value in defined_values(region) if value.type.rank)

"""What Jacobians and Hessians are put together from: directions, loops over them, blocks.

An :class:`Assembly` holds a function under construction. It starts with the primal's own ops, of
which later passes keep what is needed (the sizes of results, say); then come loops over
directions that fill arrays, the blocks, one for each pair of a result and a parameter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from gradc.adjoint.forward import forward_lanes
from gradc.adjoint.once import inline_pass
from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.inlining import inline, inline_ops, with_fresh_symbols
from gradc.ir.types import Dim, DType, Type
from gradc.ir.walk import all_ops, used_by
from gradc.prims.arithmetic import ADD, CAST, MUL, SUB
from gradc.prims.index import AT, GET, PUT
from gradc.prims.integers import IMIN
from gradc.prims.shape import EMPTY, RESHAPE, ZEROS

# Directions that one pass of forward mode carries: what fills a vector register with float64.
LANES = 4
# Above this many ops a pass carries fewer: each lane has ops of its own to compile.
_LARGE, _HUGE = 400, 1500


def lanes_for(function: Function) -> int:
    """How many directions one pass carries through a function."""
    count = sum(1 for _ in all_ops(function.body))
    return LANES if count <= _LARGE else 2 if count <= _HUGE else 1


@dataclass(frozen=True, slots=True)
class Group:
    """Directions that go together: the elements of one array, or several scalars."""

    positions: tuple[int, ...]
    lanes: int
    array: bool


def directions(function: Function, wrt: Sequence[int], lanes: int) -> Iterator[Group]:
    """All directions in order: arrays alone, neighbouring scalars together."""
    scalars: list[int] = []
    for position in wrt:
        if function.params[position].type.is_scalar:
            scalars.append(position)
            if len(scalars) == 2 * lanes:
                yield Group(tuple(scalars), len(scalars), False)
                scalars = []
            continue
        if scalars:
            yield Group(tuple(scalars), len(scalars), False)
            scalars = []
        yield Group((position,), lanes, True)
    if scalars:
        yield Group(tuple(scalars), len(scalars), False)


def only(function: Function, results: Sequence[int]) -> Function:
    """The function of some of the results."""
    body = function.body
    chosen = tuple(function.results[number] for number in results)
    return Function(function.name, Region(body.params, body.ops, chosen), function.loc)


@dataclass
class Assembly:
    """The function under construction: the primal's ops, then loops that fill blocks.

    Attributes
    ----------
    before : dict or None
        What the values of the primal are before the loops, where these read them from there.
    """

    function: Function
    builder: Builder
    results: list[Value]
    before: dict[Value, Value] | None
    constants: dict[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, function: Function, once: bool = True) -> Assembly:
        builder = Builder(Symbols())
        for param in function.params:
            builder.symbols.note(param)
        builder.symbols.taken.update(Symbols.of(function).taken)
        builder.loc = function.loc
        before: dict[Value, Value] = {param: param for param in function.params}
        inline_ops(builder, function.ops, before)
        results = [before.get(result, result) for result in function.results]
        builder.role = Role.TANGENT
        return cls(function, builder, results, before if once else None)

    def finish(self, suffix: str, blocks: Sequence[Value]) -> Function:
        body = self.builder.close(self.function.params, (*self.results, *blocks))
        return Function(self.function.name + suffix, body, self.function.loc)

    def count(self, shape: Sequence[Dim]) -> Value:
        """How many elements an array of a shape has."""
        sizes = [self.builder.size(dim) for dim in shape]
        if all(isinstance(size.size, int) for size in sizes):
            total = 1
            for size in sizes:
                assert isinstance(size.size, int)
                total *= size.size
            return self.builder.const(total)
        product = sizes[0]
        for size in sizes[1:]:
            product = self.builder.emit(MUL, [product, size], name="count")
        return product

    def sizes(self, shape: Sequence[Dim]) -> list[Value]:
        return [self.builder.size(dim) for dim in shape]

    def buffer(self, like: Type, sizes: Sequence[Value | None], zero: bool, name: str) -> Value:
        """An array for a block, undefined or zero; None among the sizes is an axis there is not."""
        given = [size for size in sizes if size is not None]
        if zero:
            return self.builder.emit(ZEROS, given, {"dtype": like.dtype}, name=name)
        return self.builder.emit(EMPTY, given, {"dtype": like.dtype, "settled": True}, name=name)

    @contextmanager
    def loop(
        self,
        stop: Value,
        step: int,
        carried: Sequence[Value],
        name: str,
        start: Value | None = None,
    ) -> Iterator[Rows]:
        """A counted loop that carries buffers; its results are in ``loop.outs``."""
        outer = self.builder
        bounds = (outer.const(0) if start is None else start, stop, outer.const(step))
        inner = outer.child()
        index = inner.value(Type(DType.INT), name)
        params = [inner.value(value.type, value.name) for value in carried]
        made = Rows(index, list(params))
        self.builder = inner
        try:
            yield made
        finally:
            self.builder = outer
        region = inner.close((index, *params), made.buffers)
        made.outs = list(outer.loop(bounds, carried, region))


@dataclass
class Rows:
    index: Value
    buffers: list[Value]
    outs: list[Value] = field(default_factory=list)


def one_hot(work: Assembly, type: Type, flat: Value, place: Value) -> Value:
    """An array of a type that is 1 at one place, counted over all its elements, and 0 elsewhere."""
    builder = work.builder
    one = builder.const(1.0, type.dtype)
    empty = builder.emit(ZEROS, [flat], {"dtype": type.dtype}, name="seed")
    seed = builder.emit(PUT, [empty, one, place], {"spec": (AT,)}, name="seed")
    if type.rank == 1:
        return seed
    return builder.emit(RESHAPE, [seed, *work.sizes(type.shape)], name="seed")


def cast(builder: Builder, value: Value, dtype: DType) -> Value:
    if value.type.dtype is dtype:
        return value
    return builder.emit(CAST, [value], {"dtype": dtype}, name=value.name)


def places_of(work: Assembly, first: Value, flat: Value, lanes: int) -> list[Value]:
    """The elements of a chunk; those beyond the end are the last one once more."""
    builder = work.builder
    if lanes == 1:
        return [first]
    last = builder.emit(SUB, [flat, builder.const(1)], name="last")
    places = [first]
    for lane in range(1, lanes):
        ahead = builder.emit(ADD, [first, builder.const(lane)], name="j")
        places.append(builder.emit(IMIN, [ahead, last], name="j"))
    return places


def shaped(work: Assembly, block: Value, shape: Sequence[Dim]) -> Value:
    if block.type.rank == len(shape):
        return block
    return work.builder.emit(RESHAPE, [block, *work.sizes(shape)], name=block.name)


def _among(work: Assembly, swept: Function, function: Function) -> Function:
    """A derivative whose new sizes have names that nothing has where it is going to be."""
    return with_fresh_symbols(swept, function, work.builder.symbols)


def swept_lanes(
    work: Assembly, function: Function, position: int, places: Sequence[Value], flat: Value
) -> list[list[Value]]:
    """The tangents of all results along some elements of a parameter, element by element."""
    param = function.params[position]
    seeds = [one_hot(work, param.type, flat, place) for place in places]
    swept = _among(work, forward_lanes(function, [[position]] * len(places)), function)
    count = len(function.results)
    args = [*function.params, *seeds]
    if work.before is None:
        dots = inline(work.builder, swept, args)[count:]
    else:
        dots = inline_pass(work.builder, swept, args, work.before)[count:]
    return [dots[lane * count : (lane + 1) * count] for lane in range(len(places))]


def scalar_dots(work: Assembly, function: Function, group: Group, count: int) -> list[list[Value]]:
    """The tangents of all results along each scalar of a group."""
    builder = work.builder
    swept = _among(work, forward_lanes(function, [[p] for p in group.positions]), function)
    seeds = [builder.const(1.0, function.params[p].type.dtype) for p in group.positions]
    dots = inline(builder, swept, [*function.params, *seeds])[count:]
    return [dots[lane * count : (lane + 1) * count] for lane in range(len(group.positions))]


def put(work: Assembly, target: Value, value: Value, *at: Value) -> Value:
    spec = (AT,) * len(at)
    return work.builder.emit(PUT, [target, value, *at], {"spec": spec}, name=target.name)


def element_of(work: Assembly, column: Value, index: Value) -> Value:
    return work.builder.emit(GET, [column, index], {"spec": (AT,)}, name=column.name)


def flattened(work: Assembly, dot: Value, count: Value) -> Value:
    if dot.type.rank == 1:
        return dot
    return work.builder.emit(RESHAPE, [dot, count], name=dot.name)


def cast_like(work: Assembly, value: Value, like: Value) -> Value:
    return cast(work.builder, value, like.type.dtype)


def split_ops(ops: Sequence[Op], seeds: Sequence[Value]) -> tuple[list[Op], list[Op]]:
    """The ops that are the same for all seeds, and the others."""
    depends = set(seeds)
    before: list[Op] = []
    after: list[Op] = []
    for op in ops:
        if depends.isdisjoint(used_by(op)):
            before.append(op)
        else:
            after.append(op)
            depends.update(op.outs)
    return before, after

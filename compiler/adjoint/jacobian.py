"""Whole Jacobians and Hessians as one function: a loop over directions around either mode.

Forward mode runs over the elements of an argument in chunks, and each pass carries a chunk of
directions (:func:`gradc.adjoint.forward.forward_lanes`), which share the primal::

    def f(x):                    def f_jacobian(x):
        y = x * x                    y_jac = np.empty((n, n))
        return y                     for j in range(0, n, 2):
                                         y_jac[:, j] = ...           # along element j
                                         y_jac[:, min(j + 1, n - 1)] = ...
                                     return y_jac

A chunk that sticks out at the end repeats the last direction. Reverse mode runs the primal once
and sweeps backwards once for each element of the result::

    def f(x):                    def f_jacobian(x):
        a = sin(x)                   a = sin(x); p = cos(x)
        return a                     y_jac = np.empty((n, n))
                                     for i in range(n):
                                         a_bar = np.zeros(n); a_bar[i] = 1.0
                                         y_jac[i, :] = a_bar * p
                                     return y_jac

A Hessian is forward over reverse. Each pair of elements is computed once and written to both its
places, so that the Hessian is symmetric exactly (Griewank and Walther, 2008, "Evaluating
Derivatives", chapter 5, for the cost of either mode).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from gradc.adjoint.forward import forward_lanes
from gradc.adjoint.reverse import reverse
from gradc.analysis.activity import activity
from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.types import Dim, DType, Type
from gradc.ir.walk import all_ops, clone_op, used_by
from gradc.prims.arithmetic import ADD, CAST, MUL, SUB
from gradc.prims.index import ALL, AT, GET, PUT, SLICE
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


def jacobian_forward(function: Function, wrt: Sequence[int], results: Sequence[int]) -> Function:
    """Build the Jacobian of some results by forward mode.

    Parameters
    ----------
    function : Function
    wrt, results : sequence of int
        Positions of parameters and of float results.

    Returns
    -------
    Function
        Of the same parameters; its results are those of `function` and then, for each of
        `results` and in it for each of `wrt`, an array of the result's shape followed by the
        parameter's, of the parameter's element type.
    """
    work = _Blocks.of(function)
    blocks: dict[tuple[int, int], Value] = {}
    outs = [function.results[number] for number in results]
    for group in _directions(function, wrt, lanes_for(function)):
        found = _columns(work, _only(function, results), group, outs)
        for (row, position), block in found.items():
            blocks[results[row], position] = block
    return work.finish("_jacfwd", [blocks[r, p] for r in results for p in wrt])


def jacobian_reverse(function: Function, wrt: Sequence[int], results: Sequence[int]) -> Function:
    """Build the Jacobian of some results by reverse mode; see :func:`jacobian_forward`."""
    work = _Blocks.of(function)
    blocks = []
    for number in results:
        blocks += _rows(work, function, wrt, number)
    return work.finish("_jacrev", blocks)


def hessian_of_gradient(gradient: Function, wrt: Sequence[int]) -> Function:
    """Build the Hessian from a gradient.

    Parameters
    ----------
    gradient : Function
        Its last results are the gradients with respect to `wrt`.
    wrt : sequence of int
        Positions of parameters.

    Returns
    -------
    Function
        Of the same parameters; its results are the other results of `gradient` and then, for
        each of `wrt` and in it for each of `wrt`, the block of the Hessian.
    """
    work = _Blocks.of(gradient)
    count = len(gradient.results) - len(wrt)
    order = {position: place for place, position in enumerate(wrt)}
    blocks: dict[tuple[int, int], Value] = {}
    for group in _directions(gradient, wrt, lanes_for(gradient)):
        # the pairs with what comes later are computed there
        last = max(order[position] for position in group.positions)
        rows = [count + place for place in range(last + 1)]
        _triangle(work, _only(gradient, rows), group, [gradient.results[n] for n in rows], blocks)
    pairs = [(a, b) for a in range(len(wrt)) for b in range(len(wrt))]
    work.results = work.results[:count]
    return work.finish("_hessian", [blocks[pair] for pair in pairs])


# -- what the loops are built from --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Group:
    """Directions that go together: the elements of one array, or several scalars."""

    positions: tuple[int, ...]
    lanes: int
    array: bool


def _directions(function: Function, wrt: Sequence[int], lanes: int) -> Iterator[_Group]:
    """All directions in order: arrays alone, neighbouring scalars together."""
    scalars: list[int] = []
    for position in wrt:
        if function.params[position].type.is_scalar:
            scalars.append(position)
            if len(scalars) == 2 * lanes:
                yield _Group(tuple(scalars), len(scalars), False)
                scalars = []
            continue
        if scalars:
            yield _Group(tuple(scalars), len(scalars), False)
            scalars = []
        yield _Group((position,), lanes, True)
    if scalars:
        yield _Group(tuple(scalars), len(scalars), False)


def _only(function: Function, results: Sequence[int]) -> Function:
    """The function of some of the results."""
    body = function.body
    chosen = tuple(function.results[number] for number in results)
    return Function(function.name, Region(body.params, body.ops, chosen), function.loc)


@dataclass
class _Blocks:
    """The function under construction: the primal's ops, then loops that fill blocks."""

    function: Function
    builder: Builder
    results: list[Value]
    constants: dict[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, function: Function) -> _Blocks:
        builder = Builder(Symbols())
        for param in function.params:
            builder.symbols.note(param)
        builder.symbols.taken.update(Symbols.of(function).taken)
        builder.loc = function.loc
        results = inline(builder, function, function.params)
        builder.role = Role.TANGENT
        return cls(function, builder, results)

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

    def buffer(self, type: Type, sizes: Sequence[Value], filled: bool, name: str) -> Value:
        if not sizes:
            return self.builder.const(0.0, type.dtype)
        return self.builder.emit(
            ZEROS if filled else EMPTY, sizes, {"dtype": type.dtype}, name=name
        )

    @contextmanager
    def loop(
        self, stop: Value, step: int, carried: Sequence[Value], name: str
    ) -> Iterator[_Loop]:
        """A counted loop from 0 that carries buffers; its results are in ``loop.outs``."""
        outer = self.builder
        bounds = (outer.const(0), stop, outer.const(step))
        inner = outer.child()
        index = inner.value(Type(DType.INT), name)
        params = [inner.value(value.type, value.name) for value in carried]
        made = _Loop(index, list(params))
        self.builder = inner
        try:
            yield made
        finally:
            self.builder = outer
        region = inner.close((index, *params), made.buffers)
        made.outs = list(outer.loop(bounds, carried, region))


@dataclass
class _Loop:
    index: Value
    buffers: list[Value]
    outs: list[Value] = field(default_factory=list)


def inline(builder: Builder, function: Function, args: Sequence[Value]) -> list[Value]:
    """Append a copy of a function's ops; returns its results for these arguments."""
    mapping = dict(zip(function.params, args, strict=True))
    inline_ops(builder, function.ops, mapping)
    return [mapping.get(result, result) for result in function.results]


def inline_ops(builder: Builder, ops: Sequence[Op], mapping: dict[Value, Value]) -> None:
    """Append copies of ops; `mapping` is extended by what they define."""
    for op in ops:
        copied = clone_op(op, mapping)
        builder.append(copied)
        for out in copied.outs:
            builder.symbols.note(out)


def _one_hot(work: _Blocks, type: Type, flat: Value, place: Value) -> Value:
    """An array of a type that is 1 at one place, counted over all its elements, and 0 elsewhere."""
    builder = work.builder
    one = builder.const(1.0, type.dtype)
    empty = builder.emit(ZEROS, [flat], {"dtype": type.dtype}, name="seed")
    seed = builder.emit(PUT, [empty, one, place], {"spec": (AT,)}, name="seed")
    if type.rank == 1:
        return seed
    return builder.emit(RESHAPE, [seed, *work.sizes(type.shape)], name="seed")


def _cast(builder: Builder, value: Value, dtype: DType) -> Value:
    if value.type.dtype is dtype:
        return value
    return builder.emit(CAST, [value], {"dtype": dtype}, name=value.name)


# -- forward mode -------------------------------------------------------------------------------


def _columns(
    work: _Blocks, function: Function, group: _Group, outs: Sequence[Value]
) -> dict[tuple[int, int], Value]:
    """The blocks of one group of directions, by result and parameter."""
    if not group.array:
        return _scalar_columns(work, function, group, outs)
    (position,) = group.positions
    param = function.params[position]
    active = activity(function, [position])
    flat = work.count(param.type.shape)
    buffers = [
        work.buffer(
            param.type, [*work.sizes(out.type.shape), flat], not active.is_active(out), "jac"
        )
        for out in outs
    ]
    filled = [row for row, out in enumerate(outs) if active.is_active(out)]
    if filled:
        with work.loop(flat, group.lanes, [buffers[row] for row in filled], "j") as loop:
            places = _places(work, loop.index, flat, group.lanes)
            seeds = [_one_hot(work, param.type, flat, place) for place in places]
            swept = forward_lanes(function, [[position]] * group.lanes)
            dots = inline(work.builder, swept, [*function.params, *seeds])[len(outs) :]
            for lane, place in enumerate(places):
                for number, row in enumerate(filled):
                    dot = _cast(work.builder, dots[lane * len(outs) + row], param.type.dtype)
                    spec = (ALL,) * outs[row].type.rank + (AT,)
                    loop.buffers[number] = work.builder.emit(
                        PUT, [loop.buffers[number], dot, place], {"spec": spec}, name="jac"
                    )
        for number, row in enumerate(filled):
            buffers[row] = loop.outs[number]
    return {
        (row, position): _shaped(work, buffers[row], (*out.type.shape, *param.type.shape))
        for row, out in enumerate(outs)
    }


def _places(work: _Blocks, first: Value, flat: Value, lanes: int) -> list[Value]:
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


def _shaped(work: _Blocks, block: Value, shape: Sequence[Dim]) -> Value:
    if block.type.rank == len(shape):
        return block
    return work.builder.emit(RESHAPE, [block, *work.sizes(shape)], name=block.name)


def _scalar_columns(
    work: _Blocks, function: Function, group: _Group, outs: Sequence[Value]
) -> dict[tuple[int, int], Value]:
    dots = _scalar_dots(work, function, group, len(outs))
    found = {}
    for lane, position in enumerate(group.positions):
        dtype = function.params[position].type.dtype
        for row in range(len(outs)):
            found[row, position] = _cast(work.builder, dots[lane][row], dtype)
    return found


def _scalar_dots(
    work: _Blocks, function: Function, group: _Group, count: int
) -> list[list[Value]]:
    """The tangents of all results along each scalar of a group."""
    builder = work.builder
    swept = forward_lanes(function, [[position] for position in group.positions])
    seeds = [builder.const(1.0, function.params[p].type.dtype) for p in group.positions]
    dots = inline(builder, swept, [*function.params, *seeds])[count:]
    return [dots[lane * count : (lane + 1) * count] for lane in range(len(group.positions))]


# -- reverse mode -------------------------------------------------------------------------------


def _rows(work: _Blocks, function: Function, wrt: Sequence[int], number: int) -> list[Value]:
    """The blocks of one result with respect to all parameters."""
    result = function.results[number]
    swept = reverse(_only(function, [number]), wrt, results=[0], seeded=True)
    seed_param = swept.params[-1]
    mapping = dict(zip(swept.params[:-1], function.params, strict=True))
    before, after = _split(swept.ops, seed_param)
    inline_ops(work.builder, before, mapping)
    bars = swept.results[1:]
    if result.type.is_scalar:
        mapping[seed_param] = work.builder.const(1.0, result.type.dtype)
        inline_ops(work.builder, after, mapping)
        return [mapping.get(bar, bar) for bar in bars]
    flat = work.count(result.type.shape)
    active = activity(function, wrt, [number])
    filled = [k for k, position in enumerate(wrt) if active.is_active(function.params[position])]
    params = [function.params[position] for position in wrt]
    buffers = [
        work.buffer(param.type, [flat, *work.sizes(param.type.shape)], k not in filled, "jac")
        for k, param in enumerate(params)
    ]
    if filled:
        with work.loop(flat, 1, [buffers[k] for k in filled], "i") as loop:
            inside = dict(mapping)
            inside[seed_param] = _one_hot(work, result.type, flat, loop.index)
            inline_ops(work.builder, after, inside)
            for place, k in enumerate(filled):
                spec = (AT,) + (ALL,) * params[k].type.rank
                loop.buffers[place] = work.builder.emit(
                    PUT,
                    [loop.buffers[place], inside.get(bars[k], bars[k]), loop.index],
                    {"spec": spec},
                    name="jac",
                )
        for place, k in enumerate(filled):
            buffers[k] = loop.outs[place]
    return [
        _shaped(work, buffers[k], (*result.type.shape, *param.type.shape))
        for k, param in enumerate(params)
    ]


def _split(ops: Sequence[Op], seed: Value) -> tuple[list[Op], list[Op]]:
    """The ops that are the same for every seed, and the others."""
    depends, before, after = {seed}, [], []
    for op in ops:
        if depends.isdisjoint(used_by(op)):
            before.append(op)
        else:
            after.append(op)
            depends.update(op.outs)
    return before, after


# -- second order -------------------------------------------------------------------------------


def _triangle(
    work: _Blocks,
    function: Function,
    group: _Group,
    outs: Sequence[Value],
    blocks: dict[tuple[int, int], Value],
) -> None:
    """The blocks of a group of directions with all parameters up to them, and their transposes."""
    if group.array:
        _array_triangle(work, function, group, outs, blocks)
        return
    dots = _scalar_dots(work, function, group, len(outs))
    first = len(outs) - len(group.positions)
    for lane, row_dots in enumerate(dots):
        own = first + lane
        for row in range(own + 1):
            blocks[row, own] = blocks[own, row] = row_dots[row]


def _array_triangle(
    work: _Blocks,
    function: Function,
    group: _Group,
    outs: Sequence[Value],
    blocks: dict[tuple[int, int], Value],
) -> None:
    (position,) = group.positions
    param, own = function.params[position], len(outs) - 1
    flat = work.count(param.type.shape)
    active = activity(function, [position])
    rows = [work.count(out.type.shape) if out.type.rank else None for out in outs]
    buffers: list[Value] = []
    for row, out in enumerate(outs):
        filled = not active.is_active(out)
        before = [] if rows[row] is None else [rows[row]]
        sizes = [size for size in (*before, flat) if size is not None]
        buffers.append(work.buffer(param.type, sizes, filled, "hess"))
        if row < own:
            turned = [size for size in (flat, *before) if size is not None]
            buffers.append(work.buffer(out.type, turned, filled, "hess"))
    with work.loop(flat, group.lanes, buffers, "j") as loop:
        places = _places(work, loop.index, flat, group.lanes)
        seeds = [_one_hot(work, param.type, flat, place) for place in places]
        swept = forward_lanes(function, [[position]] * group.lanes)
        dots = inline(work.builder, swept, [*function.params, *seeds])[len(outs) :]
        for lane, place in enumerate(places):
            for row in range(own):
                dot = dots[lane * len(outs) + row]
                _write_pair(work, loop, 2 * row, dot, rows[row], place)
            dot = dots[lane * len(outs) + own]
            _write_from_diagonal(work, loop, 2 * own, dot, flat, place)
    for row, out in enumerate(outs):
        shape = (*out.type.shape, *param.type.shape)
        blocks[row, own] = _shaped(work, loop.outs[2 * row], shape)
        if row < own:
            turned_shape = (*param.type.shape, *out.type.shape)
            blocks[own, row] = _shaped(work, loop.outs[2 * row + 1], turned_shape)


def _flattened(work: _Blocks, dot: Value, count: Value | None) -> Value:
    if count is None or dot.type.rank == 1:
        return dot
    return work.builder.emit(RESHAPE, [dot, count], name=dot.name)


def _write_pair(
    work: _Blocks, loop: _Loop, at: int, dot: Value, count: Value | None, place: Value
) -> None:
    """Write a column of a block, and the same as a row of the block across the diagonal."""
    builder = work.builder
    column = _flattened(work, dot, count)
    ranks = (ALL,) * column.type.rank
    for buffer, spec in ((at, (*ranks, AT)), (at + 1, (AT, *ranks))):
        target = loop.buffers[buffer]
        part = _cast(builder, column, target.type.dtype)
        loop.buffers[buffer] = builder.emit(
            PUT, [target, part, place], {"spec": spec}, name="hess"
        )


def _write_from_diagonal(
    work: _Blocks, loop: _Loop, at: int, dot: Value, flat: Value, place: Value
) -> None:
    """Write a column from the diagonal downwards, and the same as a row."""
    builder = work.builder
    column = _flattened(work, dot, flat)
    one = builder.const(1)
    left = builder.emit(SUB, [flat, place], name="left")
    part = builder.emit(GET, [column, place, left, one], {"spec": (SLICE,)}, name=dot.name)
    target = loop.buffers[at]
    target = builder.emit(
        PUT, [target, part, place, left, one, place], {"spec": (SLICE, AT)}, name="hess"
    )
    loop.buffers[at] = builder.emit(
        PUT, [target, part, place, place, left, one], {"spec": (AT, SLICE)}, name="hess"
    )


def hessian_vector(gradient: Function, wrt: Sequence[int]) -> Function:
    """Build the Hessian-vector product from a gradient: forward over reverse.

    Parameters
    ----------
    gradient : Function
        Its last results are the gradients with respect to `wrt`.
    wrt : sequence of int

    Returns
    -------
    Function
        Its parameters are those of `gradient` and one vector for each of `wrt`; its results the
        other results of `gradient` and one product for each of `wrt`.
    """
    swept = forward_lanes(gradient, [wrt])
    count = len(gradient.results) - len(wrt)
    results = (*swept.results[:count], *swept.results[len(swept.results) - len(wrt) :])
    body = Region(swept.params, swept.ops, results)
    return Function(f"{gradient.name}_hvp", body, gradient.loc)

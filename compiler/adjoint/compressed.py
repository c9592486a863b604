"""The entries of a sparse Jacobian as one function: directions by colour, several in one pass.

Columns of one colour share no row, so that the product with the sum of their unit vectors holds
the entries of all of them (:mod:`gradc_runtime.colouring`). A loop over the colours takes the
products; then each entry is fetched from its place::

    def f(x):                    def f_sparse(x, colours, count, sources):
        y = x * x                    products = np.empty((count, n))
        return y                     for c in range(0, count, 2):
                                         c_1 = min(c + 1, count - 1)
                                         ...                # y_dot along (colours == c), (.. c_1)
                                         products[c, :] = y_dot
                                         products[c_1, :] = y_dot_1
                                     for k in range(entries):
                                         data[k] = products.flat[sources[k]]
                                     return data

Where one pass takes all products there is no loop.

Rows are coloured where that needs fewer products, and then these are of reverse mode. Hessians are
the Jacobians of gradients.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.adjoint.assembly import (
    Assembly,
    cast_like,
    element_of,
    flattened,
    only,
    places_of,
    put,
    split_ops,
)
from gradc.adjoint.forward import forward_lanes
from gradc.adjoint.lanes import with_lanes
from gradc.adjoint.reverse import reverse
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Region, Value
from gradc.ir.inlining import inline_ops, with_fresh_symbols
from gradc.ir.types import INT, DType, Type
from gradc.prims.arithmetic import ADD, CAST, MUL
from gradc.prims.compare import EQ
from gradc.prims.index import AT, PUT, SLICE
from gradc.prims.shape import BROADCAST, EMPTY, RESHAPE


def compressed_forward(
    function: Function, wrt: Sequence[int], results: Sequence[int], lanes: int, loop: bool
) -> Function:
    """Build the function of the entries by products with coloured columns.

    Parameters
    ----------
    function : Function
    wrt, results : sequence of int
        Positions of parameters and of float results.
    lanes : int
        How many products one pass takes.
    loop : bool
        Whether there are several passes; else there are as many colours as lanes.

    Returns
    -------
    Function
        Its parameters are those of `function`; for each of `wrt` integers of its shape, the
        colours; the number of colours; and for each entry its place among the products, which
        lie one after the other. Its result holds the entries.
    """
    chosen = only(function, results)
    swept = forward_lanes(chosen, [wrt] * lanes)
    count = len(results)
    made = Function(swept.name, _results(swept.body, swept.results[count:]), swept.loc)
    likes = [function.params[position] for position in wrt]
    return _compressed(function, made, likes, chosen.results, lanes, loop)


def compressed_reverse(
    function: Function, wrt: Sequence[int], results: Sequence[int], lanes: int, loop: bool
) -> Function:
    """Build the same by products with coloured rows; see :func:`compressed_forward`.

    The colours are those of the elements of `results`, and the places are of the products of
    an element of `wrt`.
    """
    chosen = only(function, results)
    swept = reverse(chosen, wrt, results=list(range(len(results))), seeded=True)
    count, first = len(results), len(function.params)
    pullback = Function(swept.name, _results(swept.body, swept.results[count:]), swept.loc)
    seeds = range(first, len(swept.params))
    made = with_lanes(pullback, seeds, lanes)
    outs = [function.params[position] for position in wrt]
    return _compressed(function, made, swept.params[first:], outs, lanes, loop)


def _results(body: Region, results: Sequence[Value]) -> Region:
    return Region(body.params, body.ops, tuple(results))


def _compressed(
    function: Function,
    swept: Function,
    likes: Sequence[Value],
    outs: Sequence[Value],
    lanes: int,
    several: bool,
) -> Function:
    """Take products along the colours of `likes`, and fetch the entries from those of `outs`."""
    work = Assembly.of(function)
    swept = with_fresh_symbols(swept, function, work.builder.symbols)
    builder, first = work.builder, len(function.params)
    colours = [builder.value(like.type.with_dtype(DType.INT), "colours") for like in likes]
    total = builder.value(INT, "count")
    sources = builder.value(Type(DType.INT, (builder.symbols.fresh("entries"),)), "sources")
    before, after = split_ops(swept.ops, swept.params[first:])
    mapping = dict(zip(swept.params, function.params, strict=False))
    inline_ops(builder, before, mapping)
    widths = [work.count(out.type.shape) if out.type.rank else None for out in outs]
    row = _sum(builder, [builder.const(1) if width is None else width for width in widths])
    dtype = DType.F32 if all(out.type.dtype is DType.F32 for out in outs) else DType.F64

    def products(target: Value, places: Sequence[Value]) -> Value:
        inside = dict(mapping)
        given = iter(swept.params[first:])
        for place in places:
            for own, like in zip(colours, likes, strict=True):
                inside[next(given)] = _seed(work, own, place, like.type)
        inline_ops(work.builder, after, inside)
        found = [inside.get(result, result) for result in swept.results]
        for lane, place in enumerate(places):
            own_dots = found[lane * len(outs) : (lane + 1) * len(outs)]
            target = _put_row(work, target, own_dots, widths, place)
        return target

    count = total if several else builder.const(lanes)
    empty = builder.emit(EMPTY, [count, row], {"dtype": dtype}, name="products")
    if several:
        with work.loop(total, lanes, [empty], "c") as loop:
            places = places_of(work, loop.index, total, lanes)
            loop.buffers[0] = products(loop.buffers[0], places)
        (made,) = loop.outs
    else:
        made = products(empty, [builder.const(lane) for lane in range(lanes)])
    size = builder.emit(MUL, [count, row], name="size")
    data = _fetched(work, made, size, sources)
    body = builder.close((*function.params, *colours, total, sources), (data,))
    return Function(f"{function.name}_sparse", body, function.loc)


def _sum(builder: Builder, sizes: Sequence[Value]) -> Value:
    total = sizes[0]
    for size in sizes[1:]:
        total = builder.emit(ADD, [total, size], name="row")
    return total


def _put_row(
    work: Assembly,
    target: Value,
    dots: Sequence[Value],
    widths: Sequence[Value | None],
    place: Value,
) -> Value:
    """Write the product along one colour: the tangents of all results, one after the other."""
    builder = work.builder
    one, start = builder.const(1), builder.const(0)
    for dot, width in zip(dots, widths, strict=True):
        value = cast_like(work, dot, target)
        if width is None:
            target = put(work, target, value, place, start)
        else:
            where = [place, start, width, one]
            args = [target, flattened(work, value, width), *where]
            target = builder.emit(PUT, args, {"spec": (AT, SLICE)}, name="products")
        start = builder.emit(ADD, [start, one if width is None else width], name="start")
    return target


def _seed(work: Assembly, colours: Value, colour: Value, like: Type) -> Value:
    """One where the elements have a colour, zero elsewhere."""
    builder = work.builder
    if like.rank:
        sizes = work.sizes(colours.type.shape)
        colour = builder.emit(BROADCAST, [colour, *sizes], {"axes": ()}, name=colour.name)
    chosen = builder.emit(EQ, [colours, colour])
    return builder.emit(CAST, [chosen], {"dtype": like.dtype}, name="seed")


def _fetched(work: Assembly, products: Value, size: Value, sources: Value) -> Value:
    """The entries in their order."""
    builder = work.builder
    flat = builder.emit(RESHAPE, [products, size], name="products")
    (entries,) = work.sizes(sources.type.shape)
    empty = builder.emit(EMPTY, [entries], {"dtype": products.type.dtype}, name="data")
    with work.loop(entries, 1, [empty], "k") as rows:
        place = element_of(work, sources, rows.index)
        rows.buffers[0] = put(work, rows.buffers[0], element_of(work, flat, place), rows.index)
    return rows.outs[0]

"""Hessians as one function, and their products with vectors: forward over reverse mode.

A Hessian is the Jacobian of the gradient by forward mode, several directions in one pass. Each
pair of elements is computed once and written to both its places, so that it is symmetric exactly::

    def f_grad(x):               def f_hessian(x):
        ...                          hess = np.empty((n, n))
        return x_bar                 for j in range(0, n, 2):
                                         ...                     # x_bar_dot along elements j, j_1
                                         for i in range(j, n):
                                             hess[i, j] = x_bar_dot[i]
                                             hess[j, i] = x_bar_dot[i]
                                             hess[i, j_1] = x_bar_dot_1[i]
                                             hess[j_1, i] = x_bar_dot_1[i]
                                     return hess
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.adjoint.assembly import (
    Assembly,
    Group,
    cast_like,
    directions,
    element_of,
    flattened,
    lanes_for,
    only,
    places_of,
    put,
    scalar_dots,
    shaped,
    swept_lanes,
)
from gradc.adjoint.forward import forward_lanes
from gradc.analysis.activity import activity
from gradc.ir.core import Function, Region, Value


def hessian_of_gradient(gradient: Function, wrt: Sequence[int], once: bool = True) -> Function:
    """Build the Hessian from a gradient.

    Parameters
    ----------
    gradient : Function
        Its last results are the gradients with respect to `wrt`.
    wrt : sequence of int
        Positions of parameters.
    once : bool
        Whether the passes read what the gradient computed before them; see `once`.

    Returns
    -------
    Function
        Of the same parameters; its results are the other results of `gradient` and then, for
        each of `wrt` and in it for each of `wrt`, the block of the Hessian.
    """
    work = Assembly.of(gradient, once)
    count = len(gradient.results) - len(wrt)
    order = {position: place for place, position in enumerate(wrt)}
    blocks: dict[tuple[int, int], Value] = {}
    for group in directions(gradient, wrt, lanes_for(gradient)):
        # the pairs with what comes later are computed there
        last = max(order[position] for position in group.positions)
        rows = [count + place for place in range(last + 1)]
        _triangle(work, only(gradient, rows), group, [gradient.results[n] for n in rows], blocks)
    pairs = [(a, b) for a in range(len(wrt)) for b in range(len(wrt))]
    work.results = work.results[:count]
    return work.finish("_hessian", [blocks[pair] for pair in pairs])


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


def _triangle(
    work: Assembly,
    function: Function,
    group: Group,
    outs: Sequence[Value],
    blocks: dict[tuple[int, int], Value],
) -> None:
    """The blocks of a group of directions with all parameters up to them, and their transposes."""
    if group.array:
        _array_triangle(work, function, group, outs, blocks)
        return
    dots = scalar_dots(work, function, group, len(outs))
    first = len(outs) - len(group.positions)
    for lane, row_dots in enumerate(dots):
        own = first + lane
        for row in range(own + 1):
            blocks[row, own] = blocks[own, row] = row_dots[row]


def _array_triangle(
    work: Assembly,
    function: Function,
    group: Group,
    outs: Sequence[Value],
    blocks: dict[tuple[int, int], Value],
) -> None:
    (position,) = group.positions
    param, own = function.params[position], len(outs) - 1
    flat = work.count(param.type.shape)
    active = activity(function, [position])
    counts = [work.count(out.type.shape) if out.type.rank else None for out in outs]
    buffers: list[Value] = []
    for count, out in zip(counts, outs, strict=True):
        zero = not active.is_active(out)
        buffers.append(work.buffer(param.type, (count, flat), zero, "hess"))
        if out is not outs[own]:
            buffers.append(work.buffer(out.type, (flat, count), zero, "hess"))
    with work.loop(flat, group.lanes, buffers, "j") as loop:
        places = places_of(work, loop.index, flat, group.lanes)
        dots = swept_lanes(work, function, position, places, flat)
        for row in range(own):
            columns = [each[row] for each in dots]
            pair = loop.buffers[2 * row : 2 * row + 2]
            written = _write_pairs(work, pair, columns, places, counts[row], None)
            loop.buffers[2 * row : 2 * row + 2] = written
        columns = [each[own] for each in dots]
        loop.buffers[2 * own :] = _write_pairs(
            work, loop.buffers[2 * own :], columns, places, flat, loop.index
        )
    for row, out in enumerate(outs):
        shape = (*out.type.shape, *param.type.shape)
        blocks[row, own] = shaped(work, loop.outs[2 * row], shape)
        if row < own:
            turned = (*param.type.shape, *out.type.shape)
            blocks[own, row] = shaped(work, loop.outs[2 * row + 1], turned)


def _write_pairs(
    work: Assembly,
    targets: Sequence[Value],
    columns: Sequence[Value],
    places: Sequence[Value],
    count: Value | None,
    first: Value | None,
) -> list[Value]:
    """Write columns of a block, and the same as rows of the block across the diagonal.

    With one target that is itself the block across, and only its lower triangle is read from
    `first` on. Each value goes to both its places at once, so that the last one written is the
    same in both.
    """
    made = list(targets)
    if count is None:
        for column, place in zip(columns, places, strict=True):
            made = [put(work, each, cast_like(work, column, each), place) for each in made]
        return made
    flat = [flattened(work, column, count) for column in columns]
    with work.loop(count, 1, made, "i", start=first) as rows:
        for column, place in zip(flat, places, strict=True):
            element = element_of(work, column, rows.index)
            below, across = rows.buffers[0], rows.buffers[-1]
            below = put(work, below, cast_like(work, element, below), rows.index, place)
            if len(made) == 1:
                across = below
            across = put(work, across, cast_like(work, element, across), place, rows.index)
            rows.buffers = [across] if len(made) == 1 else [below, across]
    return rows.outs

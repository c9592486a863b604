"""Whole Jacobians as one function: a loop over directions around either mode.

Forward mode runs over the elements of an argument in chunks, and each pass carries a chunk of
directions (:func:`gradc.adjoint.forward.forward_lanes`), which share the primal::

    def f(x):                    def f_jacobian(x):
        y = x * x                    jac = np.empty((n, n))
        return y                     for j in range(0, n, 2):
                                         j_1 = min(j + 1, n - 1)
                                         ...                         # y_dot along elements j, j_1
                                         for i in range(n):
                                             jac[i, j] = y_dot[i]
                                             jac[i, j_1] = y_dot_1[i]
                                     return jac

A chunk that sticks out at the end repeats the last direction. Reverse mode runs the primal once
and sweeps backwards once for each element of the result::

    def f(x):                    def f_jacobian(x):
        y = sin(x)                   p = cos(x)
        return y                     jac = np.empty((n, n))
                                     for i in range(n):
                                         y_bar = np.zeros(n); y_bar[i] = 1.0
                                         jac[i, :] = y_bar * p
                                     return jac

The cost of either mode: Griewank and Walther (2008), "Evaluating Derivatives", chapter 4.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.adjoint.assembly import (
    Assembly,
    Group,
    cast,
    directions,
    element_of,
    flattened,
    lanes_for,
    one_hot,
    only,
    places_of,
    put,
    scalar_dots,
    shaped,
    split_ops,
    swept_lanes,
)
from gradc.adjoint.reverse import reverse
from gradc.analysis.activity import activity
from gradc.ir.core import Function, Value
from gradc.ir.inlining import inline_ops, with_fresh_symbols
from gradc.prims.index import ALL, AT, PUT


def jacobian_forward(
    function: Function, wrt: Sequence[int], results: Sequence[int], once: bool = True
) -> Function:
    """Build the Jacobian of some results by forward mode.

    Parameters
    ----------
    function : Function
    wrt, results : sequence of int
        Positions of parameters and of float results.
    once : bool
        Whether the passes read what the primal computed before them; see `once`.

    Returns
    -------
    Function
        Of the same parameters; its results are those of `function` and then, for each of
        `results` and in it for each of `wrt`, an array of the result's shape followed by the
        parameter's, of the parameter's element type.
    """
    work = Assembly.of(function, once)
    blocks: dict[tuple[int, int], Value] = {}
    outs = [function.results[number] for number in results]
    for group in directions(function, wrt, lanes_for(function)):
        found = _columns(work, only(function, results), group, outs)
        for (row, position), block in found.items():
            blocks[results[row], position] = block
    return work.finish("_jacfwd", [blocks[r, p] for r in results for p in wrt])


def jacobian_reverse(function: Function, wrt: Sequence[int], results: Sequence[int]) -> Function:
    """Build the Jacobian of some results by reverse mode; see :func:`jacobian_forward`."""
    work = Assembly.of(function)
    blocks = []
    for number in results:
        blocks += _rows(work, function, wrt, number)
    return work.finish("_jacrev", blocks)


def _columns(
    work: Assembly, function: Function, group: Group, outs: Sequence[Value]
) -> dict[tuple[int, int], Value]:
    """The blocks of one group of directions, by result and parameter."""
    if not group.array:
        return _scalar_columns(work, function, group, outs)
    (position,) = group.positions
    param = function.params[position]
    active = activity(function, [position])
    flat = work.count(param.type.shape)
    counts = [work.count(out.type.shape) if out.type.rank else None for out in outs]
    buffers = [
        work.buffer(param.type, (count, flat), not active.is_active(out), "jac")
        for count, out in zip(counts, outs, strict=True)
    ]
    filled = [row for row, out in enumerate(outs) if active.is_active(out)]
    if filled:
        with work.loop(flat, group.lanes, [buffers[row] for row in filled], "j") as loop:
            places = places_of(work, loop.index, flat, group.lanes)
            dots = swept_lanes(work, function, position, places, flat)
            for number, row in enumerate(filled):
                columns = [cast(work.builder, own[row], param.type.dtype) for own in dots]
                loop.buffers[number] = _write_columns(
                    work, loop.buffers[number], columns, places, counts[row]
                )
        for number, row in enumerate(filled):
            buffers[row] = loop.outs[number]
    return {
        (row, position): shaped(work, buffers[row], (*out.type.shape, *param.type.shape))
        for row, out in enumerate(outs)
    }


def _write_columns(
    work: Assembly,
    target: Value,
    columns: Sequence[Value],
    places: Sequence[Value],
    count: Value | None,
) -> Value:
    """Write columns of a matrix row by row: neighbouring columns share their cache lines."""
    if count is None:
        for column, place in zip(columns, places, strict=True):
            target = put(work, target, column, place)
        return target
    flat = [flattened(work, column, count) for column in columns]
    with work.loop(count, 1, [target], "i") as rows:
        for column, place in zip(flat, places, strict=True):
            element = element_of(work, column, rows.index)
            rows.buffers[0] = put(work, rows.buffers[0], element, rows.index, place)
    return rows.outs[0]


def _scalar_columns(
    work: Assembly, function: Function, group: Group, outs: Sequence[Value]
) -> dict[tuple[int, int], Value]:
    dots = scalar_dots(work, function, group, len(outs))
    found = {}
    for lane, position in enumerate(group.positions):
        dtype = function.params[position].type.dtype
        for row in range(len(outs)):
            found[row, position] = cast(work.builder, dots[lane][row], dtype)
    return found


def _rows(work: Assembly, function: Function, wrt: Sequence[int], number: int) -> list[Value]:
    """The blocks of one result with respect to all parameters."""
    result = function.results[number]
    swept = reverse(only(function, [number]), wrt, results=[0], seeded=True)
    swept = with_fresh_symbols(swept, function, work.builder.symbols)
    seed_param = swept.params[-1]
    mapping = dict(zip(swept.params[:-1], function.params, strict=True))
    before, after = split_ops(swept.ops, [seed_param])
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
            inside[seed_param] = one_hot(work, result.type, flat, loop.index)
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
        shaped(work, buffers[k], (*result.type.shape, *param.type.shape))
        for k, param in enumerate(params)
    ]

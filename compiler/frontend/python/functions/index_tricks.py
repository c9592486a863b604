"""NumPy's objects that are called by an index: ``np.r_``, ``np.c_``, ``np.mgrid`` and the like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradc.frontend.python import indexing
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import as_operand, is_none
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import Constant, List, Ref, Slice, Tuple

_ZERO, _ONE, _TRUE = Constant(0), Constant(1), Constant(True)


def _counted(ctx: Lowering, part: Slice) -> Ref:
    """The numbers that a slice names; a step like ``5j`` says how many there are."""
    start = _ZERO if is_none(part.start) else part.start
    step = _ONE if is_none(part.step) else part.step
    if isinstance(step, Constant) and isinstance(step.value, complex):
        count = Constant(int(abs(step.value)))
        return ctx.call(Constant(np.linspace), (start, part.stop, count), {}, None)
    if is_none(part.stop):
        raise RefusedError("a slice here has an end", "write where it stops: np.r_[0:n]")
    return ctx.call(Constant(np.arange), (start, part.stop, step), {}, None)


def _parts(ctx: Lowering, index: Ref) -> list[Ref]:
    """What is joined, each as an array with axes."""
    made = []
    for item in indexing.index_items(index):
        if isinstance(item, Constant) and isinstance(item.value, str):
            raise RefusedError(
                "directions in a text are not supported here", "use np.concatenate or np.stack"
            )
        array = _counted(ctx, item) if isinstance(item, Slice) else as_operand(ctx, item)
        made.append(ctx.call(Constant(np.atleast_1d), (array,), {}, None))
    return made


def _joined(ctx: Lowering, parts: Sequence[Ref], axis: int) -> Ref:
    listed = List()
    ctx.state.lists[listed] = tuple(parts)
    return ctx.call(Constant(np.concatenate), (listed, Constant(axis)), {}, None)


def rows(ctx: Lowering, index: Ref) -> Ref:
    """``np.r_[...]``: numbers, slices and arrays, one after the other."""
    return _joined(ctx, _parts(ctx, index), 0)


def columns(ctx: Lowering, index: Ref) -> Ref:
    """``np.c_[...]``: the same as columns."""
    made = []
    for part in _parts(ctx, index):
        is_vector = len(ctx.shape(part)) == 1
        shape = Tuple((Constant(-1), _ONE))
        made.append(ctx.call(Constant(np.reshape), (part, shape), {}, None) if is_vector else part)
    return _joined(ctx, made, -1)


def _axes(ctx: Lowering, index: Ref) -> list[Ref]:
    items = indexing.index_items(index)
    if not all(isinstance(item, Slice) for item in items):
        raise RefusedError("a grid is made of slices", "np.mgrid[0:3, 0:1:5j]")
    return [_counted(ctx, item) for item in items if isinstance(item, Slice)]


def full_grid(ctx: Lowering, index: Ref) -> Ref:
    """``np.mgrid[...]``: all coordinates, in an array."""
    axes = _axes(ctx, index)
    if not isinstance(index, Tuple):
        return axes[0]
    grids = ctx.call(Constant(np.meshgrid), axes, {"indexing": Constant("ij")}, None)
    return ctx.call(Constant(np.stack), (grids,), {}, None)


def open_grid(ctx: Lowering, index: Ref) -> Ref:
    """``np.ogrid[...]``: coordinates along one axis each."""
    axes = _axes(ctx, index)
    if not isinstance(index, Tuple):
        return axes[0]
    named = {"indexing": Constant("ij"), "sparse": _TRUE}
    return ctx.call(Constant(np.meshgrid), axes, named, None)


def index_itself(ctx: Lowering, index: Ref) -> Ref:
    """``np.s_[...]``: the index."""
    return index


#: By object, since these are no functions.
BY_INDEX: Mapping[int, Callable[..., Ref]] = {
    id(np.r_): rows,
    id(np.c_): columns,
    id(np.mgrid): full_grid,
    id(np.ogrid): open_grid,
    id(np.s_): index_itself,
    id(np.index_exp): index_itself,
}

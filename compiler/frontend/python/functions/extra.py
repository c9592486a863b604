"""NumPy functions that are loops: accumulations, triangles, searching, interpolation."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from gradc.frontend.python import advanced, indexing
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand
from gradc.frontend.python.functions.linalg import diagonal_value
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.functions.shaping import as_array, permuted, ravel
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Constant, Ref, Tuple
from gradc.frontend.python.written import signals

REGISTRY = Registry()

ZERO, ONE, LAST, FALSE = Constant(0), Constant(1), Constant(-1), Constant(False)


@REGISTRY.function(np.diagonal)
@REGISTRY.method("diagonal")
def diagonal(ctx: Lowering, a: Ref, offset: Ref = ZERO, axis1: Ref = ZERO, axis2: Ref = ONE) -> Ref:
    """``np.diagonal``, of a matrix or of each in a stack."""
    array = as_array(ctx, a)
    rank = array.type.rank
    if rank < 2:
        raise shapes(f"np.diagonal takes a matrix, not {ctx.describe(array)}")
    rows, columns = (common.one_axis(ctx, axis, rank) for axis in (axis1, axis2))
    if rows == columns:
        raise shapes("a diagonal runs over two different axes")
    others = [k for k in range(rank) if k not in (rows, columns)]
    turned = permuted(ctx, array, [*others, rows, columns])
    above = common.integer_constant(ctx, offset, "the offset of a diagonal")
    return common.seen_through(ctx, array, diagonal_value(ctx, ctx.value(turned), above))


@REGISTRY.function(np.lib.stride_tricks.sliding_window_view)
def sliding_window_view(
    ctx: Lowering,
    x: Ref,
    window_shape: Ref,
    axis: Ref = NONE,
    *,
    subok: Ref = FALSE,
    writeable: Ref = FALSE,
) -> Ref:
    """``np.lib.stride_tricks.sliding_window_view``: windows that are read, not written to."""
    array = as_array(ctx, x)
    if ctx.constant(writeable, "whether windows are written to"):
        raise RefusedError("windows that overlap cannot be written to", "write to the array itself")
    windows = ctx.library(signals.windows, array, window_shape, axis)
    return common.seen_through(ctx, array, ctx.value(windows))


# -- index arrays -------------------------------------------------------------------------------


@REGISTRY.function(np.add.at)
def add_at(ctx: Lowering, a: Ref, indices: Ref, b: Ref) -> Ref:
    """``np.add.at``: every addition counts, also several to one element."""
    array = as_array(ctx, a)
    items = [as_operand(ctx, item) for item in indexing.index_items(indices)]
    if advanced.is_advanced(ctx, items):
        advanced.add_at(ctx, array, items, as_operand(ctx, b))
    else:
        ctx.augment(array, Tuple(tuple(items)), ast.Add(), b)
    return NONE


@REGISTRY.function(np.flatnonzero)
def flatnonzero(ctx: Lowering, a: Ref) -> Ref:
    """``np.flatnonzero``."""
    return _where_true(ctx, ravel(ctx, a))[0]


@REGISTRY.function(np.nonzero)
@REGISTRY.method("nonzero")
def nonzero(ctx: Lowering, a: Ref) -> Ref:
    """``np.nonzero``."""
    return Tuple(tuple(_where_true(ctx, a)))


def _where_true(ctx: Lowering, a: Ref) -> Sequence[Ref]:
    test = ctx.call(Constant(np.not_equal), (as_array(ctx, a), ZERO), {}, None)
    return advanced.positions(ctx, as_array(ctx, test))

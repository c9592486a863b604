"""Sorting along an axis, and functions that are questions about sorted arrays."""

from __future__ import annotations

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.common import as_operand, is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Array, Constant, Ref
from gradc.ir.core import Value
from gradc.prims.shape import TRANSPOSE
from gradc.prims.sorting import ARGSORT, IN_ORDER

REGISTRY = Registry()

LAST, FALSE = Constant(-1), Constant(False)


def _rows(ctx: Lowering, a: Ref, axis: Ref) -> tuple[Value, int]:
    """The array with the axis that is sorted at the end, and where that axis belongs."""
    value = ctx.value(as_operand(ctx, a))
    if is_none(axis):
        return common.flat(ctx, value), 0
    place = common.one_axis(ctx, axis, value.type.rank)
    return _moved(ctx, value, place, value.type.rank - 1), place


def _of_one_axis(ctx: Lowering, a: Ref) -> Ref:
    """An array; a number is one of one element, as NumPy takes it where it counts positions."""
    ref = as_operand(ctx, a)
    if isinstance(ref, Array):
        return ref
    return ctx.result(arithmetic.reshaped(ctx, ctx.value(ref), (1,)))


def _moved(ctx: Lowering, value: Value, start: int, end: int) -> Value:
    """Bring an axis to another place."""
    if start == end:
        return value
    perm = list(range(value.type.rank))
    perm.insert(end, perm.pop(start))
    return ctx.emit(TRANSPOSE, (value,), {"perm": tuple(perm)}, value.name)


def _order(ctx: Lowering, rows: Value) -> Value:
    return ctx.emit(ARGSORT, (rows,), {}, "order")


@REGISTRY.function(np.argsort)
@REGISTRY.method("argsort")
def argsort(
    ctx: Lowering,
    a: Ref,
    axis: Ref = LAST,
    kind: Ref = NONE,
    order: Ref = NONE,
    *,
    stable: Ref = NONE,
) -> Ref:
    """``np.argsort``: always stable; NaN comes last."""
    _check_order(order)
    rows, place = _rows(ctx, _of_one_axis(ctx, a), axis)
    found = _order(ctx, rows)
    return ctx.result(_moved(ctx, found, found.type.rank - 1, place))


@REGISTRY.function(np.sort)
def sort(
    ctx: Lowering,
    a: Ref,
    axis: Ref = LAST,
    kind: Ref = NONE,
    order: Ref = NONE,
    *,
    stable: Ref = NONE,
) -> Ref:
    """``np.sort``: equal elements share the derivative; NaN comes last."""
    _check_order(order)
    rows, place = _rows(ctx, a, axis)
    arranged = ctx.emit(IN_ORDER, (rows, _order(ctx, rows)), {}, "sorted")
    return ctx.result(_moved(ctx, arranged, arranged.type.rank - 1, place))


@REGISTRY.method("sort")
def sort_method(
    ctx: Lowering,
    owner: Ref,
    axis: Ref = LAST,
    kind: Ref = NONE,
    order: Ref = NONE,
    *,
    stable: Ref = NONE,
) -> Ref:
    """``x.sort()``: in place."""
    _replace(ctx, owner, sort(ctx, owner, axis, kind, order, stable=stable))
    return NONE


def _replace(ctx: Lowering, owner: Ref, made: Ref) -> None:
    if not isinstance(owner, Array):
        raise shapes("a number cannot be sorted in place")
    ctx.assign_whole(owner, made)


def _check_order(order: Ref) -> None:
    if not is_none(order):
        raise RefusedError("`order=` names fields, and arrays here have none", "leave it out")


@REGISTRY.function(np.partition)
def partition(
    ctx: Lowering, a: Ref, kth: Ref, axis: Ref = LAST, kind: Ref = NONE, order: Ref = NONE
) -> Ref:
    """``np.partition``: sorted completely, which is one of the results that NumPy may give."""
    return sort(ctx, a, axis, order=order)


@REGISTRY.method("partition")
def partition_method(
    ctx: Lowering, owner: Ref, kth: Ref, axis: Ref = LAST, kind: Ref = NONE, order: Ref = NONE
) -> Ref:
    """``x.partition(kth)``: in place."""
    return sort_method(ctx, owner, axis, kind, order)


@REGISTRY.function(np.argpartition)
@REGISTRY.method("argpartition")
def argpartition(
    ctx: Lowering, a: Ref, kth: Ref, axis: Ref = LAST, kind: Ref = NONE, order: Ref = NONE
) -> Ref:
    """``np.argpartition``: the order that sorts completely."""
    return argsort(ctx, a, axis, kind, order)

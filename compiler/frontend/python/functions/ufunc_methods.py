"""Methods of ufuncs, such as ``np.add.reduce``, ``np.subtract.outer`` and ``np.multiply.at``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python import indexing
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import as_operand, axes_of, is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.indexing import FULL, subscript
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Array, Constant, List, Ref, Tuple
from gradc.ir.types import DType

REGISTRY = Registry()

_ZERO, _FALSE, _TRUE = Constant(0), Constant(False), Constant(True)

_REDUCTIONS = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
_RUNNING = {np.add: np.cumsum, np.multiply: np.cumprod}
#: Ufuncs of two operands; `outer` needs nothing but broadcasting.
_PAIRS = (
    np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.mod, np.fmod, np.power,
    np.float_power, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.arctan2, np.copysign,
    np.logaddexp, np.logaddexp2, np.heaviside, np.less, np.less_equal, np.greater,
    np.greater_equal, np.equal, np.not_equal, np.logical_and, np.logical_or, np.logical_xor,
)  # fmt: skip
#: Ufuncs of one operand whose `at` is taken.
_SINGLES = (
    np.negative, np.abs, np.fabs, np.square, np.sqrt, np.cbrt, np.exp, np.exp2, np.expm1, np.log,
    np.log2, np.log10, np.log1p, np.sin, np.cos, np.tan, np.arctan, np.sinh, np.cosh, np.tanh,
    np.reciprocal, np.sign, np.floor, np.ceil, np.trunc, np.rint,
)  # fmt: skip
#: Pairs of floats that give no float: one after the other they would compare booleans with floats.
_WITHOUT_FOLD = (
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
)  # fmt: skip


def _reduce(function: Any, title: str) -> Callable[..., Ref]:
    def handler(
        ctx: Lowering,
        array: Ref,
        axis: Ref = _ZERO,
        dtype: Ref = NONE,
        keepdims: Ref = _FALSE,
        initial: Ref = NONE,
        where: Ref = _TRUE,
    ) -> Ref:
        given = {"dtype": dtype, "initial": initial, "where": where, "keepdims": keepdims}
        named = {name: ref for name, ref in given.items() if not _is_default(ref)}
        return ctx.call(Constant(function), (as_operand(ctx, array), axis), named, None)

    handler.__doc__ = f"``{title}``: ``np.{function.__name__}`` along the first axis."
    return handler


def _is_default(ref: Ref) -> bool:
    return is_none(ref) or ref in (_FALSE, _TRUE)


def folded(function: Any, rows: Any, initial: Any) -> Any:
    """``f(f(f(x[0], x[1]), x[2]), ...)``, one row after the other."""
    if initial is None and len(rows) == 0:
        raise ValueError("zero-size array to a reduction which has no identity")
    total = rows[0] if initial is None else function(initial, rows[0])
    for k in range(1, len(rows)):
        total = function(total, rows[k])
    return total


def folded_so_far(function: Any, rows: Any) -> Any:
    """``x[0]``, ``f(x[0], x[1])``, ...: what is folded up to each row."""
    out = rows.copy()
    for k in range(1, len(rows)):
        out[k] = function(out[k - 1], rows[k])
    return out


def _fold(function: np.ufunc, title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, array: Ref, axis: Ref = _ZERO, initial: Ref = NONE) -> Ref:
        operand = as_operand(ctx, array)
        if not isinstance(operand, Array):
            if not is_none(axis):
                axes_of(ctx, axis, ctx.value(operand).type)
            return operand
        moved = ctx.call(Constant(np.moveaxis), (operand, axis, _ZERO), {}, None)
        return ctx.library(folded, Constant(function), moved, initial)

    handler.__doc__ = f"``{title}``: one row after the other."
    return handler


def _accumulate(function: Any, title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, array: Ref, axis: Ref = _ZERO, dtype: Ref = NONE) -> Ref:
        operand = _array(ctx, array, title)
        return ctx.call(Constant(function), (operand, axis, dtype), {}, None)

    handler.__doc__ = f"``{title}``: ``np.{function.__name__}`` along the first axis."
    return handler


def _array(ctx: Lowering, ref: Ref, title: str) -> Ref:
    operand = as_operand(ctx, ref)
    if not isinstance(operand, Array):
        raise shapes(f"{title}: there is nothing to accumulate along in a number")
    return operand


def _accumulate_pairs(function: np.ufunc, title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, array: Ref, axis: Ref = _ZERO) -> Ref:
        operand = _array(ctx, array, title)
        moved = ctx.call(Constant(np.moveaxis), (operand, axis, _ZERO), {}, None)
        made = ctx.library(folded_so_far, Constant(function), moved)
        return ctx.call(Constant(np.moveaxis), (made, _ZERO, axis), {}, None)

    handler.__doc__ = f"``{title}``: one row after the other."
    return handler


def _outer(function: np.ufunc, title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, a: Ref, b: Ref) -> Ref:
        left, right = as_operand(ctx, a), as_operand(ctx, b)
        rank = len(ctx.shape(right))
        if isinstance(left, Array) and rank:
            left = subscript(ctx, left, Tuple((*[FULL] * left.type.rank, *[NONE] * rank)), title)
        return ctx.call(Constant(function), (left, right), {}, None)

    handler.__doc__ = f"``{title}``: all pairs."
    return handler


def updated(function: Any, x: Any, indices: Any, values: Any) -> None:
    """Update elements or rows, one after another: each counts."""
    places = indices.ravel()
    rows = np.broadcast_to(values, (*indices.shape, *x.shape[1:])).reshape(-1, *x.shape[1:])
    for k in range(len(places)):
        x[places[k]] = function(x[places[k]], rows[k])


def updated_once(function: Any, x: Any, indices: Any, values: Any) -> None:
    """Update a part of an array in which no element is named twice."""
    x[indices] = function(x[indices], values)


def changed(function: Any, x: Any, indices: Any) -> None:
    """Apply a function to elements or rows, one after another."""
    places = indices.ravel()
    for k in range(len(places)):
        x[places[k]] = function(x[places[k]])


def changed_once(function: Any, x: Any, indices: Any) -> None:
    """Apply a function to a part of an array in which no element is named twice."""
    x[indices] = function(x[indices])


def _at(function: np.ufunc, title: str) -> Callable[..., Ref]:
    several, once = (updated, updated_once) if function.nin > 1 else (changed, changed_once)

    def handler(ctx: Lowering, a: Ref, indices: Ref, *b: Ref) -> Ref:
        if function is np.subtract and len(b) == 1:
            negative = ctx.call(Constant(np.negative), b, {}, None)
            return ctx.call(Constant(np.add.at), (a, indices, negative), {}, None)
        if len(b) != function.nin - 1:
            raise shapes(f"{title} takes {function.nin - 1} operands after the indices")
        if not isinstance(a, Array):
            raise shapes(f"{title} changes an array, not {ctx.describe(a)}")
        values = [as_operand(ctx, operand) for operand in b]
        chosen = as_operand(ctx, indices) if isinstance(indices, List) else indices
        items = indexing.index_items(chosen)
        arrays = [item for item in items if isinstance(item, Array | List)]
        if arrays and len(items) == 1 and ctx.kind(arrays[0]).dtype is DType.INT:
            return ctx.library(several, Constant(function), a, arrays[0], *values)
        if len(items) > 1 and arrays:
            raise RefusedError(
                f"{title} with several index arrays is not supported",
                "write a loop over the indices, or np.add.at",
            )
        return ctx.library(once, Constant(function), a, chosen, *values)

    handler.__doc__ = f"``{title}``: every update counts, also several of one element."
    return handler


def folded_between(function: Any, rows: Any, starts: Any) -> Any:
    """Rows folded from each start up to the next one; one row where that is not behind."""
    out = np.empty((len(starts), *rows.shape[1:]), rows.dtype)
    for k in range(len(starts)):
        stop = starts[k + 1] if k + 1 < len(starts) else len(rows)
        total = rows[starts[k]]
        for j in range(starts[k] + 1, stop):
            total = function(total, rows[j])
        out[k] = total
    return out


def _reduceat(function: np.ufunc, title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, array: Ref, indices: Ref, axis: Ref = _ZERO) -> Ref:
        operand, starts = _array(ctx, array, title), as_operand(ctx, indices)
        moved = ctx.call(Constant(np.moveaxis), (operand, axis, _ZERO), {}, None)
        made = ctx.library(folded_between, Constant(function), moved, starts)
        return ctx.call(Constant(np.moveaxis), (made, _ZERO, axis), {}, None)

    handler.__doc__ = f"``{title}``: what lies between indices, one row after the other."
    return handler


_ufunc: Any
for _ufunc in _PAIRS:
    _title = f"np.{_ufunc.__name__}"
    REGISTRY.function(_ufunc.outer)(_outer(_ufunc, f"{_title}.outer"))
    if _ufunc in _WITHOUT_FOLD:
        continue
    _function = _REDUCTIONS.get(_ufunc)
    REGISTRY.function(_ufunc.reduce)(
        _fold(_ufunc, f"{_title}.reduce")
        if _function is None
        else _reduce(_function, f"{_title}.reduce")
    )
    _function = _RUNNING.get(_ufunc)
    REGISTRY.function(_ufunc.accumulate)(
        _accumulate_pairs(_ufunc, f"{_title}.accumulate")
        if _function is None
        else _accumulate(_function, f"{_title}.accumulate")
    )
    REGISTRY.function(_ufunc.reduceat)(_reduceat(_ufunc, f"{_title}.reduceat"))
for _ufunc in (*_PAIRS, *_SINGLES):
    if _ufunc is not np.add and _ufunc not in _WITHOUT_FOLD:
        REGISTRY.function(_ufunc.at)(_at(_ufunc, f"np.{_ufunc.__name__}.at"))


@REGISTRY.function(np.logaddexp.reduce)
def logaddexp_reduce(ctx: Lowering, array: Ref, axis: Ref = _ZERO) -> Ref:
    """``special.logsumexp`` along the first axis."""
    handler = ctx.tables.functions["scipy.special.logsumexp"]
    return handler(ctx, array, NONE if is_none(axis) else axis)

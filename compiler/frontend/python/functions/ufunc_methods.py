"""Methods of ufuncs, such as ``np.add.reduce``, ``np.subtract.outer`` and ``np.multiply.at``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import as_operand, axes_of, is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.indexing import FULL, subscript
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Array, Constant, Ref, Tuple

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
_AT: dict[np.ufunc, type[ast.operator]] = {
    np.subtract: ast.Sub,
    np.multiply: ast.Mult,
    np.divide: ast.Div,
}
#: Ufuncs of two operands; `outer` needs nothing but broadcasting.
_PAIRS = (
    np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.mod, np.fmod, np.power,
    np.float_power, np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.arctan2, np.copysign,
    np.logaddexp, np.logaddexp2, np.heaviside, np.less, np.less_equal, np.greater,
    np.greater_equal, np.equal, np.not_equal, np.logical_and, np.logical_or, np.logical_xor,
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


def updated(x: Any, indices: Any, values: Any, divides: bool) -> None:
    """Multiply or divide elements of a vector, one after another: each counts."""
    values = np.broadcast_to(values, indices.shape)
    for k in range(len(indices)):
        if divides:
            x[indices[k]] /= values[k]
        else:
            x[indices[k]] *= values[k]


def _at(function: np.ufunc, title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, a: Ref, indices: Ref, b: Ref) -> Ref:
        operand = as_operand(ctx, indices)
        if function is np.subtract:
            negative = ctx.call(Constant(np.negative), (b,), {}, None)
            return ctx.call(Constant(np.add.at), (a, indices, negative), {}, None)
        if not isinstance(operand, Array):
            ctx.augment(a, indices, _AT[function](), b)
            return NONE
        if len(ctx.shape(operand)) != 1 or len(ctx.shape(a)) != 1:
            raise RefusedError(f"{title} is supported for vectors", "write a loop over the indices")
        return ctx.library(updated, a, operand, b, Constant(function is np.divide))

    handler.__doc__ = f"``{title}``: every update counts, also several of one element."
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
for _ufunc in _AT:
    REGISTRY.function(_ufunc.at)(_at(_ufunc, f"np.{_ufunc.__name__}.at"))


@REGISTRY.function(np.logaddexp.reduce)
def logaddexp_reduce(ctx: Lowering, array: Ref, axis: Ref = _ZERO) -> Ref:
    """``special.logsumexp`` along the first axis."""
    handler = ctx.tables.functions["scipy.special.logsumexp"]
    return handler(ctx, array, NONE if is_none(axis) else axis)

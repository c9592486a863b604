"""Methods of ufuncs, such as ``np.add.reduce``, ``np.subtract.outer`` and ``np.multiply.at``."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import as_operand, is_none
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.indexing import FULL, subscript
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import NONE, Array, Constant, Ref, Tuple

REGISTRY = Registry()

_ZERO, _FALSE = Constant(0), Constant(False)

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


def _reduce(function: Any, title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, array: Ref, axis: Ref = _ZERO, keepdims: Ref = _FALSE) -> Ref:
        operand = as_operand(ctx, array)
        if not isinstance(operand, Array):
            raise RefusedError(f"{title} of a single number", "pass an array")
        named = {"axis": axis}
        if ctx.constant(keepdims, "keepdims"):
            named["keepdims"] = keepdims
        return ctx.call(Constant(function), (operand,), named, None)

    handler.__doc__ = f"``{title}``: ``np.{function.__name__}`` along the first axis."
    return handler


def _accumulate(function: Any, title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, array: Ref, axis: Ref = _ZERO) -> Ref:
        return ctx.call(Constant(function), (array,), {"axis": axis}, None)

    handler.__doc__ = f"``{title}``: ``np.{function.__name__}`` along the first axis."
    return handler


def running_extremum(x: Any, larger: bool) -> Any:
    """The largest (or smallest) element so far, along the first axis."""
    out = x.copy()
    for k in range(1, len(x)):
        out[k] = np.maximum(out[k - 1], x[k]) if larger else np.minimum(out[k - 1], x[k])
    return out


def _extremum(larger: bool, title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, array: Ref, axis: Ref = _ZERO) -> Ref:
        moved = ctx.call(Constant(np.moveaxis), (array, axis, _ZERO), {}, None)
        made = ctx.library(running_extremum, moved, Constant(larger))
        return ctx.call(Constant(np.moveaxis), (made, _ZERO, axis), {}, None)

    handler.__doc__ = f"``{title}``: ties share equally."
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
for _ufunc, _function in _REDUCTIONS.items():
    REGISTRY.function(_ufunc.reduce)(_reduce(_function, f"np.{_ufunc.__name__}.reduce"))
for _ufunc, _function in _RUNNING.items():
    REGISTRY.function(_ufunc.accumulate)(_accumulate(_function, f"np.{_ufunc.__name__}.accumulate"))
REGISTRY.function(np.maximum.accumulate)(_extremum(True, "np.maximum.accumulate"))
REGISTRY.function(np.minimum.accumulate)(_extremum(False, "np.minimum.accumulate"))
for _ufunc in _PAIRS:
    REGISTRY.function(_ufunc.outer)(_outer(_ufunc, f"np.{_ufunc.__name__}.outer"))
for _ufunc in _AT:
    REGISTRY.function(_ufunc.at)(_at(_ufunc, f"np.{_ufunc.__name__}.at"))


@REGISTRY.function(np.logaddexp.reduce)
def logaddexp_reduce(ctx: Lowering, array: Ref, axis: Ref = _ZERO) -> Ref:
    """``special.logsumexp`` along the first axis."""
    handler = ctx.tables.functions["scipy.special.logsumexp"]
    return handler(ctx, array, NONE if is_none(axis) else axis)

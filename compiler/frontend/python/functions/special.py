"""Functions of ``scipy.special`` over axes, and functions of integers."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import as_operand, axes_of, integer_constant, is_none
from gradc.frontend.python.functions.named import apply_named
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import as_float
from gradc.frontend.python.refs import NONE, Array, Constant, Ref, Tuple
from gradc.frontend.python.written import support
from gradc.frontend.python.written.integers import OF_INTEGERS
from gradc.frontend.python.written.special import weighted_logsumexp
from gradc.ir.core import Primitive, Value
from gradc.prims.bessel import KV, YV
from gradc.prims.rows import LOGSUMEXP, SOFTMAX
from gradc.prims.shape import TRANSPOSE
from gradc.prims.special import PSI, ZETA

REGISTRY = Registry()

ONE, _FALSE = Constant(1), Constant(False)


@REGISTRY.function("scipy.special.polygamma")
def polygamma(ctx: Lowering, n: Ref, x: Ref) -> Ref:
    """A derivative of ``psi`` of an order known at compile time."""
    order = integer_constant(ctx, n, "the order of special.polygamma")
    operand = as_operand(ctx, x)
    if order == 0:
        return apply_named(ctx, PSI, [operand], "special.polygamma")
    exponent = Constant(float(order + 1))
    zeta = apply_named(ctx, ZETA, [exponent, operand], "special.polygamma")
    factor = Constant((-1.0) ** (order + 1) * math.factorial(order))
    return arithmetic.binary(ctx, ast.Mult, factor, zeta, "special.polygamma")


def _of_integer_order(prim: Primitive, name: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, n: Ref, x: Ref) -> Ref:
        operands = [as_operand(ctx, n), as_operand(ctx, x)]
        if ctx.kind(operands[0]).dtype.is_float:
            raise shapes(f"the order of special.{name} is an integer", f"use special.{prim.name}")
        return apply_named(ctx, prim, operands, f"special.{name}")

    handler.__doc__ = f"``special.{prim.name}`` of an integer order."
    return handler


REGISTRY.function("scipy.special.yn")(_of_integer_order(YV, "yn"))
REGISTRY.function("scipy.special.kn")(_of_integer_order(KV, "kn"))


def _rows(ctx: Lowering, a: Ref, axis: Ref) -> tuple[Value, list[int]]:
    """Floats with an axis brought to the end, and the permutation that did it.

    None means all elements, as one row.
    """
    operand = as_operand(ctx, a)
    if not isinstance(operand, Array):
        raise RefusedError("a single number has no row to sum over", "pass an array")
    if is_none(axis):
        operand = ctx.call(Constant(np.ravel), (operand,), {}, None)
        axis = Constant(0)
    value = ctx.value(operand, as_float(ctx.kind(operand)).dtype)
    axes = axes_of(ctx, axis, value.type)
    if len(axes) != 1:
        merged = ctx.library(support.at_end, ctx.result(value), axis)
        value = ctx.value(merged)
        return value, list(range(value.type.rank))
    perm = [k for k in range(value.type.rank) if k not in axes] + list(axes)
    if perm != sorted(perm):
        value = ctx.emit(TRANSPOSE, (value,), {"perm": tuple(perm)}, value.name)
    return value, perm


def _back(ctx: Lowering, value: Value, perm: list[int]) -> Value:
    if perm == sorted(perm):
        return value
    inverse = tuple(perm.index(k) for k in range(len(perm)))
    return ctx.emit(TRANSPOSE, (value,), {"perm": inverse}, value.name)


@REGISTRY.function("scipy.special.softmax")
def softmax(ctx: Lowering, x: Ref, axis: Ref = NONE) -> Ref:
    """``special.softmax`` over one axis or several, or over all elements."""
    if isinstance(axis, Tuple) and len(axis.items) > 1:
        logarithms = log_softmax(ctx, x, axis)
        return ctx.call(Constant(np.exp), (logarithms,), {}, None)
    value, perm = _rows(ctx, x, axis)
    made = ctx.result(_back(ctx, ctx.emit(SOFTMAX, (value,)), perm))
    if not is_none(axis):
        return made
    shape = ctx.call(Constant(np.shape), (x,), {}, None)
    return ctx.call(Constant(np.reshape), (made, shape), {}, None)


@REGISTRY.function("scipy.special.log_softmax")
def log_softmax(ctx: Lowering, x: Ref, axis: Ref = NONE) -> Ref:
    """``special.log_softmax`` over one axis or several, or over all elements."""
    total = logsumexp(ctx, x, axis, keepdims=Constant(True))
    return arithmetic.binary(ctx, ast.Sub, as_operand(ctx, x), total, "special.log_softmax")


@REGISTRY.function("scipy.special.logsumexp")
def logsumexp(
    ctx: Lowering, a: Ref, axis: Ref = NONE, b: Ref = NONE, keepdims: Ref = _FALSE
) -> Ref:
    """``special.logsumexp`` over one axis or several, or over all elements, with weights."""
    if not is_none(b):
        return ctx.library(weighted_logsumexp, a, b, axis, keepdims)
    value, _ = _rows(ctx, a, axis)
    made = ctx.result(ctx.emit(LOGSUMEXP, (value,)))
    if not ctx.constant(keepdims, "keepdims"):
        return made
    rank = len(ctx.shape(as_operand(ctx, a)))
    if is_none(axis):
        return ctx.call(Constant(np.reshape), (made, Tuple((ONE,) * rank)), {}, None)
    return ctx.call(Constant(np.expand_dims), (made, axis), {}, None)


def _of_integers(function: Any, written: Any) -> Any:
    def handler(ctx: Lowering, *args: Ref) -> Ref:
        known = [ref for ref in args if isinstance(ref, Constant) and ctx.is_numeric(ref)]
        if len(known) == len(args):
            return arithmetic.fold(function, *(ref.value for ref in known))
        for ref in args:
            if ctx.is_numeric(ref) and ctx.kind(ref).dtype.is_float:
                raise shapes(
                    f"math.{function.__name__} takes integers, not {ctx.describe(ref)}",
                    "of real numbers: special.gammaln, special.binom, special.poch",
                )
        return ctx.library(written, *args)

    handler.__doc__ = "Of integers; a result of more than 64 bits raises."
    return handler


for _function, _written in OF_INTEGERS.items():
    REGISTRY.function(_function)(_of_integers(_function, _written))

"""Running sums along an axis, forwards or backwards: each is the transpose of the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.builder import Builder
from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import INT, Type
from gradc.prims.arithmetic import ADD, SUB
from gradc.prims.index import AT, GET, PUT
from gradc.prims.shape import COPY
from gradc.prims.trace import Var


def _infer(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    source = args[0].type
    if not 0 <= params["axis"] < source.rank:
        raise TypeError(f"cumsum: axis {params['axis']} of {source}")
    return (source,)


def _evaluate(x: Any, axis: int, reverse: bool) -> Any:
    if not reverse:
        return np.cumsum(x, axis=axis)
    return np.flip(np.cumsum(np.flip(x, axis), axis=axis), axis)


def _lower(x: Var, axis: int, reverse: bool) -> Var:
    """A nest of loops over all axes, in order: each element takes in the one before it."""
    builder = x.builder
    out = builder.emit(COPY, (x.value,), {}, "sums")
    if reverse:
        size = builder.size(x.shape[axis])
        last = builder.emit(SUB, (size, builder.const(2)))
        bounds = (last, builder.const(-1), builder.const(-1))
    else:
        bounds = (builder.const(1), builder.size(x.shape[axis]), builder.const(1))
    step = builder.const(1 if reverse else -1)
    return Var(builder, _nest(builder, out, axis, bounds, step, []))


def _nest(
    builder: Builder,
    array: Value,
    axis: int,
    bounds: tuple[Value, Value, Value],
    step: Value,
    indices: list[Value],
) -> Value:
    """The loops over the axes that have no index yet; `array` as they leave it."""
    depth = len(indices)
    spec = {"spec": (AT,) * array.type.rank}
    if depth == array.type.rank:
        before = list(indices)
        before[axis] = builder.emit(ADD, (indices[axis], step))
        sum_before = builder.emit(GET, (array, *before), spec, "sum_before")
        here = builder.emit(GET, (array, *indices), spec)
        total = builder.emit(ADD, (sum_before, here), {}, "total")
        return builder.emit(PUT, (array, total, *indices), spec, array.name)
    whole = (builder.const(0), builder.size(array.type.shape[depth]), builder.const(1))
    inner = builder.child()
    index = inner.value(INT, "ijkl"[min(depth, 3)])
    carried = inner.value(array.type, array.name)
    made = _nest(inner, carried, axis, bounds, step, [*indices, index])
    region = inner.close((index, carried), (made,))
    (out,) = builder.loop(bounds if depth == axis else whole, (array,), region)
    return out


def _transpose(ct: Any, x: Any, axis: int, reverse: bool) -> tuple[Any, ...]:
    return (CUMSUM(ct, axis=axis, reverse=not reverse),)


CUMSUM: Primitive = Primitive(
    "cumsum",
    Kind.LINEAR,
    _infer,
    _evaluate,
    transpose=_transpose,
    lower=_lower,
    at=[
        ((np.array([0.3, -1.1, 2.0]),), {"axis": 0, "reverse": False}),
        ((np.array([[0.3, -1.1, 2.0], [0.5, 0.7, -0.4]]),), {"axis": 0, "reverse": True}),
        ((np.array([[0.3, -1.1, 2.0], [0.5, 0.7, -0.4]]),), {"axis": 1, "reverse": False}),
    ],
    formula="the running sum from the other end",
    cost=2,
)

RECORDS = (CUMSUM,)

"""Sorting: an order, which is a constant, and the arrangement of elements in that order.

``y = in_order(x, argsort(x))`` sorts the last axis. Where elements of ``y`` are equal the order
among them is arbitrary, and they share the derivative equally; that is what the two linear
primitives do, which are each other's transpose::

    y_dot = in_order_shared(x_dot, order, y)    # gathered; the mean over each run of equal y
    x_bar = from_order_shared(y_bar, order, y)  # the mean over each run of equal y; scattered
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import DType, Type
from gradc_runtime import sorting


def _infer_argsort(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    rows = args[0].type
    if rows.rank == 0:
        raise TypeError(f"argsort: rows belong here, not {rows}")
    return (rows.with_dtype(DType.INT),)


# The order that sorts each row, equal elements as they come; NaN goes to the end.
ARGSORT = Primitive(
    "argsort",
    Kind.CONSTANT,
    _infer_argsort,
    sorting.argsort,
    at=[(np.array([0.3, -1.1, 2.0]),)],
    cost=20,
)


def _infer_arranged(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    rows, order = args[0].type, args[1].type
    if order != rows.with_dtype(DType.INT) or rows.rank == 0:
        raise TypeError(f"an order of type {order} for {rows}")
    if any(keys.type.shape != rows.shape for keys in args[2:]):
        raise TypeError("the sorted elements have the shape of what is arranged")
    return (rows,)


_ORDER = np.array([[1, 0, 3, 2], [2, 0, 1, 3]])
_ROWS = np.array([[0.5, -1.0, 2.5, 0.75], [0.25, 1.5, -2.0, 3.0]])
_KEYS = np.array([[-1, 0, 0, 2], [-2, -2, -2, 3]])  # integers: constants for differentiation

IN_ORDER_SHARED: Primitive = Primitive(
    "in_order_shared",
    Kind.LINEAR,
    _infer_arranged,
    sorting.in_order_shared,
    transpose=lambda ct, x, order, keys: (FROM_ORDER_SHARED(ct, order, keys), None, None),
    linear_in=(0,),
    at=[(_ROWS, _ORDER, _KEYS)],
    formula="the cotangent put back, ties averaged",
    cost=4,
)
FROM_ORDER_SHARED: Primitive = Primitive(
    "from_order_shared",
    Kind.LINEAR,
    _infer_arranged,
    sorting.from_order_shared,
    transpose=lambda ct, x, order, keys: (IN_ORDER_SHARED(ct, order, keys), None, None),
    linear_in=(0,),
    at=[(_ROWS, _ORDER, _KEYS)],
    formula="the cotangent in order, ties averaged",
    cost=4,
)


def _tangent(tangents: Sequence[Any], x: Any, order: Any, *, out: Any) -> Any:
    return IN_ORDER_SHARED(tangents[0], order, out)


# Its test points are sorted by the order given: elsewhere it would be no function of `x` alone.
IN_ORDER = Primitive(
    "in_order",
    Kind.COMPOSITE,
    _infer_arranged,
    sorting.in_order,
    vjp=lambda ct, x, order, *, out: (FROM_ORDER_SHARED(ct, order, out), None),
    jvp=_tangent,
    steady=True,
    at=[(_ROWS, np.argsort(_ROWS, axis=-1)), (_ROWS[0], np.argsort(_ROWS[0]))],
    formula="the cotangent put back from sorted order",
    edges="equal elements share equally",
    cost=2,
)

RECORDS = (ARGSORT, IN_ORDER, IN_ORDER_SHARED, FROM_ORDER_SHARED)

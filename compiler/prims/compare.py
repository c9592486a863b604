"""Comparisons, logic and selection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Texts, Value
from gradc.ir.types import DType, Type
from gradc.prims.define import (
    AND,
    COMPARE,
    CONDITIONAL,
    NOT,
    OR,
    booleans,
    comparison_type,
    constant,
)


def _comparison(name: str, symbol: str, evaluate: Any) -> Primitive:
    return constant(
        name,
        evaluate,
        infer=comparison_type,
        at=[(0.3, -1.1), (2.0, 2.0), (1.0, 5.0)],
        text=f"{{0}} {symbol} {{1}}",
        level=COMPARE,
    )


LT = _comparison("lt", "<", np.less)
LE = _comparison("le", "<=", np.less_equal)
GT = _comparison("gt", ">", np.greater)
GE = _comparison("ge", ">=", np.greater_equal)
EQ = _comparison("eq", "==", np.equal)
NE = _comparison("ne", "!=", np.not_equal)

LAND = constant(
    "land",
    np.logical_and,
    infer=booleans,
    at=[(True, False), (True, True)],
    scalar="{0} and {1}",
    text="np.logical_and({0}, {1})",
    level=AND,
)
LOR = constant(
    "lor",
    np.logical_or,
    infer=booleans,
    at=[(True, False), (False, False)],
    scalar="{0} or {1}",
    text="np.logical_or({0}, {1})",
    level=OR,
)
LNOT = constant(
    "lnot",
    np.logical_not,
    infer=booleans,
    at=[(True,), (False,)],
    scalar="not {0}",
    text="np.logical_not({0})",
    level=NOT,
)


def _select_type(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    condition, yes, no = (arg.type for arg in args)
    if condition.dtype is not DType.BOOL or condition.shape != yes.shape or yes != no:
        raise TypeError(f"select: operands of types {condition}, {yes}, {no}")
    return (yes,)


# Linear in both branches: what is not selected gets a cotangent of exactly zero, and the
# reverse sweep guards products with it, so an overflow in the other branch stays there.
SELECT: Primitive = Primitive(
    "select",
    Kind.LINEAR,
    _select_type,
    np.where,
    Texts("{1} if {0} else {2}", "np.where({0}, {1}, {2})", CONDITIONAL),
    transpose=lambda ct, c, a, b: (None, SELECT(c, ct, 0.0), SELECT(c, 0.0, ct)),
    linear_in=(1, 2),
    at=[(True, 0.3, -1.1), (False, 2.0, 5.0)],
    formula="(-, 1 where selected, 1 where not)",
    pointwise=True,
)

# The same of numbers, both of which are computed: no branch, so that loops are vectorised.
CHOOSE = replace(SELECT, name="choose", texts=Texts("choose({0}, {1}, {2})", SELECT.texts.array))

RECORDS = (LT, LE, GT, GE, EQ, NE, LAND, LOR, LNOT, SELECT, CHOOSE)

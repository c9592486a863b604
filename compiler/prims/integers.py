"""Arithmetic of integers: smaller, larger, power, bits (constant rule)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradc.ir.core import Params, Value
from gradc.ir.types import DType, Type
from gradc.prims.define import BIT_AND, BIT_OR, BIT_XOR, POWER, SHIFT, constant, same_types


def _integers(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    (first,) = same_types(args, params)
    if first.dtype is not DType.INT:
        raise TypeError(f"an integer operand belongs here, not {first}")
    return (first,)


IMAX = constant(
    "imax",
    np.maximum,
    infer=_integers,
    at=[(3, 5), (-2, -7)],
    scalar="max({0}, {1})",
    text="np.maximum({0}, {1})",
)
IMIN = constant(
    "imin",
    np.minimum,
    infer=_integers,
    at=[(3, 5), (-2, -7)],
    scalar="min({0}, {1})",
    text="np.minimum({0}, {1})",
)
INTEGER_POWER = constant(
    "integer_power",
    np.power,
    infer=_integers,
    at=[(3, 5), (-2, 3)],
    text="{0}**{1}",
    level=POWER,
    cost=6,
)

BIT_AND_OP = constant(
    "bit_and",
    np.bitwise_and,
    infer=_integers,
    at=[(12, 10), (-2, 7)],
    text="{0} & {1}",
    level=BIT_AND,
)
BIT_OR_OP = constant(
    "bit_or",
    np.bitwise_or,
    infer=_integers,
    at=[(12, 10), (-8, 7)],
    text="{0} | {1}",
    level=BIT_OR,
)
BIT_XOR_OP = constant(
    "bit_xor",
    np.bitwise_xor,
    infer=_integers,
    at=[(12, 10), (-2, 7)],
    text="{0} ^ {1}",
    level=BIT_XOR,
)
# The second operand is 0 to 63: machines do as they please with others.
SHIFT_LEFT = constant(
    "shift_left",
    np.left_shift,
    infer=_integers,
    at=[(3, 5), (-2, 7)],
    text="{0} << {1}",
    level=SHIFT,
)
SHIFT_RIGHT = constant(
    "shift_right",
    np.right_shift,
    infer=_integers,
    at=[(300, 5), (-300, 3)],
    text="{0} >> {1}",
    level=SHIFT,
)

RECORDS = (
    *(IMAX, IMIN, INTEGER_POWER),
    *(BIT_AND_OP, BIT_OR_OP, BIT_XOR_OP, SHIFT_LEFT, SHIFT_RIGHT),
)

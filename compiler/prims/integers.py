"""Arithmetic of indices and sizes: smaller, larger, power (constant rule)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradc.ir.core import Params, Value
from gradc.ir.types import DType, Type
from gradc.prims.define import POWER, constant, same_types


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

RECORDS = (IMAX, IMIN, INTEGER_POWER)

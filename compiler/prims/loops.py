"""What loops need beside arithmetic: trip counts and growing tapes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.ir.builder import dim_of
from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import INT, Type


def _infer_trip(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if [value.type for value in args] != [INT] * 3:
        raise TypeError("trip: start, stop and step are integers")
    return (INT,)


# How often a counted loop runs: ``len(range(start, stop, step))``.
TRIP = Primitive(
    "trip",
    Kind.CONSTANT,
    _infer_trip,
    lambda start, stop, step: len(range(int(start), int(stop), int(step))),
)


def _infer_grow(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if args[0].type.rank == 0 or args[1].type != INT:
        raise TypeError("grow: an array and a count")
    return (args[0].type,)


def _evaluate_grow(tape: Any, count: Any) -> Any:
    if count < len(tape):
        return tape
    grown = np.empty((max(2 * len(tape), int(count) + 1), *tape.shape[1:]), tape.dtype)
    grown[: len(tape)] = tape
    return grown


# A tape of unknown length: the same contents with room for the entry number `count`. Its first
# size symbol stands for "whatever it has grown to" and is never used as a size.
GROW: Primitive = Primitive(
    "grow",
    Kind.LINEAR,
    _infer_grow,
    _evaluate_grow,
    transpose=lambda ct, tape, count: (GROW(ct, count), None),
    linear_in=(0,),
    formula="the cotangent, grown alike",
)


def _infer_tape(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    return (Type(params["dtype"], (params["symbol"], *(dim_of(size) for size in args))),)


FIRST_CAPACITY = 64

# An empty tape of unknown length; its first size symbol is the parameter `symbol`.
TAPE = Primitive(
    "tape",
    Kind.CONSTANT,
    _infer_tape,
    lambda *sizes, dtype, symbol: np.empty(
        (FIRST_CAPACITY, *(int(size) for size in sizes)), dtype.numpy
    ),
    cost=0,
)

RECORDS = (TRIP, GROW, TAPE)

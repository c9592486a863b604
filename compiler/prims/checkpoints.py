"""The schedule of checkpoints, as integers of a program: see :mod:`gradc_runtime.schedule`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import INT, DType, Type
from gradc_runtime import schedule


def _integers(count: int) -> Callable[[Sequence[Value], Params], tuple[Type, ...]]:
    def infer(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
        if [value.type for value in args] != [INT] * count:
            raise TypeError(f"{count} integers belong here")
        return (INT,)

    return infer


def _infer_slot(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if not _is_positions(args[0]) or [arg.type for arg in args[1:]] != [INT, INT, INT]:
        raise TypeError("an array of positions, a step, a number of slots and a block belong here")
    return (INT,)


def _infer_order(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if not _is_positions(args[0]) or args[1].type != INT:
        raise TypeError("an array of positions and how many of them there are belong here")
    return (args[0].type,)


def _infer_steps(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if not _is_positions(args[0]):
        raise TypeError("an array of positions belongs here")
    return (args[0].type,)


def _is_positions(value: Value) -> bool:
    return value.type.rank == 1 and value.type.dtype is DType.INT


def _helper(
    function: Callable[..., Any],
    infer: Callable[[Sequence[Value], Params], tuple[Type, ...]],
) -> Primitive:
    return Primitive(function.__name__, Kind.CONSTANT, infer, _evaluated(function))


def _evaluated(function: Callable[..., Any]) -> Callable[..., Any]:
    def evaluate(*args: Any) -> Any:
        return function(*(np.asarray(arg) if np.ndim(arg) else int(arg) for arg in args))

    return evaluate


BLOCK_LENGTH = _helper(schedule.block_length, _integers(6))
SLOT_COUNT = _helper(schedule.slot_count, _integers(6))
ADVANCE = _helper(schedule.advance, _integers(3))
SEGMENT = _helper(schedule.segment, _integers(3))
ONLINE_BLOCK = _helper(schedule.online_block, _integers(5))
ONLINE_SLOTS = _helper(schedule.online_slots, _integers(5))
ONLINE_SLOT = _helper(schedule.online_slot, _infer_slot)
ONLINE_MARK = _helper(schedule.online_mark, _infer_slot)
STEPS_OF = _helper(schedule.steps_of, _infer_steps)
BY_STEP = _helper(schedule.by_step, _infer_order)

RECORDS = (
    BLOCK_LENGTH,
    SLOT_COUNT,
    ADVANCE,
    SEGMENT,
    ONLINE_BLOCK,
    ONLINE_SLOTS,
    ONLINE_SLOT,
    ONLINE_MARK,
    STEPS_OF,
    BY_STEP,
)

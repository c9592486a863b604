"""Arguments that share memory: found at the call, where the function writes to one of them.

A kernel gets each array as one of its own. Where nothing is written that makes no difference;
where something is, the function is compiled once more, for arguments that share memory in this
way (:mod:`gradc.frontend.python.sharing`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradc.errors import AliasingError, Diagnostic
from gradc.faces.arguments import Argument
from gradc.frontend.python import Leaf, Lowered, Memory, Outside
from gradc.frontend.python.sharing import shared_type
from gradc.ir.types import Type
from gradc.ir.walk import free_in_ops

# Steps of the exact answer for strided arrays; beyond it they count as overlapping.
_EFFORT = 10_000


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two arrays of a call, by the numbers of their parameters, that share memory.

    Attributes
    ----------
    first, second : int
    is_twin : bool
        Whether they are the same memory, element for element.
    is_object : bool
        Whether they are the same object.
    """

    first: int
    second: int
    is_twin: bool
    is_object: bool


def overlaps_of(lowered: Lowered, leaves: Sequence[Any]) -> tuple[Overlap, ...]:
    """How arguments share memory where the meaning of the function may depend on it.

    Parameters
    ----------
    lowered : Lowered
    leaves : sequence
        The user's values for the parameters that are not captured.

    Raises
    ------
    AliasingError
        Where an array that is written to overlaps with itself.
    """
    values = [*leaves, *(array for _, array in lowered.captured)]
    for written in lowered.mutated:
        if _meets_itself(values[written]):
            raise AliasingError(_meeting_itself(lowered, written))
        for other, value in enumerate(values):
            # an array of no axes is handed over as a number
            is_number = isinstance(value, np.ndarray) and value.ndim == 0
            if is_number and other != written and _share_memory(values[written], value):
                raise AliasingError(_number_in(lowered, other, written))
    return tuple(
        Overlap(first, second, is_twin(values[first], values[second]), same_object)
        for first, second, same_object in _pairs(lowered, values)
        if same_object or _share_memory(values[first], values[second])
    )


def check_lists(lowered: Lowered, *trees: Any) -> None:
    """Refuse a list that is an argument twice, where the function changes a list.

    Raises
    ------
    AliasingError
    """
    seen: set[int] = set()
    pending = list(trees) if lowered.changes_lists else []
    while pending:
        tree = pending.pop()
        if isinstance(tree, dict):
            pending += tree.values()
        elif isinstance(tree, tuple | list):
            if isinstance(tree, list) and id(tree) in seen:
                function = lowered.function
                message = f"one list is passed twice, and {function.name} changes a list"
                hint = "pass a copy of it: `list(...)`"
                raise AliasingError(Diagnostic(function.loc, message, hint))
            seen.add(id(tree))
            pending += tree
        elif dataclasses.is_dataclass(tree) and not isinstance(tree, type):
            pending += [getattr(tree, field.name) for field in dataclasses.fields(tree)]


def _pairs(lowered: Lowered, values: Sequence[Any]) -> Iterator[tuple[int, int, bool]]:
    """The pairs that are looked at, and whether both are one object."""
    function = lowered.function
    used = set(free_in_ops(function.ops, function.results))
    arrays = [number for number, value in enumerate(values) if _is_array(value)]
    for first in arrays:
        for second in arrays[arrays.index(first) + 1 :]:
            same_object = values[first] is values[second]
            matters = any(
                one in lowered.mutated and function.params[other] in used
                for one, other in ((first, second), (second, first))
            )
            if matters or (same_object and lowered.compares):
                yield first, second, same_object


def with_memory(
    arguments: Sequence[Argument], overlaps: Sequence[Overlap], lowered: Lowered
) -> list[Argument]:
    """The arguments, with what is known of their memory.

    Parameters
    ----------
    arguments : sequence of Argument
    overlaps : sequence of Overlap
    lowered : Lowered
        The function, as it was lowered for arguments that share nothing.
    """
    traced = [index for index, argument in enumerate(arguments) if argument.prepare is not None]
    memories = _memories(overlaps, len(traced), lowered)
    types: dict[int, Type] = {}
    made = list(arguments)
    for number, memory in memories.items():
        spec = made[traced[number]].spec
        assert isinstance(spec, Leaf)
        type = types[number] = shared_type(spec.type, memory, types)
        made[traced[number]] = replace(
            made[traced[number]], spec=replace(spec, type=type, memory=memory)
        )
    return made


def _memories(overlaps: Sequence[Overlap], count: int, lowered: Lowered) -> Mapping[int, Memory]:
    found = {
        number: Memory(number)
        for each in overlaps
        for number in sorted((each.first, each.second))
        if number < count
    }
    for each in overlaps:
        for number, other in ((each.first, each.second), (each.second, each.first)):
            if number not in found:
                continue
            memory = found[number]
            if other >= count:
                value, array = lowered.captured[other - count]
                beyond = Outside(value.name, array, each.is_twin, each.is_object)
                found[number] = replace(memory, outside=(*memory.outside, beyond))
            elif each.is_twin:
                found[number] = replace(memory, twins=(*memory.twins, (other, each.is_object)))
            else:
                found[number] = replace(memory, meets=(*memory.meets, other))
    return dict(sorted(found.items()))


def _number_in(lowered: Lowered, number: int, written: int) -> Diagnostic:
    function = lowered.function
    first, second = (function.params[each].name for each in (written, number))
    return Diagnostic(
        function.loc,
        f"arguments `{first}` and `{second}` share memory, and {function.name} writes to `{first}`",
        f"pass a copy of one of them: `{second}.copy()`",
    )


def _meeting_itself(lowered: Lowered, written: int) -> Diagnostic:
    function = lowered.function
    name = function.params[written].name
    return Diagnostic(
        function.loc,
        f"elements of argument `{name}` share memory with each other, and {function.name} writes"
        " to it",
        f"pass a copy: `{name}.copy()`",
    )


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.ndim > 0


def is_twin(left: Any, right: Any) -> bool:
    """Whether two arrays are the same memory, element for element."""
    if not (_is_array(left) and _is_array(right)):
        return False
    if left.dtype != right.dtype or left.shape != right.shape:
        return False
    steps = zip(left.shape, left.strides, right.strides, strict=True)
    same_steps = all(own == other for size, own, other in steps if size > 1)
    return same_steps and left.ctypes.data == right.ctypes.data


def _share_memory(left: Any, right: Any) -> bool:
    # the stubs of NumPy know two of the numbers that it takes
    return np.may_share_memory(left, right, max_work=_EFFORT)  # type: ignore[arg-type]


def _meets_itself(value: Any) -> bool:
    """Whether two elements of an array may be the same memory."""
    if not _is_array(value) or value.flags.forc:
        return False
    reach = value.itemsize
    for stride, size in sorted(
        (abs(stride), size) for stride, size in zip(value.strides, value.shape, strict=True)
    ):
        if size > 1:
            if stride < reach:
                return True
            reach += (size - 1) * stride
    return False

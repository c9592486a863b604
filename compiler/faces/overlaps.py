"""Arguments that share memory: found at the call, where the function writes to one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradc.errors import AliasingError, Diagnostic
from gradc.frontend.python import Lowered
from gradc.ir.walk import free_in_ops

# Steps of the exact answer for strided arrays; beyond it they count as overlapping.
_EFFORT = 10_000


def check_overlaps(lowered: Lowered, leaves: Sequence[Any]) -> None:
    """Refuse a call whose meaning depends on arguments that share memory.

    Parameters
    ----------
    lowered : Lowered
    leaves : sequence
        The user's values for the parameters that are not captured.

    Raises
    ------
    AliasingError
        Where an array that the function writes to shares memory with another that it uses.
    """
    values = [*leaves, *(array for _, array in lowered.captured)]
    function = lowered.function
    used = set(free_in_ops(function.ops, function.results))
    for written in lowered.mutated:
        for other, value in enumerate(values):
            meets = other != written and function.params[other] in used
            if meets and _share_memory(values[written], value):
                raise AliasingError(_problem(lowered, written, other))


def _problem(lowered: Lowered, written: int, other: int) -> Diagnostic:
    function = lowered.function
    first, second = (function.params[number].name for number in (written, other))
    both = f"arguments `{first}` and `{second}`"
    if other >= len(function.params) - len(lowered.captured):
        both = f"argument `{first}` and `{second}` from outside of the function"
    return Diagnostic(
        function.loc,
        f"{both} share memory, and {function.name} writes to `{first}`",
        f"pass a copy of one of them: `{second}.copy()`",
    )


def _share_memory(left: Any, right: Any) -> bool:
    if not (isinstance(left, np.ndarray) and isinstance(right, np.ndarray)):
        return False
    # the stubs of NumPy know two of the numbers that it takes
    return np.may_share_memory(left, right, max_work=_EFFORT)  # type: ignore[arg-type]

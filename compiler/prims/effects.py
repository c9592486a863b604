"""Checks that raise the user's own exceptions: ``assert`` and ``raise`` under a condition."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import BOOL, Type


def _infer_check(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if [value.type for value in args] != [BOOL]:
        raise TypeError("check: one condition")
    if not isinstance(params["error"], str) or not isinstance(params["what"], str):
        raise TypeError("check: the exception's name and its message")
    return (BOOL,)


def _evaluate_check(condition: Any, error: str, what: str) -> Any:
    if not condition:
        kind = getattr(builtins, error)
        raise kind(what) if what else kind()
    return condition


# ``check(condition)``: the condition, after raising the exception called `error` (a built-in one)
# with the message `what` where it is false. It stays even when nothing uses its result.
CHECK = Primitive("check", Kind.CONSTANT, _infer_check, _evaluate_check, pure=False)

RECORDS = (CHECK,)

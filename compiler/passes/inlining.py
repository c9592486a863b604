"""Calls with custom derivatives become the functions that they stand for.

Before::

    y, = custom(x, rule=<rule of f>)

After: the ops of ``f``. It runs once nothing is going to be differentiated any more, and after
reverse mode for the calls that record what their backward function needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from gradc.ir.calls import inlined_calls
from gradc.ir.core import Function
from gradc.passes.base import Context
from gradc.prims.custom import CUSTOM, function_of


@dataclass(frozen=True, slots=True)
class InlineCalls:
    """Replace calls with custom derivatives."""

    name: ClassVar[str] = "inline"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function without such calls."""
        return inlined_calls(
            function, lambda op: function_of(op.params) if op.prim is CUSTOM else None
        )

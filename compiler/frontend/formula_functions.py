"""The functions and constants that a formula may name."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gradc.ir.core import Primitive
from gradc.prims import arithmetic, elementary, special

CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "e": math.e})


@dataclass(frozen=True, slots=True)
class Named:
    """A function as a formula calls it: its primitive and how many arguments that takes."""

    prim: Primitive
    arity: int = 1


_ONE = {
    name: Named(elementary_record)
    for name, elementary_record in {
        "abs": elementary.ABS,
        "acos": elementary.ACOS,
        "acosh": elementary.ACOSH,
        "asin": elementary.ASIN,
        "asinh": elementary.ASINH,
        "atan": elementary.ATAN,
        "atanh": elementary.ATANH,
        "cbrt": elementary.CBRT,
        "ceil": elementary.CEIL,
        "cos": elementary.COS,
        "cosh": elementary.COSH,
        "erf": special.ERF,
        "erfc": special.ERFC,
        "exp": elementary.EXP,
        "expm1": elementary.EXPM1,
        "floor": elementary.FLOOR,
        "log": arithmetic.LOG,
        "log10": elementary.LOG10,
        "log1p": elementary.LOG1P,
        "log2": elementary.LOG2,
        "relu": elementary.RELU,
        "round": elementary.RINT,
        "sigmoid": elementary.SIGMOID,
        "sign": elementary.SIGN,
        "sin": elementary.SIN,
        "sinh": elementary.SINH,
        "sqrt": arithmetic.SQRT,
        "tan": elementary.TAN,
        "tanh": elementary.TANH,
        "trunc": elementary.TRUNC,
    }.items()
}

_MORE = {
    "atan2": Named(elementary.ATAN2, 2),
    "clip": Named(elementary.CLIP, 3),
    "hypot": Named(elementary.HYPOT, 2),
    "logaddexp": Named(elementary.LOGADDEXP, 2),
    "max": Named(elementary.MAXIMUM, 2),
    "min": Named(elementary.MINIMUM, 2),
    "mod": Named(arithmetic.MOD, 2),
    "pow": Named(arithmetic.POW, 2),
}

# The same under the names that NumPy and textbooks use.
_ALIASES = {
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctan2": "atan2",
    "arctanh": "atanh",
    "fabs": "abs",
    "ln": "log",
    "maximum": "max",
    "minimum": "min",
    "power": "pow",
}

#: Each function under one name.
PLAIN = {**_ONE, **_MORE}

FUNCTIONS: Mapping[str, Named] = MappingProxyType(
    {**PLAIN, **{alias: PLAIN[name] for alias, name in _ALIASES.items()}}
)

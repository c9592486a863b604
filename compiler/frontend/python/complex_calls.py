"""Calls with complex operands: functions and methods that have a meaning for them, or a refusal."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic
from gradc.frontend.python.applying import apply_handler
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.outs import METHODS, out_of
from gradc.frontend.python.problems import unknown_function
from gradc.frontend.python.refs import Constant, Dict, List, Ref, Tuple, is_complex
from gradc.frontend.python.refused import is_library

#: Built-in functions that compute; the others take objects of any kind.
_NUMERIC = frozenset({"abs", "complex", "divmod", "float", "int", "len", "max", "min", "pow",
                      "round", "sum"})  # fmt: skip


def call_complex(
    ctx: Lowering,
    function: Any,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref | None:
    """A call with complex operands; None for a function that takes objects of any kind."""
    title = getattr(function, "__name__", type(function).__name__)
    try:
        handler = ctx.tables.complex_functions.get(function)
    except TypeError:  # an object of the user that has no hash
        return None
    if handler is not None:
        constants = [ref.value for ref in args if isinstance(ref, Constant) and is_complex(ref)]
        if not kwargs and len(constants) == len(args):
            return arithmetic.fold(function, *constants)
        return apply_handler(ctx, handler, args, kwargs, title, out_of(function))
    module = getattr(function, "__module__", None) or ""
    known = isinstance(function, np.ufunc) or is_library(module)
    if not known or (module == "builtins" and title not in _NUMERIC):
        return None
    written = ast.unparse(node.func) if isinstance(node, ast.Call) else title
    raise unknown_function(
        f"`{written}` of complex numbers is not supported",
        "write it with .real and .imag, np.abs, np.angle, np.exp and arithmetic",
    )


def call_complex_method(
    ctx: Lowering, owner: Ref, name: str, args: Sequence[Ref], kwargs: Mapping[str, Ref]
) -> Ref:
    """A method of a complex array, or of another object with complex operands."""
    handler = ctx.tables.methods.get(("complex", name))
    if isinstance(owner, List | Tuple | Dict):
        groups = {List: "list", Tuple: "tuple", Dict: "dict"}
        handler = ctx.tables.methods.get((groups[type(owner)], name))
    if handler is None:
        what = "complex arrays" if is_complex(owner) else "arrays with complex operands"
        raise unknown_function(
            f"`.{name}` of {what} is not supported",
            "write it with .real and .imag, np.abs, np.angle, np.exp and arithmetic",
        )
    how = None if isinstance(owner, List | Tuple | Dict) else METHODS.get(name)
    return apply_handler(ctx, handler, (owner, *args), kwargs, name, how)

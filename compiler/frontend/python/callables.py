"""Objects of libraries that are called: methods of strings, ``itemgetter``, numba's ufuncs."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from gradc.frontend.python import environment, indexing
from gradc.frontend.python.arithmetic import fold
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.refs import Constant, Ref, Tuple
from gradc.frontend.python.written import iterables as written


def called_object(ctx: Lowering, function: Any, args: Sequence[Ref]) -> Ref | None:
    """The result of calling one of these objects; None for anything else."""
    if isinstance(getattr(function, "__self__", None), str):
        return _of_string(ctx, function, args)
    if isinstance(function, operator.itemgetter):
        if len(args) != 1:
            raise shapes("what itemgetter makes takes one argument")
        wanted = [Constant(key) for key in function.__reduce__()[1]]
        found = [indexing.subscript(ctx, args[0], key, "itemgetter") for key in wanted]
        return found[0] if len(found) == 1 else Tuple(tuple(found))
    scalar = getattr(getattr(function, "_dispatcher", None), "py_func", None)
    if scalar is not None and type(function).__name__ == "DUFunc":
        if any(ctx.shape(ctx.array_like(arg)) for arg in args):
            return ctx.library(written.vectorized, Constant(scalar), *args)
        return ctx.call(Constant(scalar), args, {}, None)
    return None


def _of_string(ctx: Lowering, function: Any, args: Sequence[Ref]) -> Ref:
    """A method of a string, which is known when the program is compiled."""
    title = function.__name__
    found = fold(function, *(ctx.constant(arg, f"an argument of .{title}()") for arg in args))
    assert isinstance(found, Constant)
    return environment.from_python(ctx, title, found.value)

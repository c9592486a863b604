"""The options that every ufunc of NumPy has: ``out``, ``where``, ``dtype``.

``np.add(x, y, out=z, where=m)`` is read as ``z[...] = np.where(m, np.add(x, y), z)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Array, Constant, Poison, Ref, Tuple

_TRUE = Constant(True)
#: What changes nothing about the values of floats.
_WITHOUT_EFFECT = frozenset({"order", "subok"})

Compute = Callable[[Sequence[Ref], Mapping[str, Ref]], Ref]


def call_ufunc(
    ctx: Lowering,
    function: np.ufunc,
    compute: Compute,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
) -> Ref:
    """Call a ufunc; `compute` is the call without options."""
    rest = {key: ref for key, ref in kwargs.items() if key not in _WITHOUT_EFFECT}
    operands, further = list(args[: function.nin]), list(args[function.nin :])
    out = rest.pop("out", further.pop(0) if further else NONE)
    where, dtype = rest.pop("where", _TRUE), rest.pop("dtype", NONE)
    if further:
        raise shapes(f"np.{function.__name__}() takes {function.nin} operands and one `out`")
    if dtype is not NONE:
        wanted = ctx.dtype(dtype)
        operands = [ctx.result(ctx.value(ctx.array_like(ref), wanted)) for ref in operands]
    made = compute(operands, rest)
    if isinstance(out, Tuple) and len(out.items) == 1:
        out = out.items[0]
    if not _is_true(where):
        made = _chosen(ctx, function, where, made, out)
    return made if out is NONE else _written(ctx, function, out, made)


def _is_true(where: Ref) -> bool:
    return isinstance(where, Constant) and where.value is True


def _chosen(ctx: Lowering, function: np.ufunc, where: Ref, made: Ref, out: Ref) -> Ref:
    if out is NONE:
        raise RefusedError(
            f"np.{function.__name__}(where=...) without `out` leaves elements without a value",
            "give `out`, or write np.where(condition, ..., other)",
        )
    return ctx.call(Constant(np.where), (where, made, out), {}, None)


def _written(ctx: Lowering, function: np.ufunc, out: Ref, made: Ref) -> Ref:
    if isinstance(out, Poison) or isinstance(made, Poison):
        return out
    title = f"np.{function.__name__}"
    if not isinstance(out, Array) or isinstance(made, Tuple):
        raise shapes(f"`out` of {title} is one array, not {ctx.describe(out)}")
    if ctx.kind(made).dtype.is_float and not out.type.is_float:
        raise shapes(
            f"{title} gives floats, which do not fit into an array of {out.type.dtype.numpy_name}"
        )
    ctx.assign_whole(out, made)
    return out

"""The options that every ufunc of NumPy has: ``out``, ``where``, ``dtype``.

``np.add(x, y, out=z, where=m)`` is read as ``z[...] = np.where(m, np.add(x, y), z)``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.outs import SAME_KIND, casting_of, check_dtype, written
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.promote import becomes
from gradc.frontend.python.refs import NONE, Constant, Ref, Tuple
from gradc.ir.types import DType

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
    operands, title = list(args[: function.nin]), f"np.{function.__name__}"
    outs = _outs(function, args[function.nin :], rest.pop("out", NONE))
    where, dtype = rest.pop("where", _TRUE), rest.pop("dtype", NONE)
    casting = casting_of(ctx, rest.pop("casting", Constant(SAME_KIND)))
    if dtype is not NONE:
        operands = [_converted(ctx, title, ref, ctx.dtype(dtype), casting) for ref in operands]
    made = compute(operands, rest)
    results = made.items if isinstance(made, Tuple) else (made,)
    found = [
        _finished(ctx, title, result, out, where, casting)
        for result, out in zip(results, outs, strict=True)
    ]
    return Tuple(tuple(found)) if isinstance(made, Tuple) else found[0]


def _outs(function: np.ufunc, further: Sequence[Ref], named: Ref) -> list[Ref]:
    """The array for each result, None where there is none."""
    given = list(further)
    if named is not NONE:
        if given:
            raise shapes(f"np.{function.__name__}() got `out` twice")
        given = list(named.items) if isinstance(named, Tuple) else [named]
        if function.nout > 1 and len(given) != function.nout:
            raise shapes(f"`out` of np.{function.__name__} is a tuple of {function.nout} arrays")
    if len(given) > function.nout:
        raise shapes(
            f"np.{function.__name__}() takes {function.nin} operands and {function.nout} `out`"
        )
    return given + [NONE] * (function.nout - len(given))


def _converted(ctx: Lowering, title: str, ref: Ref, wanted: DType, casting: str) -> Ref:
    """An operand in the dtype that is asked for."""
    operand = ctx.array_like(ref)
    kind = ctx.kind(operand)
    if not kind.weak and not becomes(kind.dtype, wanted, casting):
        raise shapes(
            f"{title} with dtype={wanted.numpy_name}: an operand has dtype"
            f" {kind.dtype.numpy_name}, which does not become that",
            "convert it: `x.astype(...)`",
        )
    return ctx.result(ctx.value(operand, wanted))


def _finished(ctx: Lowering, title: str, made: Ref, out: Ref, where: Ref, casting: str) -> Ref:
    """One result under the options: chosen by `where`, and written to `out`."""
    if not (isinstance(where, Constant) and where.value is True):
        if _is_none(out):
            raise RefusedError(
                f"{title}(where=...) without `out` leaves elements without a value",
                "give `out`, or write np.where(condition, ..., other)",
            )
        check_dtype(ctx, title, out, made, casting)
        made = ctx.call(Constant(np.where), (where, made, out), {}, None)
        casting = "unsafe"
    return made if _is_none(out) else written(ctx, title, out, made, casting)


def _is_none(out: Ref) -> bool:
    return isinstance(out, Constant) and out.value is None

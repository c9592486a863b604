"""Calling the handlers of the tables: arguments are bound as Python binds them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.outs import Out, with_out
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.refs import NONE, Constant, Ref

#: What writes to its arguments, makes one of them its result, or a view of one: these get arrays
#: without axes as they are, all else the numbers in them.
_WHOLE = frozenset(
    {
        *("copyto", "put", "fill", "place", "putmask", "at", "array", "asarray", "asanyarray"),
        *("copy", "reshape", "ravel", "atleast_1d", "atleast_2d", "atleast_3d", "expand_dims"),
        *("squeeze", "transpose", "broadcast_to"),
    }
)


def apply_handler(
    ctx: Lowering,
    handler: Any,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    title: str,
    how: Out | None = None,
) -> Ref:
    """Call a handler of the tables with its arguments bound as Python binds them.

    No handler has an `out` of its own: where the function has one, `how` says how it takes it.
    """
    if how is not None:

        def compute(rest: Sequence[Ref], named: Mapping[str, Ref]) -> Ref:
            return _bound(ctx, handler, rest, named, title)

        return with_out(ctx, how, compute, args, kwargs)
    return _bound(ctx, handler, args, kwargs, title)


def _bound(
    ctx: Lowering, handler: Any, args: Sequence[Ref], kwargs: Mapping[str, Ref], title: str
) -> Ref:
    try:
        bound = inspect.signature(handler).bind(ctx, *args, **kwargs)
    except TypeError as error:
        raise shapes(f"{title}(): {error} here, or not supported") from None
    bound.apply_defaults()
    ready: list[Any] = []
    extra: dict[str, Any] = {}
    for parameter in list(inspect.signature(handler).parameters.values())[1:]:
        value = bound.arguments[parameter.name]
        if title not in _WHOLE:
            value = ctx.without_box(value)
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            ready += value
        elif parameter.kind is inspect.Parameter.VAR_KEYWORD:
            extra.update(value)
        else:
            extra_or_ready = value if isinstance(value, Ref) else _as_constant(value)
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY:
                extra[parameter.name] = extra_or_ready
            else:
                ready.append(extra_or_ready)
    made: Ref = handler(ctx, *ready, **extra)
    return made


def _as_constant(value: object) -> Ref:
    return NONE if value is None else Constant(value)

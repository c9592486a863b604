"""Calls of functions that write into their arguments, where what they wrote is the result."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.derived import Derived, parameter_names
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.refs import NONE, Array, Ref, Tuple

Call = Callable[..., Ref]


def call_writing(
    ctx: Lowering,
    call: Call,
    derived: Derived,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    """Interpret a call with copies of the output arguments; these are the result."""
    given, named = list(args), dict(kwargs)
    outputs = derived.settings["outputs"]
    single = isinstance(outputs, int | str)
    keys: Sequence[int | str] = (outputs,) if isinstance(outputs, int | str) else tuple(outputs)
    names = parameter_names(derived.function)
    written: list[Ref] = []
    for key in keys:
        place = names.index(key) if isinstance(key, str) and key in names else key
        if isinstance(place, int) and -len(given) <= place < len(given):
            given[place] = _copied(ctx, given[place], key)
            written.append(given[place])
            continue
        name = names[place] if isinstance(place, int) and 0 <= place < len(names) else place
        if not isinstance(name, str) or name not in named:
            raise shapes(f"there is no argument {key!r} to write to in this call")
        named[name] = _copied(ctx, named[name], key)
        written.append(named[name])
    result = call(ctx, derived.function, given, named, node)
    made = written[0] if single else Tuple(tuple(written))
    return made if result is NONE else Tuple((result, made))


def _copied(ctx: Lowering, ref: Ref, key: int | str) -> Ref:
    if not isinstance(ref, Array):
        raise shapes(f"argument {key!r} is {ctx.describe(ref)}, and results are written to arrays")
    return ctx.copied(ref)

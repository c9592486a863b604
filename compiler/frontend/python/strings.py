"""Strings that are put together: f-strings, and the messages of exceptions."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from gradc.frontend.python.arithmetic import fold
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, follow_up
from gradc.frontend.python.refs import Array, Constant, Poison, Ref, Scalar

_CONVERSIONS: Mapping[int, Callable[[object], object]] = {
    ord("s"): str,
    ord("r"): repr,
    ord("a"): ascii,
}


def formatted(ctx: Lowering, node: ast.JoinedStr) -> Ref:
    """An f-string of what is known at compile time."""
    return Constant("".join(_piece(ctx, part) for part in node.values))


def _piece(ctx: Lowering, part: ast.expr) -> str:
    if not isinstance(part, ast.FormattedValue):
        return str(ctx.constant(ctx.expression(part), "a part of a string"))
    found = ctx.expression(part.value)
    if isinstance(found, Scalar | Array):
        raise RefusedError(
            "the text of a number that is known at run time only",
            "use it in the message of an exception only, or compare numbers",
            node=part,
        )
    value = ctx.constant(found, "a value in a string")
    convert = _CONVERSIONS.get(part.conversion)
    if convert is not None:
        value = convert(value)
    spec = part.format_spec
    how = "" if spec is None else str(ctx.constant(ctx.expression(spec), "a format"))
    text = fold(format, value, how)
    assert isinstance(text, Constant)
    return str(text.value)


def message(ctx: Lowering, node: ast.expr) -> str:
    """The message of an exception: a text, in which numbers of the run stand by their names."""
    match node:
        case ast.JoinedStr(values=parts):
            return "".join(_named(ctx, part) for part in parts)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            return message(ctx, left) + message(ctx, right)
    found = ctx.expression(node)
    if isinstance(found, Scalar | Array):
        raise RefusedError(
            "an exception with a value that is known at run time only",
            f'name it in a text: `f"... {{{ast.unparse(node)}}}"`',
            node=node,
        )
    return str(ctx.constant(found, "the message of an exception"))


def _named(ctx: Lowering, part: ast.expr) -> str:
    """A part of an f-string; of a value of the run, what computes it, in braces."""
    if isinstance(part, ast.FormattedValue):
        before = ctx.state.snapshot()
        with ctx.region():
            found = ctx.expression(part.value)
        ctx.state.restore(before)
        if isinstance(found, Poison):
            raise follow_up()
        if isinstance(found, Scalar | Array):
            return f"{{{ast.unparse(part.value)}}}"
    return _piece(ctx, part)

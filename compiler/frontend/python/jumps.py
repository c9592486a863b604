"""``break``, ``continue`` and ``return`` inside branches: flags, and statements they guard.

A jump sets a flag, a hidden name of the call; what comes after it in the same block is guarded by
the flag. Where one arm of an ``if`` always jumps, what follows becomes a part of the other arm,
and no flag is needed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from gradc.frontend.python.branches import branch
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import FLAGS, RAISED, RETURNED, RETURNED_VALUE
from gradc.frontend.python.refs import Constant, Ref, Scalar
from gradc.ir.core import Value

_LOOPS = (ast.For, ast.While)
_SCOPES = (ast.FunctionDef, ast.Lambda, ast.ClassDef)


def may_jump(stmt: ast.stmt) -> bool:
    """Whether a statement may leave the block it stands in."""
    return _has(stmt, (ast.Return, ast.Break, ast.Continue), inside_loop=False)


def _has(node: ast.AST, kinds: tuple[type[ast.stmt], ...], inside_loop: bool) -> bool:
    if isinstance(node, ast.Return):
        return ast.Return in kinds
    if isinstance(node, ast.Break | ast.Continue):
        return not inside_loop and type(node) in kinds
    if isinstance(node, _SCOPES):
        return False
    if isinstance(node, _LOOPS):
        return any(_has(inner, kinds, True) for inner in node.body) or any(
            _has(inner, kinds, inside_loop) for inner in node.orelse
        )
    return any(_has(inner, kinds, inside_loop) for inner in ast.iter_child_nodes(node))


def leaves_loop(body: Iterable[ast.stmt]) -> bool:
    """Whether the body of a loop has a ``break`` of this loop, or a ``return``."""
    return any(_has(stmt, (ast.Return, ast.Break), inside_loop=False) for stmt in body)


def has_break(body: Iterable[ast.stmt]) -> bool:
    """Whether the body of a loop has a ``break`` of this loop."""
    return any(_has(stmt, (ast.Break,), inside_loop=False) for stmt in body)


def has_return(body: Iterable[ast.stmt]) -> bool:
    """Whether statements contain a ``return``."""
    return any(_has(stmt, (ast.Return,), inside_loop=False) for stmt in body)


def always_jumps(body: Sequence[ast.stmt]) -> bool:
    """Whether a block certainly ends in a jump (or an exception)."""
    for stmt in body:
        if isinstance(stmt, ast.Return | ast.Break | ast.Continue | ast.Raise):
            return True
        if isinstance(stmt, ast.If) and always_jumps(stmt.body) and always_jumps(stmt.orelse):
            return True
    return False


def jumped(ctx: Lowering) -> Value | bool:
    """Whether a jump has been taken in the block being interpreted."""
    names = ctx.state.frame.names
    found: Value | bool = False
    for flag in FLAGS:
        found = ctx.either(found, ctx.truth(names.get(flag, Constant(False))))
    return found


def live_beyond(ctx: Lowering, stmt: ast.stmt) -> frozenset[str]:
    """The names that may be read after a statement, or where a jump leads that passes by it."""
    live = ctx.state.frame.live
    names: frozenset[str] = live.after[id(stmt)] | live.jumps.get(id(stmt), frozenset())
    return names


def guarded(
    ctx: Lowering,
    left: Value | bool,
    rest: Callable[[], None],
    live: frozenset[str],
    flags_tell: bool = True,
) -> None:
    """Interpret `rest` where no jump has been taken; `left` is what :func:`jumped` returned.

    `flags_tell` is false where a jump may have been taken of which no flag is left.
    """
    names = ctx.state.frame.names
    open_flags = [flag for flag in FLAGS if isinstance(names.get(flag), Scalar)]

    def taken() -> None:
        if flags_tell and len(open_flags) == 1:
            ctx.state.frame.names[open_flags[0]] = Constant(True)

    def not_taken() -> None:
        for flag in open_flags:
            ctx.state.frame.names[flag] = Constant(False)
        rest()

    branch(ctx, left, taken, not_taken, live)


def jump(ctx: Lowering, flag: str) -> None:
    """Take a ``break`` or ``continue``."""
    ctx.state.frame.names[flag] = Constant(True)


def fail(ctx: Lowering) -> None:
    """Note that an exception is raised: what follows is not reached."""
    ctx.state.frame.names[RAISED] = Constant(True)


def finish(ctx: Lowering, result: Ref) -> None:
    """Take a ``return``."""
    ctx.state.frame.names[RETURNED] = Constant(True)
    ctx.state.frame.names[RETURNED_VALUE] = result

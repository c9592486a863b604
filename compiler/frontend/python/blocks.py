"""Blocks of statements, with jumps out of them."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence

from gradc.frontend.python import jumps
from gradc.frontend.python.branches import branch
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import RAISED
from gradc.frontend.python.problems import RefusedError


def block(ctx: Lowering, body: Sequence[ast.stmt]) -> None:
    """Interpret statements up to the first that always jumps."""
    for number, stmt in enumerate(body):
        rest = body[number + 1 :]
        if not jumps.may_jump(stmt):
            ctx.statement(stmt)
            if RAISED in ctx.state.frame.names:
                return
            continue
        if isinstance(stmt, ast.If) and _arms_jump(stmt):
            conditional(ctx, stmt, rest)
            return
        ctx.statement(stmt)
        if RAISED in ctx.state.frame.names:
            return
        left = jumps.jumped(ctx)
        if left is True:
            return
        if left is not False and rest:
            live = jumps.live_beyond(ctx, rest[-1])
            jumps.guarded(ctx, left, functools.partial(block, ctx, rest), live)
            return


def _arms_jump(stmt: ast.If) -> bool:
    return jumps.always_jumps(stmt.body) or jumps.always_jumps(stmt.orelse)


def conditional(ctx: Lowering, node: ast.If, rest: Sequence[ast.stmt] = ()) -> None:
    """Interpret an ``if``; `rest` is what follows it, where one arm always jumps."""
    test = ctx.expression(node.test)
    last = rest[-1] if rest else node
    live = ctx.state.frame.live.after[id(last)]
    if jumps.may_jump(node):
        live = jumps.live_beyond(ctx, last)
    then_rest = [] if jumps.always_jumps(node.body) else rest
    else_rest = [] if jumps.always_jumps(node.orelse) else rest
    with ctx.builder.at(ctx.location(node)):
        try:
            condition = ctx.truth(test)
        except RefusedError as problem:
            ctx.report(problem, node.test)
            condition = ctx.builder.const(True)
        branch(
            ctx,
            condition,
            lambda: block(ctx, [*node.body, *then_rest]),
            lambda: block(ctx, [*node.orelse, *else_rest]),
            live,
        )

"""Loops: ``for`` and ``while``, with ``break``, ``continue`` and ``else``."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Sequence

from gradc.frontend.python import growing, iteration, jumps, sequences
from gradc.frontend.python.assigning import assign
from gradc.frontend.python.blocks import block
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import BROKEN, CONTINUED, RETURNED, RETURNED_VALUE
from gradc.frontend.python.liveness import names_assigned
from gradc.frontend.python.opening import opening
from gradc.frontend.python.problems import RefusedError, UnrollableError
from gradc.frontend.python.refs import (
    POISON,
    Checkpointed,
    Constant,
    Iteration,
    List,
    Poison,
    Range,
    Ref,
    Tuple,
)
from gradc.ir.core import Value
from gradc.prims.compare import GT, LT

#: A loop over a range with known bounds is unrolled up to this many iterations where its index
#: must be known at compile time.
MOST_UNROLLED = 256

Looped = tuple[List, tuple[Ref, ...], bool]


def for_statement(ctx: Lowering, node: ast.For) -> None:
    """Interpret a ``for`` statement."""
    opening(ctx, lambda: _for(ctx, node))


def _for(ctx: Lowering, node: ast.For) -> None:
    iterable = ctx.expression(node.iter)
    if isinstance(iterable, Poison):
        for name in names_assigned([node.target, *node.body]):
            ctx.state.frame.names[name] = POISON
        return
    checkpoint = isinstance(iterable, Checkpointed)
    if isinstance(iterable, Checkpointed):
        iterable = iterable.items
    iterable = sequences.used(ctx, iterable)
    saved = _save_flags(ctx)
    looped = {ref: growing.state_of(ctx, ref) for ref in growing.lists_in(ctx, iterable)}
    iterable = growing.settled(ctx, iterable)
    items = None if checkpoint else sequences.static_items(ctx, iterable)
    if items is not None:
        looped = {}  # what changes in it is seen item by item
    # The loop holds what it runs over, whatever becomes of the names for it meanwhile.
    held = f"$over{id(node)}"
    ctx.state.frame.names[held] = iterable if items is None else Tuple(tuple(items))
    if items is not None:
        _unrolled(ctx, node, items, looped=tuple(_lists_in(ctx, iterable)))
    else:
        _runtime(ctx, node, iterable, checkpoint)
    ctx.state.frame.names.pop(held, None)
    for ref, state in looped.items():
        if growing.state_of(ctx, ref) != state:
            raise _changed(ctx, ref)
    _otherwise(ctx, node, saved)


def while_statement(ctx: Lowering, node: ast.While) -> None:
    """Interpret a ``while`` statement."""
    opening(ctx, lambda: _while(ctx, node))


def _while(ctx: Lowering, node: ast.While) -> None:
    saved = _save_flags(ctx)
    endless = isinstance(node.test, ast.Constant) and bool(node.test.value)
    if endless and not jumps.leaves_loop(node.body):
        raise RefusedError("this loop never ends", "give it a condition or a `break`")
    if endless or not isinstance(node.test, ast.Constant):
        iteration.conditional(
            ctx,
            node,
            None,
            "k",
            lambda index: _test(ctx, node),
            lambda index: block(ctx, node.body),
        )
    if endless and not jumps.has_break(node.body):
        # The only way out is a return.
        ctx.state.frame.names[RETURNED] = Constant(True)
    _otherwise(ctx, node, saved)


def _test(ctx: Lowering, node: ast.While) -> Value | bool:
    test = ctx.expression(node.test)
    with ctx.blame(node.test):
        return ctx.truth(test)


# -- flags --------------------------------------------------------------------------------------


def _save_flags(ctx: Lowering) -> dict[str, Ref]:
    """Start with flags of the loop's own; no jump has been taken here yet."""
    names = ctx.state.frame.names
    saved = {flag: names.get(flag, Constant(False)) for flag in (BROKEN, CONTINUED)}
    for flag in (BROKEN, CONTINUED, RETURNED):
        names[flag] = Constant(False)
    names.pop(RETURNED_VALUE, None)
    return saved


def _otherwise(ctx: Lowering, node: ast.For | ast.While, saved: dict[str, Ref]) -> None:
    """Interpret the ``else`` of a loop, and go back to the flags of the loop around it."""
    names = ctx.state.frame.names
    left, broken = jumps.jumped(ctx), ctx.truth(names[BROKEN])
    names.update(saved)
    if left is True or not node.orelse:
        return
    live = ctx.state.frame.live.after[id(node)]
    jumps.guarded(ctx, left, lambda: block(ctx, node.orelse), live, broken is False)


# -- iterations known at compile time -----------------------------------------------------------


def _lists_in(ctx: Lowering, iterable: Ref) -> Iterator[tuple[List, tuple[Ref, ...], bool]]:
    """The lists that a loop runs over, what is in them, and whether it runs backwards."""
    match iterable:
        case List():
            yield iterable, ctx.state.items(iterable), False
        case Iteration(kind=kind, parts=parts):
            for part in parts:
                for ref, contents, backwards in _lists_in(ctx, part):
                    yield ref, contents, backwards != (kind == "reversed")


def _check_lists(ctx: Lowering, looped: Sequence[Looped], number: int) -> None:
    """Refuse a change of what a loop has not come to yet: Python would see it."""
    for ref, contents, backwards in looped:
        now = ctx.state.items(ref)
        ahead = slice(0, len(contents) - 1 - number) if backwards else slice(number + 1, None)
        if len(now) != len(contents) or any(
            new is not old for new, old in zip(now[ahead], contents[ahead], strict=True)
        ):
            raise _changed(ctx, ref)


def _changed(ctx: Lowering, ref: List) -> RefusedError:
    return RefusedError(
        f"{ctx.state.name_of(ref)} changes while the loop runs over it",
        "loop over a copy: `for item in list(items):`",
    )


def _unrolled(
    ctx: Lowering,
    node: ast.For,
    items: Sequence[Ref],
    start: int = 0,
    looped: Sequence[Looped] = (),
) -> None:
    """Interpret the body once per item of a tuple, a list, or a range with known bounds."""
    live = ctx.state.frame.live.head[id(node)] | ctx.state.frame.live.after[id(node)]
    for number in range(start, len(items)):
        assign(ctx, node.target, items[number])
        with ctx.inside((id(node), number)):
            block(ctx, node.body)
        _check_lists(ctx, looped, number)
        ctx.state.frame.names[CONTINUED] = Constant(False)
        left = jumps.jumped(ctx)
        if left is True:
            return
        if left is not False and number + 1 < len(items):
            following = functools.partial(_unrolled, ctx, node, items, number + 1, looped)
            jumps.guarded(ctx, left, following, live)
            return


# -- iterations known at run time ---------------------------------------------------------------


def _runtime(ctx: Lowering, node: ast.For, iterable: Ref, checkpoint: bool) -> None:
    bounds, item = sequences.runtime_items(ctx, iterable)
    before, found = ctx.state.snapshot(), len(ctx.diagnostics.found)
    own: set[str] = set()
    try:
        _over_range(ctx, node, iterable, bounds, item, own, checkpoint)
    except UnrollableError as wish:
        if not wish.symbols & own:
            raise
        start, stop, step = (int(bound.size or 0) for bound in bounds)
        positions = range(start, stop, step)
        if len(positions) > MOST_UNROLLED:
            raise (wish.instead or wish.reason) from None
        ctx.state.restore(before)
        del ctx.diagnostics.found[found:]
        _unrolled(ctx, node, [item(ctx.builder.const(k)) for k in positions])


def _known(bounds: iteration.Bounds) -> bool:
    return all(isinstance(bound.size, int) for bound in bounds)


def _over_range(
    ctx: Lowering,
    node: ast.For,
    iterable: Ref,
    bounds: iteration.Bounds,
    item: Callable[[Value], Ref],
    own: set[str],
    checkpoint: bool,
) -> None:
    """Build a loop; its indices go into `own` where it could be unrolled instead."""

    def body(index: Value | None) -> None:
        assert index is not None
        if isinstance(index.size, str) and _known(bounds):
            own.add(index.size)
            ctx.unrollable.add(index.size)
        assign(ctx, node.target, item(index))
        block(ctx, node.body)

    named = isinstance(iterable, Range) and isinstance(node.target, ast.Name)
    name = node.target.id if named and isinstance(node.target, ast.Name) else "k"
    if not jumps.leaves_loop(node.body):
        iteration.counted(ctx, node, bounds, name, body, checkpoint)
        return
    _, stop, step = bounds
    if not isinstance(step.size, int):
        raise RefusedError(
            "a loop with `break` or `return` needs a step that is known at compile time",
            "use a while loop",
        )
    compare = LT if step.size > 0 else GT

    def condition(index: Value | None) -> Value | bool:
        assert index is not None
        return ctx.emit(compare, (index, stop))

    iteration.conditional(ctx, node, bounds, name, condition, body, checkpoint)

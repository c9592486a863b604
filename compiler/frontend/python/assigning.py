"""Assignment: to names, to several targets, to elements and slices of arrays."""

from __future__ import annotations

import ast

from gradc.frontend.python import sequences, writes
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import POISON, List, Poison, Ref, Struct, Tuple


def assign(ctx: Lowering, target: ast.expr, ref: Ref) -> None:
    """Assign to a target."""
    sequences.check_kept(ctx, ref)
    match target:
        case ast.Name(id=name):
            bind(ctx, name, ref)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            _unpack(ctx, targets, ref)
        case ast.Subscript():
            owner, index = ctx.expression(target.value), ctx.expression(target.slice)
            with ctx.blame(target):
                writes.store(ctx, owner, index, ref, target)
        case ast.Attribute():
            raise RefusedError(
                f"attributes cannot be assigned (`{ast.unparse(target)} = ...`)",
                _other_object(ctx, target),
                node=target,
            )
        case _:
            raise RefusedError("this cannot be assigned to", node=target)


def _other_object(ctx: Lowering, target: ast.Attribute) -> str:
    ref, owner = ctx.expression(target.value), ast.unparse(target.value)
    if not isinstance(ref, Struct):
        return "use a local variable, or return the new value"
    made = f"{owner}._replace(" if ref.is_tuple else f"dataclasses.replace({owner}, "
    return f"make another object, `{owner} = {made}{target.attr}=...)`, or use a local variable"


def bind(ctx: Lowering, name: str, ref: Ref) -> None:
    """Let a name refer to something; what was just computed is called by that name."""
    frame = ctx.state.frame
    if name in frame.nonlocals:
        owner = frame.outer
        while owner is not None and name not in owner.locals:
            owner = owner.outer
        if owner is None or not (owner in ctx.state.frames or owner in ctx.state.kept):
            raise RefusedError(f"`nonlocal {name}` is not supported here", "return the new value")
        frame = owner
    ctx.call_it(ref, name)
    frame.names[name] = ref


def _unpack(ctx: Lowering, targets: list[ast.expr], ref: Ref) -> None:
    if isinstance(ref, Poison):
        for target in targets:
            inner = target.value if isinstance(target, ast.Starred) else target
            assign(ctx, inner, POISON)
        return
    stars = [k for k, target in enumerate(targets) if isinstance(target, ast.Starred)]
    if not stars:
        items = sequences.unpacked(ctx, ref, len(targets))
        for target, item in zip(targets, items, strict=True):
            assign(ctx, target, item)
        return
    (star,) = stars
    items = sequences.unpacked(ctx, ref, len(targets) - 1, at_least=True)
    after = len(targets) - star - 1
    middle = len(items) - after
    for target, item in zip(targets[:star], items[:star], strict=True):
        assign(ctx, target, item)
    rest = List("rest")
    ctx.state.lists[rest] = tuple(items[star:middle])
    starred = targets[star]
    assert isinstance(starred, ast.Starred)
    assign(ctx, starred.value, rest)
    for target, item in zip(targets[star + 1 :], items[middle:], strict=True):
        assign(ctx, target, item)


def targets_of(ref: Ref) -> tuple[Ref, ...]:
    """The items of a tuple that is assigned at once."""
    return ref.items if isinstance(ref, Tuple) else (ref,)

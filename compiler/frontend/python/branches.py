"""Branches: both arms are interpreted on copies of the state, which are then joined.

What an arm assigns becomes a result of the branch where it is read later; arrays that an arm
writes to become results of it too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradc.frontend.python import growing
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import RAISED
from gradc.frontend.python.merging import Arm, Merger, Rebuild
from gradc.frontend.python.opening import opening
from gradc.frontend.python.problems import GrowingError, RefusedError
from gradc.frontend.python.refs import NONE, Cell, Frame, Length, List, Ref, Struct
from gradc.frontend.python.state import Snapshot
from gradc.ir.core import Value
from gradc.prims.compare import LAND, LOR

Thunk = Callable[[], Ref | None]

#: The hidden name under which the result of a conditional expression is joined.
_CHOSEN = "$chosen"
_HIDDEN = "$"


def branch(
    ctx: Lowering,
    condition: Value | bool,
    then: Thunk,
    otherwise: Thunk,
    live: frozenset[str] | None = None,
) -> Ref | None:
    """Interpret both arms of a branch and join them; return the joined result of the arms.

    Parameters
    ----------
    condition : Value or bool
        A condition known at compile time leaves one arm only.
    then, otherwise : callable
        Interpret an arm, and may return a reference.
    live : frozenset of str, optional
        Names that may be read later; others are forgotten. None keeps all.
    """
    if isinstance(condition, bool):
        return then() if condition else otherwise()
    return opening(ctx, lambda: _branch(ctx, condition, then, otherwise, live))


def _branch(
    ctx: Lowering, condition: Value, then: Thunk, otherwise: Thunk, live: frozenset[str] | None
) -> Ref | None:
    before = ctx.state.snapshot()
    arms, reachable = [], []
    spent, spent_in_arms = ctx.state.spent, set()
    for thunk in (then, otherwise):
        ctx.state.spent = set(spent)
        arm, reached = _interpret(ctx, thunk, live)
        arms.append(arm)
        reachable.append(reached)
        spent_in_arms |= ctx.state.spent
        ctx.state.restore(before)
    ctx.state.spent = spent_in_arms
    dead = [RAISED in arm.state.names[ctx.state.frame] for arm in arms]
    merger = Merger(
        ctx,
        condition,
        (arms[0], arms[1]),
        before,
        (reachable[0], reachable[1]),
        (dead[0] and not dead[1], dead[1] and not dead[0]),
    )
    result = _join(ctx, merger, before)
    if all(dead):
        ctx.state.frame.names[RAISED] = NONE
    return result


def _interpret(
    ctx: Lowering, thunk: Thunk, live: frozenset[str] | None
) -> tuple[Arm, dict[Cell, int]]:
    frame = ctx.state.frame
    with ctx.deeper(), ctx.region() as builder:
        result = thunk()
        if result is not None:
            frame.names[_CHOSEN] = result
        if live is not None:
            forget(frame, live)
        reached = ctx.state.reachable(frozenset())
    return Arm(builder, ctx.state.snapshot()), reached


def forget(frame: Frame, live: frozenset[str]) -> None:
    """Drop the names of a call that are not read any more."""
    for name in list(frame.names):
        if name not in live and not name.startswith(_HIDDEN):
            del frame.names[name]


def _join(ctx: Lowering, merger: Merger, before: Snapshot) -> Ref | None:
    arms = merger.arms
    names: dict[Frame, dict[str, Rebuild]] = {}
    for frame in before.names:
        left, right = (arm.state.names[frame] for arm in arms)
        names[frame] = {
            name: merger.join(name, left.get(name), right.get(name))
            for name in dict.fromkeys([*left, *right])
            if name != RAISED
        }
    written = _written(merger, before)
    lists = _changed_lists(merger, before, {ref: ctx.state.name_of(ref) for ref in before.lists})
    outs = _emit(ctx, merger)
    for cell, index in written.items():
        ctx.state.write(cell, outs[index])
    for changed, parts in lists.items():
        ctx.state.lists[changed] = tuple(part(outs) for part in parts)
    for frame, rebuilds in names.items():
        frame.names = {name: rebuild(outs) for name, rebuild in rebuilds.items()}
    merger.finish()
    return ctx.state.frame.names.pop(_CHOSEN, None)


def _written(merger: Merger, before: Snapshot) -> dict[Cell, int]:
    """Arrays from before the branch that an arm writes to, and where their new values come."""
    found = {}
    for cell, token in before.tokens.items():
        states = [arm.state for arm in merger.arms]
        if all(state.tokens[cell] == token for state in states):
            continue
        left, right = (state.cells[cell] for state in states)
        found[cell] = merger.slot(cell.name, left, right, named=True)
    return found


def _changed_lists(
    merger: Merger, before: Snapshot, names: dict[List, str]
) -> dict[List, list[Rebuild]]:
    found: dict[List, list[Rebuild]] = {}
    for changed, contents in before.lists.items():
        left, right = (arm.state.lists[changed] for arm in merger.arms)
        if left is contents and right is contents:
            continue
        if growing.differs(left, right):
            if growing.may_grow(merger.ctx, (*contents, *left, *right)):
                reason = growing.cannot_grow(merger.ctx, changed)
                raise GrowingError(frozenset([changed]), reason)
            found[changed] = [_unknown_length(names[changed], len(left), len(right))]
            continue
        found[changed] = [
            _joined_total(merger, contents, merger.join(changed.name, a, b, False), (a, b))
            for a, b in zip(left, right, strict=True)
        ]
    return found


def _joined_total(
    merger: Merger, before: tuple[Ref, ...], joined: Rebuild, arms: tuple[Ref, Ref]
) -> Rebuild:
    """What is joined; of lists that are counted, the most that an arm appends."""
    total = growing.larger_total(merger.ctx, before, *arms)
    if total is None:
        return joined

    def rebuild(outs: Sequence[Value]) -> Ref:
        held = joined(outs)
        assert isinstance(held, Struct)
        return Struct(held.cls, {**held.fields, growing.TOTAL: total})

    return rebuild


def _unknown_length(name: str, left: int, right: int) -> Rebuild:
    made = Length(
        f"{name} has {left} items on one path and {right} on the other",
        "use an array of full length, and count how much of it is filled",
    )
    return lambda outs: made


def _emit(ctx: Lowering, merger: Merger) -> tuple[Value, ...]:
    """Append the branch; nothing where both arms are empty."""
    regions = [
        arm.builder.close((), [slot.values[side] for slot in merger.slots])
        for side, arm in enumerate(merger.arms)
    ]
    if not merger.slots and not any(region.ops for region in regions):
        return ()
    outs = ctx.builder.branch(
        merger.condition, regions[0], regions[1], [_legal(slot.name) for slot in merger.slots]
    )
    for slot, out in zip(merger.slots, outs, strict=True):
        if slot.named:
            ctx.given[out] = slot.name
    return outs


def _legal(name: str) -> str:
    """The name of a value: a hidden one without what makes it hidden."""
    return name.rpartition(_HIDDEN)[2]


def lazily(
    ctx: Lowering,
    is_and: bool,
    left: Value,
    right: Callable[[], Value | bool],
    what: str = "the right operand of `and`/`or`",
    hint: str = "do it in a statement before, or use an if statement",
) -> Value | bool:
    """``left and right()`` (or ``or``) of conditions: the right side only where it counts.

    Where the right side can do no harm it is computed always, and no branch is needed. `what` and
    `hint` are for the message where it changes something.
    """
    outer, before = ctx.builder, ctx.state.snapshot()
    with ctx.region() as inner:
        value = right()
        if isinstance(value, bool):
            value = inner.const(value)
    harm = ctx.state.changes(before)
    ctx.state.restore(before)
    if harm:
        raise RefusedError(f"{what} {harm}", hint)
    if all(op.prim.pointwise or op.prim.cost == 0 for op in inner.ops) and not any(
        op.regions for op in inner.ops
    ):
        for op in inner.ops:
            outer.append(op)
            for out in op.outs:
                outer.symbols.note(out)
        return ctx.emit(LAND if is_and else LOR, (left, value))
    settled = outer.child()
    known = settled.const(not is_and)
    evaluated = inner.close((), (value,))
    constant = settled.close((), (known,))
    then, otherwise = (evaluated, constant) if is_and else (constant, evaluated)
    (out,) = outer.branch(left, then, otherwise, ["both" if is_and else "either"])
    return out

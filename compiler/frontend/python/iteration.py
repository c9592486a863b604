"""Building loops: the body is interpreted until what it carries is settled, then emitted."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from gradc.frontend.python import jumps
from gradc.frontend.python.branches import forget, lazily
from gradc.frontend.python.carrier import Carrier, is_list
from gradc.frontend.python.carrying import Guess, Number, Phi, Plan, first_plan
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import BROKEN, CONTINUED, RETURNED, RETURNED_VALUE
from gradc.frontend.python.liveness import names_assigned
from gradc.frontend.python.problems import RefusedError, follow_up
from gradc.frontend.python.promote import Kind
from gradc.frontend.python.refs import Cell, Constant, Frame
from gradc.frontend.python.sizes import Affine
from gradc.frontend.python.state import Snapshot
from gradc.ir.core import Region, Value
from gradc.ir.types import INT, DType
from gradc.ir.walk import substitute_region
from gradc.prims.arithmetic import ADD
from gradc.prims.compare import GT, LT

Loop = ast.For | ast.While
Bounds = tuple[Value, Value, Value]

_CONDITION = "the condition of this loop"
_IN_BODY = "do it in the body: `while True:`, and an `if` with `break`"
_FLAG = Number(Kind(DType.BOOL, weak=True))
_MOST_ATTEMPTS = 50


@dataclass(frozen=True, eq=False, slots=True)
class _Attempt:
    """The loop as interpreted with one guess."""

    regions: tuple[Region, ...]
    params: tuple[list[Value], ...]
    index: Value | None


@dataclass(frozen=True, eq=False, slots=True)
class _Memo:
    """A settled guess, with arrays by the names that they had before the loop."""

    names: dict[str, Plan | None]
    cells: tuple[tuple[int, str], ...]


def counted(
    ctx: Lowering,
    node: Loop,
    bounds: Bounds,
    name: str,
    body: Callable[[Value], None],
    checkpoint: bool = False,
) -> None:
    """Build a counted loop; `body` interprets one iteration.

    With `checkpoint` its adjoint keeps checkpoints instead of a tape, as it does for all loops of
    a function that is decorated so.
    """

    def attempt(carrier: Carrier, guess: Guess) -> tuple[Guess, _Attempt | None]:
        with ctx.in_loop(), ctx.region() as inner:
            index = _index(ctx, name, bounds)
            params = carrier.enter(index)
            body(index)
            ctx.state.frame.names[CONTINUED] = Constant(False)
            found = carrier.with_shared(carrier.widened())
            if not found.same_as(guess):
                return found, None
            region = inner.close([index, *params], carrier.yields())
            return found, _Attempt((region,), (params,), index)

    carrier, done = _settle(ctx, node, attempt)
    inits = carrier.inits()
    (region,), kept, inits_kept = _pruned(done, inits)
    outs = ctx.builder.loop(bounds, inits_kept, region)
    _mark(ctx, checkpoint)
    _leave(ctx, carrier, inits, kept, outs)


def conditional(
    ctx: Lowering,
    node: Loop,
    bounds: Bounds | None,
    name: str,
    condition: Callable[[Value | None], Value | bool],
    body: Callable[[Value | None], None],
    checkpoint: bool = False,
) -> None:
    """Build a loop that goes on while a condition holds and no jump has left it.

    With `bounds` (whose step is known at compile time) it also counts an index, called `name`.
    """

    def index_value() -> Value | None:
        return None if bounds is None else _index(ctx, name, bounds)

    def attempt(carrier: Carrier, guess: Guess) -> tuple[Guess, _Attempt | None]:
        frame = ctx.state.frame
        with ctx.in_loop(), ctx.region() as inner:
            index = index_value()
            params = carrier.enter()
            at_head = ctx.state.snapshot()
            goes_on = _goes_on(ctx, index, condition)
            if harm := ctx.state.changes(at_head):
                raise RefusedError(f"{_CONDITION} {harm}", _IN_BODY)
            head = [params if index is None else [index, *params]]
            regions = [inner.close(head[0], [goes_on])]
        with ctx.in_loop(), ctx.region() as inner:
            index = index_value()
            params = carrier.enter(index)
            for flag in (BROKEN, RETURNED):
                if flag in guess.names:
                    frame.names[flag] = Constant(False)
            body(index)
            frame.names[CONTINUED] = Constant(False)
            found = carrier.with_shared(carrier.widened())
            if not found.same_as(guess):
                return found, None
            yields = carrier.yields()
            if index is not None and bounds is not None:
                yields = [ctx.builder.integer(ADD, index, bounds[2]), *yields]
                params = [index, *params]
            regions.append(inner.close(params, yields))
            return found, _Attempt(tuple(regions), (head[0], params), index)

    carrier, done = _settle(ctx, node, attempt)
    inits = carrier.inits()
    if bounds is not None:
        inits = [bounds[0], *inits]
    regions, kept, inits_kept = _pruned(done, inits)
    outs = ctx.builder.conditional_loop(inits_kept, regions[0], regions[1])
    _mark(ctx, checkpoint)
    _leave(ctx, carrier, inits, kept, outs, skip=0 if bounds is None else 1)


def _mark(ctx: Lowering, checkpoint: bool) -> None:
    """Note in the loop just built that it keeps checkpoints, where it does."""
    if checkpoint or ctx.state.frame.checkpoint:
        whose = "loop" if checkpoint else "function"
        ctx.builder.ops[-1] = replace(ctx.builder.ops[-1], params={"checkpoint": whose})


def _goes_on(
    ctx: Lowering, index: Value | None, condition: Callable[[Value | None], Value | bool]
) -> Value:
    names = ctx.state.frame.names
    stopped = jumps.jumped(ctx)
    if stopped is True:
        return ctx.builder.const(False)
    if stopped is False:
        found = condition(index)
    else:
        free = ctx.negated(stopped)
        assert isinstance(free, Value), names
        found = lazily(ctx, True, free, lambda: condition(index), _CONDITION, _IN_BODY)
    return ctx.builder.const(found) if isinstance(found, bool) else found


def _index(ctx: Lowering, name: str, bounds: Bounds) -> Value:
    """The index of a loop, with what its bounds say about it."""
    index = ctx.builder.value(INT, name, named=True)
    start, stop, step = bounds
    sizes, one = ctx.builder.sizes, Affine((), 1)
    if isinstance(index.size, str) and isinstance(step.size, int):
        first, last = ctx.builder.form(start), ctx.builder.form(stop)
        if step.size > 0:
            sizes.low[index.size], sizes.high[index.size] = first, last.plus(one, -1)
        elif step.size < 0:
            sizes.low[index.size], sizes.high[index.size] = last.plus(one), first
    return index


# -- settling what is carried -------------------------------------------------------------------


def _settle(
    ctx: Lowering,
    node: Loop,
    attempt: Callable[[Carrier, Guess], tuple[Guess, _Attempt | None]],
) -> tuple[Carrier, _Attempt]:
    frame = ctx.state.frame
    live = frame.live.head[id(node)] | frame.live.after[id(node)]
    forget(frame, live)
    before = ctx.state.snapshot()
    first = _first_guess(ctx, node, live)
    key = (id(node), ctx.path, repr(sorted(first.names.items())))
    recalled = _recalled(ctx.memo.get(key), first, before)
    # what held where the loop was read before need not lead to what holds here
    for start in (recalled,) if recalled is first else (recalled, first):
        settled = _settled_from(ctx, start, before, attempt)
        if settled is not None:
            guess, carrier, done = settled
            ctx.memo[key] = _memo(guess, before)
            return carrier, done
    if ctx.diagnostics.found:
        raise follow_up()
    raise RefusedError(
        "what this loop carries from one iteration to the next is in each another kind of thing",
        "give each array that the loop sets anew a name of its own, or copy it: `b = a.copy()`",
    )


def _settled_from(
    ctx: Lowering,
    guess: Guess,
    before: Snapshot,
    attempt: Callable[[Carrier, Guess], tuple[Guess, _Attempt | None]],
) -> tuple[Guess, Carrier, _Attempt] | None:
    """Widen a guess until it holds; None where it goes on changing."""
    found = len(ctx.diagnostics.found)
    for _ in range(_MOST_ATTEMPTS):
        carrier = Carrier(ctx, guess, before)
        widened, done = attempt(carrier, guess)
        _check_other_frames(ctx, before)
        if done is not None:
            return guess, carrier, done
        guess = widened
        ctx.state.restore(before)
        del ctx.diagnostics.found[found:]
    return None


def _first_guess(ctx: Lowering, node: Loop, live: frozenset[str]) -> Guess:
    assigned = names_assigned(node.body)
    if isinstance(node, ast.For):
        assigned |= names_assigned([node.target])
    names = ctx.state.frame.names
    plans = {name: first_plan(ctx, names.get(name)) for name in sorted(assigned & live)}
    if jumps.has_break(node.body):
        plans[BROKEN] = _FLAG
    if jumps.has_return(node.body):
        plans[RETURNED] = _FLAG
        plans[RETURNED_VALUE] = None
    return Guess(plans)


def _memo(guess: Guess, before: Snapshot) -> _Memo:
    frames = list(before.names)
    places = [
        (number, name)
        for cell in guess.cells
        for number, frame in enumerate(frames)
        for name, ref in before.names[frame].items()
        if getattr(ref, "cell", None) is cell
    ]
    names = {name: plan for name, plan in guess.names.items() if not is_list(name)}
    return _Memo(names, tuple(places))


def _recalled(memo: _Memo | None, first: Guess, before: Snapshot) -> Guess:
    """A guess that held for the same loop before, as far as its arrays still exist."""
    if memo is None:
        return first
    frames: list[Frame] = list(before.names)
    cells = set()
    for number, name in memo.cells:
        ref = before.names[frames[number]].get(name) if number < len(frames) else None
        cell = getattr(ref, "cell", None)
        if isinstance(cell, Cell) and cell in before.cells:
            cells.add(cell)
    names = {
        name: None if plan is None else _still_there(plan, before)
        for name, plan in memo.names.items()
    }
    return Guess(names, frozenset(cells))


def _still_there(plan: Plan, before: Snapshot) -> Plan:
    if isinstance(plan, Phi) and any(cell not in before.cells for cell in plan.shared):
        return replace(plan, shared=tuple(c for c in plan.shared if c in before.cells))
    return plan


def _check_other_frames(ctx: Lowering, before: Snapshot) -> None:
    for frame, names in before.names.items():
        if frame is ctx.state.frame:
            continue
        changed = [name for name in names if frame.names.get(name) is not names[name]]
        if changed:
            raise RefusedError(
                f"`{changed[0]}` of an outer function is assigned inside this loop",
                "return the new value and assign it in the loop itself",
            )


# -- emission -----------------------------------------------------------------------------------


def _pruned(
    done: _Attempt, inits: Sequence[Value]
) -> tuple[tuple[Region, ...], list[bool], list[Value]]:
    """Do not carry what every iteration leaves as it is."""
    body = done.regions[-1]
    skip = len(body.params) - len(inits)
    kept: list[bool] = []
    for param, end in zip(body.params[skip:], body.yields, strict=True):
        kept.append(param is not end or param.type == INT)
    if all(kept):
        return done.regions, kept, list(inits)
    regions = []
    for region in done.regions:
        own = region.params[len(region.params) - len(inits) :]
        mapping = {
            param: init for param, init, keep in zip(own, inits, kept, strict=True) if not keep
        }
        params = [p for p in region.params if p not in mapping]
        changed = substitute_region(region, mapping)
        yields = changed.yields
        if region is body:
            yields = tuple(v for v, keep in zip(yields, kept, strict=True) if keep)
        regions.append(Region(tuple(params), changed.ops, yields))
    return tuple(regions), kept, [init for init, keep in zip(inits, kept, strict=True) if keep]


def _leave(
    ctx: Lowering,
    carrier: Carrier,
    inits: Sequence[Value],
    kept: Sequence[bool],
    outs: Sequence[Value],
    skip: int = 0,
) -> None:
    made = iter(outs)
    results = [next(made) if keep else init for init, keep in zip(inits, kept, strict=True)]
    carrier.leave(results[skip:])


COMPARE = {True: LT, False: GT}

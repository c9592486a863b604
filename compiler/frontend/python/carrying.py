"""What a loop carries from one iteration to the next.

A loop is interpreted with a guess of what it carries: each name that is assigned in its body
and read later, as the kind of thing it was before the loop. The end of the body may show more: an
array that is written to, an integer that becomes a float, a Python number that becomes a NumPy
one, a name that refers to another array. Then the guess is widened and the body interpreted again;
the kinds only grow, so this ends. The last guess is kept for the next time the same loop is met
inside an outer one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gradc.errors import GradcError, UnsupportedSyntaxError
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import RETURNED_VALUE, shown
from gradc.frontend.python.promote import Kind, promote
from gradc.frontend.python.refs import (
    Array,
    Cell,
    ComplexNumber,
    Conflict,
    Constant,
    Dict,
    Maybe,
    Poison,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_complex,
    number_parts,
)
from gradc.ir.types import Type

_PAIR = (ComplexNumber, ("re", "im"))


class Plan:
    """How a name is carried; compared by value."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Same(Plan):
    """Not carried: it is the same in every iteration."""


@dataclass(frozen=True, slots=True)
class Number(Plan):
    """A scalar."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Phi(Plan):
    """An array object that may be another one in each iteration.

    Attributes
    ----------
    type : Type
    shared : tuple of Cell
        Arrays with other names that it may be; then it can be read but not written to.
    locked : bool
        Whether two carried names may refer to it; then it cannot be written to either.
    """

    type: Type
    shared: tuple[Cell, ...] = ()
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Items(Plan):
    """A tuple, a structure or a dictionary, part by part."""

    parts: tuple[Plan, ...]
    cls: type | None = None
    keys: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Filled(Plan):
    """Not set before the first iteration, nor read before it is set."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Flagged(Plan):
    """Not assigned before the first iteration: a flag goes with it."""

    plan: Plan


@dataclass(frozen=True, slots=True)
class Fixed(Plan):
    """The same text, None or the like wherever it is assigned."""

    value: object


@dataclass(frozen=True, slots=True)
class Clash(Plan):
    """Something that cannot be carried; refused when it is read."""

    message: str
    hint: str | None = None
    kind: type[GradcError] = UnsupportedSyntaxError


@dataclass(frozen=True, eq=False, slots=True)
class Guess:
    """What a loop carries.

    Attributes
    ----------
    names : mapping of str to Plan
        For each name that the body assigns and that is read later; None for a name that is not
        assigned before the loop.
    cells : frozenset of Cell
        Arrays from before the loop that the body writes to.
    """

    names: Mapping[str, Plan | None] = field(default_factory=dict)
    cells: frozenset[Cell] = frozenset()

    def same_as(self, other: Guess) -> bool:
        """Whether both carry the same."""
        return dict(self.names) == dict(other.names) and self.cells == other.cells


def first_plan(ctx: Lowering, ref: Ref | None) -> Plan | None:
    """The first guess for a name, from what it refers to before the loop."""
    match ref:
        case None:
            return None
        case Scalar() | Constant() if ctx.is_numeric(ref):
            return Number(ctx.kind(ref))
        case Constant() if is_complex(ref):
            return _items([first_plan(ctx, part) for part in number_parts(ref)], *_PAIR)
        case Tuple(items=items):
            return _items([first_plan(ctx, item) for item in items])
        case Struct(cls=cls, fields=fields):
            plans = [first_plan(ctx, part) for part in fields.values()]
            return _items(plans, cls, tuple(fields))
        case Dict(items=entries):
            plans = [first_plan(ctx, part) for part in entries.values()]
            return _items(plans, dict, tuple(entries))
        case Maybe(ref=inner):
            plan = first_plan(ctx, inner)
            return None if plan is None else Flagged(plan)
        case _:
            return Same()


def _items(
    plans: Sequence[Plan | None], cls: type | None = None, keys: tuple[Any, ...] = ()
) -> Plan:
    return Items(tuple(Same() if plan is None else plan for plan in plans), cls, keys)


def widen(ctx: Lowering, name: str, plan: Plan | None, entry: Ref | None, end: Ref | None) -> Plan:
    """The plan that also covers what a name refers to at the end of the body.

    `entry` is what it refers to before the loop, `end` at the end of an iteration; `plan` is None
    for a name that was not assigned when the body began.
    """
    hidden = name == RETURNED_VALUE
    if isinstance(plan, Clash) or isinstance(end, Poison) or isinstance(entry, Poison):
        return plan if plan is not None else Same()
    if isinstance(end, Conflict):
        return Clash(end.message, end.hint, end.kind)
    if plan is None:
        first = _first_assigned(ctx, end)
        return Filled(first.plan) if isinstance(first, Flagged) and hidden else first
    if isinstance(plan, Filled):
        inner = widen(ctx, name, plan.plan, end, end)
        return inner if isinstance(inner, Clash) else Filled(inner)
    if isinstance(plan, Flagged) or isinstance(end, Maybe) or end is None:
        return _flagged(ctx, name, plan, entry, end)
    match plan, end:
        case (Number(kind=kind), _) if _is_single(ctx, end):
            return Number(_joined(kind, ctx.kind(end)))
        case (Number() | Same() | Phi(), Struct()) if is_complex(end):
            found = _complex_plan(ctx, name, plan, entry, end)
            if found is not None:
                return found
        case (Items(cls=cls), _) if cls is ComplexNumber and _is_number(ctx, end):
            return _widen_items(ctx, name, plan, entry, number_parts(end))
        case (Items(parts=parts), Tuple(items=items)) if plan.cls is None:
            if len(parts) == len(items):
                return _widen_items(ctx, name, plan, entry, items)
        case (Items(cls=cls), Struct()) if end.cls is cls:
            return _widen_items(ctx, name, plan, entry, tuple(end.fields.values()))
        case (Items(keys=keys), Dict()) if plan.cls is dict and keys == tuple(end.items):
            return _widen_items(ctx, name, plan, entry, tuple(end.items.values()))
        case (Phi(type=kind), Array()):
            if kind.dtype is end.type.dtype and kind.rank == end.type.rank:
                return plan
        case (Same(), _) if end is entry or _same_object(entry, end):
            return plan
        case (Fixed(value=value), Constant()) if _same_value(value, end.value):
            return plan
        case (Same() | Phi(), Scalar() | Constant()) if _is_single(ctx, entry, end):
            assert entry is not None
            return Number(_joined(ctx.kind(entry), ctx.kind(end)))
        case (Same(), Array()) if isinstance(entry, Array):
            if entry.type.dtype is end.type.dtype and entry.type.rank == end.type.rank:
                return Phi(entry.type)
    return Clash(*_clash_text(ctx, name, entry, end))


def _is_single(ctx: Lowering, *refs: Ref | None) -> bool:
    """Whether all are numbers, or arrays without axes."""
    return all(
        ref is not None and ctx.is_numeric(ref) and not (isinstance(ref, Array) and ref.type.rank)
        for ref in refs
    )


def _is_number(ctx: Lowering, ref: Ref) -> bool:
    return is_complex(ref) or (ctx.is_numeric(ref) and not isinstance(ref, Array))


def _complex_plan(
    ctx: Lowering, name: str, plan: Plan, entry: Ref | None, end: Struct
) -> Plan | None:
    """The plan for what was real and has become complex; None where that cannot be."""
    parts = tuple(end.fields.values())
    if isinstance(plan, Number) and not any(isinstance(part, Array) for part in parts):
        real = Number(_joined(plan.kind, ctx.kind(parts[0])))
        return Items((real, Number(ctx.kind(parts[1]))), *_PAIR)
    if not all(isinstance(part, Array) for part in (*parts, entry)):
        return None
    kinds = [part.type for part in (*parts, entry) if isinstance(part, Array)]
    if any((kind.dtype, kind.rank) != (kinds[0].dtype, kinds[0].rank) for kind in kinds):
        return None
    return Items((Phi(kinds[0]), Phi(kinds[1])), *_PAIR)


def entries_of(ref: Ref | None, count: int) -> Sequence[Ref | None]:
    """The parts of what a structure is carried for; None for those that are not there.

    What has become complex in the loop was real before: its imaginary part is zero.
    """
    match ref:
        case Tuple(items=items):
            return items
        case Struct(fields=fields):
            return tuple(fields.values())
        case Dict(items=entries):
            return tuple(entries.values())
        case Scalar() | Constant() if count == len(_PAIR[1]):
            return number_parts(ref)
        case Array() if count == len(_PAIR[1]):
            return ref, None
        case _:
            return [None] * count


def _clash_text(
    ctx: Lowering, name: str, entry: Ref | None, end: Ref | None
) -> tuple[str, str | None]:
    before = "not assigned" if entry is None else ctx.describe(entry)
    after = "not assigned" if end is None else ctx.describe(end)
    if before == after and not isinstance(entry, Array):
        return (
            f"{shown(name)} is {before} that each iteration makes anew",
            "use a tuple, a list whose items are assigned (`items[0] = ...`), or separate names",
        )
    if isinstance(entry, Array) and isinstance(end, Array) and before == after:
        before, after = entry.type.dtype.numpy_name, end.type.dtype.numpy_name
    return (
        f"{shown(name)} is {before} before the loop and {after} after an iteration",
        "use another name for the second, or make both the same kind of thing",
    )


def _joined(old: Kind, new: Kind) -> Kind:
    if old.dtype is new.dtype:
        return Kind(old.dtype, old.weak and new.weak)
    return promote([old, new])


def _widen_items(
    ctx: Lowering, name: str, plan: Items, entry: Ref | None, ends: tuple[Ref, ...]
) -> Plan:
    entries = entries_of(entry, len(ends))
    parts = tuple(
        widen(ctx, name, part, before, end)
        for part, before, end in zip(plan.parts, entries, ends, strict=True)
    )
    return replace(plan, parts=parts)


def _flagged(ctx: Lowering, name: str, plan: Plan, entry: Ref | None, end: Ref | None) -> Plan:
    inner = plan.plan if isinstance(plan, Flagged) else plan
    start = entry.ref if isinstance(entry, Maybe) else entry
    after = end.ref if isinstance(end, Maybe) else end
    if after is None:
        return Flagged(inner)
    widened = widen(ctx, name, inner, start if start is not None else after, after)
    return widened if isinstance(widened, Clash) else Flagged(widened)


def _first_assigned(ctx: Lowering, end: Ref | None) -> Plan:
    """A name that the body assigns first: it may be read after the loop."""
    if end is None:
        return Same()
    inner = end.ref if isinstance(end, Maybe) else end
    if isinstance(inner, Array | Tuple | Struct | Dict):
        return Flagged(_plan_of_new(ctx, inner))
    plan = first_plan(ctx, inner)
    return Same() if plan is None else Flagged(plan)


def _plan_of_new(ctx: Lowering, ref: Ref) -> Plan:
    """How a part of what the body assigns first is carried: nothing was there before the loop."""
    match ref:
        case Array():
            return Phi(ref.type)
        case Tuple(items=items):
            return Items(tuple(_plan_of_new(ctx, item) for item in items))
        case Struct(cls=cls, fields=fields):
            parts = tuple(_plan_of_new(ctx, part) for part in fields.values())
            return Items(parts, cls, tuple(fields))
        case Dict(items=entries):
            parts = tuple(_plan_of_new(ctx, part) for part in entries.values())
            return Items(parts, dict, tuple(entries))
        case _ if ctx.is_numeric(ref):
            return Number(ctx.kind(ref))
        case Constant(value=value):
            return Fixed(value)
    return Clash(f"{ctx.describe(ref)} is first assigned in a loop", "assign it before the loop")


def _same_object(entry: Ref | None, end: Ref) -> bool:
    if isinstance(entry, Array) and isinstance(end, Array):
        return entry.cell is end.cell and entry.steps == end.steps
    if isinstance(entry, Constant) and isinstance(end, Constant):
        return _same_value(entry.value, end.value)
    return False


def _same_value(left: object, right: object) -> bool:
    return type(left) is type(right) and bool(left == right)

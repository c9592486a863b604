"""The values that a loop carries: parameters, initial values, yields and results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gradc.frontend.python import growing
from gradc.frontend.python.arithmetic import expect_shape
from gradc.frontend.python.carrying import (
    Clash,
    Filled,
    Fixed,
    Flagged,
    Guess,
    Items,
    Number,
    Phi,
    Plan,
    Same,
    entries_of,
    first_plan,
    widen,
)
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.growing import differs
from gradc.frontend.python.hidden import RETURNED_VALUE, shown
from gradc.frontend.python.kept_lists import KeptLists, is_kept_list
from gradc.frontend.python.merging import zeros_of
from gradc.frontend.python.problems import GrowingError, UnrollableError
from gradc.frontend.python.refs import (
    POISON,
    Array,
    Cell,
    Conflict,
    Constant,
    CountedItems,
    Dict,
    GrowingItems,
    Length,
    List,
    Maybe,
    Poison,
    Ref,
    Scalar,
    Struct,
    Tuple,
)
from gradc.frontend.python.state import Snapshot
from gradc.ir.core import Value
from gradc.ir.types import BOOL, Type

#: A token that no array has: reading is refused.
_NEVER = -1


class Carrier:
    """Opens the parameters of a loop for one guess, and collects what the body yields."""

    def __init__(self, ctx: Lowering, guess: Guess, before: Snapshot) -> None:
        self.ctx = ctx
        self.guess = guess
        self.before = before
        self.frame = ctx.state.frame
        self.outside = ctx.builder
        self.lists = {_list_name(ref, k): ref for k, ref in enumerate(before.lists)}
        carried = {
            name: Tuple(before.lists[ref])
            for name, ref in self.lists.items()
            if name in guess.names
        }
        self.entry: Mapping[str, Ref] = {**before.names[self.frame], **carried}
        self.contents: dict[List, tuple[Ref, ...]] = {}
        self.index: Value | None = None
        self.cells = sorted(guess.cells, key=list(before.cells).index)
        self.phis: dict[str, Cell] = {}
        self.ends: dict[str, Ref] = {}
        self.heads: dict[Cell, int] = {}
        self.problems = len(ctx.diagnostics.found)

    # -- head -----------------------------------------------------------------------------

    def enter(self, index: Value | None = None) -> list[Value]:
        """Go to the head of the loop: make parameters and let names refer to them."""
        self.index = index
        ctx = self.ctx
        ctx.state.restore(self.before)
        params: list[Value] = []
        for cell in self.cells:
            params.append(ctx.builder.value(cell.type, cell.name, named=True))
            ctx.state.write(cell, params[-1])
        self.heads = {cell: ctx.state.tokens[cell] for cell in self.before.cells}
        names = self.frame.names
        for name, plan in self.guess.names.items():
            made = [
                ctx.builder.value(kind, label, named=not label.startswith("$"))
                for kind, label in self.leaves(name, plan)
            ]
            params += made
            ref = self.ref(name, plan, self.entry.get(name), iter(made))
            if ref is None:
                names.pop(name, None)
            else:
                names[name] = ref
        self._fill_lists()
        self.contents = {ref: ctx.state.lists[ref] for ref in self.lists.values()}
        return params

    def _fill_lists(self) -> None:
        """Put what is carried for the lists that the body changes into them."""
        for name, ref in self.lists.items():
            carried = self.frame.names.pop(name, None)
            if isinstance(carried, Tuple):
                self.ctx.state.lists[ref] = carried.items

    def leaves(self, name: str, plan: Plan | None) -> list[tuple[Type, str]]:
        """The type and label of each value that a plan carries."""
        match plan:
            case Number(kind=kind):
                return [(Type(kind.dtype), _label(name))]
            case Phi(type=type):
                return [(type, _label(name))]
            case Filled(plan=inner):
                return self.leaves(name, inner)
            case Flagged(plan=inner):
                return [(BOOL, f"{_label(name)}_assigned"), *self.leaves(name, inner)]
            case Items(parts=parts, keys=keys):
                labels = keys or [str(k) for k in range(len(parts))]
                return [
                    leaf
                    for part, label in zip(parts, labels, strict=True)
                    for leaf in self.leaves(_part_name(name, part, label), part)
                ]
            case _:
                return []

    def ref(
        self, name: str, plan: Plan | None, entry: Ref | None, values: Iterator[Value]
    ) -> Ref | None:
        """What a name refers to, given the values that its plan carries."""
        match plan:
            case Number(kind=kind):
                return Scalar(next(values), kind.weak)
            case Phi():
                return self._phi(name, plan, next(values))
            case Filled(plan=inner):
                return self.ref(name, inner, entry, values)
            case Flagged(plan=inner):
                flag = next(values)
                found = self.ref(name, inner, _present(entry), values)
                return None if found is None else Maybe(found, flag)
            case Items(parts=parts, cls=cls, keys=keys):
                labels = keys or [str(k) for k in range(len(parts))]
                entries = entries_of(entry, len(parts))
                refs = [
                    self.ref(f"{name}_{label}", part, before, values) or POISON
                    for part, label, before in zip(parts, labels, entries, strict=True)
                ]
                if cls is dict:
                    return Dict(dict(zip(keys, refs, strict=True)))
                if cls is not None:
                    return Struct(cls, dict(zip(keys, refs, strict=True)))
                return Tuple(tuple(refs))
            case Fixed(value=value):
                return Constant(value)
            case Clash(message=message, hint=hint, kind=kind):
                return Conflict(message, hint, kind)
            case _:
                return entry

    def _phi(self, name: str, plan: Phi, value: Value) -> Array:
        state = self.ctx.state
        cell = self.phis.get(name)
        if cell is None:
            label = name if name == RETURNED_VALUE else _label(name)
            cell = self.phis[name] = Cell(label, plan.type)
        for source in plan.shared:
            if source in state.tokens:
                changes = source in self.guess.cells
                cell.sources[source] = _NEVER if changes else state.tokens[source]
        made = state.new_cell(cell, value)
        if plan.locked or plan.shared:
            cell.locked = True
        return made

    # -- end of the body --------------------------------------------------------------------

    def widened(self) -> Guess:
        """The guess that covers what the body has done."""
        state = self.ctx.state
        self.ends = {**self.frame.names, **self._list_ends()}
        names = {name: self._widened(name, plan) for name, plan in self.guess.names.items()}
        for name in self.ends.keys() & self.lists.keys() - names.keys():
            entry = Tuple(self.before.lists[self.lists[name]])
            names[name] = widen(self.ctx, name, first_plan(self.ctx, entry), entry, self.ends[name])
        names |= self._changed_elsewhere()
        names = {name: self._sized(name, plan) for name, plan in names.items()}
        written = frozenset(
            cell for cell, token in self.heads.items() if state.tokens[cell] != token
        )
        # A part that was refused may write to more than was seen.
        complete = len(self.ctx.diagnostics.found) == self.problems
        return Guess(names, written if complete else self.guess.cells | written)

    def _widened(self, name: str, plan: Plan | None) -> Plan:
        """The plan for what a name refers to; another list in each iteration is an array."""
        entry, end = self.entry.get(name), self.ends.get(name)
        lists = KeptLists(self.ctx, self.before, self.frame, self.guess.names, self.ends)
        if is_kept_list(plan) and end is not None:
            plan, self.ends[name] = lists.settled(name, plan, entry, end, self.phis)
        elif isinstance(plan, Same) and isinstance(entry, List) and end is not entry:
            plan = lists.plan(name, entry, end) or plan
            if is_kept_list(plan):
                return plan
        return widen(self.ctx, name, plan, entry, self.ends.get(name))

    def _sized(self, name: str, plan: Plan) -> Plan:
        """What is first assigned in the loop is carried where its shape is known before it."""
        dims = {dim for type, _ in self.leaves(name, plan) for dim in type.shape}
        if all(map(self.outside.can_size, dims)):
            return plan
        return Clash(
            f"{shown(name)} is first assigned in this loop, with a shape that is computed in it",
            f"make {shown(name)} before the loop, with a shape of its own",
        )

    def _changed_elsewhere(self) -> dict[str, Plan]:
        """Names that a function called in the body has assigned as ``nonlocal``."""
        found: dict[str, Plan] = {}
        for name, entry in self.before.names[self.frame].items():
            end = self.ends.get(name)
            if end is entry or name in self.guess.names or name.startswith("$"):
                continue
            found[name] = widen(self.ctx, name, first_plan(self.ctx, entry), entry, end)
        return found

    def _list_ends(self) -> dict[str, Ref]:
        """The lists that are carried or changed, by their hidden names."""
        found: dict[str, Ref] = {}
        for name, ref in self.lists.items():
            head, end = self.contents[ref], self.ctx.state.lists[ref]
            if name not in self.guess.names and end is head:
                continue
            if differs(head, end) or any(isinstance(item, Length) for item in end):
                raise self._another_length(ref, (*head, *end))
            found[name] = Tuple(end)
        return found

    def _another_length(self, ref: List, items: Sequence[Ref]) -> Exception:
        problem = growing.cannot_grow(self.ctx, ref)
        instead = None
        if growing.may_grow(self.ctx, items):
            instead = GrowingError(frozenset([ref]), problem)
        size = None if self.index is None else self.index.size
        if isinstance(size, str) and size in self.ctx.unrollable:
            return UnrollableError(frozenset({size}), problem, instead)
        return instead or problem

    def yields(self) -> list[Value]:
        """The values at the end of the body, for the next iteration."""
        values = [self.ctx.state.cells[cell] for cell in self.cells]
        for name, plan in self.guess.names.items():
            values += self.values(name, plan, self.ends.get(name))
        return values

    def inits(self) -> list[Value]:
        """The values before the first iteration."""
        self.ctx.state.restore(self.before)
        values = [self.ctx.state.cells[cell] for cell in self.cells]
        for name, plan in self.guess.names.items():
            values += self.values(name, plan, self.entry.get(name))
        return values

    def values(self, name: str, plan: Plan | None, ref: Ref | None) -> list[Value]:
        """The values that a plan carries, of what a name refers to now."""
        ctx = self.ctx
        match plan:
            case Number(kind=kind):
                if ref is None or isinstance(ref, Poison):
                    return [ctx.builder.const(0, kind.dtype)]
                return [ctx.value(ref, kind.dtype)]
            case Phi(type=type):
                if ref is None or isinstance(ref, Poison):
                    return [zeros_of(ctx, type)]
                what = f"the shape of {shown(name)} changes in the loop"
                return [expect_shape(ctx, ctx.value(ref), type.shape, what)]
            case Filled(plan=inner):
                return self.values(name, inner, ref)
            case Flagged(plan=inner):
                flag = (
                    ref.assigned if isinstance(ref, Maybe) else ctx.builder.const(ref is not None)
                )
                return [flag, *self.values(name, inner, _present(ref))]
            case Items(parts=parts):
                if is_kept_list(plan) and isinstance(ref, List):
                    ref = growing.as_listed(ctx, ref)
                return [
                    value
                    for part, item in zip(parts, entries_of(ref, len(parts)), strict=True)
                    for value in self.values(name, part, item)
                ]
            case _:
                return []

    # -- after the loop ---------------------------------------------------------------------

    def leave(self, outs: Sequence[Value]) -> None:
        """Let names refer to the results of the loop."""
        ctx = self.ctx
        ctx.state.restore(self.before)
        values = iter(outs)
        for cell in self.cells:
            ctx.state.write(cell, next(values))
        for name, plan in self.guess.names.items():
            ref = self.ref(name, plan, self.entry.get(name), values)
            if ref is None:
                self.frame.names.pop(name, None)
            else:
                self.frame.names[name] = ref
        self._fill_lists()

    # -- identity of arrays -----------------------------------------------------------------

    def with_shared(self, guess: Guess) -> Guess:
        """Mark the carried array objects that other names may refer to as well.

        A carried object is one of its own where, before the loop and at the end of the body, no
        other name refers to it.
        """
        slots = list(self._phi_slots(guess))
        if not slots:
            return guess
        kept = {name for name, plan in guess.names.items() if is_kept_list(plan)}
        reachable = self._reachable_before(frozenset(name for name, _, _ in slots) | kept)
        starts = [[] if entry is None else _reached(entry.cell) for _, entry, _ in slots]
        ends = [[] if end is None else _reached(end.cell) for _, _, end in slots]
        marks: dict[str, tuple[tuple[Cell, ...], bool]] = {}
        for number, (name, entry, end) in enumerate(slots):
            others: list[Cell] = []
            if name in self.phis:
                may_be = self.ctx.state.may_be.setdefault(self.phis[name], set())
                may_be.update(ref.cell for ref in (entry, end) if ref is not None)
            if entry is not None:
                if reachable.get(entry.cell, 0) or entry.cell.captured:
                    others.append(entry.cell)
                others += entry.cell.others
            if end is not None:
                others += [cell for cell in ends[number] if cell in self.before.cells]
            held = any(ref is not None and ref.cell.locked for ref in (entry, end))
            locked = held or _meets(starts, number) or _meets(ends, number)
            marks[name] = tuple(dict.fromkeys(others)), locked
        names = {
            name: None if plan is None else _mark(plan, name, marks)
            for name, plan in guess.names.items()
        }
        return replace(guess, names=names)

    def _reachable_before(self, skip: frozenset[str]) -> Mapping[Cell, int]:
        state = self.ctx.state
        end = state.snapshot()
        state.restore(self.before)
        found = state.reachable(skip)
        state.restore(end)
        return found

    def _phi_slots(self, guess: Guess) -> Iterator[tuple[str, Array | None, Array | None]]:
        for name, plan in guess.names.items():
            known = self.guess.names.get(name, plan)
            if name not in self.guess.names or (plan != known and known is not None):
                # What it refers to at the end is seen once it is carried.
                continue
            yield from _phis(name, plan, self.entry.get(name), self.ends.get(name))


def _reached(cell: Cell) -> list[Cell]:
    """An array object, and those that it may be."""
    return [cell, *cell.others]


def _meets(reached: Sequence[list[Cell]], number: int) -> bool:
    """Whether one of several carried names may refer to the same array as another."""
    own = set(reached[number])
    return any(own.intersection(other) for k, other in enumerate(reached) if k != number)


def _phis(
    name: str, plan: Plan | None, entry: Ref | None, end: Ref | None
) -> Iterator[tuple[str, Array | None, Array | None]]:
    match plan:
        case Phi():
            yield (
                name,
                entry if isinstance(entry, Array) else None,
                end if isinstance(end, Array) else None,
            )
        case Filled(plan=inner) | Flagged(plan=inner):
            yield from _phis(name, inner, _present(entry), _present(end))
        case Items(parts=parts, keys=keys):
            labels = keys or [str(k) for k in range(len(parts))]
            before, after = entries_of(entry, len(parts)), entries_of(end, len(parts))
            for part, label, a, b in zip(parts, labels, before, after, strict=True):
                yield from _phis(f"{name}_{label}", part, a, b)


def _mark(plan: Plan, name: str, marks: Mapping[str, tuple[tuple[Cell, ...], bool]]) -> Plan:
    match plan:
        case Phi(shared=old, locked=before):
            shared, locked = marks.get(name, ((), False))
            both = tuple(dict.fromkeys([*old, *shared]))
            return replace(plan, shared=both, locked=locked or before)
        case Filled(plan=inner) | Flagged(plan=inner):
            return replace(plan, plan=_mark(inner, name, marks))
        case Items(parts=parts, keys=keys):
            labels = keys or [str(k) for k in range(len(parts))]
            marked = [
                _mark(part, f"{name}_{label}", marks)
                for part, label in zip(parts, labels, strict=True)
            ]
            return replace(plan, parts=tuple(marked))
        case _:
            return plan


def _list_name(ref: List, number: int) -> str:
    """The hidden name under which the contents of a list are carried."""
    return f"$items{number}${ref.name or 'list'}"


def is_list(name: str) -> bool:
    """Whether a carried name stands for the contents of a list."""
    return name.startswith("$items")


def _part_name(name: str, part: Plan, label: str) -> str:
    """The name of a part; what a list of changing length holds has the name of the list."""
    cls = part.cls if isinstance(part, Items) else None
    is_list = cls is not None and issubclass(cls, GrowingItems | CountedItems)
    return name if is_list else f"{name}_{label}"


def _label(name: str) -> str:
    return name.rpartition("$")[2]


def _present(ref: Ref | None) -> Ref | None:
    return ref.ref if isinstance(ref, Maybe) else ref

"""The state of the interpreted program: what names refer to, and what arrays hold now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import (
    Array,
    Callee,
    Cell,
    Dict,
    Frame,
    Generated,
    Iteration,
    Length,
    List,
    Maybe,
    Method,
    Once,
    Partial,
    Ref,
    Struct,
    Tuple,
    is_growing,
)
from gradc.ir.core import Value


@dataclass(frozen=True, eq=False, slots=True)
class Snapshot:
    """A copy of the state, to go back to."""

    cells: dict[Cell, Value]
    tokens: dict[Cell, int]
    lists: dict[List, tuple[Ref, ...]]
    reads: dict[Array, tuple[Value, Value]]
    positions: dict[Value, tuple[Ref, ...]]
    names: dict[Frame, dict[str, Ref]]
    kept: tuple[Frame, ...]

    def names_of(self, ref: Ref) -> int:
        """Count the names that refer to an object."""
        return sum(other is ref for names in self.names.values() for other in names.values())


@dataclass(eq=False, slots=True)
class Growth:
    """What is known of lists that change their length at run time.

    Attributes
    ----------
    openers : list of frozenset
        For each statement around that may be read again: the lists that there were before it.
    granted : set of List
        Lists that have room for all that the statement around appends.
    counted : dict
        What the items of a list are.
    unknown : set of Value
        What was read of lists while it was only counted how much they grow.
    """

    openers: list[frozenset[object]] = field(default_factory=list)
    granted: set[List] = field(default_factory=set)
    counted: dict[List, Any] = field(default_factory=dict)
    unknown: set[Value] = field(default_factory=set)


@dataclass(eq=False, slots=True)
class State:
    """What can change while statements are interpreted.

    Attributes
    ----------
    cells : dict
        The current value of each array.
    tokens : dict
        A number for each array that changes whenever it is written to.
    lists : dict
        The contents of each list.
    reads : dict
        The value of a view as last read, and the base value it was read from.
    positions : dict
        For a mask, the arrays that say where it is true.
    frames : list of Frame
        The calls being interpreted, innermost last.
    kept : list of Frame
        Frames of finished calls that a function defined in them still refers to.
    pinned : dict
        Arrays from outside of the function: they are there on every path.
    written : set
        Every array that was written to in any attempt; never taken back.
    spent : set
        What can be looped over once, and was; never taken back, but for the other arm of a branch.
    may_be : dict
        For an array made where paths meet, those that it may be another name for; as above.
    """

    cells: dict[Cell, Value] = field(default_factory=dict)
    tokens: dict[Cell, int] = field(default_factory=dict)
    lists: dict[List, tuple[Ref, ...]] = field(default_factory=dict)
    reads: dict[Array, tuple[Value, Value]] = field(default_factory=dict)
    positions: dict[Value, tuple[Ref, ...]] = field(default_factory=dict)
    frames: list[Frame] = field(default_factory=list)
    kept: list[Frame] = field(default_factory=list)
    pinned: dict[Cell, Value] = field(default_factory=dict)
    written: set[Cell] = field(default_factory=set)
    may_be: dict[Cell, set[Cell]] = field(default_factory=dict)
    spent: set[Ref] = field(default_factory=set)
    last_token: int = 0

    @property
    def frame(self) -> Frame:
        """The call being interpreted."""
        return self.frames[-1]

    def new_cell(self, cell: Cell, value: Value) -> Array:
        """Start the life of an array and return the object."""
        self.cells[cell] = value
        self.touch(cell)
        return Array(cell)

    def pin(self, cell: Cell, value: Value) -> Array:
        """Start the life of an array from outside of the function."""
        self.pinned[cell] = value
        self.cells[cell], self.tokens[cell] = value, 0
        return Array(cell)

    def write(self, cell: Cell, value: Value) -> None:
        """Give an array a new value."""
        self.cells[cell] = value
        self.written.add(cell)
        self.touch(cell)

    def ever_written(self) -> set[Cell]:
        """The arrays that the program may write to, under whatever name."""
        return set().union(*map(self._origins, self.written))

    def may_be_one(self, left: Cell, right: Cell) -> bool:
        """Whether what was made where paths meet may be another array, or both a third one."""
        if left not in self.may_be and right not in self.may_be:
            return False
        found = self._origins(left)
        found |= {twin for cell in found for twin in cell.twins}
        return not found.isdisjoint(self._origins(right))

    def _origins(self, cell: Cell) -> set[Cell]:
        found: set[Cell] = set()
        pending = [cell]
        while pending:
            cell = pending.pop()
            if cell not in found:
                found.add(cell)
                pending += self.may_be.get(cell, ())
        return found

    def touch(self, cell: Cell) -> None:
        """Note that an array was written to."""
        self.last_token += 1
        self.tokens[cell] = self.last_token

    def items(self, ref: List) -> tuple[Ref, ...]:
        """What a list holds now; refused where its length is not known."""
        items = self.lists[ref]
        if is_growing(items):
            raise RefusedError(
                f"{self.name_of(ref)}: the items of a list are needed one by one here, and its"
                " length is known at run time only",
                "make it an array: np.array(...)",
            )
        if len(items) == 1 and isinstance(items[0], Length):
            raise RefusedError(items[0].message, items[0].hint)
        return items

    def snapshot(self) -> Snapshot:
        """Copy what can change."""
        frames = [*self.frames, *self.kept]
        return Snapshot(
            dict(self.cells),
            dict(self.tokens),
            dict(self.lists),
            dict(self.reads),
            dict(self.positions),
            {frame: dict(frame.names) for frame in frames},
            tuple(self.kept),
        )

    def restore(self, saved: Snapshot) -> None:
        """Go back to a copy; it can be used again."""
        self.cells = self.pinned | saved.cells
        self.tokens = dict.fromkeys(self.pinned, 0) | saved.tokens
        self.lists = dict(saved.lists)
        self.reads = dict(saved.reads)
        self.positions = dict(saved.positions)
        self.kept = list(saved.kept)
        for frame, names in saved.names.items():
            frame.names = dict(names)

    def name_of(self, ref: List) -> str:
        """What a list is called in messages: the innermost name for it."""
        for frame in reversed(self.frames):
            for name, other in frame.names.items():
                if other is ref and not name.startswith("$"):
                    return f"`{name}`"
        return "a list"

    def changes(self, saved: Snapshot) -> str:
        """What has been changed since a copy was made, in words; empty where nothing has."""
        change = self.changes_of_objects(saved)
        if change:
            return change
        if any(frame.names != names for frame, names in saved.names.items()):
            return "assigns a name"
        return ""

    def changes_of_objects(self, saved: Snapshot) -> str:
        """What of `changes` has been done to arrays and lists."""
        if any(self.tokens[cell] != token for cell, token in saved.tokens.items()):
            return "writes to an array"
        if any(self.lists[ref] is not items for ref, items in saved.lists.items()):
            return "changes a list"
        return ""

    def reachable(self, skip: frozenset[str]) -> dict[Cell, int]:
        """Count the names through which each array can be reached.

        Names of the innermost call that are in `skip` do not count.
        """
        counts: dict[Cell, int] = {}
        for frame in self._seen_frames():
            for name, ref in frame.names.items():
                if frame is self.frame and name in skip:
                    continue
                for cell in set(self.cells_of(ref)):
                    counts[cell] = counts.get(cell, 0) + 1
        return counts

    def _seen_frames(self) -> Iterator[Frame]:
        """Yield the frames whose names can still be read: of calls, and of what closes over."""
        seen: dict[Frame, None] = {}
        pending = list(self.frames)
        while pending:
            frame = pending.pop()
            if frame in seen:
                continue
            seen[frame] = None
            if frame.outer is not None:
                pending.append(frame.outer)
            if self.kept:
                pending += [outer for ref in frame.names.values() for outer in self._outers(ref)]
        return iter(seen)

    def _outers(self, ref: Ref) -> Iterator[Frame]:
        if isinstance(ref, Callee) and ref.outer is not None:
            yield ref.outer
        for part in self.parts_of(ref):
            yield from self._outers(part)

    def cells_of(self, ref: Ref) -> Iterator[Cell]:
        """Yield the arrays that can be reached from a reference."""
        if isinstance(ref, Array):
            yield ref.cell
            yield from ref.cell.others
            return
        for part in self.parts_of(ref):
            yield from self.cells_of(part)

    def parts_of(self, ref: Ref) -> tuple[Ref, ...]:
        """What a reference is made of."""
        match ref:
            case Tuple(items=items):
                return items
            case Struct(fields=fields):
                return tuple(fields.values())
            case Dict(items=entries):
                return tuple(entries.values())
            case List():
                return self.lists.get(ref, ())
            case Maybe(ref=inner) | Method(owner=inner):
                return (inner,)
            case Partial(callee=callee, args=args, kwargs=kwargs):
                return (callee, *args, *kwargs.values())
            case Iteration(parts=parts) | Once(items=parts):
                return parts
            case Generated(first=first):
                return (first,)
            case Callee(defaults=defaults):
                return tuple(defaults.values())
            case _:
                return ()

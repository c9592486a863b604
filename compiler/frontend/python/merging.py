"""Joining two states into one, where the arms of a branch meet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradc.frontend.python.arithmetic import expect_shape
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.hidden import FLAGS, RETURNED_VALUE, shown
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.promote import Kind, promote
from gradc.frontend.python.refs import (
    POISON,
    Array,
    Callee,
    Cell,
    ComplexNumber,
    Conflict,
    Constant,
    Dict,
    List,
    Maybe,
    Poison,
    Ref,
    Scalar,
    Step,
    Struct,
    Tuple,
    is_complex,
    number_parts,
)
from gradc.frontend.python.sizes import SizedBuilder
from gradc.frontend.python.state import Snapshot
from gradc.ir.core import Value
from gradc.ir.types import Type
from gradc.prims.shape import ZEROS

Rebuild = Callable[[Sequence[Value]], Ref]
"""Makes the joined reference from the results of the branch."""


@dataclass(eq=False, slots=True)
class Arm:
    """One arm of a branch: its builder and the state at its end."""

    builder: SizedBuilder
    state: Snapshot


@dataclass(frozen=True, eq=False, slots=True)
class Slot:
    """One value that both arms yield."""

    name: str
    named: bool
    values: tuple[Value, Value]


@dataclass(eq=False, slots=True)
class Merger:
    """Collects what two arms yield and how to go on from that."""

    ctx: Lowering
    condition: Value
    arms: tuple[Arm, Arm]
    before: Snapshot
    reachable: tuple[dict[Cell, int], dict[Cell, int]]
    dead: tuple[bool, bool] = (False, False)
    slots: list[Slot] = field(default_factory=list)
    arrays: dict[object, Rebuild] = field(default_factory=dict)
    lists: dict[tuple[List, List], Rebuild] = field(default_factory=dict)
    made: dict[Cell, list[tuple[int, Cell]]] = field(default_factory=dict)
    replaced: tuple[dict[Cell, list[Cell]], dict[Cell, list[Cell]]] = field(
        default_factory=lambda: ({}, {})
    )

    # -- the arms -------------------------------------------------------------------------

    def value_in(self, side: int, ref: Ref, kind: Kind | None = None) -> Value:
        """Read a reference at the end of one arm."""
        arm, ctx = self.arms[side], self.ctx
        outer, ctx.builder = ctx.builder, arm.builder
        cells, tokens, reads = ctx.state.cells, ctx.state.tokens, ctx.state.reads
        ctx.state.cells, ctx.state.tokens = arm.state.cells, arm.state.tokens
        ctx.state.reads = arm.state.reads
        try:
            return ctx.value(ref, None if kind is None else kind.dtype)
        finally:
            ctx.builder = outer
            ctx.state.cells, ctx.state.tokens, ctx.state.reads = cells, tokens, reads

    def slot(self, name: str, left: Value, right: Value, named: bool = False) -> int:
        """Add a value that both arms yield; the types are made the same."""
        left, right = self._same_type(name, left, right)
        self.slots.append(Slot(name, named, (left, right)))
        return len(self.slots) - 1

    def _same_type(self, name: str, left: Value, right: Value) -> tuple[Value, Value]:
        if left.type == right.type:
            return left, right
        what = f"the shape of {shown(name)} depends on the branch that is taken"
        if left.type.rank != right.type.rank:
            raise RefusedError(what)
        pairs = zip(left.type.shape, right.type.shape, strict=True)
        shape = tuple(a if a == b or self.ctx.in_scope(a) else b for a, b in pairs)
        for dim in shape:
            if not self.ctx.in_scope(dim):
                raise RefusedError(
                    what, "make the array before the branch, with a shape of its own"
                )
        return self._expect(0, left, shape, what), self._expect(1, right, shape, what)

    def _expect(self, side: int, value: Value, shape: tuple[int | str, ...], what: str) -> Value:
        ctx = self.ctx
        outer, ctx.builder = ctx.builder, self.arms[side].builder
        try:
            return expect_shape(ctx, value, shape, what)
        finally:
            ctx.builder = outer

    # -- references -----------------------------------------------------------------------

    def join(self, name: str, left: Ref | None, right: Ref | None, named: bool = True) -> Rebuild:
        """Join what a name refers to at the ends of the arms; None is "not assigned"."""
        if left is right and left is not None and not self._is_new(left):
            return _always(left)
        if name in FLAGS:
            left, right = left or Constant(False), right or Constant(False)
        left, right = self._without_dead(left, right)
        if left is None or right is None:
            return self._one_sided(name, left, right)
        match left, right:
            case (Poison(), _) | (_, Poison()):
                return _always(POISON)
            case (Conflict(), _):
                return _always(left)
            case (_, Conflict()):
                return _always(right)
            case (Maybe(), _) | (_, Maybe()):
                return self._maybe(name, left, right)
            case (Constant(), Constant()) if _same_constant(left.value, right.value):
                return _always(left)
            case (Constant(value=True), Constant(value=False)):
                return _always(Scalar(self.condition, weak=True))
            case (Tuple(), Tuple()) if len(left.items) == len(right.items):
                pairs = zip(left.items, right.items, strict=True)
                parts = [self.join(name, a, b, named=False) for a, b in pairs]
                return lambda outs: Tuple(tuple(part(outs) for part in parts))
            case (Struct(), Struct()) if left.cls is right.cls:
                fields = {
                    key: self.join(f"{name}_{key}", left.fields[key], right.fields[key], False)
                    for key in left.fields
                }
                return lambda outs: Struct(left.cls, {k: part(outs) for k, part in fields.items()})
            case (Dict(), Dict()) if left.items.keys() == right.items.keys():
                entries = {
                    key: self.join(f"{name}_{key}", left.items[key], right.items[key], False)
                    for key in left.items
                }
                return lambda outs: Dict({k: part(outs) for k, part in entries.items()})
            case (List(), List()):
                return self._lists(name, left, right)
            case (Callee(), Callee()) if left.node is right.node and left.outer is right.outer:
                return _always(left)
            case _ if is_complex(left) or is_complex(right):
                return self._complex(name, left, right)
            case _ if self.ctx.is_numeric(left) and self.ctx.is_numeric(right):
                return self._numbers(name, left, right, named)
        return _always(_conflict(name))

    def _complex(self, name: str, left: Ref, right: Ref) -> Rebuild:
        """Join complex numbers with real ones, whose imaginary part is zero."""
        pairs: list[tuple[Ref, ...]] = []
        for side, (own, other) in enumerate(((left, right), (right, left))):
            re, im = (
                number_parts(own) if is_complex(own) or self.ctx.is_numeric(own) else (own, own)
            )
            if isinstance(own, Array):
                im = self._filler(side, number_parts(other)[1]) or im
            pairs.append((re, im))
        parts = [
            self.join(f"{name}_{key}", a, b, False)
            for key, a, b in zip(("re", "im"), *pairs, strict=True)
        ]

        def rebuild(outs: Sequence[Value]) -> Ref:
            re, im = (part(outs) for part in parts)
            for found in (re, im):
                if isinstance(found, Conflict | Poison):
                    return found
            return Struct(ComplexNumber, {"re": re, "im": im})

        return rebuild

    def _without_dead(self, left: Ref | None, right: Ref | None) -> tuple[Ref | None, Ref | None]:
        """An arm that has raised goes on nowhere: what the other arm has is what counts."""
        for side, (own, other) in enumerate(((left, right), (right, left))):
            if self.dead[side] and other is not None and not isinstance(other, Maybe | Conflict):
                filler = self._filler(side, other)
                filler = own if filler is None else filler
                return (filler, right) if side == 0 else (left, filler)
        return left, right

    def _is_new(self, ref: Ref) -> bool:
        return isinstance(ref, Array) and ref.cell not in self.before.cells

    def _numbers(self, name: str, left: Ref, right: Ref, named: bool) -> Rebuild:
        ctx = self.ctx
        if isinstance(left, Array) and isinstance(right, Array):
            if ctx.kind(left).dtype is not ctx.kind(right).dtype:
                return _always(
                    _conflict(name, "arrays of different dtypes", "give both the same dtype")
                )
            return self._array(name, left, right)
        if any(isinstance(ref, Array) and ref.type.rank for ref in (left, right)):
            return _always(_conflict(name, "a number in one and an array in the other"))
        kind = promote([ctx.kind(left), ctx.kind(right)])
        weak = ctx.kind(left).weak and ctx.kind(right).weak
        values = [self.value_in(side, ref, kind) for side, ref in enumerate((left, right))]
        if values[0] is values[1]:
            return _always(Scalar(values[0], weak))
        index = self.slot(name, values[0], values[1], named)
        return lambda outs: Scalar(outs[index], weak)

    def _array(self, name: str, left: Array, right: Array) -> Rebuild:
        """Join two array objects: the same one, views of one, or another object."""
        known = left.cell is right.cell and left.cell in self.before.cells
        if known and _same_steps(left.steps, right.steps):
            return _always(left)
        key = (left.cell, _steps_key(left), right.cell, _steps_key(right))
        if key not in self.arrays:
            self.arrays[key] = self._new_array(name, left, right)
        return self.arrays[key]

    def _new_array(self, name: str, left: Array, right: Array) -> Rebuild:
        try:
            index = self.slot(name, self.value_in(0, left), self.value_in(1, right), True)
        except RefusedError as problem:
            return _always(Conflict(problem.message, problem.hint, problem.kind))
        cell = Cell(name, self.slots[index].values[0].type)
        self.ctx.state.may_be[cell] = {left.cell, right.cell}
        self.made[cell] = [
            *self._origins(0, left, self.replaced[0], cell),
            *self._origins(1, right, self.replaced[1], cell),
        ]
        made = Array(cell)

        def rebuild(outs: Sequence[Value]) -> Ref:
            if cell not in self.ctx.state.cells:
                self.ctx.state.new_cell(cell, outs[index])
            return made

        return rebuild

    def _origins(
        self, side: int, ref: Array, replaced: dict[Cell, list[Cell]], cell: Cell
    ) -> list[tuple[int, Cell]]:
        """The arrays with other names that a joined one may be, by the arm they are known in.

        It is an object of its own only where no other name can reach what it comes from.
        """
        origin = ref.cell
        replaced.setdefault(origin, []).append(cell)
        found = [(side, source) for source in origin.others]
        if self.reachable[side].get(origin, 0) > 1 or origin.captured:
            found.append((side, origin))
        return found

    def finish(self) -> None:
        """Note for each joined array which others it may be, once all of them are there."""
        tokens = self.ctx.state.tokens
        for cell, origins in self.made.items():
            for side, origin in origins:
                if origin in tokens:
                    # It goes on beside the joined one, and would have to change with it.
                    cell.sources[origin] = tokens[origin]
                    cell.locked = True
                    continue
                # Joined ones that come from one array: a write to one makes the others stale.
                others = [other for other in self.replaced[side].get(origin, []) if other in tokens]
                cell.sources |= {other: tokens[other] for other in others if other is not cell}
                cell.locked = cell.locked or origin.locked

    def _lists(self, name: str, left: List, right: List) -> Rebuild:
        if left is right and left in self.before.lists:
            return _always(left)
        if (left, right) not in self.lists:
            self.lists[left, right] = self._new_list(name, left, right)
        return self.lists[left, right]

    def _new_list(self, name: str, left: List, right: List) -> Rebuild:
        contents = self.arms[0].state.lists[left], self.arms[1].state.lists[right]
        if len(contents[0]) != len(contents[1]):
            return _always(_conflict(name, "lists of different lengths"))
        for side, ref in enumerate((left, right)):
            if self.arms[side].state.names_of(ref) > 1:
                detail = "a list with a name of its own"
                return _always(_conflict(name, detail, "copy it: list(...)"))
        parts = [self.join(name, a, b, False) for a, b in zip(*contents, strict=True)]
        made = List(name)

        def rebuild(outs: Sequence[Value]) -> Ref:
            if made not in self.ctx.state.lists:
                self.ctx.state.lists[made] = tuple(part(outs) for part in parts)
            return made

        return rebuild

    # -- assigned on one path only ----------------------------------------------------------

    def _one_sided(self, name: str, left: Ref | None, right: Ref | None) -> Rebuild:
        ref = left if left is not None else right
        if ref is None or isinstance(ref, Poison | Conflict):
            return _always(ref if ref is not None else POISON)
        if name == RETURNED_VALUE:
            # Whether it is there is known from the flag that goes with it.
            other = self._filler(0 if left is None else 1, ref)
            if other is None:
                return _always(_conflict(name, "the shape is known in one only"))
            return self.join(name, left or other, right or other)
        return self._maybe(name, left, right)

    def _maybe(self, name: str, left: Ref | None, right: Ref | None) -> Rebuild:
        """Join a name that is not assigned on every path, with a flag that says where it is."""
        flags = []
        for side, ref in enumerate((left, right)):
            with_builder = self.arms[side].builder
            flag = ref.assigned if isinstance(ref, Maybe) else with_builder.const(ref is not None)
            flags.append(flag)
        inner = [ref.ref if isinstance(ref, Maybe) else ref for ref in (left, right)]
        filled = [
            ref if ref is not None else self._filler(side, inner[1 - side])
            for side, ref in enumerate(inner)
        ]
        if filled[0] is None or filled[1] is None:
            return _always(
                Conflict(
                    f"`{name}` is assigned on some paths only",
                    f"give `{name}` a value before the branch",
                )
            )
        joined = self.join(name, filled[0], filled[1])
        index = self.slot(f"{name}_assigned", flags[0], flags[1])

        def rebuild(outs: Sequence[Value]) -> Ref:
            found = joined(outs)
            return found if isinstance(found, Conflict | Poison) else Maybe(found, outs[index])

        return rebuild

    def _filler(self, side: int, like: Ref | None) -> Ref | None:
        """Something of the same type for the path on which a name is not assigned."""
        ctx = self.ctx
        if isinstance(like, Scalar):
            return Scalar(self.arms[side].builder.const(0, like.value.type.dtype), like.weak)
        if isinstance(like, Array):
            if not all(self.ctx.in_scope(dim) for dim in like.type.shape):
                return None
            outer, ctx.builder = ctx.builder, self.arms[side].builder
            try:
                value = zeros_of(ctx, like.type)
            finally:
                ctx.builder = outer
            cell = Cell("unassigned", like.type)
            self.arms[side].state.cells[cell] = value
            self.arms[side].state.tokens[cell] = 0
            return Array(cell)
        if isinstance(like, Tuple):
            parts = self._fillers(side, like.items)
            return None if parts is None else Tuple(parts)
        if isinstance(like, Struct):
            parts = self._fillers(side, tuple(like.fields.values()))
            return (
                None
                if parts is None
                else Struct(like.cls, dict(zip(like.fields, parts, strict=True)))
            )
        if isinstance(like, Dict):
            parts = self._fillers(side, tuple(like.items.values()))
            return None if parts is None else Dict(dict(zip(like.items, parts, strict=True)))
        return like if isinstance(like, Constant | Callee) else None

    def _fillers(self, side: int, parts: Sequence[Ref]) -> tuple[Ref, ...] | None:
        made = [self._filler(side, part) for part in parts]
        found = tuple(part for part in made if part is not None)
        return found if len(found) == len(made) else None


def zeros_of(ctx: Lowering, type: Type) -> Value:
    """Zeros of a type whose sizes are in scope."""
    sizes = [ctx.size(dim) for dim in type.shape]
    return ctx.emit(ZEROS, sizes, {"dtype": type.dtype}, "unassigned")


def _always(ref: Ref) -> Rebuild:
    return lambda outs: ref


def _same_constant(left: object, right: object) -> bool:
    if left is right:
        return True
    plain = bool | int | float | str | np.generic
    return type(left) is type(right) and isinstance(left, plain) and repr(left) == repr(right)


def _conflict(name: str, detail: str = "", hint: str | None = None) -> Conflict:
    what = f": {detail}" if detail else ""
    return Conflict(
        f"{shown(name)} is something else in each branch{what}",
        hint or "let both branches give the same kind of thing, of the same dtype and rank",
    )


def _steps_key(ref: Array) -> tuple[object, ...]:
    return tuple(
        (step.kind, step.spec, step.perm, tuple(id(operand) for operand in step.operands))
        for step in ref.steps
    )


def _same_steps(left: tuple[Step, ...], right: tuple[Step, ...]) -> bool:
    return len(left) == len(right) and all(
        a.kind == b.kind and a.spec == b.spec and a.perm == b.perm and a.operands == b.operands
        for a, b in zip(left, right, strict=True)
    )

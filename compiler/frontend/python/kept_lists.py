"""Lists that each iteration of a loop makes anew: the loop carries them as arrays.

``row = [...]`` and ``last, row = row, last`` in a loop let names refer to other lists. Nothing is
written to the array of a list that is carried: a change makes an array of its own first
(:func:`gradc.frontend.python.opening.changeable`). So lists may share arrays; what matters is
whether two names refer to one list, for a change through one is seen through the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeGuard

from gradc.frontend.python import growing
from gradc.frontend.python.carrying import Clash, Items, Phi, Plan
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.refs import (
    Array,
    Cell,
    Frame,
    List,
    NumpyItems,
    PythonItems,
    Ref,
    Struct,
    is_listed,
)
from gradc.frontend.python.state import Snapshot


def is_kept_list(plan: Plan | None) -> TypeGuard[Items]:
    """Whether a plan carries a list as an array."""
    return isinstance(plan, Items) and plan.cls is not None and issubclass(plan.cls, PythonItems)


class KeptLists:
    """The lists that a loop carries, at the end of an iteration.

    Attributes
    ----------
    names : mapping of str to Plan
        What the loop carries so far.
    ends : mapping of str to Ref
        What names refer to at the end.
    """

    def __init__(
        self,
        ctx: Lowering,
        before: Snapshot,
        frame: Frame,
        names: Mapping[str, Plan | None],
        ends: Mapping[str, Ref],
    ) -> None:
        self.ctx = ctx
        self.before = before
        self.frame = frame
        self.names = names
        self.ends = ends

    def plan(self, name: str, entry: List, end: Ref | None) -> Plan | None:
        """How a list is carried that each iteration makes anew; None where it cannot be."""
        is_list = isinstance(end, List) and self._is_own(name, end)
        if not (is_list or (end is not None and is_listed(end))) or not self._was_own(name, entry):
            return None
        kind = growing.type_of(self.ctx, entry, self.before.lists[entry])
        if kind is None or not growing.may_have_length(self.ctx, end, kind[0]):
            return None
        return Items((Phi(kind[0]),), kind[1], (growing.ITEMS,))

    def settled(
        self, name: str, plan: Items, entry: Ref | None, end: Ref, phis: Mapping[str, Cell]
    ) -> tuple[Plan, Ref]:
        """The plan that also covers a list at the end, and that list as an array of its own."""
        end = self._as_kept(name, entry, end, phis)
        if not (isinstance(end, Struct) and is_listed(end)):
            return plan, end
        before = growing.type_of_listed(self.ctx, plan.parts[0], entry)
        if not growing.may_have_length(self.ctx, end, before):
            problem = growing.cannot_grow(self.ctx, List(name))
            return Clash(problem.message, problem.hint), end
        if end.cls is not plan.cls:  # numbers of both kinds are NumPy's
            plan, end = replace(plan, cls=NumpyItems), Struct(NumpyItems, end.fields)
        return plan, end

    def _as_kept(self, name: str, entry: Ref | None, end: Ref, phis: Mapping[str, Cell]) -> Ref:
        """A list at the end of an iteration, with an array that no other name has."""
        ctx = self.ctx
        if isinstance(end, List):
            own = growing.as_listed(ctx, end) if self._is_own(name, end) else None
            return end if own is None else own
        array = end.fields[growing.ITEMS] if isinstance(end, Struct) and is_listed(end) else None
        if not isinstance(array, Array) or not isinstance(end, Struct):
            return end
        same = set(ctx.state.cells_of(entry)) if entry is not None else set()
        phi = phis.get(f"{name}_{growing.ITEMS}")
        known = array.cell in self.before.cells or array.cell in phis.values()
        if not known or array.cell is phi or array.cell in same:
            return end
        others = (ref for ref in self._others(name) if ref is not None)
        if any(array.cell in ctx.state.cells_of(ref) for ref in others):
            return end
        return Struct(end.cls, {growing.ITEMS: ctx.copied(array)})

    def _was_own(self, name: str, ref: List) -> bool:
        """Whether a list had no other name before the loop."""
        return not any(
            self._holds(other, ref, self.before.lists)
            for frame, names in self.before.names.items()
            for own, other in names.items()
            if (frame, own) != (self.frame, name)
        )

    def _is_own(self, name: str, ref: List) -> bool:
        """Whether a list has no other name at the end of an iteration that is read later."""
        lists = self.ctx.state.lists
        return not any(self._holds(other, ref, lists) for other in self._others(name))

    def _others(self, name: str) -> list[Ref | None]:
        """What other names refer to at the end of an iteration."""
        found = [self.ends.get(other) for other in self.names if other != name]
        for frame, names in self.before.names.items():
            own = frame is self.frame
            found += [ref for key, ref in names.items() if not (own and key in self.names)]
        return found

    def _holds(self, holder: Ref | None, ref: List, lists: Mapping[List, tuple[Ref, ...]]) -> bool:
        """Whether a list can be reached from what a name refers to."""
        if holder is None or holder is ref:
            return holder is ref
        parts = lists.get(holder, ()) if isinstance(holder, List) else ()
        parts = parts or self.ctx.state.parts_of(holder)
        return any(self._holds(part, ref, lists) for part in parts)

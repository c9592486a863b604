"""What the variables of the printed program are called.

The user's names first, then what values are known as, then names made of other names: ``x_i``
for ``x[i]``, ``exp_x`` for exp(x), and ``t1``, ``t2`` where there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gradc.emit.liveness import Interval, meet
from gradc.emit.names import Names, identifier, without_number
from gradc.emit.plan import Plan
from gradc.ir.builder import DIM
from gradc.ir.control import FOR
from gradc.ir.core import Function, Region, Value
from gradc.ir.routines import routine_of
from gradc.ir.types import DType
from gradc.ir.walk import all_ops
from gradc.prims.index import AT, GET
from gradc.prims.routines import CALL
from gradc.prims.table import TABLE

_LONGEST_PART = 12  # of a name made of other names
OPS = frozenset(name.rstrip("_") for name in TABLE)


@dataclass(eq=False, slots=True)
class Variable:
    """A set of values that share a name.

    Attributes
    ----------
    kind : tuple
        Element type and rank.
    name : str
        What it is known as; empty where nobody named it.
    is_users : bool
        Whether the user wrote that name.
    intervals : list
        When it is in use.
    first : int
        The first point of that.
    """

    kind: tuple[DType, int]
    name: str = ""
    is_users: bool = False
    intervals: list[Interval] = field(default_factory=list)
    first: int = 0


def spell(function: Function, plan: Plan, variables: Mapping[Value, Variable]) -> dict[Value, str]:
    """Return the name of each value that is a variable."""
    spelled = _Speller(function, plan, variables).run()
    return {value: spelled[variable] for value, variable in variables.items()}


class _Speller:
    def __init__(self, function: Function, plan: Plan, variables: Mapping[Value, Variable]) -> None:
        self.function = function
        self.plan = plan
        self.variables = variables
        self.indices = _enclosing_indices(function.body)
        self.spelled: dict[Variable, str] = {}
        self.invented: dict[str, list[Variable]] = {}

    def run(self) -> dict[Variable, str]:
        ordered = sorted(
            dict.fromkeys(self.variables.values()), key=lambda variable: variable.first
        )
        self.tell_elements_apart()
        self.names = Names(identifier(v.name) for v in ordered if v.is_users)
        for op in all_ops(self.function.body):
            if op.prim is CALL:
                self.names.reserve(routine_of(op).name)
        for param in self.function.params:
            self.spelled[self.variables[param]] = self.names.claim(param.name)
        for variable in ordered:
            if variable.is_users and variable not in self.spelled:
                self.spelled[variable] = self.names.claim(variable.name)
        for variable in ordered:
            if variable.name and variable not in self.spelled:
                self.spelled[variable] = self.names.suggest(variable.name)
        for value in sorted(self.variables, key=self.order):
            variable = self.variables[value]
            if variable not in self.spelled:
                self.spelled[variable] = self.invent(value, variable)
        return self.spelled

    def order(self, value: Value) -> tuple[bool, int]:
        """What nobody reads comes last: its name is not printed."""
        return not self.plan.sites.get(value), self.variables[value].first

    # -- numbers that go by the name of an array --------------------------------------------

    def tell_elements_apart(self) -> None:
        """Call them ``x_i``, after the loops around them."""
        ranks = {
            variable.name: variable.kind[1]
            for variable in self.variables.values()
            if variable.name and variable.kind[1]
        }
        for value, variable in self.variables.items():
            rank = ranks.get(variable.name, 0)
            maker = self.plan.made_by.get(value)
            suffix = self.suffix(value, rank)
            if rank and suffix and not variable.kind[1] and maker and maker.prim is not DIM:
                variable.name, variable.is_users = variable.name + suffix, False

    def suffix(self, value: Value, rank: int) -> str:
        """The indices of an element, from the loops around it; empty if there are too few."""
        indices = self.indices.get(value, ())[-rank:] if rank else ()
        if len(indices) != rank:
            return ""
        names = [without_number(index.name) for index in indices]
        return "".join(f"_{name}" for name in names if name.strip("_"))

    # -- names made of other names ----------------------------------------------------------

    def invent(self, value: Value, variable: Variable) -> str:
        """A name for a value without one."""
        made_of = self.made_of(value)
        return self.share(made_of, variable) if made_of else self.names.temporary()

    def share(self, base: str, variable: Variable) -> str:
        """An invented name, used again where the lives of its variables do not meet."""
        others = self.invented.setdefault(base, [])
        fits = others and all(
            other.kind == variable.kind and not meet(other.intervals, variable.intervals)
            for other in others
        )
        name = self.spelled[others[0]] if fits else self.names.suggest(base)
        if fits or not others:
            others.append(variable)
        return name

    def made_of(self, value: Value) -> str:
        """A name after what a value is made of: ``x_i`` for ``x[i]``, ``exp_x`` for exp(x)."""
        op = self.plan.made_by.get(value)
        if op is None:
            return ""
        parts = [self.part(arg) for arg in op.args]
        if not all(part and len(part) <= _LONGEST_PART for part in parts):
            return ""
        if op.prim is GET and set(op.params["spec"]) == {AT}:
            return "_".join(part for part in parts if part.strip("_"))
        if len(parts) == 1 and op.prim.texts.scalar.endswith(")"):
            return f"{op.prim.name}_{parts[0]}"
        return ""

    def part(self, value: Value) -> str:
        """The name of an operand; empty where it has none."""
        variable = self.variables.get(self.plan.real(value))
        if variable is not None:
            return self.spelled.get(variable, "")
        return str(value.size) if isinstance(value.size, int) and value.size >= 0 else ""


def _enclosing_indices(
    region: Region, around: Sequence[Value] = ()
) -> dict[Value, Sequence[Value]]:
    """For each value made by an op or carried by a loop, the indices of the loops around it."""
    found: dict[Value, Sequence[Value]] = {}
    for op in region.ops:
        found.update(dict.fromkeys(op.outs, around))
        for inner in op.regions:
            indices = (*around, inner.params[0]) if op.prim is FOR else around
            found.update(dict.fromkeys(inner.params, indices))
            found.update(_enclosing_indices(inner, indices))
    return found

"""From SSA values to Python variables.

Values that a loop or a branch hands on share one variable where their lives do not meet, and so
do the versions of a variable of the user. What cannot share is copied, see
:mod:`gradc.emit.statements`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat

from gradc.emit.liveness import Interval, live_intervals, meet, merged
from gradc.emit.names import Names, identifier, without_number
from gradc.emit.plan import Plan
from gradc.ir.control import FOR, IF, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Role, Value
from gradc.ir.types import DType
from gradc.ir.walk import all_ops
from gradc.prims.index import AT, GET
from gradc.prims.table import TABLE

_LONGEST_PART = 12  # of a name made of other names
# Suggestions that were made up: what the builder calls a result of which it knows no more.
_OPS = frozenset(name.rstrip("_") for name in TABLE)
_SAYS_NOTHING = _OPS | {"c", "t"}
# The names that :mod:`gradc.passes.label` gives, and those of the derivatives of such values.
_LABEL = re.compile(rf"(?P<label>(?P<op>{'|'.join(sorted(_OPS))})_\d+)(?P<suffix>(_bar|_dot)*)")


@dataclass(eq=False, slots=True)
class _Variable:
    """A set of values that share a name."""

    kind: tuple[DType, int]
    name: str = ""
    is_users: bool = False
    intervals: list[Interval] = field(default_factory=list)
    first: int = 0


def name_variables(function: Function, plan: Plan) -> dict[Value, str]:
    """Return the name of every value that is a variable of the printed program."""
    return _Namer(function, plan).run()


def late_updates(function: Function, plan: Plan, names: Mapping[Value, str]) -> frozenset[Value]:
    """Return values that are better computed where a loop hands them on.

    Computed where they stand they need a second variable beside the carried one, since that is
    still read: ``p_bar_1 = p_bar * x`` and later ``p_bar = p_bar_1``.
    """
    found: set[Value] = set()
    for op in all_ops(function.body):
        if op.prim not in (FOR, WHILE):
            continue
        for param, value in zip(carried_params(op), loop_body(op).yields, strict=True):
            once = value in plan.made_by and len(plan.sites.get(value, ())) == 1
            if once and value in names and names[value] != names.get(plan.real(param)):
                found.add(value)
    return frozenset(found)


class _Namer:
    def __init__(self, function: Function, plan: Plan) -> None:
        self.function = function
        self.plan = plan
        self.intervals = live_intervals(function, plan)
        self.parents: dict[_Variable, _Variable] = {}
        self.variables: dict[Value, _Variable] = {}
        params = set(function.params)
        for value, intervals in self.intervals.items():
            users = value in params or value.named
            self.variables[value] = _Variable(
                (value.type.dtype, value.type.rank),
                value.name if users else self.hint(value) or self.result_name(value),
                users,
                intervals,
                intervals[0][0],
            )

    def run(self) -> dict[Value, str]:
        self.share_across_control()
        self.share_by_name()
        return self.spell()

    def hint(self, value: Value) -> str:
        """What the name of a value says; empty where it was only made up."""
        name = without_number(value.name)
        op = self.plan.made_by.get(value)
        # a cotangent that turned out to be a value of the primal left its name there
        borrowed = op is not None and op.role is Role.PRIMAL and name.endswith("_bar")
        element = op is not None and op.prim is GET and name.endswith("_at")
        made_up = name in _SAYS_NOTHING or _LABEL.fullmatch(value.name) is not None
        return "" if borrowed or element or made_up else name

    def result_name(self, value: Value) -> str:
        """What the value of the function itself is called beside its derivatives."""
        results = self.function.results
        maker = self.plan.made_by.get(value)
        first = len(results) > 1 and self.plan.real(results[0]) is value
        return "value" if first and maker is not None and maker.role is Role.PRIMAL else ""

    # -- sharing ----------------------------------------------------------------------------

    def variable(self, value: Value) -> _Variable | None:
        """The variable of a value; None for what is written where it is used."""
        found = self.variables.get(self.plan.real(value))
        return None if found is None else self.root(found)

    def root(self, variable: _Variable) -> _Variable:
        while variable in self.parents:
            variable = self.parents[variable]
        return variable

    def share_across_control(self) -> None:
        for op in all_ops(self.function.body):
            for left, right, whole in _handed_on(op):
                a, b = self.variable(left), self.variable(right)
                if a is not None and b is not None:
                    self.share(a, b, strict=not whole)

    def share_by_name(self) -> None:
        latest: dict[tuple[str, tuple[DType, int]], list[_Variable]] = {}
        for variable in sorted(self.distinct(), key=lambda variable: variable.first):
            if not variable.name:
                continue
            homonyms = latest.setdefault((variable.name, variable.kind), [])
            # the last few are enough: more homonyms alive at once are told apart by a number
            if not any(self.share(other, variable) for other in homonyms[-3:]):
                homonyms.append(variable)

    def distinct(self) -> Iterable[_Variable]:
        return dict.fromkeys(map(self.root, self.variables.values()))

    def share(self, a: _Variable, b: _Variable, *, strict: bool = True) -> bool:
        """Make two variables one, if their lives and names allow it.

        Different names of the user's never become one; when `strict`, no different names do,
        and otherwise the name of `a` stays.
        """
        if a is b:
            return True
        different = bool(a.name and b.name and a.name != b.name)
        if different and (strict or (a.is_users and b.is_users)):
            return False
        if a.kind != b.kind or meet(a.intervals, b.intervals):
            return False
        name = b.name if b.is_users else a.name or b.name
        if b.first < a.first:
            a, b = b, a
        self.parents[b] = a
        a.name = name
        a.is_users = a.is_users or b.is_users
        a.intervals = merged([*a.intervals, *b.intervals])
        return True

    # -- spelling ---------------------------------------------------------------------------

    def spell(self) -> dict[Value, str]:
        ordered = sorted(self.distinct(), key=lambda variable: variable.first)
        self.tell_elements_apart(ordered)
        names = Names(identifier(v.name) for v in ordered if v.is_users)
        spelled: dict[_Variable, str] = {}
        for param in self.function.params:
            variable = self.root(self.variables[param])
            spelled[variable] = names.claim(param.name)
        for variable in ordered:
            if variable.is_users and variable not in spelled:
                spelled[variable] = names.claim(variable.name)
        for variable in ordered:
            if variable.name and variable not in spelled:
                spelled[variable] = names.suggest(variable.name)
        labels: dict[str, str] = {}
        for value in sorted(self.variables, key=self.order):
            variable = self.root(self.variables[value])
            if variable not in spelled:
                spelled[variable] = self.invented(value, spelled, labels, names)
        return {value: spelled[self.root(var)] for value, var in self.variables.items()}

    def order(self, value: Value) -> tuple[bool, int]:
        """What nobody reads comes last: its name is not printed."""
        return not self.plan.sites.get(value), self.variables[value].first

    def tell_elements_apart(self, variables: Iterable[_Variable]) -> None:
        """Call a number that goes by the name of an array ``x_i``, after the loops around it."""
        ranks = {variable.name: variable.kind[1] for variable in variables if variable.kind[1]}
        loops = enclosing_indices(self.function.body)
        for value in self.variables:
            variable = self.root(self.variables[value])
            rank = ranks.get(variable.name, 0)
            indices = loops.get(value, ())[-rank:]
            if not variable.kind[1] and rank and len(indices) == rank:
                suffix = "_".join(without_number(index.name) for index in indices)
                variable.name, variable.is_users = f"{variable.name}_{suffix}", False

    def invented(
        self,
        value: Value,
        spelled: Mapping[_Variable, str],
        labels: dict[str, str],
        names: Names,
    ) -> str:
        """A name for a value without one; that of a derivative follows that of its value."""
        found = _LABEL.fullmatch(value.name)
        if found is None:
            made_of = self.made_of(value, spelled)
            return names.suggest(made_of) if made_of else names.temporary()
        label, suffix = found["label"], found["suffix"] or ""
        if not suffix:
            made_of = self.made_of(value, spelled)
            labels[label] = names.suggest(made_of) if made_of else names.temporary()
            return labels[label]
        return names.suggest(labels.get(label, found["op"]) + suffix)

    def made_of(self, value: Value, spelled: Mapping[_Variable, str]) -> str:
        """A name after what a value is made of: ``x_i`` for ``x[i]``, ``exp_x`` for exp(x)."""
        op = self.plan.made_by.get(value)
        if op is None:
            return ""
        parts = []
        for arg in op.args:
            variable = self.variable(arg)
            known = spelled.get(variable, "") if variable is not None else ""
            if not known and isinstance(arg.size, int) and arg.size >= 0:
                known = str(arg.size)
            parts.append(known)
        if not all(part and len(part) <= _LONGEST_PART for part in parts):
            return ""
        if op.prim is GET and set(op.params["spec"]) == {AT}:
            return "_".join(parts)
        if len(parts) == 1 and op.prim.texts.scalar.endswith(")"):
            return f"{op.prim.name}_{parts[0]}"
        return ""


def enclosing_indices(
    region: Region, around: tuple[Value, ...] = ()
) -> dict[Value, tuple[Value, ...]]:
    """For each value made by an op or carried by a loop, the indices of the loops around it."""
    found: dict[Value, tuple[Value, ...]] = {}
    for op in region.ops:
        found.update(dict.fromkeys(op.outs, around))
        for inner in op.regions:
            indices = (*around, inner.params[0]) if op.prim is FOR else around
            found.update(dict.fromkeys(inner.params, indices))
            found.update(enclosing_indices(inner, indices))
    return found


def _handed_on(op: Op) -> Iterator[tuple[Value, Value, bool]]:
    """Pairs of values that an op copies from one to the other, and whether both are its own."""
    if op.prim in (FOR, WHILE):
        params, yields = carried_params(op), loop_body(op).yields
        yield from zip(params, op.outs, repeat(True))
        yield from zip(params, yields, repeat(True))
        yield from zip(params, carried_inits(op), repeat(False))
    elif op.prim is IF:
        for region in op.regions:
            yield from zip(op.outs, region.yields, repeat(True))

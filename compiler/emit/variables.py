"""From SSA values to Python variables.

Values that a loop or a branch hands on share one variable where their lives do not meet, and so
do the versions of a variable of the user. What cannot share is copied, see
:mod:`gradc.emit.statements`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import repeat

from gradc.emit.liveness import live_intervals, meet, merged
from gradc.emit.names import without_number
from gradc.emit.plan import Plan
from gradc.emit.spelling import OPS, Variable, spell
from gradc.ir.control import FOR, IF, STORES_LAST, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Role, Value
from gradc.ir.types import DType
from gradc.ir.walk import all_ops
from gradc.prims.index import GET
from gradc.prims.shape import EMPTY, REUSE

_SAYS_NOTHING = OPS | {"c", "t"}


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
        if op.prim not in (FOR, WHILE) or STORES_LAST in op.params:
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
        self.parents: dict[Variable, Variable] = {}
        self.variables: dict[Value, Variable] = {}
        self.indices = {op.regions[0].params[0] for op in all_ops(function.body) if op.prim is FOR}
        self.derivatives = {
            value.name for value, op in plan.made_by.items() if op.role is not Role.PRIMAL
        }
        params = set(function.params)
        for value, intervals in self.intervals.items():
            users = value in params or (value.named and not self.is_borrowed(value))
            self.variables[value] = Variable(
                (value.type.dtype, value.type.rank),
                value.name if users else self.hint(value) or self.result_name(value),
                users,
                intervals,
                intervals[0][0],
            )

    def run(self) -> dict[Value, str]:
        self.share_workspace()
        self.share_across_control()
        self.share_by_name()
        variables = {value: self.root(variable) for value, variable in self.variables.items()}
        return spell(self.function, self.plan, variables)

    def hint(self, value: Value) -> str:
        """What the name of a value says; empty where it was only made up."""
        name = without_number(value.name)
        if value in self.indices:
            return name
        op = self.plan.made_by.get(value)
        element = op is not None and op.prim is GET and name.endswith("_at")
        made_up = name in _SAYS_NOTHING
        return "" if element or made_up or self.is_borrowed(value) else name

    def is_borrowed(self, value: Value) -> bool:
        """Whether a value of the primal bears the name of a derivative.

        A cotangent that turns out to be a value of the primal leaves its name there.
        """
        op = self.plan.made_by.get(value)
        if op is None or op.role is not Role.PRIMAL or not value.name.endswith(("_bar", "_dot")):
            return False
        return not value.named or value.name in self.derivatives

    def result_name(self, value: Value) -> str:
        """What the value of the function itself is called beside its derivatives."""
        results = self.function.results
        maker = self.plan.made_by.get(value)
        first = len(results) > 1 and self.plan.real(results[0]) is value
        return "value" if first and maker is not None and maker.role is Role.PRIMAL else ""

    # -- sharing ----------------------------------------------------------------------------

    def variable(self, value: Value) -> Variable | None:
        """The variable of a value; None for what is written where it is used."""
        found = self.variables.get(self.plan.real(value))
        return None if found is None else self.root(found)

    def root(self, variable: Variable) -> Variable:
        while variable in self.parents:
            variable = self.parents[variable]
        return variable

    def share_workspace(self) -> None:
        """Give an array without contents one variable with what a loop makes of it.

        It may be in use for longer, as the memory of all iterations of a loop around; since what
        lies in it does not matter, what the loop leaves there serves as well. That is for loops
        that write to it: what is handed on in its place is another array, and has its own name.
        """
        workspace = {op.out for op in all_ops(self.function.body) if op.prim in (EMPTY, REUSE)}
        for op in all_ops(self.function.body):
            if op.prim is not FOR:
                continue
            carried = zip(carried_inits(op), carried_params(op), op.outs, strict=True)
            for slot, (init, param, out) in enumerate(carried):
                a = self.variable(init)
                if self.plan.real(init) not in workspace or a is None:
                    continue
                if not self.hands_on_itself(op, slot):
                    continue
                workspace |= {param, out}
                for b in (self.variable(param), self.variable(out)):
                    if b is not None:
                        self.join(self.root(a), b)

    def hands_on_itself(self, op: Op, slot: int) -> bool:
        """Whether a loop hands the array on that it was given, written to or not."""
        value = self.plan.real(loop_body(op).yields[slot])
        while value is not self.plan.real(carried_params(op)[slot]):
            maker = self.plan.made_by.get(value)
            if maker is None or maker.prim is not FOR:
                return False
            inner = maker.outs.index(value)
            if not self.hands_on_itself(maker, inner):
                return False
            value = self.plan.real(carried_inits(maker)[inner])
        return True

    def share_across_control(self) -> None:
        for op in all_ops(self.function.body):
            for left, right, whole in _handed_on(op):
                a, b = self.variable(left), self.variable(right)
                if a is not None and b is not None:
                    self.share(a, b, strict=not whole)

    def share_by_name(self) -> None:
        latest: dict[tuple[str, tuple[DType, int]], list[Variable]] = {}
        for variable in sorted(self.distinct(), key=lambda variable: variable.first):
            if not variable.name:
                continue
            homonyms = latest.setdefault((variable.name, variable.kind), [])
            # the last few are enough: more homonyms alive at once are told apart by a number
            if not any(self.share(other, variable) for other in homonyms[-3:]):
                homonyms.append(variable)

    def distinct(self) -> Iterable[Variable]:
        return dict.fromkeys(map(self.root, self.variables.values()))

    def share(self, a: Variable, b: Variable, *, strict: bool = True) -> bool:
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
        self.join(a, b)
        return True

    def join(self, a: Variable, b: Variable) -> None:
        """Make two variables one; the name of `a` stays unless only that of `b` is the user's."""
        if a is b:
            return
        name = b.name if b.is_users else a.name or b.name
        if b.first < a.first:
            a, b = b, a
        self.parents[b] = a
        a.name = name
        a.is_users = a.is_users or b.is_users
        a.intervals = merged([*a.intervals, *b.intervals])


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

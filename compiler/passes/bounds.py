"""Index checks and integer conditions that can be decided at compile time.

Before::

    with for_(one, n, one, s) as (i, t):
        j: i64(j) = sub(i, one)
        k: i64(k) = wrap(j, n, line=4)
        v: f64 = get(x, k, spec=('at',))

After: ``1 <= i <= n - 1``, so ``0 <= i - 1 <= n - 1``, and the check goes away::

    with for_(one, n, one, s) as (i, t):
        j: i64(j) = sub(i, one)
        v: f64 = get(x, j, spec=('at',))

What is known comes from loop bounds, sizes, earlier checks and the conditions of branches
(:mod:`gradc.analysis.ranges`). An index that is certainly negative becomes a sum. A comparison
of integers whose outcome is certain becomes a constant, and the trip count of a loop with step
1 or -1 that cannot be negative becomes a difference, the larger of two integers the one that
is certainly not smaller.
"""

from __future__ import annotations

from dataclasses import replace

from gradc.analysis.affine import AffineForms, number
from gradc.analysis.ranges import Facts
from gradc.ir.builder import CONST
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.types import INT, DType
from gradc.ir.walk import all_ops, defining_ops, rebuilt
from gradc.passes.rewrite import Replacements
from gradc.prims.arithmetic import ADD, SUB
from gradc.prims.compare import EQ, GE, GT, LE, LT, NE
from gradc.prims.index import WRAP
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.loops import TRIP

_DECIDED = frozenset({WRAP, TRIP, IMAX, IMIN})
_COMPARISONS = frozenset({LT, LE, GT, GE, EQ, NE})


def decide_bounds(function: Function) -> Function:
    """Return the function without the checks and comparisons whose outcome is certain."""
    if any(op.prim in _DECIDED or _is_integer_comparison(op) for op in all_ops(function.body)):
        return _Bounds(function).run()
    return function


def _is_integer_comparison(op: Op) -> bool:
    return op.prim in _COMPARISONS and op.args[0].type == INT


class _Bounds:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.replacements = Replacements.of(function)
        self.forms = AffineForms(defining_ops(function.body))

    def run(self) -> Function:
        body = self.region(self.function.body, Facts(self.forms))
        return self.replacements.finish(self.function, body)

    def region(self, region: Region, facts: Facts) -> Region:
        facts.note_values(region.params)
        ops: list[Op] = []
        for old in region.ops:
            new = self.op(self.replacements.operands(old), facts)
            if new is not None:
                ops.append(new)
                facts.note_op(new)
        return rebuilt(region, ops, map(self.replacements.value, region.yields))

    def op(self, op: Op, facts: Facts) -> Op | None:
        if op.prim is WRAP:
            return self.wrap(op, facts)
        if op.prim is TRIP:
            return self.trip(op, facts)
        if op.prim in (IMAX, IMIN) and op.out.type.is_scalar:
            return self.extremum(op, facts)
        if _is_integer_comparison(op):
            outcome = facts.compare(op)
            if outcome is not None:
                params = {"dtype": DType.BOOL, "value": outcome}
                return replace(op, prim=CONST, args=(), params=params)
        if not op.regions:
            return op
        regions = tuple(self.inner(op, place, facts) for place in range(len(op.regions)))
        if all(new is old for new, old in zip(regions, op.regions, strict=True)):
            return op
        return replace(op, regions=regions)

    def inner(self, op: Op, place: int, facts: Facts) -> Region:
        inside = facts.inside(op, place)
        return self.region(op.regions[place], inside)

    def wrap(self, op: Op, facts: Facts) -> Op | None:
        index, size = op.args
        form, limit = self.forms.of(index), self.forms.of(size)
        if facts.proves(form) and facts.proves(limit.minus(form).shifted(-1)):
            if self.replaced(op.out, index):
                return None
        elif facts.proves(number(-1).minus(form)) and facts.proves(form.plus(limit)):
            return replace(op, prim=ADD, args=(index, size), params={})
        return op

    def extremum(self, op: Op, facts: Facts) -> Op | None:
        sign = 1 if op.prim is IMAX else -1
        for chosen, other in (op.args, op.args[::-1]):
            apart = self.forms.of(chosen).minus(self.forms.of(other)).times(sign)
            if facts.proves(apart) and self.replaced(op.out, chosen):
                return None
        return op

    def trip(self, op: Op, facts: Facts) -> Op:
        start, stop, step = op.args
        stride = self.forms.of(step).known
        if stride not in (1, -1):
            return op
        ends = (stop, start) if stride == 1 else (start, stop)
        if not facts.proves(self.forms.of(ends[0]).minus(self.forms.of(ends[1]))):
            return op
        return replace(op, prim=SUB, args=ends)

    def replaced(self, old: Value, new: Value) -> bool:
        if not self.replacements.replace(old, new):
            return False
        self.forms.same(old, new)
        return True

"""What is known about integers at a place of the program, and what follows from it.

A fact is an affine form that is not negative: an axis has size ``n``, so ``n >= 0``; inside
``for i in range(lo, hi)``, ``i - lo >= 0`` and ``hi - 1 - i >= 0``, and what a loop counts up from
``k`` is at least ``k``; inside ``if i > 0``, ``i - 1 >= 0``, and
``if i != j`` where ``j <= i`` gives ``i - j - 1 >= 0``. To prove that a form is not negative,
multiples of facts are subtracted from it until a constant is left. That finds a proof for affine
indices of nested loops; where it finds none, nothing is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import gcd

from gradc.analysis.affine import Affine, AffineForms, number, of_dim
from gradc.ir.control import FOR, IF
from gradc.ir.core import Op, Value
from gradc.ir.types import BOOL, INT, Dim
from gradc.prims.arithmetic import FLOORDIV, MOD
from gradc.prims.compare import EQ, GE, GT, LAND, LE, LNOT, LOR, LT, NE
from gradc.prims.effects import CHECK
from gradc.prims.index import WRAP
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.loops import TRIP
from gradc.prims.shape import ARGMAX, ARGMIN, EXPECT

_DEPTH = 8  # facts used in one proof
_TRIES = 400  # forms looked at in one proof
_BySign = dict[tuple[str, bool], list[Affine]]

# Comparison -> (left - right) * sign + shift >= 0, when it holds and when it does not.
_HOLDS = {LT: (-1, -1), LE: (-1, 0), GT: (1, -1), GE: (1, 0)}
_FAILS = {LT: GE, LE: GT, GT: LE, GE: LT, EQ: NE, NE: EQ}


@dataclass(slots=True)
class Facts:
    """Facts of a place, chained to those of the places around it.

    `trips` are trip counts, each with a form that is not negative where the count is positive,
    and `choices` are lists of conditions, each with an outcome, of which one holds.
    """

    forms: AffineForms
    outer: Facts | None = None
    own: dict[tuple[object, ...], Affine] = field(default_factory=dict)
    trips: list[tuple[Affine, Affine]] = field(default_factory=list)
    choices: list[list[tuple[Value, bool]]] = field(default_factory=list)
    _sorted: tuple[list[int], _BySign] | None = None

    def child(self) -> Facts:
        """Return the facts of a region inside this place."""
        return Facts(self.forms, self)

    def inside(self, op: Op, region: int) -> Facts:
        """Return the facts of a region of an op: of the body of a loop, a side of a branch."""
        facts = self.child()
        if op.prim is FOR:
            facts.note_loop(op)
        elif op.prim is IF:
            facts.assume(op.args[0], region == 0)
        return facts

    def all(self) -> Iterable[Affine]:
        """Yield every fact, innermost first."""
        place: Facts | None = self
        while place is not None:
            yield from reversed(place.own.values())
            place = place.outer

    def add(self, form: Affine) -> None:
        """Note that a form is not negative."""
        if form.terms:
            self.own.setdefault(form.key(), form)

    def by_sign(self) -> _BySign:
        """The facts by their symbols and signs; sorted once for the proofs between two facts."""
        counts = []
        place: Facts | None = self
        while place is not None:
            counts.append(len(place.own))
            place = place.outer
        if self._sorted is None or self._sorted[0] != counts:
            found: _BySign = {}
            for fact in self.all():
                for symbol, coefficient in fact.terms.items():
                    found.setdefault((symbol, coefficient > 0), []).append(fact)
            self._sorted = counts, found
        return self._sorted[1]

    # -- where facts come from ---------------------------------------------------------------

    def note_values(self, values: Iterable[Value]) -> None:
        """Note that the sizes of arrays that exist are not negative."""
        for value in values:
            for dim in value.type.shape:
                if isinstance(dim, str):
                    self.add(Affine({dim: 1}))

    def note_op(self, op: Op) -> None:
        """Note what holds after an op."""
        self.note_values(op.outs)
        if op.prim is CHECK:
            self.assume(op.args[0], True)
        elif op.prim is IF:
            self._note_branch(op)
        elif op.prim is EXPECT:
            for wanted, dim in zip(op.args[1:], op.args[0].type.shape, strict=True):
                have = of_dim(dim)
                self._between(self.forms.of(wanted), have, have)
        if len(op.outs) != 1 or op.out.type != INT:
            return
        out = self.forms.of(op.out)
        if op.prim is WRAP:
            index, size = (self.forms.of(arg) for arg in op.args)
            self._between(out, number(0), size.shifted(-1))
            self._between(index, size.times(-1), size.shifted(-1))
        elif op.prim is TRIP:
            self._note_trip(op, out)
        elif op.prim in (IMAX, IMIN):
            sign = 1 if op.prim is IMAX else -1
            for arg in op.args:
                self.add(out.minus(self.forms.of(arg)).times(sign))
        elif op.prim in (ARGMAX, ARGMIN):
            (dim,) = op.args[0].type.shape
            length = of_dim(dim)
            self._between(out, number(0), length.shifted(-1))
        elif op.prim in (FLOORDIV, MOD):
            self._note_division(op, out)

    def _note_trip(self, op: Op, out: Affine) -> None:
        """A loop over ``range(start, stop, step)`` runs ``ceil((stop - start) / step)`` times."""
        self.add(out)
        start, stop, step = (self.forms.of(arg) for arg in op.args)
        if step.known is None or step.known == 0:
            return
        stride = step.known if step.known > 0 else -step.known
        span = stop.minus(start).times(1 if step.known > 0 else -1)
        covered = out.times(stride)
        self.add(covered.minus(span))
        rest = span.minus(covered).shifted(stride - 1)
        if self.proves(span):
            self.add(rest)
        else:
            self.trips.append((out, rest))

    def _note_division(self, op: Op, out: Affine) -> None:
        dividend, divisor = (self.forms.of(arg) for arg in op.args)
        if not self.proves(divisor.shifted(-1)):
            return
        if op.prim is MOD:
            self._between(out, number(0), divisor.shifted(-1))
        elif divisor.known is not None:
            rest = dividend.plus(out, -divisor.known)
            self._between(rest, number(0), divisor.shifted(-1))

    def _between(self, form: Affine, low: Affine, high: Affine) -> None:
        self.add(form.minus(low))
        self.add(high.minus(form))

    def note_loop(self, op: Op) -> None:
        """Note what holds in the body of a counted loop; call it on the facts of the body."""
        if op.prim is not FOR:
            return
        start, stop, step = (self.forms.of(arg) for arg in op.args[:3])
        index = self.forms.of(op.regions[0].params[0])
        if step.known is None or step.known == 0:
            return
        if step.known > 0:
            low, high = start, stop.shifted(-1)
        else:
            low, high = stop.shifted(1), start
        self.add(high.minus(low))
        self._between(index, low, high)
        self._note_counters(op)
        place: Facts | None = self
        while place is not None:
            for trip, rest in place.trips:
                if self.proves(trip.shifted(-1)):
                    self.add(rest)
            place = place.outer
        self._choose()

    def _note_counters(self, op: Op) -> None:
        """What only grows from iteration to iteration is never less than in the first."""
        (body,) = op.regions
        for init, param, end in zip(op.args[3:], body.params[1:], body.yields, strict=True):
            if param.type == INT:
                grown = self.forms.of(end).minus(self.forms.of(param))
                if self.proves(grown):
                    self.add(self.forms.of(param).minus(self.forms.of(init)))

    def assume(self, condition: Value, holds: bool) -> None:
        """Note what a condition says about integers where it is known to hold, or not to."""
        op = self.forms.makers.get(condition)
        if op is None or condition.type != BOOL:
            return
        if op.prim is LNOT:
            self.assume(op.args[0], not holds)
        elif (op.prim is LAND and holds) or (op.prim is LOR and not holds):
            for part in op.args:
                self.assume(part, holds)
        elif op.prim in _FAILS and op.args[0].type == INT:
            prim = op.prim if holds else _FAILS[op.prim]
            difference = self.forms.of(op.args[0]).minus(self.forms.of(op.args[1]))
            if prim is EQ:
                self.add(difference)
                self.add(difference.times(-1))
            elif prim is NE:
                self._note_unequal(difference)
            elif prim in _HOLDS:
                sign, shift = _HOLDS[prim]
                self.add(difference.times(sign).shifted(shift))

    def _note_unequal(self, difference: Affine) -> None:
        """What is not zero, and not negative, is at least one."""
        for form in (difference, difference.times(-1)):
            if self.proves(form):
                self.add(form.shifted(-1))

    def _note_branch(self, op: Op) -> None:
        """After checks in a branch: either the branch was not taken or they hold."""
        not_taken = [(leaf, False) for leaf in self._conjuncts(op.args[0])]
        for inner in op.regions[0].ops:
            if inner.prim is CHECK:
                self.choices.append([*not_taken, (inner.args[0], True)])

    def _conjuncts(self, condition: Value) -> list[Value]:
        op = self.forms.makers.get(condition)
        if op is None or op.prim is not LAND:
            return [condition]
        return [found for part in op.args for found in self._conjuncts(part)]

    def _choose(self) -> None:
        """Assume what is left of alternatives of which the others cannot be."""
        place: Facts | None = self
        while place is not None:
            for alternatives in place.choices:
                left = [each for each in alternatives if not self._is_refuted(*each)]
                if len(left) == 1:
                    self.assume(*left[0])
            place = place.outer

    def _is_refuted(self, condition: Value, holds: bool) -> bool:
        op = self.forms.makers.get(condition)
        if op is None or op.prim not in _FAILS or op.args[0].type != INT:
            return False
        outcome = self.compare(op)
        return outcome is not None and outcome is not holds

    # -- what follows ------------------------------------------------------------------------

    def proves(self, form: Affine) -> bool:
        """Whether a form is certainly not negative here."""
        return _Proof(self.by_sign()).finds(form, _DEPTH)

    def is_in_range(self, index: Value, dim: Dim) -> bool:
        """Whether an index is certainly at least zero and less than the size of an axis."""
        form = self.forms.of(index)
        return self.proves(form) and self.proves(of_dim(dim).minus(form).shifted(-1))

    def compare(self, op: Op) -> bool | None:
        """Return the outcome of a comparison of integers where it is certain."""
        left, right = (self.forms.of(arg) for arg in op.args)
        if op.prim in (EQ, NE):
            difference = left.minus(right)
            if difference.known is not None:
                return (difference.known == 0) is (op.prim is EQ)
            apart = difference.shifted(-1), difference.times(-1).shifted(-1)
            return op.prim is NE if any(self.proves(form) for form in apart) else None
        for prim, outcome in ((op.prim, True), (_FAILS[op.prim], False)):
            sign, shift = _HOLDS[prim]
            if self.proves(left.minus(right).times(sign).shifted(shift)):
                return outcome
        return None


class _Proof:
    """Looks for multiples of facts that leave a constant of a goal.

    All numbers are integers: a goal is multiplied rather than a fact divided, and `scale` says
    by how much. An integer that is more than -1 is not negative.
    """

    def __init__(self, by_sign: _BySign) -> None:
        self.by_sign = by_sign
        self.seen: set[object] = set()

    def finds(self, goal: Affine, depth: int, scale: int = 1) -> bool:
        if not goal.terms:
            return goal.constant > -scale
        candidates = self.candidates(goal)
        key = (goal.key(), scale)
        if depth == 0 or not candidates or key in self.seen or len(self.seen) > _TRIES:
            return False
        self.seen.add(key)
        symbol, facts = candidates
        of_goal = goal.terms[symbol]
        for fact in facts:
            of_fact = fact.terms[symbol]
            common = gcd(int(of_goal), int(of_fact))
            factor, multiple = abs(of_fact) // common, abs(of_goal) // common
            rest = goal if factor == 1 else goal.times(factor)
            if self.finds(rest.plus(fact, -multiple), depth - 1, int(scale * factor)):
                return True
        return False

    def candidates(self, goal: Affine) -> tuple[str, Sequence[Affine]] | None:
        """The symbol that the fewest facts can remove, and those; None where one stays for good."""
        found = None
        for symbol, coefficient in goal.terms.items():
            facts = self.by_sign.get((symbol, coefficient > 0))
            if facts is None:
                return None
            if found is None or len(facts) <= len(found[1]):
                found = (symbol, facts)
        return found

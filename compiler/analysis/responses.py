"""How values answer to a small change of one of them, where that can be told without numbers.

``largest`` is subtracted so that nothing overflows, and added again::

    t = x[i] - largest       answers with -1: what is added to `largest` is subtracted here
    e = exp(t)               answers with -e: a sum in the exponent is a factor
    total += e               answers with -total: all that is added answers in proportion
    log(total) + largest     answers with -1 + 1 = 0: does not depend on `largest`

A value answers by a *shift* of so much, or in *proportion* to itself, so many times. Both are
exact, not estimates: the result above has a derivative of zero, wherever `largest` comes from. What
does neither has no answer, and then nothing is claimed. So much and so many are numbers, and
products of values that do not depend on the one that changes (``exp(-(a - lowest) / g)``).

Source: the shift invariance of log-sum-exp and softmax, e.g. Blanchard, Higham and Higham (2021),
"Accurately computing the log-sum-exp and softmax functions", IMA J. Numer. Anal. 41(4), section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import isfinite

from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Kind, Op, Primitive, Region, Value
from gradc.ir.walk import defined_values, used_by
from gradc.prims.arithmetic import ADD, CAST, DIV, IPOW, LOG, MUL, NEG, SQRT, SUB
from gradc.prims.compare import CHOOSE, SELECT
from gradc.prims.elementary import EXP, MAXIMUM, MINIMUM
from gradc.prims.index import ADD_AT, ALL, AT, GET, PUT
from gradc.prims.linalg import MATMUL
from gradc.prims.shape import (
    BROADCAST,
    COPY,
    EMPTY,
    EXPECT,
    MAX,
    MIN,
    RESHAPE,
    SUM,
    TRANSPOSE,
    ZEROS,
)

_ROUNDS = 4  # of a loop, until what it hands on answers alike before and after an iteration


@dataclass(frozen=True, slots=True)
class Amount:
    """A number times powers of scalars that do not depend on what changes."""

    number: Fraction
    powers: frozenset[tuple[Value, int]] = frozenset()

    def times(self, other: Amount, power: int = 1) -> Amount:
        """Return ``self * other**power``."""
        powers = dict(self.powers)
        for value, own in other.powers:
            powers[value] = powers.get(value, 0) + power * own
        left = frozenset((value, own) for value, own in powers.items() if own)
        return Amount(self.number * other.number**power, left)

    def plus(self, other: Amount, sign: int = 1) -> Amount | None:
        """Return ``self + sign * other``, None where they are multiples of different values."""
        if not other.number:
            return self
        if not self.number:
            return Amount(sign * other.number, other.powers)
        if self.powers != other.powers:
            return None
        total = self.number + sign * other.number
        return Amount(total, self.powers) if total else Amount(Fraction(0))


@dataclass(frozen=True, slots=True)
class Answer:
    """How a value answers: by a shift, or in proportion to itself.

    Attributes
    ----------
    in_proportion : bool
    amount : Amount
        How much the value grows for a small change of one; how many times itself.
    axes : tuple of int
        For each axis of what changes the axis of this value that belongs to it: an element answers
        to the element with the same indices there.
    """

    in_proportion: bool
    amount: Amount
    axes: tuple[int, ...] = ()

    def by(self, amount: Amount | None) -> Answer | None:
        """The same kind of answer with another amount; ``NONE`` where that is zero."""
        if amount is None:
            return None
        return replace(self, amount=amount) if amount.number else NONE

    def at(self, axes: tuple[int, ...]) -> Answer:
        """The same answer of a value with other axes."""
        return self if self.axes == axes else replace(self, axes=axes)


NONE = Answer(False, Amount(Fraction(0)))  # does not depend on what changes
NOTHING = Answer(True, Amount(Fraction(0)))  # zero: answers in proportion, so many times or other
ANYTHING = Answer(True, Amount(Fraction(-1)), (-1,))  # undefined contents, which nobody reads
CONSTANT = (NONE, NOTHING)


def is_independent(
    value: Value, after: Sequence[Op], region: Region, makers: Mapping[Value, Op]
) -> bool:
    """Whether nothing that a region hands on depends on a value of it.

    Parameters
    ----------
    value : Value
        A float or an array of floats.
    after : sequence of Op
        The ops of the region behind the one that makes it.
    region : Region
    makers : mapping of Value to Op
        The op that makes a value, for all values of the function.
    """
    one = Answer(False, Amount(Fraction(1)), tuple(range(value.type.rank)))
    walk = _Walk({value: one}, makers)
    return walk.ops(after) and all(walk.of(end) in CONSTANT for end in region.yields)


@dataclass(slots=True)
class _Walk:
    """Answers of values, in the order of the program; a step that finds none returns False.

    `replacing` are the arrays that loops write all elements of anew.
    """

    answers: dict[Value, Answer]
    makers: Mapping[Value, Op]
    replacing: set[Value] = field(default_factory=set)

    def of(self, value: Value) -> Answer:
        found = self.answers.get(value)
        if found is not None:
            return found
        maker = self.makers.get(value)
        if maker is not None and maker.prim is EMPTY:
            return ANYTHING
        zero = maker is not None and (
            maker.prim is ZEROS or (maker.prim is CONST and maker.params["value"] == 0)
        )
        return NOTHING if zero and value.type.is_float else NONE

    def ops(self, ops: Sequence[Op]) -> bool:
        return all(self.op(op) for op in ops)

    def op(self, op: Op) -> bool:
        if op.prim in (FOR, WHILE):
            return self.loop(op)
        if op.prim is IF:
            return self.branch(op)
        for out in op.outs:
            self.answers.pop(out, None)  # of the round before
        if op.prim.kind is Kind.CONSTANT or not any(out.type.is_float for out in op.outs):
            return True
        given = [self.of(arg) for arg in op.args]
        if op.prim not in (PUT, ADD_AT):
            if all(each in CONSTANT for each in given):
                return True
            if ANYTHING in given:
                self.answers.update(dict.fromkeys(op.outs, ANYTHING))
                return True
        rule = _RULES.get(op.prim)
        found = rule(self, op, given) if rule is not None else None
        if found is None:
            return False
        self.answers[op.out] = found
        return True

    def branch(self, op: Op) -> bool:
        if not all(self.ops(region.ops) for region in op.regions):
            return False
        sides = [self.handed_out(region, op) for region in op.regions]
        return self.note(op.outs, [_joined(*both) for both in zip(*sides, strict=True)])

    def loop(self, op: Op) -> bool:
        """Go through a loop until what it carries answers alike before and after an iteration."""
        params, replaced = carried_params(op), _replaced(op)
        carried: Sequence[Answer | None] = [self.of(init) for init in carried_inits(op)]
        self.replacing |= {op.regions[-1].yields[slot] for slot in replaced}
        for _ in range(_ROUNDS):
            for region in op.regions:
                own = region.params[len(region.params) - len(params) :]
                if not self.note(own, carried):
                    return False
            if not all(self.ops(region.ops) for region in op.regions):
                return False
            ends = self.handed_out(loop_body(op), op)
            joined = [
                before if slot in replaced else _joined(before, end)
                for slot, (before, end) in enumerate(zip(carried, ends, strict=True))
            ]
            if joined == carried:
                outs = [end if slot in replaced else joined[slot] for slot, end in enumerate(ends)]
                return self.note(op.outs, outs)
            carried = joined
        return False

    def note(self, values: Sequence[Value], answers: Sequence[Answer | None]) -> bool:
        for value, answer in zip(values, answers, strict=True):
            if answer is None:
                return False
            self.answers[value] = answer
        return True

    def handed_out(self, region: Region, op: Op) -> list[Answer | None]:
        """The answers of what a region hands out; none where they are in terms of its values."""
        found = [self.of(end) for end in region.yields]
        if not any(answer.amount.powers for answer in found):
            return list(found)
        own = {value for inner in op.regions for value in defined_values(inner)}
        return [
            None if any(value in own for value, _ in answer.amount.powers) else answer
            for answer in found
        ]

    def amount(self, value: Value) -> Amount | None:
        """What it is to be multiplied by a value that does not depend on what changes."""
        maker = self.makers.get(value)
        while maker is not None and maker.prim is BROADCAST:
            value = maker.args[0]
            maker = self.makers.get(value)
        if value.type.rank:
            return None
        if maker is None or maker.prim is not CONST:
            return Amount(Fraction(1), frozenset({(value, 1)}))
        constant = maker.params["value"]
        return Amount(Fraction(constant)) if isfinite(constant) and constant else None


def _replaced(loop: Op) -> set[int]:
    """The slots of arrays of which a loop writes each element, and reads it before, if at all."""
    if loop.prim is not FOR or loop.args[0].size != 0 or loop.args[2].size != 1:
        return set()
    (body,) = loop.regions
    index, found = body.params[0], set()
    for slot, (array, end) in enumerate(zip(body.params[1:], body.yields, strict=True)):
        users = [op for op in body.ops if array in used_by(op)]
        if array.type.shape != (loop.args[1].size,) or not users or users[-1].prim is not PUT:
            continue
        whole = all(
            op.args[0] is array
            and array not in op.args[1:]
            and op.params.get("spec") == (AT,)
            and op.args[-1] is index
            and op.prim is (PUT if op is users[-1] else GET)
            for op in users
        )
        if whole and users[-1].out is end and not any(end in used_by(op) for op in body.ops):
            found.add(slot)
    return found


# -- the rules: what an op makes of the answers of its operands -----------------------------------

_Rule = Callable[[_Walk, Op, Sequence[Answer]], Answer | None]


def _joined(one: Answer | None, other: Answer | None) -> Answer | None:
    """What is known of a value that is one of two."""
    if one is None or other is None:
        return None
    if one == other or other == ANYTHING:
        return one
    if one == ANYTHING:
        return other
    for zero, rest in ((one, other), (other, one)):
        if zero == NOTHING and (rest.in_proportion or rest == NONE):
            return rest
    return None


def _sum(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    one, other = given
    sign = 1 if op.prim is ADD else -1
    if other == NOTHING:
        return one
    if one == NOTHING:
        return other if sign == 1 else _opposite(other)
    if one.in_proportion or other.in_proportion:
        return one if one == other else None
    if NONE not in given and one.axes != other.axes:
        return None
    base = other if one == NONE else one
    return base.by(one.amount.plus(other.amount, sign))


def _opposite(answer: Answer) -> Answer | None:
    """The answer of the value with the other sign: what is in proportion stays so."""
    if answer.in_proportion:
        return answer
    return answer.by(answer.amount.times(Amount(Fraction(-1))))


def _product(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    one, other = given
    if NOTHING in given:
        return NOTHING
    if one.in_proportion and other.in_proportion:
        return one.by(one.amount.plus(other.amount)) if one.axes == other.axes else None
    if NONE not in given:
        return None
    answer, factor = (other, op.args[0]) if one == NONE else (one, op.args[1])
    return answer if answer.in_proportion else _multiple(walk, answer, factor, 1)


def _quotient(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    one, other = given
    if other == NOTHING:
        return None
    if one == NOTHING:
        return NOTHING
    if other == NONE:
        return one if one.in_proportion else _multiple(walk, one, op.args[1], -1)
    if not other.in_proportion or not (one.in_proportion or one == NONE):
        return None
    if one != NONE and one.axes != other.axes:
        return None
    return other.by(one.amount.plus(other.amount, -1))


def _multiple(walk: _Walk, answer: Answer, factor: Value, power: int) -> Answer | None:
    amount = walk.amount(factor)
    return None if amount is None else answer.by(answer.amount.times(amount, power))


def _exponential(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    (answer,) = given
    return None if answer.in_proportion else replace(answer, in_proportion=True)


def _logarithm(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    (answer,) = given
    return replace(answer, in_proportion=False) if answer.in_proportion else None


def _power(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    (answer,) = given
    exponent = Fraction(1, 2) if op.prim is SQRT else Fraction(op.params["n"])
    if not answer.in_proportion:
        return None
    return answer.by(answer.amount.times(Amount(exponent)))


def _one_of(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    return _joined(*given[-2:])


def _same(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    return given[0]


def _over_axes(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    """A sum is in proportion where its parts are; an extremum answers as what it may be."""
    (answer,), gone = given, op.params["axes"]
    if op.prim is SUM and not answer.in_proportion:
        return None
    if any(axis in gone for axis in answer.axes):
        return None
    return answer.at(tuple(axis - sum(each < axis for each in gone) for axis in answer.axes))


def _stretched(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    answer, places = given[0], op.params["axes"]
    before, after = op.args[0].type.shape, op.out.type.shape
    if any(before[axis] != after[places[axis]] for axis in answer.axes):
        return None
    return answer.at(tuple(places[axis] for axis in answer.axes))


def _reshaped(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    """Axes of size one may come and go."""
    before, after = op.args[0].type.shape, op.out.type.shape
    old, new = ([axis for axis, dim in enumerate(shape) if dim != 1] for shape in (before, after))
    if [before[axis] for axis in old] != [after[axis] for axis in new]:
        return None if given[0].axes else given[0]
    places = dict(zip(old, new, strict=True))
    if any(axis not in places for axis in given[0].axes):
        return None
    return given[0].at(tuple(places[axis] for axis in given[0].axes))


def _transposed(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    perm = op.params["perm"]
    return given[0].at(tuple(perm.index(axis) for axis in given[0].axes))


def _part(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    places = _kept_axes(op.params["spec"])
    if any(axis not in places for axis in given[0].axes):
        return None
    return given[0].at(tuple(places[axis] for axis in given[0].axes))


def _kept_axes(spec: Sequence[str]) -> dict[int, int]:
    """For each axis that a part has whole, which one of the part it is."""
    left = [axis for axis, item in enumerate(spec) if item != AT]
    return {axis: place for place, axis in enumerate(left) if spec[axis] == ALL}


def _update(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    """Elements of an array answer alike, those that are written and those that stay."""
    array, part = given[:2]
    array = ANYTHING if op.out in walk.replacing else array
    places = {place: axis for axis, place in _kept_axes(op.params["spec"]).items()}
    if part not in (NONE, NOTHING, ANYTHING):
        if any(axis not in places for axis in part.axes):
            return None
        part = replace(part, axes=tuple(places[axis] for axis in part.axes))
    if op.prim is PUT or array in (ANYTHING, NOTHING) or part == NOTHING:
        return array if op.prim is ADD_AT and part == NOTHING else _joined(array, part)
    if array.in_proportion or part.in_proportion:
        return array if array == part else None
    return array if part == NONE else None


def _matrix_product(walk: _Walk, op: Op, given: Sequence[Answer]) -> Answer | None:
    one, other = given
    if NOTHING in given:
        return NOTHING
    left = op.args[0].type.rank
    if (one.axes and left - 1 in one.axes) or (other.axes and 0 in other.axes):
        return None
    if one == NONE and other.in_proportion:
        return other.at(tuple(op.out.type.rank - 1 for _ in other.axes))
    if other == NONE and one.in_proportion:
        return one
    if one.in_proportion and other.in_proportion and not one.axes and not other.axes:
        return one.by(one.amount.plus(other.amount))
    return None


_RULES: Mapping[Primitive, _Rule] = {
    ADD: _sum,
    SUB: _sum,
    NEG: lambda walk, op, given: _opposite(given[0]),
    MUL: _product,
    DIV: _quotient,
    EXP: _exponential,
    LOG: _logarithm,
    SQRT: _power,
    IPOW: _power,
    MAXIMUM: _one_of,
    MINIMUM: _one_of,
    SELECT: _one_of,
    CHOOSE: _one_of,
    SUM: _over_axes,
    MAX: _over_axes,
    MIN: _over_axes,
    BROADCAST: _stretched,
    RESHAPE: _reshaped,
    TRANSPOSE: _transposed,
    GET: _part,
    PUT: _update,
    ADD_AT: _update,
    MATMUL: _matrix_product,
    EXPECT: _same,
    COPY: _same,
    CAST: _same,
}

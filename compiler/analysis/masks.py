"""Masks: which cotangents may be zero because nothing used the value, or a part of it.

The chain rule multiplies a cotangent by a partial derivative. Where the value was not used that
cotangent is zero, and the product has to be zero as well, also where the partial derivative is
infinite. This analysis goes backwards over the primal and says of each value how its cotangent may
come to be zero without any arithmetic; the sweep guards what such a cotangent is multiplied by
(see :mod:`gradc.adjoint.guards`).

Example, for the derivative of the result with respect to ``x``::

    y = exp(x)              # BRANCH: used only if the condition holds
    z = log(x)              # PART: one element is used
    w = sqrt(x)             # SELECTION: an element may not be chosen
    v = sin(x)              # NONE: the sum uses all of it
    s = sum(v) + z[0] + sum(where(x > 0, w, 0))
    if c:
        s = s + sum(y)

What an iteration hands on to the next counts as used by that also where the loop is left before.

A value has the strongest mask of its uses, but none if one of its uses has none: its cotangent is
zero then only where that one is, which the chain rule is right about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum

from gradc.analysis.activity import Activity, differentiable_args
from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Kind, Op, Value
from gradc.ir.types import Dim, DType
from gradc.ir.walk import all_ops
from gradc.prims.compare import SELECT
from gradc.prims.elementary import CLIP, MAXIMUM, MINIMUM, RELU
from gradc.prims.index import ALL, AT, GET, PICK, PUT, split_operands
from gradc.prims.shape import MAX, MIN
from gradc.prims.triangles import TRIL, TRIU

# These select among their operands: what they did not take gets a cotangent of exactly zero.
SELECTING = (SELECT, MAXIMUM, MINIMUM, RELU, CLIP, MAX, MIN)
# These leave parts of an operand out.
_PARTIAL = (PICK, TRIL, TRIU)
_ROUNDS = 4


class Mask(IntEnum):
    """Why a cotangent may be zero, from the weakest reason to the strongest.

    NONE: nothing makes it zero but arithmetic. PART: an element that nothing reads, or an
    iteration whose value is overwritten. BRANCH: a use in a branch that need not run. SELECTION:
    `where`, `max` and their like.
    """

    NONE = 0
    PART = 1
    BRANCH = 2
    SELECTION = 3


Uses = dict[Value, Mask]


def masks(
    function: Function, activity: Activity, results: Iterable[int], seeds: Mask = Mask.NONE
) -> Mapping[Value, Mask]:
    """Find the mask of each value that has a cotangent.

    Parameters
    ----------
    function : Function
    activity : Activity
    results : iterable of int
        Positions of the results that are differentiated.
    seeds : Mask
        The mask of the cotangents that come in.
    """
    found = _Masks(function, activity)
    uses: Uses = {}
    for index in results:
        _add(uses, function.results[index], seeds)
    found.block(function.ops, uses)
    found.found.update(uses)
    return found.found


def _add(uses: Uses, value: Value, mask: Mask) -> None:
    """Count one more use of a value."""
    before = uses.get(value)
    if before is None:
        uses[value] = mask
    elif Mask.NONE in (before, mask):
        uses[value] = Mask.NONE
    else:
        uses[value] = max(before, mask)


class _Masks:
    """The state of the analysis: what was found, and which indices run over all of an axis."""

    def __init__(self, function: Function, activity: Activity) -> None:
        self.activity = activity
        self.found: dict[Value, Mask] = {}
        self.constants = {
            op.out: op.params["value"] for op in all_ops(function.body) if op.prim is CONST
        }
        self.whole: dict[Value, Dim] = {}
        # For a condition on which a loop is left, what the loop carries.
        self.leaving: dict[Value, frozenset[Value]] = {}

    def block(self, ops: Sequence[Op], uses: Uses) -> None:
        """Go backwards over ops, from the uses of values after them."""
        for op in reversed(ops):
            if op.prim is IF:
                self._branch(op, uses)
            elif op.prim.kind is Kind.CONTROL:
                self._loop(op, uses)
            else:
                self._simple(op, uses)
            for out in op.outs:
                if out in uses:
                    self.found[out] = uses.pop(out)

    def _simple(self, op: Op, uses: Uses) -> None:
        given = [uses[out] for out in op.outs if out in uses]
        if not given:
            return
        mask = Mask.NONE if Mask.NONE in given else max(given)
        linked = set(differentiable_args(op))
        for place, arg in enumerate(op.args):
            if arg in linked and self.activity.is_active(arg):
                _add(uses, arg, max(mask, self._reason(op, place)))

    def _reason(self, op: Op, place: int) -> Mask:
        """Why an op may leave an operand without a cotangent, or a part of it."""
        if op.prim in SELECTING:
            return Mask.SELECTION
        if op.prim is GET:
            return Mask.NONE if self._reads_all(op) else Mask.PART
        if op.prim in _PARTIAL or (op.prim is PUT and place == 0):
            return Mask.PART
        return Mask.NONE

    def _reads_all(self, op: Op) -> bool:
        """Whether the loops around an element read take it to all elements."""
        shape = op.args[0].type.shape
        parts = split_operands(op.params["spec"], op.args[1:])
        seen: set[Value] = set()
        for (item, own), dim in zip(parts, shape, strict=True):
            if item == AT and self.whole.get(own[0]) == dim and own[0] not in seen:
                seen.add(own[0])
            elif item != ALL:
                return False
        return True

    def _branch(self, op: Op, uses: Uses) -> None:
        sides: list[Uses] = []
        for region in op.regions:
            own: Uses = {}
            for inner, out in zip(region.yields, op.outs, strict=True):
                if out in uses:
                    _add(own, inner, uses[out])
            self.block(region.ops, own)
            sides.append(own)
        one, other = sides
        for value in {**one, **other}:
            if value in one and value in other:
                both = (one[value], other[value])
                _add(uses, value, max(both))
            else:
                mask = one[value] if value in one else other[value]
                leaves = value in self.leaving.get(op.args[0], ())
                _add(uses, value, mask if leaves else max(mask, Mask.BRANCH))

    def _loop(self, op: Op, uses: Uses) -> None:
        params, outs = carried_params(op), op.outs
        if op.prim is FOR and (axis := self._whole_axis(op)) is not None:
            self.whole[op.regions[0].params[0]] = axis
        for result in loop_body(op).yields:
            if result.type.dtype is DType.BOOL:
                self.leaving[result] = frozenset(params)
        # At first, what is carried is used as after the loop, by the last iteration.
        carried: dict[Value, Mask | None] = {
            param: uses.get(out)
            for param, out in zip(params, outs, strict=True)
            if self.activity.is_active(param)
        }
        own: Uses = {}
        for number in range(_ROUNDS):
            own = self._body(op, carried, uses)
            now = {param: own.get(param) for param in carried}
            if number >= _ROUNDS // 2:  # only rising from here on, so that it comes to an end
                now = {param: _stronger(carried[param], mask) for param, mask in now.items()}
            if now == carried:
                break
            carried = now
        for value, mask in own.items():
            if value not in carried:
                _add(uses, value, mask)
        for init, param, out in zip(carried_inits(op), params, outs, strict=True):
            if param not in carried:
                continue
            passed = carried[param]
            if passed is not None:
                _add(uses, init, max(passed, uses.get(out, Mask.NONE)))
            elif out in uses:  # used only where the loop does not run
                _add(uses, init, max(uses[out], Mask.BRANCH))

    def _body(self, op: Op, carried: Mapping[Value, Mask | None], uses: Uses) -> Uses:
        """The uses of values in one iteration, followed by another or by the end of the loop."""
        body = loop_body(op)
        own: Uses = {}
        for inner, param, out in zip(body.yields, carried_params(op), op.outs, strict=True):
            next_one, last = carried.get(param), uses.get(out)
            if next_one is not None:
                _add(own, inner, next_one if last is None else max(next_one, last))
            elif last is not None:  # each iteration but the last leaves it unused
                _add(own, inner, max(last, Mask.PART))
        self.block(body.ops, own)
        self.found.update((param, own[param]) for param in carried if param in own)
        return own

    def _whole_axis(self, op: Op) -> Dim | None:
        """The size of the axes that the index of a loop runs over from end to end."""
        start, stop, step = op.args[:LOOP_BOUNDS]
        upwards = self.constants.get(start) == 0 and self.constants.get(step) == 1
        return stop.size if upwards else None


def _stronger(one: Mask | None, other: Mask | None) -> Mask | None:
    return max((each for each in (one, other) if each is not None), default=None)

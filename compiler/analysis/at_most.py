"""The largest value that an integer of a loop's body takes, from what is known before the loop.

The blocks of ``for start in range(0, n, 100)`` have ``min(start + 100, n) - start`` rows: one side
of the minimum gives 100, the other one, with the first `start`, gives `n`; so at most
``min(100, n)``. Integers are affine forms of others; a minimum, a maximum and the loop's index are
replaced by what bounds them from the side that counts, until nothing of the body is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gradc.analysis.affine import Affine, AffineForms, number, written
from gradc.ir.builder import Builder
from gradc.ir.control import FOR
from gradc.ir.core import Op, Primitive, Value
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.loops import TRIP

_DEPTH = 6  # replacements in one bound


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or the largest of several bounds."""

    prim: Primitive
    parts: tuple[Bound, ...]


Bound = Affine | Extreme


@dataclass(frozen=True, slots=True)
class AtMost:
    """Bounds integers of a loop's body.

    Attributes
    ----------
    loop : Op
    makers : mapping of Value to Op
        The ops of the body that make integers.
    is_known : callable
        Whether an integer can be computed before the loop.
    forms : AffineForms
        Of `makers`; its holders are the values of the symbols in bounds.
    """

    loop: Op
    makers: Mapping[Value, Op]
    is_known: Callable[[Value], bool]
    forms: AffineForms

    def of(self, value: Value) -> Bound | None:
        """Return what a value is at most, in integers that are known before the loop."""
        return self._form(self.forms.of(value), _DEPTH)

    def _form(self, form: Affine, depth: int) -> Bound | None:
        inside = [each for each in form.terms if not self.is_known(self.forms.holders[each])]
        if not inside:
            return form
        if not depth:
            return None
        # what was computed last may hold the others
        order = list(self.makers)
        places = {each: self.forms.holders[each] for each in inside}
        symbol = max(
            inside, key=lambda each: order.index(places[each]) if places[each] in order else -1
        )
        factor = form.terms[symbol]
        rest = form.minus(Affine({symbol: factor}))
        replaced = self._replaced(places[symbol], factor > 0)
        if replaced is None:
            return None
        prim, forms = replaced
        parts = [self._form(rest.plus(each, factor), depth - 1) for each in forms]
        found: list[Bound] = []
        for part in parts:
            if part is not None and part not in found:
                found.append(part)
        if not found or (prim is IMAX and None in parts):
            return None
        return found[0] if len(found) == 1 else Extreme(prim, tuple(found))

    def _replaced(self, value: Value, above: bool) -> tuple[Primitive, list[Affine]] | None:
        """Forms in the place of an integer: any (IMIN) or the largest (IMAX) of them will do."""
        op = self.makers.get(value)
        if op is None:
            index = self._index(value, above)
            return None if index is None else (IMIN, [index])
        if op.prim in (IMIN, IMAX):
            is_any = (op.prim is IMIN) == above
            return (IMIN if is_any else IMAX), [self.forms.of(arg) for arg in op.args]
        if op.prim is TRIP and self.forms.of(op.args[2]).known == 1:
            start, stop = self.forms.of(op.args[0]), self.forms.of(op.args[1])
            return (IMAX if above else IMIN), [stop.minus(start), number(0)]
        return None

    def _index(self, value: Value, above: bool) -> Affine | None:
        """What the loop's index is at most, or at least."""
        if self.loop.prim is not FOR or value is not self.loop.regions[0].params[0]:
            return None
        start, stop, step = (self.forms.of(arg) for arg in self.loop.args[:3])
        if step.known is None or step.known == 0:
            return None
        upwards = step.known > 0
        if upwards == above:
            return stop.shifted(-1 if upwards else 1)
        return start

    def value(self, bound: Bound, builder: Builder) -> Value:
        """Write a bound before the loop."""
        if isinstance(bound, Affine):
            return written(bound, self.forms.holders, builder)
        first, *others = bound.parts
        result = self.value(first, builder)
        for part in others:
            result = builder.emit(bound.prim, [result, self.value(part, builder)])
        return result

    def symbols(self, bound: Bound) -> frozenset[str]:
        """The symbols of the integers that a bound is made of."""
        if isinstance(bound, Affine):
            return frozenset(bound.terms)
        return frozenset().union(*map(self.symbols, bound.parts))


def without_zero(bound: Bound) -> Bound:
    """Of a largest one that is at least zero the rest, if there is one part of it."""
    if isinstance(bound, Extreme) and bound.prim is IMAX:
        parts = tuple(part for part in bound.parts if part != number(0))
        return parts[0] if len(parts) == 1 else bound
    return bound

"""What :mod:`gradc.passes.reach` knows at a place, and the bounds of loops that it writes there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gradc.analysis.affine import Affine, AffineForms, written
from gradc.analysis.ranges import Facts
from gradc.analysis.spans import Span, is_at_least
from gradc.ir.builder import Builder
from gradc.ir.core import Value
from gradc.ir.types import INT, Dim
from gradc.prims.integers import IMAX, IMIN


@dataclass(slots=True)
class Place:
    """What is known where a region is.

    Attributes
    ----------
    facts : Facts
    spans : dict
        Where arrays may differ from zero.
    sizes : dict
        For a symbol a value in scope.
    """

    facts: Facts
    spans: dict[Value, Span] = field(default_factory=dict)
    sizes: dict[str, Value] = field(default_factory=dict)

    def child(self) -> Place:
        """What is known in a region inside of this one, to be extended."""
        return Place(self.facts.child(), dict(self.spans), dict(self.sizes))

    def note(self, value: Value) -> None:
        """Remember an integer."""
        if value.type == INT and isinstance(value.size, str):
            self.sizes.setdefault(value.size, value)

    @property
    def forms(self) -> AffineForms:
        """The affine forms of integers."""
        return self.facts.forms

    def size(self, dim: Dim, builder: Builder) -> Value:
        """The value of a size that is in scope."""
        return builder.const(dim) if isinstance(dim, int) else self.sizes[dim]

    def has(self, shape: Iterable[Dim]) -> bool:
        """Whether all sizes are in scope."""
        return all(isinstance(dim, int) or dim in self.sizes for dim in shape)

    def can_write(self, span: Span) -> bool:
        """Whether all integers that the ends are made of are in scope."""
        ends = (end for each in span for end in (each.low, each.high))
        return all(self.sizes.keys() >= set(end.terms) for end in ends)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Writes bounds of loops at a place."""

    forms: AffineForms
    place: Place
    builder: Builder

    def largest(self, low: Affine, others: Sequence[tuple[Value, Affine]]) -> Value:
        """The largest of `low` and of values, each of which is at most a form."""
        facts = self.place.facts
        made: Value | None = None
        for value, form in others:
            if is_at_least(low, form, facts):
                continue
            if made is None and is_at_least(self.forms.of(value), low, facts):
                made = value
                continue
            made = self.value(low) if made is None else made
            made = self.builder.emit(IMAX, [made, value], name="first")
        return self.value(low) if made is None else made

    def smaller(self, high: Affine, stop: Value) -> Value:
        """The smaller of `high` and a value."""
        form = self.forms.of(stop)
        if is_at_least(form, high, self.place.facts):
            return self.value(high)
        if is_at_least(high, form, self.place.facts):
            return stop
        return self.builder.emit(IMIN, [stop, self.value(high)], name="end")

    def value(self, form: Affine) -> Value:
        """Write an affine form."""
        return written(form, self.place.sizes, self.builder)

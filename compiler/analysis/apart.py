"""Whether two parts of an array can meet, told from their indices and what bounds them.

In a factorisation a row that has been eliminated is read and never written again, for the rows
that are written lie below it::

    for k in range(n):
        for i in range(k + 1, n):
            for j in range(k, n):
                u[i, j] -= f * u[k, j]        # row i > k; row k is as it will be after the loop

A part of an array has on each axis the integers from one affine form to another. Two parts are
apart where on one axis the facts of their places prove that one ends before the other begins. A
symbol that changes from iteration to iteration stands for two integers where the parts belong to
two iterations; the one of the later iteration has another name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from gradc.analysis.affine import Affine, AffineForms
from gradc.analysis.ranges import Facts
from gradc.ir.core import Op, Value
from gradc.prims.index import AT, SLICE, split_operands

_LATER = "'"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an array: first and last index on each axis, None where all of it may be meant.

    Attributes
    ----------
    axes : tuple
    facts : Facts
        What is known at the place of the program where the part is read or written.
    """

    axes: tuple[tuple[Affine, Affine] | None, ...]
    facts: Facts

    @classmethod
    def of(cls, spec: Sequence[str], operands: Sequence[Value], facts: Facts) -> Part:
        """The part that an index selects."""
        forms = facts.forms
        axes = [_bounds(item, own, forms) for item, own in split_operands(spec, operands)]
        return cls(tuple(axes), facts)


def _bounds(item: str, own: Sequence[Value], forms: AffineForms) -> tuple[Affine, Affine] | None:
    if item == AT:
        form = forms.of(own[0])
        return form, form
    if item == SLICE:
        start, size, step = (forms.of(value) for value in own)
        if step.known is not None and step.known > 0:
            return start, start.plus(size.shifted(-1), step.known)
    return None


def with_facts(ops: Sequence[Op], facts: Facts) -> Iterator[tuple[Op, Facts]]:
    """Every op, those of its regions after it, with what is known where it stands."""
    for op in ops:
        yield op, facts
        for side, region in enumerate(op.regions):
            inside = facts.inside(op, side)
            yield from with_facts(region.ops, inside)
        facts.note_op(op)


def are_apart(one: Part, later: Part, renamed: Set[str], also: Sequence[Affine] = ()) -> bool:
    """Whether two parts of an array certainly have no element in common.

    Parameters
    ----------
    one, later : Part
    renamed : set of str
        The symbols that are other integers in the second part than in the first.
    also : sequence of Affine
        Further facts; a symbol of the second part has a name from :func:`of_later`.
    """
    moved = [
        None if axis is None else (_renamed(axis[0], renamed), _renamed(axis[1], renamed))
        for axis in later.axes
    ]
    facts: Facts | None = None
    for mine, other in zip(one.axes, moved, strict=True):
        if mine is None or other is None:
            continue
        for low, high in ((mine[1], other[0]), (other[1], mine[0])):
            gap = high.minus(low).shifted(-1)
            if gap.known is not None:
                if gap.known >= 0:
                    return True
                continue
            if facts is None:
                facts = Facts(one.facts.forms)
                for fact in (*also, *one.facts.all()):
                    facts.add(fact)
                for fact in later.facts.all():
                    facts.add(_renamed(fact, renamed))
            if facts.proves(gap):
                return True
    return False


def of_later(symbol: str) -> str:
    """The name of a symbol in the later of two iterations."""
    return symbol + _LATER


def _renamed(form: Affine, renamed: Set[str]) -> Affine:
    if renamed.isdisjoint(form.terms):
        return form
    return Affine(
        {of_later(name) if name in renamed else name: by for name, by in form.terms.items()},
        form.constant,
    )

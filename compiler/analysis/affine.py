"""Integer values as affine forms over size symbols: ``n - 1 - i`` is ``{n: 1, i: -1} - 1``.

Every integer scalar of the IR denotes a size, so its symbol is its name here; two values that
share a symbol are one variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gradc.ir.builder import CONST, Builder
from gradc.ir.core import Op, Value
from gradc.ir.types import INT, Dim
from gradc.prims.arithmetic import ADD, MUL, NEG, SUB


@dataclass(frozen=True, slots=True)
class Affine:
    """A constant and a sum of symbols with coefficients, none of them zero."""

    terms: Mapping[str, int]
    constant: int = 0

    def plus(self, other: Affine, factor: int = 1) -> Affine:
        """Return ``self + factor * other``."""
        terms = dict(self.terms)
        for symbol, coefficient in other.terms.items():
            terms[symbol] = terms.get(symbol, 0) + factor * coefficient
            if terms[symbol] == 0:
                del terms[symbol]
        return Affine(terms, self.constant + factor * other.constant)

    def minus(self, other: Affine) -> Affine:
        """Return ``self - other``."""
        return self.plus(other, -1)

    def shifted(self, by: int) -> Affine:
        """Return ``self + by``."""
        return Affine(self.terms, self.constant + by)

    def times(self, factor: int) -> Affine:
        """Return ``factor * self``."""
        return Affine({}).plus(self, factor)

    @property
    def known(self) -> int | None:
        """The value, where it does not depend on any symbol."""
        return self.constant if not self.terms else None

    def key(self) -> tuple[tuple[tuple[str, int], ...], int]:
        """A hashable key: equal forms have equal keys."""
        return (tuple(sorted(self.terms.items())), self.constant)


def number(constant: int) -> Affine:
    """Return the form of a constant."""
    return Affine({}, constant)


def of_dim(dim: Dim) -> Affine:
    """Return the form of the size of an axis."""
    return number(dim) if isinstance(dim, int) else Affine({dim: 1})


@dataclass(slots=True)
class AffineForms:
    """Forms of integer values, read off the ops that define them.

    Attributes
    ----------
    makers : mapping of Value to Op
        The defining op of each value that has one; may grow while this is in use.
    holders : dict of str to Value
        For each symbol that occurs in a form a value that has it, and is in scope where the
        value of the form is.
    """

    makers: Mapping[Value, Op]
    holders: dict[str, Value] = field(default_factory=dict)
    _forms: dict[Value, Affine] = field(default_factory=dict)

    def of(self, value: Value) -> Affine:
        """Return the form of an integer scalar."""
        if value not in self._forms:
            self._forms[value] = self._read(value)
        return self._forms[value]

    def same(self, value: Value, other: Value) -> None:
        """Note that two values are equal."""
        self._forms[value] = self.of(other)

    def _read(self, value: Value) -> Affine:
        if value.type != INT:
            raise TypeError(f"{value} is no integer scalar")
        if isinstance(value.size, int):
            return number(value.size)
        op = self.makers.get(value)
        if op is not None:
            form = self._combined(op)
            if form is not None:
                return form
        symbol = value.size if value.size is not None else f"{value.name}@{id(value)}"
        self.holders.setdefault(symbol, value)
        return Affine({symbol: 1})

    def _combined(self, op: Op) -> Affine | None:
        if op.prim is CONST:
            return number(op.params["value"])
        if op.prim not in (ADD, SUB, NEG, MUL):
            return None
        forms = [self.of(arg) for arg in op.args]
        if op.prim is NEG:
            return forms[0].times(-1)
        left, right = forms
        if op.prim is ADD:
            return left.plus(right)
        if op.prim is SUB:
            return left.minus(right)
        if left.known is not None:
            return right.times(left.known)
        return left.times(right.known) if right.known is not None else None


def written(form: Affine, holders: Mapping[str, Value], builder: Builder) -> Value:
    """Append the ops that compute a form from a value for each symbol; return the result."""
    total: Value | None = None
    for symbol, factor in sorted(form.terms.items(), key=lambda item: -item[1]):
        term = holders[symbol]
        if abs(factor) != 1:
            term = builder.emit(MUL, [term, builder.const(abs(factor))])
        if total is None:
            total = term if factor > 0 else builder.emit(NEG, [term])
        else:
            total = builder.emit(ADD if factor > 0 else SUB, [total, term])
    if total is None:
        return builder.const(form.constant)
    if form.constant == 0:
        return total
    shift = builder.const(abs(form.constant))
    return builder.emit(ADD if form.constant > 0 else SUB, [total, shift])


def moved(value: Value, by: int, makers: Mapping[Value, Op], builder: Builder) -> Value:
    """Append the ops that compute ``value + by`` from what the value is made of; return that."""
    forms = AffineForms(makers)  # of its own: loops share symbols, and another one may hold them
    return written(forms.of(value).shifted(by), forms.holders, builder)

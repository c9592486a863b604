"""Integers and the sizes they denote: which are equal, and which are certainly not negative.

Every integer scalar denotes a size, under a symbol. Sums and constant multiples of symbols are
kept in affine form, so that ``x[1:]`` and ``x[:-1]`` have one size, ``n - 1``, and need no check
at run time when they are added. Other integer operations on the same sizes give the same symbol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gradc.ir.builder import Builder, Symbols, dim_of
from gradc.ir.core import Params, Primitive, Value
from gradc.ir.types import INT, Dim
from gradc.prims.arithmetic import ADD, FLOORDIV, MOD, MUL, NEG, SUB
from gradc.prims.index import WRAP
from gradc.prims.integers import IMAX, IMIN

_SAME_FOR_SAME = (FLOORDIV, MOD, IMAX, IMIN, WRAP, MUL)
_LONGEST_PROOF = 12


@dataclass(frozen=True, slots=True)
class Affine:
    """A sum of multiples of symbols and a constant; terms are sorted and not zero."""

    terms: tuple[tuple[str, int], ...] = ()
    constant: int = 0

    def plus(self, other: Affine, factor: int = 1) -> Affine:
        """Return ``self + factor * other``."""
        total = dict(self.terms)
        for symbol, count in other.terms:
            total[symbol] = total.get(symbol, 0) + factor * count
        terms = tuple(sorted((symbol, count) for symbol, count in total.items() if count))
        return Affine(terms, self.constant + factor * other.constant)

    def times(self, factor: int) -> Affine:
        """Return a constant multiple."""
        return Affine().plus(self, factor)


@dataclass(eq=False, slots=True)
class Sizes:
    """What is known about the integers of one function.

    Attributes
    ----------
    forms : dict
        The affine form of each derived symbol.
    symbols : dict
        The symbol of each affine form, or of each other operation on sizes.
    recipes : dict
        For the symbol of another operation, the operation and the sizes it is computed from.
    given : set of str
        The sizes of arguments, which are never 1.
    low, high : dict
        Bounds of symbols, both inclusive.
    as_they_come : bool
        Whether nothing is taken for granted of sizes that are known at run time only: a slice of
        one element may have none, and an axis may turn out to have size 1 and be stretched.
    assumed : set of (int or str)
        What was taken for granted, by what the errors of the program say where it is not so: the
        line of an index, or a message.
    """

    forms: dict[str, Affine] = field(default_factory=dict)
    symbols: dict[object, Dim] = field(default_factory=dict)
    recipes: dict[str, tuple[Primitive, tuple[Dim, ...]]] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    low: dict[str, Affine] = field(default_factory=dict)
    high: dict[str, Affine] = field(default_factory=dict)
    as_they_come: bool = False
    assumed: set[int | str] = field(default_factory=set)

    def form(self, dim: Dim) -> Affine:
        """Return the affine form of a size."""
        if isinstance(dim, int):
            return Affine((), dim)
        return self.forms.get(dim, Affine(((dim, 1),)))

    def origins(self, dim: Dim) -> frozenset[str]:
        """The symbols that a size is computed from, as far as that is known."""
        found: set[str] = set()
        pending = [dim] if isinstance(dim, str) else []
        while pending:
            symbol = pending.pop()
            if symbol in self.forms:
                pending += [part for part, _ in self.forms[symbol].terms]
            elif symbol in self.recipes:
                pending += [dim for dim in self.recipes[symbol][1] if isinstance(dim, str)]
            else:
                found.add(symbol)
        return frozenset(found)

    def may_be_one(self, dim: Dim) -> bool:
        """Whether a size may turn out to be 1, or 0, when the program runs."""
        return isinstance(dim, str) and dim not in self.given

    def note_argument(self, dim: Dim) -> None:
        """Note a size of an argument: it is not negative, and not 1."""
        if isinstance(dim, str) and dim not in self.forms:
            self.low.setdefault(dim, Affine())
            self.given.add(dim)

    def at_least(self, larger: Affine, smaller: Affine) -> bool:
        """Whether ``larger >= smaller`` is certain."""
        gap = larger.plus(smaller, -1)
        for _ in range(_LONGEST_PROOF):
            if not gap.terms:
                return gap.constant >= 0
            if gap.constant >= 0 and all(
                count > 0 and self.low.get(symbol) == Affine() for symbol, count in gap.terms
            ):
                return True
            reduced = self._bounded_below(gap)
            if reduced is None:
                return False
            gap = reduced
        return False

    def _bounded_below(self, gap: Affine) -> Affine | None:
        """Replace one symbol by its bound; upper bounds first, they refer to outer symbols."""
        for symbol, count in gap.terms:
            if count < 0 and symbol in self.high:
                own = Affine(((symbol, count),))
                return gap.plus(own, -1).plus(self.high[symbol], count)
        for symbol, count in gap.terms:
            if count > 0 and symbol in self.low:
                own = Affine(((symbol, count),))
                return gap.plus(own, -1).plus(self.low[symbol], count)
        return None

    def result(
        self, prim: Primitive, args: Sequence[Value], symbols: Symbols, name: str
    ) -> Dim | None:
        """Return the size that an integer operation denotes, or None where it is a new one."""
        if not args or any(arg.type != INT or arg.size is None for arg in args):
            return None
        dims = [dim_of(arg) for arg in args]
        form = self._affine_result(prim, [self.form(dim) for dim in dims])
        if form is not None:
            return self._symbol_of(form, symbols, name)
        if prim not in _SAME_FOR_SAME:
            return None
        key = (prim.name, tuple(dims))
        if key not in self.symbols:
            made = symbols.fresh(name)
            self.symbols[key] = made
            self.recipes[made] = prim, tuple(dims)
            self._note_bounds(prim, [self.form(dim) for dim in dims], made)
        return self.symbols[key]

    def _affine_result(self, prim: Primitive, forms: list[Affine]) -> Affine | None:
        if prim is ADD:
            return forms[0].plus(forms[1])
        if prim is SUB:
            return forms[0].plus(forms[1], -1)
        if prim is NEG:
            return forms[0].times(-1)
        if prim is MUL and any(not form.terms for form in forms):
            plain, other = forms if not forms[0].terms else (forms[1], forms[0])
            return other.times(plain.constant)
        if prim in (IMAX, IMIN):
            for one, two in (forms, forms[::-1]):
                if self.at_least(one, two):
                    return one if prim is IMAX else two
        if prim is FLOORDIV and not forms[1].terms and forms[1].constant == 1:
            return forms[0]
        return None

    def _symbol_of(self, form: Affine, symbols: Symbols, name: str) -> Dim:
        if not form.terms:
            return form.constant
        if form.constant == 0 and len(form.terms) == 1 and form.terms[0][1] == 1:
            return form.terms[0][0]
        if form not in self.symbols:
            made = symbols.fresh(name)
            self.symbols[form] = made
            self.forms[made] = form
        return self.symbols[form]

    def _note_bounds(self, prim: Primitive, forms: list[Affine], made: str) -> None:
        if prim is WRAP:
            self.low[made] = Affine()
            self.high[made] = forms[1].plus(Affine((), -1))
        elif prim is IMAX and not forms[1].terms:
            self.low[made] = forms[1]
        elif prim is IMIN:
            self.high[made] = forms[1]
            if all(self.at_least(form, Affine()) for form in forms):
                self.low[made] = Affine()
        elif prim is FLOORDIV and self.at_least(forms[0], Affine()):
            self.low[made] = Affine()


class SizedBuilder(Builder):
    """A builder whose integers share symbols where they are equal."""

    def __init__(self, symbols: Symbols | None = None, sizes: Sizes | None = None) -> None:
        super().__init__(symbols)
        self.sizes = sizes if sizes is not None else Sizes()

    def child(self) -> SizedBuilder:
        """Return a builder for a region inside the current one."""
        inner = SizedBuilder(Symbols(self.symbols), self.sizes)
        inner.loc, inner.role = self.loc, self.role
        return inner

    def emit(
        self,
        prim: Primitive,
        args: Sequence[Value],
        params: Params | None = None,
        name: str | None = None,
        size: Dim | None = None,
    ) -> Value:
        """Append an op with one output and return that."""
        if size is None:
            size = self.sizes.result(prim, args, self.symbols, name or prim.name)
        return super().emit(prim, args, params, name, size)

    def integer(self, prim: Primitive, *args: Value | int, **params: Any) -> Value:
        """Return an integer result, without an op where it is known or there already."""
        values = [arg if isinstance(arg, Value) else self.const(arg) for arg in args]
        size = self.sizes.result(prim, values, self.symbols, prim.name)
        if isinstance(size, int):
            return self.const(size)
        if size is not None:
            found = self.symbols.value_of(size)
            if found is not None:
                return found
        return self.emit(prim, values, params, size=size)

    def can_size(self, dim: Dim) -> bool:
        """Whether the value of a size is there or can be computed from what is."""
        if isinstance(dim, int) or self.symbols.first_with(dim) is not None:
            return True
        form, recipe = self.sizes.forms.get(dim), self.sizes.recipes.get(dim)
        if form is not None:
            return all(self.can_size(symbol) for symbol, _ in form.terms)
        return recipe is not None and recipe[0] is not WRAP and all(map(self.can_size, recipe[1]))

    def size(self, dim: Dim) -> Value:
        """Return the integer value of a size; computed again where its value is elsewhere."""
        if isinstance(dim, int) or self.symbols.first_with(dim) is not None:
            return super().size(dim)
        form, recipe = self.sizes.forms.get(dim), self.sizes.recipes.get(dim)
        if form is not None and form.terms:
            total: Value | int = form.constant
            for symbol, count in form.terms:
                total = self.integer(ADD, total, self.integer(MUL, self.size(symbol), count))
            return total if isinstance(total, Value) else self.const(total)
        if recipe is not None and recipe[0] is not WRAP:
            return self.integer(recipe[0], *map(self.size, recipe[1]))
        return super().size(dim)

    def form(self, value: Value) -> Affine:
        """Return the affine form of an integer."""
        return self.sizes.form(dim_of(value))

    def certain(self, larger: Value | int, smaller: Value | int) -> bool:
        """Whether ``larger >= smaller`` is certain."""
        forms = [
            self.form(side) if isinstance(side, Value) else Affine((), side)
            for side in (larger, smaller)
        ]
        return self.sizes.at_least(*forms)

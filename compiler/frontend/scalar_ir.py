"""Building functions of real numbers: what the front ends for formulas and SymPy share.

An operand is an IR value or a :class:`Number` known at compile time. An operation on numbers
alone is done at once, in float64, and must have a finite result: so `9**9**9**9` costs nothing
and is refused, and `x**(1/2)` has a constant exponent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gradc.errors import Diagnostics, GradcError, Location, ModelFileError
from gradc.ir.builder import CONST, Builder
from gradc.ir.core import Function, Op, Params, Primitive, Value
from gradc.ir.types import F64, DType
from gradc.prims.arithmetic import IPOW, POW, SQRT
from gradc.prims.compare import SELECT
from gradc.prims.elementary import EXP

#: Beyond this a constant exponent is not worth a product of its own; the value is the same.
LARGEST_INTEGER_POWER = 1024

#: A message about a long formula is not made better by its hundredth problem.
MOST_PROBLEMS = 20

_LONGEST_QUOTE = 40


@dataclass(frozen=True, slots=True)
class Number:
    """A value known at compile time; `symbol` is how a mathematician writes it, if at all."""

    value: float
    loc: Location
    symbol: str = ""


Operand = Number | Value


@dataclass(frozen=True, slots=True)
class ParsedFormula:
    """A formula as a function of scalars.

    Attributes
    ----------
    function : Function
        IR with one float64 parameter per name and one float64 result.
    names : tuple of str
        The parameters in positional order.
    wrt : tuple of str
        Those to differentiate with respect to; they come first in `names`.
    """

    function: Function
    names: tuple[str, ...]
    wrt: tuple[str, ...]


class Problems:
    """The problems of one formula, all of one class, so many as are worth reading."""

    def __init__(self, kind: type[GradcError] = ModelFileError) -> None:
        self._kind = kind
        self._found = Diagnostics()

    def add(self, loc: Location, message: str, hint: str | None = None) -> None:
        """Note a problem and go on."""
        if len(self._found.found) < MOST_PROBLEMS:
            self._found.add(loc, message, hint, self._kind)

    def __bool__(self) -> bool:
        return bool(self._found.found)

    def raise_if_any(self) -> None:
        """Raise what was found as one error."""
        self._found.raise_if_any()


def quoted(text: str) -> str:
    """Return text as it is quoted in a message: in backquotes, cut where it is long."""
    text = " ".join(text.split())
    if len(text) > _LONGEST_QUOTE:
        text = text[: _LONGEST_QUOTE - 1] + "…"
    return f"`{text}`"


def quote_at(loc: Location) -> str:
    """Return the marked text of a location, quoted; where no part is marked, say so."""
    if not loc.col:
        return f"a part of {quoted(loc.text)}"
    end = loc.end_col or loc.col + 1
    return quoted(loc.text[loc.col - 1 : end - 1])


class ScalarBuilder:
    """Applies primitives to operands; a child builds what belongs to one arm of a branch."""

    def __init__(self, problems: Problems, builder: Builder | None = None) -> None:
        self.problems = problems
        self.builder = builder if builder is not None else Builder()
        self._symbols: dict[str, Value] = {}

    def param(self, name: str, loc: Location) -> Value:
        """Make a parameter of the function."""
        with self.builder.at(loc):
            return self.builder.value(F64, name, named=True)

    def value(self, operand: Operand) -> Value:
        """Return the operand as an IR value."""
        if isinstance(operand, Value):
            return operand
        with self.builder.at(operand.loc):
            if not operand.symbol:
                return self.builder.const(operand.value, DType.F64)
            if operand.symbol not in self._symbols:
                self._symbols[operand.symbol] = self._symbolic_constant(operand)
            return self._symbols[operand.symbol]

    def _symbolic_constant(self, number: Number) -> Value:
        out = self.builder.value(F64, number.symbol)
        params = {"dtype": DType.F64, "value": number.value}
        self.builder.append(Op(CONST, (), params, (out,), (), number.loc, self.builder.role))
        return out

    def apply(
        self,
        prim: Primitive,
        operands: Sequence[Operand],
        loc: Location,
        params: Params | None = None,
    ) -> Operand:
        """Apply a primitive; on numbers alone the result is a number."""
        params = {} if params is None else params
        numbers = [operand for operand in operands if isinstance(operand, Number)]
        if len(numbers) == len(operands):
            return self._fold(prim, numbers, loc, params)
        values = [self.value(operand) for operand in operands]
        with self.builder.at(loc):
            return self.builder.emit(prim, values, params)

    def _fold(
        self, prim: Primitive, numbers: Sequence[Number], loc: Location, params: Params
    ) -> Number:
        assert prim.evaluate is not None, prim
        with np.errstate(all="ignore"):
            result = prim.evaluate(*(np.float64(number.value) for number in numbers), **params)
        return self.number(float(result), loc)

    def number(self, value: float, loc: Location, symbol: str = "") -> Number:
        """Return a number; one that is not finite is a problem."""
        if math.isfinite(value):
            return Number(value, loc, symbol)
        what = "not a number" if math.isnan(value) else "infinite"
        self.problems.add(
            loc,
            f"{quote_at(loc)} is {what} as a 64-bit float",
            "this part has no variable in it: it is computed once and must come out finite",
        )
        return Number(1.0, loc)

    def test(self, prim: Primitive, values: Sequence[Value], loc: Location) -> Value:
        """Apply a comparison or a logical operation."""
        with self.builder.at(loc):
            return self.builder.emit(prim, values)

    def power(self, base: Operand, exponent: Operand, loc: Location) -> Operand:
        """Return ``base**exponent`` by the primitive that fits the exponent."""
        if isinstance(base, Number) and base.symbol == "e":
            return self.apply(EXP, [exponent], loc)
        if isinstance(exponent, Value):
            return self.apply(POW, [base, exponent], loc)
        power = exponent.value
        if power == int(power) and abs(power) <= LARGEST_INTEGER_POWER:
            return self.apply(IPOW, [base], loc, {"n": int(power)})
        return self.apply(POW, [base, exponent], loc)

    def root(self, radicand: Operand, loc: Location) -> Operand:
        """Return the square root."""
        return self.apply(SQRT, [radicand], loc)

    def choose(
        self,
        condition: Value,
        then: Callable[[ScalarBuilder], Operand],
        otherwise: Callable[[ScalarBuilder], Operand],
        loc: Location,
    ) -> Operand:
        """Return one of two results; only the one that is chosen is computed.

        Where neither arm computes anything the choice is a plain selection.
        """
        arms = [self._arm(then, loc), self._arm(otherwise, loc)]
        with self.builder.at(loc):
            if not any(arm.builder.ops for arm, _ in arms):
                chosen = [self.value(result) for _, result in arms]
                return self.builder.emit(SELECT, [condition, *chosen])
            first, second = (arm.builder.close((), (arm.value(result),)) for arm, result in arms)
            (out,) = self.builder.branch(condition, first, second, names=["chosen"])
            return out

    def _arm(
        self, build: Callable[[ScalarBuilder], Operand], loc: Location
    ) -> tuple[ScalarBuilder, Operand]:
        with self.builder.at(loc):
            arm = ScalarBuilder(self.problems, self.builder.child())
        return arm, build(arm)

    def function(
        self, name: str, params: Sequence[Value], result: Operand, loc: Location
    ) -> Function:
        """Return what was built as a function of one result."""
        return Function(name, self.builder.close(params, (self.value(result),)), loc)

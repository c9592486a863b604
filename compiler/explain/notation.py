"""Mathematical notation: a small tree for what an explanation shows, and how it is written.

The trees are made from IR (:mod:`gradc.explain.written`), with the trivial factors that a
person would not write left out, and are set as text here and as MathML in
:mod:`gradc.explain.mathml`.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradc.prims.define import (
    AND,
    ATOM,
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    COMPARE,
    CONDITIONAL,
    NEGATION,
    OR,
    POWER,
    PRODUCT,
    SHIFT,
    SUM_LEVEL,
)

LEVELS = {
    "or": OR,
    "and": AND,
    "|": BIT_OR,
    "^": BIT_XOR,
    "&": BIT_AND,
    "<<": SHIFT,
    ">>": SHIFT,
    "+": SUM_LEVEL,
    "-": SUM_LEVEL,
    "*": PRODUCT,
    "@": PRODUCT,
    "//": PRODUCT,
    "%": PRODUCT,
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARE),
}


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, with `bar` its cotangent; ``p_2`` is the second value of ``p``."""

    text: str
    bar: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Infix:
    """Two operands with an operator between them; `*` is a product of numbers."""

    symbol: str
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Minus:
    """The negative of a term."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Power:
    """A base and its exponent."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True)
class Fraction:
    """A numerator over a denominator."""

    above: Expr
    below: Expr


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments; `note` follows them, as in ``sum(x, axis 0)``."""

    function: str
    arguments: tuple[Expr, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Transposed:
    """The transpose of a matrix."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two, by a condition."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(frozen=True, slots=True)
class Element:
    """Part of an array; `change` is what an update puts there (`adds`: adds there)."""

    base: Expr
    index: tuple[str, ...]
    change: Expr | None = None
    adds: bool = False


Expr = Name | Literal | Infix | Minus | Power | Fraction | Call | Transposed | Choice | Element

ONE = Literal(1.0)


# -- constructors that leave out what a person would not write ------------------------------


def is_number(expr: Expr, value: float) -> bool:
    """Whether an expression is this number."""
    return isinstance(expr, Literal) and expr.value == value


def is_negative(expr: Expr) -> bool:
    """Whether an expression starts with a minus sign and binds more tightly than a sum."""
    match expr:
        case Minus():
            return True
        case Literal(value):
            return value < 0
        case Infix("*" | "@" | "%", left, _) | Fraction(left, _):
            return is_negative(left)
    return False


def times(left: Expr, right: Expr) -> Expr:
    """A product; numbers come first, factors of one go away."""
    if is_number(left, 1.0):
        return right
    if is_number(right, 1.0):
        return left
    if isinstance(left, Literal) and isinstance(right, Literal):
        return Literal(left.value * right.value)
    if is_number(left, -1.0):
        return minus(right)
    if is_number(right, -1.0):
        return minus(left)
    if isinstance(left, Minus):
        return minus(times(left.operand, right))
    if isinstance(right, Minus):
        return minus(times(left, right.operand))
    if isinstance(right, Literal):
        left, right = right, left
    if isinstance(right, Fraction) and is_number(right.above, 1.0):
        return over(left, right.below)
    if isinstance(left, Fraction) and is_number(left.above, 1.0):
        return over(right, left.below)
    if left == right:
        return power(left, Literal(2.0))
    return Infix("*", left, right)


def plus(left: Expr, right: Expr) -> Expr:
    """A sum; a negative second term is subtracted."""
    if is_number(left, 0.0):
        return right
    if is_number(right, 0.0):
        return left
    if isinstance(left, Literal) and isinstance(right, Literal):
        return Literal(left.value + right.value)
    if isinstance(right, Minus):
        return less(left, right.operand)
    return Infix("+", left, right)


def less(left: Expr, right: Expr) -> Expr:
    """A difference."""
    if is_number(left, 0.0):
        return minus(right)
    if isinstance(left, Literal) and isinstance(right, Literal):
        return Literal(left.value - right.value)
    if isinstance(right, Minus):
        return plus(left, right.operand)
    return Infix("-", left, right)


def minus(operand: Expr) -> Expr:
    """A negative; a double one goes away."""
    if isinstance(operand, Literal):
        return Literal(-operand.value)
    if isinstance(operand, Minus):
        return operand.operand
    return Minus(operand)


def over(above: Expr, below: Expr) -> Expr:
    """A quotient."""
    if is_number(below, 1.0):
        return above
    if isinstance(above, Minus):
        return minus(over(above.operand, below))
    return Fraction(above, below)


def power(base: Expr, exponent: Expr) -> Expr:
    """A power."""
    return base if is_number(exponent, 1.0) else Power(base, exponent)


_TRUTH: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def choice(condition: Expr, then: Expr, otherwise: Expr) -> Expr:
    """A choice, unless the condition is known or both sides are the same."""
    known = _truth(condition)
    if known is not None:
        return then if known else otherwise
    return then if then == otherwise else Choice(condition, then, otherwise)


def _truth(condition: Expr) -> bool | None:
    """Whether a condition on numbers holds; None where it depends on a variable."""
    match condition:
        case Infix(symbol, Literal(left), Literal(right)) if symbol in _TRUTH:
            return _TRUTH[symbol](left, right)
        case Infix("and", left, right) if _truth(left) is False or _truth(right) is False:
            return False
        case Infix("or", left, right) if _truth(left) or _truth(right):
            return True
    return None


# -- as text ------------------------------------------------------------------------------------

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "*": "·"}
_GREEK = {"pi": "π"}  # other names stay as the user typed them


def to_text(expr: Expr, ascii_only: bool = False, subscripts: bool = False) -> str:
    """Write an expression in one line.

    Parameters
    ----------
    expr : Expr
    ascii_only : bool
        Write it as Python would rather than with mathematical signs.
    subscripts : bool
        Set the number of a name low: ``x₁`` for ``x1``.
    """
    return _Text(ascii_only, subscripts).write(expr)[0]


def brackets(expr: Expr, level: int) -> bool:
    """Whether an operand needs brackets where `level` binds."""
    return _Text(ascii_only=True, subscripts=False).write(expr)[1] < level


def split_number(name: str) -> tuple[str, str]:
    """Split a name into its stem and its number: ``x1`` and ``p_2`` have one."""
    found = re.fullmatch(r"(.*[A-Za-z])_?(\d{1,3})", name, re.ASCII)
    return (found[1], found[2]) if found else (name, "")


def subscripted(name: str) -> str:
    """A name with its number set low."""
    stem, number = split_number(name)
    return _GREEK.get(stem, stem) + number.translate(_SUBSCRIPTS)


class _Text:
    def __init__(self, ascii_only: bool, subscripts: bool) -> None:
        self.ascii = ascii_only
        self.subscripts = subscripts

    def write(self, expr: Expr) -> tuple[str, int]:
        """The text and the binding strength of its outermost operator."""
        match expr:
            case Name(text, bar):
                return self.name(text, bar), ATOM
            case Literal(value):
                text = number_text(value)
                return text, (NEGATION if text.startswith("-") else ATOM)
            case Infix(symbol, left, right):
                return self.infix(symbol, left, right)
            case Minus(operand):
                return "-" + self.inside(operand, PRODUCT), NEGATION
            case Power(base, exponent):
                return self.power(base, exponent), POWER
            case Fraction(above, below):
                sign = "/" if self.short(above, below) else " / "
                text = self.inside(above, PRODUCT) + sign + self.second(below, PRODUCT)
                return text, PRODUCT
            case Call(function, arguments, note):
                return self.call(function, arguments, note), ATOM
            case Transposed(operand):
                mark = ".T" if self.ascii else "ᵀ"
                return self.inside(operand, ATOM) + mark, ATOM
            case Choice(condition, then, otherwise):
                parts = [self.inside(part, CONDITIONAL + 1) for part in (then, condition)]
                rest = self.inside(otherwise, CONDITIONAL)
                return f"{parts[0]} if {parts[1]} else {rest}", CONDITIONAL
            case Element():
                return self.element(expr), ATOM

    def inside(self, expr: Expr, level: int) -> str:
        """An operand, in brackets where it binds more loosely than `level`."""
        text, own = self.write(expr)
        return f"({text})" if own < level else text

    def second(self, expr: Expr, level: int) -> str:
        """A second operand: `x - (y - z)`, and `2*(-3)` though a sign binds tightly."""
        text, own = self.write(expr)
        signed = level > COMPARE and is_negative(expr)
        return f"({text})" if own <= level or signed else text

    def name(self, text: str, bar: bool) -> str:
        if bar:
            return f"{text}_bar"  # as in generated programs
        if self.subscripts:
            return subscripted(text)
        return text if self.ascii else _GREEK.get(text, text)

    def infix(self, symbol: str, left: Expr, right: Expr) -> tuple[str, int]:
        level = LEVELS[symbol]
        first = self.inside(left, level)
        second = self.second(right, level)
        shown = symbol if self.ascii else _SIGNS.get(symbol, symbol)
        space = "" if symbol == "*" else " "
        return f"{first}{space}{shown}{space}{second}", level

    def power(self, base: Expr, exponent: Expr) -> str:
        below = self.inside(base, ATOM)
        above = self.inside(exponent, NEGATION)
        if not self.ascii and isinstance(exponent, Literal) and above.lstrip("-").isdigit():
            return below + above.translate(_SUPERSCRIPTS)
        return f"{below}**{above}" if self.ascii else f"{below}^{above}"

    def call(self, function: str, arguments: tuple[Expr, ...], note: str) -> str:
        inner = ", ".join([self.write(argument)[0] for argument in arguments] + [note] * bool(note))
        if function == "sqrt" and not self.ascii:
            alone = len(arguments) == 1 and isinstance(arguments[0], Name | Literal)
            return f"√{inner}" if alone else f"√({inner})"
        if function == "abs" and not self.ascii:
            return f"|{inner}|"
        return f"{function}({inner})"

    def element(self, expr: Element) -> str:
        base = self.inside(expr.base, ATOM)
        index = ", ".join(expr.index)
        if expr.change is None:
            return f"{base}[{index}]"
        sign = "+=" if expr.adds else "="
        return f"{base} with [{index}] {sign} {self.write(expr.change)[0]}"

    def short(self, above: Expr, below: Expr) -> bool:
        return all(isinstance(part, Name | Literal | Power) for part in (above, below))


# -- numbers ------------------------------------------------------------------------------------


def number_text(value: float, digits: int = 6) -> str:
    """Write a number as short as a reader wants it: `2`, `0.5`, `6.28319`, `1.2e-07`."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 10 ** (digits + 1):
        return str(int(value))
    return f"{value:.{digits}g}"


_SMALL = 4


def value_text(value: Any, digits: int = 6) -> str:
    """Write a number, a truth value, a small array, or the shape and norm of a larger one."""
    array = np.asarray(value)
    if array.dtype == np.bool_ and array.ndim == 0:
        return "true" if array else "false"
    if array.ndim == 0:
        return number_text(float(array), digits)
    if array.ndim == 1 and array.size <= _SMALL:
        return "[" + ", ".join(number_text(float(item), 4) for item in array) + "]"
    shape = "\N{MULTIPLICATION SIGN}".join(map(str, array.shape))
    if not np.issubdtype(array.dtype, np.floating):
        return f"{shape}"
    norm = float(np.linalg.norm(array.astype(np.float64).ravel()))
    return f"{shape}, norm {number_text(norm, 4)}"

"""Notation as MathML, which browsers set like a textbook without any script or font."""

from __future__ import annotations

from html import escape
from typing import Any
from unicodedata import lookup

from gradc.explain.notation import (
    LEVELS,
    Call,
    Choice,
    Element,
    Expr,
    Fraction,
    Infix,
    Literal,
    Minus,
    Name,
    Power,
    Transposed,
    brackets,
    is_negative,
    number_text,
    split_number,
    value_text,
)
from gradc.prims.define import ATOM, COMPARE, CONDITIONAL, NEGATION, PRODUCT

_LETTERS = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("mu", "nu", "xi", "pi", "rho", "sigma", "tau", "phi", "chi", "psi", "omega"),
)
_GREEK = {name: lookup(f"GREEK SMALL LETTER {name.upper()}") for name in _LETTERS} | {
    "lam": "\N{GREEK SMALL LETTER LAMDA}",
    "lambda_": "\N{GREEK SMALL LETTER LAMDA}",
}
_SIGNS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "<": "&lt;", ">": "&gt;"}
_MINUS = "\N{MINUS SIGN}"
_INVISIBLE_TIMES = "<mo>&#x2062;</mo>"


def mathml(expr: Expr) -> str:
    """Return an expression as a ``<math>`` element."""
    return f"<math>{_set(expr)}</math>"


def equation(left: Expr, *rights: Expr) -> str:
    """Return ``left = right = ...`` as one ``<math>`` element."""
    parts = [_set(part) for part in (left, *rights)]
    return f"<math displaystyle='true'>{'<mo>=</mo>'.join(parts)}</math>"


def derivative(of: str, by: str) -> Expr:
    """Return the notation for a partial derivative."""
    return Fraction(Name(f"\N{PARTIAL DIFFERENTIAL}{of}"), Name(f"\N{PARTIAL DIFFERENTIAL}{by}"))


def value_math(value: Any, digits: int = 6) -> str:
    """Return a value as MathML where it is a number, else as text."""
    text = value_text(value, digits)
    try:
        float(text)
    except ValueError:
        return escape(text)
    return f"<math>{_number(text)}</math>"


def _set(expr: Expr) -> str:
    match expr:
        case Name(text, bar):
            return _name(text, bar)
        case Literal(value):
            return _number(number_text(value))
        case Infix():
            return _infix(expr)
        case Minus(operand):
            return f"<mrow><mo>{_MINUS}</mo>{_inside(operand, PRODUCT)}</mrow>"
        case Power(Name(text, False), exponent) if split_number(text)[1]:
            stem, number = split_number(text)
            inner = f"<mi>{escape(_GREEK.get(stem, stem))}</mi><mn>{number}</mn>"
            return f"<msubsup>{inner}{_row(_set(exponent))}</msubsup>"
        case Power(base, exponent):
            return f"<msup>{_inside(base, ATOM)}{_row(_set(exponent))}</msup>"
        case Fraction(above, below):
            return f"<mfrac>{_row(_set(above))}{_row(_set(below))}</mfrac>"
        case Call():
            return _call(expr)
        case Transposed(operand):
            return f"<msup>{_inside(operand, ATOM)}<mi mathvariant='normal'>T</mi></msup>"
        case Choice():
            return _cases(expr)
        case Element():
            return _element(expr)


def _row(inner: str) -> str:
    return f"<mrow>{inner}</mrow>"


def _inside(expr: Expr, level: int) -> str:
    """An operand, in brackets where it needs them; a fraction bar is bracket enough."""
    if isinstance(expr, Fraction) and level < ATOM:
        return _set(expr)
    return _bracketed(expr) if brackets(expr, level) else _set(expr)


def _bracketed(expr: Expr) -> str:
    return f"<mrow><mo>(</mo>{_set(expr)}<mo>)</mo></mrow>"


def _name(text: str, bar: bool) -> str:
    mark = ""
    if text.startswith("\N{PARTIAL DIFFERENTIAL}"):
        mark, text = "<mo rspace='0'>\N{PARTIAL DIFFERENTIAL}</mo>", text[1:]
    stem, number = split_number(text)
    inner = f"<mi>{escape(_GREEK.get(stem, stem))}</mi>"
    if bar:
        inner = f"<mover>{inner}<mo stretchy='false'>\N{MACRON}</mo></mover>"
    if number:
        inner = f"<msub>{inner}<mn>{number}</mn></msub>"
    return f"<mrow>{mark}{inner}</mrow>" if mark else inner


def _number(text: str) -> str:
    sign = ""
    if text.startswith("-"):
        sign, text = f"<mo>{_MINUS}</mo>", text[1:]
    if text in ("inf", "nan"):
        inner = "<mn>∞</mn>" if text == "inf" else "<mi>nan</mi>"
    elif "e" in text:
        digits, power = text.split("e")
        exponent = _number(str(int(power)))
        tens = f"<msup><mn>10</mn>{_row(exponent)}</msup>"
        inner = tens if digits == "1" else f"<mn>{digits}</mn><mo>·</mo>{tens}"
    else:
        inner = f"<mn>{text}</mn>"
    return f"<mrow>{sign}{inner}</mrow>" if sign or "e" in text else inner


def _infix(expr: Infix) -> str:
    level = LEVELS[expr.symbol]
    left, right = _inside(expr.left, level), _inside(expr.right, level + 1)
    if is_negative(expr.right) and level > COMPARE:
        right = _bracketed(expr.right)
    if expr.symbol == "*":
        return _row(left + _times(expr) + right)
    if expr.symbol == "-":
        sign = _MINUS
    elif expr.symbol in ("and", "or"):
        return _row(f"{left}<mtext>&#160;{expr.symbol}&#160;</mtext>{right}")
    else:
        sign = _SIGNS.get(expr.symbol, escape(expr.symbol))
    return _row(f"{left}<mo>{sign}</mo>{right}")


def _times(expr: Infix) -> str:
    """A number before a letter needs no sign between them."""
    right = expr.right
    leads = right.base if isinstance(right, Power) else right
    plain = isinstance(leads, Name) or (
        brackets(right, PRODUCT + 1) and not isinstance(right, Fraction)
    )
    return _INVISIBLE_TIMES if isinstance(expr.left, Literal) and plain else "<mo>·</mo>"


def _call(expr: Call) -> str:
    inner = "<mo>,</mo>".join(_set(argument) for argument in expr.arguments)
    if expr.function == "sqrt":
        return f"<msqrt>{inner}</msqrt>"
    if expr.function == "abs":
        return _row(f"<mo>|</mo>{inner}<mo>|</mo>")
    note = f"<mo>,</mo><mtext>{escape(expr.note)}</mtext>" if expr.note else ""
    name = f"<mi mathvariant='normal'>{escape(expr.function)}</mi>"
    return _row(f"{name}<mo>&#x2061;</mo><mrow><mo>(</mo>{inner}{note}<mo>)</mo></mrow>")


def _cases(expr: Choice) -> str:
    rows = ""
    rest: Expr = expr
    while isinstance(rest, Choice):
        condition = _inside(rest.condition, CONDITIONAL + 1)
        rows += _case(_set(rest.then), f"<mtext>if&#160;</mtext>{condition}")
        rest = rest.otherwise
    rows += _case(_set(rest), "<mtext>otherwise</mtext>")
    # the brace is a border: not every reader has a font whose brace stretches
    return f"<mtable class='cases'>{rows}</mtable>"


def _case(value: str, condition: str) -> str:
    return f"<mtr><mtd>{value}</mtd><mtd>{condition}</mtd></mtr>"


def _element(expr: Element) -> str:
    base = _inside(expr.base, ATOM)
    index = f"<mo>[</mo><mtext>{escape(', '.join(expr.index))}</mtext><mo>]</mo>"
    if expr.change is None:
        return _row(base + index)
    sign = "+=" if expr.adds else "="
    return _row(
        f"{base}<mtext>&#160;with&#160;</mtext>{index}<mo>{sign}</mo>"
        f"{_inside(expr.change, NEGATION)}"
    )

"""Expressions as text: templates, binding strength, parentheses, literals.

The binding strength of a text and of the places in it is read off the template itself, parsed
once with Python's ``ast``; so a primitive's template says all there is to know.
"""

from __future__ import annotations

import ast
import functools
import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gradc.errors import InternalError
from gradc.ir.types import DType
from gradc.prims.define import (
    AND,
    ATOM,
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    COMPARE,
    CONDITIONAL,
    NEGATION,
    NOT,
    OR,
    POWER,
    PRODUCT,
    SHIFT,
    SUM_LEVEL,
)

ANY = 0  # a place where any expression may stand without parentheses


@dataclass(frozen=True, slots=True)
class Expr:
    """The text of an expression and the binding strength of its outermost operator."""

    text: str
    level: int = ATOM

    def at(self, least: int) -> str:
        """The text for a place that needs a binding strength, in parentheses if it is weaker."""
        return self.text if self.level >= least else f"({self.text})"


def call(function: str, *args: Expr | str, **keywords: str) -> Expr:
    """A call."""
    items = [arg.at(ANY) if isinstance(arg, Expr) else arg for arg in args]
    items += [f"{key}={value}" for key, value in keywords.items()]
    return Expr(f"{function}({', '.join(items)})")


def tuple_of(items: Sequence[Expr]) -> str:
    """A tuple in parentheses; one element alone stands for itself."""
    if len(items) == 1:
        return items[0].at(ANY)
    return f"({', '.join(item.at(ANY) for item in items)})"


def tuple_text(numbers: Sequence[int]) -> str:
    """A tuple of integers; a single one stands for itself."""
    return str(numbers[0]) if len(numbers) == 1 else str(tuple(numbers))


def binary(left: Expr, operator: str, right: Expr, level: int) -> Expr:
    """A binary operator that associates to the left."""
    return Expr(f"{left.at(level)} {operator} {right.at(level + 1)}", level)


def add(left: Expr, right: Expr) -> Expr:
    """A sum; with a literal it is simplified."""
    if _is_integer(left.text) and _is_integer(right.text):
        return integer(int(left.text) + int(right.text))
    if left.text == "0":
        return right
    if right.text == "0":
        return left
    if _is_integer(right.text) and right.text.startswith("-"):
        return binary(left, "-", Expr(right.text[1:]), SUM_LEVEL)
    return binary(left, "+", right, SUM_LEVEL)


def integer(value: int) -> Expr:
    """An integer literal."""
    return Expr(str(value), ATOM if value >= 0 else NEGATION)


def quoted(text: str) -> str:
    """A string literal, in double quotes where that needs no escapes."""
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in shown else shown


def pieces(text: str, width: int) -> list[str]:
    """Cut a text after spaces into pieces of about a width."""
    width = max(width, 20)
    cut: list[str] = []
    while len(text) > width:
        space = text.rfind(" ", 0, width)
        at = space + 1 if space > 0 else width
        cut.append(text[:at])
        text = text[at:]
    return [*cut, text]


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isdigit()


def literal(value: float | int | bool, dtype: DType, *, typed: bool) -> Expr:
    """A constant.

    Parameters
    ----------
    value : float, int or bool
    dtype : DType
    typed : bool
        Write the element type, too, where a Python number would not keep it.
    """
    if dtype is DType.BOOL:
        return Expr("True" if value else "False")
    if dtype is DType.INT:
        return integer(int(value))
    value = float(value)
    if math.isnan(value):
        plain = Expr("np.nan")
    elif math.isinf(value):
        plain = Expr("np.inf") if value > 0 else Expr("-np.inf", NEGATION)
    else:
        text = repr(value)
        plain = Expr(text, NEGATION if text.startswith("-") else ATOM)
    return call(f"np.{dtype.numpy_name}", plain) if typed else plain


# -- templates ----------------------------------------------------------------------------------

_BINARY_LEVELS: Mapping[type[ast.operator], int] = {
    ast.BitOr: BIT_OR,
    ast.BitXor: BIT_XOR,
    ast.BitAnd: BIT_AND,
    ast.LShift: SHIFT,
    ast.RShift: SHIFT,
    ast.Add: SUM_LEVEL,
    ast.Sub: SUM_LEVEL,
    ast.Mult: PRODUCT,
    ast.Div: PRODUCT,
    ast.FloorDiv: PRODUCT,
    ast.Mod: PRODUCT,
    ast.MatMult: PRODUCT,
    ast.Pow: POWER,
}


@dataclass(frozen=True, slots=True)
class Template:
    """A format string, the strength of its text, and the strength that each place needs."""

    text: str
    level: int
    places: Mapping[str, int]
    has_number: bool
    calls: frozenset[str]

    def fill(self, args: Sequence[Expr], params: Mapping[str, object]) -> Expr:
        """Put operands and parameters into their places."""
        texts = [arg.at(self.places.get(str(k), ANY)) for k, arg in enumerate(args)]
        return Expr(self.text.format(*texts, **params), self.level)


@functools.cache
def template(text: str) -> Template:
    """Analyse a format string over ``{0}``, ``{1}`` ... and named parameters.

    Raises
    ------
    InternalError
        When it is no Python expression.
    """
    fields = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
    stand_ins = {field: f"place_{field}" for field in fields}
    filled = text
    for field, stand_in in stand_ins.items():
        filled = filled.replace(f"{{{field}}}", stand_in)
    try:
        node = ast.parse(filled, mode="eval").body
    except SyntaxError as error:
        raise InternalError(f"the text {text!r} of a primitive is no expression") from error
    needs: dict[str, int] = {}
    _collect_places(node, ANY, needs)
    places = {field: needs.get(stand_in, ANY) for field, stand_in in stand_ins.items()}
    inside = list(ast.walk(node))
    has_number = any(isinstance(inner, ast.Constant) for inner in inside)
    called = (inner.func for inner in inside if isinstance(inner, ast.Call))
    calls = frozenset(function.id for function in called if isinstance(function, ast.Name))
    return Template(text, _level(node), places, has_number, calls)


def _level(node: ast.expr) -> int:
    match node:
        case ast.IfExp():
            return CONDITIONAL
        case ast.BoolOp(op=ast.Or()):
            return OR
        case ast.BoolOp():
            return AND
        case ast.UnaryOp(op=ast.Not()):
            return NOT
        case ast.Compare():
            return COMPARE
        case ast.BinOp(op=operator):
            return _BINARY_LEVELS[type(operator)]
        case ast.UnaryOp():
            return NEGATION
        case _:
            return ATOM


def _collect_places(node: ast.expr, need: int, needs: dict[str, int]) -> None:
    if isinstance(node, ast.Name):
        needs[node.id] = max(needs.get(node.id, ANY), need)
        return
    level = _level(node)
    match node:
        case ast.IfExp():
            inner = [(node.body, level + 1), (node.test, level + 1), (node.orelse, level)]
        case ast.BoolOp():
            first, *rest = node.values
            inner = [(first, level), *((value, level + 1) for value in rest)]
        case ast.Compare():
            inner = [(value, level + 1) for value in (node.left, *node.comparators)]
        case ast.BinOp(op=ast.Pow()):
            inner = [(node.left, ATOM), (node.right, ATOM)]
        case ast.BinOp():
            inner = [(node.left, level), (node.right, level + 1)]
        case ast.UnaryOp(op=ast.Not()):
            inner = [(node.operand, level)]
        case ast.UnaryOp():
            inner = [(node.operand, POWER)]
        case ast.Attribute(value=value):
            inner = [(value, ATOM)]
        case ast.Subscript(value=value, slice=index):
            inner = [(value, ATOM), (index, ANY)]
        case ast.Call():
            inner = [(value, ANY) for value in (*node.args, *(k.value for k in node.keywords))]
            inner.append((node.func, ATOM))
        case _:
            inner = [(c, ANY) for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
    for child, least in inner:
        _collect_places(child, least, needs)

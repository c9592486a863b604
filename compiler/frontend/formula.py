"""Formulas: ``(2*x1 + 3*x2)**2 + 3`` as a function of the IR.

The text is parsed with Python's :mod:`ast` and lowered node by node from a list of what is
allowed; nothing of it is ever evaluated as Python. Example::

    parse_formula("(2*x1 + 3*x2)**2 + 3", wrt=("x1", "x2"))

    def formula(x1: f64, x2: f64):
        c: f64 = const(dtype='f64', value=2.0)
        mul: f64 = mul(c, x1)
        ...
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from itertools import pairwise

from gradc.errors import Location
from gradc.frontend.formula_functions import CONSTANTS, FUNCTIONS
from gradc.frontend.formula_hints import advice
from gradc.frontend.formula_text import FILE, location, parse
from gradc.frontend.scalar_ir import (
    Number,
    Operand,
    ParsedFormula,
    Problems,
    ScalarBuilder,
    quote_at,
    quoted,
)
from gradc.ir.core import Primitive, Value
from gradc.prims.arithmetic import ADD, DIV, MUL, NEG, POW, SUB
from gradc.prims.compare import EQ, GE, GT, LAND, LE, LNOT, LOR, LT, NE

FUNCTION_NAME = "formula"
_MOST_NAMES_SHOWN = 12

_BINARY: dict[type[ast.operator], Primitive] = {
    ast.Add: ADD,
    ast.Sub: SUB,
    ast.Mult: MUL,
    ast.Div: DIV,
}
_COMPARISONS: dict[type[ast.cmpop], Primitive] = {
    ast.Lt: LT,
    ast.LtE: LE,
    ast.Gt: GT,
    ast.GtE: GE,
    ast.Eq: EQ,
    ast.NotEq: NE,
}


def parse_formula(text: str, wrt: Sequence[str] | str | None = None) -> ParsedFormula:
    """Read a formula.

    Parameters
    ----------
    text : str
        Numbers, names, ``+ - * / **``, round brackets, calls of the functions of
        :mod:`gradc.frontend.formula_functions`, the constants ``pi`` and ``e``, and
        ``a if x > 0 else b``. At most 10 000 characters, 1000 operators, nested 50 deep.
    wrt : sequence of str, str or None
        The names to differentiate with respect to; None for all, in the order in which they
        first appear. A name given here is a variable even where it is that of a constant (``e``).

    Returns
    -------
    ParsedFormula
        A function of float64 scalars.

    Raises
    ------
    ModelFileError
        With every problem found, each with its place in the text.
    """
    tree, line = parse(text)
    problems = Problems()
    asked = _asked_for(wrt, problems)
    variables = _variables(tree, line, asked or ())
    chosen = tuple(variables) if asked is None else asked
    _check_wrt(chosen, variables, problems)
    names = tuple(dict.fromkeys((*chosen, *variables)))

    scalars = ScalarBuilder(problems)
    whole = location(line, 0, len(line))
    params = {name: scalars.param(name, variables.get(name, whole)) for name in names}
    result = _Lowering(line, params, problems).operand(tree, scalars)
    if not variables and not problems:
        problems.add(Location(FILE), "there is no variable to differentiate with respect to")
    problems.raise_if_any()
    function = scalars.function(FUNCTION_NAME, tuple(params.values()), result, whole)
    return ParsedFormula(function, names, chosen)


def _asked_for(wrt: Sequence[object] | str | None, problems: Problems) -> tuple[str, ...] | None:
    if wrt is None:
        return None
    asked = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    where = Location("wrt")
    if not asked:
        problems.add(where, "no name is given", "leave it out to take all of them")
    for index, name in enumerate(asked):
        if not isinstance(name, str):
            problems.add(where, f"{quoted(repr(name))} is no name", "names are strings")
        elif name in asked[:index]:
            problems.add(where, f"{quoted(name)} is given twice")
        elif name in FUNCTIONS:
            problems.add(where, f"{quoted(name)} is a function and no variable")
    return tuple(name for name in dict.fromkeys(asked) if isinstance(name, str))


def _variables(tree: ast.expr, line: str, asked: Sequence[str]) -> dict[str, Location]:
    """The variables and where each first appears, in that order."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    variables: dict[str, Location] = {}
    for node in sorted(found, key=lambda name: name.col_offset):
        taken = node.id in FUNCTIONS or (node.id in CONSTANTS and node.id not in asked)
        if id(node) not in called and not taken:
            variables.setdefault(node.id, _where(node, line))
    return variables


def _check_wrt(chosen: Sequence[str], variables: dict[str, Location], problems: Problems) -> None:
    for name in chosen:
        if name in variables or name in FUNCTIONS:
            continue
        close = get_close_matches(name, variables, n=1)
        known = ", ".join(f"`{other}`" for other in list(variables)[:_MOST_NAMES_SHOWN])
        hint = f"did you mean `{close[0]}`?" if close else f"its variables are {known}"
        message = f"{quoted(name)} does not occur in the formula"
        problems.add(Location("wrt"), message, hint if known else None)


def _where(node: ast.expr, line: str) -> Location:
    return location(line, node.col_offset, node.end_col_offset or node.col_offset + 1)


class _Lowering:
    """Turns the nodes of the tree into operands; every problem is noted and read over."""

    def __init__(self, line: str, params: dict[str, Value], problems: Problems) -> None:
        self.line = line
        self.params = params
        self.problems = problems

    def operand(self, node: ast.expr, into: ScalarBuilder) -> Operand:
        """Lower what stands for a number."""
        loc = _where(node, self.line)
        match node:
            case ast.Constant(value=int() | float() as value):
                return into.number(float(value), loc)
            case ast.Name(id=name):
                return self.name(name, loc)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return into.apply(NEG, [self.operand(operand, into)], loc)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.operand(operand, into)
            case ast.BinOp():
                return self.chain(node, into)
            case ast.IfExp():
                return self.choice(node, loc, into)
            case ast.Call(func=ast.Name(id=name)):
                return self.call(node, name, loc, into)
        return self.refused(node, loc)

    def name(self, name: str, loc: Location) -> Operand:
        if name in self.params:
            return self.params[name]
        if name in CONSTANTS:
            return Number(CONSTANTS[name], loc, name)
        self.problems.add(loc, f"`{name}` is a function", f"call it: `{name}(...)`")
        return Number(1.0, loc)

    def chain(self, node: ast.BinOp, into: ScalarBuilder) -> Operand:
        """Lower a sum or product of any length without recursion along its left spine."""
        spine = [node]
        while isinstance(spine[-1].left, ast.BinOp):
            spine.append(spine[-1].left)
        result = self.operand(spine[-1].left, into)
        for part in reversed(spine):
            right = self.operand(part.right, into)
            loc = _where(part, self.line)
            if isinstance(part.op, ast.Pow):
                result = into.power(result, right, loc)
            else:
                result = into.apply(_BINARY[type(part.op)], [result, right], loc)
        return result

    def call(self, node: ast.Call, name: str, loc: Location, into: ScalarBuilder) -> Operand:
        where = _where(node.func, self.line)
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                self.problems.add(_where(argument, self.line), "`*` spreads nothing in a formula")
        for extra in node.keywords:
            loc_of = _where(extra.value, self.line)
            self.problems.add(loc_of, f"`{name}` takes no named arguments")
        given = [arg for arg in node.args if not isinstance(arg, ast.Starred)]
        operands = [self.operand(argument, into) for argument in given]
        known = FUNCTIONS.get(name)
        if name in self.params:
            hint = f"for a product write `{name}*(...)`"
            self.problems.add(where, f"`{name}` is a variable and no function", hint)
        elif known is None:
            self.problems.add(where, f"there is no function {quoted(name)}", advice(name))
        elif len(node.args) != known.arity and not node.keywords:
            self.problems.add(loc, *_wrong_count(name, known.arity, len(node.args)))
        elif len(operands) == known.arity:
            if known.prim is POW:
                return into.power(operands[0], operands[1], loc)
            return into.apply(known.prim, operands, loc)
        return Number(1.0, loc)

    def choice(self, node: ast.IfExp, loc: Location, into: ScalarBuilder) -> Operand:
        condition = self.condition(node.test, into)
        return into.choose(condition, self._later(node.body), self._later(node.orelse), loc)

    def _later(self, node: ast.expr) -> Callable[[ScalarBuilder], Operand]:
        return lambda arm: self.operand(node, arm)

    def condition(self, node: ast.expr, into: ScalarBuilder) -> Value:
        """Lower what is true or false."""
        loc = _where(node, self.line)
        match node:
            case ast.Compare():
                return self.comparison(node, loc, into)
            case ast.BoolOp(op=op, values=values):
                parts = [self.condition(value, into) for value in values]
                joined = parts[0]
                prim = LAND if isinstance(op, ast.And) else LOR
                for part in parts[1:]:
                    joined = into.test(prim, [joined, part], loc)
                return joined
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return into.test(LNOT, [self.condition(operand, into)], loc)
        found = self.operand(node, into)
        message = f"{quote_at(loc)} is a number and no condition"
        self.problems.add(loc, message, "compare it, as in `x > 0`")
        return into.test(EQ, [into.value(found)] * 2, loc)

    def comparison(self, node: ast.Compare, loc: Location, into: ScalarBuilder) -> Value:
        """Lower ``a < b <= c``: each pair, joined by `and`."""
        operands = [into.value(self.operand(part, into)) for part in (node.left, *node.comparators)]
        pairs = [
            into.test(_COMPARISONS[type(op)], list(pair), loc)
            for op, pair in zip(node.ops, pairwise(operands), strict=True)
        ]
        joined = pairs[0]
        for pair in pairs[1:]:
            joined = into.test(LAND, [joined, pair], loc)
        return joined

    def refused(self, node: ast.expr, loc: Location) -> Operand:
        hint: str | None = None
        match node:
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                message = "a comparison is true or false and no number"
                hint = "choose between numbers with it: `1 if x > 0 else 0`"
            case ast.Tuple(elts=[]):
                message = "there is nothing between these brackets"
            case ast.Tuple():
                message, hint = "a formula has one value", "the comma is no decimal point: `0.5`"
            case _:
                message = f"{quote_at(loc)} is no part of a formula"
        self.problems.add(loc, message, hint)
        return Number(1.0, loc)


def _wrong_count(name: str, arity: int, given: int) -> tuple[str, str | None]:
    plural = "" if arity == 1 else "s"
    hint = None
    if name in ("max", "min") and given > arity:
        hint = f"nest them: `{name}(a, {name}(b, c))`"
    elif name in ("log", "ln") and given == 2:
        hint = "for another base write `log(x)/log(base)`"
    return f"`{name}` takes {arity} argument{plural}, not {given}", hint

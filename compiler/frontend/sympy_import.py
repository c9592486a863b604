"""SymPy expressions as functions of the IR.

The expression is walked as it is, nothing of it is simplified or printed and parsed again.
Subexpressions that occur more than once are computed once. Quotients are put together from the
negative powers that SymPy keeps them as::

    from_sympy(x/sqrt(y) - 1, [x, y])

    def formula(x: f64, y: f64):
        sqrt: f64 = sqrt(y)
        div: f64 = div(x, sqrt)
        c: f64 = const(dtype='f64', value=1.0)
        sub: f64 = sub(div, c)
        return (sub,)
"""

from __future__ import annotations

import keyword
import math
import re
from collections import ChainMap
from collections.abc import Callable, MutableMapping, Sequence
from functools import reduce
from typing import Any

from gradc.errors import GradTypeError, Location, UnsupportedFunctionError
from gradc.frontend.scalar_ir import Number, Operand, ParsedFormula, Problems, ScalarBuilder, quoted
from gradc.ir.core import Primitive, Value
from gradc.prims import elementary, special
from gradc.prims.arithmetic import ADD, DIV, LOG, MOD, MUL, NEG, SUB
from gradc.prims.compare import EQ, GE, GT, LAND, LE, LNOT, LOR, LT, NE

FUNCTION_NAME = "formula"
FILE = "<sympy>"
_LONGEST_SHOWN = 200

#: SymPy's functions of reals by class name, with the primitive of the same meaning.
FUNCTIONS: dict[str, Primitive] = {
    "Abs": elementary.ABS,
    "Max": elementary.MAXIMUM,
    "Min": elementary.MINIMUM,
    "Mod": MOD,
    "acos": elementary.ACOS,
    "acosh": elementary.ACOSH,
    "asin": elementary.ASIN,
    "asinh": elementary.ASINH,
    "atan": elementary.ATAN,
    "atan2": elementary.ATAN2,
    "atanh": elementary.ATANH,
    "ceiling": elementary.CEIL,
    "cos": elementary.COS,
    "cosh": elementary.COSH,
    "erf": special.ERF,
    "erfc": special.ERFC,
    "exp": elementary.EXP,
    "floor": elementary.FLOOR,
    "log": LOG,
    "sign": elementary.SIGN,
    "sin": elementary.SIN,
    "sinh": elementary.SINH,
    "tan": elementary.TAN,
    "tanh": elementary.TANH,
}

_RELATIONS: dict[str, Primitive] = {
    "Equality": EQ,
    "GreaterThan": GE,
    "LessThan": LE,
    "StrictGreaterThan": GT,
    "StrictLessThan": LT,
    "Unequality": NE,
}


def from_sympy(expr: Any, symbols: Any) -> ParsedFormula:
    """Read a SymPy expression.

    Parameters
    ----------
    expr : sympy.Expr
        Sums, products, powers, numbers, ``pi``, ``E``, the functions of `FUNCTIONS`, ``Piecewise``
        with a final condition that is true.
    symbols : sympy.Symbol, str, or a sequence of these
        What to differentiate with respect to, in this order; as for ``lambdify`` not each of
        them has to occur. Other free symbols follow, by name.

    Returns
    -------
    ParsedFormula
        Names are those of the symbols, made into Python names where they are not
        (``x_{1}`` becomes ``x_1``, ``lambda`` becomes ``lambda_``).

    Raises
    ------
    GradTypeError
        When `expr` is no scalar SymPy expression or `symbols` are no symbols.
    UnsupportedFunctionError
        With each part of the expression that has no rule here.
    """
    import sympy

    if not isinstance(expr, sympy.Expr):
        raise GradTypeError(f"from_sympy: a SymPy expression belongs here, not {_kind(expr)}")
    problems = Problems(UnsupportedFunctionError)
    chosen = _symbols(symbols)
    free = sorted(_all_symbols(expr) - set(chosen), key=str)
    names = _python_names([*chosen, *free])
    if not names:
        raise GradTypeError("from_sympy: there is no symbol to differentiate with respect to")
    loc = Location(FILE, 1, text=_shown(expr))
    scalars = ScalarBuilder(problems)
    params = {symbol: scalars.param(name, loc) for symbol, name in names.items()}
    walk = _Lowering(scalars, loc, {**params})
    try:
        result = walk.operand(expr)
    except RecursionError:
        raise UnsupportedFunctionError("from_sympy: the expression is nested too deeply") from None
    problems.raise_if_any()
    function = scalars.function(FUNCTION_NAME, tuple(params.values()), result, loc)
    wrt = tuple(names[symbol] for symbol in chosen)
    return ParsedFormula(function, tuple(names.values()), wrt or tuple(names.values()))


def _kind(thing: object) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _shown(expr: Any) -> str:
    """One line for messages and comments; a huge expression is named by its kind alone."""
    import sympy

    if sum(1 for _ in zip(range(_LONGEST_SHOWN), sympy.preorder_traversal(expr), strict=False)) >= (
        _LONGEST_SHOWN
    ):
        return f"{type(expr).__name__}(...)"
    return " ".join(str(expr).split())


def _all_symbols(expr: Any) -> set[Any]:
    """The symbols of an expression; each subexpression is looked at once, however often used."""
    seen: set[Any] = set()
    pending = [expr]
    while pending:
        part = pending.pop()
        if part not in seen:
            seen.add(part)
            pending.extend(part.args)
    return {part for part in seen if part.is_Symbol}


def _symbols(symbols: Any) -> list[Any]:
    import sympy

    given = [symbols] if isinstance(symbols, str | sympy.Symbol) else list(symbols)
    found = []
    for item in given:
        symbol = sympy.Symbol(item) if isinstance(item, str) else item
        if not isinstance(symbol, sympy.Symbol):
            raise GradTypeError(f"from_sympy: `symbols` holds {quoted(str(item))}, no symbol")
        if symbol in found:
            raise GradTypeError(f"from_sympy: the symbol {quoted(str(item))} is given twice")
        found.append(symbol)
    return found


def _python_names(symbols: Sequence[Any]) -> dict[Any, str]:
    """A Python name for each symbol; names that collide are numbered."""
    names: dict[Any, str] = {}
    for symbol in symbols:
        plain = re.sub(r"[^A-Za-z0-9]+", "_", symbol.name).strip("_") or "x"
        if not plain.isidentifier():
            plain = f"x{plain}"
        if keyword.iskeyword(plain):
            plain += "_"
        name, count = plain, 1
        while name in names.values():
            count += 1
            name = f"{plain}_{count}"
        names[symbol] = name
    return names


class _Lowering:
    """Turns subexpressions into operands; `known` holds those of the regions around."""

    def __init__(
        self, into: ScalarBuilder, loc: Location, known: MutableMapping[Any, Operand]
    ) -> None:
        self.into = into
        self.loc = loc
        self.known = known

    def operand(self, expr: Any) -> Operand:
        """Return the operand of an expression, that of its equal where there was one."""
        if expr not in self.known:
            self.known[expr] = self.lowered(expr)
        return self.known[expr]

    def lowered(self, expr: Any) -> Operand:
        if expr.is_Rational:
            return self.integer(expr.p, expr.q)
        if expr.is_Float:
            return self.into.number(float(expr), self.loc)
        if expr.is_Add:
            return self.sum(expr)
        if expr.is_Mul:
            return self.product(expr)
        if expr.is_Pow:
            return self.power(expr.base, expr.exp)
        kind = type(expr).__name__
        if kind in ("Pi", "Exp1"):
            return Number(float(expr), self.loc, {"Pi": "pi", "Exp1": "e"}[kind])
        if kind == "Piecewise":
            return self.pieces(list(expr.args))
        if kind in FUNCTIONS:
            operands = [self.operand(arg) for arg in expr.args]
            if kind in ("Max", "Min"):
                return reduce(lambda a, b: self.apply(FUNCTIONS[kind], a, b), operands)
            return self.apply(FUNCTIONS[kind], *operands)
        return self.refused(expr)

    def apply(self, prim: Primitive, *operands: Operand) -> Operand:
        return self.into.apply(prim, operands, self.loc)

    def integer(self, numerator: Any, denominator: Any = 1) -> Number:
        try:
            # Python rounds the quotient of two integers correctly, however long they are
            value = int(numerator) / int(denominator)
        except OverflowError:
            value = math.inf
        return self.into.number(value, self.loc)

    def sum(self, expr: Any) -> Operand:
        """Positive terms first, each negative one subtracted."""
        total: Operand | None = None
        terms = expr.as_ordered_terms()
        for term in sorted(terms, key=lambda term: bool(term.could_extract_minus_sign())):
            negative = bool(term.could_extract_minus_sign())
            part = self.operand(-term if negative and total is not None else term)
            if total is None:
                total = part
            else:
                total = self.apply(SUB if negative else ADD, total, part)
        assert total is not None
        return total

    def product(self, expr: Any) -> Operand:
        """Numerator over denominator; a factor of -1 is a minus sign."""
        above: list[Operand] = []
        below: list[Operand] = []
        coefficient, rest = expr.as_coeff_Mul()
        negative = bool(coefficient.is_negative)
        size = abs(coefficient)
        if size.is_Rational:
            above += [self.integer(size.p)] if size.p != 1 else []
            below += [self.integer(size.q)] if size.q != 1 else []
        else:
            above.append(self.operand(size))
        for factor in rest.as_ordered_factors():
            if factor.is_Pow and factor.exp.is_Number and factor.exp.is_negative:
                below.append(self.power(factor.base, -factor.exp))
            else:
                above.append(self.operand(factor))
        result = self.multiplied(above)
        if below:
            result = self.apply(DIV, result, self.multiplied(below))
        return self.apply(NEG, result) if negative else result

    def multiplied(self, factors: list[Operand]) -> Operand:
        if not factors:
            return Number(1.0, self.loc)
        return reduce(lambda a, b: self.apply(MUL, a, b), factors)

    def power(self, base: Any, exponent: Any) -> Operand:
        if exponent.is_Number and exponent.is_negative:
            return self.apply(DIV, Number(1.0, self.loc), self.power(base, -exponent))
        if exponent.is_Rational and exponent.q == 2 and exponent.p == 1:
            return self.into.root(self.operand(base), self.loc)
        if exponent.is_Integer and exponent.p == 1:
            return self.operand(base)
        return self.into.power(self.operand(base), self.operand(exponent), self.loc)

    def pieces(self, pieces: list[Any]) -> Operand:
        """The first piece whose condition holds; only that one is computed."""
        expression, condition = pieces[0].args
        if condition == True:  # noqa: E712  SymPy's own true
            return self.operand(expression)
        if len(pieces) == 1:
            self.problem("Piecewise without a last case", "end it with `(expression, True)`")
            return Number(1.0, self.loc)
        return self.into.choose(
            self.condition(condition),
            self.inside(lambda arm: arm.operand(expression)),
            self.inside(lambda arm: arm.pieces(pieces[1:])),
            self.loc,
        )

    def inside(self, build: Callable[[_Lowering], Operand]) -> Callable[[ScalarBuilder], Operand]:
        """What is computed in one arm is known in that arm alone."""
        return lambda into: build(_Lowering(into, self.loc, ChainMap({}, self.known)))

    def condition(self, expr: Any) -> Value:
        kind = type(expr).__name__
        if kind in _RELATIONS:
            values = [self.into.value(self.operand(side)) for side in expr.args]
            return self.test(_RELATIONS[kind], *values)
        if kind in ("And", "Or"):
            prim = LAND if kind == "And" else LOR
            parts = [self.condition(arg) for arg in sorted(expr.args, key=str)]
            return reduce(lambda a, b: self.test(prim, a, b), parts)
        if kind == "Not":
            return self.test(LNOT, self.condition(expr.args[0]))
        if kind == "ITE":
            test, yes, no = (self.condition(arg) for arg in expr.args)
            chosen = self.test(LAND, test, yes)
            return self.test(LOR, chosen, self.test(LAND, self.test(LNOT, test), no))
        self.refused(expr)
        zero = self.into.value(Number(0.0, self.loc))
        return self.test(EQ, zero, zero)

    def test(self, prim: Primitive, *values: Value) -> Value:
        return self.into.test(prim, values, self.loc)

    def refused(self, expr: Any) -> Operand:
        kind = type(expr).__name__
        hint = "known are " + ", ".join(FUNCTIONS)
        if kind == "ImaginaryUnit":
            self.problem("complex numbers", "only functions of real numbers are differentiated")
        elif expr.is_number and expr.is_finite is False:
            self.problem(quoted(str(expr)), "only finite numbers belong here")
        else:
            self.problem(kind, hint if expr.is_Function else None)
        return Number(1.0, self.loc)

    def problem(self, what: str, hint: str | None = None) -> None:
        self.into.problems.add(self.loc, f"there is no rule for {what}", hint)

"""The gradient of a short scalar function in closed form, for people to read.

The expression comes from the adjoint program's IR, is tidied by SymPy, and is written back
through the front end for SymPy expressions; nothing that runs depends on it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradc.adjoint.reverse import reverse
from gradc.errors import GradcError
from gradc.explain.notation import Expr, Name
from gradc.explain.written import Writer
from gradc.frontend.sympy_import import from_sympy
from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Function, Op, Value
from gradc.ir.walk import all_ops, defining_ops

#: Longer functions and closed forms say less than the table of steps.
MOST_OPS = 24
LONGEST_FORM = 60
#: Only polynomials and quotients within these bounds are expanded and factored.
LARGEST_DEGREE = 8
MOST_SYMBOLS = 4
_LARGEST_DENOMINATOR = 64


def function_expression(function: Function, result: int = 0) -> Expr | None:
    """The whole function as one expression of its parameters; None where it is long."""
    ops = list(all_ops(function.body))
    if len(ops) > MOST_OPS or any(op.prim in (FOR, WHILE) for op in ops):
        return None
    if any(value.type.shape for value in (*function.params, function.results[result])):
        return None
    leaves: dict[Value, Expr] = {param: Name(param.name) for param in function.params}
    return Writer(leaves, defining_ops(function.body)).value(function.results[result])


def gradient_expressions(
    function: Function, wrt: Sequence[int], result: int = 0
) -> tuple[Expr | None, ...]:
    """The components of the gradient in closed form, None for each that has no short one."""
    ops = list(all_ops(function.body))
    scalar = all(
        value.type.is_scalar
        for value in (*function.params, *(out for op in ops for out in op.outs))
    )
    floats = all(function.params[index].type.is_float for index in wrt)
    if len(ops) > MOST_OPS or not scalar or not floats:
        return (None,) * len(wrt)
    adjoint = reverse(function, wrt, results=[result])
    found = _Symbolic(adjoint).results()
    if found is None:
        return (None,) * len(wrt)
    return tuple(_written(expression, adjoint) for expression in found[-len(wrt) :])


def _written(expression: Any, function: Function) -> Expr | None:
    """Tidy an expression and write it; None where it stays long."""
    import sympy

    if expression.has(sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        return None
    tidy = _tidied(expression)
    if sympy.count_ops(tidy) > LONGEST_FORM:
        return None
    symbols = [_symbol(param) for param in function.params]
    try:
        parsed = from_sympy(tidy, symbols).function
    except GradcError:
        return None
    names: dict[Value, Expr] = {
        made: Name(param.name) for made, param in zip(parsed.params, function.params, strict=True)
    }
    return Writer(names, _all_defining(parsed)).value(parsed.results[0])


def _all_defining(function: Function) -> Mapping[Value, Op]:
    return {out: op for op in all_ops(function.body) for out in op.outs}


def _tidied(expression: Any) -> Any:
    """The shortest of a few forms; none of the ways to get there takes long."""
    import sympy

    forms = [expression, sympy.factor_terms(expression)]
    if sympy.count_ops(expression) <= 2 * LONGEST_FORM:
        forms.append(sympy.powsimp(expression))
        if expression.has(sympy.Piecewise):
            forms.append(sympy.piecewise_fold(expression))
        free = expression.free_symbols
        if _degree(expression) > LARGEST_DEGREE or len(free) > MOST_SYMBOLS:
            pass  # expanding (x + y + z)**900 would take forever, and help nobody
        elif expression.is_polynomial(*free):
            forms += [sympy.expand(expression), sympy.factor(expression)]
        elif expression.is_rational_function(*free):
            forms += [sympy.cancel(expression), sympy.factor(expression)]
    return min(forms, key=lambda form: (sympy.count_ops(form), len(str(form))))


def _degree(expression: Any) -> float:
    """A bound for the degree of an expression as a polynomial in its symbols."""
    if not expression.args:
        return 1.0 if expression.is_Symbol else 0.0
    parts = [_degree(part) for part in expression.args]
    if expression.is_Mul:
        return sum(parts)
    if expression.is_Pow:
        return parts[0] * abs(float(expression.exp)) if expression.exp.is_number else math.inf
    return max(parts)


def _symbol(param: Value) -> Any:
    import sympy

    return sympy.Symbol(param.name, real=True)


class _Symbolic:
    """Evaluates a scalar function on SymPy symbols."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.values: dict[Value, Any] = {}
        self.table = _meanings()

    def results(self) -> list[Any] | None:
        """The results, or None where an op has no closed form."""
        for param in self.function.params:
            self.values[param] = _symbol(param)
        if not self.run(self.function.ops):
            return None
        return [self.values[result] for result in self.function.results]

    def run(self, ops: Sequence[Op]) -> bool:
        return all(self.op(op) for op in ops)

    def op(self, op: Op) -> bool:
        if op.prim is CONST:
            self.values[op.out] = _number(op)
            return True
        if op.prim is IF:
            return self.branch(op)
        meaning = self.table.get(op.prim.name)
        if meaning is None or len(op.outs) != 1:
            return False
        args = [self.values[arg] for arg in op.args]
        self.values[op.out] = meaning(*args, *op.params.values())
        return True

    def branch(self, op: Op) -> bool:
        import sympy

        if not all(self.run(region.ops) for region in op.regions):
            return False
        condition = self.values[op.args[0]]
        then, otherwise = (region.yields for region in op.regions)
        for out, yes, no in zip(op.outs, then, otherwise, strict=True):
            self.values[out] = sympy.Piecewise(
                (self.values[yes], condition), (self.values[no], True)
            )
        return True


def _number(op: Op) -> Any:
    """A constant: exact where a person would have written it so."""
    import sympy

    value = op.params["value"]
    if isinstance(value, bool) or not op.out.type.is_float:
        return sympy.sympify(value)
    if value == math.pi:
        return sympy.pi
    if value == math.e:
        return sympy.E
    numerator, denominator = float(value).as_integer_ratio() if math.isfinite(value) else (0, 0)
    if 0 < denominator <= _LARGEST_DENOMINATOR:
        return sympy.Rational(numerator, denominator)
    return sympy.Float(value, 17)


def _power(base: Any, exponent: Any) -> Any:
    """A power; one of numbers is not computed exactly where that has very many digits."""
    import sympy

    small = base.is_Integer and abs(base) <= 1000 and exponent.is_Integer and abs(exponent) <= 8
    if base.is_number and exponent.is_number and not small:
        return sympy.Float(base, 17) ** sympy.Float(exponent, 17)
    return base**exponent


def _meanings() -> Mapping[str, Callable[..., Any]]:
    """SymPy's form of each scalar primitive."""
    import sympy as sp

    plain: dict[str, Callable[..., Any]] = {
        name: getattr(sp, name)
        for name in (
            "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh",
            "asinh", "acosh", "atanh", "sqrt", "sign", "floor", "erf", "erfc", "atan2",
        )
    }  # fmt: skip
    return {
        **plain,
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "neg": lambda a: -a,
        "ipow": lambda a, n: _power(a, sp.Integer(n)),
        "pow": _power,
        "cast": lambda a, dtype: a,
        "abs": sp.Abs,
        "ceil": sp.ceiling,
        "expm1": lambda a: sp.exp(a) - 1,
        "log1p": lambda a: sp.log(1 + a),
        "log2": lambda a: sp.log(a) / sp.log(2),
        "log10": lambda a: sp.log(a) / sp.log(10),
        "sigmoid": lambda a: 1 / (1 + sp.exp(-a)),
        "relu": lambda a: sp.Piecewise((a, a > 0), (0, True)),
        "maximum": sp.Max,
        "minimum": sp.Min,
        "hypot": lambda a, b: sp.sqrt(a**2 + b**2),
        "lt": sp.Lt,
        "le": sp.Le,
        "gt": sp.Gt,
        "ge": sp.Ge,
        "eq": sp.Eq,
        "ne": sp.Ne,
        "land": sp.And,
        "lor": sp.Or,
        "lnot": sp.Not,
        "select": lambda c, a, b: sp.Piecewise((a, c), (b, True)),
    }

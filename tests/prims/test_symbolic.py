"""Partial derivatives against SymPy, to thirty digits; the documented formulas as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sympy

from gradc.adjoint.reverse import reverse
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Kind
from gradc.ir.types import F64
from gradc.prims.document import functions_page
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE

x, y, a, b = sympy.symbols("x y a b", real=True)

# name -> (symbols, expression); what is missing here has no elementary derivative to compare with
MEANINGS = {
    "add": ((a, b), a + b),
    "sub": ((a, b), a - b),
    "neg": ((a,), -a),
    "mul": ((a, b), a * b),
    "div": ((a, b), a / b),
    "pow": ((x, y), x**y),
    "sqrt": ((x,), sympy.sqrt(x)),
    "log": ((x,), sympy.log(x)),
    "exp": ((x,), sympy.exp(x)),
    "expm1": ((x,), sympy.exp(x) - 1),
    "log1p": ((x,), sympy.log(1 + x)),
    "log2": ((x,), sympy.log(x) / sympy.log(2)),
    "log10": ((x,), sympy.log(x) / sympy.log(10)),
    "sin": ((x,), sympy.sin(x)),
    "cos": ((x,), sympy.cos(x)),
    "tan": ((x,), sympy.tan(x)),
    "asin": ((x,), sympy.asin(x)),
    "acos": ((x,), sympy.acos(x)),
    "atan": ((x,), sympy.atan(x)),
    "sinh": ((x,), sympy.sinh(x)),
    "cosh": ((x,), sympy.cosh(x)),
    "tanh": ((x,), sympy.tanh(x)),
    "asinh": ((x,), sympy.asinh(x)),
    "acosh": ((x,), sympy.acosh(x)),
    "atanh": ((x,), sympy.atanh(x)),
    "cbrt": ((x,), sympy.sign(x) * sympy.Abs(x) ** sympy.Rational(1, 3)),
    "sigmoid": ((x,), 1 / (1 + sympy.exp(-x))),
    "abs": ((x,), sympy.Abs(x)),
    "atan2": ((y, x), sympy.atan2(y, x)),
    "hypot": ((a, b), sympy.sqrt(a**2 + b**2)),
    "logaddexp": ((a, b), sympy.log(sympy.exp(a) + sympy.exp(b))),
    "erf": ((x,), sympy.erf(x)),
    "erfc": ((x,), sympy.erfc(x)),
}
# piecewise, or with a parameter: compared with differences in test_table.py
PIECEWISE = {"ipow", "mod", "relu", "maximum", "minimum", "clip", "select", "cast"}

CASES = [
    pytest.param(name, point, id=f"{name}-{index}")
    for name in MEANINGS
    for index, point in enumerate(TABLE[name].at)
]


def test_every_smooth_function_is_compared():
    smooth = {
        record.name
        for record in TABLE.values()
        if record.pointwise and record.kind is not Kind.CONSTANT
    }
    assert smooth - PIECEWISE == set(MEANINGS)


@pytest.mark.parametrize(("name", "point"), CASES)
def test_partials_are_those_of_sympy(name, point):
    symbols, meaning = MEANINGS[name]
    builder = Builder()
    params = [builder.value(F64, symbol.name) for symbol in symbols]
    function = Function(name, builder.close(params, (builder.emit(TABLE[name], params),)))
    found = evaluate(reverse(function, range(len(params))), point)[1:]
    exact = {symbol: sympy.Rational(*value.as_integer_ratio()) for symbol, value in
             zip(symbols, map(float, point), strict=True)}  # fmt: skip
    for symbol, partial in zip(symbols, found, strict=True):
        wanted = sympy.diff(meaning, symbol).subs(exact)
        assert partial == pytest.approx(float(sympy.N(wanted.doit(), 30)), rel=4e-15, abs=4e-16)


@pytest.mark.parametrize(("name", "point"), CASES)
def test_documented_formulas_are_right(name, point):
    symbols, meaning = MEANINGS[name]
    names = {symbol.name: symbol for symbol in symbols}
    names |= {"cbrt": lambda v: sympy.sign(v) * sympy.Abs(v) ** sympy.Rational(1, 3)}
    names |= {"sigmoid": lambda v: 1 / (1 + sympy.exp(-v)), "out": meaning}
    names |= {"hypot": lambda u, v: sympy.sqrt(u**2 + v**2)}
    stated = sympy.sympify(TABLE[name].formula, locals=names)
    stated = stated if isinstance(stated, (tuple, sympy.Tuple)) else (stated,)
    at = dict(zip(symbols, point, strict=True))
    for symbol, formula in zip(symbols, stated, strict=True):
        wanted = sympy.diff(meaning, symbol).subs(at).doit()
        assert float(sympy.sympify(formula).subs(at)) == pytest.approx(float(wanted), rel=1e-12)


def test_the_page_of_functions_is_up_to_date():
    page = Path(__file__).parents[2] / "docs" / "functions.md"
    assert page.read_text() == functions_page(), "run `make docs`"


def test_constants_stay_constant():
    for record in TABLE.values():
        if record.kind is Kind.CONSTANT:
            assert record.partials is None
            assert record.transpose is None
    assert np.sign(0.0) == 0.0

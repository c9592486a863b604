"""SymPy expressions: the value is kept, the structure is readable, the rest is refused."""

import time

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy.abc import x, y, z

from gradc.errors import GradTypeError, UnsupportedFunctionError
from gradc.frontend.sympy_import import FUNCTIONS, from_sympy
from gradc.ir.printer import to_text
from gradc.ir.verify import verify
from gradc.prims.evaluate import evaluate

R = sympy.Rational


def value_of(expr: sympy.Expr, point: dict[sympy.Symbol, float]) -> float:
    parsed = from_sympy(expr, list(point))
    verify(parsed.function)
    (value,) = evaluate(parsed.function, list(point.values()))
    return float(value)


def prims_of(expr: sympy.Expr) -> list[str]:
    return [op.prim.name for op in from_sympy(expr, [x, y]).function.ops]


EXPRESSIONS = [
    (2 * x + 3 * y) ** 2 + 3,
    x / sympy.sqrt(y) - 1,
    -x / 3 + R(3, 2) * y,
    sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi),
    sympy.sin(x * y) ** 2 + x * sympy.cos(x * y) ** 2,
    sympy.Piecewise((sympy.sqrt(x), x > 2), (x * sympy.sin(y), y > 0), (0, True)),
    sympy.Piecewise((1, sympy.Or(x < 0, sympy.Not(sympy.Eq(x, y)))), (y, True)),
    sympy.Piecewise((x, sympy.ITE(x > 1, y > 1, y > 0)), (y, True)),
    sympy.Max(x, y, 1) - sympy.Min(x, 2 * y, 3),
    x ** R(1, 3) * y**-2,
    x**y,
    sympy.pi**x + sympy.E**y + sympy.E,
    (x + y) / (x - y) ** 3,
    -1 / (x * y),
    1 / sympy.sqrt(x),
    2 - x,
    -x - y,
    sympy.log(x, 10),
    sympy.Mod(7 * x, 2),
    sympy.Float("0.1") * x,
    sympy.Integer(3),
    x,
    R(10) ** 400 / R(10) ** 399 * x,
]


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_value_is_that_of_sympy(expr):
    point = {x: 1.25, y: 0.75}
    assert value_of(expr, point) == pytest.approx(float(expr.subs(point)), rel=1e-14)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function(name):
    function = getattr(sympy, name)
    arity = 2 if name in ("Max", "Min", "Mod", "atan2") else 1
    symbols = [x, y][:arity]
    point = dict(zip(symbols, (1.75 if name == "acosh" else 0.75, 0.5), strict=False))
    expected = float(function(*point.values()))
    assert value_of(function(*symbols), point) == pytest.approx(expected, rel=1e-14)


def test_ir_reads_like_the_expression():
    text = to_text(from_sympy(x / sympy.sqrt(y) - 1, [x, y]).function)
    assert text == (
        "def formula(x: f64, y: f64):\n"
        "    sqrt: f64 = sqrt(y)\n"
        "    div: f64 = div(x, sqrt)\n"
        "    c: f64 = const(dtype='f64', value=1.0)\n"
        "    sub: f64 = sub(div, c)\n"
        "    return (sub,)\n"
    )


def test_what_occurs_twice_is_computed_once():
    shared = sympy.sin(x * y)
    assert prims_of(sympy.exp(shared) + shared) == ["mul", "sin", "exp", "add"]


def test_shared_structure_takes_time_in_proportion():
    expr = x
    for _ in range(40):
        expr = expr * expr + expr
    before = time.process_time()
    assert len(from_sympy(expr, x).function.ops) < 1000
    assert time.process_time() - before < 5


def test_only_the_piece_that_holds_is_computed():
    expr = sympy.Piecewise((sympy.log(x), x > 0), (sympy.sqrt(-x), True))
    assert prims_of(expr) == ["const", "gt", "if_"]
    assert prims_of(sympy.Piecewise((x, x > 0), (0, True))) == ["const", "gt", "select"]


def test_a_part_of_one_piece_is_not_used_in_another():
    inner = sympy.sin(x)
    expr = sympy.Piecewise((inner + 1, x > 1), (inner - 1, True)) + inner
    for at in (0.5, 1.5):
        assert value_of(expr, {x: at}) == pytest.approx(float(expr.subs(x, at)), rel=1e-14)


def test_symbols_come_first_then_the_rest_by_name():
    parsed = from_sympy(z * y * x, [z])
    assert parsed.names == ("z", "x", "y")
    assert parsed.wrt == ("z",)


def test_one_symbol_or_a_name_is_enough():
    assert from_sympy(x**2, x).wrt == ("x",)
    assert from_sympy(x**2, "x").wrt == ("x",)


def test_a_symbol_need_not_occur():
    assert from_sympy(x**2, [x, y]).names == ("x", "y")


def test_no_symbols_means_all():
    assert from_sympy(x * y, []).wrt == ("x", "y")


def test_names_become_python_names():
    symbols = sympy.symbols("lambda x_{1} x^{1} 1st \\alpha")
    parsed = from_sympy(sum(symbols), symbols)
    assert parsed.names == ("lambda_", "x_1", "x_1_2", "x1st", "alpha")


REFUSED = {
    "three": (
        sympy.Heaviside(x) + sympy.gamma(x) + sympy.I * x,
        "<sympy>:1: there is no rule for complex numbers\n"
        "  hint: only functions of real numbers are differentiated\n"
        "<sympy>:1: there is no rule for Heaviside\n"
        f"  hint: known are {', '.join(FUNCTIONS)}\n"
        "<sympy>:1: there is no rule for gamma\n"
        f"  hint: known are {', '.join(FUNCTIONS)}\n"
        "3 problems",
    ),
    "infinite": (
        x + sympy.oo * y,
        "<sympy>:1: there is no rule for `oo`\n  hint: only finite numbers belong here",
    ),
    "huge": (
        sympy.Integer(10) ** 400 * x,
        "<sympy>:1: a part of `100000000000000000000000000000000000000…` is infinite as a "
        "64-bit float\n"
        "  hint: this part has no variable in it: it is computed once and must come out finite",
    ),
    "integral": (
        sympy.Integral(sympy.sin(x) / x, x),
        "<sympy>:1: there is no rule for Integral",
    ),
    "open piecewise": (
        sympy.Piecewise((x, x > 0)),
        "<sympy>:1: there is no rule for Piecewise without a last case\n"
        "  hint: end it with `(expression, True)`",
    ),
    "undefined": (
        sympy.Function("f")(x),
        f"<sympy>:1: there is no rule for f\n  hint: known are {', '.join(FUNCTIONS)}",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusal_names_what_has_no_rule(case):
    expr, message = REFUSED[case]
    with pytest.raises(UnsupportedFunctionError) as caught:
        from_sympy(expr, [x, y])
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("expr", "symbols", "message"),
    [
        (3, [x], "a SymPy expression belongs here, not builtins.int"),
        ("x**2", [x], "a SymPy expression belongs here, not builtins.str"),
        (sympy.Matrix([x]), [x], "not sympy.matrices.dense.MutableDenseMatrix"),
        (sympy.Eq(x, y), [x], "not sympy.core.relational.Equality"),
        (x, [x + y], "`symbols` holds `x + y`, no symbol"),
        (x, [x, x], "the symbol `x` is given twice"),
        (sympy.Integer(3), [], "there is no symbol to differentiate with respect to"),
    ],
)
def test_refused_arguments(expr, symbols, message):
    with pytest.raises(GradTypeError, match="from_sympy: ") as caught:
        from_sympy(expr, symbols)
    assert message in str(caught.value)


def test_nesting_without_end_is_refused():
    expr = x
    for _ in range(2000):
        expr = sympy.sin(expr, evaluate=False)
    with pytest.raises(UnsupportedFunctionError, match="nested too deeply"):
        from_sympy(expr, x)


LEAVES = st.sampled_from([x, y, sympy.Integer(2), R(-3, 2), sympy.pi])
FORMS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, b: a - b, inner, inner),
        st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, b: a / (b**2 + 1), inner, inner),
        st.builds(sympy.sin, inner),
        st.builds(lambda a: sympy.sqrt(a**2 + 1), inner),
        st.builds(lambda a, b: sympy.Piecewise((a, x > y), (b, True)), inner, inner),
    ),
    max_leaves=8,
)


@settings(max_examples=50)
@given(FORMS, st.floats(-2, 2), st.floats(-2, 2))
def test_any_expression_keeps_its_value(expr, first, second):
    point = {x: round(first, 3), y: round(second, 3)}
    expected = float(expr.subs({key: R(str(at)) for key, at in point.items()}).evalf(30))
    assert np.isclose(value_of(expr, point), expected, rtol=1e-9, atol=1e-9)

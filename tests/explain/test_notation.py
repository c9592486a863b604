"""Notation: brackets where they belong, nothing that a person would leave out, valid MathML."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradc.explain.mathml import derivative, equation, mathml, value_math
from gradc.explain.notation import (
    ONE,
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
    choice,
    less,
    minus,
    number_text,
    over,
    plus,
    power,
    subscripted,
    times,
    to_text,
    value_text,
)

X, Y, TWO = Name("x"), Name("y"), Literal(2.0)


@pytest.mark.parametrize(
    ("expr", "text", "plain"),
    [
        (Infix("*", TWO, X), "2·x", "2*x"),
        (Infix("*", Infix("+", X, Y), X), "(x + y)·x", "(x + y)*x"),
        (Infix("-", X, Infix("-", Y, X)), "x - (y - x)", "x - (y - x)"),
        (Infix("-", Infix("-", X, Y), X), "x - y - x", "x - y - x"),
        (Power(Infix("+", X, Y), TWO), "(x + y)²", "(x + y)**2"),
        (Power(X, Literal(-3.0)), "x⁻³", "x**-3"),
        (Power(X, Literal(0.5)), "x^0.5", "x**0.5"),
        (Power(X, Infix("+", X, Y)), "x^(x + y)", "x**(x + y)"),
        (Power(Minus(X), TWO), "(-x)²", "(-x)**2"),
        (Minus(Power(X, TWO)), "-x²", "-x**2"),
        (Minus(Infix("+", X, Y)), "-(x + y)", "-(x + y)"),
        (Power(Power(X, TWO), TWO), "(x²)²", "(x**2)**2"),
        (Fraction(X, Y), "x/y", "x/y"),
        (Fraction(X, Infix("*", TWO, Y)), "x / (2·y)", "x / (2*y)"),
        (Infix("*", Fraction(X, Y), X), "x/y·x", "x/y*x"),
        (Infix("*", TWO, Literal(-3.0)), "2·(-3)", "2*(-3)"),
        (Call("sqrt", (X,)), "√x", "sqrt(x)"),
        (Call("sqrt", (Infix("+", X, Y),)), "√(x + y)", "sqrt(x + y)"),
        (Call("abs", (X,)), "|x|", "abs(x)"),
        (Call("sum", (X,), "axis 0"), "sum(x, axis 0)", "sum(x, axis 0)"),
        (Infix("@", Transposed(X), Name("y", bar=True)), "xᵀ @ y_bar", "x.T @ y_bar"),
        (Choice(Infix(">", X, Y), X, Choice(Infix("==", X, Y), Y, TWO)),
         "x if x > y else y if x = y else 2", "x if x > y else y if x == y else 2"),
        (Infix("+", Choice(Infix(">", X, Y), X, Y), ONE),
         "(x if x > y else y) + 1", "(x if x > y else y) + 1"),
        (Element(X, ("i", ":")), "x[i, :]", "x[i, :]"),
        (Element(X, ("0",), Y, adds=True), "x with [0] += y", "x with [0] += y"),
        (Name("pi"), "π", "pi"),
        (Infix("and", Infix("<=", X, Y), Infix("!=", X, Y)), "x ≤ y and x ≠ y",
         "x <= y and x != y"),
    ],
)  # fmt: skip
def test_text(expr, text, plain):
    assert to_text(expr) == text
    assert to_text(expr, ascii_only=True) == plain
    plain.encode("ascii")


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (times(ONE, X), X),
        (times(X, Literal(-1.0)), Minus(X)),
        (times(X, TWO), Infix("*", TWO, X)),
        (times(X, X), Power(X, TWO)),
        (times(Minus(X), Minus(Y)), Infix("*", X, Y)),
        (times(X, Fraction(ONE, Y)), Fraction(X, Y)),
        (plus(X, Minus(Y)), Infix("-", X, Y)),
        (plus(Literal(0.0), X), X),
        (less(X, Minus(Y)), Infix("+", X, Y)),
        (less(Literal(2.5), ONE), Literal(1.5)),
        (minus(minus(X)), X),
        (over(X, ONE), X),
        (over(Minus(X), Y), Minus(Fraction(X, Y))),
        (power(X, ONE), X),
        (choice(Infix("==", TWO, Literal(0.0)), X, Y), Y),
        (choice(Infix("and", Infix("==", X, Y), Infix("==", TWO, ONE)), X, Y), Y),
        (choice(Infix(">", X, Y), X, X), X),
    ],
)
def test_what_a_person_would_leave_out(made, expected):
    assert made == expected


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2.0, "2"),
        (-0.5, "-0.5"),
        (math.pi, "3.14159"),
        (1234567.0, "1234567"),
        (123456789.0, "1.23457e+08"),
        (1.5e-9, "1.5e-09"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
    ],
)
def test_numbers(number, text):
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.True_, "true"),
        (np.float32(0.5), "0.5"),
        (np.array([1.0, 2.5]), "[1, 2.5]"),
        (np.ones((3, 4)), "3×4, norm 3.464"),  # noqa: RUF001
        (np.arange(12).reshape(3, 4), "3×4"),  # noqa: RUF001
        (np.zeros(0), "[]"),
    ],
)
def test_values(value, text):
    assert value_text(value) == text


def test_numbers_of_names_are_set_low():
    assert subscripted("x1") == "x₁"
    assert subscripted("p_12") == "p₁₂"
    assert subscripted("x") == "x"
    assert subscripted("layer_w1") == "layer_w₁"


# --- MathML ---------------------------------------------------------------------------------------


def tree_of(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup)


def text_of(markup: str) -> str:
    return "".join(tree_of(markup).itertext())


@pytest.mark.parametrize(
    ("expr", "inner"),
    [
        (Name("x1"), "<msub><mi>x</mi><mn>1</mn></msub>"),
        (Name("alpha"), "<mi>α</mi>"),  # noqa: RUF001
        (Power(Name("v3"), TWO),
         "<msubsup><mi>v</mi><mn>3</mn><mrow><mn>2</mn></mrow></msubsup>"),
        (Fraction(X, Y), "<mfrac><mrow><mi>x</mi></mrow><mrow><mi>y</mi></mrow></mfrac>"),
        (Call("sqrt", (X,)), "<msqrt><mi>x</mi></msqrt>"),
        (Literal(1.2e-7),
         "<mrow><mn>1.2</mn><mo>·</mo><msup><mn>10</mn><mrow><mrow><mo>−</mo><mn>7</mn>"  # noqa: RUF001
         "</mrow></mrow></msup></mrow>"),
    ],
)  # fmt: skip
def test_mathml(expr, inner):
    assert mathml(expr) == f"<math>{inner}</math>"


def test_a_fraction_needs_no_brackets_in_a_product():
    assert "(" not in text_of(mathml(Infix("*", TWO, Fraction(Infix("+", X, Y), X))))
    assert "(" in text_of(mathml(Power(Fraction(X, Y), TWO)))


def test_derivatives_and_values():
    assert text_of(equation(derivative("f", "x1"), TWO)) == "∂f∂x1=2"
    assert text_of(value_math(2.5)) == "2.5"
    assert value_math(np.ones((2, 2))) == "2×2, norm 2"  # noqa: RUF001


def test_hostile_names_are_escaped():
    markup = mathml(Call("<script>", (Name("<b>&"),), note="</math>"))
    assert "<script>" not in markup
    assert text_of(markup).endswith("(<b>&,</math>)")


NAMES = st.sampled_from(["x", "y1", "p_2", "alpha", "loss"])
SIGNS = st.sampled_from(["+", "-", "*", "@", "%", "<", "and"])
EXPRESSIONS: st.SearchStrategy[Expr] = st.recursive(
    st.one_of(st.builds(Name, NAMES, st.booleans()), st.builds(Literal, st.floats())),
    lambda inner: st.one_of(
        st.builds(Infix, SIGNS, inner, inner),
        st.builds(Minus, inner),
        st.builds(Power, inner, inner),
        st.builds(Fraction, inner, inner),
        st.builds(Choice, inner, inner, inner),
        st.builds(Transposed, inner),
        st.builds(lambda a: Call("sqrt", (a,)), inner),
        st.builds(lambda a, b: Element(a, ("i",), b), inner, inner),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_any_expression_is_well_formed(expr):
    assert tree_of(mathml(expr)).tag == "math"
    text = to_text(expr)
    assert text.count("(") == text.count(")")
    to_text(expr, ascii_only=True).encode("ascii")


ARITHMETIC: st.SearchStrategy[Expr] = st.recursive(
    st.one_of(st.just(X), st.just(Y), st.sampled_from([TWO, Literal(-3.0), Literal(0.5)])),
    lambda inner: st.one_of(
        st.builds(Infix, st.sampled_from(["+", "-", "*"]), inner, inner),
        st.builds(Minus, inner),
        st.builds(Fraction, inner, inner),
        st.builds(lambda base: Power(base, TWO), inner),
        st.builds(lambda a, b: Choice(Infix("<", a, b), a, b), inner, inner),
    ),
    max_leaves=10,
)


def meaning(expr: Expr, x: float, y: float) -> float:
    match expr:
        case Name(text):
            return {"x": x, "y": y}[text]
        case Literal(value):
            return value
        case Infix(symbol, left, right):
            a, b = meaning(left, x, y), meaning(right, x, y)
            return {"+": a + b, "-": a - b, "*": a * b, "<": float(a < b)}[symbol]
        case Minus(operand):
            return -meaning(operand, x, y)
        case Fraction(above, below):
            return meaning(above, x, y) / meaning(below, x, y)
        case Power(base, _):
            return meaning(base, x, y) ** 2
        case Choice(condition, then, otherwise):
            return meaning(then if meaning(condition, x, y) else otherwise, x, y)
    raise AssertionError(expr)


@given(ARITHMETIC)
def test_plain_text_means_what_the_tree_means(expr):
    """Brackets are where Python needs them: the text is Python."""
    x, y = 1.25, -0.75
    try:
        expected = meaning(expr, x, y)
    except ZeroDivisionError:
        return
    value = eval(to_text(expr, ascii_only=True), {}, {"x": x, "y": y})
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-9)

"""Formulas: what is read, as which IR, and what is refused with which words."""

import math

import pytest

from gradc.errors import ModelFileError
from gradc.frontend.formula import parse_formula
from gradc.frontend.formula_functions import CONSTANTS, FUNCTIONS
from gradc.frontend.formula_text import MAX_NESTING, MAX_OPERATORS
from gradc.ir.printer import to_text
from gradc.ir.types import F64
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.prims.evaluate import evaluate

# What a formula means, as Python says it.
PYTHON = {
    "relu": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "sign": lambda x: math.copysign(1.0, x),
    "mod": lambda a, b: a % b,
    "clip": lambda x, low, high: min(max(x, low), high),
    "logaddexp": lambda a, b: math.log(math.exp(a) + math.exp(b)),
    "abs": abs,
    "max": max,
    "min": min,
    "round": round,
    "ln": math.log,
    "arctan2": math.atan2,
    "maximum": max,
    "minimum": min,
    "power": pow,
}


def value_of(text: str, **point: float) -> float:
    parsed = parse_formula(text)
    verify(parsed.function)
    (result,) = evaluate(parsed.function, [point[name] for name in parsed.names])
    return float(result)


def refusal(text: object, wrt: object = None) -> str:
    with pytest.raises(ModelFileError) as caught:
        parse_formula(text, wrt)
    return str(caught.value)


# --- what is read -------------------------------------------------------------------------------


def test_lecture_formula_as_ir():
    parsed = parse_formula("(2*x1 + 3*x2)**2 + 3", wrt=("x1", "x2"))
    assert parsed.names == ("x1", "x2")
    assert parsed.wrt == ("x1", "x2")
    assert to_text(parsed.function, locations=True) == (
        "# files: <expression>\n"
        "def formula(x1: f64, x2: f64):\n"
        "    c: f64 = const(dtype='f64', value=2.0)  #@ 0!1:2\n"
        "    mul: f64 = mul(c, x1)  #@ 0!1:2\n"
        "    c_1: f64 = const(dtype='f64', value=3.0)  #@ 0!1:9\n"
        "    mul_1: f64 = mul(c_1, x2)  #@ 0!1:9\n"
        "    add: f64 = add(mul, mul_1)  #@ 0!1:2\n"
        "    ipow: f64 = ipow(add, n=2)  #@ 0!1:1\n"
        "    add_1: f64 = add(ipow, c_1)  #@ 0!1:1\n"
        "    return (add_1,)\n"
    )


def test_parameters_and_result_are_float64_scalars():
    function = verify(parse_formula("x*y - z").function)
    assert [param.type for param in function.params] == [F64] * 3
    assert all(param.named for param in function.params)
    assert [result.type for result in function.results] == [F64]


EXPRESSIONS = [
    "(2*x + 3*y)**2 + 3",
    "x - y - 2 - (x - y)",
    "x / y / 2 * 3",
    "-x**2",
    "(-x)**2",
    "2**-x",
    "x**y**0.5",
    "+x - -y",
    "x**-3 + x**0 + x**1",
    "x**(1/2) * y**2.5",
    "1_000.5e-3 * x + .5 + 2.",
    "x if x > y else y",
    "x*2 if x > y else y*3",
    "x if not (x < 0 or y < 0) and x != y else -y",
    "x + 1 if 0 < x < y <= 5 else y if x == 2 else 3",
    "(1 if x >= 1 else 0)*y",
    "1 if 2 > 1 else x",
]


@pytest.mark.parametrize("text", EXPRESSIONS)
@pytest.mark.parametrize("point", [(1.5, 2.25), (3.0, 0.5), (2.0, 2.0)])
def test_a_formula_means_what_python_means(text, point):
    x, y = point
    names = dict(zip(("x", "y"), point, strict=True))
    assert value_of(text, **names) == pytest.approx(eval(text, {}, {"x": x, "y": y}), rel=1e-15)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_means_what_its_name_says(name):
    known = FUNCTIONS[name]
    arguments = {1: (0.7,), 2: (0.7, 0.4), 3: (0.7, -0.5, 0.5)}[known.arity]
    if name in ("acosh", "arccosh"):
        arguments = (1.7,)
    plain = name.removeprefix("arc")
    spelling = name if plain == name else f"a{plain}"
    means = PYTHON.get(name) or getattr(math, spelling)
    names = "abc"[: known.arity]
    value = value_of(f"{name}({', '.join(names)})", **dict(zip(names, arguments, strict=True)))
    assert value == pytest.approx(means(*arguments), rel=1e-14)


def test_names_come_in_the_order_of_the_text():
    assert parse_formula("z*a + sin(m) - a").names == ("z", "a", "m")
    assert parse_formula("b if a > c else d").names == ("b", "a", "c", "d")


def test_names_asked_for_come_first():
    parsed = parse_formula("z*a + sin(m)", wrt=["m", "z"])
    assert parsed.names == ("m", "z", "a")
    assert parsed.wrt == ("m", "z")
    assert [param.name for param in parsed.function.params] == ["m", "z", "a"]


def test_one_name_may_be_asked_for_as_a_string():
    assert parse_formula("x1*x2", wrt="x1").wrt == ("x1",)


def test_without_a_choice_all_names_are_asked_for():
    assert parse_formula("x*y").wrt == ("x", "y")


@pytest.mark.parametrize("name", sorted(CONSTANTS))
def test_constants(name):
    assert value_of(f"{name}*x", x=2.0) == 2 * CONSTANTS[name]
    assert parse_formula(f"{name}*x").names == ("x",)


def test_a_constant_asked_for_is_a_variable():
    parsed = parse_formula("e*x", wrt=("e",))
    assert parsed.names == ("e", "x")


def test_power_of_e_is_the_exponential_function():
    names = [op.prim.name for op in parse_formula("e**(2*x)").function.ops]
    assert names == ["const", "mul", "exp"]


@pytest.mark.parametrize(
    ("text", "prims"),
    [
        ("x**2", ["ipow"]),
        ("x**2.0", ["ipow"]),
        ("x**-1", ["ipow"]),
        ("x**(3 - 1)", ["ipow"]),
        ("pow(x, 3)", ["ipow"]),
        ("x**1e6", ["const", "pow"]),
        ("x**(1/2)", ["const", "pow"]),
        ("2**x", ["const", "pow"]),
        ("x**y", ["pow"]),
    ],
)
def test_constant_integer_powers_are_products(text, prims):
    assert [op.prim.name for op in parse_formula(text).function.ops] == prims


def test_what_has_no_variable_is_computed_once():
    ops = parse_formula("x*(2*pi + sqrt(4)*log(e))").function.ops
    assert [op.prim.name for op in ops] == ["const", "mul"]
    assert ops[0].params["value"] == 2 * math.pi + 2


def test_only_the_chosen_arm_is_computed():
    function = parse_formula("sqrt(x) if x > 0 else 0*x").function
    assert [op.prim.name for op in function.ops] == ["const", "gt", "if_"]
    assert {op.prim.name for op in all_ops(function.body)} >= {"sqrt", "mul"}


def test_a_choice_between_given_values_is_a_selection():
    function = parse_formula("x if x > 0 else 0").function
    assert [op.prim.name for op in function.ops] == ["const", "gt", "select"]


def test_line_breaks_and_tabs_are_blanks():
    assert value_of("\n x\t+\r\n 1 \n", x=1.0) == 2.0


def test_long_sums_are_read():
    terms = MAX_OPERATORS + 1
    assert value_of("+".join(["x"] * terms), x=1.0) == terms


def test_deep_brackets_are_read():
    assert value_of("(" * MAX_NESTING + "x" + ")" * MAX_NESTING, x=3.0) == 3.0
    text = "".join(f"sin({i}*" for i in range(MAX_NESTING // 2)) + "x" + ")" * (MAX_NESTING // 2)
    assert math.isfinite(value_of(text, x=1.0))


# --- what is refused ----------------------------------------------------------------------------

REFUSED = {
    "": "<expression>: the formula is empty\n  hint: write one, such as `(2*x1 + 3*x2)**2 + 3`",
    " \n ": "<expression>: the formula is empty\n  hint: write one, such as `(2*x1 + 3*x2)**2 + 3`",
    "sinn(x)": """\
<expression>:1:1: there is no function `sinn`
    sinn(x)
    ^^^^
  hint: did you mean `sin`?""",
    "x + Exp(x)": """\
<expression>:1:5: there is no function `Exp`
    x + Exp(x)
        ^^^
  hint: did you mean `exp`?""",
    "x^2": """\
<expression>:1:2: `^` is no power in Python
    x^2
     ^
  hint: write `**`, as in `x**2`""",
    "9**9**9**9": """\
<expression>:1:4: `9**9**9` is infinite as a 64-bit float
    9**9**9**9
       ^^^^^^^
  hint: this part has no variable in it: it is computed once and must come out finite""",
    "x/(1 - 1)**-1": """\
<expression>:1:3: `(1 - 1)**-1` is infinite as a 64-bit float
    x/(1 - 1)**-1
      ^^^^^^^^^^^
  hint: this part has no variable in it: it is computed once and must come out finite""",
    "x + log(-1)": """\
<expression>:1:5: `log(-1)` is not a number as a 64-bit float
    x + log(-1)
        ^^^^^^^
  hint: this part has no variable in it: it is computed once and must come out finite""",
    "1e999*x": """\
<expression>:1:1: `1e999` is too large for a 64-bit float
    1e999*x
    ^^^^^
  hint: the largest is about 1.8e308""",
    "1e-999*x": """\
<expression>:1:1: `1e-999` is too small for a 64-bit float
    1e-999*x
    ^^^^^^
  hint: the smallest is about 4.9e-324""",
    "007*x": """\
<expression>:1:1: `007` has leading zeros
    007*x
    ^^^
  hint: write `7`""",
    "1__0*x": """\
<expression>:1:1: `1__0` is no number
    1__0*x
    ^^^^""",
    "2j*x": """\
<expression>:1:2: an operator is missing between `2` and `j`
    2j*x
     ^
  hint: there are no complex numbers; for a product write `2*j`""",
    "0x10*x": """\
<expression>:1:2: an operator is missing between `0` and `x10`
    0x10*x
     ^^^
  hint: for a product write `0*x10`""",
    "2x1 + 3(x2)": """\
<expression>:1:2: an operator is missing between `2` and `x1`
    2x1 + 3(x2)
     ^^
  hint: for a product write `2*x1`
<expression>:1:8: an operator is missing between `3` and `(`
    2x1 + 3(x2)
           ^
  hint: for a product write `3*(...)`
2 problems""",
    "__import__('os').system('x')": """\
<expression>:1:1: `__import__` is no name for a variable or a function here
    __import__('os').system('x')
    ^^^^^^^^^^
<expression>:1:12: text in quotes has no place in a formula
    __import__('os').system('x')
               ^^^^
<expression>:1:17: `.system` has no place in a formula
    __import__('os').system('x')
                    ^^^^^^^
  hint: attributes and methods are never looked up
<expression>:1:25: text in quotes has no place in a formula
    __import__('os').system('x')
                            ^^^
4 problems""",
    "np.sin(x)": """\
<expression>:1:3: `.sin` has no place in a formula
    np.sin(x)
      ^^^^
  hint: functions are called by their plain name: `sin`""",
    "lambda x: x": """\
<expression>:1:1: `lambda` is a word of Python and no name
    lambda x: x
    ^^^^^^
  hint: call it `lam`
<expression>:1:9: `:` has no place in a formula
    lambda x: x
            ^
2 problems""",
    "'abc'": """\
<expression>:1:1: text in quotes has no place in a formula
    'abc'
    ^^^^^""",
    "(y := x)": """\
<expression>:1:4: `:=` has no place in a formula
    (y := x)
       ^^
  hint: write the right-hand side alone""",
    "[x for x in y]": """\
<expression>:1:1: `[` has no place in a formula
    [x for x in y]
    ^
  hint: use round brackets; arrays need a Python function
<expression>:1:4: `for` is a word of Python and no name
    [x for x in y]
       ^^^
  hint: rename it
<expression>:1:10: `in` is a word of Python and no name
    [x for x in y]
             ^^
  hint: rename it
<expression>:1:14: `]` has no place in a formula
    [x for x in y]
                 ^
  hint: use round brackets; arrays need a Python function
4 problems""",
    "sin(x=1)": """\
<expression>:1:6: `=` has no place in a formula
    sin(x=1)
         ^
  hint: write the right-hand side alone; `==` compares""",
    "sin(*x)": """\
<expression>:1:5: `*` spreads nothing in a formula
    sin(*x)
        ^^""",
    "sin(**x)": """\
<expression>:1:7: `sin` takes no named arguments
    sin(**x)
          ^""",
    "x\0y": """\
<expression>:1:2: '\\x00' has no place in a formula
    x\ufffdy
     ^""",
    "x\N{SUPERSCRIPT TWO} + \N{GREEK SMALL LETTER PI}": """\
<expression>:1:2: `\N{SUPERSCRIPT TWO}` has no place in a formula
    x\N{SUPERSCRIPT TWO} + \N{GREEK SMALL LETTER PI}
     ^
  hint: write `**2`
<expression>:1:6: `\N{GREEK SMALL LETTER PI}` has no place in a formula
    x\N{SUPERSCRIPT TWO} + \N{GREEK SMALL LETTER PI}
         ^
  hint: write `pi`
2 problems""",
    "x + \N{RIGHT-TO-LEFT OVERRIDE}y": """\
<expression>:1:5: '\\u202e' has no place in a formula
    x + \ufffdy
        ^
  hint: names have letters a to z, 0 to 9 and _""",
    "(x": """\
<expression>:1:1: this bracket is never closed
    (x
    ^""",
    "x)": """\
<expression>:1:2: this bracket closes nothing
    x)
     ^""",
    "()*x": """\
<expression>:1:1: there is nothing between these brackets
    ()*x
    ^^""",
    "x +": """\
<expression>:1:3: the formula ends after `+`
    x +
      ^
  hint: a value is missing""",
    "x + * y": """\
<expression>:1:5: a value is missing between `+` and `*`
    x + * y
        ^""",
    "if x": """\
<expression>:1:1: `if` is not expected here
    if x
    ^^
  hint: a choice reads `a if x > 0 else b`""",
    "x, y": """\
<expression>:1:1: a formula has one value
    x, y
    ^^^^
  hint: the comma is no decimal point: `0.5`""",
    "x if y else 2": """\
<expression>:1:6: `y` is a number and no condition
    x if y else 2
         ^
  hint: compare it, as in `x > 0`""",
    "1if x > 0 else 2": """\
<expression>:1:2: a blank is missing before `if`
    1if x > 0 else 2
     ^^""",
    "x < 3": """\
<expression>:1:1: a comparison is true or false and no number
    x < 3
    ^^^^^
  hint: choose between numbers with it: `1 if x > 0 else 0`""",
    "sin + x": """\
<expression>:1:1: `sin` is a function
    sin + x
    ^^^
  hint: call it: `sin(...)`""",
    "x(x + 1)": """\
<expression>:1:1: `x` is a variable and no function
    x(x + 1)
    ^
  hint: for a product write `x*(...)`""",
    "max(x, y, 3)": """\
<expression>:1:1: `max` takes 2 arguments, not 3
    max(x, y, 3)
    ^^^^^^^^^^^^
  hint: nest them: `max(a, max(b, c))`""",
    "log(x, 10)": """\
<expression>:1:1: `log` takes 1 argument, not 2
    log(x, 10)
    ^^^^^^^^^^
  hint: for another base write `log(x)/log(base)`""",
    "x // 2 % 3": """\
<expression>:1:3: `//` has no place in a formula
    x // 2 % 3
      ^^
  hint: write `floor(a / b)`
<expression>:1:8: `%` has no place in a formula
    x // 2 % 3
           ^
  hint: write `mod(a, b)`
2 problems""",
    "3 + 4": "<expression>: there is no variable to differentiate with respect to",
    "True*x": """\
<expression>:1:1: `True` is no number
    True*x
    ^^^^""",
}


@pytest.mark.parametrize("text", REFUSED)
def test_refusal(text):
    assert refusal(text) == REFUSED[text]


@pytest.mark.parametrize("given", [None, 3, b"x", ["x"]])
def test_text_is_text(given):
    assert refusal(given) == f"<expression>: a formula is text, not {type(given).__name__}"


@pytest.mark.parametrize(
    ("wrt", "message"),
    [
        (
            ("x1", "y"),
            "wrt: `y` does not occur in the formula\n  hint: its variables are `x1`, `x2`",
        ),
        (("x11",), "wrt: `x11` does not occur in the formula\n  hint: did you mean `x1`?"),
        ((), "wrt: no name is given\n  hint: leave it out to take all of them"),
        (("x1", "x1"), "wrt: `x1` is given twice"),
        (("sin", "x1"), "wrt: `sin` is a function and no variable"),
        ((1,), "wrt: `1` is no name\n  hint: names are strings"),
    ],
)
def test_refused_choice_of_names(wrt, message):
    assert refusal("x1*x2", wrt) == message

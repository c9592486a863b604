"""Which rule gave which line."""

import numpy as np
import pytest

import gradc
from gradc.driver import compile_function
from gradc.errors import GradTypeError
from gradc.explain.lines import explain_lines
from gradc.explain.program import ProgramLine, of_source, program_lines
from gradc.frontend.formula import parse_formula
from gradc.ir.parser import parse_text
from gradc.options import Options
from gradc.prims.table import TABLE

PROGRAM = '''\
"""Made by hand."""

def f_grad(x, n):
    p = 1.0
    for i in range(n):
        p = p * x
    p_bar = 1.0
    for i in range(n):  # line 5: for i in range(n):
        x_bar += p_bar
        p_bar = p_bar * x
    q_bar = 2.0  # helper.py, line 3: q = 2 * x
    x_bar += q_bar
    x_bar += 1.0  # line 8: y = p + x
    return x_bar
'''


def test_lines_of_a_program_know_their_source():
    sources = [line.source for line in program_lines(PROGRAM)]
    assert sources == [None] * 7 + [5, 5, 5, None, None, 8, None]


def test_lines_of_one_source_line():
    lines = program_lines(PROGRAM)
    assert of_source(lines, 5) == (
        "    for i in range(n):",
        "        x_bar += p_bar",
        "        p_bar = p_bar * x",
    )
    assert of_source(lines, 8) == ("    x_bar += 1.0",)
    assert of_source(lines, 99) == ()
    assert lines[0] == ProgramLine('"""Made by hand."""', None)


def explained(function, wrt=(0,)) -> str:
    return explain_lines(compile_function(function, "grad", wrt, Options()), wrt)


def test_a_formula_is_explained():
    text = explained(parse_formula("(2*x1 + 3*x2)**2 + 3").function, (0, 1))
    assert text.startswith("formula_grad: from formula (<expression>:1:1)\n\n")
    assert "line 1: (2*x1 + 3*x2)**2 + 3\n" in text
    assert "    linearity rule: mul, derivative (b, a)\n" in text
    assert "    monomial rule: ipow, derivative n*x**(n - 1)\n" in text
    assert "x1_bar" in text


LINES = """\
# files: model.py
def f(x: f64, a: f64):
    t: f64 = exp(a)  #@ 0!2:9
    u: f64 = mul(t, x)  #@ 0!3:9
    v: f64 = tanh(u)  #@ 0!3:5
    return (v,)
"""


def test_each_source_line_has_its_rules():
    text = explained(parse_text(LINES, TABLE))
    assert "model.py:2\n    constant rule: nothing here depends on what is differentiated" in text
    assert (
        "model.py:3\n    linearity rule: mul, derivative (b, a)\n"
        "    chain rule: tanh, derivative 1 - tanh(x)**2\n"
    ) in text
    assert text.index("model.py:2") < text.index("model.py:3")


def recurrence(x, n):
    p = 1.0
    for _ in range(n):
        q = np.sin(p) * np.exp(x)
        p = p * x + q * q
    return p


def of_line(text):
    import inspect

    lines, first = inspect.getsourcelines(recurrence)
    gradient = gradc.grad(recurrence, target="python")
    gradient(1.5, 3)
    return gradient.explain(next(first + k for k, line in enumerate(lines) if text in line))


def test_one_line_with_what_its_derivative_needs():
    said = of_line("p = p * x")
    assert said.count("line ") == 2  # the line itself, and the loop
    assert "linearity rule: mul" in said
    assert "x is still there: it is an argument" in said
    assert (
        "p, as an iteration finds it, was recorded in p_tape, a number for each iteration" in said
    )
    assert "carries it on, so it cannot be computed from what is still there" in said
    assert "q is computed again, which costs little" in said or "q was recorded" in said


def test_a_line_where_nothing_is_computed():
    gradient = gradc.grad(recurrence, target="python")
    gradient(1.5, 3)
    with pytest.raises(GradTypeError, match="nothing is computed on line 1; there is something on"):
        gradient.explain(1)

"""The derivation in the terminal: exact text, widths, colour and its absence."""

import io

import pytest
from rich.console import Console

from gradc.explain.terminal import MOST_ROWS, derivation_text, print_derivation
from tests.explain.samples import formula, lecture, power

LECTURE_TEXT = """\
f = (2·x1 + 3·x2)² + 3
at x1 = 1, x2 = 3

Forward pass  from the inputs to the result
 node     is                         value
───────────────────────────────────────────
 x1       input                          1
 x2       input                          3
 v1       2·x1                           2
 v2       3·x2                           9
 v3       v1 + v2                       11
 v4       v3²                          121
 v5 = f   v4 + 3                       124

Backward pass  from df/df = 1 to the inputs
 node   cotangent   rule        local derivative        incoming × local
─────────────────────────────────────────────────────────────────────────
 v5             1   linearity   dv5/dv4 = 1             1 × 1 = 1
                    constant    3 passes nothing back
 v4             1   monomial    dv4/dv3 = 2·v3 = 22     1 × 22 = 22
 v3            22   linearity   dv3/dv1 = 1             22 × 1 = 22
                                dv3/dv2 = 1             22 × 1 = 22
 v2            22   linearity   dv2/dx2 = 3             22 × 3 = 66
 v1            22   linearity   dv1/dx1 = 2             22 × 2 = 44
 x1            44
 x2            66

Gradient
  df/dx1 = 8·x1 + 12·x2 = 44
  df/dx2 = 12·x1 + 18·x2 = 66

Rules
  constant   what does not depend on the variables passes nothing back
  linearity  d(a·u + b·v) = a·du + b·dv
  monomial   d(uⁿ) = n·uⁿ⁻¹·du
  chain      df = df/du·du: incoming times local, added over all uses

""".replace("×", "\N{MULTIPLICATION SIGN}")  # noqa: RUF001


def test_the_lecture():
    assert derivation_text(lecture(), width=80) == LECTURE_TEXT


HARD = "sqrt(x)*tanh(x*y)**2/(1 + exp(-z*x)) + max(x, y)*log(z) if x > 0 else x**3"


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_lines_fit(width):
    text = derivation_text(formula(HARD, 1.23456789, 3.1, 2.7), width)
    assert max(map(len, text.splitlines())) <= width
    assert "df/dx" in text


def test_the_final_gradient_has_all_its_digits():
    text = derivation_text(formula("sin(x)", 1.0))
    assert "df/dx = cos(x) = 0.5403023059" in text


def test_without_a_point():
    text = derivation_text(formula("x**2 + 3"))
    assert "value" not in text
    assert "cotangent" not in text
    assert "dv1/dx = 2·x" in text
    assert "df/dx = 2·x\n" in text


def test_very_long_tables_are_cut():
    derivation = formula("+".join(f"x*{k}" for k in range(1, 90)), 1.0)
    assert len(derivation.nodes) > 2 * MOST_ROWS
    text = derivation_text(derivation)
    assert "rows more" in text
    assert len(text.splitlines()) < 2 * MOST_ROWS + 40


def test_brackets_in_values_are_no_markup():
    text = derivation_text(power(1.1, 2))
    assert "x" in text
    file = io.StringIO()
    print_derivation(power(1.1, 2), Console(file=file, width=80, markup=True, color_system=None))
    assert [line.rstrip() for line in file.getvalue().splitlines()] == text.splitlines()


def test_a_loop_shows_its_body_and_rules():
    text = derivation_text(power(1.001, 300))
    assert "for i in range(n)" in text
    assert "p = p*x  (linearity rule)" in text


def printed(monkeypatch, **environment: str) -> str:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    file = io.StringIO()
    print_derivation(lecture(), Console(file=file, width=80, force_terminal=True))
    return file.getvalue()


def test_colour_on_a_terminal(monkeypatch):
    assert "\x1b[" in printed(monkeypatch, TERM="xterm-256color")


def test_no_colour_when_asked(monkeypatch):
    text = printed(monkeypatch, TERM="xterm-256color", NO_COLOR="1")
    assert "\x1b[3" not in text  # bold is no colour and stays
    assert "df/dx1" in text


def test_a_pipe_gets_plain_text(capsys):
    print_derivation(lecture())
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "df/dx2 = 12·x1 + 18·x2 = 66" in out


def test_a_terminal_without_unicode_gets_ascii():
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    print_derivation(lecture(), Console(file=file, width=80))
    file.flush()
    text = raw.getvalue().decode("ascii")
    assert "dv4/dv3 = 2*v3 = 22" in text
    assert "monomial   d(u**n) = n*u**(n-1)*du" in text
    assert "1 * 22 = 22" in text

"""The page: one file that needs nothing else, with everything on it, and safe to open."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from gradc.explain.derivation import derive, derive_function
from gradc.explain.html import derivation_html, highlighted, save_html
from gradc.explain.svg import MOST_NODES, graph_svg
from gradc.frontend.formula import parse_formula
from tests.explain.pages import checked
from tests.explain.samples import LECTURE, MLP, formula, function_of, lecture, power


@pytest.fixture(scope="module")
def page() -> str:
    return derivation_html(derive(parse_formula(LECTURE), (1, 3)))


def test_the_page_needs_nothing_else(page):
    checked(page)
    assert page.startswith("<!DOCTYPE html>")
    assert "default-src 'none'" in page


def test_the_page_follows_the_scheme_of_its_reader(page):
    assert "@media (prefers-color-scheme: dark)" in page


def graph_texts(svg: str) -> dict[str, list[str]]:
    """The texts of each node, by its name: forward value, name, expression, backward value."""
    tree = ElementTree.fromstring(svg)
    nodes = [g for g in tree.iter("g") if "node" in g.get("class", "")]
    rows = [[text.text or "" for text in g.iter("text")] for g in nodes]
    return {row[1]: [*row[:1], *row[2:]] for row in rows}


def test_values_stand_on_the_nodes():
    assert graph_texts(graph_svg(lecture())) == {
        "x₁": ["1", "44"],
        "x₂": ["3", "66"],
        "v₁": ["2", "2·x₁", "22"],
        "v₂": ["9", "3·x₂", "22"],
        "v₃": ["11", "v₁ + v₂", "22"],
        "v₄": ["121", "v₃²", "1"],
        "v₅ = f": ["124", "v₄ + 3", "1"],
    }


def test_forward_values_are_above_backward_values():
    tree = ElementTree.fromstring(graph_svg(lecture()))
    for group in tree.iter("g"):
        rows = {text.get("class"): float(text.get("y")) for text in group.iter("text")}
        assert rows["value"] < rows["name"] < rows["bar"]


def test_edges_carry_local_derivatives():
    tree = ElementTree.fromstring(graph_svg(lecture()))
    labels = sorted(t.text[1:] for t in tree.iter("text") if t.get("class") == "local")
    assert labels == ["1", "1", "1", "2", "22", "3"]
    assert len([p for p in tree.iter("path") if "edge" in p.get("class", "")]) == 6


def test_everything_of_the_lecture_is_on_the_page(page):
    text = " ".join("".join(checked(page).text).split())
    for rule in ("linearity", "monomial", "constant", "chain"):
        assert rule in text
    assert "∂f∂x1=8\u2062x1+12\u2062x2 = 44" in text
    assert "∂f∂x2=12\u2062x1+18\u2062x2 = 66" in text
    assert "def formula_value_and_grad(x1, x2):" in text
    assert LECTURE in text


def test_program_lines_are_linked_to_the_source(page):
    assert page.count('class="l linked s1"') >= 2
    assert ".pair:has(.s1:hover) .s1" in page


@pytest.mark.parametrize(
    "derivation",
    [
        formula(LECTURE),
        formula("sqrt(x)*tanh(x*y) + z if x > 0 and y != 2 else x**3", 1.0, 3.0, 2.0),
        formula("x**2 if x > 0 else 0"),
        formula("1/x", 0.0),
        formula("log(x)", -1.0),
        formula("+".join(f"sin(x{k})*x{(k + 1) % 9}" for k in range(9)), *range(9)),
        power(1.1, 3),
        power(1.001, 300),
        derive_function(function_of(MLP), [0, 1]),
        derive_function(
            function_of(MLP),
            [0, 1],
            [np.ones((3, 4)), np.ones(4), np.ones((5, 3)), np.ones((5, 4)), 5, 4],
        ),
    ],
    ids=["formula", "branch", "piece", "pole", "nan", "large", "loop", "long", "mlp", "mlp-at"],
)
def test_every_page_is_well_formed(derivation):
    page = derivation_html(derivation)
    checked(page)
    for math in re.findall(r"<math.*?</math>", page, re.DOTALL):
        ElementTree.fromstring(math)
    ElementTree.fromstring(graph_svg(derivation))


def test_a_tangle_is_not_drawn():
    derivation = formula("+".join(f"x*{k}" for k in range(1, 100)), 1.0)
    assert len(derivation.nodes) > MOST_NODES
    assert graph_svg(derivation) is None
    assert "<svg" not in derivation_html(derivation)


def test_a_page_without_program_has_no_program():
    assert "Generated program" not in derivation_html(lecture())


def test_hostile_text_is_escaped():
    program = 'def f():  # line 1: </pre><script>alert("x")</script>\n    return "<b>"\n'
    page = derivation_html(lecture(program))
    assert "<script>" not in page
    assert "<b>" not in page
    checked(page)


def test_highlighting_keeps_the_text():
    text = 'def f(x):\n    """Doc\n    more."""\n    return x**2.5  # why & how\n'
    lines = highlighted(text)
    plain = [re.sub(r"<.*?>", "", str(line)) for line in lines]
    assert "\n".join(plain) == text.replace("&", "&amp;").replace('"', "&quot;")
    assert '<span class="keyword">return</span>' in lines[3]
    assert '<span class="number">2.5</span>' in lines[3]
    assert '<span class="comment"># why &amp; how</span>' in lines[3]
    assert all('<span class="string">' in line for line in lines[1:3])


def test_text_that_is_no_python_is_shown_all_the_same():
    for text in ("x^2 + (", "alpha + 007 $", "def f(:\n  f''"):
        shown = [re.sub(r"<.*?>", "", str(line)) for line in highlighted(text)]
        assert "\n".join(shown).replace("&#x27;", "'") == text


def test_the_page_is_written_whole(tmp_path):
    path = save_html(lecture(), tmp_path / "page.html")
    assert path.read_text("utf-8").rstrip().endswith("</html>")
    assert list(tmp_path.iterdir()) == [path]

"""Parentheses, literals and names in generated text."""

import ast
import keyword
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradc.emit.names import RESERVED, Names, identifier
from gradc.emit.text import Expr, integer, literal, pieces, quoted, template
from gradc.errors import InternalError
from gradc.ir.types import DType

TEMPLATES = [
    "{0} + {1}",
    "{0} - {1}",
    "{0} * {1}",
    "{0} / {1}",
    "{0} // {1}",
    "{0}**{1}",
    "-{0}",
    "not {0}",
    "{0} and {1}",
    "{0} or {1}",
    "{0} < {1}",
    "{1} if {0} else {2}",
    "np.where({0}, {1}, {2})",
    "1 / (1 + np.exp(-{0}))",
    "min(max({0}, {1}), {2})",
]


def tree(rng: random.Random, depth: int) -> tuple[Expr, str]:
    """A random expression as we write it, and with parentheses everywhere."""
    if depth == 0:
        number = literal(rng.choice([0.5, -2.0, 1e-9]), DType.F64, typed=False)
        return rng.choice([(Expr("x"), "(x)"), (number, f"({number.text})")])
    text = rng.choice(TEMPLATES)
    parts = [tree(rng, rng.randrange(depth)) for _ in range(3)]
    ours = template(text).fill([part for part, _ in parts], {})
    return ours, "(" + text.format(*(full for _, full in parts)) + ")"


class FlatLogic(ast.NodeTransformer):
    """``(a and b) and c`` is ``a and b and c``."""

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        flat = []
        for value in node.values:
            same = isinstance(value, ast.BoolOp) and type(value.op) is type(node.op)
            flat += value.values if same else [value]
        return ast.BoolOp(node.op, flat)


def meaning(text: str) -> str:
    return ast.dump(FlatLogic().visit(ast.parse(text, mode="eval")))


@given(st.integers(0, 2**32))
def test_parentheses_are_enough(seed):
    ours, full = tree(random.Random(seed), 5)
    assert meaning(ours.text) == meaning(full)


@pytest.mark.parametrize(
    ("text", "args", "expected"),
    [
        ("{0} - {1}", ["a", "b - c"], "a - (b - c)"),
        ("{0} - {1}", ["a - b", "c"], "a - b - c"),
        ("{0} * {1}", ["a + b", "-c"], "(a + b) * -c"),
        ("{0}**{1}", ["-a", "b"], "(-a)**b"),
        ("np.exp({0})", ["a if b else c"], "np.exp(a if b else c)"),
        ("not {0}", ["a and b"], "not (a and b)"),
        ("{1} if {0} else {2}", ["a", "b", "c if d else e"], "b if a else c if d else e"),
    ],
)
def test_parentheses_are_not_too_many(text, args, expected):
    levels = {"-c": "-{0}", "-a": "-{0}"}
    parts = []
    for arg in args:
        form = template(levels.get(arg, arg))
        parts.append(Expr(arg, form.level))
    assert template(text).fill(parts, {}).text == expected


def test_a_template_must_be_an_expression():
    with pytest.raises(InternalError, match="is no expression"):
        template("{0} +")


@pytest.mark.parametrize(
    ("value", "dtype", "typed", "expected"),
    [
        (2, DType.F64, True, "np.float64(2.0)"),
        (0.1, DType.F32, False, "0.1"),
        (0.1, DType.F32, True, "np.float32(0.1)"),
        (-0.0, DType.F64, False, "-0.0"),
        (float("inf"), DType.F64, False, "np.inf"),
        (float("-inf"), DType.F32, True, "np.float32(-np.inf)"),
        (float("nan"), DType.F64, False, "np.nan"),
        (-3, DType.INT, True, "-3"),
        (1, DType.BOOL, True, "True"),
    ],
)
def test_literals(value, dtype, typed, expected):
    assert literal(value, dtype, typed=typed).text == expected


def test_a_negative_number_is_no_atom():
    assert integer(-2).at(integer(2).level) == "(-2)"


@given(st.text(max_size=60))
def test_quoted_text_reads_back(text):
    assert ast.literal_eval(quoted(text)) == text


@given(st.text(max_size=200), st.integers(20, 60))
def test_pieces_are_the_whole(text, width):
    cut = pieces(text, width)
    assert "".join(cut) == text
    assert all(len(part) <= width for part in cut)


@given(st.text(min_size=1))
def test_every_name_becomes_legal(name):
    made = identifier(name)
    assert made.isidentifier()
    assert not keyword.iskeyword(made)
    assert made not in RESERVED


def test_users_names_are_kept_and_not_taken():
    names = Names(["x_1", "t1"])
    assert names.claim("x") == "x"
    assert names.suggest("x") == "x_2"
    assert names.temporary() == "t2"
    assert names.claim("t1") == "t1"
    assert names.claim("x_1") == "x_1"
    assert names.claim("lambda") == "lambda_"
    assert names.claim("np") == "np_"
    assert names.claim("wrap") == "wrap_"
    assert names.claim("ϑ") == "θ"

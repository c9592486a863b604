"""Formulas: absurd text is refused at once, and any text is read or refused."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradc.errors import ModelFileError
from gradc.frontend.formula import parse_formula
from gradc.frontend.formula_text import MAX_LENGTH
from gradc.ir.verify import verify
from gradc.prims.evaluate import evaluate


def refusal(text: str) -> str:
    with pytest.raises(ModelFileError) as caught:
        parse_formula(text)
    return str(caught.value)


ELSEWHERE = "\n  hint: write it as a Python function and name that: model.py:function"
ABSURD = {
    "long": (
        "x+" * 500_000,
        "<expression>: the formula has 1000000 characters; "
        f"at most {MAX_LENGTH} are read{ELSEWHERE}",
    ),
    "deep brackets": (
        "(" * 10**5 + "x" + ")" * 10**5,
        "<expression>: the formula has 200001 "
        f"characters; at most {MAX_LENGTH} are read{ELSEWHERE}",
    ),
    "brackets": ("(" * 4000 + "x" + ")" * 4000, "brackets are nested more than 50 deep"),
    "signs": ("-" * 900 + "x", "operators are nested more than 50 deep"),
    "nots": ("1 if " + "not " * 900 + "x > 0 else 2", "operators are nested more than 50 deep"),
    "powers": ("**".join(["x"] * 900), "operators are nested more than 50 deep"),
    "choices": ("x if x > 0 else " * 300 + "x", "operators are nested more than 50 deep"),
    "sum": ("+".join(["x"] * 5000), "the formula has more than 1000 operators"),
    "power tower": ("9**" * 40 + "9", "is infinite as a 64-bit float"),
    "digits": ("9" * 9000, "is too large for a 64-bit float"),
    "foreign": ("\N{GREEK SMALL LETTER ALPHA} " * 4000, "20 problems"),
    "unclosed": ("(x+" * 40, "20 problems"),
    "quotes": ("'" * 9000, "20 problems"),
    "name": ("x" * 9000, "a name has at most 60 characters, not 9000"),
    "arguments": ("max(" + "x," * 4000 + "x)", "the formula has more than 1000 operators"),
}


@pytest.mark.parametrize("case", ABSURD)
def test_absurd_text_is_refused_at_once(case):
    text, expected = ABSURD[case]
    before = time.process_time()
    message = refusal(text)
    assert time.process_time() - before < 5.0  # bounded: seconds of work, not minutes
    assert expected in message
    assert len(message) < 12_000


@given(
    st.text(
        alphabet=st.sampled_from("xyz19.e+-*/%()^,<=>!&|~ '\"\\\0\n:[]{}#@;jπ²_if else"),
        max_size=60,
    )
)
def test_any_text_is_read_or_refused(text):
    parsed = None
    try:
        parsed = parse_formula(text)
    except ModelFileError as error:
        message = str(error)
    if parsed is None:
        assert message.startswith("<expression>")
        return
    verify(parsed.function)
    (value,) = evaluate(parsed.function, np.ones(len(parsed.names)))
    assert np.shape(value) == ()

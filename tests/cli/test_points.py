"""Reading ``--at`` and ``--types``: numbers and lists, no code, every mistake with its place."""

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradc.cli.points import PointError, as_array, check_names, parse_point
from gradc.cli.types import ArgumentType, parse_types
from gradc.errors import GradTypeError


def refusal(text: str) -> str:
    with pytest.raises(PointError) as caught:
        parse_point(text)
    return str(caught.value)


def test_numbers_and_lists():
    text = "x1=1, x2 = -2.5e3,x=[1, 2.5,[]], t=True,f=False,big=inf,n=-nan, d=.5, e=[[1],[2],]"
    point = parse_point(text.replace("-nan", "nan"))
    assert math.isnan(point.pop("n"))
    assert point == {
        "x1": 1,
        "x2": -2500.0,
        "x": [1, 2.5, []],
        "t": True,
        "f": False,
        "big": math.inf,
        "d": 0.5,
        "e": [[1], [2]],
    }
    assert isinstance(point["x1"], int)
    assert isinstance(point["x2"], float)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--at, column 1: a name belongs here, as in x=1\n    \n    ^"),
        ("1", "--at, column 1: a name belongs here, as in x=1\n    1\n    ^"),
        ("x", "--at, column 2: '=' and a value for x belong here\n    x\n     ^"),
        ("x=", "--at, column 3: a number or a list in brackets belongs here\n    x=\n      ^"),
        (
            "x=1 y=2",
            "--at, column 5: a comma and the next name belong here\n    x=1 y=2\n        ^",
        ),
        ("x=1,", "--at, column 5: a name belongs here, as in x=1\n    x=1,\n        ^"),
        ("x=1,x=2", "--at, column 5: x is given twice\n    x=1,x=2\n        ^"),
        ("x=[1", "--at, column 5: a comma or ']' belongs here\n    x=[1\n        ^"),
        (
            "x=1_0",
            "--at, column 3: a number or a list in brackets belongs here\n    x=1_0\n      ^",
        ),
        ("x=1+1", "--at, column 4: a comma and the next name belong here\n    x=1+1\n       ^"),
        ("x=1e999", "--at, column 3: this number is too large for a float\n    x=1e999\n      ^"),
        ("x=y", "--at, column 3: a number or a list in brackets belongs here\n    x=y\n      ^"),
        (
            f"x={2**63}",
            "--at, column 3: this integer does not fit in 64 bits; write it as a float\n"
            f"    x={2**63}\n      ^",
        ),
    ],
)
def test_refused(text, message):
    assert refusal(text) == message


def test_code_is_not_run():
    assert "column 3" in refusal("x=__import__('os').system('true')")


@pytest.mark.parametrize("text", ["x=" + "[" * 100_000, "x=" + "1" * 100_000, "x" * 10**6])
def test_huge_texts_are_refused_soon_and_shown_in_part(text):
    started = time.process_time()
    assert len(refusal(text)) < 200
    assert time.process_time() - started < 5


def test_long_text_is_cut_around_the_place():
    message = refusal("x=1," * 1 + "y=[" + "1," * 1000 + "?" + "]" * 50)
    assert "column 2008" in message
    shown, caret = message.splitlines()[1:]
    assert len(shown) < 100
    assert shown[caret.index("^")] == "?"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        point = parse_point(text)
    except PointError:
        return
    assert point


@given(st.dictionaries(st.sampled_from("abc"), st.floats(allow_nan=False), min_size=1))
def test_floats_come_back(point):
    assert parse_point(",".join(f"{name}={value!r}" for name, value in point.items())) == point


def test_names_are_checked_together():
    with pytest.raises(PointError) as caught:
        check_names({"x": 1, "weigth": 2}, ["x", "weight", "bias"], "loss")
    assert str(caught.value) == (
        "--at: no value for weight, bias of loss\n"
        "--at: loss has no argument weigth; did you mean weight?"
    )
    check_names({"x": 1}, ["x"], "loss")


def test_arrays():
    assert as_array("x", [[1, 2], [3, 4]], "float64").shape == (2, 2)
    assert as_array("x", 3).dtype == "int64"
    with pytest.raises(PointError, match="the lists of x do not have one length each axis"):
        as_array("x", [[1, 2], [3]])


# -- types ---------------------------------------------------------------------------------------


def test_types():
    assert parse_types("f64[:], f64") == (ArgumentType("float64", 1), ArgumentType("float64"))
    assert parse_types("f32[:,:],i64 , bool") == (
        ArgumentType("float32", 2),
        ArgumentType("int64"),
        ArgumentType("bool"),
    )
    assert str(ArgumentType("float32", 2)) == "float32[:, :]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "--types, item 1: '' is no type; write f64, f64[:] or f64[:, :]"),
        ("f64,", "--types, item 2: '' is no type; write f64, f64[:] or f64[:, :]"),
        ("f64[", "--types, item 1: 'f64[' is no type; write f64, f64[:] or f64[:, :]"),
        ("f64[3]", "--types, item 1: 'f64[3]' is no type; write f64, f64[:] or f64[:, :]"),
        ("f64[]", "--types, item 1: 'f64[]': each axis is a colon, as in f64[:, :]"),
        ("f64[: :]", "--types, item 1: 'f64[: :]': each axis is a colon, as in f64[:, :]"),
        (
            "f16",
            "--types, item 1: there is no element type 'f16'; there are f64, f32, i64 and bool",
        ),
        (f"f64[{','.join(':' * 9)}]", "--types, item 1: an array has at most 8 axes"),
        ("f" * 10**6, "--types: 1000000 characters; 2000 are plenty"),
    ],
)
def test_wrong_types(text, message):
    with pytest.raises(GradTypeError) as caught:
        parse_types(text)
    assert str(caught.value) == message

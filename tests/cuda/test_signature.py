"""The text that says what a kernel takes and returns."""

import numpy as np
import pytest

from gradc_runtime.cuda_signature import Parameter, bind_sizes, parse


def test_parameters():
    assert parse("x: f64[samples], W: f32[samples, n, 3], k: i64, größe: b1") == (
        Parameter("x", np.dtype(np.float64), ("samples",)),
        Parameter("W", np.dtype(np.float32), ("samples", "n", 3)),
        Parameter("k", np.dtype(np.int64), ()),
        Parameter("größe", np.dtype(np.bool_), ()),
    )
    assert parse("") == ()


@pytest.mark.parametrize("text", ["x", "x: f16", "x: f64[", "x: f64 y: f64", "1 + 1"])
def test_what_is_no_parameter(text):
    with pytest.raises(ValueError, match="no parameter of a kernel"):
        parse(text)


def test_sizes():
    arguments = parse("x: f64[samples, n], y: f64[n, 3], k: i64")
    known = bind_sizes(arguments, [(5, 2), (2, 3), ()])
    assert known == {"samples": 5, "n": 2}
    (result,) = parse("out: f64[samples, 4, n]")
    assert result.sizes(known) == (5, 4, 2)


@pytest.mark.parametrize(
    ("shapes", "text"),
    [
        ([(5, 2), (4, 3)], "y has size 4 along axis 0, x has 2 there"),
        ([(5, 2), (2, 4)], "y has size 4 along axis 1, not 3"),
        ([(5,), (2, 3)], "x has one axis, not 2 axes"),
        ([(), (2, 3)], "x has no axes, not 2 axes"),
    ],
)
def test_sizes_that_do_not_fit(shapes, text):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole text is compared
        bind_sizes(parse("x: f64[samples, n], y: f64[n, 3]"), shapes)
    assert str(error.value) == text

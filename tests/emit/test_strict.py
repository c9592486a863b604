"""Text that machine code would punish does not pass unnoticed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.emit.strict import run_strictly

TEXT = """
import numpy as np

from gradc_runtime.jit import kernel


@kernel("f8[::1]")
def f(x):
    out = np.empty(2)
    for i in range({first}, 2):
        {statement}
    return out
"""


def run(statement: str, first: int = 0) -> np.ndarray:
    (out,) = run_strictly(TEXT.format(statement=statement, first=first), "f", [np.ones(2)])
    return out


def test_arguments_stay_and_results_are_plain():
    x = np.ones(2)
    (out,) = run_strictly(TEXT.format(statement="x[i] += i; out[i] = x[i]", first=0), "f", [x])
    assert type(out) is np.ndarray
    assert out.tolist() == [1.0, 2.0]
    assert x.tolist() == [1.0, 1.0]


def test_what_was_not_written_is_no_number():
    assert math.isnan(run("out[i] = x[i]", first=1)[0])


@pytest.mark.parametrize("statement", ["out[i] = x[i - 1]", "out[i - 1] = x[i]"])
def test_an_index_below_zero_is_an_error(statement):
    with pytest.raises(IndexError, match="an index is -1"):
        run(statement)

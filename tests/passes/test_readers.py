"""What reads an array as it was comes before the op that makes its next version."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

import gradc
from gradc.passes.base import Context
from gradc.passes.inplace import InPlace
from gradc.passes.readers import Readers
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import apply, assert_same_bits, check, parse, unchanged

START = """
    def f(a: f64[n], b: f64[n], k: i64(k), n: i64(n), c: b1):
        zero: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        x: f64[n] = copy(a)
        y: f64[n] = copy(b)
"""
UPDATE = """
        with if_(c) as ():
            v: f64 = get(x, one, spec=('at',))
            x_1: f64[n] = put(x, v, zero, spec=('at',))
            yield_(x_1)
        with else_() as ():
            yield_(x)
        x_2: f64[n] = outs()
"""
READER = """
        with for_(zero, n, one, y) as (i, y_1):
            i: i64(i)
            w: f64 = get(x, i, spec=('at',))
            y_2: f64[n] = add_at(y_1, w, i, spec=('at',))
            yield_(y_2)
        y_3: f64[n] = outs()
"""
END = """
        return (x_2, y_3)
"""


def program(*parts: str) -> str:
    return "".join(part.rstrip() for part in parts) + "\n"


def test_a_loop_that_reads_comes_first():
    before = program(START, UPDATE, READER, END)
    function = check(before, program(START, READER, UPDATE, END), Readers())
    args = [np.arange(3.0), np.ones(3), 1, 3, True]
    for ours, theirs in zip(evaluate(function, args), evaluate(parse(before), args), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_what_it_needs_comes_along():
    needed = """
        y_0: f64[n] = put(y, one_f, one, spec=('at',))
    """
    start = program(START, "\n        one_f: f64 = const(dtype='f64', value=1.0)")
    reader = READER.replace("one, y)", "one, y_0)")
    check(
        program(start, UPDATE, needed, reader, END),
        program(start, needed, reader, UPDATE, END),
        Readers(),
    )


@pytest.mark.parametrize(
    "parts",
    [
        # needs the new version
        (UPDATE, READER.replace("w: f64 = get(x, i", "w: f64 = get(x_2, i")),
        (UPDATE, "\n        y_0: f64[n] = add(x_2, y)", READER.replace("one, y)", "one, y_0)")),
        # the update reads what the loop would have written over
        (UPDATE.replace("get(x, one", "get(y, one"), READER),
        # so does what stands between
        (UPDATE, "\n        t: f64 = get(y, one, spec=('at',))", READER),
        # the loop may raise another error than the branch does
        (
            UPDATE.replace("v: f64 = get(x, one", "j: i64(j) = wrap(k, n, line=1)\n            "
                           "v: f64 = get(x, j"),
            READER.replace("w: f64 = get(x, i", "j_1: i64(j_1) = wrap(k, n, line=2)\n            "
                           "w: f64 = get(x, j_1"),
        ),
    ],
)  # fmt: skip
def test_what_stays_behind(parts):
    end = END.replace("y_3)", "y_3, t)") if "t: f64" in parts[1] else END
    unchanged(program(START, *parts, end), Readers())


def test_what_is_returned_is_copied_anyway():
    unchanged(program(START, UPDATE, READER, END.replace("y_3)", "y_3, x)")), Readers())


@given(program=ir_programs())
def test_random_programs(program):
    result = apply(program.function, Readers())
    assert_same_bits(evaluate(result, program.args), evaluate(program.function, program.args))
    assert len(_copies(result)) <= len(_copies(program.function))


def _copies(function):
    kept = InPlace()
    made = kept.run(function, Context())
    return [op for op in made.body.ops if op.prim.name == "copy"]


def permuted(x, n):
    """The adjoint of the product runs with it, and reads the places before they are swapped."""
    places = np.arange(len(x))
    total = 0.0
    for i in range(n):
        product = 1.0
        for k in range(len(x) - 1):
            product *= x[places[k]]
        total += product
        if i % 2 == 0:
            kept = places[0]
            places[0] = places[i % len(x)]
            places[i % len(x)] = kept
    return total


def test_a_permutation_is_not_copied():
    gradient = gradc.grad(permuted, target="python", style="loops")
    x = np.array([0.3, -1.2, 0.8, 1.1])
    assert "copy" not in gradient.derivative_for((x, 5), {})[1].compiled.text("loops")
    gradient.check(x, 5)

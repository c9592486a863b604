"""Powers that a loop records are computed from those of some iterations before."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.passes.base import Context
from gradc.passes.progressions import Progressions
from gradc.prims.evaluate import evaluate
from tests.passes.helpers import apply, parse, unchanged

PROGRAM = """
    def f(x: f64[n], q: f64, p0: f64, n: i64(n), first: i64(first)):
        one: i64(1) = const(dtype='i64', value=1)
        zero: i64(0) = const(dtype='i64', value=0)
        z: f64 = const(dtype='f64', value=0.0)
        two: i64(2) = const(dtype='i64', value=2)
        t: f64[n] = zeros(n, dtype='f64')
        with for_({range}, t, p0, z) as (j, t_1, p, s):
            j: i64(j)
            x_j: f64 = get({read}, {place}, spec=('at',))
            t_2: f64[n] = put(t_1, {kept}, j, spec=('at',))
            v: f64 = mul(x_j, p)
            s_1: f64 = {sum}
            p_1: f64 = mul(p, {factor})
            yield_(t_2, p_1, s_1)
        t_3: f64[n]; p_2: f64; s_2: f64 = outs()
        return ({results})
"""
USUAL = {
    "range": "first, n, one",
    "read": "x",
    "place": "j",
    "kept": "p",
    "sum": "add(s, v)",
    "factor": "q",
    "results": "t_3, s_2",
}


def program(**changed: str) -> str:
    return PROGRAM.format(**USUAL | changed)


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 70, 200])
@pytest.mark.parametrize("first", [0, 3])
@pytest.mark.parametrize("factor", [0.9, -1.1, 1.0, 0.0])
def test_the_same_powers(size, first, factor):
    before = parse(program())
    after = apply(before, Progressions())
    assert after is not before
    given = [np.cos(np.arange(size)), factor, 1.5, size, first]
    for found, wanted in zip(evaluate(after, given), evaluate(before, given), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-13)


EXTREMES = [
    (1e-12, 1e300),
    (1e12, 1e-300),
    (1e200, 0.0),
    (1e-200, 1e300),
    (-1e9, 5e-324),
    (0.5, 5e-324),
    (0.5, np.inf),
    (np.inf, 1.0),
    (np.nan, 1.0),
    (1.0, np.nan),
    (1e-9, 1e308),
    (1.0000001, 1e308),
]


@pytest.mark.parametrize(("factor", "start"), EXTREMES)
def test_numbers_at_the_ends_of_the_range(factor, start):
    """What is zero, infinite or no number is so in the same places."""
    before = parse(program())
    after = apply(before, Progressions())
    given = [np.ones(90), factor, start, 90, 0]
    with np.errstate(all="ignore"):
        found, wanted = (evaluate(each, given)[0] for each in (after, before))
    normal = np.abs(wanted) > 1e-300
    np.testing.assert_array_equal(np.isfinite(found), np.isfinite(wanted))
    np.testing.assert_allclose(found[normal], wanted[normal], rtol=1e-13)
    np.testing.assert_allclose(found[~normal], wanted[~normal], atol=1e-300)


@pytest.mark.parametrize(
    "changed",
    [
        {"kept": "x_j"},  # the powers are not recorded
        {"factor": "x_j"},  # another factor in each iteration
        {"results": "t_3, s_2, p_2"},  # the last one is wanted
        {"read": "t_1", "place": "zero"},  # the table is read meanwhile
        {"sum": "mul(s, v)"},  # the sum has to wait all the same
        {"range": "first, n, two"},
        {"sum": "mul(x_j, p)"},  # there is no sum
    ],
)
def test_what_stays(changed):
    unchanged(program(**changed), Progressions())


def least_squares(x, points):
    total = 0.0
    for i in range(len(points)):
        residual = 1.0
        power = 1.0
        for j in range(len(x)):
            residual -= x[j] * power
            power *= points[i]
        total += residual * residual
    return total


@pytest.mark.parametrize("size", [5, 40, 65])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gradient(size, dtype):
    rng = np.random.default_rng(size)
    x, points = rng.normal(size=size).astype(dtype), np.linspace(-1, 1, 9).astype(dtype)
    gradient = gradc.grad(least_squares)
    found = gradient(x, points)
    assert "_tape[j - 32] * far" in gradient.source
    table = np.vander(points.astype(np.float64), size, increasing=True)
    wanted = 2.0 * table.T @ (table @ x - 1.0)
    tolerance = 1e-12 if dtype is np.float64 else 2e-4
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


def test_nothing_to_do_without_loops():
    function = parse("""
        def f(x: f64):
            y: f64 = exp(x)
            return (y,)
    """)
    assert Progressions().run(function, Context()) is function

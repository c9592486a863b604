"""What a loop picks is differentiated in the iteration that it was picked in."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

import gradc
from gradc import driver
from gradc.adjoint.reverse import reverse
from gradc.driver import READ, run_passes
from gradc.ir.verify import verify
from gradc.passes.base import Context
from gradc.passes.winners import Winners
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import assert_close, check, unchanged

CHOSEN = """
def f(x: f64[n], n: i64(n), first: f64):
    c: i64(0) = const(dtype='i64', value=0)
    c_1: i64(1) = const(dtype='i64', value=1)
    with for_(c, n, c_1, first) as (i, m):
        e: f64 = get(x, i, spec=('at',))
        beats: b1 = gt(e, m)
        m_1: f64 = select(beats, e, m)
        yield_(m_1)
    m_2: f64 = outs()
    return (m_2,)
"""


def running_maximum(x):
    largest = x[0]
    for i in range(1, len(x)):
        largest = max(largest, x[i])
    return largest


def running_minimum_of_sums(x):
    smallest = math.inf
    for i in range(len(x)):
        total = 0.0
        for j in range(len(x)):
            total += (x[i] - 0.25 * j) * (x[i] - 0.25 * j)
        smallest = min(smallest, total)
    return smallest


def from_above(x):
    largest = 1.5
    for i in range(len(x)):
        largest = np.maximum(2.0 * x[i] + 0.25 * x[i], largest)
    return largest * largest


def chosen(x):
    best, place = x[0], 0
    for i in range(1, len(x)):
        if x[i] * x[i] > best:
            best, place = x[i] * x[i], i
    return best * x[place]


def last_positive(x):
    kept = x[0]
    for i in range(len(x)):
        kept = x[i] * x[i] if x[i] > 0.0 else kept
    return kept


def two_at_once(x):
    low, high = x[0], x[0]
    for i in range(1, len(x)):
        low = min(low, x[i])
        high = max(high, x[i])
    return (high - low) * high


FUNCTIONS = [
    running_maximum,
    running_minimum_of_sums,
    from_above,
    chosen,
    last_positive,
    two_at_once,
]
POINTS = {
    "apart": [0.3, 2.0, -1.0, 0.7, -0.2],
    "two": [0.3, 2.0, -1.0, 2.0, 0.7],
    "three": [2.0, 0.5, 2.0, 2.0, -1.0],
    "all": [0.5, 0.5, 0.5, 0.5],
    "rising": [-1.0, 0.1, 0.4, 2.5],
    "nan": [0.3, math.nan, 2.0, -1.0],
    "nan last": [0.3, 2.0, math.nan],
    "nan first": [math.nan, 2.0, 0.5],
    "infinite": [0.3, math.inf, -math.inf, math.inf],
    "one": [0.8],
    "zeros": [0.0, -0.0, 0.0],
}


def of_tape(monkeypatch: pytest.MonkeyPatch, function):
    """The gradient made without the pass."""
    with monkeypatch.context() as patch:
        patch.setattr(driver, "BEFORE_REVERSE", "dce")
        gradient = gradc.value_and_grad(function, target="python")
        gradient(np.ones(3))
    return gradient


@pytest.mark.parametrize("function", FUNCTIONS)
def test_value_and_gradient_are_those_of_the_tape(function, monkeypatch):
    theirs = of_tape(monkeypatch, function)
    compiled = function in (running_maximum, running_minimum_of_sums, chosen)
    ours = gradc.value_and_grad(function, target="cpu" if compiled else "python")
    for name, point in POINTS.items():
        x = np.array(point)
        with np.errstate(all="ignore"):
            for found, wanted in zip(ours(x), theirs(x), strict=True):
                np.testing.assert_allclose(found, wanted, rtol=1e-12, err_msg=name)
    assert "_tape" not in ours.source


def test_the_second_derivative():
    x = np.array([0.3, 2.0, -1.0, 0.7])
    wanted = np.zeros((4, 4))
    wanted[1, 1] = 2.0 * (2.0 + 0.25) ** 2
    np.testing.assert_allclose(gradc.hessian(from_above)(x), wanted)
    inside = gradc.grad(lambda x: np.sum(gradc.grad(from_above)(x) * x))
    np.testing.assert_allclose(inside(x), [0.0, 4.0 * 2.0 * 2.25**2, 0.0, 0.0])


def test_what_an_iteration_chose_is_read_again():
    check(
        CHOSEN,
        """
        def f(x: f64[n], n: i64(n), first: f64):
            c: i64(0) = const(dtype='i64', value=0)
            c_1: i64(1) = const(dtype='i64', value=1)
            c_2: i64(1) = const(dtype='i64', value=1)
            before: i64(before) = sub(c, c_2)
            with for_(c, n, c_1, first, before) as (i, m, last):
                e: f64 = get(x, i, spec=('at',))
                beats: b1 = gt(e, m)
                m_1: f64 = select(beats, e, m)
                last_1: i64(last_1) = select(beats, i, last)
                yield_(m_1, last_1)
            m_2: f64; last_2: i64(last_2) = outs()
            found: b1 = ge(last_2, c)
            with if_(found):
                e_1: f64 = get(x, last_2, spec=('at',))
                yield_(e_1)
            with else_():
                yield_(first)
            m_3: f64 = outs()
            m_4: f64 = stand_in(m_2, m_3)
            return (m_4,)
        """,
        Winners(),
        names=False,
    )


@pytest.mark.parametrize(
    "changed",
    [
        ("e: f64 = get(x, i, spec=('at',))", "e: f64 = mul(m, m)"),  # depends on what is kept
        ("yield_(m_1)", "t: f64 = mul(m_1, m)\n        yield_(t)"),  # no choice
        ("for_(c, n, c_1, first)", "for_(c, n, n, first)"),  # steps of another size
    ],
)
def test_other_loops_stay(changed):
    unchanged(CHOSEN.replace(*changed), Winners())


def test_extrema_that_are_used_on_the_way_stay():
    def softmax_online(x):
        largest, total = x[0], 1.0
        for i in range(1, len(x)):
            before = largest
            largest = max(largest, x[i])
            total = total * math.exp(before - largest) + math.exp(x[i] - largest)
        return largest + math.log(total)

    gradient = gradc.grad(softmax_online, target="python")
    x = np.array(POINTS["apart"])
    np.testing.assert_allclose(gradient(x), np.exp(x) / np.sum(np.exp(x)))
    assert "largest_tape" in gradient.source


@settings(deadline=None, max_examples=40)
@given(ir_programs())
def test_random_programs(program):
    function = run_passes(program.function, READ)
    made = verify(Winners().run(function, Context()))
    assert_close(evaluate(made, program.args), evaluate(function, program.args))
    wrt = [i for i, param in enumerate(function.params) if param.type.is_float]
    scalars = [
        i for i, out in enumerate(function.results) if out.type.is_float and out.type.is_scalar
    ]
    adjoints = [verify(reverse(each, wrt, results=scalars)) for each in (made, function)]
    assert_close(*(evaluate(each, program.args) for each in adjoints))
    assert Winners().run(made, Context()) is made

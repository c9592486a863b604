"""Iterations of a reverse loop are passed over once the cotangent that it hands on is zero."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

import gradc
from gradc import driver
from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.ir.verify import verify
from gradc.passes.base import Context
from gradc.passes.skip_zeros import SkipZeros
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import assert_close


def running_maximum(x):
    largest = x[0]
    for i in range(1, len(x)):
        largest = max(largest, x[i])
    return largest + np.sum(x * x)


def last_positive(x):
    kept = 0.0
    for i in range(len(x)):
        if x[i] > 0.0:
            kept = 2.0 * x[i]
    return kept + np.sum(x * x)


def decay(x):
    total = 0.0
    for i in range(len(x)):
        total = total * x[i] + 1.0
    return total


X = np.array([0.3, 2.0, -1.0, 2.0, 0.7, -0.2])


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (running_maximum, [0.0, 0.5, 0.0, 0.5, 0.0, 0.0]),
        (last_positive, [0.0, 0.0, 0.0, 0.0, 2.0, 0.0]),
    ],
)
@pytest.mark.parametrize("target", ["python", "cpu"])
def test_the_gradient_goes_to_what_was_chosen(function, wanted, target, monkeypatch):
    monkeypatch.setattr(driver, "BEFORE_REVERSE", "dce")
    gradient = gradc.grad(function, target=target)
    np.testing.assert_array_equal(gradient(X), 2.0 * X + wanted)
    # the other loop fills an array, whose zeros have to be written
    assert ("_bar != 0.0:" in gradient.source) == (function is running_maximum)


def test_a_cotangent_of_nan_is_not_passed_over():
    for function in (running_maximum, last_positive):
        _, pullback = gradc.vjp(function, X, target="python")
        (x_bar,) = pullback(math.nan)
        assert np.isnan(x_bar).all()


def test_zero_times_something_may_not_be_zero():
    gradient = gradc.grad(decay, target="python")
    np.testing.assert_allclose(gradient(X[:3]), [0.0, -1.0, 3.0])
    assert "!= 0.0" not in gradient.source
    assert np.isnan(gradient(np.array([0.5, math.inf, 0.0, 1.0]))).any()


@settings(deadline=None, max_examples=60)
@given(ir_programs(smooth=True))
def test_random_adjoints_keep_their_values(program):
    wrt = [i for i, p in enumerate(program.function.params) if p.type.is_float]
    adjoint = run_passes(reverse(program.function, wrt), "simplify,cse,dce")
    made = verify(SkipZeros().run(adjoint, Context()))
    assert_close(evaluate(made, program.args), evaluate(adjoint, program.args), rtol=1e-13)
    assert SkipZeros().run(made, Context()) is made

"""Optimisations switched off, over the functions of the zoo that have loops.

All of them off is what the others are compared with: all of them on, and one of them off, by turns.
"""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest

from gradc import driver
from gradc.driver import Options, emission_pipeline
from gradc.faces.containers import flatten
from gradc.faces.products import _Pullback, active_arguments
from tests.zoo import CASES

PASSES = ("induction", "checks", "licm", "jam", "rows", "zeros", "writes", "workspace")


def has_loops(case):
    source = inspect.getsource(case.fn) if inspect.isfunction(case.fn) else ""
    return active_arguments(case.args) and "for " in source


WITH_LOOPS = [
    pytest.param(case, PASSES[place % len(PASSES)], id=case.name)
    for place, case in enumerate(filter(has_loops, CASES))
]


def without(pipeline, switched_off):
    parts = pipeline.split(",")
    assert not switched_off or len(parts) > len(switched_off)
    return ",".join(part for part in parts if part not in switched_off)


def gradients(case, monkeypatch, switched_off):
    pipeline = without(emission_pipeline("loops", "python"), switched_off)
    with monkeypatch.context() as patched:
        for name in ("READ", "CLEAN_DERIVATIVE"):
            patched.setattr(driver, name, without(getattr(driver, name), switched_off))
        patched.setattr(driver, "emission_pipeline", lambda *options: pipeline)
        options = Options(target="python", cache=False)
        args = copy.deepcopy(case.args)
        pullback = _Pullback(case.fn, active_arguments(args), False, options)
        leaves, derivative = pullback.derivative_for(args, {})
        results = derivative.program.lowered.function.results
        values = flatten(case.fn(*copy.deepcopy(args)))[0]
        seeds = [
            np.ones(np.shape(values[k]), results[k].type.dtype.numpy)[()]
            for k in derivative.differentiated
        ]
        return flatten(derivative.gradients(derivative.run(leaves, seeds)))[0]


def test_all_of_them_are_in_the_pipelines():
    used = f"{driver.READ},{driver.CLEAN_DERIVATIVE},{emission_pipeline('loops', 'cpu')}".split(",")
    assert set(PASSES) <= set(used)


@pytest.mark.parametrize(("case", "one"), WITH_LOOPS)
def test_optimisations_keep_the_gradient(case, one, monkeypatch):
    wanted = gradients(case, monkeypatch, PASSES)
    for switched_off in ((), (one,)):
        found = gradients(case, monkeypatch, switched_off)
        for ours, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-12)

"""Gradients on numba's simulator against the CPU, and what is said when they cannot be had."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from tests.cuda.functions import SAMPLES, make_cases

ROOT = Path(__file__).resolve().parents[2]
CASES = make_cases()

pytest.importorskip("numba_cuda")


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What tests/cuda/simulated.py found, in one process for all tests."""
    environment = {
        **os.environ,
        "NUMBA_ENABLE_CUDASIM": "1",
        "GRADC_CACHE_DIR": str(tmp_path_factory.mktemp("cache")),
    }
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.cuda.simulated"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def array(told: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.array(told["values"], told["dtype"])


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_each_sample_is_as_on_the_cpu(simulated, number):
    case = CASES[number]
    value, bars = simulated["cases"][number]
    of_one = gradc.value_and_grad(case.function, case.argnums, target="python")
    single = any(getattr(arg, "dtype", None) == np.float32 for arg in case.args)
    tolerance = 1e-5 if single else 1e-12
    for sample in range(SAMPLES):
        wanted, wanted_bars = of_one(*case.sample(sample))
        np.testing.assert_allclose(array(value)[sample], wanted, rtol=tolerance, atol=tolerance)
        for bar, wanted_bar in zip(bars, wanted_bars, strict=True):
            found = array(bar)[sample]
            np.testing.assert_allclose(found, wanted_bar, rtol=tolerance, atol=tolerance)
    for told, number in zip(bars, case.argnums, strict=True):
        assert array(told).dtype == case.args[number].dtype
        assert array(told).shape == case.args[number].shape


@pytest.mark.parametrize("name", ["layer", "recurrent", "branches"])
def test_compiled_for_the_cpu_it_is_the_same(simulated, name):
    number = next(n for n, case in enumerate(CASES) if case.name == name)
    case, (value, bars) = CASES[number], simulated["cases"][number]
    of_one = gradc.value_and_grad(case.function, case.argnums)
    for sample in range(SAMPLES):
        wanted, wanted_bars = of_one(*case.sample(sample))
        np.testing.assert_allclose(array(value)[sample], wanted, rtol=1e-12)
        for bar, wanted_bar in zip(bars, wanted_bars, strict=True):
            np.testing.assert_allclose(array(bar)[sample], wanted_bar, rtol=1e-12, atol=1e-14)


def test_examples_of_the_guide(simulated):
    guide = simulated["guide"]
    assert not guide["failed"], guide["text"]
    assert guide["tried"] > 10


@pytest.fixture
def others(simulated) -> dict[str, Any]:
    return simulated["others"]


def test_device_arrays_stay_on_the_device(others):
    kind, told = others["on_device"]
    assert kind == "FakeCUDAArray"
    np.testing.assert_array_equal(array(told), array(others["grad"]))


def test_no_samples_give_no_results(others):
    assert array(others["no_samples"]).shape == (0,)


def test_arrays_that_are_not_contiguous(others):
    np.testing.assert_allclose(array(others["not_contiguous"]), np.full(4, 1.0 - np.exp(-1.0)))


def test_auxiliary_results_have_the_samples_too(others):
    (value, (total, larger)), bar = others["aux"]
    np.testing.assert_array_equal(array(value), np.full(4, 3.0))
    np.testing.assert_array_equal(array(total), np.full(4, 4.0))
    np.testing.assert_array_equal(array(larger), np.full(4, False))
    np.testing.assert_array_equal(array(bar), np.full(4, 3.0))


def test_second_derivative(others):
    np.testing.assert_array_equal(array(others["second"]), np.full(4, 12.0))


@pytest.mark.parametrize("name", ["formula", "formula_of_arrays"])
def test_formula(others, name):
    value, (bar,) = others[name]
    np.testing.assert_allclose(array(value), np.full(4, np.e * 2.0 / 3.0))
    np.testing.assert_allclose(array(bar), np.full(4, np.e * 2.0 / 3.0 + 1.0))


@pytest.mark.parametrize(
    ("name", "error", "text"),
    [
        ("out_of_range", "IndexError", "functions.py:62: index 7 is out of range for size 3"),
        ("assertion", "AssertionError", "x is positive"),
        (
            "formula_without_samples",
            "GradTypeError",
            'the formula takes (x, k): target="cuda" needs an array of samples for x',
        ),
        (
            "dtype_on_device",
            "GradTypeError",
            "argument 'k' is an array of int8 on the device, where it is not converted; pass int64",
        ),
        ("ptx", "GradcError", "the simulator makes no PTX: unset NUMBA_ENABLE_CUDASIM"),
    ],
)
def test_what_is_said(others, name, error, text):
    assert others[name]["error"] == error
    assert text in others[name]["text"]

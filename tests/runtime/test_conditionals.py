"""Conditionals between numbers are choices, not branches, in kernels; others stay branches."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from gradc_runtime.jit import kernel


@kernel("f8[::1], f8[::1], f8")
def guarded(x, y, a):
    total = 0.0
    for i in range(x.shape[0]):
        zero = x[i] == a
        p = x[i] * a
        t = 0.0 if zero else p
        total += t
        c = 0.0 if zero else p + a * y[i]
        y[i] += c
    return total


@kernel("f8[::1], i8, b1")
def of_all_kinds(x, k, flag):
    total = 0.0
    count = 0
    kept = -1.0
    for i in range(x.shape[0]):
        v = x[i]
        inner = v * v if v > 0.5 else (-v if v > 0.25 else v + 1.0)
        total += inner
        count += 1 if v > 0.5 else k
        if v > 0.75:
            kept = v
        sign = flag if v > 0.5 else not flag
        total += 2.0 if sign else 3.0
        total += x[i - 1] if i > 0 else 0.0
        if v > 0.9:
            a = v
            b = a + 1.0
        else:
            b = v
            a = b - 1.0
        total += a * b
    return total, count, kept


@kernel("f8[::1]")
def two_that_change_places(x):
    a, b, total = 0.5, 1.0, 0.0
    for i in range(x.shape[0]):
        a, b = b, a + 0.5 * b
        total += a if x[i] > 0.5 else b
    return total


@pytest.mark.parametrize("seed", range(3))
def test_conditionals_mean_what_the_text_says(seed: int) -> None:
    x = np.random.default_rng(seed).random(33)
    for flag in (False, True):
        ours, theirs = of_all_kinds(x, 7, flag), of_all_kinds.py_func(x, 7, flag)
        np.testing.assert_allclose(ours, theirs, rtol=1e-13)
    np.testing.assert_allclose(two_that_change_places(x), two_that_change_places.py_func(x))
    y, z = np.ones(33), np.ones(33)
    x[4] = 0.25
    np.testing.assert_allclose(guarded(x, y, 0.25), guarded.py_func(x, z, 0.25), rtol=1e-13)
    np.testing.assert_allclose(y, z, rtol=1e-13)


def test_a_choice_keeps_out_what_is_not_chosen() -> None:
    x, y = np.array([np.inf, 1.0, np.nan]), np.ones(3)
    assert guarded(x[:2], y, np.inf) == np.inf
    np.testing.assert_array_equal(y, [1.0, np.inf, 1.0])


def test_two_conditionals_with_one_condition_are_vectors() -> None:
    # code from numba's cache, left by an earlier run, cannot be looked at
    shutil.rmtree(Path(__file__).parent / "__pycache__", ignore_errors=True)
    assert "x double>" in guarded.inspect_llvm()

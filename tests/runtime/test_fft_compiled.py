"""The compiled Fourier transforms give what NumPy gives, along every axis, for all sizes."""

import functools
import inspect

import numba
import numpy as np
import pytest

from gradc_runtime import fft
from gradc_runtime.fft_compiled import FORMS, compiled_module

MODULE = compiled_module([*FORMS, "f4"])
SHAPES = [
    ((1,), 0),
    ((2,), 0),
    ((9,), 0),
    ((97,), 0),
    ((2 * 3 * 5 * 7 * 11,), 0),
    ((20011,), 0),
    ((3, 7, 4), 0),
    ((3, 7, 4), 1),
    ((3, 7, 4), 2),
    ((20, 6), 1),
    ((6, 20), 0),
    ((300, 40), 0),
    ((40, 300), 1),
    ((2, 3, 0), 0),
    ((0, 4), 1),
]


@functools.cache
def compiled(name, axis):
    """A compiled function that calls the one of a name; the axis is part of a program."""
    function = getattr(MODULE, name)
    operands, _, sized = FORMS[name]
    calls = {
        (1, True): lambda x, m, scale: function(x, m, scale, axis),
        (2, True): lambda re, im, n, scale: function(re, im, n, scale, axis),
        (2, False): lambda re, im, scale: function(re, im, scale, axis),
    }
    return numba.njit(calls[operands, sized])


def sizes_for(name, size):
    """The sizes of results that go with a size."""
    if not FORMS[name][2]:
        return [()]
    if FORMS[name][0] == 1:
        return [(size // 2 + 1,)]
    return [(2 * size - 1,)] + [(2 * size - 2,)] * (size > 1)


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_as_uncompiled(name, shape, axis):
    rng = np.random.default_rng(sum(shape))
    call = compiled(name, axis)
    for dtype, tolerance in ((np.float64, 1e-13), (np.float32, 1e-5)):
        operands = [rng.normal(size=shape).astype(dtype) for _ in range(FORMS[name][0])]
        for size in sizes_for(name, shape[axis]):
            wanted = getattr(fft, name)(*operands, *size, 0.7, axis)
            found = call(*operands, *size, 0.7)
            pairs = zip(found, wanted, strict=True) if FORMS[name][1] > 1 else [(found, wanted)]
            for one, other in pairs:
                assert one.dtype == other.dtype == dtype
                assert one.shape == other.shape
                assert one.flags.c_contiguous
                atol = tolerance * float(np.max(np.abs(other), initial=1.0))
                np.testing.assert_allclose(one, other, rtol=0, atol=atol)


@pytest.mark.parametrize("name", FORMS)
def test_definition(name):
    """Each is the sum that the records say it is, or its transpose, written with sines."""
    n, m = 7, 4
    rng = np.random.default_rng(1)
    angle = 2 * np.pi * np.outer(np.arange(n), np.arange(n)) / n
    cos, sin = np.cos(angle), np.sin(angle)
    half = np.concatenate([cos[:m], -sin[:m]])
    twice = np.r_[1.0, np.full(m - 1, 2.0)]
    matrix = {
        "rfft": half,
        "rfft_transposed": half.T,
        "irfft": (half * np.r_[twice, twice][:, None]).T,
        "irfft_transposed": half * np.r_[twice, twice][:, None],
        "fft": np.block([[cos, sin], [-sin, cos]]),
        "ifft": np.block([[cos, -sin], [sin, cos]]),
    }[name]
    operands = [rng.normal(size=matrix.shape[1] // FORMS[name][0]) for _ in range(FORMS[name][0])]
    size = {"rfft": (m,), "irfft_transposed": (m,), "irfft": (n,), "rfft_transposed": (n,)}
    found = getattr(fft, name)(*operands, *size.get(name, ()), 0.5, 0)
    wanted = 0.5 * matrix @ np.concatenate(operands)
    np.testing.assert_allclose(np.ravel(found), wanted, rtol=1e-12, atol=1e-12)


def test_both_modules_have_the_same_functions():
    own = {name for name, value in vars(fft).items() if inspect.isfunction(value)}
    assert {name for name in own if not name.startswith("_")} == set(FORMS)

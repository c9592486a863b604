"""Initial weights: their distribution, seeds and dtypes."""

from __future__ import annotations

import numpy as np
import pytest

from gradc_runtime.initialisers import INITIALISERS

FAN_IN, FAN_OUT = 300, 500

VARIANCES = {
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "he_uniform": 2 / FAN_IN,
    "he_normal": 2 / FAN_IN,
}


@pytest.mark.parametrize("name", VARIANCES)
def test_mean_and_variance(name: str) -> None:
    weights = INITIALISERS[name](0, FAN_IN, FAN_OUT)
    # 150,000 draws: the standard error of the variance is below 0.4 %
    assert weights.var() == pytest.approx(VARIANCES[name], rel=0.02)
    assert abs(weights.mean()) < 4 * np.sqrt(VARIANCES[name] / weights.size)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("glorot_uniform", np.sqrt(6 / (FAN_IN + FAN_OUT))),
        ("he_uniform", np.sqrt(6 / FAN_IN)),
    ],
)
def test_limit_of_the_uniform_ones(name: str, limit: float) -> None:
    largest = np.abs(INITIALISERS[name](1, FAN_IN, FAN_OUT)).max()
    assert 0.999 * limit < largest <= limit


@pytest.mark.parametrize("name", ["glorot_normal", "he_normal"])
def test_the_normal_ones_have_tails(name: str) -> None:
    assert np.abs(INITIALISERS[name](1, FAN_IN, FAN_OUT)).max() > 3.5 * np.sqrt(VARIANCES[name])


@pytest.mark.parametrize("name", INITIALISERS)
def test_seed_shape_and_dtype(name: str) -> None:
    scheme = INITIALISERS[name]
    wide = scheme(7, 5, 4)
    narrow = scheme(7, 5, 4, dtype=np.float32)
    assert wide.shape == (5, 4)
    assert wide.dtype == np.float64
    assert narrow.dtype == np.float32
    assert np.array_equal(wide, scheme(7, 5, 4))
    assert np.array_equal(wide.astype(np.float32), narrow)
    assert scheme(7, 5, 4, shape=(4, 5)).shape == (4, 5)
    if name == "zeros":
        assert not wide.any()
    else:
        assert not np.array_equal(wide, scheme(8, 5, 4))


def test_one_generator_for_several_layers() -> None:
    rng = np.random.default_rng(0)
    scheme = INITIALISERS["he_normal"]
    assert not np.array_equal(scheme(rng, 5, 4), scheme(rng, 5, 4))


def test_wrong_arguments() -> None:
    scheme = INITIALISERS["he_normal"]
    with pytest.raises(ValueError, match="fan_in and fan_out must be at least 1, not 0 and 4"):
        scheme(0, 0, 4)
    with pytest.raises(ValueError, match="dtype must be float32 or float64, not int32"):
        scheme(0, 5, 4, dtype=np.int32)

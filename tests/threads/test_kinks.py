"""Kinks, ties and domain edges: what docs/functions.md says, as it is seen from Python code.

JAX 3058 and 21723 and PyTorch 2421 are about the norm at zero, JAX 5798, 1052 and 2630 about what
a branch not taken does to the gradient.
"""

import math

import numpy as np
import pytest

import gradc

ZERO = np.zeros(3)
TIED = np.array([1.0, 3.0, 3.0])


def _grad(fn, *args, argnums=0):
    with np.errstate(all="ignore"):
        return gradc.grad(fn, argnums, target="python")(*args)


@pytest.mark.parametrize(
    ("fn", "x", "expected"),
    [
        (lambda x: abs(x), 0.0, 0.0),
        (lambda x: np.abs(x), 0.0, 0.0),
        (lambda x: np.sign(x) * x, 0.0, 0.0),
        (lambda x: np.sign(x), 0.0, 0.0),
        (lambda x: np.sqrt(x), 0.0, np.inf),
        (lambda x: math.sqrt(x), 0.0, np.inf),
        (lambda x: np.cbrt(x), 0.0, np.inf),
        (lambda x: np.log(x), 0.0, np.inf),
        (lambda x: np.arcsin(x), 1.0, np.inf),
        (lambda x: np.arccos(x), 1.0, -np.inf),
        (lambda x: np.floor(x) * x, 2.0, 2.0),
        (lambda x: x % 2.0, 4.0, 1.0),
    ],
)
def test_one_argument(fn, x, expected):
    assert _grad(fn, x) == expected


@pytest.mark.parametrize(
    ("fn", "expected"),
    [
        (lambda x, y: np.maximum(x, y), (0.5, 0.5)),
        (lambda x, y: np.minimum(x, y), (0.5, 0.5)),
    ],
)
def test_ties_of_two_share_equally(fn, expected):
    assert _grad(fn, 1.5, 1.5, argnums=(0, 1)) == expected


def test_maximum_of_python_takes_the_first():
    """Python's own max() is a comparison and takes the first of two equals, as the value does."""
    found = _grad(lambda x, y: max(x, y), 1.5, 1.5, argnums=(0, 1))
    assert sum(found) == 1.0


def test_ties_of_many_share_equally():
    np.testing.assert_allclose(_grad(lambda x: np.max(x), TIED), [0.0, 0.5, 0.5])
    np.testing.assert_allclose(_grad(lambda x: x.min(), -TIED), [0.0, 0.5, 0.5])


def test_relu_at_zero():
    """`np.maximum(x, 0)` is a maximum with a tie: half of the gradient, on either side of 0."""
    x = np.array([-1.0, 0.0, 2.0])
    np.testing.assert_allclose(_grad(lambda x: np.maximum(x, 0.0).sum(), x), [0.0, 0.5, 1.0])
    np.testing.assert_allclose(_grad(lambda x: np.where(x > 0, x, 0.0).sum(), x), [0.0, 0.0, 1.0])


def test_clip_passes_at_its_ends():
    x = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    np.testing.assert_allclose(_grad(lambda x: np.clip(x, -1.0, 1.0).sum(), x), [0, 1, 1, 1, 0])


def test_jax_3058_norm_at_zero():
    """The gradient of the Euclidean norm at the origin is nan elsewhere, 0 here."""
    np.testing.assert_array_equal(_grad(lambda x: np.linalg.norm(x), ZERO), ZERO)
    assert _grad(lambda x, y: np.hypot(x, y), 0.0, 0.0, argnums=(0, 1)) == (0.0, 0.0)


def test_written_out_norm_at_zero_is_its_parts():
    """`sqrt(sum(x*x))` has no rule of its own: an infinite derivative times zero is nan."""
    assert np.isnan(_grad(lambda x: np.sqrt((x * x).sum()), ZERO)).all()


def test_power_at_zero():
    assert _grad(lambda x: x**2, 0.0) == 0.0
    assert _grad(lambda x: x**1, 0.0) == 1.0
    assert _grad(lambda x: x**0, 0.0) == 0.0
    assert _grad(lambda x, y: x**y, 0.0, 0.0, argnums=(0, 1)) == (0.0, 0.0)
    assert _grad(lambda x, y: x**y, 0.0, 2.0, argnums=(0, 1)) == (0.0, 0.0)
    assert _grad(lambda x, y: x**y, 0.0, 1.0, argnums=(0, 1)) == (1.0, 0.0)
    assert _grad(lambda x, y: x**y, 0.0, 0.5) == np.inf
    assert np.isnan(_grad(lambda x, y: x**y, -1.0, 2.0, argnums=1))


def test_sorted_values_with_ties():
    """Equal values share what their places get."""
    weights = np.array([1.0, 10.0, 100.0])
    found = _grad(lambda x: (np.sort(x) * weights).sum(), TIED)
    np.testing.assert_array_equal(found, [1.0, 55.0, 55.0])


@pytest.mark.parametrize("x", [-1.0, 0.0])
def test_jax_5798_branch_not_taken(x):
    """A square root of a negative number in the arm not taken makes the gradient nan elsewhere."""
    assert _grad(lambda x: np.where(x > 0, np.sqrt(x), 0.0), x) == 0.0
    assert _grad(lambda x: np.where(x > 0, np.log(x), x), x) == 1.0
    assert _grad(lambda x: math.sqrt(x) if x > 0 else 0.0 * x, x) == 0.0


def test_jax_1052_overflow_in_the_branch_not_taken():
    """An exponential that overflows in the arm not taken makes the gradient nan elsewhere."""

    def softplus(x):
        return np.where(x > 30.0, x, np.log1p(np.exp(x)))

    assert _grad(softplus, 1000.0) == 1.0


def test_jax_2630_division_by_zero_in_the_branch_not_taken():
    """`where(x == 0, 1, sin(x)/x)` gives nan at 0 elsewhere."""

    def sinc(x):
        return np.where(x == 0.0, 1.0, np.sin(x) / x)

    assert _grad(sinc, 0.0) == 0.0

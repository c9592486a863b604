"""What a failed check says: the worst element, both values, and kinks."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc import GradientCheckError, check_grads, custom_vjp

X = np.array([0.3, -0.7, 1.2])
LARGE = np.linspace(-1.0, 1.0, 1000)


def wrong_at(place):
    """A sum of squares whose rule is wrong at one element."""

    @custom_vjp
    def f(x):
        return np.sum(x * x)

    def backward(x, bar):
        x_bar = 2.0 * bar * x
        x_bar[place] = 5.0 * bar
        return (x_bar,)

    f.defvjp(lambda x: (np.sum(x * x), x), backward)
    return f


@pytest.mark.parametrize(("x", "place"), [(X, 1), (LARGE, 777)])
@pytest.mark.parametrize("modes", [("fwd",), ("rev",)])
def test_the_worst_element_is_named(x, place, modes):
    def scaled(a, p):
        return p["s"] * inner(p["x"])

    inner = wrong_at(place)
    with pytest.raises(GradientCheckError) as caught:
        check_grads(scaled, (2, {"s": 1.0, "x": x}), modes=modes, target="python")
    message = str(caught.value)
    assert f"the worst element is `p_x` at index ({place},): derivative 5, " in message
    assert f"extrapolated differences {2 * x[place]:.6g}"[:30] in message
    assert "non-smooth" not in message


def test_the_check_of_a_gradient_says_the_same():
    inner = wrong_at(2)
    with pytest.raises(GradientCheckError, match=r"`x` at index \(2,\): derivative 5, "):
        gradc.grad(lambda s, x: s * inner(x), argnums=("x", 0), target="python").check(1.0, X)


@pytest.mark.parametrize("modes", [("fwd",), ("rev",)])
def test_kinks_are_recognised(modes):
    def f(x):
        return np.sum(np.where(x > 0.0, x, 0.5 * x))

    with pytest.raises(GradientCheckError) as caught:
        check_grads(f, (np.array([0.5, 0.0, -2.0]),), modes=modes, target="python")
    message = str(caught.value)
    assert "`x` at index (1,): derivative " in message
    assert "looks non-smooth there: its slope is 0.5 on the left and 1 on the right" in message


def test_second_order_names_the_seed_or_the_argument():
    @custom_vjp
    def f(x):
        return x**3

    f.defvjp(lambda x: (x**3, x), lambda x, bar: (3.0 * bar * gradc.stop_gradient(x) * x,))
    check_grads(f, (0.5,), target="python")
    with pytest.raises(GradientCheckError, match="the worst element is"):
        check_grads(f, (0.5,), order=2, target="python")


def test_what_is_right_passes():
    check_grads(lambda x: np.sum(np.sin(x) * x[0]), (X,), order=2, target="python")
    check_grads(lambda x: x.astype(np.float32) * 2, (X.astype(np.float32),), target="python")

"""The optimisers against their published formulas, written here scalar by scalar, and PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from gradc_runtime.optimisers import (
    OPTIMISERS,
    SGD,
    Adam,
    AdamW,
    Momentum,
    Nesterov,
    RMSProp,
    hyperparameters,
    make_optimiser,
)

Array = NDArray[np.float64]
STEPS = 7


def gradients(seed: int = 0, steps: int = STEPS) -> list[list[Array]]:
    """Gradients of two parameters, one with axes and one without."""
    rng = np.random.default_rng(seed)
    return [[rng.normal(size=(2, 3)), np.array(rng.normal())] for _ in range(steps)]


def start() -> list[Array]:
    rng = np.random.default_rng(99)
    return [rng.normal(size=(2, 3)), np.array(rng.normal())]


# each of these follows one number through its gradients, as the paper has it


def sgd(p: float, grads: list[float], lr: float) -> float:
    for g in grads:
        p = p - lr * g
    return p


def heavy_ball(p: float, grads: list[float], lr: float, momentum: float) -> float:
    """Polyak's two-step form: x_{k+1} = x_k - a g_k + b (x_k - x_{k-1})."""
    before = p
    for g in grads:
        p, before = p - lr * g + momentum * (p - before), p
    return p


def rmsprop(p: float, grads: list[float], lr: float, beta2: float, epsilon: float) -> float:
    mean_square = 0.0
    for g in grads:
        mean_square = beta2 * mean_square + (1 - beta2) * g**2
        p = p - lr * g / (math.sqrt(mean_square) + epsilon)
    return p


def adam(
    p: float,
    grads: list[float],
    lr: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    decay: float = 0.0,
) -> float:
    m = v = 0.0
    for t, g in enumerate(grads, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        p = p - lr * (m_hat / (math.sqrt(v_hat) + epsilon)) - lr * decay * p
    return p


def each_number(formula: Callable[[float, list[float]], float]) -> list[Array]:
    expected = []
    for index, param in enumerate(start()):
        result = np.empty_like(param)
        for place in np.ndindex(param.shape):
            series = [float(step[index][place]) for step in gradients()]
            result[place] = formula(float(param[place]), series)
        expected.append(result)
    return expected


CASES = {
    "sgd": (
        lambda p: SGD(p, learning_rate=0.1),
        lambda p, g: sgd(p, g, 0.1),
    ),
    "momentum": (
        lambda p: Momentum(p, learning_rate=0.1, momentum=0.8),
        lambda p, g: heavy_ball(p, g, 0.1, 0.8),
    ),
    "rmsprop": (
        lambda p: RMSProp(p, learning_rate=0.01, beta2=0.7, epsilon=1e-3),
        lambda p, g: rmsprop(p, g, 0.01, 0.7, 1e-3),
    ),
    "adam": (
        lambda p: Adam(p, learning_rate=0.02, beta1=0.8, beta2=0.95, epsilon=1e-3),
        lambda p, g: adam(p, g, 0.02, 0.8, 0.95, 1e-3),
    ),
    "adamw": (
        lambda p: AdamW(p, learning_rate=0.02, beta1=0.8, beta2=0.95, weight_decay=0.3),
        lambda p, g: adam(p, g, 0.02, 0.8, 0.95, 1e-8, decay=0.3),
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_published_formula(name: str, dtype: type) -> None:
    make, formula = CASES[name]
    params = [p.astype(dtype) for p in start()]
    optimiser = make(params)
    for grads in gradients():
        optimiser.update([g.astype(dtype) for g in grads])
    tolerance = 64 * np.finfo(dtype).eps
    for param, expected in zip(params, each_number(formula), strict=True):
        assert param.dtype == dtype
        np.testing.assert_allclose(param, expected, rtol=tolerance, atol=tolerance)


def test_nesterov_is_the_lookahead_form_of_sutskever() -> None:
    """On f(x) = x'Ax/2 the parameters follow theta + momentum * v of the 2013 paper's equations."""
    rng = np.random.default_rng(3)
    root = rng.normal(size=(4, 4))
    hessian = root @ root.T / 4
    theta = rng.normal(size=4)
    velocity = np.zeros(4)
    params = [theta.copy()]
    optimiser = Nesterov(params, learning_rate=0.05, momentum=0.9)
    for _ in range(20):
        optimiser.update([hessian @ params[0]])
        velocity = 0.9 * velocity - 0.05 * (hessian @ (theta + 0.9 * velocity))
        theta = theta + velocity
        np.testing.assert_allclose(params[0], theta + 0.9 * velocity, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [name for name in OPTIMISERS if name != "adamw"])
def test_weight_decay_is_an_l2_penalty(name: str) -> None:
    plain, penalised = start(), start()
    by_hand = make_optimiser(name, plain, learning_rate=0.05)
    with_decay = make_optimiser(name, penalised, learning_rate=0.05, weight_decay=0.3)
    for grads in gradients():
        by_hand.update([g + 0.3 * p for g, p in zip(grads, plain, strict=True)])
        with_decay.update(grads)
    for a, b in zip(plain, penalised, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("decay", [0.0, 0.2])
def test_agrees_with_pytorch(name: str, dtype: str, decay: float) -> None:
    torch = pytest.importorskip("torch")
    lr = 0.03
    made = {
        "sgd": lambda p: torch.optim.SGD(p, lr=lr, weight_decay=decay),
        "momentum": lambda p: torch.optim.SGD(p, lr=lr, momentum=0.9, weight_decay=decay),
        "nesterov": lambda p: torch.optim.SGD(
            p, lr=lr, momentum=0.9, nesterov=True, weight_decay=decay
        ),
        "rmsprop": lambda p: torch.optim.RMSprop(p, lr=lr, alpha=0.9, eps=1e-8, weight_decay=decay),
        "adam": lambda p: torch.optim.Adam(p, lr=lr, eps=1e-8, weight_decay=decay),
        "adamw": lambda p: torch.optim.AdamW(p, lr=lr, eps=1e-8, weight_decay=decay),
    }
    theirs = [torch.tensor(p.astype(dtype), requires_grad=True) for p in start()]
    peer = made[name](theirs)
    ours = [p.astype(dtype) for p in start()]
    optimiser = make_optimiser(name, ours, learning_rate=lr, weight_decay=decay)
    for grads in gradients():
        for tensor, grad in zip(theirs, grads, strict=True):
            tensor.grad = torch.tensor(grad.astype(dtype))
        peer.step()
        optimiser.update([g.astype(dtype) for g in grads])
    tolerance = 64 * np.finfo(dtype).eps
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", OPTIMISERS)
def test_state_goes_on_bit_for_bit(name: str) -> None:
    whole, halves = start(), start()
    optimiser = make_optimiser(name, whole)
    first = make_optimiser(name, halves)
    for grads in gradients()[:3]:
        optimiser.update(grads)
        first.update(grads)
    state = first.state()
    first.update(gradients()[0])  # what happens after `state` must not be seen in it
    halves[:] = [p.copy() for p in whole]
    second = make_optimiser(name, halves)
    second.load_state(state)
    for grads in gradients()[3:]:
        optimiser.update(grads)
        second.update(grads)
    for a, b in zip(whole, halves, strict=True):
        assert np.array_equal(a, b)
    assert all(array.dtype != object for array in state.values())


@pytest.mark.parametrize("name", OPTIMISERS)
def test_gradients_are_only_read_and_parameters_change_in_place(name: str) -> None:
    params = start()
    same = list(params)
    grads = gradients()[0]
    before = [g.copy() for g in grads]
    make_optimiser(name, params, weight_decay=0.1).update(grads)
    assert all(np.array_equal(a, b) for a, b in zip(grads, before, strict=True))
    assert all(a is b for a, b in zip(params, same, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(params, start(), strict=True))


def test_a_float64_gradient_leaves_a_float32_parameter_float32() -> None:
    params = [np.ones(3, dtype=np.float32)]
    make_optimiser("adam", params, weight_decay=0.1).update([np.ones(3)])
    assert params[0].dtype == np.float32


def test_non_contiguous_parameters_are_updated_in_place() -> None:
    base = np.ones((4, 6))
    make_optimiser("momentum", [base[:, ::2]], learning_rate=1.0).update([np.ones((4, 3))])
    assert np.array_equal(base[:, ::2], np.zeros((4, 3)))
    assert np.array_equal(base[:, 1::2], np.ones((4, 3)))


@pytest.mark.parametrize(
    ("name", "hyper", "message"),
    [
        ("sgd", {"learning_rate": 0.0}, "learning_rate must be greater than 0, not 0.0"),
        ("sgd", {"learning_rate": -1.0}, "learning_rate must be greater than 0, not -1.0"),
        ("sgd", {"learning_rate": math.nan}, "learning_rate must be a finite number, not nan"),
        ("adam", {"learning_rate": math.inf}, "learning_rate must be a finite number, not inf"),
        ("momentum", {"momentum": 1.0}, "momentum must be at least 0 and less than 1, not 1.0"),
        ("adam", {"beta1": -0.1}, "beta1 must be at least 0 and less than 1, not -0.1"),
        ("rmsprop", {"beta2": 1.5}, "beta2 must be at least 0 and less than 1, not 1.5"),
        ("adam", {"epsilon": 0.0}, "epsilon must be greater than 0, not 0.0"),
        ("adamw", {"weight_decay": -0.1}, "weight_decay must not be negative, not -0.1"),
        ("sgd", {"momentum": 0.9}, "sgd has no momentum; it takes learning_rate, weight_decay"),
        (
            "adan",
            {},
            "unknown optimizer 'adan'; known are sgd, momentum, nesterov, rmsprop, adam, adamw",
        ),
    ],
)
def test_wrong_hyperparameters(name: str, hyper: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is compared whole
        make_optimiser(name, start(), **hyper)
    assert str(caught.value) == message


def test_wrong_parameters_and_gradients() -> None:
    with pytest.raises(
        ValueError, match="parameter 0 must be a float32 or float64 array, not int64"
    ):
        SGD([np.zeros(3, dtype=np.int64)])  # type: ignore[list-item]
    locked = np.zeros(3)
    locked.flags.writeable = False
    with pytest.raises(ValueError, match="parameter 1 is read-only"):
        SGD([np.zeros(3), locked])
    optimiser = SGD([np.zeros(3), np.zeros(2)])
    with pytest.raises(ValueError, match="1 gradients for 2 parameters"):
        optimiser.update([np.zeros(3)])
    with pytest.raises(ValueError, match=r"gradient 1 has shape \(3,\), its parameter \(2,\)"):
        optimiser.update([np.ones(3), np.zeros(3)])
    assert not optimiser.params[0].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"mean_0": np.zeros((3, 2))},
            r"state mean_0 is float64\[3, 2\], expected float64\[2, 3\]",
        ),
        ({"mean_0": np.zeros((2, 3), np.float32)}, "state mean_0 is float32"),
        ({"velocity_0": np.zeros((2, 3))}, "the state is not that of Adam: velocity_0"),
        ({"steps": np.array(-1)}, "one non-negative integer"),
        ({"steps": np.array(1.0)}, "one non-negative integer"),
    ],
)
def test_wrong_state(change: dict[str, Array], message: str) -> None:
    optimiser = Adam(start())
    optimiser.update(gradients()[0])
    before = optimiser.state()
    with pytest.raises(ValueError, match=message):
        optimiser.load_state({**before, **change})
    after = optimiser.state()
    assert all(np.array_equal(before[key], after[key]) for key in before)


def test_hyperparameters_of_each() -> None:
    assert hyperparameters("nesterov") == {
        "learning_rate": 0.01,
        "momentum": 0.9,
        "weight_decay": 0.0,
    }
    assert list(hyperparameters("rmsprop")) == ["learning_rate", "beta2", "epsilon", "weight_decay"]
    assert hyperparameters("adamw")["weight_decay"] == 0.01

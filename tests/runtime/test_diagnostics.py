"""Which networks are called healthy, and which are not and why."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradc_runtime.diagnostics import Diagnosis, LayerRow, diagnose, layer_row
from gradc_runtime.initialisers import INITIALISERS

SIZE = 24


def deep(depth: int, kind: str, init: str, gain: float = 1.0) -> Diagnosis:
    """Diagnose a network of random weights on random data; its loss is a random direction."""
    rng = np.random.default_rng(0)
    derivative = {
        "sigmoid": lambda a: a * (1 - a),
        "tanh": lambda a: 1 - a * a,
        "relu": lambda a: (a > 0) * 1.0,
        "none": np.ones_like,
    }[kind]
    function = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
        "none": lambda z: z,
    }[kind]
    weights = [gain * INITIALISERS[init](rng, SIZE, SIZE) for _ in range(depth)]
    outputs = [rng.normal(size=(64, SIZE))]
    for weight in weights:
        outputs.append(function(outputs[-1] @ weight))
    delta = rng.normal(size=(64, SIZE)) / 64
    rows: list[LayerRow] = []
    for index in reversed(range(depth)):
        delta = delta * derivative(outputs[index + 1])
        grad = outputs[index].T @ delta
        delta = delta @ weights[index].T
        rows += [
            layer_row(f"layer {2 * index + 2}", kind, output=outputs[index + 1]),
            layer_row(f"layer {2 * index + 1}", "linear", params=[weights[index]], grads=[grad]),
        ]
    return diagnose(rows[::-1])


@pytest.mark.parametrize(
    ("kind", "init"),
    [("tanh", "glorot_uniform"), ("relu", "he_normal"), ("none", "glorot_normal")],
)
def test_healthy(kind: str, init: str) -> None:
    found = deep(12, kind, init)
    assert found.findings == ()
    assert all(row.verdict is None for row in found.rows)


def test_deep_sigmoid_vanishes() -> None:
    found = deep(20, "sigmoid", "glorot_uniform")
    (finding,) = found.findings
    assert finding.kind == "vanishing"
    assert finding.layers[0] == "layer 1"
    assert "layer 39" not in finding.layers
    assert finding.message.startswith("the gradient shrinks to 0.2")
    assert 'use relu with init = "he_normal", or fewer layers' in finding.message
    assert [row.verdict for row in found.rows[:2]] == ["vanishing", None]


def test_he_without_relu_explodes() -> None:
    found = deep(20, "none", "he_normal")
    (finding,) = found.findings
    assert finding.kind == "exploding"
    assert len(finding.layers) == 20
    assert finding.message.startswith("the gradient is far larger than the parameters in layer 1")


def test_a_trend_towards_the_input_explodes() -> None:
    rows = [LayerRow(f"layer {i}", "linear", grad_norm=10.0 ** (3 - i)) for i in range(7)]
    (finding,) = diagnose(rows).findings
    assert finding.kind == "exploding"
    assert finding.layers == ("layer 0", "layer 1", "layer 2")
    assert finding.message == (
        "the gradient grows 10 times with each layer towards the input "
        "(1e+03 in layer 0, 0.001 in layer 6): use an init with smaller weights, or fewer layers"
    )


@pytest.mark.parametrize(
    "norms",
    [
        [1e-9, 1.0],  # two layers make no trend
        [0.4**5, 0.4**4, 0.4**3, 0.4**2, 0.4, 1.0],  # a trend, but the first layer still learns
        [1e-4, 1.0, 1e-4, 1.0, 1e-4, 1.0],  # a spread, but no trend
        [0.7 ** (20 - i) for i in range(20)],  # a slow trend
    ],
)
def test_what_is_no_trend(norms: list[float]) -> None:
    rows = [LayerRow(f"layer {i}", "linear", grad_norm=norm) for i, norm in enumerate(norms)]
    assert diagnose(rows).findings == ()


def test_a_step_in_the_norms_is_a_trend_of_the_first_layer() -> None:
    """The fitted line spans a thousandfold although the ends differ by less."""
    rows = [LayerRow(f"layer {i}", "linear", grad_norm=0.004 if i < 10 else 1.0) for i in range(20)]
    (finding,) = diagnose(rows).findings
    assert (finding.kind, finding.layers) == ("vanishing", ("layer 0",))


def test_zero_gradients_are_named_with_their_cause() -> None:
    rows = [
        LayerRow("layer 1", "linear", grad_norm=0.0, param_norm=1.0),
        LayerRow("layer 2", "sign"),
        LayerRow("layer 3", "linear", grad_norm=0.5, param_norm=1.0),
    ]
    (finding,) = diagnose(rows).findings
    assert (finding.kind, finding.layers) == ("vanishing", ("layer 1",))
    assert finding.message == (
        "the gradient is exactly zero in layer 1: "
        "the derivative of sign is zero by definition (layer 2)"
    )
    (finding,) = diagnose([replaced for replaced in rows if replaced.kind != "sign"]).findings
    assert finding.message.endswith("has the derivative zero, or weights that are zero")


@pytest.mark.parametrize("norm", [math.nan, math.inf])
def test_gradients_that_are_not_finite(norm: float) -> None:
    rows = [LayerRow("layer 1", "linear", norm, 1.0), LayerRow("layer 2", "linear", 0.1, 1.0)]
    found = diagnose(rows)
    (finding,) = found.findings
    assert (finding.kind, finding.layers) == ("exploding", ("layer 1",))
    assert finding.message == "the gradient is not finite in layer 1"
    assert [row.verdict for row in found.rows] == ["exploding", None]


@pytest.mark.parametrize(
    ("kind", "edge"), [("sigmoid", math.log(999)), ("tanh", math.atanh(0.9995))]
)
def test_saturation_is_counted_by_the_slope(kind: str, edge: float) -> None:
    inputs = np.array([[-1.01 * edge, -0.99 * edge, 0.0, 1.01 * edge, 3 * edge]])
    output = 1 / (1 + np.exp(-inputs)) if kind == "sigmoid" else np.tanh(inputs)
    row = layer_row("layer 2", kind, output=output)
    assert row.saturated == pytest.approx(3 / 5)
    (finding,) = diagnose([row]).findings
    assert finding.message == (
        f"60% of the outputs of layer 2 are where {kind} is flat: "
        "use smaller initial weights, a smaller input or learning rate"
    )
    assert diagnose([layer_row("layer 2", kind, output=output[:, :4])]).findings == ()


def test_large_weights_saturate_tanh() -> None:
    kinds = {finding.kind for finding in deep(3, "tanh", "he_normal", gain=20).findings}
    assert "saturated" in kinds


def test_dead_units_are_zero_for_all_samples() -> None:
    output = np.array([[0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    row = layer_row("layer 2", "relu", output=output)
    assert row.dead == 0.75
    (finding,) = diagnose([row]).findings
    assert finding.kind == "dead"
    assert finding.message.startswith("75% of the units of layer 2 are zero for every sample")


def test_norms_of_float32_neither_overflow_nor_vanish() -> None:
    large = layer_row("layer 1", "linear", grads=[np.full(4, 1e30, np.float32)])
    small = layer_row("layer 1", "linear", grads=[np.full(4, 1e-30, np.float32)] * 4)
    assert large.grad_norm == pytest.approx(2e30)
    assert small.grad_norm == pytest.approx(4e-30)


def test_a_row_without_anything() -> None:
    assert layer_row("layer 1", "softmax") == LayerRow("layer 1", "softmax")
    empty = layer_row("layer 1", "relu", output=np.empty((0, 3)))
    assert (empty.mean, empty.dead) == (None, None)


def test_statistics_of_outputs() -> None:
    row = layer_row("layer 1", "linear", output=np.array([[1.0, 3.0]], dtype=np.float32))
    assert (row.mean, row.std, row.saturated, row.dead) == (2.0, 1.0, None, None)

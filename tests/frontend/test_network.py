"""Network specs as functions of the IR: values, derivatives, stability, and what it costs."""

import math

import numpy as np
import pytest

from gradc.adjoint.reverse import reverse
from gradc.frontend import network
from gradc.frontend.network_spec import NetworkSpec, parse_network_spec
from gradc.ir.core import Function
from gradc.ir.types import DType
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.prims.evaluate import evaluate
from gradc_runtime.differences import derivative

ACTIVATIONS = ("sigmoid", "tanh", "relu", "sign", "softmax")


def spec_of(*layers: str | int, loss: str = "cross_entropy", features: int = 3, **model: object):
    """A spec: a number is a linear layer, a word an activation."""
    lines = ["[model]", 'name = "net"', f"input = [{features}]", 'dtype = "float64"']
    lines += [f"{key} = {value}" for key, value in model.items()]
    for layer in layers:
        kind = "linear" if isinstance(layer, int) else layer
        lines += ["[[layer]]", f'type = "{kind}"']
        lines += [f"units = {layer}"] if isinstance(layer, int) else []
    lines += ["[loss]", f'type = "{loss}"']
    return parse_network_spec("\n".join(lines), "net.toml")


def random_arguments(spec: NetworkSpec, samples: int = 5, scale: float = 1.0) -> list:
    rng = np.random.default_rng(4)
    x = rng.normal(0, scale, (samples, spec.features))
    if spec.loss.type == "mse":
        y = rng.normal(0, 1, (samples, spec.outputs))
    else:
        y = rng.integers(0, spec.outputs, samples)
    params = [rng.normal(0, 1, p.shape) for p in network.parameters_of(spec)]
    return [x, y, *params]


# -- a second implementation, with nothing of the first --------------------------------------------


def _softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


REFERENCE = {
    "sigmoid": lambda z: 0.5 * (1 + np.tanh(z / 2)),
    "tanh": np.tanh,
    "relu": lambda z: z * (z > 0),
    "sign": np.sign,
    "softmax": _softmax,
}


def reference(spec: NetworkSpec, x, y, *params) -> tuple[float, np.ndarray]:
    left, a = list(params), x
    for layer in spec.layers:
        if layer.type == "linear":
            a = np.einsum("ni,io->no", a, left.pop(0))
            a = a + left.pop(0) if layer.bias else a
        else:
            a = REFERENCE[layer.type](a)
    rows = np.arange(len(x))
    if spec.loss.type == "mse":
        return float(np.mean((a - y) ** 2)), a
    probabilities = _softmax(a) if spec.loss.type == "cross_entropy" else a
    return float(np.mean(-np.log(probabilities[rows, y]))), a


CHAINS = [
    spec_of(4, "sigmoid", 2),
    spec_of(4, "tanh", 3, "relu", 2),
    spec_of(4, "sign", 2),
    spec_of(4, "softmax", 2),
    spec_of("tanh", 2),
    spec_of(2, "softmax", loss="nll"),
    spec_of(4, "relu", 3, "sigmoid", loss="nll"),
    spec_of(4, "tanh", 2, loss="mse"),
    spec_of(1, loss="mse"),
    spec_of(4, "softmax", loss="mse"),
]


def describe(spec: NetworkSpec) -> str:
    return "-".join([*(layer.type for layer in spec.layers), spec.loss.type])


@pytest.mark.parametrize("spec", CHAINS, ids=describe)
def test_values_equal_a_second_implementation(spec):
    arguments = random_arguments(spec)
    loss, outputs = reference(spec, *arguments)
    (found,) = evaluate(verify(network.loss_function(spec)), arguments)
    np.testing.assert_allclose(found, loss, rtol=1e-12)
    both = evaluate(verify(network.evaluation_function(spec)), arguments)
    np.testing.assert_allclose(both[0], loss, rtol=1e-12)
    np.testing.assert_allclose(both[1], outputs, rtol=1e-12)
    x, _, *params = arguments
    (predicted,) = evaluate(verify(network.predict_function(spec)), [x, *params])
    np.testing.assert_allclose(predicted, outputs, rtol=1e-12)
    layers = evaluate(verify(network.layers_function(spec)), [x, *params])
    assert len(layers) == len(spec.layers)
    np.testing.assert_array_equal(layers[-1], predicted)


@pytest.mark.parametrize("spec", CHAINS, ids=describe)
def test_batch_is_the_mean_of_its_samples(spec):
    x, y, *params = random_arguments(spec)
    wrt = tuple(range(2, 2 + len(params)))
    batch = evaluate(reverse(network.loss_function(spec), wrt), [x, y, *params])
    sample = verify(reverse(network.sample_loss_function(spec), wrt))
    each = [evaluate(sample, [xi, yi, *params]) for xi, yi in zip(x, y, strict=True)]
    for of_batch, of_samples in zip(batch, zip(*each, strict=True), strict=True):
        np.testing.assert_allclose(of_batch, np.mean(of_samples, axis=0), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("spec", CHAINS, ids=describe)
def test_gradients_equal_differences(spec):
    function = network.loss_function(spec)
    arguments = random_arguments(spec)
    adjoint = verify(reverse(function, tuple(range(2, len(arguments)))))
    _, *gradients = evaluate(adjoint, arguments)
    rng = np.random.default_rng(5)
    for index, gradient in enumerate(gradients, 2):
        direction = rng.normal(size=arguments[index].shape)

        def along(step, index=index, direction=direction):
            moved = list(arguments)
            moved[index] = moved[index] + step * direction
            return evaluate(function, moved)[0]

        wanted, error = derivative(along, 0.02)
        assert error < 1e-8
        np.testing.assert_allclose(np.sum(gradient * direction), wanted, rtol=1e-8, atol=1e-9)


def test_sign_has_the_derivative_zero():
    spec = spec_of(4, "sign", 2)
    arguments = random_arguments(spec)
    adjoint = reverse(network.loss_function(spec), (2, 3, 4, 5))
    _, w1_bar, b1_bar, w2_bar, _ = evaluate(adjoint, arguments)
    assert not w1_bar.any()
    assert not b1_bar.any()
    assert w2_bar.any()


# -- stable at logits of +-1000 --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
@pytest.mark.parametrize(
    ("layers", "loss"), [((2,), "cross_entropy"), ((2, "softmax"), "nll"), ((2, "sigmoid"), "nll")]
)
def test_losses_at_logits_of_1000(layers, loss, dtype):
    spec = spec_of(*layers, loss=loss, features=2)
    x = np.array([[1000.0, -1000.0], [-1000.0, 1000.0], [1000.0, -1000.0], [-1000.0, -1000.0]])
    y = np.array([0, 0, 1, 1])
    arguments = [x, y, np.eye(2), np.zeros(2)]
    adjoint = reverse(network.loss_function(spec, dtype), (0,))
    found, x_bar = evaluate(adjoint, arguments)
    if "sigmoid" in layers:
        # -log(sigmoid(z)) is 0 at 1000 and 1000 at -1000; its derivative sigmoid(z) - 1
        wanted = np.mean([0.0, 1000.0, 1000.0, 1000.0])
        wanted_bar = np.array([[0, 0], [-1, 0], [0, -1], [0, -1]]) / 4
    else:
        # the loss of a row is max(z) - z[y]; softmax is 0 or 1, and 1/2 at the tie
        wanted = np.mean([0.0, 2000.0, 2000.0, np.log(2.0)])
        wanted_bar = np.array([[0, 0], [-1, 1], [1, -1], [0.5, -0.5]]) / 4
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    np.testing.assert_allclose(x_bar, wanted_bar, rtol=1e-6, atol=1e-9)
    assert found.dtype == dtype.numpy
    assert x_bar.dtype == dtype.numpy


def test_no_digits_are_lost_at_large_logits():
    spec = spec_of(2, features=2)
    logits = np.array([[-1000.0, -1000.5]], dtype=np.float32)
    arguments = [logits, np.array([1]), np.eye(2), np.zeros(2)]
    loss, z_bar = evaluate(reverse(network.loss_function(spec, DType.F32), (0,)), arguments)
    wanted = np.log1p(np.exp(0.5))
    np.testing.assert_allclose(loss, wanted, rtol=1e-6)
    p = 1 / (1 + np.exp(0.5))
    np.testing.assert_allclose(z_bar, [[1 - p, p - 1]], rtol=1e-6)


# -- the chain is differentiated by vector-Jacobian products only ----------------------------------

SAMPLES = 8


def size_of(dim: int | str) -> int:
    return dim if isinstance(dim, int) else SAMPLES


def operations(function: Function) -> int:
    """Arithmetic operations of a straight-line function of a batch of SAMPLES."""
    total = 0
    for op in all_ops(function.body):
        elements = [math.prod(map(size_of, value.type.shape)) for value in (*op.args, *op.outs)]
        if op.prim.name == "matmul":
            inner = size_of(op.args[0].type.shape[-1])
            total += 2 * elements[-1] * inner
        else:
            total += op.prim.cost * max(elements)
    return total


def largest_value(function: Function) -> int:
    outs = [out for op in all_ops(function.body) for out in op.outs]
    return max(math.prod(map(size_of, out.type.shape)) for out in outs)


def test_adjoint_of_a_chain_costs_vector_jacobian_products_only():
    widths = [256, 512, 1024, 2048]
    costs = []
    for width in widths:
        spec = spec_of(
            width, "sigmoid", width, "sigmoid", width, "sigmoid", features=width, loss="mse"
        )
        loss = network.loss_function(spec)
        adjoint = reverse(loss, tuple(range(2, len(loss.params))))
        costs.append(operations(adjoint))
        # a Jacobian of a layer has (n * width) * width elements, or width**2 a sample
        assert largest_value(adjoint) == width**2
        assert operations(adjoint) < 3.5 * operations(loss)
    growth = np.diff(np.log(costs)) / np.diff(np.log(widths))
    np.testing.assert_allclose(growth, 2.0, atol=0.05)


# -- what readers see ------------------------------------------------------------------------------


def test_operations_carry_the_lines_of_their_layers():
    spec = spec_of(4, "sigmoid", 2)
    function = network.loss_function(spec)
    lines = {out.name: op.loc.line for op in all_ops(function.body) for out in op.outs}
    assert lines["z1"] == spec.layers[0].line == 5
    assert lines["a1"] == spec.layers[1].line == 8
    assert lines["z2"] == spec.layers[2].line == 10
    assert lines["loss"] == spec.loss.line == 13
    text = {op.loc.line: op.loc.source_line for op in all_ops(function.body)}
    assert text == {
        5: "layer 1: linear, 4 units",
        8: "layer 2: sigmoid",
        10: "layer 3: linear, 2 units",
        13: "loss: cross_entropy",
    }
    adjoint = reverse(function, (2, 3))
    assert {op.loc.line for op in all_ops(adjoint.body)} <= {0, 1, *text}


def test_parameters_and_their_initial_values():
    text = """
[model]
input = [2, 3]
[[layer]]
type = "linear"
units = 4
bias = false
[[layer]]
type = "relu"
[[layer]]
type = "linear"
units = 2
init = "he_normal"
"""
    spec = parse_network_spec(text, "net.toml")
    found = [(p.name, p.shape, p.layer, p.init) for p in network.parameters_of(spec)]
    assert found == [
        ("w1", (6, 4), 0, "glorot_uniform"),
        ("w2", (4, 2), 2, "he_normal"),
        ("b2", (2,), 2, "zeros"),
    ]
    single = network.initial_values(spec, 3)
    double = network.initial_values(spec, 3, DType.F64)
    assert [a.dtype for a in single] == [np.float32] * 3
    assert [a.shape for a in single] == [(6, 4), (4, 2), (2,)]
    assert all(a.flags.c_contiguous for a in single)
    for narrow, wide in zip(single, double, strict=True):
        np.testing.assert_array_equal(narrow, wide.astype(np.float32))
    assert not single[2].any()
    assert single[0].any()
    other = network.initial_values(spec, 4)
    assert (single[0] != other[0]).any()


def test_numbers_of_samples_that_differ_are_refused():
    spec = spec_of(2)
    x, y, *params = random_arguments(spec)
    with pytest.raises(ValueError, match="x and y have different numbers of samples"):
        evaluate(network.loss_function(spec), [x, y[:-1], *params])


@pytest.mark.parametrize("label", [-1, 2, 2**40])
def test_labels_that_are_no_classes_are_refused(label):
    spec = spec_of(2)
    x, y, *params = random_arguments(spec)
    y[3] = label
    with pytest.raises(IndexError, match=r"a label in y is not in 0 \.\. 1"):
        evaluate(network.loss_function(spec), [x, y, *params])
    with pytest.raises(IndexError, match=r"a label in y is not in 0 \.\. 1"):
        evaluate(network.sample_loss_function(spec), [x[0], label, *params])


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_no_samples_are_refused(loss):
    spec = spec_of(2, loss=loss)
    x, y, *params = random_arguments(spec, samples=0)
    with pytest.raises(ValueError, match="there are no samples"):
        evaluate(network.loss_function(spec), [x, y, *params])


def test_float32_stays_float32():
    spec = spec_of(4, "sigmoid", 3, "tanh", 2)
    function = network.loss_function(spec, DType.F32)
    adjoint = reverse(function, (2, 3, 4))
    floats = {
        out.type.dtype for op in all_ops(adjoint.body) for out in op.outs if out.type.is_float
    }
    assert floats == {DType.F32}

"""A network spec as functions of the IR.

Samples are rows: ``x`` has the shape ``(n, features)``, a linear layer is ``z = a @ w + b`` with
``w`` of shape ``(inputs, units)``, C-contiguous. The k-th linear layer has the parameters ``wk``
and ``bk`` and gives ``zk``; the activation after it gives ``ak``. Every operation carries the line
of its layer in the spec, and so does its adjoint.

Losses are means over the samples, and for ``mse`` over the outputs as well:

``cross_entropy``
    ``-log(softmax(logits)[y])``: softmax and negative log-likelihood, fused. What the last layer
    gives are the logits.
``nll``
    ``-log(p[y])`` of the probabilities that the last layer, softmax or sigmoid, gives. It is
    computed from that layer's input: as cross-entropy for softmax, and as ``log(1 + exp(-z[y]))``
    for sigmoid.
``cross_entropy`` and ``nll`` are exact at logits of any size; no probability is formed that could
be rounded to 0.
``mse``
    ``(outputs - y)**2``.

The derivative of a chain of layers is composed of vector-Jacobian products, right to left; nothing
here or in the primitives' rules forms a Jacobian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gradc.errors import Location
from gradc.frontend.network_spec import Layer, NetworkSpec
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Op, Params, Primitive, Value
from gradc.ir.types import DType, Type
from gradc.prims.arithmetic import ADD, CAST, DIV, IPOW, LOG, SUB
from gradc.prims.compare import GE, GT, LAND, LT
from gradc.prims.effects import CHECK
from gradc.prims.elementary import EXP, LOGADDEXP, RELU, SIGMOID, SIGN, TANH
from gradc.prims.index import PICK
from gradc.prims.linalg import MATMUL
from gradc.prims.rows import SOFTMAX
from gradc.prims.shape import BROADCAST, EXPECT, MAX, MIN, STOP_GRADIENT, SUM, sizes_of
from gradc.prims.trace import Var
from gradc_runtime.initialisers import INITIALISERS

SAMPLES = "n"
"""The symbol of the number of samples."""

ACTIVATIONS = {"sigmoid": SIGMOID, "tanh": TANH, "relu": RELU, "sign": SIGN, "softmax": SOFTMAX}


@dataclass(frozen=True)
class Parameter:
    """A weight matrix or a bias vector of a linear layer.

    Attributes
    ----------
    name : str
        ``w1``, ``b1``, ``w2`` ...
    shape : tuple of int
        ``(inputs, units)`` or ``(units,)``.
    layer : int
        Index of its layer in the spec.
    init : str
        Name of its initialiser.
    """

    name: str
    shape: tuple[int, ...]
    layer: int
    init: str


def parameters_of(spec: NetworkSpec) -> tuple[Parameter, ...]:
    """Return the parameters of a network in the order in which its functions take them."""
    found: list[Parameter] = []
    number = 0
    for index, layer in enumerate(spec.layers):
        if layer.type != "linear":
            continue
        number += 1
        found.append(Parameter(f"w{number}", (layer.inputs, layer.units), index, layer.init))
        if layer.bias:
            found.append(Parameter(f"b{number}", (layer.units,), index, "zeros"))
    return tuple(found)


def initial_values(
    spec: NetworkSpec, seed: int, dtype: DType | None = None
) -> list[NDArray[np.floating]]:
    """Draw initial parameters; the same seed gives the same network in float32 and float64.

    Biases are zero.

    Returns
    -------
    list of ndarray
        C-contiguous, in the order of `parameters_of`.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    kind = (dtype or dtype_of(spec)).numpy
    values = []
    for parameter in parameters_of(spec):
        fan_in, fan_out = parameter.shape[0], parameter.shape[-1]
        draw = INITIALISERS[parameter.init]
        values.append(draw(generator, fan_in, fan_out, shape=parameter.shape, dtype=kind))
    return values


def dtype_of(spec: NetworkSpec) -> DType:
    """The element type of a network's parameters and samples."""
    return DType.F32 if spec.dtype == "float32" else DType.F64


def loss_function(spec: NetworkSpec, dtype: DType | None = None) -> Function:
    """Return ``loss(x, y, w1, b1, ...) -> mean loss``.

    Parameters
    ----------
    spec : NetworkSpec
        With a loss.
    dtype : DType, optional
        Another element type than the spec's, for a gradient check in float64.

    Returns
    -------
    Function
        ``x`` is ``(n, features)``; ``y`` holds n labels (int64), for ``mse`` ``(n, outputs)``
        values. The parameters follow as in `parameters_of`.
    """
    network = _Network(spec, dtype or dtype_of(spec))
    x, y, parameters = network.samples(), network.targets(), network.parameters()
    loss, _ = network.loss(x, y, parameters)
    return network.function("loss", (x, y, *parameters), (loss,))


def evaluation_function(spec: NetworkSpec, dtype: DType | None = None) -> Function:
    """Return ``evaluate(x, y, w1, b1, ...) -> (mean loss, outputs)``, as `loss_function`."""
    network = _Network(spec, dtype or dtype_of(spec))
    x, y, parameters = network.samples(), network.targets(), network.parameters()
    loss, outputs = network.loss(x, y, parameters)
    return network.function("evaluate", (x, y, *parameters), (loss, outputs))


def predict_function(spec: NetworkSpec, dtype: DType | None = None) -> Function:
    """Return ``predict(x, w1, b1, ...) -> outputs`` of the last layer, ``(n, outputs)``."""
    network = _Network(spec, dtype or dtype_of(spec))
    x, parameters = network.samples(), network.parameters()
    outputs = network.layers(x, parameters)[-1]
    return network.function("predict", (x, *parameters), (outputs,))


def layers_function(spec: NetworkSpec, dtype: DType | None = None) -> Function:
    """Return ``layers(x, w1, b1, ...)``: what each layer gives, in order."""
    network = _Network(spec, dtype or dtype_of(spec))
    x, parameters = network.samples(), network.parameters()
    outputs = network.layers(x, parameters)[1:]
    return network.function("layers", (x, *parameters), tuple(outputs))


def sample_loss_function(spec: NetworkSpec, dtype: DType | None = None) -> Function:
    """Return ``sample_loss(x, y, w1, b1, ...) -> loss`` of one sample, as a CUDA thread runs it.

    ``x`` is a vector; ``y`` is a label, for ``mse`` a vector. The loss of a batch is the mean of
    these.
    """
    network = _Network(spec, dtype or dtype_of(spec), rows=())
    x, y, parameters = network.samples(), network.targets(), network.parameters()
    loss, _ = network.loss(x, y, parameters)
    return network.function("sample_loss", (x, y, *parameters), (loss,))


class _Network:
    """Builds one function of a spec.

    `rows` is the shape that comes before that of a sample: of a batch, or none.
    """

    def __init__(self, spec: NetworkSpec, dtype: DType, rows: tuple[str, ...] = (SAMPLES,)) -> None:
        self.spec = spec
        self.dtype = dtype
        self.rows = rows
        self.builder = Builder()
        self.builder.symbols.fresh(SAMPLES)
        self.place = Location(str(spec.path), spec.line, text=f"network {spec.name}")

    def function(self, name: str, params: Sequence[Value], results: tuple[Value, ...]) -> Function:
        return Function(name, self.builder.close(params, results), self.place)

    # -- arguments ------------------------------------------------------------------------------

    def samples(self) -> Value:
        return self.argument("x", Type(self.dtype, (*self.rows, self.spec.features)))

    def targets(self) -> Value:
        rows = tuple(self.builder.symbols.fresh(f"{symbol}_y") for symbol in self.rows)
        if self.spec.loss.type == "mse":
            return self.argument("y", Type(self.dtype, (*rows, self.spec.outputs)))
        return self.argument("y", Type(DType.INT, rows))

    def parameters(self) -> list[Value]:
        return [
            self.argument(parameter.name, Type(self.dtype, parameter.shape))
            for parameter in parameters_of(self.spec)
        ]

    def argument(self, name: str, type: Type) -> Value:
        with self.builder.at(self.place):
            return self.builder.value(type, name, named=True)

    # -- layers ---------------------------------------------------------------------------------

    def layers(self, x: Value, parameters: Sequence[Value]) -> list[Value]:
        """Append all layers; return what went in and what each layer gives."""
        values, left, number = [x], list(parameters), 0
        for index, layer in enumerate(self.spec.layers):
            with self.builder.at(self.layer_place(index, layer)):
                if layer.type == "linear":
                    number += 1
                    weight = left.pop(0)
                    bias = left.pop(0) if layer.bias else None
                    values.append(self.linear(values[-1], weight, bias, f"z{number}"))
                else:
                    activation = ACTIVATIONS[layer.type]
                    values.append(self.named(activation, [values[-1]], {}, f"a{number}"))
        return values

    def layer_place(self, index: int, layer: Layer) -> Location:
        units = f", {layer.units} units" if layer.type == "linear" else ""
        text = f"layer {index + 1}: {layer.type}{units}"
        return Location(str(self.spec.path), layer.line, text=text)

    def linear(self, a: Value, weight: Value, bias: Value | None, name: str) -> Value:
        if bias is None:
            return self.named(MATMUL, [a, weight], {}, name)
        product = self.builder.emit(MATMUL, [a, weight])
        if self.rows:
            sizes = [self.builder.size(dim) for dim in product.type.shape]
            bias = self.builder.emit(BROADCAST, [bias, *sizes], {"axes": (1,)})
        return self.named(ADD, [product, bias], {}, name)

    # -- losses ---------------------------------------------------------------------------------

    def loss(self, x: Value, y: Value, parameters: Sequence[Value]) -> tuple[Value, Value]:
        """Append layers and loss; return the (mean) loss and what the last layer gives."""
        kind = self.spec.loss.type
        place = Location(str(self.spec.path), self.spec.loss.line, text=f"loss: {kind}")
        with self.builder.at(place):
            target = self.checked_targets(y)
        values = self.layers(x, parameters)
        with self.builder.at(place):
            losses = self.losses(kind, values, target)
            return self.mean(losses), values[-1]

    def checked_targets(self, y: Value) -> Value:
        """Append what no program may go on without: a target a sample, and labels that are classes.

        A label out of range would be read, and added to, outside of the row.
        """
        if self.rows:
            sizes = [self.builder.size(dim) for dim in (SAMPLES, *y.type.shape[1:])]
            what = "x and y have different numbers of samples"
            y = self.builder.emit(EXPECT, [y, *sizes], {"what": what}, name="y")
            count = Var(self.builder, sizes[0])
            CHECK(GT(count, 0), error="ValueError", what="there are no samples")
        if not y.type.is_float:
            labels, classes = Var(self.builder, y), self.spec.outputs
            least, largest = (
                (MIN(labels, axes=(0,)), MAX(labels, axes=(0,))) if self.rows else (labels, labels)
            )
            what = f"a label in y is not in 0 .. {classes - 1}"
            CHECK(LAND(GE(least, 0), LT(largest, classes)), error="IndexError", what=what)
        return y

    def losses(self, kind: str, values: Sequence[Value], y: Value) -> Value:
        if kind == "mse":
            error = self.named(SUB, [values[-1], y], {}, "error")
            return self.named(IPOW, [error], {"n": 2}, "losses")
        if kind == "cross_entropy":
            return self.softmax_loss(values[-1], y)
        if self.spec.layers[-1].type == "softmax":
            return self.softmax_loss(values[-2], y)
        return self.sigmoid_loss(values[-2], y)

    def softmax_loss(self, logits: Value, y: Value) -> Value:
        """``-log(softmax(logits)[y])`` of each row: ``log(sum(exp(s))) - s[y]``.

        ``s`` are the logits less the row's largest, which changes neither the loss nor its
        derivative: the exponentials neither overflow nor all vanish, and no digits are lost where
        the logits are large.
        """
        last = {"axes": (len(self.rows),)}
        top = Var(self.builder, self.named(MAX, [logits], last, "top"))
        sizes = sizes_of(Var(self.builder, logits))
        shift = BROADCAST(STOP_GRADIENT(top), *sizes, axes=tuple(range(len(self.rows))))
        shifted = self.named(SUB, [logits, shift.value], {}, "shifted")
        exps = self.named(EXP, [shifted], {}, "exps")
        total = self.named(SUM, [exps], last, "total")
        normaliser = self.builder.emit(LOG, [total])
        chosen = self.builder.emit(PICK, [shifted, y])
        return self.named(SUB, [normaliser, chosen], {}, "losses")

    def sigmoid_loss(self, z: Value, y: Value) -> Value:
        """``-log(sigmoid(z)[y])`` of each row: ``log(1 + exp(-z[y]))``."""
        chosen = Var(self.builder, self.builder.emit(PICK, [z, y]))
        losses: Var = LOGADDEXP(-chosen, 0.0)
        return losses.value

    def mean(self, losses: Value) -> Value:
        """Append the mean over samples and outputs."""
        if losses.type.is_scalar:
            return losses
        axes = tuple(range(losses.type.rank))
        total = self.builder.emit(SUM, [losses], {"axes": axes}, name="sum_of_losses")
        count = CAST(Var(self.builder, self.builder.size(losses.type.shape[0])), dtype=self.dtype)
        for dim in losses.type.shape[1:]:
            count = count * float(dim)
        return self.named(DIV, [total, count.value], {}, "loss")

    def named(self, prim: Primitive, args: Sequence[Value], params: Params, name: str) -> Value:
        """Append an op whose value keeps its name and a statement of its own."""
        (type,) = prim.infer(args, params)
        out = self.builder.value(type, name, named=True)
        self.builder.append(
            Op(prim, tuple(args), params, (out,), (), self.builder.loc, self.builder.role)
        )
        return out

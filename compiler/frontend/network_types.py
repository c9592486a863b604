"""What a network spec says, checked and in plain Python types."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gradc.errors import Diagnostic, Location, ModelFileError


@dataclass(frozen=True)
class Layer:
    """One layer.

    Attributes
    ----------
    type : str
        linear, sigmoid, tanh, relu, sign or softmax.
    inputs, units : int
        How many values go in and come out.
    bias, init
        Of a linear layer: whether it has one, and the name of the weights' initialiser.
    line : int
        Where it starts in the file.
    """

    type: str
    inputs: int
    units: int
    bias: bool = False
    init: str = "zeros"
    line: int = 0

    @property
    def parameter_count(self) -> int:
        """How many numbers are learned."""
        if self.type != "linear":
            return 0
        return self.inputs * self.units + (self.units if self.bias else 0)


@dataclass(frozen=True)
class Loss:
    """cross_entropy, nll or mse."""

    type: str
    line: int = 0


@dataclass(frozen=True)
class Train:
    """How to train.

    Attributes
    ----------
    hyper : mapping
        The optimizer's other hyper-parameters, those that were written down.
    """

    optimizer: str
    learning_rate: float
    batch_size: int
    epochs: int
    seed: int
    hyper: Mapping[str, float] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True)
class Data:
    """Data files; paths in the spec are relative to its folder, these are not."""

    train: Path
    test: Path | None
    line: int = 0


@dataclass(frozen=True)
class NetworkSpec:
    """A network that fits together.

    Attributes
    ----------
    name : str
        An identifier.
    input : tuple of int
        The shape of one sample; the first layer takes it flat, in C order.
    dtype : str
        float32 or float64.
    layers : tuple of Layer
        At least one of them linear.
    path : Path
        The file.
    line : int
        Of ``[model]``.
    loss_table, train_table, data_table
        None where the file has no such table. `loss`, `train` and `data` are the same, but raise
        ModelFileError then.
    """

    name: str
    input: tuple[int, ...]
    dtype: str
    layers: tuple[Layer, ...]
    path: Path
    line: int = 0
    loss_table: Loss | None = None
    train_table: Train | None = None
    data_table: Data | None = None

    @property
    def features(self) -> int:
        """How many values a sample has."""
        return math.prod(self.input)

    @property
    def outputs(self) -> int:
        """How many values the last layer gives."""
        return self.layers[-1].units

    @property
    def parameter_count(self) -> int:
        """How many numbers are learned."""
        return sum(layer.parameter_count for layer in self.layers)

    @property
    def loss(self) -> Loss:
        """The loss; ModelFileError where there is none."""
        if self.loss_table is None:
            raise self._missing("loss", 'type = "cross_entropy"')
        return self.loss_table

    @property
    def train(self) -> Train:
        """How to train; ModelFileError where it is not said."""
        if self.train_table is None:
            raise self._missing("train", 'optimizer = "sgd" and learning_rate = 0.1')
        return self.train_table

    @property
    def data(self) -> Data:
        """The data files; ModelFileError where there are none."""
        if self.data_table is None:
            raise self._missing("data", 'train = "digits-train.npz"')
        return self.data_table

    def fingerprint(self) -> str:
        """Return text that is the same for networks whose parameters mean the same."""
        layers = [[layer.type, layer.units, layer.bias] for layer in self.layers]
        loss = None if self.loss_table is None else self.loss_table.type
        content = json.dumps([self.features, self.dtype, layers, loss])
        return hashlib.sha256(content.encode()).hexdigest()

    def _missing(self, table: str, example: str) -> ModelFileError:
        place = Location(str(self.path))
        return ModelFileError(
            Diagnostic(place, f"{table}: is missing", f"add a table [{table}] with {example}")
        )

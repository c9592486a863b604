"""The tables of a network spec as pydantic models: which keys there are, and their types.

What depends on more than one key is checked in `gradc.frontend.network_spec`. This module is
imported when a spec is read and not before, because pydantic takes a while to load.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_UNITS = 2**24
"""The most units of a layer, and values of a sample."""

Size = Annotated[int, Field(ge=1, le=MAX_UNITS)]
Count = Annotated[int, Field(ge=1, le=2**31 - 1)]
Number = Annotated[float, Field(allow_inf_nan=False)]


class Table(BaseModel):
    """No unknown keys, no text for numbers, no 1 for true."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ModelTable(Table):
    """``[model]``."""

    name: str | None = None
    input: Annotated[list[Size], Field(min_length=1)]
    dtype: Literal["float32", "float64"] = "float32"


class LinearTable(Table):
    """``[[layer]]`` with parameters."""

    type: Literal["linear"]
    units: Size
    bias: bool = True
    init: Literal["glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "zeros"] = (
        "glorot_uniform"
    )


class ActivationTable(Table):
    """``[[layer]]`` that changes no shape."""

    type: Literal["sigmoid", "tanh", "relu", "sign", "softmax"]


class LossTable(Table):
    """``[loss]``."""

    type: Literal["cross_entropy", "nll", "mse"]


class TrainTable(Table):
    """``[train]``; the ranges of the hyper-parameters are the optimisers' own."""

    optimizer: Literal["sgd", "momentum", "nesterov", "rmsprop", "adam", "adamw"] = "sgd"
    learning_rate: Number | None = None
    momentum: Number | None = None
    weight_decay: Number | None = None
    beta1: Number | None = None
    beta2: Number | None = None
    epsilon: Number | None = None
    batch_size: Count = 64
    epochs: Count = 20
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0


class DataTable(Table):
    """``[data]``."""

    train: Annotated[str, Field(min_length=1)]
    test: Annotated[str, Field(min_length=1)] | None = None

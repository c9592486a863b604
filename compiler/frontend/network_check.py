"""The rules of a network spec: each table on its own, and what must hold between them."""

from __future__ import annotations

import keyword
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

from gradc.frontend.network_report import Report, meant, shown
from gradc.frontend.network_types import Data, Layer, Loss, NetworkSpec, Train
from gradc.frontend.toml_positions import KeyPath

if TYPE_CHECKING:
    from gradc.frontend import network_models as models

MAX_LAYERS = 1000
MAX_PARAMETER_BYTES = 2**31
_LONGEST_NAME = 100
_TABLES = ("model", "layer", "loss", "train", "data")
_LAYERS = ("linear", "sigmoid", "tanh", "relu", "sign", "softmax")
_HYPER = ("learning_rate", "momentum", "weight_decay", "beta1", "beta2", "epsilon")

_Model = TypeVar("_Model", bound="models.Table")


class Checker:
    """Checks table after table, and then what must hold between them."""

    def __init__(self, content: dict[str, Any], report: Report, path: Path) -> None:
        # here, because pydantic takes longer to load than most specs to read
        from gradc.frontend import network_models

        self.models = network_models
        self.content = content
        self.report = report
        self.path = path
        self.misspelt: set[str | None] = set()

    def spec(self) -> NetworkSpec:
        unknown = [key for key in self.content if key not in _TABLES]
        for key in unknown:
            self.report.unknown_key((key,), _TABLES)
        # a misspelt table explains the one that is missing
        self.misspelt = {meant(key, _TABLES) for key in unknown}
        model = self.model()
        layers = self.layers(model)
        loss = self.loss(layers)
        train = self.train()
        data = self.data()
        self.report.raise_if_any()
        if model is None or layers is None:
            raise AssertionError("a spec without model or layers has no problems")
        return NetworkSpec(
            name=model.name or _name_of(self.path),
            input=tuple(model.input),
            dtype=model.dtype,
            layers=layers,
            path=self.path,
            line=self.report.line(("model",)),
            loss_table=loss,
            train_table=train,
            data_table=data,
        )

    # -- tables ---------------------------------------------------------------------------------

    def model(self) -> models.ModelTable | None:
        if "model" not in self.content:
            self.missing("model", "add a table [model] with input, the shape of one sample")
            return None
        model = self.table(("model",), self.content["model"], self.models.ModelTable)
        if model is None:
            return None
        if model.name is not None:
            self.check_name(model.name)
        features = math.prod(model.input)
        if features > self.models.MAX_UNITS:
            self.report.add(
                ("model", "input"),
                f"a sample has {features:,} values; at most {self.models.MAX_UNITS:,} are taken",
            )
            return None
        return model

    def missing(self, table: str, hint: str) -> None:
        if table not in self.misspelt:
            self.report.add((table,), "is missing", hint)

    def check_name(self, name: str) -> None:
        if not name.isidentifier() or keyword.iskeyword(name) or len(name) > _LONGEST_NAME:
            self.report.add(
                ("model", "name"),
                f"{shown(name)} is not an identifier",
                "letters, digits and underscores, no digit first, and no word of Python",
            )

    def layers(self, model: models.ModelTable | None) -> tuple[Layer, ...] | None:
        given = self.content.get("layer")
        if isinstance(given, dict):
            self.report.add(("layer",), "is one table", "write [[layer]] with two brackets")
            return None
        if given is None or given == []:
            self.missing("layer", "add a table [[layer]] for each layer, in their order")
            return None
        if not isinstance(given, list):
            self.report.add(("layer",), f"must be tables, not {shown(given)}", "write [[layer]]")
            return None
        if len(given) > MAX_LAYERS:
            self.report.add(("layer",), f"{len(given):,} layers; at most {MAX_LAYERS:,} are taken")
            return None
        tables = [self.layer(index, table) for index, table in enumerate(given)]
        if model is None or any(table is None for table in tables):
            return None
        layers = self.connected(model, [table for table in tables if table is not None])
        if not any(layer.type == "linear" for layer in layers):
            self.report.add(("layer",), "no layer has parameters; at least one must be linear")
        self.check_size(model, layers)
        return tuple(layers)

    def layer(
        self, index: int, content: object
    ) -> models.LinearTable | models.ActivationTable | None:
        path: KeyPath = ("layer", index)
        if not isinstance(content, dict):
            self.report.add(path, f"must be a table, not {shown(content)}", "write [[layer]]")
            return None
        kind = content.get("type")
        if kind == "linear":
            return self.table(path, content, self.models.LinearTable)
        if isinstance(kind, str) and kind in _LAYERS:
            hint = f"a {kind} layer has as many outputs as inputs, and no parameters"
            hints = dict.fromkeys(("units", "bias", "init"), hint)
            return self.table(path, content, self.models.ActivationTable, hints)
        if kind is None:
            misspelt = [key for key in content if meant(key, ["type"])]
            if misspelt:
                self.report.unknown_key((*path, misspelt[0]), ["type"])
            else:
                self.report.add((*path, "type"), "is missing", f"one of {', '.join(_LAYERS)}")
        else:
            self.report.wrong_choice((*path, "type"), kind, _LAYERS)
        return None

    def connected(
        self,
        model: models.ModelTable,
        tables: list[models.LinearTable | models.ActivationTable],
    ) -> list[Layer]:
        """Return the layers with the sizes that follow from the ones before."""
        layers: list[Layer] = []
        width = math.prod(model.input)
        for index, table in enumerate(tables):
            line = self.report.line(("layer", index))
            if isinstance(table, self.models.LinearTable):
                layers.append(Layer("linear", width, table.units, table.bias, table.init, line))
            else:
                layers.append(Layer(table.type, width, width, line=line))
            width = layers[-1].units
        return layers

    def check_size(self, model: models.ModelTable, layers: list[Layer]) -> None:
        width = 4 if model.dtype == "float32" else 8
        total = 0
        for index, layer in enumerate(layers):
            total += width * layer.parameter_count
            if total > MAX_PARAMETER_BYTES:
                self.report.add(
                    ("layer", index, "units"),
                    f"{layer.units:,} units with {layer.inputs:,} inputs each bring the parameters "
                    f"to {total:,} bytes; at most {MAX_PARAMETER_BYTES:,} are taken",
                )
                return

    def loss(self, layers: tuple[Layer, ...] | None) -> Loss | None:
        if "loss" not in self.content:
            return None
        loss = self.table(("loss",), self.content["loss"], self.models.LossTable)
        if loss is None:
            return None
        if layers is not None:
            self.check_loss(loss.type, layers)
        return Loss(loss.type, self.report.line(("loss",)))

    def check_loss(self, kind: str, layers: tuple[Layer, ...]) -> None:
        """The loss must fit what the last layer gives."""
        path, last = ("loss", "type"), layers[-1]
        place = f"layer[{len(layers)}] ({last.type})"
        if kind == "cross_entropy" and last.type == "softmax":
            self.report.add(
                path,
                f"cross_entropy holds a softmax of its own, after that of {place}",
                'remove the layer, or use the loss "nll"',
            )
        elif kind == "nll" and last.type not in ("softmax", "sigmoid"):
            self.report.add(
                path,
                f"nll takes probabilities, which {place} does not give",
                'end with a softmax layer, or use the loss "cross_entropy" without one',
            )
        elif kind != "mse" and last.units < 2:
            self.report.add(
                path,
                f"{kind} chooses between classes, and {place} has 1 output",
                "one output for each class, or the loss mse",
            )

    def train(self) -> Train | None:
        if "train" not in self.content:
            return None
        table = self.table(("train",), self.content["train"], self.models.TrainTable)
        if "loss" not in self.content and "loss" not in self.misspelt:
            self.report.add(
                ("train",), "needs a loss", 'add a table [loss] with type = "cross_entropy"'
            )
        if table is None:
            return None
        # here, because it loads NumPy
        from gradc_runtime.optimisers import hyperparameter_problem, hyperparameters

        known = hyperparameters(table.optimizer)
        given = {key: getattr(table, key) for key in _HYPER if getattr(table, key) is not None}
        for key, value in given.items():
            problem = hyperparameter_problem(key, value)
            if key not in known:
                self.report.add(
                    ("train", key),
                    f"{table.optimizer} has none",
                    _optimizer_hint(key, table.optimizer, known),
                )
            elif problem is not None:
                self.report.add(("train", key), f"{problem}, not {shown(value)}")
        rate = given.pop("learning_rate", known["learning_rate"])
        line = self.report.line(("train",))
        return Train(table.optimizer, rate, table.batch_size, table.epochs, table.seed, given, line)

    def data(self) -> Data | None:
        if "data" not in self.content:
            return None
        table = self.table(("data",), self.content["data"], self.models.DataTable)
        if table is None:
            return None
        for key in ("train", "test"):
            if "\0" in (getattr(table, key) or ""):
                self.report.add(("data", key), "is not a path: it holds a zero character")
        folder = self.path.parent
        test = None if table.test is None else folder / table.test
        return Data(folder / table.train, test, self.report.line(("data",)))

    def table(
        self,
        path: KeyPath,
        content: object,
        model: type[_Model],
        hints: Mapping[str, str] | None = None,
    ) -> _Model | None:
        """Check one table by its model; note its problems and return None if there are any."""
        from pydantic import ValidationError

        name = path[0]
        if isinstance(content, list) and content and isinstance(content[0], dict):
            self.report.add(path, "must be one table", f"write [{name}] with one bracket")
            return None
        if not isinstance(content, dict):
            self.report.add(path, f"must be a table, not {shown(content)}", f"write [{name}]")
            return None
        try:
            return model.model_validate(content)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
        absent = [key for key in model.model_fields if key not in content]
        unknown = [str(e["loc"][-1]) for e in errors if e["type"] == "extra_forbidden"]
        misspelt = {meant(key, absent) for key in unknown}
        for error in errors:
            where, key = (*path, *error["loc"]), str(error["loc"][-1])
            choices = _choices(model, key)
            if error["type"] == "extra_forbidden":
                known = absent if meant(key, absent) else list(model.model_fields)
                self.report.unknown_key(where, known, (hints or {}).get(key))
            elif error["type"] == "literal_error":
                self.report.wrong_choice(where, error["input"], choices)
            elif error["type"] == "missing" and key in misspelt:
                continue  # the misspelt key says it
            elif error["type"] == "missing" and choices:
                self.report.add(where, "is missing", f"one of {', '.join(choices)}")
            else:
                self.report.wrong_value(where, error)
        return None


def _choices(model: type[models.Table], key: str) -> list[str]:
    """Return the words that may stand for a key, none where it takes other values."""
    field = model.model_fields.get(key)
    if field is None or get_origin(field.annotation) is not Literal:
        return []
    return [str(choice) for choice in get_args(field.annotation)]


def _optimizer_hint(key: str, optimizer: str, known: Mapping[str, float]) -> str:
    if key == "momentum" and optimizer == "sgd":
        return 'use optimizer = "momentum"'
    return f"{optimizer} takes {', '.join(known)}"


def _name_of(path: Path) -> str:
    """Return the file's stem as an identifier."""
    name = re.sub(r"\W", "_", path.stem)[:_LONGEST_NAME]
    if keyword.iskeyword(name):
        return f"{name}_"
    return name if name.isidentifier() else f"net_{name}"

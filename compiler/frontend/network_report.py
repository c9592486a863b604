"""Problems of a network spec in the user's words, with the key's path and its place in the file."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from gradc.errors import Diagnostic, Location, ModelFileError
from gradc.frontend.toml_positions import KeyPath, Position

_LONGEST_SHOWN = 40
_ALIKE = 0.65

# What users of other tools write, in lower case, where the letters alone would not tell.
_MEANT = {
    "dense": "linear",
    "fc": "linear",
    "affine": "linear",
    "logistic": "sigmoid",
    "rectifier": "relu",
    "ce": "cross_entropy",
    "l2": "mse",
    "mean_squared_error": "mse",
    "log_loss": "cross_entropy",
    "lr": "learning_rate",
    "step_size": "learning_rate",
    "minibatch": "batch_size",
    "neurons": "units",
    "size": "units",
    "width": "units",
    "outputs": "units",
    "initializer": "init",
    "kernel_initializer": "init",
    "shape": "input",
    "input_shape": "input",
    "float": "float32",
    "float16": "float32",
    "single": "float32",
    "double": "float64",
    "f32": "float32",
    "f64": "float64",
    "xavier": "glorot_uniform",
    "kaiming": "he_normal",
    "heavy_ball": "momentum",
    "eps": "epsilon",
    "l2_penalty": "weight_decay",
    "validation": "test",
    "training": "train",
    "dataset": "data",
    "network": "model",
    "objective": "loss",
}

# An example line for each key that cannot be left out.
_EXAMPLES = {
    "input": "the shape of one sample, as in input = [64]",
    "units": "how many outputs the layer has, as in units = 128",
    "train": 'a file with x and y, as in train = "digits-train.npz"',
}


class Report:
    """Collects the problems of one file.

    Parameters
    ----------
    file : str
        The file as the user named it.
    text : str
        Its content.
    positions : mapping
        What `key_positions` gave for it.
    """

    def __init__(self, file: str, text: str, positions: Mapping[KeyPath, Position]) -> None:
        self.file = file
        self.lines = text.split("\n")
        self.positions = positions
        self.problems: list[Diagnostic] = []

    def add(self, path: KeyPath, message: str, hint: str | None = None) -> None:
        """Note a problem with the key at ``path``, or with what is missing there."""
        where = f"{key_text(path)}: " if path else ""
        self.problems.append(Diagnostic(self.location(path), where + message, hint))

    def location(self, path: KeyPath) -> Location:
        """Return the place of a key, or of the table around it where the key is not there."""
        while path and path not in self.positions:
            path = path[:-1]
        if not path:
            return Location(self.file)
        at = self.positions[path]
        return Location(self.file, at.line, at.col, at.end_col, self.lines[at.line - 1])

    def line(self, path: KeyPath) -> int:
        """Return the line of a key, 0 for none."""
        return self.location(path).line

    def raise_if_any(self) -> None:
        """Raise all problems in the order of their lines."""
        if self.problems:
            places = [(p.location.line, p.location.col) for p in self.problems]
            order = sorted(range(len(places)), key=places.__getitem__)
            raise ModelFileError([self.problems[index] for index in order])

    # -- words ----------------------------------------------------------------------------------

    def unknown_key(self, path: KeyPath, known: Sequence[str], hint: str | None = None) -> None:
        """Note a key that this table does not have."""
        if hint is not None:
            self.add(path, "unknown key", hint)
        else:
            self.add(path, f"unknown key; {_suggestion(str(path[-1]), known)}")

    def wrong_choice(self, path: KeyPath, value: object, known: Sequence[str]) -> None:
        """Note a value that is none of the known words."""
        if isinstance(value, str):
            self.add(path, f"{shown(value)} is unknown; {_suggestion(value, known)}")
        else:
            words = ", ".join(f'"{word}"' for word in known)
            self.add(path, f"must be one of {words}, not {shown(value)}")

    def wrong_value(self, path: KeyPath, error: Mapping[str, Any]) -> None:
        """Note what pydantic found wrong with one value."""
        value, context = error["input"], error.get("ctx", {})
        key = str(path[-1])
        match error["type"]:
            case "missing":
                self.add(path, "is missing", _EXAMPLES.get(key))
            case "int_type":
                self.add(path, f"must be a whole number, not {shown(value)}", _unquoted(value))
            case "float_type":
                self.add(path, f"must be a number, not {shown(value)}", _unquoted(value))
            case "finite_number":
                self.add(path, f"must be a finite number, not {shown(value)}")
            case "bool_type":
                self.add(path, f"must be true or false, not {shown(value)}")
            case "string_type":
                self.add(path, f"must be text in quotes, not {shown(value)}")
            case "string_too_short":
                self.add(path, "must not be empty", _EXAMPLES.get(key))
            case "list_type":
                hint = f"write [{value}]" if isinstance(value, int) else None
                self.add(path, f"must be a list of sizes, not {shown(value)}", hint)
            case "too_short":
                self.add(path, "must have at least one size", _EXAMPLES.get(key))
            case "greater_than_equal":
                self.add(path, f"must be at least {context['ge']}, not {shown(value)}")
            case "less_than_equal":
                self.add(path, f"must be at most {context['le']:,}, not {shown(value)}")
            case _:
                self.add(path, f"{error['msg']}, not {shown(value)}")


def key_text(path: KeyPath) -> str:
    """Return a path as users count: ``("layer", 1, "units")`` is ``layer[2].units``."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def meant(word: str, known: Sequence[str]) -> str | None:
    """Return the one of ``known`` that ``word`` looks like, None if it looks like none."""
    plain = word.strip().lower().replace("-", "_").replace(" ", "_")
    if _MEANT.get(plain) in known:
        return _MEANT[plain]
    for word in known:
        if word.startswith(f"{plain}_"):
            return word
    close = difflib.get_close_matches(plain, known, n=1, cutoff=_ALIKE)
    return close[0] if close else None


def _suggestion(word: str, known: Sequence[str]) -> str:
    nearest = meant(word, known)
    if nearest is not None:
        return f'did you mean "{nearest}"?'
    return "known are " + ", ".join(f'"{choice}"' for choice in known)


def shown(value: object) -> str:
    """Return a value of a TOML file as the user wrote it, cut if it is long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        cut = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "..."
        return '"' + "".join(c if c.isprintable() else "?" for c in cut) + '"'
    if isinstance(value, int):
        # very long integers cannot be turned into text at all
        return str(value) if abs(value) < 10**_LONGEST_SHOWN else "such a long number"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "a table"
    return "a date or time"


def _unquoted(value: object) -> str | None:
    """Return the hint for a number that was written in quotes."""
    if not isinstance(value, str):
        return None
    try:
        float(value)
    except ValueError:
        return None
    return "remove the quotes"

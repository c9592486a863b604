"""A good network spec, ways to spoil it, and what is said then."""

from __future__ import annotations

import pytest

from gradc.errors import ModelFileError
from gradc.frontend.network_spec import NetworkSpec, parse_network_spec

GOOD = """\
[model]
name = "digits"
input = [8, 8]
dtype = "float32"

[[layer]]
type = "linear"
units = 128
[[layer]]
type = "sigmoid"
[[layer]]
type = "linear"
units = 10
bias = false
init = "he_normal"

[loss]
type = "cross_entropy"

[train]
optimizer = "momentum"
learning_rate = 0.1
momentum = 0.8
batch_size = 32
epochs = 3
seed = 7

[data]
train = "train.npz"
test = "sub/test.csv"
"""


def change(*pairs: tuple[str, str]) -> str:
    """Return the good spec with pieces replaced; each must be there once."""
    text = GOOD
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def parse(text: str) -> NetworkSpec:
    return parse_network_spec(text, "folder/digits.toml")


def problems(text: str) -> list[str]:
    """Return each problem as ``line:column: message | hint``."""
    with pytest.raises(ModelFileError) as caught:
        parse(text)
    found = []
    for diagnostic in caught.value.diagnostics:
        place = diagnostic.location
        assert place.file == "folder/digits.toml"
        hint = f" | {diagnostic.hint}" if diagnostic.hint else ""
        found.append(f"{place.line}:{place.col}: {diagnostic.message}{hint}")
    return found

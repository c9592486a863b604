"""Network specs: what a good one becomes, and which files are read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from gradc.errors import ModelFileError
from gradc.frontend.network_spec import (
    Data,
    Layer,
    Loss,
    NetworkSpec,
    Train,
    parse_network_spec,
    read_network_spec,
)
from tests.frontend.network_texts import GOOD, change, parse

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.toml"))

# --- good ones -----------------------------------------------------------------------------------


def test_all_that_is_said() -> None:
    assert parse(GOOD) == NetworkSpec(
        name="digits",
        input=(8, 8),
        dtype="float32",
        layers=(
            Layer("linear", 64, 128, bias=True, init="glorot_uniform", line=6),
            Layer("sigmoid", 128, 128, line=9),
            Layer("linear", 128, 10, bias=False, init="he_normal", line=11),
        ),
        path=Path("folder/digits.toml"),
        line=1,
        loss_table=Loss("cross_entropy", line=17),
        train_table=Train("momentum", 0.1, 32, 3, 7, {"momentum": 0.8}, line=20),
        data_table=Data(Path("folder/train.npz"), Path("folder/sub/test.csv"), line=28),
    )


def test_sizes_that_follow() -> None:
    spec = parse(GOOD)
    assert (spec.features, spec.outputs) == (64, 10)
    assert spec.parameter_count == 64 * 128 + 128 + 128 * 10
    assert [layer.parameter_count for layer in spec.layers] == [64 * 128 + 128, 0, 128 * 10]


def test_what_may_be_left_out() -> None:
    spec = parse_network_spec(
        '[model]\ninput = [2]\n[[layer]]\ntype = "linear"\nunits = 1\n', "my-net.v2.toml"
    )
    assert (spec.name, spec.dtype) == ("my_net_v2", "float32")
    assert spec.layers[0] == Layer("linear", 2, 1, bias=True, init="glorot_uniform", line=3)
    assert (spec.loss_table, spec.train_table, spec.data_table) == (None, None, None)


def test_defaults_of_training() -> None:
    text = change(
        ('optimizer = "momentum"\nlearning_rate = 0.1\nmomentum = 0.8\nbatch_size = 32\n', ""),
        ("epochs = 3\nseed = 7\n", ""),
        ('test = "sub/test.csv"\n', ""),
    )
    spec = parse(text)
    assert spec.train == Train("sgd", 0.01, 64, 20, 0, {}, line=20)
    assert spec.data.test is None


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a b.toml", "a_b"),
        ("7.toml", "net_7"),
        ("class.toml", "class_"),
        ("größe.toml", "größe"),
        (".toml", "_toml"),
        ("x" * 200 + ".toml", "x" * 100),
    ],
)
def test_names_from_files(file: str, name: str) -> None:
    assert parse_network_spec(change(('name = "digits"\n', "")), file).name == name


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("\n", "\r\n"),
        change(("input = [8, 8]", "input = [\n  8, # rows\n  8,\n]")),
        change(("learning_rate = 0.1", "learning_rate = 1")),
        change(("momentum = 0.8", "weight_decay = 1e-4")),
        change(("[loss]", '[[layer]]\ntype = "tanh"\n[loss]')),
    ],
)
def test_other_ways_to_write_it(text: str) -> None:
    assert parse(text).outputs == 10


def test_inline_tables() -> None:
    spec = parse(
        'loss = { type = "mse" }\nlayer = [{ type = "linear", units = 1 }]\nmodel.input = [3]\n'
    )
    assert spec.layers[0].line == 2
    assert spec.loss == Loss("mse", line=1)


@pytest.mark.parametrize("last", ["softmax", "sigmoid"])
def test_nll_of_probabilities(last: str) -> None:
    text = change(("[loss]", f'[[layer]]\ntype = "{last}"\n[loss]'), ('"cross_entropy"', '"nll"'))
    assert parse(text).loss.type == "nll"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples(path: Path) -> None:
    spec = read_network_spec(path)
    assert spec.name == path.stem
    assert spec.data.train.exists()


def test_fingerprint_is_that_of_the_parameters_meaning() -> None:
    same = [
        change(('name = "digits"', 'name = "other"')),
        change(("input = [8, 8]", "input = [64]")),
        change(("learning_rate = 0.1", "learning_rate = 0.2")),
        change(("he_normal", "zeros")),
        "# a comment\n" + GOOD,
    ]
    other = [
        change(("float32", "float64")),
        change(("units = 128", "units = 129")),
        change(('"sigmoid"', '"tanh"')),
        change(("bias = false", "bias = true")),
        change(('"cross_entropy"', '"mse"')),
        change(("input = [8, 8]", "input = [8, 9]")),
    ]
    assert {parse(text).fingerprint() for text in same} == {parse(GOOD).fingerprint()}
    assert len({parse(text).fingerprint() for text in [GOOD, *other]}) == 7


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("loss", 'loss: is missing\n  hint: add a table [loss] with type = "cross_entropy"'),
        (
            "train",
            "train: is missing\n"
            '  hint: add a table [train] with optimizer = "sgd" and learning_rate = 0.1',
        ),
        ("data", 'data: is missing\n  hint: add a table [data] with train = "digits-train.npz"'),
    ],
)
def test_tables_that_are_asked_for_and_not_there(table: str, message: str) -> None:
    spec = parse('[model]\ninput = [2]\n[[layer]]\ntype = "linear"\nunits = 1\n')
    with pytest.raises(ModelFileError) as caught:
        getattr(spec, table)
    assert str(caught.value) == f"folder/digits.toml: {message}"


# --- files ---------------------------------------------------------------------------------------


def file_problem(path: Path) -> str:
    with pytest.raises(ModelFileError) as caught:
        read_network_spec(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is not a text file"),
        ("[model]\nname = 'größe'".encode("latin-1"), "is not UTF-8 text (line 2)"),
        (GOOD.encode("utf-16"), "is not a text file"),
        (b"#" * (2**20 + 1), "is larger than 1,048,576 bytes"),
        (b"", "is empty"),
    ],
)
def test_content_of_a_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "net.toml"
    path.write_bytes(content)
    assert file_problem(path).split("\n")[0] == message


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    assert file_problem(tmp_path / "none.toml") == "no such file"
    assert file_problem(tmp_path) == "is a folder, not a file"
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    assert file_problem(pipe) == "is not a regular file"
    file = tmp_path / "a"
    file.touch()
    assert file_problem(file / "b.toml") == "cannot be read: Not a directory"
    assert file_problem(Path("a\0b")) == "cannot be read: embedded null byte"


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "net.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_network_spec(path).data.train == tmp_path / "train.npz"


# --- the rest of gradc ---------------------------------------------------------------------------


def test_the_words_are_those_of_the_runtime() -> None:
    from gradc.frontend.network_models import LinearTable, TrainTable
    from gradc_runtime.initialisers import INITIALISERS
    from gradc_runtime.optimisers import OPTIMISERS, hyperparameters

    assert get_args(LinearTable.model_fields["init"].annotation) == tuple(INITIALISERS)
    assert get_args(TrainTable.model_fields["optimizer"].annotation) == tuple(OPTIMISERS)
    hyper = {key for name in OPTIMISERS for key in hyperparameters(name)}
    assert hyper < set(TrainTable.model_fields)


def test_importing_loads_neither_pydantic_nor_numpy() -> None:
    code = (
        "import sys, gradc.frontend.network_spec\n"
        "print([name for name in ('pydantic', 'numpy', 'numba') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

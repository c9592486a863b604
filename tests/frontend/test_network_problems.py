"""What is said about each bad network spec, word for word."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradc.errors import ModelFileError
from tests.frontend.network_texts import GOOD, change, parse, problems

# --- the whole text of a message -----------------------------------------------------------------


def test_text_of_a_message() -> None:
    with pytest.raises(ModelFileError) as caught:
        parse(change(("units = 128", "unitss = 128"), ('"sigmoid"', '"sigmod"')))
    assert str(caught.value) == (
        'folder/digits.toml:8:1: layer[1].unitss: unknown key; did you mean "units"?\n'
        "    unitss = 128\n"
        "    ^^^^^^\n"
        'folder/digits.toml:10:1: layer[2].type: "sigmod" is unknown; did you mean "sigmoid"?\n'
        '    type = "sigmod"\n'
        "    ^^^^\n"
        "2 problems"
    )


def test_everything_at_once_and_in_order() -> None:
    text = change(
        ("input = [8, 8]", "input = [8, 0]"),
        ("units = 128", "units = -1"),
        ("bias = false", "bias = 0"),
        ('type = "cross_entropy"', 'type = "cross"'),
        ("learning_rate = 0.1", "learning_rate = nan"),
        ("epochs = 3", "epoch = 3"),
        ('train = "train.npz"', "train = 1"),
    )
    assert problems(text) == [
        "3:13: model.input[2]: must be at least 1, not 0",
        "8:1: layer[1].units: must be at least 1, not -1",
        "14:1: layer[3].bias: must be true or false, not 0",
        '18:1: loss.type: "cross" is unknown; did you mean "cross_entropy"?',
        "22:1: train.learning_rate: must be a finite number, not nan",
        '25:1: train.epoch: unknown key; did you mean "epochs"?',
        "29:1: data.train: must be text in quotes, not 1",
    ]


# --- one problem each ----------------------------------------------------------------------------

LAYERS = "one of linear, sigmoid, tanh, relu, sign, softmax"
IDENTIFIER = "letters, digits and underscores, no digit first, and no word of Python"

BAD = [
    # keys
    (
        ("input = [8, 8]", "inputs = [8, 8]"),
        '3:1: model.inputs: unknown key; did you mean "input"?',
    ),
    (("dtype", "dtpye"), '4:1: model.dtpye: unknown key; did you mean "dtype"?'),
    (
        ("dtype", "version"),
        '4:1: model.version: unknown key; known are "name", "input", "dtype"',
    ),
    (("units = 128", "neurons = 128"), '8:1: layer[1].neurons: unknown key; did you mean "units"?'),
    (("units = 128", "Units = 128"), '8:1: layer[1].Units: unknown key; did you mean "units"?'),
    (
        ('"sigmoid"', '"sigmoid"\nunits = 3'),
        "11:1: layer[2].units: unknown key | "
        "a sigmoid layer has as many outputs as inputs, and no parameters",
    ),
    (('"sigmoid"', '"sigmoid"\nx.y = 3'), '11:1: layer[2].x: unknown key; known are "type"'),
    (("learning_rate", "lr"), '22:1: train.lr: unknown key; did you mean "learning_rate"?'),
    (
        ("batch_size", "batch-size"),
        '24:1: train.batch-size: unknown key; did you mean "batch_size"?',
    ),
    (("[train]", "[training]"), '20:2: training: unknown key; did you mean "train"?'),
    (("[loss]", "[los]"), '17:2: los: unknown key; did you mean "loss"?'),
    (
        ("[data]", "[extra]\n[data]"),
        '28:2: extra: unknown key; known are "model", "layer", "loss", "train", "data"',
    ),
    # what is missing
    (
        ("input = [8, 8]\n", ""),
        "1:2: model.input: is missing | the shape of one sample, as in input = [64]",
    ),
    (
        ("units = 128\n", ""),
        "6:3: layer[1].units: is missing | how many outputs the layer has, as in units = 128",
    ),
    (('type = "sigmoid"\n', ""), f"9:3: layer[2].type: is missing | {LAYERS}"),
    (
        ('type = "sigmoid"', 'typ = "sigmoid"'),
        '10:1: layer[2].typ: unknown key; did you mean "type"?',
    ),
    (
        ('type = "cross_entropy"', ""),
        "17:2: loss.type: is missing | one of cross_entropy, nll, mse",
    ),
    (
        ('train = "train.npz"\n', ""),
        '28:2: data.train: is missing | a file with x and y, as in train = "digits-train.npz"',
    ),
    (
        ('[loss]\ntype = "cross_entropy"\n', ""),
        '18:2: train: needs a loss | add a table [loss] with type = "cross_entropy"',
    ),
    # words
    (
        ('"float32"', '"float16"'),
        '4:1: model.dtype: "float16" is unknown; did you mean "float32"?',
    ),
    (('"float32"', '"double"'), '4:1: model.dtype: "double" is unknown; did you mean "float64"?'),
    (
        ('"float32"', '"int8"'),
        '4:1: model.dtype: "int8" is unknown; known are "float32", "float64"',
    ),
    (('"float32"', "32"), '4:1: model.dtype: must be one of "float32", "float64", not 32'),
    (('"sigmoid"', '"ReLU"'), '10:1: layer[2].type: "ReLU" is unknown; did you mean "relu"?'),
    (('"sigmoid"', '"dense"'), '10:1: layer[2].type: "dense" is unknown; did you mean "linear"?'),
    (
        ('"sigmoid"', '"conv2d"'),
        '10:1: layer[2].type: "conv2d" is unknown; known are "linear", "sigmoid", "tanh", "relu", '
        '"sign", "softmax"',
    ),
    (
        ('"sigmoid"', "3"),
        '10:1: layer[2].type: must be one of "linear", "sigmoid", "tanh", "relu", "sign", '
        '"softmax", not 3',
    ),
    (
        ('"sigmoid"', '["linear"]'),
        '10:1: layer[2].type: must be one of "linear", "sigmoid", "tanh", "relu", "sign", '
        '"softmax", not a list',
    ),
    (('"he_normal"', '"he"'), '15:1: layer[3].init: "he" is unknown; did you mean "he_uniform"?'),
    (
        ('"he_normal"', '"xavier"'),
        '15:1: layer[3].init: "xavier" is unknown; did you mean "glorot_uniform"?',
    ),
    (
        ('"cross_entropy"', '"cross entropy"'),
        '18:1: loss.type: "cross entropy" is unknown; did you mean "cross_entropy"?',
    ),
    (('"momentum"', '"Adam"'), '21:1: train.optimizer: "Adam" is unknown; did you mean "adam"?'),
    # values
    (
        ('"digits"', '"my digits"'),
        f'2:1: model.name: "my digits" is not an identifier | {IDENTIFIER}',
    ),
    (('"digits"', '"7"'), f'2:1: model.name: "7" is not an identifier | {IDENTIFIER}'),
    (('"digits"', '""'), f'2:1: model.name: "" is not an identifier | {IDENTIFIER}'),
    (('"digits"', '"class"'), f'2:1: model.name: "class" is not an identifier | {IDENTIFIER}'),
    (('"digits"', '"../x"'), f'2:1: model.name: "../x" is not an identifier | {IDENTIFIER}'),
    (
        ('"digits"', '"a\\u0000b"'),
        f'2:1: model.name: "a?b" is not an identifier | {IDENTIFIER}',
    ),
    (
        ('"digits"', f'"{"a" * 101}"'),
        f'2:1: model.name: "{"a" * 40}..." is not an identifier | {IDENTIFIER}',
    ),
    (('"digits"', "1979-05-27"), "2:1: model.name: must be text in quotes, not a date or time"),
    (("[8, 8]", "64"), "3:1: model.input: must be a list of sizes, not 64 | write [64]"),
    (
        ("[8, 8]", "[]"),
        "3:1: model.input: must have at least one size | "
        "the shape of one sample, as in input = [64]",
    ),
    (("[8, 8]", "[8, 8.5]"), "3:13: model.input[2]: must be a whole number, not 8.5"),
    (
        ("[8, 8]", '[8, "8"]'),
        '3:13: model.input[2]: must be a whole number, not "8" | remove the quotes',
    ),
    (("[8, 8]", "[8, true]"), "3:13: model.input[2]: must be a whole number, not true"),
    (("[8, 8]", "[8, [8]]"), "3:13: model.input[2]: must be a whole number, not a list"),
    (("[8, 8]", "[-8]"), "3:10: model.input[1]: must be at least 1, not -8"),
    (
        ("[8, 8]", "[4097, 4096]"),
        "3:1: model.input: a sample has 16,781,312 values; at most 16,777,216 are taken",
    ),
    (("units = 128", "units = 0"), "8:1: layer[1].units: must be at least 1, not 0"),
    (("units = 128", "units = 128.0"), "8:1: layer[1].units: must be a whole number, not 128.0"),
    (
        ("units = 128", "units = 16777217"),
        "8:1: layer[1].units: must be at most 16,777,216, not 16777217",
    ),
    (
        ("units = 128", f"units = {10**50}"),
        "8:1: layer[1].units: must be at most 16,777,216, not such a long number",
    ),
    (
        ("units = 128", "units = 16777216"),
        "8:1: layer[1].units: 16,777,216 units with 64 inputs each bring the parameters to "
        "4,362,076,160 bytes; at most 2,147,483,648 are taken",
    ),
    (("bias = false", "bias = 'no'"), '14:1: layer[3].bias: must be true or false, not "no"'),
    (
        ("learning_rate = 0.1", "learning_rate = 0"),
        "22:1: train.learning_rate: must be greater than 0, not 0.0",
    ),
    (
        ("learning_rate = 0.1", "learning_rate = -0.1"),
        "22:1: train.learning_rate: must be greater than 0, not -0.1",
    ),
    (
        ("learning_rate = 0.1", "learning_rate = inf"),
        "22:1: train.learning_rate: must be a finite number, not inf",
    ),
    (
        ("learning_rate = 0.1", "learning_rate = 1e999"),
        "22:1: train.learning_rate: must be a finite number, not inf",
    ),
    (
        ("learning_rate = 0.1", "learning_rate = '0.1'"),
        '22:1: train.learning_rate: must be a number, not "0.1" | remove the quotes',
    ),
    (
        ("learning_rate = 0.1", "learning_rate = true"),
        "22:1: train.learning_rate: must be a number, not true",
    ),
    (
        ("momentum = 0.8", "momentum = 1.0"),
        "23:1: train.momentum: must be at least 0 and less than 1, not 1.0",
    ),
    (("batch_size = 32", "batch_size = 0"), "24:1: train.batch_size: must be at least 1, not 0"),
    (("epochs = 3", "epochs = -3"), "25:1: train.epochs: must be at least 1, not -3"),
    (("seed = 7", "seed = -7"), "26:1: train.seed: must be at least 0, not -7"),
    (("seed = 7", "seed = 7.5"), "26:1: train.seed: must be a whole number, not 7.5"),
    (
        ('"train.npz"', '""'),
        "29:1: data.train: must not be empty | a file with x and y, "
        'as in train = "digits-train.npz"',
    ),
    (
        ('"train.npz"', '"a\\u0000.npz"'),
        "29:1: data.train: is not a path: it holds a zero character",
    ),
    # tables
    (("[loss]", "[[loss]]"), "17:3: loss: must be one table | write [loss] with one bracket"),
    # what must hold between tables
    (
        ("momentum = 0.8", "beta1 = 0.8"),
        "23:1: train.beta1: momentum has none | "
        "momentum takes learning_rate, momentum, weight_decay",
    ),
    (
        ('optimizer = "momentum"', 'optimizer = "sgd"'),
        '23:1: train.momentum: sgd has none | use optimizer = "momentum"',
    ),
    (
        ("[loss]", '[[layer]]\ntype = "softmax"\n[loss]'),
        "20:1: loss.type: cross_entropy holds a softmax of its own, after that of layer[4] "
        '(softmax) | remove the layer, or use the loss "nll"',
    ),
    (
        ('"cross_entropy"', '"nll"'),
        "18:1: loss.type: nll takes probabilities, which layer[3] (linear) does not give | "
        'end with a softmax layer, or use the loss "cross_entropy" without one',
    ),
    (
        ("units = 10\n", "units = 1\n"),
        "18:1: loss.type: cross_entropy chooses between classes, and layer[3] (linear) has 1 output"
        " | one output for each class, or the loss mse",
    ),
]


@pytest.mark.parametrize(("pair", "message"), BAD, ids=[message[:50] for _, message in BAD])
def test_one_problem(pair: tuple[str, str], message: str) -> None:
    assert problems(change(pair)) == [message]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[loss]\ntype = 'mse'\n",
            [
                "0:0: model: is missing | add a table [model] with input, the shape of one sample",
                "0:0: layer: is missing | add a table [[layer]] for each layer, in their order",
            ],
        ),
        (
            "[model]\ninput = [2]\n[layer]\ntype = 'linear'\nunits = 1\n",
            ["3:2: layer: is one table | write [[layer]] with two brackets"],
        ),
        (
            "layer = 3\nmodel = 'x'\n",
            [
                "1:1: layer: must be tables, not 3 | write [[layer]]",
                '2:1: model: must be a table, not "x" | write [model]',
            ],
        ),
        (
            "layer = [3]\n[model]\ninput = [2]\n",
            ["1:10: layer[1]: must be a table, not 3 | write [[layer]]"],
        ),
        (
            "layer = []\n[[model]]\ninput = [2]\n",
            [
                "1:1: layer: is missing | add a table [[layer]] for each layer, in their order",
                "2:3: model: must be one table | write [model] with one bracket",
            ],
        ),
        (
            "[model]\ninput = [2]\n[[layer]]\ntype = 'relu'\n",
            ["3:3: layer: no layer has parameters; at least one must be linear"],
        ),
        (
            "[model]\ninput = [2]\n" + "[[layer]]\ntype = 'relu'\n" * 1001,
            ["3:3: layer: 1,001 layers; at most 1,000 are taken"],
        ),
        (
            "[model]\ninput = [2]\n[[layers]]\ntype = 'linear'\nunits = 1\n",
            ['3:3: layers: unknown key; did you mean "layer"?'],
        ),
    ],
)
def test_tables_that_are_wrong(text: str, expected: Sequence[str]) -> None:
    assert problems(text) == expected


# --- text that is no TOML ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0:0: is empty | "),
        ("# only a comment\n\n", "0:0: is empty | "),
        ("[model\n", "1:7: is not TOML: expected ']' at the end of a table declaration"),
        ("x = linear\n", '1:5: is not TOML: invalid value | text needs quotes: "linear"'),
        ("x = True\n", "1:5: is not TOML: invalid value | write true"),
        ("x = 1\nx = 2\n", "2:6: is not TOML: cannot overwrite a value"),
        ("x = 'a\n", '2:1: is not TOML: expected "\'"'),
        ("hello world", "1:7: is not TOML: expected '=' after a key in a key/value pair"),
        ('x = """a', "1:1: is not TOML: "),
        (f"x = {'9' * 5000}", "0:0: is not TOML: Exceeds the limit"),
        ("x = " + "[" * 100_000, "0:0: is nested too deeply"),
        ("x = \x07", "1:5: is not TOML: "),
    ],
)
def test_text_that_cannot_be_parsed(text: str, message: str) -> None:
    (found,) = problems(text)
    assert found.startswith(message)


# --- anything else -------------------------------------------------------------------------------

VALUES = [
    *('""', '"x"', "'''\nlong\n'''", "0", "-1", "1", "1.5", "nan", "-inf", "true", "1979-05-27"),
    *("07:32:00", "[]", "[[]]", '["a"]', "[{}]", "{}", "{ type = 1 }", f"{10**400}", "1e-400"),
]


def refusal(text: str) -> ModelFileError | None:
    """Parse a text of which nothing is known; any other exception comes through."""
    try:
        parse(text)
    except ModelFileError as error:
        return error
    return None


@given(st.data())
def test_any_value_of_any_key_is_taken_or_refused(data: st.DataObject) -> None:
    """Nothing but a spec or a ModelFileError, with the lines of the text in it."""
    lines = GOOD.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(lines) - 1))
        key = data.draw(st.sampled_from([lines[index].split(" = ")[0], "type", "x.y", "input"]))
        value = data.draw(st.sampled_from(VALUES))
        kept = [lines[index]] if data.draw(st.booleans()) else []
        lines[index : index + 1] = [f"{key} = {value}", *kept]
    error = refusal("\n".join(lines))
    if error is not None:
        count = sum(line.count("\n") + 1 for line in lines)
        assert error.diagnostics
        assert all(0 <= problem.location.line <= count for problem in error.diagnostics)


@given(st.integers(0, len(GOOD) - 1), st.text("[]{}=\"'\n#.,0ax \\", max_size=2), st.integers(0, 3))
def test_any_damage_is_taken_or_refused(start: int, inserted: str, removed: int) -> None:
    text = GOOD[:start] + inserted + GOOD[start + removed :]
    error = refusal(text)
    assert error is None or str(error).startswith("folder/digits.toml")

"""Bad input: exit status 2, one message that says where and what to do, and nothing else.

Each case runs the command in an empty folder and looks at all that it leaves behind.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gradc.cli import app

BOUND = 20.0
"""Seconds, for the slowest machine; what runs without a bound takes minutes or forever."""


@dataclass
class Ended:
    """What a command said and left."""

    status: int
    out: str
    err: str
    seconds: float


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def gradc(folder, capfd):
    """Run a command in the folder."""

    def run(*arguments: str) -> Ended:
        started = time.perf_counter()
        status = app.run(arguments)
        seconds = time.perf_counter() - started
        out, err = capfd.readouterr()
        return Ended(status, out, err, seconds)

    return run


@pytest.fixture
def refused(gradc, folder):
    """Run a command that must be refused, and return its message."""

    def run(*arguments: str) -> str:
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        ended = gradc(*arguments)
        assert ended.status == 2, ended.err
        assert ended.out == ""
        assert "Traceback" not in ended.err
        assert ended.err.startswith("error: ")
        assert ended.seconds < BOUND
        assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
        return ended.err.removeprefix("error: ").rstrip("\n")

    return run


# -- formulas -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("   ", "MODEL is empty; give a network spec (net.toml), a function (model.py:loss) or a "
                'formula ("x**2 + 3*y")'),
        ("x +", "<expression>:1:3: the formula ends after `+`\n    x +\n      ^\n"
                "  hint: a value is missing"),
        ("x y", "<expression>:1:3: an operator is missing between `x` and `y`\n    x y\n      ^\n"
                "  hint: for a product write `x*y`"),
        ("sine(x)", "<expression>:1:1: there is no function `sine`\n    sine(x)\n    ^^^^\n"
                    "  hint: did you mean `sin`?"),
        ("x.real", "<expression>:1:2: `.real` has no place in a formula\n    x.real\n     ^^^^^\n"
                   "  hint: attributes and methods are never looked up"),
        ("9**9**9**9*x", "<expression>:1:4: `9**9**9` is infinite as a 64-bit float\n"
                         "    9**9**9**9*x\n       ^^^^^^^\n"
                         "  hint: this part has no variable in it: it is computed once and must "
                         "come out finite"),
        ("x+" * 500_000 + "x", "<expression>: the formula has 1000001 characters; at most "
                               "10000 are read\n  hint: write it as a Python function and name "
                               "that: model.py:function"),
        ("(" * 10**5 + "x" + ")" * 10**5,
         "<expression>: the formula has 200001 characters; at most 10000 are read\n"
         "  hint: write it as a Python function and name that: model.py:function"),
    ],
    ids=lambda value: repr(value[:20]),
)  # fmt: skip
@pytest.mark.parametrize("command", ["compile", "eval"])
def test_formulas(refused, command, text, message):
    point = ["--at", "x=1"] if command == "eval" else []
    assert refused(command, text, *point) == message


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('touch hacked')",
        "x.__class__.__base__.__subclasses__()",
        "(lambda: open('hacked', 'w'))()",
        "[open('hacked', 'w') for _ in x]",
        "eval('1')",
        "f'{x}'",
        "x if (y := x) else 0",
        "(" * 4000 + "x" + ")" * 4000,
        "-" * 9000 + "x",
        "x" + "**x" * 3000,
        "sin(" * 2000 + "x" + ")" * 2000,
        "1e400*x",
        "9" * 5000 + "*x",
        "\x00",
        "import os",
        "x = 3",
        "x; y",
        "é́́" * 100,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_hostile_formulas_run_nothing(refused, folder, text):
    message = refused("eval", text, "--at", "x=1")
    assert len(message) < 5000
    assert not (folder / "hacked").exists()


# -- network specs --------------------------------------------------------------------------------

GOOD = """\
[model]
name = "net"
input = [4]
[[layer]]
type = "linear"
units = 3
[loss]
type = "cross_entropy"
[train]
learning_rate = 0.1
[data]
train = "data.npz"
"""


def write_spec(folder: Path, old: str = "", new: str = "") -> str:
    assert old in GOOD
    (folder / "net.toml").write_text(GOOD.replace(old, new) if old else GOOD)
    return "net.toml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("input", "inptu", 'net.toml:3:1: model.inptu: unknown key; did you mean "input"?\n'
                           "    inptu = [4]\n    ^^^^^"),
        ('"linear"', '"liner"',
         'net.toml:5:1: layer[1].type: "liner" is unknown; did you mean "linear"?\n'
         '    type = "liner"\n    ^^^^'),
        ('"cross_entropy"', '"cross_entrpy"',
         'net.toml:8:1: loss.type: "cross_entrpy" is unknown; did you mean "cross_entropy"?\n'
         '    type = "cross_entrpy"\n    ^^^^'),
        ("units = 3", "units = -1", "net.toml:6:1: layer[1].units: must be at least 1, not -1\n"
                                    "    units = -1\n    ^^^^^"),
        ("units = 3", "units = 0", "net.toml:6:1: layer[1].units: must be at least 1, not 0\n"
                                   "    units = 0\n    ^^^^^"),
        ("0.1", '"fast"', 'net.toml:10:1: train.learning_rate: must be a number, not "fast"\n'
                          '    learning_rate = "fast"\n    ^^^^^^^^^^^^^'),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["compile", "train"])
def test_network_specs(refused, folder, command, old, new, message):
    assert refused(command, write_spec(folder, old, new)) == message


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[4]", "[0]"),
        ("[4]", "[-3]"),
        ("[4]", "[1000000000000]"),
        ("[4]", "[65536, 65536, 65536, 65536]"),
        ("[4]", "[]"),
        ("[4]", "4"),
        ("[4]", "[4.5]"),
        ("[4]", "[true]"),
        ("units = 3", "units = 99999999999999999999"),
        ("units = 3", "units = 16777216\n[[layer]]\ntype = 'linear'\nunits = 16777216"),
        ("units = 3", "units = '3'"),
        ("units = 3", "units = 1e3"),
        ("units = 3", ""),
        ("0.1", "-0.1"),
        ("0.1", "0"),
        ("0.1", "nan"),
        ("0.1", "inf"),
        ("0.1", "0.1\nbatch_size = 0"),
        ("0.1", "0.1\nepochs = -5"),
        ("0.1", "0.1\noptimizer = 'adamm'"),
        ("0.1", "0.1\nmomentum = 0.9"),
        ('"net"', '"../../net"'),
        ('"net"', "\"__import__('os')\""),
        ('"net"', '""'),
        ('"net"', '"def"'),
        ("[model]", "[modle]"),
        ("[[layer]]", "[layer]"),
        ("[[layer]]", "[[layers]]"),
        ("[loss]", "[[loss]]"),
        ("[train]", "[train"),
        ("[train]", "[data]"),
        ('type = "cross_entropy"', "type = 3"),
        ("[4]", "[" * 2000 + "]" * 2000),
        ("[4]", "[4]\nextra = " + "9" * 5000),
        ("[4]", "[4]\n" + "a." * 20000 + "b = 1"),
        ("[4]", "[4]\nx = {" + "a." * 20000 + "b = 1}"),
    ],
    ids=lambda text: text[:24],
)
def test_more_network_specs(refused, folder, old, new):
    message = refused("compile", write_spec(folder, old, new))
    assert message.startswith("net.toml:")
    assert len(message) < 3000


def test_network_too_large_to_check(refused, folder):
    spec = write_spec(folder, "[4]", "[1000000]")
    assert refused("check", spec).startswith("net has 3,000,003 parameters; a check moves them all")


def test_whole_files_that_are_no_specs(refused, folder):
    hint = "\n  hint: a network spec has a table [model] and one [[layer]] for each layer"
    (folder / "net.toml").write_text("")
    assert refused("compile", "net.toml") == f"net.toml: is empty{hint}"
    (folder / "net.toml").write_bytes(b"\xff\xfe[model]")
    assert refused("compile", "net.toml").startswith("net.toml: is not UTF-8 text (line 1)")
    (folder / "net.toml").write_bytes(b"\x7fELF\0\0")
    assert refused("compile", "net.toml") == "net.toml: is not a text file"
    (folder / "net.toml").write_text("#" * 2**21)
    assert refused("compile", "net.toml") == "net.toml: is larger than 1,048,576 bytes"
    (folder / "net.toml").unlink()
    (folder / "net.toml").mkdir()
    assert refused("compile", "net.toml") == "net.toml: is a folder, not a file"
    assert refused("compile", "/dev/zero.toml") == "/dev/zero.toml: no such file"


def test_all_problems_at_once(refused, folder):
    (folder / "net.toml").write_text(
        '[model]\ninput = [0]\n[[layer]]\ntype = "liner"\n[loss]\ntype = 1\n'
    )
    message = refused("compile", "net.toml")
    assert message.endswith("3 problems")
    assert [line.split(":")[1] for line in message.splitlines() if line.startswith("net")] == [
        "2",
        "4",
        "6",
    ]


# -- data files -----------------------------------------------------------------------------------


def write_npz(folder: Path, x, y) -> None:
    np.savez(folder / "data.npz", x=x, y=y)


X = np.zeros((6, 4), np.float32)
Y = np.arange(6) % 3


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X[:, :3], Y, "data.npz: x has shape (6, 3); the model takes (n, 4)"),
        (X, Y + 1, "data.npz: y[2]: label 3 is not in 0 .. 2 (the model has 3 outputs)\n"
                   "data.npz: y[5]: label 3 is not in 0 .. 2 (the model has 3 outputs)"),
        (X, Y - 1, "data.npz: y[0]: label -1 is not in 0 .. 2 (the model has 3 outputs)\n"
                   "data.npz: y[3]: label -1 is not in 0 .. 2 (the model has 3 outputs)"),
        (X[:0], Y[:0], "data.npz: has no samples"),
        (X, Y[:5], "data.npz: x has 6 samples and y has 5"),
    ],
)  # fmt: skip
def test_data_that_does_not_fit(refused, folder, x, y, message):
    spec = write_spec(folder)
    write_npz(folder, x, y)
    assert refused("train", spec) == message


def test_data_that_is_not_finite(refused, folder):
    spec = write_spec(folder)
    x = X.copy()
    x[4, 2] = np.nan
    write_npz(folder, x, Y)
    assert refused("train", spec) == "data.npz: x[4, 2]: nan is not a finite number"


def test_data_with_objects_runs_no_code(refused, folder):
    spec = write_spec(folder)

    class Hostile:
        def __reduce__(self):
            return (Path.touch, (folder / "hacked",))

    objects = np.empty(6, object)
    objects[:] = [Hostile() for _ in range(6)]
    np.savez(folder / "data.npz", x=X, y=objects, allow_pickle=True)
    message = refused("train", spec)
    assert message.startswith("data.npz: ")
    assert "object" in message
    assert not (folder / "hacked").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "data.csv: "),
        ("a,b,c,d\n1,2,3,4\n", "label"),
        ("a,b,c,label\n1,2,3,0\n", "data.csv: "),
        ("a,b,c,d,label\n1,2,three,4,0\n", "three"),
        ("a,b,c,d,label\n1,2,nan,4,0\n", "nan"),
        ("a,b,c,d,label\n1,2,3,4,7\n", "label 7"),
        ("a,b,c,d,label\n1,2,3,4\n", "data.csv: "),
    ],
)
def test_tables(refused, folder, content, message):
    spec = write_spec(folder, "data.npz", "data.csv")
    (folder / "data.csv").write_text(content)
    found = refused("train", spec)
    assert found.startswith("data.csv: ")
    assert message in found


def test_data_files_that_are_none(refused, folder):
    spec = write_spec(folder)
    assert refused("train", spec) == "data.npz: no such file"
    (folder / "data.npz").write_bytes(b"PK\x03\x04 not really")
    assert refused("train", spec).startswith("data.npz: ")
    (folder / "data.npz").unlink()
    (folder / "data.npz").mkdir()
    assert refused("train", spec) == "data.npz: is a folder"
    assert refused("train", spec, "--data", "x.pickle") == (
        "x.pickle: data files end in .npz, .csv, .parquet"
    )


def test_header_that_asks_for_all_memory(refused, folder):
    import io
    import zipfile

    spec = write_spec(folder)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**12, 4)}
    )
    with zipfile.ZipFile(folder / "data.npz", "w") as archive:
        archive.writestr("x.npy", header.getvalue())
        archive.writestr("y.npy", header.getvalue())
    assert refused("train", spec).startswith("data.npz: ")


# -- options --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["eval", "x"], "eval needs a point; give one with --at, as in --at x1=1,x2=3"),
        (["eval", "x", "--at", "x="], "--at, column 3: a number or a list in brackets belongs "
                                      "here\n    x=\n      ^"),
        (["compile", "x", "--wrt", "z"],
         "wrt: `z` does not occur in the formula\n  hint: its variables are `x`"),
        (["compile", "x", "--wrt", "a b"],
         "--wrt: 'a b' is no name; write names divided by commas, as x1,x2"),
        (["compile", "x", "--types", "f64"],
         "--types does not go with a formula: its variables are floats"),
        (["compile", "x", "--types", "f65"],
         "--types, item 1: there is no element type 'f65'; there are f64, f32, i64 and bool"),
        (["compile", "x", "--emit", "so"],
         "--emit so: shared libraries are not written yet; there are py, ir, ptx"),
        (["compile", "x", "--emit", "exe"], "--emit 'exe': no such kind; there are py, ir, ptx"),
        (["train", "x**2"], "x**2: train takes a network spec (net.toml)"),
        (["passes", "--explain", "csee"],
         "--explain: there is no pass 'csee'; did you mean 'cse'?"),
    ],
)  # fmt: skip
def test_options(refused, arguments, message):
    assert refused(*arguments) == message


@pytest.mark.parametrize("option", ["--wrt", "--types"])
def test_options_that_a_network_does_not_take(refused, folder, option):
    value = "f64" if option == "--types" else "w1"
    assert refused("compile", write_spec(folder), option, value).startswith(
        f"{option} does not go with a network: "
    )


def test_table_that_the_command_needs(refused, folder):
    spec = write_spec(folder, '[loss]\ntype = "cross_entropy"\n[train]\nlearning_rate = 0.1\n', "")
    assert refused("compile", spec) == (
        'net.toml: loss: is missing\n  hint: add a table [loss] with type = "cross_entropy"'
    )
    message = refused("train", spec)
    assert message.startswith("net.toml: train: is missing\n  hint: add a table [train]")


def test_outputs_are_checked_before_the_training(refused, folder):
    spec = write_spec(folder)
    write_npz(folder, X, Y)
    (folder / "victim").write_text("mine")
    (folder / "out").mkdir()
    (folder / "out" / "checkpoint.npz").symlink_to(folder / "victim")
    message = refused("train", spec, "-o", "out")
    assert message == "out/checkpoint.npz: is a symbolic link; name the file itself"
    assert refused("train", spec, "-o", "victim") == (
        "victim/checkpoint.npz: victim is not a folder"
    )
    assert refused("train", spec, "--plot", "out").startswith("out: is a folder")

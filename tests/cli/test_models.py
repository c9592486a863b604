"""What the argument MODEL means, and what is said when it means nothing."""

from pathlib import Path

import pytest

from gradc.cli.models import FormulaModel, NetworkModel, PythonModel, resolve, with_hint
from gradc.cli.python_files import load_function
from gradc.errors import ModelFileError


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.toml").write_text("[model]\n")
    (tmp_path / "model.py").write_text("def loss(x):\n    return x * x\n\ndef other(x): ...\n")
    (tmp_path / "notes.md").write_text("")
    (tmp_path / "sub").mkdir()
    return tmp_path


def refusal(text: str) -> str:
    with pytest.raises(ModelFileError) as caught:
        resolve(text)
    return str(caught.value)


@pytest.mark.usefixtures("folder")
def test_the_three_forms():
    assert resolve("digits.toml") == NetworkModel(Path("digits.toml"))
    assert resolve("model.py:loss") == PythonModel(Path("model.py"), "loss")
    assert resolve("x/y") == FormulaModel("x/y")
    assert resolve("(2*x1 + 3*x2)**2 + 3") == FormulaModel("(2*x1 + 3*x2)**2 + 3")
    assert resolve("x") == FormulaModel("x")


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "MODEL is empty; give a network spec (net.toml), a function (model.py:loss) "
            'or a formula ("x**2 + 3*y")',
        ),
        ("digts.toml", "digts.toml: no such file; did you mean digits.toml?"),
        ("sub/digits.toml", "sub/digits.toml: no such file"),
        ("none/digits.toml", "none/digits.toml: no such file; there is no folder none"),
        ("modle.py:loss", "modle.py: no such file; did you mean model.py?"),
        (
            "model.py",
            "model.py: say which function is meant, as model.py:NAME; it defines loss, other",
        ),
        (
            "model.py:",
            "model.py: say which function is meant, as model.py:NAME; it defines loss, other",
        ),
        ("model.py:a.b", "model.py:a.b: 'a.b' is not a function's name"),
        ("net.onnx", "net.onnx: ONNX models are not read yet; write a spec in TOML"),
        (
            "notes.md",
            "notes.md: is a file that is neither .toml nor .py; MODEL is a network spec "
            "(net.toml), a function (model.py:loss) or a formula in quotes",
        ),
        (
            "weights.json",
            "weights.json: is no file, and its ending is that of no model; MODEL is a network "
            "spec (net.toml), a function (model.py:loss) or a formula in quotes",
        ),
        (
            "digits",
            "digits: did you mean the file digits.toml? "
            'The formula of one variable is written "(digits)"',
        ),
        ("a\0b", "MODEL holds a zero byte, which neither a path nor a formula can"),
    ],
)
def test_refused(text, message):
    assert refusal(text) == message


def test_a_folder_is_no_spec(tmp_path):
    (tmp_path / "net.toml").mkdir()
    assert refusal(str(tmp_path / "net.toml")).endswith("net.toml: is a folder, not a file")


def test_a_long_path_is_not_echoed():
    message = refusal("a" * 100_000 + ".toml")
    assert len(message) < 200
    assert "100005 characters" in message


@pytest.mark.usefixtures("folder")
def test_a_formula_that_may_be_a_misspelt_file():
    model = resolve("digits.tml")
    assert model == FormulaModel("digits.tml", "digits.toml")
    error = with_hint(model, ModelFileError("attributes are not read"))
    assert "did you mean the file digits.toml?" in str(error)
    assert isinstance(error, ModelFileError)


def test_resolving_imports_nothing(tmp_path):
    path = tmp_path / "loud.py"
    path.write_text("raise SystemExit('imported')\ndef f(x): return x\n")
    assert resolve(f"{path}:f") == PythonModel(path, "f")
    assert "it defines f" in refusal(str(path))


# -- importing the file that model.py:loss names ------------------------------------------------


def load(folder: Path, text: str, name: str = "f"):
    path = folder / "user_model.py"
    path.write_text(text)
    return load_function(PythonModel(path, name))


def import_refusal(folder: Path, text: str, name: str = "f") -> str:
    with pytest.raises(ModelFileError) as caught:
        load(folder, text, name)
    return str(caught.value).replace(str(folder), "DIR")


@pytest.fixture(autouse=True)
def import_state(monkeypatch):
    """Leave the import path and the loaded modules as they were."""
    import sys

    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "user_model", raising=False)
    yield
    sys.modules.pop("user_model", None)
    sys.modules.pop("beside_it", None)


def test_the_function_is_found_and_may_import_its_neighbours(tmp_path):
    (tmp_path / "beside_it.py").write_text("FACTOR = 3\n")
    found = load(tmp_path, "from beside_it import FACTOR\ndef f(x): return FACTOR * x\n")
    assert found(2) == 6


def test_missing_function(tmp_path):
    message = import_refusal(tmp_path, "def loss(x): return x\nfrom math import sin\n", "los")
    assert message == "DIR/user_model.py: there is no function los; did you mean loss?"
    message = import_refusal(tmp_path, "def loss(x): return x\nfrom math import sin\n", "zz")
    assert message == "DIR/user_model.py: there is no function zz; it defines loss"


def test_not_a_function(tmp_path):
    message = import_refusal(tmp_path, "f = 3\n")
    assert message == "DIR/user_model.py:f: is an int, not a function"


def test_import_that_fails(tmp_path):
    message = import_refusal(tmp_path, "def g():\n    return 1 / 0\n\ng()\n")
    assert message == (
        "DIR/user_model.py:2: the import failed: ZeroDivisionError: division by zero\n"
        "  hint: gradc imports this file to find the function"
    )


def test_import_that_leaves(tmp_path):
    message = import_refusal(tmp_path, "import sys\nsys.exit(3)\n")
    assert message.startswith("DIR/user_model.py:2: the import failed: SystemExit: 3")


def test_file_with_a_syntax_error(tmp_path):
    message = import_refusal(tmp_path, "def f(x):\n    return x +\n")
    assert message == (
        "DIR/user_model.py:2:15: cannot be imported: invalid syntax\n"
        "    return x +\n"
        "              ^"
    )


def test_file_that_is_no_text(tmp_path):
    path = tmp_path / "user_model.py"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ModelFileError, match=r"cannot be imported|import failed"):
        load_function(PythonModel(path, "f"))

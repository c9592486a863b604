"""How commands end: exit status, one message on stderr, no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from gradc.cli import app, failures
from gradc.cli.failures import Guard
from gradc.errors import Diagnostic, GradTypeError, InternalError, Location


@pytest.fixture(autouse=True)
def log_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def ended(error: BaseException, capsys) -> tuple[int, str]:
    guard = Guard()
    with guard:
        raise error
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return guard.status, captured.err


def test_wrong_input(capsys):
    place = Location("net.toml", 3, 5, text="    unit = 3")
    error = GradTypeError([Diagnostic(place, "no such key", "did you mean units?")])
    assert ended(error, capsys) == (
        2,
        "error: net.toml:3:5: no such key\n    unit = 3\n    ^\n  hint: did you mean units?\n",
    )


def test_errors_of_the_runtime(capsys):
    from gradc_runtime.divergence import DivergenceError
    from gradc_runtime.raw_data import DataError

    assert ended(DataError(["a: x", "a: y"]), capsys) == (2, "error: a: x\na: y\n")
    diverged = DivergenceError("diverged", epoch=1, step=2, suggested_learning_rate=0.1)
    assert ended(diverged, capsys) == (2, "error: diverged\n")


def test_files_that_cannot_be_read(capsys):
    error = PermissionError(13, "Permission denied", "net.toml")
    assert ended(error, capsys) == (2, "error: net.toml: Permission denied\n")


def test_no_memory(capsys):
    assert ended(MemoryError(), capsys) == (2, "error: there is not enough memory for this\n")


def test_control_characters_are_shown_not_sent(capsys):
    _, message = ended(GradTypeError("bad \x1b[31m\udcff name"), capsys)
    assert message == "error: bad \\x1b[31m\\udcff name\n"


def test_interrupts_are_quiet(capsys):
    assert ended(KeyboardInterrupt(), capsys) == (130, "\n")
    assert ended(KeyboardInterrupt("saved in a.ckpt"), capsys) == (130, "\nsaved in a.ckpt\n")
    assert ended(BrokenPipeError(), capsys) == (141, "")


@pytest.mark.parametrize("error", [InternalError("it broke\nat length"), ZeroDivisionError("x/0")])
def test_defects_name_the_stage_and_a_log(error, capsys, log_folder):
    status, message = ended(error, capsys)
    (log,) = log_folder.rglob("*.log")
    kind = "" if isinstance(error, InternalError) else "ZeroDivisionError: "
    first = str(error).splitlines()[0]
    assert status == 70
    assert message == (
        f"error: internal error while working: {kind}{first}\n"
        f"This is a defect in gradc, not in your input. Please report it with the log {log}\n"
    )
    assert "Traceback" in log.read_text()
    assert "it broke\nat length" in log.read_text() or "x/0" in log.read_text()


def test_defect_in_a_room_of_the_compiler(capsys, monkeypatch):
    def broken(text):
        raise KeyError(text)

    monkeypatch.setattr(failures, "_STAGES", {"ir": "parsing the text form"})
    from gradc.ir.types import DType

    guard = Guard()
    with guard:
        from gradc.ir.builder import dim_of

        dim_of(DType)
    assert guard.status == 70
    err = capsys.readouterr().err
    assert err.startswith("error: internal error while parsing the text form (gradc/ir/builder.py:")


def test_log_that_cannot_be_written(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    guard = Guard()
    with guard:
        raise ZeroDivisionError("x/0")
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("Please report it with the log above\n")


# -- the command itself ----------------------------------------------------------------------------


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "gradc", *arguments], capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian", "x"], "error: no command 'trian'; did you mean 'train'?"),
        (["a" * 1000], f"error: no command '{'a' * 40}...'; there are {', '.join(app.COMMANDS)}"),
        (["--verbos"], "error: No such option '--verbos'."),
        (["eval"], "error: Missing argument 'MODEL'."),
        (
            ["train", "x.toml", "--learning-rate", "nan"],
            "error: Invalid value for '--learning-rate': nan is not a positive number.",
        ),
        (
            ["train", "x.toml", "--learning-rate", "0"],
            "error: Invalid value for '--learning-rate': 0 is not a positive number.",
        ),
        (
            ["train", "x.toml", "--epochs", "0"],
            "error: Invalid value for '--epochs': 0 is not in the range 1<=x<=2147483647.",
        ),
        (["check", "x", "--random", "-1"], "error: Invalid value for '--random': -1 is not in the"),
    ],
)
def test_usage_errors(arguments, message, capsys):
    assert app.run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    usage, said, hint = captured.err.strip().split("\n")
    assert usage.startswith("Usage: gradc")
    assert said.startswith(message)
    assert hint.startswith("Try 'gradc")


def test_no_command_shows_the_help(capsys):
    assert app.run([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "compile" in captured.err
    assert "error" not in captured.err


def test_help_lists_every_command(capsys):
    assert app.run(["--help"]) == 0
    text = capsys.readouterr().out
    for name in app.COMMANDS:
        assert f"\n  {name} " in text
    assert "net.toml" in text


@pytest.mark.parametrize("name", app.COMMANDS)
def test_each_command_has_help(name, capsys):
    assert app.run([name, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: gradc {name}")


def test_version(capsys):
    import gradc

    assert app.run(["--version"]) == 0
    assert capsys.readouterr().out == f"gradc {gradc.__version__}\n"


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(arguments):
    code = (
        "import sys\n"
        "from gradc.cli.app import run\n"
        f"status = run({arguments!r})\n"
        "heavy = {'numpy', 'numba', 'llvmlite', 'sympy', 'pydantic', 'rich', 'jinja2', 'scipy',\n"
        "         'matplotlib', 'gradc_runtime'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))\n"
        "sys.exit(status)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded: []"


def test_python_m_gradc_is_the_command():
    done = run("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: gradc [OPTIONS] COMMAND")


@pytest.mark.parametrize("arguments", [["--help"], ["explain", "x**2"], ["doctor"], ["passes"]])
def test_reader_that_goes_away(arguments):
    process = subprocess.Popen(
        [sys.executable, "-m", "gradc", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    message = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == failures.PIPE_CLOSED
    assert message == b""


@pytest.mark.parametrize("formula", ["-x**2", "-x", "-(x)", "--x*2", "-2*x"])
def test_formula_that_begins_with_a_minus_is_no_option(formula, capsys):
    assert app.run(["eval", formula]) == 2
    assert capsys.readouterr().err.startswith("error: eval needs a point")
    assert app.run(["eval", "--wrt", "x", formula]) == 2
    assert capsys.readouterr().err.startswith("error: eval needs a point")
    assert app.run(["eval", "--", formula]) == 2
    assert capsys.readouterr().err.startswith("error: eval needs a point")


def test_long_arguments_are_not_echoed(capsys):
    assert app.run(["eval", "--" + "o" * 10**6]) == 2
    assert len(capsys.readouterr().err) < 600

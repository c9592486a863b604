"""What ``make demo`` does, from its recipe: compile, check and train the digits."""

import re
import resource
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
ENOUGH = 0.96
"""Held-out accuracy."""
A_MINUTE = 60.0


def recipe() -> list[list[str]]:
    """The commands of the target ``demo``, without the program."""
    text = (ROOT / "Makefile").read_text()
    block = re.search(r"^demo:.*\n((?:\t.*\n)+)", text, re.M)
    lines = [shlex.split(line) for line in block[1].splitlines()]
    return [words[1:] for words in lines if words[0] == "$(BIN)/gradc"]


def _child_seconds() -> float:
    """Computing time of finished children: tests beside this one do not count."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> dict[str, tuple[str, float]]:
    """What each command of the demo said, and how much time it computed; in a folder of its own."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "examples").symlink_to(ROOT / "examples")
    said = {}
    for words in recipe():
        started = _child_seconds()
        done = subprocess.run(
            [sys.executable, "-m", "gradc", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        said[words[0]] = (done.stdout, _child_seconds() - started)
    said["folder"] = (str(folder), 0.0)
    return said


def test_demo_has_three_parts():
    assert [words[:2] for words in recipe()] == [
        ["compile", "examples/digits.toml"],
        ["check", "examples/digits.toml"],
        ["train", "examples/digits.toml"],
    ]


def test_gradient_is_right_in_float64(demo):
    text, _ = demo["check"]
    assert text.startswith("digits in float64: ")
    assert "right: the adjoint agrees with extrapolated central differences" in text
    assert float(re.search(r"largest relative error: (\S+)", text)[1]) < 1e-7


def test_network_reads_the_digits(demo):
    text, _ = demo["train"]
    accuracy = float(re.search(r"held-out accuracy ([\d.]+)%", text)[1]) / 100
    assert accuracy >= ENOUGH


def test_files_are_there(demo):
    folder = Path(demo["folder"][0]) / "digits-gradc"
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == [
        "checkpoint.npz",
        "digits.py",
        "loss.png",
    ]
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_it_takes_less_than_a_minute_of_computing(demo):
    assert sum(seconds for _, seconds in demo.values()) < A_MINUTE


def test_trained_parameters_do_what_was_said(demo):
    from gradc import load_model
    from gradc_runtime.checkpoint import load_checkpoint
    from gradc_runtime.npz import read_npz

    model = load_model(ROOT / "examples" / "digits.toml", target="python", style="numpy")
    path = Path(demo["folder"][0]) / "digits-gradc" / "checkpoint.npz"
    params = load_checkpoint(path, model.initial()).params
    data = read_npz(ROOT / "examples" / "digits-test.npz", ("x", "y"))
    outputs = model.predict(params, data["x"])
    accuracy = np.mean(outputs.argmax(axis=1) == data["y"])
    shown = re.search(r"held-out accuracy ([\d.]+)%", demo["train"][0])[1]
    assert f"{100 * accuracy:.2f}" == shown
    # a third implementation, of nothing but NumPy
    a = data["x"]
    for place, (w, b) in enumerate(zip(params[::2], params[1::2], strict=True)):
        a = a @ w + b if place == 0 else np.maximum(a, 0) @ w + b
    np.testing.assert_allclose(outputs, a, rtol=1e-4, atol=1e-4)


def test_data_are_those_of_the_script():
    from gradc_runtime.npz import read_npz

    train = read_npz(ROOT / "examples" / "digits-train.npz", ("x", "y"))
    test = read_npz(ROOT / "examples" / "digits-test.npz", ("x", "y"))
    assert len(train["x"]) + len(test["x"]) == 1797
    assert np.bincount(test["y"]).tolist() == [36] * 10
    assert train["x"].shape[1] == 64
    assert (train["x"].min(), train["x"].max()) == (0.0, 1.0)
    assert "CC BY 4.0" in (ROOT / "examples" / "digits-LICENSE.md").read_text()

"""``gradc train``: what it says and writes, stopping and going on, and divergence."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from gradc.cli import app, curves
from gradc_runtime.npz import read_npz

SPEC = """\
[model]
name = "blobs"
input = [2]
[[layer]]
type = "linear"
units = 8
[[layer]]
type = "tanh"
[[layer]]
type = "linear"
units = 3
[loss]
type = "cross_entropy"
[train]
optimizer = "momentum"
learning_rate = 0.1
momentum = 0.9
batch_size = 16
epochs = 4
seed = 3
[data]
train = "train.npz"
test = "test.npz"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Three clouds of points, and a network that tells them apart."""
    rng = np.random.default_rng(0)
    centres = np.array([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
    for name, count in (("train", 150), ("test", 60)):
        y = rng.integers(0, 3, count)
        x = centres[y] + 0.3 * rng.normal(size=(count, 2))
        np.savez(tmp_path / f"{name}.npz", x=x.astype(np.float32), y=y)
    (tmp_path / "blobs.toml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(folder, capfd):
    """Run the command, uncompiled; return its status, output and messages."""

    def run(*arguments: str) -> tuple[int, str, str]:
        status = app.run(["train", "blobs.toml", "--target", "python", *arguments])
        return (status, *capfd.readouterr())

    return run


def parameters(path: Path) -> list[np.ndarray]:
    arrays = read_npz(path)
    return [array for name, array in arrays.items() if name.startswith("param_")]


def test_what_is_said_and_written(train, folder):
    status, out, err = train()
    assert status == 0, err
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "blobs: 51 parameters, float32; 150 samples, 60 held out"
    assert lines[1] == "momentum, learning_rate 0.1, momentum 0.9, batches of 16, 4 epochs"
    for number, line in enumerate(lines[2:6], 1):
        form = rf"epoch   {number}  loss \d\.\d{{4}}  held-out \d\.\d{{4}}  accuracy \d+\.\d\d%"
        assert re.fullmatch(form, line), line
    assert re.fullmatch(r"loss  [▁▂▃▄▅▆▇█]{4}  [\d.e-]+ to [\d.e-]+", lines[6])
    assert re.fullmatch(
        r"trained 4 epochs, 40 steps, [\d.]+ s; held-out accuracy 100\.00%", lines[7]
    )
    assert lines[8].startswith("wrote blobs-gradc/checkpoint.npz")
    assert lines[9].startswith("wrote blobs-gradc/loss.png")
    assert len(lines) == 10
    png = (folder / "blobs-gradc" / "loss.png").read_bytes()
    assert png.startswith(b"\x89PNG")
    assert sorted(path.name for path in (folder / "blobs-gradc").iterdir()) == [
        "checkpoint.npz",
        "loss.png",
    ]


def test_resuming_gives_identical_results(train, folder):
    assert train("-o", "straight")[0] == 0
    assert train("-o", "halves", "--epochs", "2")[0] == 0
    status, out, err = train("--resume", "halves/checkpoint.npz", "-o", "halves")
    assert status == 0, err
    assert "epoch   3" in out
    assert "epoch   2" not in out
    straight = (folder / "straight" / "checkpoint.npz").read_bytes()
    assert (folder / "halves" / "checkpoint.npz").read_bytes() == straight


def test_resuming_another_network_is_refused(train, folder):
    assert train()[0] == 0
    (folder / "blobs.toml").write_text(SPEC.replace("units = 8", "units = 9"))
    before = (folder / "blobs-gradc" / "checkpoint.npz").read_bytes()
    status, _, err = train("--resume", "blobs-gradc/checkpoint.npz")
    assert status == 2
    assert err.startswith("error: blobs-gradc/checkpoint.npz: belongs to another model")
    assert (folder / "blobs-gradc" / "checkpoint.npz").read_bytes() == before
    status, _, err = train("--resume", "nothing.npz")
    assert (status, err) == (2, "error: nothing.npz: no such checkpoint\n")


def test_divergence_names_the_learning_rate_and_saves_nothing(train, folder):
    status, _, err = train("--learning-rate", "1e30")
    assert status == 2
    assert err.startswith("error: training diverged in epoch 1, step ")
    assert "with learning_rate = 1e+30; try learning_rate = 1e+29" in err
    assert "Traceback" not in err
    assert not (folder / "blobs-gradc").exists()


def test_divergence_keeps_an_older_checkpoint(train, folder):
    assert train()[0] == 0
    before = parameters(folder / "blobs-gradc" / "checkpoint.npz")
    status, _, _ = train("--learning-rate", "1e30")
    assert status == 2
    after = parameters(folder / "blobs-gradc" / "checkpoint.npz")
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
        assert np.isfinite(new).all()


def test_diagnosis_has_a_row_for_each_layer(train):
    status, out, _ = train("--diagnose")
    assert status == 0
    table = out.split("blobs after training, 150 samples")[1]
    assert re.findall(r"layer \d +\w+", table) == [
        "layer 1   linear",
        "layer 2   tanh",
        "layer 3   linear",
    ]
    assert "nothing is wrong with the gradients" in table


def test_diagnosis_of_a_vanishing_gradient(train, folder):
    deep = '[[layer]]\ntype = "linear"\nunits = 8\n[[layer]]\ntype = "sigmoid"\n' * 12
    first = '[[layer]]\ntype = "linear"\nunits = 8\n'
    (folder / "blobs.toml").write_text(SPEC.replace(first, deep + first))
    status, out, _ = train("--diagnose", "--epochs", "1")
    assert status == 0
    assert re.search(r"layer 1 +linear .* vanishing", out)
    assert re.search(r"vanishing: the gradient shrinks to 0\.\d+ of itself with each layer", out)


def test_diagnosis_of_a_divergence_is_that_of_the_start(train):
    status, out, err = train("--learning-rate", "1e30", "--diagnose")
    assert status == 2
    assert "blobs before training, 150 samples" in out
    assert "layer 3" in out
    assert err.startswith("error: training diverged")


def test_without_matplotlib(train, folder, monkeypatch):
    monkeypatch.setattr(curves, "can_plot", lambda: False)
    status, out, _ = train()
    assert status == 0
    assert "no loss curve as PNG: matplotlib is not installed (pip install 'gradc[plot]')" in out
    assert not (folder / "blobs-gradc" / "loss.png").exists()


def test_options_replace_the_spec(train, folder):
    (folder / "other.npz").write_bytes((folder / "test.npz").read_bytes())
    (folder / "test.npz").unlink()
    status, out, err = train("--data", "other.npz", "--test", "other.npz", "--plot", "p.png")
    assert status == 0, err
    assert "60 samples, 60 held out" in out
    assert (folder / "p.png").exists()


def test_ctrl_c_saves_and_says_how_to_go_on(folder):
    command = [sys.executable, "-m", "gradc", "train", "blobs.toml", "--target", "python"]
    process = subprocess.Popen(
        [*command, "--epochs", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    for line in process.stdout:
        if line.startswith("epoch   3"):
            break
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - started < 30
    assert process.returncode == 130
    assert "Traceback" not in err
    assert re.search(r"interrupted in epoch \d+ after step \d+ of 10; saved in ", err)
    hint = "go on with: gradc train blobs.toml --resume blobs-gradc/checkpoint.npz"
    assert err.strip().endswith(hint)
    saved = parameters(folder / "blobs-gradc" / "checkpoint.npz")
    assert all(np.isfinite(array).all() for array in saved)


def test_values_instead_of_labels(train, folder):
    text = SPEC.replace("cross_entropy", "mse").replace("units = 3", "units = 1")
    (folder / "blobs.toml").write_text(text)
    for name in ("train", "test"):
        x = np.load(folder / f"{name}.npz")["x"]
        np.savez(folder / f"{name}.npz", x=x, y=x[:, 0] * 0.5)
    status, out, err = train()
    assert status == 0, err
    assert "accuracy" not in out
    assert re.search(r"held-out loss 0\.0\d+", out)


@pytest.mark.parametrize(
    ("losses", "shown"),
    [([1.0], "▁"), ([1.0, 0.1, 0.01], "█▅▁"), ([0.0, 1.0], "▁█"), ([2.0] * 3, "▁▁▁")],
)
def test_losses_as_text(losses, shown):
    assert curves.loss_text(losses) == shown


def test_many_losses_fit_on_a_line():
    assert len(curves.loss_text(np.linspace(9, 1, 5000))) == 60

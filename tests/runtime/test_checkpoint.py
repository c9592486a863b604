"""Stopping and going on: bit for bit the same, or refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradc_runtime.checkpoint import CheckpointError, save_arrays
from gradc_runtime.files import UnsafePathError
from gradc_runtime.minibatches import Minibatches
from gradc_runtime.optimisers import OPTIMISERS
from gradc_runtime.training import Progress, TrainConfig, TrainingInterrupted, TrainResult, train
from tests.runtime.softmax_regression import Array, evaluate, make_data, make_params, step

DATA = make_data(dtype="float32")
TEST = make_data(60, "float32", seed=1)
CONFIG = TrainConfig(learning_rate=0.05, batch_size=16, epochs=3, seed=3)
STEPS = 7


def run(config: TrainConfig, **options: Any) -> TrainResult:
    given = {"evaluate": evaluate, "test": TEST, "fingerprint": "model", **options}
    return train(given.pop("step", step), make_params("float32"), DATA, config, **given)


def stop(config: TrainConfig, path: Path, after: int, **options: Any) -> TrainingInterrupted:
    """Train, and press Ctrl-C after so many steps."""
    taken = 0

    def press(progress: Progress) -> None:
        nonlocal taken
        taken += progress.record is None
        if taken == after:
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted) as caught:
        run(config, checkpoint=path, progress=press, **options)
    return caught.value


def assert_same(ours: TrainResult, expected: TrainResult) -> None:
    for a, b in zip(ours.params, expected.params, strict=True):
        assert a.dtype == b.dtype
        assert np.array_equal(a, b)
    assert ours.history == expected.history
    assert ours.steps == expected.steps


@pytest.mark.parametrize("name", OPTIMISERS)
@pytest.mark.parametrize("after", [1, STEPS - 1, STEPS, STEPS + 3, 3 * STEPS])
def test_goes_on_bit_for_bit(tmp_path: Path, name: str, after: int) -> None:
    config = dataclasses.replace(CONFIG, optimizer=name, hyper={"weight_decay": 0.01})
    path = tmp_path / "run.npz"
    stopped = stop(config, path, after)
    assert (stopped.epoch - 1) * STEPS + stopped.step == after
    assert stopped.checkpoint == path
    assert_same(run(config, checkpoint=path, resume=True), run(config))


def test_stopped_many_times(tmp_path: Path) -> None:
    config = dataclasses.replace(CONFIG, optimizer="adam")
    path = tmp_path / "run.npz"
    stop(config, path, 2)
    for _ in range(6):
        stop(config, path, 2, resume=True)
    assert_same(run(config, checkpoint=path, resume=True), run(config))


@pytest.mark.parametrize("where", ["first call", "mid step", "evaluate", "end of epoch"])
def test_stopped_at_odd_moments(tmp_path: Path, where: str) -> None:
    path = tmp_path / "run.npz"
    calls = 0

    def broken_step(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        nonlocal calls
        calls += 1
        if (where, calls) in (("first call", 1), ("mid step", 11)):
            raise KeyboardInterrupt
        return step(params, x, y)

    def broken_evaluate(params: list[Array], x: Array, y: Any) -> tuple[float, float]:
        if where == "evaluate":
            raise KeyboardInterrupt
        return evaluate(params, x, y)

    def press(progress: Progress) -> None:
        if where == "end of epoch" and progress.record is not None:
            raise KeyboardInterrupt

    with pytest.raises(TrainingInterrupted):
        run(CONFIG, step=broken_step, evaluate=broken_evaluate, progress=press, checkpoint=path)
    assert_same(run(CONFIG, checkpoint=path, resume=True), run(CONFIG))


def test_more_epochs_and_another_learning_rate_may_follow(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(dataclasses.replace(CONFIG, epochs=2), checkpoint=path)
    assert_same(run(CONFIG, checkpoint=path, resume=True), run(CONFIG))
    more = dataclasses.replace(CONFIG, epochs=5, learning_rate=0.01)
    result = run(more, checkpoint=path, resume=True)
    assert [record.epoch for record in result.history] == [1, 2, 3, 4, 5]


def test_a_finished_run_is_returned(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    result = run(CONFIG, checkpoint=path)
    assert_same(run(CONFIG, checkpoint=path, resume=True), result)


def test_the_same_run_writes_the_same_bytes(tmp_path: Path) -> None:
    run(CONFIG, checkpoint=tmp_path / "a.npz")
    run(CONFIG, checkpoint=tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_without_pickle_and_readable_by_numpy(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    run(CONFIG, checkpoint=path)
    with np.load(path, allow_pickle=False) as saved:
        assert set(saved) == {"meta", "param_0", "param_1", "optimiser_steps"}
        meta = json.loads(saved["meta"].tobytes())
    assert meta["batches"]["generator"]["bit_generator"] == "PCG64"
    assert len(meta["history"]) == 3


def refusal(path: Path, config: TrainConfig = CONFIG, **options: Any) -> str:
    with pytest.raises(CheckpointError) as caught:
        run(config, checkpoint=path, resume=True, **options)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 4}, "seed was 3 and is 4"),
        ({"batch_size": 8}, "batch_size was 16 and is 8"),
        ({"optimizer": "adam"}, "optimizer was sgd and is adam"),
        ({"hyper": {"weight_decay": 0.1}}, "weight_decay was absent and is 0.1"),
        (
            {"seed": 4, "optimizer": "momentum"},
            "optimizer was sgd and is momentum; seed was 3 and is 4",
        ),
    ],
)
def test_another_training_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = tmp_path / "run.npz"
    stop(CONFIG, path, 3)
    before = path.read_bytes()
    assert refusal(path, dataclasses.replace(CONFIG, **change)) == (
        f"cannot be gone on with, only epochs and learning_rate may change: {message}"
    )
    assert path.read_bytes() == before


def test_other_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    stop(CONFIG, path, 3)
    other = dataclasses.replace(DATA, x=np.where(DATA.x > 2, DATA.x + 1, DATA.x))
    with pytest.raises(CheckpointError, match="training data was 100 samples, checksum"):
        train(
            step,
            make_params("float32"),
            other,
            CONFIG,
            checkpoint=path,
            resume=True,
            fingerprint="model",
        )


def test_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    stop(CONFIG, path, 3)
    assert refusal(path, fingerprint="other") == (
        "belongs to another model (its layers, loss or input differ)"
    )
    with pytest.raises(CheckpointError) as caught:
        train(step, make_params("float64"), DATA, CONFIG, checkpoint=path, resume=True)
    assert str(caught.value) == (
        f"{path}: belongs to another model: its parameters are float32[6, 3], float32[3], "
        "the model's are float64[6, 3], float64[3]"
    )


def test_missing_folder_and_other_files(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.npz") == "no such checkpoint"
    text = tmp_path / "text.npz"
    text.write_text("not a zip file")
    assert refusal(text) == "is not an .npz file (a zip archive), or is damaged"
    other = save_arrays(tmp_path / "other.npz", {"x": np.ones(3)})
    assert refusal(other) == "is not a checkpoint, or is damaged"
    with pytest.raises(ValueError, match="resume needs a checkpoint"):
        run(CONFIG, resume=True)


def altered(path: Path, **changes: Any) -> Path:
    """Change entries of the checkpoint's JSON text; None takes one away."""
    with np.load(path) as saved:
        arrays = dict(saved)
    meta = {**json.loads(arrays["meta"].tobytes()), **changes}
    meta = {key: value for key, value in meta.items() if value is not None}
    arrays["meta"] = np.frombuffer(json.dumps(meta).encode(), dtype=np.uint8)
    return save_arrays(path, arrays)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "was written by another version of gradc"),
        ({"format": None}, "is not a checkpoint, or is damaged"),
        ({"epoch": None}, "is damaged: 'epoch'"),
        ({"history": 3}, "is damaged: "),
        ({"history": [{"a": 1}]}, "is damaged: "),
        ({"config": 3}, "is damaged: "),
        ({"batches": []}, "is damaged: "),
        ({"batches": {"step": 8, "generator": {}}}, "is damaged: step 8 is not in an epoch of 7"),
        ({"batches": {"step": 1, "generator": {}}}, "is damaged: not the state of a PCG64"),
        (
            {"batches": {"step": 1, "generator": {"bit_generator": "MT19937"}}},
            "is damaged: not the state of a PCG64",
        ),
    ],
)
def test_damaged_text(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = tmp_path / "run.npz"
    stop(CONFIG, path, 3)
    assert refusal(altered(path, **changes)).startswith(message)


def test_deeply_nested_text(tmp_path: Path) -> None:
    text = np.frombuffer(b"[" * 100_000, dtype=np.uint8)
    path = save_arrays(tmp_path / "run.npz", {"meta": text})
    assert refusal(path) == "is not a checkpoint, or is damaged"


def test_state_of_another_optimiser(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    stop(CONFIG, path, 3)
    with np.load(path) as saved:
        arrays = dict(saved)
    save_arrays(path, {**arrays, "optimiser_velocity_0": np.zeros(3)})
    assert refusal(path) == "is damaged: the state is not that of SGD: velocity_0"


def test_nan_is_neither_saved_nor_loaded(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    with pytest.raises(ValueError, match="w holds NaN or infinity; it was not saved"):
        save_arrays(path, {"w": np.array([1.0, np.nan])})
    with pytest.raises(ValueError, match="w holds object, not numbers"):
        save_arrays(path, {"w": np.array([None])})
    assert not path.exists()
    stop(CONFIG, path, 3)
    with np.load(path) as saved:
        arrays = dict(saved)
    arrays["param_1"][0] = np.inf
    np.savez(path, **arrays)
    assert refusal(path) == "is damaged: it holds NaN or infinity"


def test_a_path_that_cannot_be_written_is_refused_before_training(tmp_path: Path) -> None:
    def never(params: list[Array], x: Array, y: Any) -> tuple[float, list[Array]]:
        raise AssertionError("training has begun")

    link = tmp_path / "link.npz"
    link.symlink_to(tmp_path / "elsewhere.npz")
    with pytest.raises(UnsafePathError, match="is a symbolic link"):
        run(CONFIG, step=never, checkpoint=link)
    with pytest.raises(FileNotFoundError):
        run(CONFIG, step=never, checkpoint=tmp_path / "missing" / "run.npz")


def test_an_interrupt_while_saving_keeps_a_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    path = tmp_path / "run.npz"
    calls = 0
    flush = os.fsync

    def press(descriptor: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyboardInterrupt
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", press)
    with pytest.raises(TrainingInterrupted) as caught:
        run(CONFIG, checkpoint=path)
    assert (caught.value.epoch, caught.value.step) == (2, 0)
    assert list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    assert_same(run(CONFIG, checkpoint=path, resume=True), run(CONFIG))


# --- minibatches ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "size"), [(1, 1), (10, 3), (9, 3), (5, 100)])
def test_every_sample_once_an_epoch(count: int, size: int) -> None:
    batches = Minibatches(count, size, 0)
    orders = []
    for _ in range(3):
        taken: list[int] = []
        while not batches.epoch_is_done:
            batch = batches.current()
            assert len(batch) == min(size, count - len(taken))
            taken += batch.tolist()
            batches.advance()
        assert sorted(taken) == list(range(count))
        orders.append(taken)
        batches.next_epoch()
    assert batches.steps_per_epoch == -(-count // size)
    assert count < 5 or orders[0] != orders[1] or orders[1] != orders[2]


def test_an_epoch_that_is_done_has_no_batch() -> None:
    batches = Minibatches(2, 2, 0)
    batches.advance()
    with pytest.raises(ValueError, match="the epoch is done"):
        batches.current()
    with pytest.raises(ValueError, match="the epoch is done"):
        batches.advance()


def test_state_survives_json() -> None:
    one, two = Minibatches(50, 7, 0), Minibatches(50, 7, 99)
    for _ in range(3):
        one.advance()
    two.load_state(json.loads(json.dumps(one.state())))
    for _ in range(2):
        assert np.array_equal(one.current(), two.current())
        one.advance()
        two.advance()
    one.next_epoch()
    two.next_epoch()
    assert np.array_equal(one.current(), two.current())

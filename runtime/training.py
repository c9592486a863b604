"""The training loop, whatever computes the gradient.

A run is decided by its arguments alone: the same parameters, data and configuration give the same
numbers to the last bit, also when it was stopped at any step and gone on with from a checkpoint.
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradc_runtime.checkpoint import (
    Checkpoint,
    CheckpointError,
    load_checkpoint,
    save_checkpoint,
)
from gradc_runtime.data import Dataset
from gradc_runtime.divergence import DivergenceError, Place, Watch
from gradc_runtime.files import check_target
from gradc_runtime.interrupts import InterruptGuard
from gradc_runtime.minibatches import Minibatches
from gradc_runtime.optimisers import FloatArray, make_optimiser

Step = Callable[[list[FloatArray], FloatArray, NDArray[Any]], tuple[float, Sequence[FloatArray]]]
"""``(params, x, y) -> (mean loss, gradients)`` of one minibatch; its arguments stay as they are."""

Evaluate = Callable[[list[FloatArray], FloatArray, NDArray[Any]], tuple[float, float | None]]
"""``(params, x, y) -> (mean loss, accuracy)``; the accuracy is None where there are no classes."""

_START_SAMPLES = 1024
"""How many samples the initial loss, which divergence is judged by, is the mean of."""


@dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Attributes
    ----------
    optimizer : str
        A key of `gradc_runtime.optimisers.OPTIMISERS`.
    learning_rate : float
        Positive.
    batch_size, epochs, seed : int
        ``seed`` shuffles the samples; the initial parameters are given to `train`.
    hyper : mapping
        Other hyper-parameters of the optimiser; its defaults hold for those that are absent.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.1
    batch_size: int = 64
    epochs: int = 20
    seed: int = 0
    hyper: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class EpochRecord:
    """What is known after an epoch.

    Attributes
    ----------
    epoch : int
        From 1.
    train_loss : float
        Mean over the epoch's samples, each taken before the step that learned from it.
    test_loss, accuracy : float or None
        On the test data after the epoch; None without test data, or without classes.
    """

    epoch: int
    train_loss: float
    test_loss: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Progress:
    """Told after each step and once more after each epoch, then with its record."""

    epoch: int
    epochs: int
    step: int
    steps: int
    loss: float
    record: EpochRecord | None = None


@dataclass(frozen=True)
class TrainResult:
    """What training gave.

    Attributes
    ----------
    params : list of ndarray
        The trained parameters; finite.
    history : tuple of EpochRecord
        One for each epoch, those before a resume included.
    steps : int
        Updates of the parameters, those before a resume included.
    seconds : float
        Time in this call.
    """

    params: list[FloatArray]
    history: tuple[EpochRecord, ...]
    steps: int
    seconds: float


class TrainingInterrupted(KeyboardInterrupt):
    """Ctrl-C; what was learned is in the checkpoint, if there is one.

    Attributes
    ----------
    checkpoint : Path or None
        The file to resume from.
    epoch, step, steps : int
        The last completed step, and the number of steps of an epoch.
    """

    def __init__(self, checkpoint: Path | None, epoch: int, step: int, steps: int) -> None:
        self.checkpoint = checkpoint
        self.epoch = epoch
        self.step = step
        self.steps = steps
        what = "nothing was saved" if checkpoint is None else f"saved in {checkpoint}"
        super().__init__(f"interrupted in epoch {epoch} after step {step} of {steps}; {what}")


def train(
    step: Step,
    params: Sequence[FloatArray],
    data: Dataset,
    config: TrainConfig,
    *,
    evaluate: Evaluate | None = None,
    test: Dataset | None = None,
    progress: Callable[[Progress], None] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume: bool = False,
    fingerprint: str = "",
    names: Sequence[str] | None = None,
) -> TrainResult:
    """Train parameters on data.

    Parameters
    ----------
    step : callable
        Loss and gradients of a minibatch.
    params : sequence of ndarray
        Initial parameters, float32 or float64; they are copied.
    data : Dataset
        The training data.
    config : TrainConfig
        How to train.
    evaluate : callable, optional
        Loss and accuracy on ``test`` after each epoch.
    test : Dataset, optional
        Data that is held out.
    progress : callable, optional
        Called in the course of it. What it raises ends training.
    checkpoint : path, optional
        A file that is written after each epoch and when training is interrupted; it is replaced.
    resume : bool
        Go on from ``checkpoint``. ``epochs`` and ``learning_rate`` may differ from what they were.
    fingerprint : str
        Any text that names the model; a checkpoint with another one is refused.
    names : sequence of str, optional
        What to call the parameters in messages.

    Raises
    ------
    DivergenceError
        When the loss or a gradient is not finite or the loss explodes. An earlier checkpoint stays
        as it was: nothing with NaN in it is ever saved.
    CheckpointError
        When the checkpoint to resume from is missing, damaged, or of something else.
    TrainingInterrupted
        On Ctrl-C, after the checkpoint was written.
    ValueError
        For a wrong configuration.
    OSError
        When the checkpoint cannot be written; checked before training starts.
    """
    if resume and checkpoint is None:
        raise ValueError("resume needs a checkpoint")
    if config.epochs < 1:
        raise ValueError(f"epochs must be at least 1, not {config.epochs}")
    if checkpoint is not None:
        check_target(checkpoint)
    started = time.perf_counter()
    run = _Run(step, params, data, config, names, fingerprint)
    if resume and checkpoint is not None:
        run.load(Path(checkpoint))
    try:
        with InterruptGuard() as guard:
            while run.epoch <= config.epochs:
                run.finish_epoch(guard, progress)
                test_loss, accuracy = None, None
                if evaluate is not None and test is not None:
                    test_loss, accuracy = evaluate(run.params, test.x, test.y)
                run.close_epoch(guard, progress, test_loss, accuracy)
                if checkpoint is not None:
                    run.save(Path(checkpoint))
    except KeyboardInterrupt:
        saved = None if checkpoint is None else run.save(Path(checkpoint))
        raise TrainingInterrupted(
            saved, run.epoch, run.batches.step, run.batches.steps_per_epoch
        ) from None
    return TrainResult(
        run.params, tuple(run.history), run.optimiser.steps, time.perf_counter() - started
    )


class _Run:
    """All that changes while training, and that a checkpoint holds."""

    def __init__(
        self,
        step: Step,
        params: Sequence[FloatArray],
        data: Dataset,
        config: TrainConfig,
        names: Sequence[str] | None,
        fingerprint: str,
    ) -> None:
        self.step = step
        self.data = data
        self.config = config
        self.fingerprint = fingerprint
        self.params = [np.array(p, order="C") for p in params]
        self.optimiser = make_optimiser(
            config.optimizer, self.params, learning_rate=config.learning_rate, **config.hyper
        )
        self.batches = Minibatches(len(data), config.batch_size, config.seed)
        self.watch = Watch(
            config.learning_rate, names or [f"parameter {i}" for i in range(len(self.params))]
        )
        self.epoch = 1
        self.loss_sum = 0.0
        self.history: list[EpochRecord] = []

    def finish_epoch(
        self, guard: InterruptGuard, progress: Callable[[Progress], None] | None
    ) -> None:
        """Take the steps that are left of this epoch."""
        if self.watch.initial_loss is None:
            count = max(self.config.batch_size, _START_SAMPLES)
            loss, _ = self._gradient(slice(count))
            self.watch.start(loss)
        while not self.batches.epoch_is_done:
            samples = self.batches.current()
            place = self._place(self.batches.step + 1)
            loss, grads = self._gradient(samples)
            self.watch.check_step(place, loss, grads)
            with guard.critical():
                with np.errstate(over="ignore", invalid="ignore"):
                    self.optimiser.update(grads)
                self.watch.check_arrays(place, "the update", self.params)
                self.batches.advance()
                self.loss_sum += loss * len(samples)
            if progress is not None:
                progress(Progress(self.epoch, self.config.epochs, place.step, place.steps, loss))

    def close_epoch(
        self,
        guard: InterruptGuard,
        progress: Callable[[Progress], None] | None,
        test_loss: float | None,
        accuracy: float | None,
    ) -> None:
        """Write an epoch whose steps are all done into the history, and go to the next one."""
        place = self._place(self.batches.step)
        train_loss = self.loss_sum / len(self.data)
        self.watch.check_epoch(place, train_loss, test_loss)
        record = EpochRecord(
            self.epoch,
            train_loss,
            None if test_loss is None else float(test_loss),
            None if accuracy is None else float(accuracy),
        )
        with guard.critical():
            self.history.append(record)
            self.epoch += 1
            self.loss_sum = 0.0
            self.batches.next_epoch()
        if progress is not None:
            epochs, steps = self.config.epochs, place.steps
            progress(Progress(record.epoch, epochs, steps, steps, train_loss, record))

    def _gradient(self, samples: NDArray[np.int64] | slice) -> tuple[float, Sequence[FloatArray]]:
        # overflow and NaN are looked for in the result, with a better message than a warning's
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            loss, grads = self.step(self.params, self.data.x[samples], self.data.y[samples])
        return float(loss), grads

    def _place(self, step: int) -> Place:
        return Place(self.epoch, step, self.batches.steps_per_epoch)

    def save(self, path: Path) -> Path:
        """Write a checkpoint."""
        state = self.optimiser.state()
        slots = [array for name, array in state.items() if name != "steps"]
        self.watch.check_arrays(self._place(self.batches.step), "the optimizer's state", slots)
        meta = {
            "fingerprint": self.fingerprint,
            "config": self._identity(),
            "epoch": self.epoch,
            "batches": self.batches.state(),
            "loss_sum": self.loss_sum,
            "initial_loss": self.watch.initial_loss,
            "history": [asdict(record) for record in self.history],
        }
        return save_checkpoint(path, Checkpoint(list(self.params), state, meta))

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        saved = load_checkpoint(path, self.params)
        meta = saved.meta
        try:
            self._check_identity(path, meta)
            self.optimiser.load_state(saved.optimiser)
            self.batches.load_state(meta["batches"])
            self.epoch = int(meta["epoch"])
            self.loss_sum = float(meta["loss_sum"])
            initial = meta["initial_loss"]
            self.watch.initial_loss = None if initial is None else float(initial)
            self.history = [EpochRecord(**record) for record in meta["history"]]
        except CheckpointError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"{path}: is damaged: {error}") from None
        for param, array in zip(self.params, saved.params, strict=True):
            param[...] = array

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same for the same numbers to come out."""
        return {
            "optimizer": self.config.optimizer,
            "batch_size": self.config.batch_size,
            "seed": self.config.seed,
            **self.config.hyper,
            "training data": f"{len(self.data)} samples, checksum {_checksum(self.data)}",
        }

    def _check_identity(self, path: Path, meta: Mapping[str, Any]) -> None:
        if meta["fingerprint"] != self.fingerprint:
            raise CheckpointError(
                f"{path}: belongs to another model (its layers, loss or input differ)"
            )
        then, now = dict(meta["config"]), self._identity()
        changes = [
            f"{key} was {then.get(key, 'absent')} and is {now.get(key, 'absent')}"
            for key in {**now, **then}
            if then.get(key) != now.get(key)
        ]
        if changes:
            raise CheckpointError(
                f"{path}: cannot be gone on with, only epochs and learning_rate may change: "
                + "; ".join(changes)
            )


def _checksum(data: Dataset) -> str:
    value = 0
    for array in (data.x, data.y):
        value = zlib.crc32(np.ascontiguousarray(array).data, value)
    return f"{value:08x}"


__all__ = [
    "CheckpointError",
    "DivergenceError",
    "EpochRecord",
    "Evaluate",
    "Progress",
    "Step",
    "TrainConfig",
    "TrainResult",
    "TrainingInterrupted",
    "train",
]

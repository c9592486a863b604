"""``gradc train``: train a network by its spec."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gradc.cli import options as shared
from gradc.errors import ModelFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from rich.console import Console

    from gradc.faces.models import Model as Network
    from gradc_runtime.data import Dataset
    from gradc_runtime.training import EpochRecord, Progress, TrainConfig, TrainResult

_ROWS_AT_ONCE = 4096
"""How many samples are evaluated at once: what the layers give must fit into memory."""


def _positive(ctx: click.Context, param: click.Parameter, given: float | None) -> float | None:
    """Refuse what no optimizer takes; click's own range lets NaN through."""
    if given is not None and not 0 < given < math.inf:
        raise click.BadParameter(f"{given:g} is not a positive number.")
    return given


@click.command(
    cls=shared.ModelCommand, name="train", short_help="Train a network by its [train] table."
)
@shared.model_argument
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE", help="Training data.")
@click.option("--test", type=click.Path(path_type=Path), metavar="FILE", help="Held-out data.")
@click.option(
    "--epochs", type=click.IntRange(1, 2**31 - 1), metavar="N", help="Instead of those of the spec."
)
@click.option(
    "--learning-rate",
    callback=_positive,
    type=float,
    metavar="RATE",
    help="Instead of that of the spec.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Folder; ./NAME-gradc by default."
)
@click.option(
    "--resume",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Go on from this checkpoint, and write to it.",
)
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="The loss curve.")
@click.option(
    "--diagnose", is_flag=True, help="Say of each layer how it learns, and what is wrong."
)
@shared.run_target_option
def command(
    model_text: str,
    data: Path | None,
    test: Path | None,
    epochs: int | None,
    learning_rate: float | None,
    output: Path | None,
    resume: Path | None,
    plot: Path | None,
    diagnose: bool,
    target: str,
) -> None:
    """Train the network MODEL by minibatch gradient descent.

    Writes a checkpoint after each epoch and on Ctrl-C, and the loss curve as a PNG. A diverging
    loss ends with exit status 2; nothing with NaN in it is ever written.
    """
    from gradc.cli.models import NetworkModel, resolve
    from gradc.cli.programs import load_network
    from gradc.cli.terminal import console, list_written

    model = resolve(model_text)
    if not isinstance(model, NetworkModel):
        raise ModelFileError(f"{model_text[:60]}: train takes a network spec (net.toml)")
    style = "numpy" if target == "python" else "loops"
    network = load_network(model, shared.make_options(target=target, style=style))
    run = _Run(
        network,
        _config(network, epochs, learning_rate),
        *_datasets(network, data, test),
        _files(network.name, output, resume, plot),
        console(),
        diagnose,
    )
    result = run.train(resume is not None, model_text)
    run.say_result(result)
    list_written(run.out, [run.files.checkpoint, *run.draw(result.history)])
    if diagnose:
        run.say_diagnosis(result.params, "after training")


@dataclass(frozen=True)
class _Files:
    """Where the results go."""

    checkpoint: Path
    plot: Path


def _files(name: str, output: Path | None, resume: Path | None, plot: Path | None) -> _Files:
    """Choose the files, and refuse those that cannot be written before the work is done."""
    from gradc.cli.outputs import check_writable

    folder = output if output is not None else Path(f"{name}-gradc")
    files = _Files(
        resume if resume is not None else folder / "checkpoint.npz",
        plot if plot is not None else folder / "loss.png",
    )
    for path in (files.checkpoint, files.plot):
        check_writable(path)
    return files


def _config(network: Network, epochs: int | None, learning_rate: float | None) -> TrainConfig:
    from gradc_runtime.training import TrainConfig

    table = network.spec.train
    return TrainConfig(
        table.optimizer,
        table.learning_rate if learning_rate is None else learning_rate,
        table.batch_size,
        table.epochs if epochs is None else epochs,
        table.seed,
        table.hyper,
    )


def _datasets(
    network: Network, data: Path | None, test: Path | None
) -> tuple[Dataset, Dataset | None]:
    """Read the data files that the options or else the spec name."""
    from gradc.cli.networks import dataset

    spec = network.spec
    table = spec.data if data is None else spec.data_table
    held_out = test if test is not None else table.test if table is not None else None
    training = dataset(spec, data if data is not None else spec.data.train)
    return training, None if held_out is None else dataset(spec, held_out)


@dataclass
class _Run:
    """One training, and what is said about it."""

    network: Network
    config: TrainConfig
    data: Dataset
    test: Dataset | None
    files: _Files
    out: Console
    diagnose: bool

    def train(self, resume: bool, model_text: str) -> TrainResult:
        from gradc.cli.outputs import made_folder
        from gradc_runtime.divergence import DivergenceError
        from gradc_runtime.training import TrainingInterrupted, train

        initial = self._initial()
        try:
            with made_folder(self.files.checkpoint.parent), self._progress() as progress:
                return train(
                    self.network.step,
                    initial,
                    self.data,
                    self.config,
                    evaluate=self._evaluate,
                    test=self.test,
                    progress=progress,
                    checkpoint=self.files.checkpoint,
                    resume=resume,
                    fingerprint=self.network.spec.fingerprint(),
                    names=self.network.parameter_names,
                )
        except DivergenceError:
            if self.diagnose:
                self.say_diagnosis(initial, "before training")
            raise
        except TrainingInterrupted as stopped:
            if stopped.checkpoint is None:
                raise
            hint = f"go on with: gradc train {model_text} --resume {stopped.checkpoint}"
            raise KeyboardInterrupt(f"{stopped}\n{hint}") from None

    def _initial(self) -> list[NDArray[Any]]:
        from gradc.cli.networks import parameters

        return parameters(self.network)

    @cached_property
    def held_out(self) -> Network:
        """The network that is evaluated once an epoch."""
        from gradc.cli.networks import uncompiled

        return uncompiled(self.network)

    def _evaluate(
        self, params: Sequence[NDArray[Any]], x: NDArray[Any], y: NDArray[Any]
    ) -> tuple[float, float | None]:
        """Mean loss, and the fraction of labels that are the largest output."""
        labels = self.network.spec.loss.type != "mse"
        total, hits = 0.0, 0
        for start in range(0, len(x), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            loss, outputs = self.held_out.evaluate(params, x[rows], y[rows])
            total += loss * len(outputs)
            hits += int((outputs.argmax(axis=1) == y[rows]).sum()) if labels else 0
        return total / len(x), hits / len(x) if labels else None

    # -- what is said -----------------------------------------------------------------------------

    @contextmanager
    def _progress(self) -> Iterator[Callable[[Progress], None]]:
        """Yield a callback that shows progress: a bar on a terminal, else a line an epoch."""
        self._say_plan()
        if not self.out.is_terminal:
            yield lambda progress: self._say_epoch(progress.record) if progress.record else None
            return
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
        )
        with Bar(*columns, console=self.out, transient=True) as bar:
            task = bar.add_task("compiling", total=None, losses="")

            def show(progress: Progress) -> None:
                done = (progress.epoch - 1) * progress.steps + progress.step
                total = progress.epochs * progress.steps
                bar.update(task, description=f"epoch {progress.epoch}", completed=done, total=total)
                if progress.record is not None:
                    bar.update(task, losses=_losses(progress.record))

            yield show

    def _say_plan(self) -> None:
        spec, config = self.network.spec, self.config
        held_out = f", {len(self.test)} held out" if self.test is not None else ""
        hyper = "".join(f", {name} {value:g}" for name, value in config.hyper.items())
        self.out.print(
            f"{spec.name}: {spec.parameter_count} parameters, {spec.dtype}; "
            f"{len(self.data)} samples{held_out}\n"
            f"{config.optimizer}, learning_rate {config.learning_rate:g}{hyper}, "
            f"batches of {config.batch_size}, {_count(config.epochs, 'epoch')}",
            soft_wrap=True,
        )

    def _say_epoch(self, record: EpochRecord) -> None:
        self.out.print(f"epoch {record.epoch:>3}  {_losses(record)}", soft_wrap=True)

    def say_result(self, result: TrainResult) -> None:
        """Print the losses as a curve, and how well the network does."""
        from rich.text import Text

        from gradc.cli.curves import loss_text

        losses = [record.train_loss for record in result.history]
        self.out.print(f"loss  {loss_text(losses)}  {losses[0]:.4g} to {losses[-1]:.4g}")
        last = result.history[-1]
        line = Text(f"trained {_count(last.epoch, 'epoch')}, {_count(result.steps, 'step')}, ")
        line.append(f"{result.seconds:.1f} s")
        if last.accuracy is not None:
            line.append("; held-out accuracy ")
            line.append(f"{last.accuracy:.2%}", style="bold green")
        elif last.test_loss is not None:
            line.append(f"; held-out loss {last.test_loss:.4g}")
        self.out.print(line, soft_wrap=True)

    def draw(self, history: Sequence[EpochRecord]) -> list[Path]:
        """Write the loss curve, where matplotlib is installed; return the file."""
        from gradc.cli.curves import can_plot, loss_png
        from gradc.cli.outputs import write_file

        if not can_plot():
            self.out.print(
                "no loss curve as PNG: matplotlib is not installed (pip install 'gradc[plot]')",
                soft_wrap=True,
            )
            return []
        return [write_file(self.files.plot, loss_png(history, self.network.name))]

    def say_diagnosis(self, params: Sequence[NDArray[Any]], when: str) -> None:
        """Print one row per layer, and what is wrong."""
        from gradc.cli.networks import diagnosis_of
        from gradc.explain.network import print_network

        size = min(len(self.data), 1024)
        found = diagnosis_of(self.network, params, self.data.x[:size], self.data.y[:size])
        self.out.print()
        print_network(found, f"{self.network.name} {when}, {size} samples", self.out)


def _losses(record: EpochRecord) -> str:
    parts = [f"loss {record.train_loss:.4f}"]
    if record.test_loss is not None:
        parts.append(f"held-out {record.test_loss:.4f}")
    if record.accuracy is not None:
        parts.append(f"accuracy {record.accuracy:.2%}")
    return "  ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

"""Time per training step against PyTorch and JAX, one thread each: ``python -m bench.train_step``.

A step is forward, backward and update with momentum, on the same batch from the same parameters.
Losses, gradients and the parameters after some steps have to agree before anything is timed.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bench.common import (
    CLOCKS,
    ROOT,
    Subject,
    Table,
    interleaved,
    is_installed,
    start_over_with_one_thread,
    times,
)
from bench.networks import Contender, Gradc, Jax, Problem, Torch, compiled_torch

WIDE_SPEC = """\
[model]
name = "wide"
input = [784]
dtype = "float32"

[[layer]]
type = "linear"
units = 512
[[layer]]
type = "sigmoid"
[[layer]]
type = "linear"
units = 512
[[layer]]
type = "sigmoid"
[[layer]]
type = "linear"
units = 10

[loss]
type = "cross_entropy"
"""
STEPS_COMPARED = 10


def digits() -> Problem:
    """The network of examples/digits.toml with the first batch of its data."""
    import gradc

    path = ROOT / "examples" / "digits.toml"
    model = gradc.load_model(path)
    train = model.spec.train
    with np.load(path.with_name("digits-train.npz")) as data:
        x = data["x"][: train.batch_size].astype(np.float32)
        y = data["y"][: train.batch_size].astype(np.int64)
    return Problem(
        spec=path,
        activation="relu",
        learning_rate=train.learning_rate,
        momentum=train.hyper["momentum"],
        x=x,
        y=y,
        parameters=tuple(model.initial(seed=0)),
    )


def wide(folder: Path) -> Problem:
    """784-512-512-10 with sigmoid, and a random batch of 64."""
    import gradc

    path = folder / "wide.toml"
    path.write_text(WIDE_SPEC, encoding="utf-8")
    generator = np.random.default_rng(0)
    return Problem(
        spec=path,
        activation="sigmoid",
        learning_rate=0.01,
        momentum=0.9,
        x=generator.random((64, 784), dtype=np.float32),
        y=generator.integers(0, 10, 64),
        parameters=tuple(gradc.load_model(path).initial(seed=0)),
    )


def contenders_for(problem: Problem) -> tuple[dict[str, Contender], list[str]]:
    """All that is installed, by name, and what to say about the rest."""
    found: dict[str, Contender] = {"gradc": Gradc(problem)}
    notes = []
    if is_installed("torch"):
        found["PyTorch eager"] = Torch(problem)
        compiled, reason = compiled_torch(problem)
        if compiled is None:
            notes.append(f"torch.compile does not work here: {reason}")
        else:
            found["PyTorch compiled"] = compiled
    if is_installed("jax"):
        found["JAX jit"] = Jax(problem)
    notes += [f"{name} is not installed." for name in ("torch", "jax") if not is_installed(name)]
    return found, notes


def check_agreement(contenders: Mapping[str, Contender]) -> str:
    """Compare loss, gradients and the parameters after some steps with those of the first one.

    Returns
    -------
    str
        How far apart they were at most, relative to the largest element of an array.

    Raises
    ------
    SystemExit
        When float32 does not explain the difference.
    """
    states = {}
    for name, contender in contenders.items():
        contender.reset()
        loss, gradients = contender.gradients()
        state = [np.array(loss), *(each.copy() for each in contender.as_arrays(gradients))]
        losses = np.array([contender.step() for _ in range(STEPS_COMPARED)])
        states[name] = [*state, losses, *(each.copy() for each in contender.parameters())]
    first = next(iter(states))
    worst = 0.0
    for name, state in states.items():
        gaps = [
            float(np.max(np.abs(own - its)) / np.max(np.abs(its)))
            for own, its in zip(state, states[first], strict=True)
        ]
        worst = max(worst, *gaps)
        if not max(gaps) < 1e-4:
            raise SystemExit(f"{name} and {first} differ by {max(gaps):.1e}, relatively")
    return (
        f"Losses, gradients and the parameters after {STEPS_COMPARED} steps agree "
        f"to {worst:.0e}, relative to the largest element."
    )


def measure(problem: Problem, rounds: int, clock: str) -> Table:
    """Time the contenders on a problem."""
    contenders, notes = contenders_for(problem)
    agreement = check_agreement(contenders)
    subjects = {}
    for name, contender in contenders.items():
        subjects[name] = Subject(contender.step, contender.reset)
        subjects[f"{name}: gradient"] = Subject(contender.gradients, contender.reset)
        if contender.update():
            subjects[f"{name}: update"] = Subject(contender.update)
    found = interleaved(subjects, rounds, clock)
    columns = ("", "step", "forward and backward", "update", "step / PyTorch eager")
    title = f"Training step ({clock} time): {problem.summary}"
    table = Table(title, columns, notes=[*notes, agreement])
    eager = found.get("PyTorch eager")
    for name in contenders:
        gradient = found[f"{name}: gradient"]
        update = found.get(f"{name}: update", "in the step")
        ratio = times(found[name].over(eager)) if eager is not None else "-"
        table.add(name, found[name], gradient, update, ratio)
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    start_over_with_one_thread("bench.train_step")
    parser = argparse.ArgumentParser(prog="python -m bench.train_step", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="how often each is timed (25)")
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="cpu unless wall is asked")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        for problem in (digits(), wide(Path(folder))):
            measure(problem, options.rounds, options.clock).show(options.markdown)


if __name__ == "__main__":
    main()

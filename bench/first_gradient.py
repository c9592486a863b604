"""Time to the first gradient, from nothing and from the cache: ``python -m bench.first_gradient``.

Every number comes from fresh processes. One round runs each subject twice in an empty cache
folder: the first process compiles, the second finds what the first one left there. JAX's
persistent cache is switched on for that, with its thresholds at zero.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.common import CLOCKS, ROOT, Reply, Table, Times, ask_child, is_installed, times

CHILDREN = Path(__file__).with_name("children.py")
SPEC = ROOT / "examples" / "digits.toml"
MIXTURE = ROOT / "bench" / "gradbench" / "functions" / "gmm.py"
DATA = ROOT / "examples" / "digits-train.npz"


@dataclass(frozen=True, slots=True)
class Subject:
    """A function of children.py, and how it is shown."""

    child: str
    label: str
    package: str
    task: str


TASKS: Mapping[str, str] = {
    "formula": "(2*x1 + 3*x2)**2 + 3 at (1, 3), float64",
    "network": "the network of examples/digits.toml, one batch, float32",
    "mixture": "a Gaussian mixture, 200 points, d=5, K=4, float64",
}
SUBJECTS = (
    Subject("gradc_formula", "gradc.compile_expression", "gradc", "formula"),
    Subject("gradc_function", "gradc.grad of the function", "gradc", "formula"),
    Subject("jax_formula", "jax.jit(jax.grad(f))", "jax", "formula"),
    Subject("gradc_network", "gradc.load_model", "gradc", "network"),
    Subject("jax_network", "jax.jit(jax.grad(loss))", "jax", "network"),
    Subject("gradc_mixture", "gradc.grad of loops", "gradc", "mixture"),
    Subject("gradc_mixture_arrays", "gradc.grad of arrays", "gradc", "mixture"),
    Subject("jax_mixture", "jax.jit(jax.grad(f))", "jax", "mixture"),
)


def measure(rounds: int, clock: str) -> list[Table]:
    """Run all subjects `rounds` times and return a table for each task."""
    subjects = [subject for subject in SUBJECTS if is_installed(subject.package)]
    cold: dict[str, list[Reply]] = {subject.child: [] for subject in subjects}
    cached: dict[str, list[Reply]] = {subject.child: [] for subject in subjects}
    bare: list[Reply] = []
    with tempfile.TemporaryDirectory() as scratch:
        batch = _write_batch(Path(scratch) / "batch.npz")
        # one round that does not count: it brings the files of the libraries into memory, and
        # leaves the bytecode of all of them in one place, wherever they were installed from
        shared = {"PYTHONPYCACHEPREFIX": str(Path(scratch) / "bytecode"), "JAX_PLATFORMS": "cpu"}
        for number in range(rounds + 1):
            bare.append(ask_child(CHILDREN, ["numpy_alone", clock], shared))
            for subject in subjects:
                folder = Path(scratch) / f"{subject.child}{number}"
                for replies in (cold, cached):
                    arguments = [subject.child, clock, str(batch), str(SPEC), str(MIXTURE)]
                    reply = ask_child(CHILDREN, arguments, {**shared, **_caches_in(folder)})
                    if number:
                        replies[subject.child].append(reply)
    _check_agreement(subjects, cold)
    tables = [_table(task, clock, subjects, cold, cached) for task in TASKS]
    seconds = _processes(bare[1:], clock)
    tables[-1].notes.append(f"A process that only imports numpy takes {seconds}.")
    return tables


def _write_batch(path: Path) -> Path:
    """Write the first batch of the digits and the initial parameters for all children."""
    import numpy as np

    from gradc import load_model

    model = load_model(SPEC)
    size = model.spec.train.batch_size
    with np.load(DATA) as data:
        x = data["x"][:size].astype(np.float32)
        y = data["y"][:size].astype(np.int64)
    parameters = {f"p{index}": value for index, value in enumerate(model.initial(seed=0))}
    np.savez(path, x=x, y=y, **parameters)  # type: ignore[arg-type, unused-ignore]
    return path


def _caches_in(folder: Path) -> dict[str, str]:
    """The variables that put the caches of both libraries into a folder."""
    return {
        "GRADC_CACHE_DIR": str(folder),
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def _check_agreement(subjects: Sequence[Subject], replies: Mapping[str, Sequence[Reply]]) -> None:
    """See that all subjects of a task computed the same, which is what makes them comparable."""
    for task in TASKS:
        values = {s.label: replies[s.child][0].found["values"] for s in subjects if s.task == task}
        first = next(iter(values.values()))
        for label, others in values.items():
            same = len(first) == len(others) and all(
                math.isclose(a, b, rel_tol=1e-4) for a, b in zip(first, others, strict=True)
            )
            if not same:
                raise SystemExit(f"{label} found {others} where the first one found {first}")


def _table(
    task: str,
    clock: str,
    subjects: Sequence[Subject],
    cold: Mapping[str, Sequence[Reply]],
    cached: Mapping[str, Sequence[Reply]],
) -> Table:
    columns = ("", "cold: process", "after import", "cached: process", "after import", "later call")
    table = Table(f"First gradient ({clock} time): {TASKS[task]}", columns)
    for subject in subjects:
        if subject.task != task:
            continue
        cells = []
        for replies in (cold[subject.child], cached[subject.child]):
            cells.append(_processes(replies, clock))
            cells.append(Times(tuple(reply.found["gradient"] for reply in replies)))
        cells.append(Times(tuple(reply.found["later"] for reply in cached[subject.child])))
        table.add(subject.label, *cells)
    _add_ratios(table, task, clock, subjects, cold, cached)
    return table


def _add_ratios(
    table: Table,
    task: str,
    clock: str,
    subjects: Sequence[Subject],
    cold: Mapping[str, Sequence[Reply]],
    cached: Mapping[str, Sequence[Reply]],
) -> None:
    mine = [s.child for s in subjects if s.task == task and s.package == "gradc"]
    its = [s.child for s in subjects if s.task == task and s.package == "jax"]
    if not mine or not its:
        return
    ratios = [
        times(_processes(replies[mine[0]], clock).over(_processes(replies[its[0]], clock)))
        for replies in (cold, cached)
    ]
    table.notes.append(
        f"The process of gradc takes {ratios[0]} times as long as JAX's cold, "
        f"{ratios[1]} times from the cache."
    )


def _processes(replies: Sequence[Reply], clock: str) -> Times:
    return Times(tuple(reply.cpu if clock == "cpu" else reply.wall for reply in replies))


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.first_gradient", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="fresh pairs of processes (7)")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="wall unless cpu is asked")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    for table in measure(options.rounds, options.clock):
        table.show(options.markdown)


if __name__ == "__main__":
    main()

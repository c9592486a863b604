"""What the benchmarks share: interleaved timing, child processes, tables, and the machine."""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.text import Text

ROOT = Path(__file__).resolve().parents[1]

ONE_THREAD: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "OMP_NUM_THREADS",
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "BLIS_NUM_THREADS",
            "NUMBA_NUM_THREADS",
        ),
        "1",
    ),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
}
"""Read by the libraries when they are loaded, so it has to be set before the process starts."""


# -- timing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of one thing, one number for each round in which it was timed."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)

    @property
    def quartiles(self) -> tuple[float, float]:
        """Between them lies the middle half; with fewer than four rounds, all of them."""
        if len(self.seconds) < 4:
            return min(self.seconds), max(self.seconds)
        low, _, high = statistics.quantiles(self.seconds, n=4, method="inclusive")
        return low, high

    def over(self, other: Times) -> float:
        """How many times as long as `other`: the median over rounds of the ratio in a round.

        Both were timed within a moment of each other in a round, so that what slows the whole
        machine down for a while cancels.
        """
        pairs = zip(self.seconds, other.seconds, strict=True)
        return statistics.median(own / its for own, its in pairs)

    def lines(self) -> tuple[str, str]:
        """The median, and the quartiles in the same unit."""
        unit, scale = _unit(self.median)
        low, high = (_digits(seconds * scale) for seconds in self.quartiles)
        return f"{_digits(self.median * scale)} {unit}", f"{low} to {high}"

    def __str__(self) -> str:
        return "{} ({})".format(*self.lines())


def _unit(seconds: float) -> tuple[str, float]:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1.0:
            return unit, scale
    return "ns", 1e9


def _digits(value: float) -> str:
    """Three digits, as many as timings are good for."""
    return f"{value:.0f}" if value >= 99.95 else f"{value:#.3g}"


def times(value: float) -> str:
    """Write a ratio."""
    return f"{value:.2f}"


@dataclass(slots=True)
class Subject:
    """Something to be timed against others.

    Attributes
    ----------
    call : callable
        Does the work once and waits for its end.
    reset : callable, optional
        Brings it back to where it started; called before each round and not timed.
    """

    call: Callable[[], object]
    reset: Callable[[], object] | None = None


CLOCKS: Mapping[str, Callable[[], float]] = {
    "cpu": time.process_time,
    "wall": time.perf_counter,
}
"""CPU time is that of all threads of the process; what else the machine does hardly counts."""


def interleaved(
    subjects: Mapping[str, Subject], rounds: int, clock: str = "cpu", block_seconds: float = 0.02
) -> dict[str, Times]:
    """Time all subjects in every round, one block of calls each, in an order that turns.

    Parameters
    ----------
    subjects : mapping
        By name. Each is called a few times first: it compiles then.
    rounds : int
        How often each is timed.
    clock : str
        A key of `CLOCKS`.
    block_seconds : float
        About how long a block of one subject takes; it holds at least one call. A round can begin
        with cold caches for a subject, so blocks should be many calls where calls are short.

    Returns
    -------
    dict
        Seconds a call.
    """
    now = CLOCKS[clock]
    calls = {name: _calls_for(subject, now, block_seconds) for name, subject in subjects.items()}
    found: dict[str, list[float]] = {name: [] for name in subjects}
    names = list(subjects)
    gc.collect()
    enabled = gc.isenabled()
    gc.disable()
    try:
        for number in range(rounds):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                found[name].append(_block(subjects[name], now, calls[name]))
    finally:
        if enabled:
            gc.enable()
    return {name: Times(tuple(seconds)) for name, seconds in found.items()}


def _block(subject: Subject, now: Callable[[], float], calls: int) -> float:
    if subject.reset is not None:
        subject.reset()
    call = subject.call
    call()
    start = now()
    for _ in range(calls):
        call()
    return (now() - start) / calls


def _calls_for(subject: Subject, now: Callable[[], float], seconds: float) -> int:
    _block(subject, now, 1)
    calls = 1
    while (each := _block(subject, now, calls)) * calls < seconds / 4:
        calls *= 2
    return max(1, round(seconds / each))


# -- processes ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reply:
    """What a child process found, and how long it took from its start to its end.

    Attributes
    ----------
    wall, cpu : float
        Seconds; the CPU time is that of all its threads.
    found : dict
        What it printed.
    """

    wall: float
    cpu: float
    found: dict[str, Any]


def ask_child(script: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> Reply:
    """Run a script in a fresh process; its last line of output is JSON.

    Parameters
    ----------
    script : Path
    arguments : sequence of str
    environment : mapping
        Variables to add to those of this process.

    Raises
    ------
    SystemExit
        When it fails; with what it wrote.
    """
    command = [sys.executable, "-P", str(script), *arguments]
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    start, used = time.perf_counter(), _used_by_children()
    done = subprocess.run(
        command, env={**inherited, **environment}, capture_output=True, text=True, check=False
    )
    wall, cpu = time.perf_counter() - start, _used_by_children() - used
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return Reply(wall, cpu, found)


def _used_by_children() -> float:
    found = os.times()
    return found.children_user + found.children_system


def start_over_with_one_thread(module: str) -> None:
    """Replace this process by the same one with `ONE_THREAD` set, unless it is."""
    if all(os.environ.get(key) == value for key, value in ONE_THREAD.items()):
        return
    arguments = [sys.executable, "-m", module, *sys.argv[1:]]
    os.execve(sys.executable, arguments, {**os.environ, **ONE_THREAD})


def is_installed(package: str) -> bool:
    """Whether a package to compare with is there."""
    return find_spec(package) is not None


# -- what is shown --------------------------------------------------------------------------------


@dataclass(slots=True)
class Table:
    """Rows of text and times under a title; the first column names the row."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str | Times]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str | Times) -> None:
        """Append a row."""
        self.rows.append(cells)

    def show(self, markdown: bool = False) -> None:
        """Print it, for a terminal or as Markdown."""
        if markdown:
            print(self._as_markdown(), flush=True)
            return
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable

        width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120
        console = Console(width=width, markup=False, highlight=False)
        drawn = RichTable(title=self.title, title_justify="left", box=box.SIMPLE_HEAD)
        for place, column in enumerate(self.columns):
            drawn.add_column(column, justify="left" if place == 0 else "right")
        for row in self.rows:
            drawn.add_row(*(_drawn(cell) for cell in row))
        console.print(drawn)
        for note in self.notes:
            console.print(f"  {note}", style="dim", soft_wrap=True)

    def _as_markdown(self) -> str:
        dashes = ["---", *("--:" for _ in self.columns[1:])]
        lines = [self.columns, dashes, *self.rows]
        body = "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
        notes = "".join(f"\n{note}\n" for note in self.notes)
        return f"### {self.title}\n\n{body}\n{notes}"


def _drawn(cell: str | Times) -> Text:
    """A cell for a terminal: what spreads, in grey under the median."""
    from rich.text import Text

    if isinstance(cell, str):
        return Text(cell)
    median, spread = cell.lines()
    return Text(median).append(f"\n{spread}", style="dim")


def machine() -> str:
    """CPU, cores and versions, in two lines."""
    packages = ("numba", "llvmlite", "numpy", "jax", "torch")
    found = [f"{name} {metadata.version(name)}" for name in packages if is_installed(name)]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    where = f"{_cpu_name()}, {cores} cores{load}, {platform.system()}"
    return f"{where}\nPython {platform.python_version()}, {', '.join(found)}"


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())

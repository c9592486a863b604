"""Memory and time of long loops with checkpoints: ``python -m bench.checkpoint``.

A recurrence of a vector is marched on and differentiated, each time in a process of its own: its
peak of memory is that of the gradient.

"steps run" is how often a step is computed, recording runs included, over the number of steps. It
is counted in the program that was timed, whose loops over steps are passed over: where they begin
and end follows from sizes alone. Beside it is what revolve takes that records one step at a time
and has all of the bytes for checkpoints (Griewank and Walther, 2000): the optimum among such
schedules. Where the tape of all steps does not fit, 2 is the least possible for any, since
every step must be run once for the value and once for its adjoint.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.common import ROOT, Table, Times

WIDTH = 1000
MEBIBYTE = 2**20
# the loop, steps, and bytes of tape; None: the whole tape
CASES: Sequence[tuple[str, int, int | None]] = (
    ("for", 10_000, None),
    ("for", 10_000, 16 * MEBIBYTE),
    ("for", 10_000, MEBIBYTE),
    ("for", 1_000_000, 64 * MEBIBYTE),
    ("for", 1_000_000, 4 * MEBIBYTE),
    ("while", 10_000, MEBIBYTE),
    ("while", 10_000, MEBIBYTE // 8),
    ("while", 1_000_000, 64 * MEBIBYTE),
    ("while", 1_000_000, 4 * MEBIBYTE),
)


def march(h: Any, w: Any, steps: int) -> float:
    """A step for each element, many times."""
    for _ in range(steps):
        for j in range(h.shape[0]):
            h[j] = h[j] + 0.001 * w[j] * (1.0 - h[j] * h[j] * h[j])
    total = 0.0
    for j in range(h.shape[0]):
        total += h[j] * h[j]
    return total


def march_on(h: Any, w: Any, steps: int) -> float:
    """The same by a loop whose length the program does not know before it has ended."""
    k = 0
    while k < steps:
        for j in range(h.shape[0]):
            h[j] = h[j] + 0.001 * w[j] * (1.0 - h[j] * h[j] * h[j])
        k += 1
    total = 0.0
    for j in range(h.shape[0]):
        total += h[j] * h[j]
    return total


LOOPS = {"for": march, "while": march_on}


class CountedRange:
    """What ``range`` is while steps are counted: loops over steps have bounds of their own."""

    steps = 0

    def __init__(self, *bounds: int) -> None:
        self.bounds = bounds

    def __len__(self) -> int:
        return len(range(*self.bounds))

    def __iter__(self) -> Iterator[int]:
        if len(self.bounds) == 2:
            CountedRange.steps += len(self)
        return iter(())


def steps_run(loop: str, count: int, limit: int) -> float:
    """How often each step is run by the program for this limit, on average."""
    from gradc import grad

    h, w = np.full(WIDTH, 0.5), np.full(WIDTH, 0.1)
    text = grad(LOOPS[loop], memory_limit=limit).specialize(h, w, count).compiled.kernel_text
    namespace: dict[str, Any] = {"range": CountedRange}
    exec(compile(text, "<program>", "exec"), namespace)
    # a `while` goes through its steps, which are empty here
    CountedRange.steps = 0 if loop == "for" else count
    namespace[f"{LOOPS[loop].__name__}_grad"].py_func(h, w, count)
    return CountedRange.steps / count


def revolve_steps(loop: str, count: int, limit: int) -> float:
    """The same for revolve, which has one step recorded and a checkpoint in all other bytes."""
    from gradc_runtime import schedule

    state, tape = 8 + 8 * WIDTH, 8 * WIDTH
    slots = max((limit - tape) // state, 1)
    return (schedule.forward_steps(count, slots) + count) / count


def memory(field: str) -> float:
    """``VmRSS``, what this process holds, or ``VmHWM``, the most it has held, in mebibytes.

    ``ru_maxrss`` is no measure: it begins with the peak of the process that started this one.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) / 1024
    raise SystemExit("memory is read from Linux's /proc/self/status")


def forget_the_peak() -> None:
    """Give back what compiling has freed, and let the peak begin with what is held."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def child(loop: str, steps: int, limit: int | None) -> None:
    """Differentiate once in this process, and print what it took."""
    from gradc import grad

    h, w = np.linspace(0.1, 0.9, WIDTH), np.linspace(0.1, 0.2, WIDTH)
    primal = grad(LOOPS[loop], memory_limit=limit)
    primal(h, w, 2)
    forget_the_peak()
    before = memory("VmRSS")
    start = time.perf_counter()
    primal(h, w, steps)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "mebibytes": memory("VmHWM") - before}))


def measure(rounds: int) -> Table:
    """Run every case in fresh processes."""
    columns = ("loop", "steps", "limit", "time", "a step", "memory it took", "steps run", "revolve")
    table = Table("Checkpoints: gradient of a recurrence of 1000 numbers", columns)
    for loop, steps, limit in CASES:
        found = [_ask(loop, steps, limit) for _ in range(rounds)]
        seconds = Times(tuple(each["seconds"] for each in found))
        each_step = Times(tuple(value / steps for value in seconds.seconds))
        named = "none (tape)" if limit is None else f"{limit / MEBIBYTE:g} MiB"
        factors = ["1.00", "-"]
        if limit is not None:
            factors = [f"{each(loop, steps, limit):.2f}" for each in (steps_run, revolve_steps)]
        most = f"{max(each['mebibytes'] for each in found):.1f} MiB"
        table.add(loop, f"{steps:,}", named, seconds, each_step, most, *factors)
    return table


def _ask(loop: str, steps: int, limit: int | None) -> dict[str, float]:
    given = [loop, str(steps), str(limit or 0)]
    command = [sys.executable, "-m", "bench.checkpoint", "--child", *given]
    done = subprocess.run(command, cwd=Path(ROOT), capture_output=True, text=True, check=True)
    reply: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return reply


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.checkpoint", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes for each row (3)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        loop, steps, limit = options.child
        child(loop, int(steps), int(limit) or None)
        return
    measure(options.rounds).show(options.markdown)


if __name__ == "__main__":
    main()

"""Memory and time of long loops with checkpoints: ``python -m bench.checkpoint``.

A recurrence of a vector is marched on and differentiated, each time in a process of its own: its
peak of memory is that of the gradient. "steps run" counts how often a step is computed, recording
runs included, over the number of steps; the least possible is 2 where the tape of all steps does
not fit, since every step must be run once for the value and once for its adjoint.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.common import ROOT, Table, Times

WIDTH = 1000
MEBIBYTE = 2**20
# steps, and bytes of tape; None: the whole tape
CASES: Sequence[tuple[int, int | None]] = (
    (10_000, None),
    (10_000, 16 * MEBIBYTE),
    (10_000, MEBIBYTE),
    (1_000_000, 64 * MEBIBYTE),
    (1_000_000, 4 * MEBIBYTE),
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


def steps_run(count: int, limit: int) -> float:
    """How often each step is run by the schedule for this limit, on average."""
    from gradc_runtime import schedule

    state, tape = 8 + 8 * WIDTH, 2 * 8 * WIDTH
    fixed = 2 * 8 * WIDTH
    block = schedule.block_length(count, state, tape, fixed, limit, 0)
    slots = schedule.slot_count(count, state, tape, fixed, limit, block)
    blocks = -(-count // block)
    return (min(schedule.forward_steps(blocks, slots) * block, 10**12) + count) / count


def child(steps: int, limit: int | None) -> None:
    """Differentiate once in this process, and print what it took."""
    from gradc import grad

    h, w = np.linspace(0.1, 0.9, WIDTH), np.linspace(0.1, 0.2, WIDTH)
    primal = grad(march, memory_limit=limit)
    primal(h, w, 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    primal(h, w, steps)
    seconds = time.perf_counter() - start
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(json.dumps({"seconds": seconds, "mebibytes": grown / 1024}))


def measure(rounds: int) -> Table:
    """Run every case in fresh processes."""
    columns = ("steps x 1000", "limit", "time", "a step", "memory it took", "steps run")
    table = Table("Checkpoints: gradient of a recurrence of 1000 numbers", columns)
    for steps, limit in CASES:
        found = [_ask(steps, limit) for _ in range(rounds)]
        seconds = Times(tuple(each["seconds"] for each in found))
        each_step = Times(tuple(value / steps for value in seconds.seconds))
        named = "none (tape)" if limit is None else f"{limit / MEBIBYTE:g} MiB"
        factor = "2.00" if limit is None else f"{steps_run(steps, limit):.2f}"
        peak = f"{max(each['mebibytes'] for each in found):.1f} MiB"
        factor = "1.00" if limit is None else factor
        table.add(f"{steps:,}", named, seconds, each_step, peak, factor)
    return table


def _ask(steps: int, limit: int | None) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.checkpoint", "--child", str(steps), str(limit or 0)]
    done = subprocess.run(command, cwd=Path(ROOT), capture_output=True, text=True, check=True)
    reply: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return reply


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.checkpoint", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes for each row (3)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    parser.add_argument("--child", type=int, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        child(options.child[0], options.child[1] or None)
        return
    measure(options.rounds).show(options.markdown)


if __name__ == "__main__":
    main()

"""The same bits at any number of threads, and what threads gain: ``python -m bench.threads``.

The mixture of Gaussians, the Jacobian of bundle adjustment and an elementwise gradient, each with
``parallel=True`` 100 times at 1, 2, 4 and 8 threads: all runs have to give one value, bit by bit.
Then each is timed at one thread and at two in turn. The exit status is 1 where values differ.
"""

from __future__ import annotations

import argparse
import functools
import hashlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bench.common import Subject, Table, interleaved, machine, times

COUNTS = (1, 2, 4, 8)
MOST = "8"


def _mixture(rng: np.random.Generator) -> Callable[[], Any]:
    import gradc
    from bench.gradbench.functions import gmm

    n, d, k = 1000, 10, 25
    given = (
        rng.normal(size=k),
        rng.normal(size=(k, d)),
        rng.normal(size=(k, d)) * 0.3,
        rng.normal(size=(k, d * (d - 1) // 2)) * 0.2,
        rng.normal(size=(n, d)),
        1.0,
        0,
        0.3,
    )
    gradient = gradc.grad(gmm.objective, argnums=(0, 1, 2, 3), parallel=True)
    return functools.partial(gradient, *given)


def _bundle(rng: np.random.Generator) -> Callable[[], Any]:
    from bench.gradbench.functions import ba
    from bench.gradbench.modules import Primal
    from gradc.options import Options

    cameras, points, sightings = 49, 7776, 31843
    pairs = np.stack(
        [rng.integers(cameras, size=sightings), rng.integers(points, size=sightings)], axis=1
    )
    given = (
        rng.normal(size=(cameras, 11)) + 2.0,
        rng.normal(size=(points, 3)),
        rng.uniform(size=sightings),
        pairs,
        rng.normal(size=(sightings, 2)),
    )
    jacobian = Primal(ba.jacobian, 0, False, Options(parallel=True))
    return functools.partial(jacobian, *given)


def _elements(rng: np.random.Generator) -> Callable[[], Any]:
    import gradc

    def several(x: Any) -> Any:
        return np.sum(np.tanh(np.exp(-x * x)) + np.sin(x) * np.log(2.5 + x))

    gradient = gradc.value_and_grad(several, parallel=True)
    return functools.partial(gradient, rng.uniform(-1.0, 1.0, 300_000))


SUBJECTS: Mapping[str, Callable[[np.random.Generator], Callable[[], Any]]] = {
    "gmm d=10 K=25, 1,000 points": _mixture,
    "ba 31,843 observations, Jacobian": _bundle,
    "elementwise, 300,000": _elements,
}


def bits(result: Any) -> bytes:
    """All numbers of a result, as they are in memory."""
    if isinstance(result, tuple | list):
        return b"".join(map(bits, result))
    return np.asarray(result).tobytes()


def values(call: Callable[[], Any], runs: int) -> int:
    """How many different results a call has, over all numbers of threads."""
    import numba

    seen = set()
    for threads in COUNTS:
        numba.set_num_threads(threads)
        seen |= {hashlib.sha256(bits(call())).hexdigest() for _ in range(runs)}
    return len(seen)


def _with_threads(call: Callable[[], Any], threads: int) -> Any:
    import numba

    numba.set_num_threads(threads)
    return call()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.threads", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="at each number of threads (100)")
    parser.add_argument("--rounds", type=int, default=150, help="how often each is timed (150)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    if os.environ.get("NUMBA_NUM_THREADS") != MOST:  # read when numba is imported
        command = [sys.executable, "-m", "bench.threads", *(arguments or sys.argv[1:])]
        os.execve(sys.executable, command, {**os.environ, "NUMBA_NUM_THREADS": MOST})
    columns = ("parallel=True", "1 thread", "2 threads", "gain", "values")
    table, alike = Table("Threads (wall time)", columns), True
    for name, make in SUBJECTS.items():
        call = make(np.random.default_rng(0))
        count = values(call, options.runs)
        alike = alike and count == 1
        subjects = {str(n): Subject(functools.partial(_with_threads, call, n)) for n in (1, 2)}
        found = interleaved(subjects, options.rounds, "wall", block_seconds=0.0)
        gain = min(found["1"].seconds) / min(found["2"].seconds)
        table.add(name, found["1"], found["2"], times(gain), str(count))
    table.notes.append(
        f"{machine()}. {options.runs} runs at each of {', '.join(map(str, COUNTS))} threads; "
        "the gain is that of the minima."
    )
    table.show(options.markdown)
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())

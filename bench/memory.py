"""Memory that one gradient of the GradBench functions takes: ``python -m bench.memory``.

How far the process's resident memory rises during a call above what it was before, results
included, once everything is compiled and the C library has given back what it keeps. Linux only.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.common import Table
from bench.gradbench.functions import det, gmm, kmeans, llsq, lse, lstm, ode

Row = tuple[str, Callable[..., Any], tuple[Any, ...], tuple[int, ...]]


def rows() -> Iterator[Row]:
    """Name, function, arguments, and those it is differentiated by, at the sizes of the table."""
    rng = np.random.default_rng(0)
    d, k, low = 10, 25, 45
    given = (
        rng.normal(size=k),
        rng.random((k, d)),
        rng.random((k, d)),
        rng.random((k, low)),
        rng.normal(size=(1000, d)),
    )
    wrt = (0, 1, 2, 3)
    yield "gmm d=10 K=25, 1,000 points, loops", gmm.objective, (*given, 1.1, 1, 0.3), wrt
    pairs = np.triu_indices(d, 1)
    yield "the same, arrays", gmm.objective_arrays, (*given, *pairs, 1.1, 1, 0.3), wrt
    weights = rng.random((4, 56)), rng.random((3, 14)), rng.random((4, 14)), rng.random((1024, 14))
    yield "lstm 2 layers, 1,024 steps, loops", lstm.objective, weights, (0, 1)
    yield "the same, arrays", lstm.objective_arrays, weights, (0, 1)
    yield "lse 160,000", lse.primal, (rng.normal(size=160_000),), (0,)
    yield "llsq n=4,096 m=128", llsq.primal, (rng.normal(size=128), 4096), (0,)
    points = rng.random((100, 8)), rng.random((10_000, 8))
    yield "kmeans k=100, 10,000 points, d=8, loops", kmeans.cost, points, (1,)
    yield "the same, arrays", kmeans.cost_arrays, points, (1,)
    yield "ode n=10,000, 10 steps", ode.last, (rng.normal(size=10_000), 10), (0,)
    yield "det 7 by 7", det.primal, (rng.random(49), 7), (0,)


def rise(function: Callable[..., Any], given: Sequence[Any], wrt: tuple[int, ...]) -> int:
    """The bytes by which resident memory rises during a call of the gradient."""
    from gradc import grad

    gradient = grad(function, argnums=wrt)
    gradient(*given)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = _status("VmRSS")
    result = gradient(*given)
    after = _status("VmHWM")
    del result
    return max(after - before, 0)


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) << 10


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.memory", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="not used: bytes do not vary")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    os.environ["GRADC_MALLOC"] = "system"
    table = Table("Memory of one gradient", ("gradient", "rise of resident memory"))
    for name, function, given, wrt in rows():
        table.add(name, f"{rise(function, given, wrt) / 2**20:.2f} MiB")
    table.show(options.markdown)


if __name__ == "__main__":
    main()

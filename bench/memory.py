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

import gradc
from bench.common import Table
from bench.gradbench.functions import (
    ba,
    det,
    gmm,
    ht,
    kmeans,
    llsq,
    lse,
    lstm,
    ode,
    particle,
    saddle,
)
from bench.gradbench.modules import primal

Row = tuple[str, Callable[..., Any], tuple[Any, ...]]


def rows() -> Iterator[Row]:
    """Name, derivative and arguments at the sizes of the table."""
    rng = np.random.default_rng(0)
    yield from _mixtures(rng)
    weights = rng.random((4, 56)), rng.random((3, 14)), rng.random((4, 14)), rng.random((1024, 14))
    yield "lstm 2 layers, 1,024 steps, loops", gradc.grad(lstm.objective, (0, 1)), weights
    yield "the same, arrays", gradc.grad(lstm.objective_arrays, (0, 1)), weights
    yield "lse 160,000", gradc.grad(lse.primal), (rng.normal(size=160_000),)
    yield "llsq n=4,096 m=128", gradc.grad(llsq.primal), (rng.normal(size=128), 4096)
    points = rng.random((100, 8)), rng.random((10_000, 8))
    yield "kmeans k=100, 10,000 points, d=8, Newton step, loops", primal(kmeans.direction), points
    yield "the same, arrays", primal(kmeans.direction_arrays), points
    yield _bundles(rng)
    yield _hand(rng)
    yield "ode n=10,000, 10 steps", gradc.grad(ode.last), (rng.normal(size=10_000), 10)
    yield "det 7 by 7", gradc.grad(det.primal), (rng.random(49), 7)
    yield "particle, reverse over reverse", primal(particle.rr), (0.5,)
    yield "saddle, reverse over reverse", primal(saddle.rr), (1.0, 1.0)


def _mixtures(rng: np.random.Generator) -> Iterator[Row]:
    d, k, low = 10, 25, 45
    given = (
        rng.normal(size=k),
        rng.random((k, d)),
        rng.random((k, d)),
        rng.random((k, low)),
        rng.normal(size=(1000, d)),
    )
    wrt = (0, 1, 2, 3)
    loops, arrays = (gradc.grad(each, wrt) for each in (gmm.objective, gmm.objective_arrays))
    yield "gmm d=10 K=25, 1,000 points, loops", loops, (*given, 1.1, 1, 0.3)
    yield "the same, arrays", arrays, (*given, *np.triu_indices(d, 1), 1.1, 1, 0.3)


def _bundles(rng: np.random.Generator) -> Row:
    cameras, points, count = 49, 7_776, 31_843
    numbers = np.arange(count)
    seen = np.stack([numbers % cameras, numbers % points], axis=1)
    given = rng.random((cameras, 11)), rng.random((points, 3)) + 3.0, rng.random(count)
    features = rng.random((count, 2))
    return "ba 31,843 observations", primal(ba.jacobian), (*given, seen, features)


def _hand(rng: np.random.Generator) -> Row:
    """A hand of as many bones and vertices as that of the small model, in no shape of a hand."""
    bones, vertices, points = 22, 544, 100
    given = (
        rng.random(26),
        np.arange(bones) - 1,
        rng.random((bones, 4, 4)),
        rng.random((bones, 4, 4)),
        rng.random((vertices, 4)),
        rng.random((vertices, bones)),
        False,
        rng.integers(0, vertices, points),
        rng.random((points, 3)),
    )
    return "ht, small model, 100 points, simple", gradc.jacfwd(ht.objective), given


def rise(derivative: Callable[..., Any], given: Sequence[Any]) -> int:
    """The bytes by which resident memory rises during a call."""
    derivative(*given)
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
    before = _status("VmRSS")
    result = derivative(*given)
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
    for name, derivative, given in rows():
        table.add(name, f"{rise(derivative, given) / 2**20:.2f} MiB")
    table.show(options.markdown)


if __name__ == "__main__":
    main()

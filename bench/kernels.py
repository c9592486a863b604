"""Functions of GradBench called by compiled code and from Python: ``python -m bench.kernels``.

The hand-written programs that GradBench's table compares with call their functions from compiled
code; gradc's tool calls them from Python, which adds some microseconds to each call.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import gradc
from bench.common import Subject, Table, interleaved, start_over_with_one_thread
from bench.gradbench.functions import det, llsq, lse, ode
from bench.gradbench.modules import primal

CALLS = 20
Row = tuple[str, Callable[..., Any], tuple[Any, ...]]


def rows() -> Iterator[Row]:
    """The short ones of the table, where a call counts."""
    rng = np.random.default_rng(0)
    numbers, start, matrix = rng.normal(size=10_000), rng.random(1000), rng.random(25)
    yield "lse 10,000, function", primal(lse.primal), (numbers,)
    yield "lse 10,000, gradient", gradc.grad(lse.primal), (numbers,)
    yield "llsq n=128 m=128, function", primal(llsq.primal), (rng.normal(size=128), 128)
    yield "ode n=1,000, 10 steps, function", primal(ode.primal), (start, 10)
    yield "det 5 by 5, function", primal(det.primal), (matrix, 5)
    yield "det 5 by 5, gradient", gradc.grad(det.primal), (matrix, 5)


def repeated(derivative: Any, given: tuple[Any, ...]) -> Callable[[], Any]:
    """Call the kernel of a derivative several times from compiled code."""
    import numba

    derivative(*given)
    kernel = derivative.dispatcher

    def call(given: Any) -> None:
        for _ in range(CALLS):
            kernel(*given)

    run = numba.njit(call)
    run(given)
    return lambda: run(given)


def measure(rounds: int) -> Table:
    """Time all in turn."""
    subjects = {}
    for name, derivative, given in rows():
        subjects[f"{name} python"] = Subject(lambda f=derivative, a=given: f(*a))  # type: ignore[misc]
        subjects[name] = Subject(repeated(derivative, given))
    found = interleaved(subjects, rounds)
    table = Table("Kernels", ("minima", "called by compiled code", "from Python"))
    for name, _, _ in rows():
        own, python = min(found[name].seconds) / CALLS, min(found[f"{name} python"].seconds)
        table.add(name, f"{own * 1e6:.2f} µs", f"{python * 1e6:.2f} µs")
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.kernels", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (15)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    start_over_with_one_thread("bench.kernels")
    measure(options.rounds).show(options.markdown)


if __name__ == "__main__":
    main()

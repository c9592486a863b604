"""Elementwise gradients over long arrays, on one thread and two: ``python -m bench.vector_math``.

The measure is NumPy's copy of as many bytes as the gradient reads and writes.
"""

from __future__ import annotations

import argparse
import functools
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bench.common import Subject, Table, interleaved, times

SIZE = 10_000_000


def cheap(x: Any) -> Any:
    """A polynomial."""
    return np.sum(x * x * (x + 0.5))


def exponential(x: Any) -> Any:
    """One exponential."""
    return np.sum(np.exp(-x * x))


def several(x: Any) -> Any:
    """Five functions."""
    return np.sum(np.tanh(np.exp(-x * x)) + np.sin(x) * np.log(2.5 + x))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "x*x*(x + 0.5)": cheap,
    "exp(-x*x)": exponential,
    "tanh(exp(-x*x)) + sin(x)*log(2.5 + x)": several,
}


def measure(rounds: int) -> Table:
    """Time all functions in turn, with and without vector functions and threads."""
    from gradc import grad

    x = np.random.default_rng(0).uniform(-1.0, 1.0, SIZE)
    columns = ("sum over 10^7 elements", "gradient", "fastmath=False", "parallel=True", "copy")
    table = Table("Elementwise gradients (wall time)", (*columns, "gradient / copy", "threads"))
    for name, function in FUNCTIONS.items():
        plain, strict = grad(function), grad(function, fastmath=False)
        parallel = grad(function, parallel=True)
        subjects = {
            "plain": Subject(functools.partial(plain, x)),
            "strict": Subject(functools.partial(strict, x)),
            "parallel": Subject(functools.partial(parallel, x)),
            "copy": Subject(x.copy),
        }
        found = interleaved(subjects, rounds, "wall")
        least = {key: min(value.seconds) for key, value in found.items()}
        table.add(
            name,
            found["plain"],
            found["strict"],
            found["parallel"],
            found["copy"],
            times(least["plain"] / least["copy"]),
            times(least["plain"] / least["parallel"]),
        )
    table.notes.append(
        f"{os.cpu_count()} cores. The copy is made into a new array, as the gradient is; ratios "
        "are those of the minima."
    )
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.vector_math", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="how often each is timed (9)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    measure(options.rounds).show(options.markdown)


if __name__ == "__main__":
    main()

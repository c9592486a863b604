"""Elementwise gradients over 10^7 numbers, on one thread and two: ``python -m bench.vector_math``.

The measure is NumPy's copy of an array of as many bytes as the gradient of one argument has.
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


def looped(x: Any) -> Any:
    """The same polynomial in a loop."""
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i] * x[i] * (x[i] + 0.5)
    return total


def two(x: Any, y: Any) -> Any:
    """Two arguments, both with a gradient."""
    return np.sum((x - y) * (x + 2.0 * y))


def several(x: Any) -> Any:
    """Five functions."""
    return np.sum(np.tanh(np.exp(-x * x)) + np.sin(x) * np.log(2.5 + x))


# Name, function, and how many copies its gradient reads and writes as much as.
FUNCTIONS: Mapping[str, tuple[Callable[..., Any], int]] = {
    "x*x*(x + 0.5)": (cheap, 1),
    "the same in a loop": (looped, 1),
    "(x - y)*(x + 2*y), both gradients": (two, 2),
    "exp(-x*x)": (lambda x: np.sum(np.exp(-x * x)), 1),
    "log(2.5 + x)": (lambda x: np.sum(np.log(2.5 + x)), 1),
    "x*log(2.5 + x)": (lambda x: np.sum(x * np.log(2.5 + x)), 1),
    "tanh(x)": (lambda x: np.sum(np.tanh(x)), 1),
    "sin(x)": (lambda x: np.sum(np.sin(x)), 1),
    "cos(x)": (lambda x: np.sum(np.cos(x)), 1),
    "(x + 2)**1.7": (lambda x: np.sum((x + 2.0) ** 1.7), 1),
    "tanh(exp(-x*x)) + sin(x)*log(2.5 + x)": (several, 1),
}
THREADED = ("x*x*(x + 0.5)", "exp(-x*x)", "tanh(exp(-x*x)) + sin(x)*log(2.5 + x)")


def arguments_of(function: Callable[..., Any], dtype: Any) -> list[Any]:
    """An array for each parameter."""
    rng = np.random.default_rng(0)
    count = function.__code__.co_argcount
    return [rng.uniform(-1.0, 1.0, SIZE).astype(dtype) for _ in range(count)]


def one_thread(rounds: int) -> Table:
    """All functions in two precisions, beside a copy that is timed in turn with each."""
    from gradc import grad

    columns = ("sum over 10^7 elements", "gradient", "copies", "float32", "copies")
    table = Table("Elementwise gradients, one thread (CPU time, minima)", (*columns,))
    for name, (function, copies) in FUNCTIONS.items():
        cells = []
        for dtype in (np.float64, np.float32):
            given = arguments_of(function, dtype)
            gradient = grad(function, argnums=tuple(range(len(given))))
            subjects = {
                "gradient": Subject(functools.partial(gradient, *given)),
                "copy": Subject(given[0].copy),
            }
            found = interleaved(subjects, rounds)
            least = {key: min(value.seconds) for key, value in found.items()}
            cells += [
                f"{1e3 * least['gradient']:.1f} ms",
                times(least["gradient"] / least["copy"] / copies),
            ]
        table.add(name, *cells)
    table.notes.append(
        "NumPy's copy of an argument, into a new array as the gradient is, timed in turn; "
        "two copies where there are two gradients."
    )
    return table


def two_threads(rounds: int) -> Table:
    """Some of the functions without vector functions, and with threads."""
    from gradc import grad

    columns = ("sum over 10^7 elements", "gradient", "fastmath=False", "parallel=True", "gain")
    table = Table("Elementwise gradients and threads (wall time, minima)", columns)
    for name in THREADED:
        function, _ = FUNCTIONS[name]
        (x,) = arguments_of(function, np.float64)
        kinds: Mapping[str, dict[str, Any]] = {
            "plain": {},
            "strict": {"fastmath": False},
            "parallel": {"parallel": True},
        }
        subjects = {
            kind: Subject(functools.partial(grad(function, **options), x))
            for kind, options in kinds.items()
        }
        found = interleaved(subjects, rounds, "wall")
        least = {key: min(value.seconds) for key, value in found.items()}
        cells = (f"{1e3 * least[kind]:.1f} ms" for kind in kinds)
        table.add(name, *cells, times(least["plain"] / least["parallel"]))
    table.notes.append(f"{os.cpu_count()} cores.")
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.vector_math", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (15)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    one_thread(options.rounds).show(options.markdown)
    two_threads(options.rounds).show(options.markdown)


if __name__ == "__main__":
    main()

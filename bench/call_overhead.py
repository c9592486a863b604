"""What a call from Python costs above numba's own: ``python -m bench.call_overhead``.

Each row times a compiled derivative as the user calls it, and the numba dispatcher under it with
the same arguments; the functions do next to nothing, so what is left is the calls.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bench.common import Subject, Table, interleaved, start_over_with_one_thread


def cubic(x: float) -> float:
    """A scalar function."""
    return x * x * x + 2.0 * x


def weighted(x: Any, w: Any) -> float:
    """A function of two arrays."""
    total = 0.0
    for i in range(x.shape[0]):
        total += w[i] * x[i]
    return total


def _pairs() -> Mapping[str, tuple[Callable[[], Any], Callable[[], Any]]]:
    from gradc import compile_expression, grad, value_and_grad

    gradient, pair = grad(cubic), value_and_grad(cubic)
    arrays = grad(weighted, argnums=(0, 1))
    expression = compile_expression("(2*x1 + 3*x2)**2 + 3", wrt=("x1", "x2"))
    x = np.ones(3)
    gradient(2.0), pair(2.0), arrays(x, x), expression(1.0, 3.0)
    bare = [each.dispatcher for each in (gradient, pair, expression, arrays)]
    return {
        "grad of one float": (lambda: gradient(2.0), lambda: bare[0](2.0)),
        "value_and_grad of one float": (lambda: pair(2.0), lambda: bare[1](2.0)),
        "expression of two floats": (
            lambda: expression(1.0, 3.0),
            lambda: bare[2](1.0, 3.0),
        ),
        "grad of two arrays of 3": (lambda: arrays(x, x), lambda: bare[3](x, x)),
    }


def measure(rounds: int) -> Table:
    """Time all pairs in turn."""
    pairs = _pairs()
    subjects = {
        f"{name}{side}": Subject(call)
        for name, both in pairs.items()
        for side, call in zip(("", " bare"), both, strict=True)
    }
    found = interleaved(subjects, rounds, "cpu", block_seconds=0.01)
    table = Table("A call from Python", ("", "gradc", "numba dispatcher", "above it (minima)"))
    for name in pairs:
        own, bare = found[name], found[f"{name} bare"]
        above = (min(own.seconds) - min(bare.seconds)) * 1e6
        table.add(name, own, bare, f"{above:.2f} µs")
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.call_overhead", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (15)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    start_over_with_one_thread("bench.call_overhead")
    measure(options.rounds).show(options.markdown)


if __name__ == "__main__":
    main()

"""The Gaussian mixture as arrays, here and in JAX: ``python -m bench.mixture``.

JAX's best forms are one product for all points, and one for each block of points by `lax.map`;
gradc runs the array form of the GradBench tool, which goes through blocks in a Python loop. One
thread, all in turn; values and gradients agree before anything is timed.
"""

from __future__ import annotations

import argparse
import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.common import (
    Subject,
    Table,
    interleaved,
    is_installed,
    machine,
    start_over_with_one_thread,
    times,
)

SIZES = ((1000, 10, 25), (1000, 32, 50), (1000, 64, 25))
# Points in a block of JAX's form; 0 for all at once.
BLOCKS = (0, 40, 100)
Gradient = Callable[[], Any]


def given(n: int, d: int, k: int) -> tuple[Any, ...]:
    """Weights, means, logarithms of diagonals, triangles and points."""
    rng = np.random.default_rng(0)
    return (
        rng.normal(size=k),
        rng.normal(size=(k, d)),
        rng.normal(size=(k, d)) * 0.3,
        rng.normal(size=(k, d * (d - 1) // 2)) * 0.2,
        rng.normal(size=(n, d)),
    )


def in_gradc(arguments: Sequence[Any]) -> Gradient:
    """The gradient of the array form."""
    import gradc
    from bench.gradbench.functions import gmm

    columns, rows = np.triu_indices(arguments[4].shape[1], 1)
    gradient = gradc.grad(gmm.objective_arrays, argnums=(0, 1, 2, 3))
    return functools.partial(gradient, *arguments, rows, columns, 1.0, 0, 0.0)


def in_jax(arguments: Sequence[Any], block: int) -> Gradient:
    """The same as a user of JAX writes it."""
    jax: Any = importlib.import_module("jax")
    jnp: Any = importlib.import_module("jax.numpy")
    jax.config.update("jax_enable_x64", True)
    n, d = arguments[4].shape
    columns, rows = np.triu_indices(d, 1)

    def objective(alpha: Any, mu: Any, q: Any, low: Any, x: Any) -> Any:
        k = len(alpha)
        diagonals, sum_q = jnp.exp(q), jnp.sum(q, axis=1)
        factors = jnp.zeros((k, d, d)).at[:, rows, columns].set(low)
        factors = factors + diagonals[:, :, None] * jnp.eye(d)
        offsets = jnp.sum(factors * mu[:, None, :], axis=2)
        stacked = factors.reshape(k * d, d)

        def part(points: Any) -> Any:
            scaled = (points @ stacked.T).reshape(len(points), k, d) - offsets
            terms = alpha + sum_q - 0.5 * jnp.sum(scaled * scaled, axis=2)
            return jnp.sum(jax.scipy.special.logsumexp(terms, axis=1))

        whole = n // block * block if block else 0
        total = jnp.sum(jax.lax.map(part, x[:whole].reshape(-1, block, d))) if whole else 0.0
        total = total + (part(x[whole:]) if whole < n else 0.0)
        squares = jnp.sum(diagonals * diagonals) + jnp.sum(low * low)
        return total - n * jax.scipy.special.logsumexp(alpha) - 0.5 * squares

    compiled = jax.jit(jax.grad(objective, argnums=(0, 1, 2, 3)))
    ready = [jnp.asarray(each) for each in arguments]
    return lambda: jax.block_until_ready(compiled(*ready))


def measure(rounds: int) -> Table:
    """Time all of them in turn for each size."""
    heads = [f"JAX, {block} points" if block else "JAX, all points" for block in BLOCKS]
    table = Table("Gradient of the mixture", ("n, d, K", "gradc", *heads, "gradc / best of JAX"))
    for size in SIZES:
        arguments = given(*size)
        calls = {"gradc": in_gradc(arguments)}
        if is_installed("jax"):
            calls |= {
                head: in_jax(arguments, block) for head, block in zip(heads, BLOCKS, strict=True)
            }
        wanted = calls["gradc"]()
        for call in calls.values():
            for ours, theirs in zip(wanted, call(), strict=True):
                np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
        subjects = {name: Subject(call) for name, call in calls.items()}
        found = interleaved(subjects, rounds, "wall", block_seconds=0.0)
        least = {name: min(each.seconds) for name, each in found.items()}
        others = [value for name, value in least.items() if name != "gradc"]
        ratio = times(least["gradc"] / min(others)) if others else "-"
        cells = [found.get(head, "-") for head in heads]
        table.add(", ".join(map(str, size)), found["gradc"], *cells, ratio)
    table.notes.append(f"{machine()}. The ratio is that of the minima.")
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.mixture", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="how often each is timed (100)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    start_over_with_one_thread("bench.mixture")
    measure(options.rounds).show(options.markdown)


if __name__ == "__main__":
    main()

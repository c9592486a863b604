"""A chain of wide layers beside the calls of BLAS that it contains: ``python -m bench.chain``.

Three layers ``h = sigmoid(h @ w)`` with square matrices, one sample and a batch; the gradient of
all three matrices. The measure is the bare sequence of products, forwards and backwards, written
into arrays that are there already, with no sigmoid between them. Set the threads of BLAS to one.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.common import Subject, Table, interleaved, times

WIDTH, LAYERS = 4096, 3
SHAPES = {"a vector": (WIDTH,), "batch of 1": (1, WIDTH), "batch of 64": (64, WIDTH)}


def loss(w1: Any, w2: Any, w3: Any, x: Any) -> Any:
    """Three layers."""
    h = 1.0 / (1.0 + np.exp(-(x @ w1)))
    h = 1.0 / (1.0 + np.exp(-(h @ w2)))
    h = 1.0 / (1.0 + np.exp(-(h @ w3)))
    return np.sum(h * h)


def products(weights: Sequence[Any], x: Any) -> Callable[[], None]:
    """The products of the gradient: one call of BLAS each, an outer product for one sample."""
    values = [x, *(np.empty_like(x) for _ in weights)]
    back = np.empty_like(x)
    gradients = [np.empty_like(each) for each in weights]

    def run() -> None:
        for k, weight in enumerate(weights):
            np.dot(values[k], weight, out=values[k + 1])
        for k in reversed(range(len(weights))):
            if x.ndim == 1:
                np.outer(values[k], values[k + 1], out=gradients[k])
            else:
                np.dot(values[k].T, values[k + 1], out=gradients[k])
            if k:
                np.dot(values[k + 1], weights[k].T, out=back)

    return run


def measure(rounds: int) -> Table:
    """The gradient and the bare products in turn, in two precisions."""
    from gradc import grad

    rng = np.random.default_rng(0)
    columns = (f"{LAYERS} layers, n = {WIDTH}", "gradient", "products", "ratio")
    table = Table("A chain of layers beside its products (CPU time, minima)", columns)
    for dtype in (np.float64, np.float32):
        weights = [
            (rng.normal(size=(WIDTH, WIDTH)) / WIDTH**0.5).astype(dtype) for _ in range(LAYERS)
        ]
        for name, shape in SHAPES.items():
            x = rng.normal(size=shape).astype(dtype)
            gradient = grad(loss, argnums=(0, 1, 2))
            subjects = {
                "gradient": Subject(functools.partial(gradient, *weights, x)),
                "products": Subject(products(weights, x)),
            }
            found = interleaved(subjects, rounds)
            least = {key: min(value.seconds) for key, value in found.items()}
            cells = (f"{1e3 * least[key]:.1f} ms" for key in subjects)
            ratio = least["gradient"] / least["products"]
            table.add(f"{name}, {np.dtype(dtype).name}", *cells, times(ratio))
    return table


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.chain", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="how often each is timed (7)")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    measure(options.rounds).show(options.markdown)


if __name__ == "__main__":
    main()

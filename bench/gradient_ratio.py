"""Time of a gradient over the time of its function, one thread: ``python -m bench.gradient_ratio``.

The function is compiled by numba as it stands, with the same floating-point flags that gradc's
kernels have. Beside the gradient of gradc stands one written by hand, compiled by numba alike.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench import functions
from bench.common import (
    CLOCKS,
    Subject,
    Table,
    Times,
    interleaved,
    is_installed,
    start_over_with_one_thread,
    times,
)
from bench.functions import CASES, Case

COLUMNS = (
    "",
    "function (numba)",
    "gradient (gradc)",
    "ratio",
    "by hand",
    "gradc / by hand",
    "function (JAX)",
    "gradient (JAX)",
    "ratio",
)


def measure(case: Case, rounds: int, clock: str) -> list[str | Times]:
    """The row of a case."""
    subjects = _subjects(case)
    found = interleaved(subjects, rounds, clock)
    function, gradient, by_hand = (found[name] for name in ("function", "gradient", "by hand"))
    row: list[str | Times] = [
        f"{case.name}, {case.size}",
        function,
        gradient,
        times(gradient.over(function)),
        by_hand,
        times(gradient.over(by_hand)),
    ]
    if "JAX gradient" in found:
        its, its_gradient = found["JAX function"], found["JAX gradient"]
        row += [its, its_gradient, times(its_gradient.over(its))]
    else:
        row += ["-", "-", "-"]
    return row


def _subjects(case: Case) -> dict[str, Subject]:
    """What is timed, after a look at whether all gradients are the same."""
    import gradc

    point = case.point(np.random.default_rng(0))
    function, by_hand = _njit(case.function), _njit(case.by_hand)
    gradient = gradc.grad(case.function, argnums=case.argnums)
    subjects = {
        "function": Subject(lambda: function(*point)),
        "gradient": Subject(lambda: gradient(*point)),
        "by hand": Subject(lambda: by_hand(*point)),
    }
    if is_installed("jax"):
        subjects.update(_in_jax(case, point))
    expected = by_hand(*point)
    for name in ("gradient", "JAX gradient"):
        if name in subjects:
            _check_same(f"{case.name}: {name}", subjects[name].call(), expected)
    return subjects


def _njit(function: Callable[..., Any]) -> Any:
    import numba

    from gradc_runtime.jit import FASTMATH

    options = {"fastmath": set(FASTMATH), "error_model": "numpy", "nogil": True}
    return numba.njit(**options)(function)


def _in_jax(case: Case, point: tuple[Any, ...]) -> dict[str, Subject]:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    written = functions.in_jax()[case.function.__name__]
    static = [index for index, value in enumerate(point) if isinstance(value, int)]
    placed = [value if isinstance(value, int) else jnp.asarray(value) for value in point]
    function = jax.jit(written, static_argnums=static)
    gradient = jax.jit(jax.grad(written, argnums=case.argnums), static_argnums=static)
    return {
        "JAX function": Subject(lambda: jax.block_until_ready(function(*placed))),
        "JAX gradient": Subject(lambda: jax.block_until_ready(gradient(*placed))),
    }


def _check_same(name: str, found: Any, expected: Any) -> None:
    pairs = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
    for own, its in pairs:
        np.testing.assert_allclose(own, its, rtol=1e-9, atol=1e-9, err_msg=name)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    start_over_with_one_thread("bench.gradient_ratio")
    parser = argparse.ArgumentParser(prog="python -m bench.gradient_ratio", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="how often each is timed (15)")
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="cpu unless wall is asked")
    parser.add_argument("--markdown", action="store_true", help="tables for README.md")
    options = parser.parse_args(arguments)
    table = Table(f"Gradient over function ({options.clock} time): float64, one thread", COLUMNS)
    for case in CASES:
        table.add(*measure(case, options.rounds, options.clock))
    table.show(options.markdown)


if __name__ == "__main__":
    main()

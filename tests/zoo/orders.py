"""Combinations of modes: ``python -m tests.zoo.orders [zoo] [surface] [--third M]``.

What forward and reverse mode make of a function is a function of floats, whose derivative is taken
in both modes again, and is compared with extrapolated differences and with the other mode: forward
over forward, forward over reverse, and so on. A third order is checked the same way. ``zoo`` are
small programs, ``surface`` the table of calls of functions of NumPy, SciPy and ``math``. The tests
run a sample; this runs all of it, or with ``--every N --start K`` a part, so that several processes
can share the work. Random programs: ``python -m tests.fuzz.orders``.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import gradc
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests import surface, zoo


class Tried(Protocol):
    """A function with arguments."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    smooth: bool


SETS: dict[str, Sequence[Any]] = {"zoo": zoo.CASES, "surface": surface.CASES}


def smooth_cases(name: str = "zoo") -> list[Any]:
    """The functions with a derivative at their arguments."""
    chosen = SETS[name]
    return [case for case in chosen if case.smooth and any(map(is_active, flatten(case.args)[0]))]


def check(case: Tried, order: int) -> None:
    """All modes, up to an order, by the text that runs uncompiled."""
    gradc.check_grads(case.fn, case.args, order=order, target="python")


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every function; returns the number of those that fail."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.orders", description=__doc__)
    parser.add_argument("sets", nargs="*", choices=[*SETS, []], help="zoo, surface (both)")
    parser.add_argument("--every", type=int, default=1, help="only every so many-th function")
    parser.add_argument("--start", type=int, default=0, help="the first of these")
    parser.add_argument("--third", type=int, default=10, help="third order for every so many-th")
    options = parser.parse_args(arguments)
    failed = 0
    for name in options.sets or SETS:
        start, failures = time.perf_counter(), 0
        chosen = smooth_cases(name)[options.start :: options.every]
        for number, case in enumerate(chosen):
            order = 3 if number % options.third == 0 else 2
            try:
                check(case, order)
            except gradc.GradcError as error:
                failures += 1
                label = getattr(case, "id", case.name)
                print(f"{label} (order {order}): {error}\n", flush=True)
        seconds = time.perf_counter() - start
        print(f"{name}: {len(chosen)} functions, {failures} failed, {seconds:.0f} s", flush=True)
        failed += failures
    return failed


if __name__ == "__main__":
    sys.exit(min(main(), 1))

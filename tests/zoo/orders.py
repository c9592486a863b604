"""The zoo in every combination of modes: ``python -m tests.zoo.orders [--every N] [--third M]``.

For a function of the zoo, the pullback with fixed cotangents is a function of floats whose
derivative is taken in both modes again, and is compared with extrapolated differences and with
each other; a third order is checked the same way. The tests run a sample; this runs all of it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import gradc
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests.zoo import CASES
from tests.zoo.case import Case


def smooth_cases() -> list[Case]:
    """The functions with a derivative at their arguments."""
    return [case for case in CASES if case.smooth and any(map(is_active, flatten(case.args)[0]))]


def check(case: Case, order: int) -> None:
    """Both modes, up to an order, by the text that runs uncompiled."""
    gradc.check_grads(case.fn, case.args, order=order, target="python")


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every function; returns the number of those that fail."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.orders", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so many-th function")
    parser.add_argument("--third", type=int, default=10, help="third order for every so many-th")
    options = parser.parse_args(arguments)
    failures, start = [], time.perf_counter()
    chosen = smooth_cases()[:: options.every]
    for number, case in enumerate(chosen):
        order = 3 if number % options.third == 0 else 2
        try:
            check(case, order)
        except gradc.GradcError as error:
            failures.append(case.name)
            print(f"{case.name} (order {order}): {error}\n", flush=True)
    seconds = time.perf_counter() - start
    print(f"{len(chosen)} functions, {len(failures)} failed, {seconds:.0f} s")
    return len(failures)


if __name__ == "__main__":
    sys.exit(min(main(), 1))

"""`make fuzz N=10000 SEED=1`: check many random Python programs and count what becomes of them.

Each program has a seed of its own, `SEED * 10**8` and its number, so that it is found again by that
number alone. A wrong program is made small and printed as source, and the run exits with 1.
"""

from __future__ import annotations

import argparse
import gc
import signal
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterable

from tests.fuzz.property import WrongError, check_program
from tests.fuzz.reduce import reduced
from tests.generators.python_programs import PythonProgram, random_program

REPORT_EVERY = 1000
TEXT_EVERY = 8
COMPILED_EVERY = 1000
PER_SEED = 10**8
# Seconds for a program while a failure is made small.
LONGEST = 5


class Tally:
    """Counts of distinct programs by what became of them.

    Parameters
    ----------
    shared, thorough : bool
        See :func:`tests.fuzz.property.check_program`; a thorough one looks at each text.
    """

    def __init__(self, shared: bool = False, thorough: bool = False) -> None:
        self.shared, self.thorough = shared, thorough
        self.counts: Counter[str] = Counter()
        self.seen: set[int] = set()

    def check(self, program: PythonProgram) -> None:
        """Check one program, unless it was there before."""
        key = hash(repr(program))
        if key in self.seen:
            return
        self.seen.add(key)
        number = len(self.seen)
        compiled = number % COMPILED_EVERY == 0
        text = compiled or self.thorough or number % TEXT_EVERY == 0
        outcome = check_program(program, text, compiled, self.shared, self.thorough)
        self.counts[outcome] += 1
        self.counts["as text"] += text
        self.counts["compiled"] += compiled


def failure_of(program: PythonProgram, shared: bool = False, thorough: bool = False) -> str | None:
    """What is wrong with a program, without the numbers; None where nothing is."""
    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(LONGEST)
    try:
        check_program(program, text=True, shared=shared, thorough=thorough)
    except (NameError, TimeoutError):  # a line too many is gone, or the end of a loop
        return None
    except WrongError as error:
        return str(error).split(":")[0]
    except Exception as error:  # noqa: BLE001  whatever goes wrong in the compiler is a finding
        return type(error).__name__
    finally:
        signal.alarm(0)
    return None


def _too_long(number: int, frame: object) -> None:
    raise TimeoutError


def run(tally: Tally, seeds: Iterable[int], shrink: float, numerical: bool = False) -> list[str]:
    """Check the programs of some seeds; returns the failures as text.

    Parameters
    ----------
    tally : Tally
    seeds : iterable of int
    shrink : float
        Seconds to spend on making a failure small.
    numerical : bool
        Whether the programs have loops over arrays, mostly.
    """
    found = []
    for seed in seeds:
        program = random_program(seed, numerical)
        try:
            tally.check(program)
        except Exception as error:  # noqa: BLE001  as above
            tally.counts["wrong"] += 1
            how = (tally.shared, tally.thorough)
            kind = failure_of(program, *how)
            small = reduced(
                program, lambda each, kind=kind, how=how: failure_of(each, *how) == kind, shrink
            )
            text = f"program {seed}: {type(error).__name__}: {error}\n{small}"
            found.append(text)
            print(text, flush=True)
    return found


def report(tally: Tally, seconds: float) -> str:
    """The counts as a table."""
    counts = dict(tally.counts)
    parts = {name: counts.pop(name, 0) for name in ("as text", "compiled")}
    counts.setdefault("wrong", 0)
    lines = [f"{sum(counts.values()):8d} programs in {seconds:.0f} s"]
    lines += [f"{count:8d} {name}" for name, count in sorted(counts.items())]
    lines += [f"{count:8d} of them {name}" for name, count in parts.items()]
    return "\n".join(lines)


def main() -> int:
    """Run as many programs as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shrink", type=float, default=60.0, help="seconds for each failure")
    parser.add_argument("--only", type=int, help="one program, by the number that was printed")
    parser.add_argument(
        "--shared", action="store_true", help="make a routine of every function that can be one"
    )
    parser.add_argument(
        "--thorough", action="store_true", help="the text of every program, and of Jacobians"
    )
    parser.add_argument(
        "--numerical", action="store_true", help="programs of stencils, steps and rotations"
    )
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    gc.set_threshold(200_000, 20, 20)  # a program leaves cycles behind: a fifth of the time
    tally, start = Tally(chosen.shared, chosen.thorough), time.perf_counter()
    first = chosen.seed * PER_SEED
    seeds = range(first, first + chosen.programs)
    if chosen.only is not None:
        seeds = range(chosen.only, chosen.only + 1)
    for begin in range(0, len(seeds), REPORT_EVERY):
        run(tally, seeds[begin : begin + REPORT_EVERY], chosen.shrink, chosen.numerical)
        print(report(tally, time.perf_counter() - start), flush=True)
    return 1 if tally.counts["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())

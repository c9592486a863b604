"""`make fuzz N=10000 SEED=1`: check many random Python programs and count what becomes of them.

The programs come in lots of 250, each with a seed of its own, so that a failure is found
again by its lot. A wrong program is shrunk and printed as source, and the run exits with 1.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections import Counter

import hypothesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.property import check_program
from tests.generators.python_programs import PythonProgram, python_programs

LOT = 250
TEXT_EVERY = 5
COMPILED_EVERY = 500


class Tally:
    """Counts of distinct programs by what became of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.shrinking = False

    def check(self, program: PythonProgram) -> None:
        """Check one program; while a failure shrinks, every one is checked in full."""
        key = repr(program)
        known = key in self.seen
        if known and not self.shrinking:
            return
        self.seen.add(key)
        number = len(self.seen)
        compiled = number % COMPILED_EVERY == 0 and not self.shrinking
        text = self.shrinking or compiled or number % TEXT_EVERY == 0
        try:
            outcome = check_program(program, text=text, compiled=compiled)
        except Exception as error:
            self.shrinking = True
            error.add_note(repr(program))
            raise
        if not known and not self.shrinking:
            self.counts[outcome] += 1
            self.counts["as text"] += text
            self.counts["compiled"] += compiled


def run_lot(tally: Tally, seed: int, count: int, shrink: bool = True) -> str | None:
    """Check a lot of programs; the text of the failure, where there is one."""
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)

    @hypothesis.seed(seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )
    @given(python_programs())
    def every_program_holds(program: PythonProgram) -> None:
        tally.check(program)

    tally.shrinking = False
    try:
        every_program_holds()
    except Exception as error:  # noqa: BLE001  whatever goes wrong in the compiler is a finding
        notes = "\n".join(getattr(error, "__notes__", []))
        return f"{type(error).__name__}: {error}\n{notes}"
    finally:
        tally.shrinking = False
    return None


def report(tally: Tally, wrong: int, seconds: float) -> str:
    """The counts as a table."""
    counts = dict(tally.counts)
    parts = {name: counts.pop(name, 0) for name in ("as text", "compiled")}
    lines = [f"{sum(counts.values()):8d} programs in {seconds:.0f} s"]
    lines += [f"{count:8d} {name}" for name, count in sorted(counts.items())]
    lines += [f"{count:8d} of them {name}" for name, count in parts.items()]
    lines.append(f"{wrong:8d} wrong")
    return "\n".join(lines)


def main() -> int:
    """Run as many programs as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-shrink", action="store_true")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    tally, wrong, start = Tally(), 0, time.perf_counter()
    for lot, first in enumerate(range(0, chosen.programs, LOT)):
        seed = chosen.seed * 1_000_000 + lot
        count = min(LOT, chosen.programs - first)
        failure = run_lot(tally, seed, count, shrink=not chosen.no_shrink)
        if failure is not None:
            wrong += 1
            print(f"lot {seed}:\n{failure}\n", flush=True)
        print(report(tally, wrong, time.perf_counter() - start), flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

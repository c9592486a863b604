"""The zoo crossed with the switches of the pipeline.

``python -m tests.zoo.switches [--every N --start K]`` runs all of it, or a part.

The value, the gradient, the gradient of a directional derivative (reverse over forward), the
Jacobian by columns and by rows and the Hessian of each function are made by nothing but the
transformation itself, and compared with what is made by all passes, by all passes but each one,
and by each pass alone. It is the text for numba that is compared, run by the interpreter (see
:mod:`tests.emit.strict`). In the end it says of how many functions each switch changes the text:
one that changes none is a failure. The tests run a sample; this runs all.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gradc import driver
from gradc.driver import emission_pipeline
from tests.zoo import CASES
from tests.zoo.case import Case
from tests.zoo.subject import COMMA, OPTIONS, Setting, Subject, subject_of

#: Not optimisations: calls with rules of their own have no text before they are inlined.
REQUIRED = frozenset({"inline"})
#: Options of passes that are switches, too.
PASS_OPTIONS = (
    "jacobian.once",
    "hessian.once",
    "stages.behind",
    "loops.blas",
    "reach.keep",
    "workspace.turns",
    "together.copies",
)


def names_of(pipeline: str) -> list[str]:
    """The names of the passes of a pipeline."""
    return [part.split("{")[0] for part in COMMA.split(pipeline)]


_PIPELINES = (
    driver.SHARE,
    driver.READ,
    driver.JOIN_DERIVATIVES,
    driver.BEFORE_REVERSE,
    driver.CLEAN_DERIVATIVE,
    emission_pipeline("loops", "cpu"),
)
#: The passes of the default pipelines that can be switched off, and options.
SWITCHES = (
    *dict.fromkeys(name for name in names_of(",".join(_PIPELINES)) if name not in REQUIRED),
    *PASS_OPTIONS,
)
#: What a switch needs to do anything when it is on alone.
_LOOPS = ("expand", "loops")
_STEPS = ("simplify", "cse", "checks")
STANDS_ON: Mapping[str, Sequence[str]] = {
    "loops": ("expand",),
    "loops.blas": _LOOPS,
    "anew": _STEPS,
    "stages": (*_STEPS, "anew"),
    "stages.behind": (*_STEPS, "anew", "stages"),
    "reach": _LOOPS,
    "reach.keep": (*_LOOPS, "reach"),
    "writes": _LOOPS,
    "idle": _LOOPS,
    "gather": _LOOPS,
    "upwards": _LOOPS,
    "trajectory": _LOOPS,
    "takeover": _LOOPS,
    "progressions": _LOOPS,
    "stores": _LOOPS,
    "readers": _LOOPS,
    "inplace": _LOOPS,
    "mirror": (*_LOOPS, "stores", "inplace"),
    "lines": (*_LOOPS, "inplace"),
    "workspace": (*_LOOPS, "inplace"),
    "workspace.turns": (*_LOOPS, "inplace", "workspace"),
    "together": (*_LOOPS, "inplace"),
    "together.copies": (*_LOOPS, "inplace", "together"),
}
EVERYTHING = frozenset(SWITCHES)
RAW = Setting(EVERYTHING)
ALL = Setting()
WITHOUT = {name: Setting(frozenset({name})) for name in SWITCHES}
#: Each switch alone, but for what it stands on.
ALONE = {name: Setting(EVERYTHING - {name, *STANDS_ON.get(name, ())}) for name in SWITCHES}
#: What a switch that is on alone is measured against.
BASE = {name: Setting(EVERYTHING - {*STANDS_ON.get(name, ())}) for name in SWITCHES}
#: Pipelines that are asked for.
ASKED = {
    "parallel": Setting(options=replace(OPTIONS, parallel=True)),
    "unchecked": Setting(options=replace(OPTIONS, boundscheck=False)),
    "numpy": Setting(options=replace(OPTIONS, style="numpy")),
}
#: All settings by what is said when one fails.
SETTINGS = {
    "all passes": ALL,
    **{f"all passes but {name}": setting for name, setting in WITHOUT.items()},
    **{f"{name} alone": setting for name, setting in ALONE.items()},
    **{f"all passes, {name}": setting for name, setting in ASKED.items()},
}


def check(subject: Subject, kind: str, settings: Mapping[str, Setting]) -> None:
    """Compare what is made in some settings with what is made without any pass."""
    wanted = subject.compute(kind, RAW)
    for name, setting in settings.items():
        found = subject.compute(kind, setting)
        assert len(found) == len(wanted)
        for ours, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(ours, theirs, **subject.tolerance, err_msg=f"{kind}, {name}")


def changed_by(subject: Subject, kind: str) -> set[str]:
    """The switches, and what can be asked for, that change the text."""
    text = subject.text(kind, ALL)
    found = {
        name for name, each in {**WITHOUT, **ASKED}.items() if subject.text(kind, each) != text
    }
    for name in SWITCHES:
        if subject.text(kind, ALONE[name]) != subject.text(kind, BASE[name]):
            found.add(f"{name} alone")
    return found


@dataclass
class Crossing:
    """Goes through functions in all settings, and counts.

    Attributes
    ----------
    functions, failures : int
    changed : Counter
        Of how many functions each switch changes the text of anything.
    where : dict
        For each switch the first function for which it does, and what of it.
    """

    functions: int = 0
    failures: int = 0
    changed: Counter[str] = field(default_factory=Counter)
    where: dict[str, str] = field(default_factory=dict)

    def cross(self, case: Case) -> None:
        """Try a function in every setting."""
        subject = subject_of(case)
        if subject is None:
            return
        self.functions += 1
        changed: set[str] = set()
        for kind in subject.kinds:
            found: dict[str, list[str]] = {}
            for name, setting in SETTINGS.items():
                try:
                    check(subject, kind, {name: setting})
                except Exception as error:  # noqa: BLE001  whatever goes wrong is a finding
                    said = f"{type(error).__name__}: {error}".replace(f"{kind}, {name}", kind)
                    found.setdefault(said[:1500], []).append(name)
            for said, names in found.items():
                print(f"{case.name}, {kind}, {'; '.join(names)}:\n{said}\n", flush=True)
                self.failures += len(names)
            for name in set() if found else changed_by(subject, kind):
                changed.add(name)
                self.where.setdefault(name, f"{case.name}, {kind}")
        self.changed.update(changed)

    def report(self) -> str:
        """The counts as a table."""
        lines = [f"{'switch':20} functions changed by it, off and alone; the first"]
        for name in (*SWITCHES, *ASKED):
            off, alone = self.changed[name], self.changed[f"{name} alone"]
            lines.append(f"{name:20} {off:5d} {alone:5d}  {self.where.get(name, 'none')}")
        return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every function; returns the number of failures."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.switches", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so many-th function")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    options = parser.parse_args(arguments)
    crossing, start = Crossing(), time.perf_counter()
    for case in CASES[options.start :: options.every]:
        crossing.cross(case)
    print(crossing.report())
    idle = [name for name in SWITCHES if not crossing.changed.keys() & {name, f"{name} alone"}]
    if idle and options.every == 1:
        crossing.failures += len(idle)
        print(f"no function is changed by {', '.join(idle)}")
    settings, seconds = len(SETTINGS) + 1, time.perf_counter() - start
    done = f"{crossing.functions} functions in {settings} settings"
    print(f"{done}, {crossing.failures} failures, {seconds:.0f} s")
    return crossing.failures


if __name__ == "__main__":
    sys.exit(min(main(), 1))

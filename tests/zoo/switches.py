"""The zoo crossed with the switches of the pipeline.

``python -m tests.zoo.switches [--every N --start K]`` runs all of it, or a part.

The value, the gradient and the gradient of a directional derivative (reverse over forward) of each
function are made by nothing but the transformation itself, and compared with what is made by all
passes, by each pass alone, and by all passes but each one. The tests run a sample; this runs all.
"""

from __future__ import annotations

import argparse
import copy
import re
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from unittest import mock

import numpy as np

from gradc import driver
from gradc.driver import Compiled, Mode, Options, compile_function, emission_pipeline
from gradc.errors import GradcError
from gradc.faces.arguments import scalar_for_python
from gradc.faces.containers import flatten
from gradc.faces.program import make_program
from gradc.ir.core import Function
from tests.zoo import CASES
from tests.zoo.case import Case

_COMMA = re.compile(r",(?![^{]*\})")
OPTIONS = Options(target="python", cache=False)
#: Not an optimisation: calls with rules of their own have no text before it.
REQUIRED = frozenset({"inline"})


def names_of(pipeline: str) -> list[str]:
    """The names of the passes of a pipeline."""
    return [part.split("{")[0] for part in _COMMA.split(pipeline)]


_PIPELINES = (
    driver.SHARE,
    driver.READ,
    driver.JOIN_DERIVATIVES,
    driver.WINNERS,
    driver.CLEAN_DERIVATIVE,
    emission_pipeline("loops", "cpu"),
)
#: The passes of the default pipelines that can be switched off.
SWITCHES = tuple(
    dict.fromkeys(name for name in names_of(",".join(_PIPELINES)) if name not in REQUIRED)
)
RAW = frozenset(SWITCHES)
ALL = frozenset[str]()
ALONE = tuple(RAW - {name} for name in SWITCHES)
WITHOUT = tuple(frozenset({name}) for name in SWITCHES)
KINDS = ("value", "gradient", "reverse over forward")


@contextmanager
def switched_off(names: Collection[str]) -> Iterator[None]:
    """Run pipelines without some of their passes."""
    run = driver.run_passes

    def run_rest(
        function: Function, pipeline: str, inspection: Any = None, routines: bool = True
    ) -> Function:
        rest = [part for part in _COMMA.split(pipeline) if part.split("{")[0] not in names]
        return run(function, ",".join(rest), inspection, routines)

    with mock.patch.object(driver, "run_passes", run_rest):
        yield


@dataclass(frozen=True)
class Subject:
    """A function of the zoo as IR, with arguments as its kernel takes them."""

    function: Function
    args: Sequence[Any]

    @property
    def wrt(self) -> list[int]:
        """The parameters that are floats."""
        return [k for k, param in enumerate(self.function.params) if param.type.is_float]

    @property
    def floats(self) -> list[int]:
        """The results that are floats."""
        return [k for k, result in enumerate(self.function.results) if result.type.is_float]

    def compute(self, kind: str, names: Collection[str]) -> list[Any]:
        """The value or a derivative, made without some passes."""
        with switched_off(names):
            if kind == "value":
                return _run(self._made("primal"), self.args)
            if kind == "gradient":
                return _run(self._made("vjp"), [*self.args, *self._seeds()])
            return self._reverse_over_forward()

    def _made(self, mode: Mode) -> Compiled:
        results = self.floats if mode == "vjp" else None
        wrt = () if mode == "primal" else self.wrt
        return compile_function(self.function, mode, wrt, OPTIONS, results=results)

    def _seeds(self) -> list[Any]:
        """A cotangent for each float result: numbers that tell its elements apart."""
        values = self.values
        return [
            _numbers(np.shape(values[k]), self.function.results[k].type.dtype.numpy)
            for k in self.floats
        ]

    @cached_property
    def values(self) -> list[Any]:
        """What the function returns, computed without any pass."""
        return self.compute("value", RAW)

    def _reverse_over_forward(self) -> list[Any]:
        tangent = self._made("jvp").function
        first = len(self.function.results)
        last = range(first, first + len(self.floats))
        wrt = [*self.wrt, *range(len(self.args), len(tangent.params))]
        both = compile_function(tangent, "vjp", wrt, OPTIONS, results=list(last))
        directions = [
            _numbers(np.shape(self.args[k]), self.function.params[k].type.dtype.numpy)
            for k in self.wrt
        ]
        return _run(both, [*self.args, *directions, *self._seeds()])


def _numbers(shape: tuple[int, ...], dtype: Any) -> Any:
    count = int(np.prod(shape))
    return (0.5 + np.arange(count).reshape(shape) / (count + 1)).astype(dtype)[()]


def _run(compiled: Compiled, args: Sequence[Any]) -> list[Any]:
    ready = [scalar_for_python(copy.deepcopy(arg)) for arg in args]
    with np.errstate(all="ignore"):
        out = compiled.kernel.py_func(*ready)
    return list(out) if isinstance(out, tuple) else [out]


def subject_of(case: Case) -> Subject | None:
    """A case as IR; None where there is nothing to differentiate."""
    args = copy.deepcopy(case.args)
    program = make_program(case.fn, args, {}, [f"arg{k}" for k in range(len(args))], OPTIONS)
    leaves = flatten(args)[0]
    subject = Subject(program.lowered.function, program.arguments_of(leaves))
    return subject if subject.wrt and subject.floats else None


def check(subject: Subject, kind: str, settings: Sequence[Collection[str]]) -> None:
    """Compare what is made with some passes switched off with what is made without any pass."""
    wanted = subject.compute(kind, RAW)
    for names in settings:
        found = subject.compute(kind, names)
        assert len(found) == len(wanted)
        for ours, theirs in zip(found, wanted, strict=True):
            on = [name for name in SWITCHES if name not in names]
            np.testing.assert_allclose(
                ours, theirs, rtol=1e-9, atol=1e-11, err_msg=f"{kind} with {','.join(on)}"
            )


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every function; returns the number of those that fail."""
    parser = argparse.ArgumentParser(prog="python -m tests.zoo.switches", description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only every so many-th function")
    parser.add_argument("--start", type=int, default=0, help="the first of them")
    options = parser.parse_args(arguments)
    failures, count, start = 0, 0, time.perf_counter()
    for case in CASES[options.start :: options.every]:
        subject = subject_of(case)
        if subject is None:
            continue
        count += 1
        for kind in KINDS:
            try:
                check(subject, kind, (ALL, *ALONE, *WITHOUT))
            except (AssertionError, GradcError, LookupError, TypeError, ValueError) as error:
                failures += 1
                print(f"{case.name}, {kind}: {type(error).__name__}: {error}\n", flush=True)
    seconds = time.perf_counter() - start
    settings = 2 + len(ALONE) + len(WITHOUT)
    print(f"{count} functions in {settings} settings, {failures} failures, {seconds:.0f} s")
    return failures


if __name__ == "__main__":
    sys.exit(min(main(), 1))

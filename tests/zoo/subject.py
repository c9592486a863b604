"""A function of the zoo with its derivatives, made by some of the passes of the pipeline.

A *switch* is a pass, or an option of one (``workspace.turns``), that can be off; what is not a
switch is needed for there to be a program. Passes are pure, so that what two settings make alike
is made once, and a text that was run is not run again.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from unittest import mock

import numpy as np

from gradc import driver, emit
from gradc.driver import Compiled, compile_function
from gradc.emit.names import identifier
from gradc.faces.containers import flatten
from gradc.faces.program import make_program
from gradc.ir.core import Function
from gradc.ir.types import DType
from gradc.ir.walk import all_ops
from gradc.options import Mode, Options
from tests.emit.strict import run_strictly
from tests.zoo.case import Case

COMMA = re.compile(r",(?![^{]*\})")
OPTIONS = Options(cache=False)
KINDS = ("value", "gradient", "reverse over forward", "columns", "rows", "hessian")


@dataclass(frozen=True)
class Setting:
    """Which switches are off, and what else is asked for.

    Attributes
    ----------
    off : frozenset of str
        Passes, and options of passes as ``pass.option``.
    options : Options
        The text is that for numba whatever they are.
    """

    off: frozenset[str] = frozenset()
    options: Options = OPTIONS


class Made:
    """Runs pipelines, each pass on each function once."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], Function] = {}
        self.texts: dict[tuple[Any, ...], str] = {}

    def run(
        self, function: Function, pipeline: str, off: Collection[str], routines: bool
    ) -> Function:
        """The function after those passes of a pipeline that are not off."""
        for part in COMMA.split(pipeline):
            each = switched(part, off)
            if each is None:
                continue
            key = (function.body, function.name, each, routines)
            if key not in self.known:
                self.known[key] = _run_passes(function, each, routines=routines)
            function = self.known[key]
        return function

    def emit(self, functions: Sequence[Function], **options: Any) -> str:
        """The text of a module; of routines there are new ones each time."""
        if options["routines"]:
            return _emit_module(functions, **options)
        key = (*(each.body for each in functions), str(options))
        if key not in self.texts:
            self.texts[key] = _emit_module(functions, **options)
        return self.texts[key]

    @contextmanager
    def without(self, off: Collection[str]) -> Iterator[None]:
        """Let the driver run its pipelines without some switches."""

        def run(
            function: Function, pipeline: str, inspection: Any = None, routines: bool = True
        ) -> Function:
            return self.run(function, pipeline, off, routines)

        with (
            mock.patch.object(driver, "run_passes", run),
            mock.patch.object(emit, "emit_module", self.emit),
        ):
            yield


_run_passes, _emit_module = driver.run_passes, emit.emit_module


def switched(part: str, off: Collection[str]) -> str | None:
    """A pass of a pipeline with the options that are off; None where it is off itself."""
    name, _, options = part.removesuffix("}").partition("{")
    if name in off:
        return None
    given = [each for each in options.split(",") if each]
    for switch in sorted(off):
        owner, _, option = switch.partition(".")
        if option and owner == name:
            given = [each for each in given if not each.startswith(f"{option}=")]
            given.append(f"{option}=false")
    return name + "{" + ",".join(given) + "}" if given else name


@dataclass
class Subject:
    """A function of the zoo as IR, with arguments as its kernel takes them."""

    function: Function
    args: Sequence[Any]
    made: Made = field(default_factory=Made)
    results: dict[tuple[str, str], list[Any]] = field(default_factory=dict)

    @property
    def wrt(self) -> list[int]:
        """The parameters that are floats."""
        return [k for k, param in enumerate(self.function.params) if param.type.is_float]

    @property
    def floats(self) -> list[int]:
        """The results that are floats."""
        return [k for k, result in enumerate(self.function.results) if result.type.is_float]

    @property
    def kinds(self) -> list[str]:
        """What can be made of it."""
        return [kind for kind in KINDS if kind != "hessian" or self._numbers]

    @property
    def _numbers(self) -> list[int]:
        return [k for k in self.floats if self.function.results[k].type.is_scalar]

    @cached_property
    def tolerance(self) -> dict[str, float]:
        """By how much results may differ: by more where anything has single precision."""
        values = [
            *self.function.params,
            *(o for op in all_ops(self.function.body) for o in op.outs),
        ]
        if any(value.type.dtype is DType.F32 for value in values):
            return {"rtol": 1e-5, "atol": 1e-6}
        return {"rtol": 1e-9, "atol": 1e-11}

    def text(self, kind: str, setting: Setting) -> str:
        """The module of the value or a derivative as it is made for numba."""
        with self.made.without(setting.off):
            return self._compiled(kind, setting.options).text(setting.options.style)

    def compute(self, kind: str, setting: Setting) -> list[Any]:
        """The value or a derivative."""
        text = self.text(kind, setting)
        if (kind, text) not in self.results:
            name = self._name(kind)
            self.results[kind, text] = run_strictly(text, name, self.arguments(kind))
        return self.results[kind, text]

    def arguments(self, kind: str) -> list[Any]:
        """What the function of a kind is called with."""
        if kind == "gradient":
            return [*self.args, *self._seeds]
        if kind == "reverse over forward":
            directions = [
                different_numbers(np.shape(self.args[k]), self.function.params[k].type.dtype.numpy)
                for k in self.wrt
            ]
            return [*self.args, *directions, *self._seeds]
        return list(self.args)

    def _compiled(self, kind: str, options: Options) -> Compiled:
        function, wrt, floats = self.function, self.wrt, self.floats
        if kind == "value":
            return compile_function(function, "primal", (), options)
        if kind == "reverse over forward":
            tangent = compile_function(function, "jvp", wrt, options).function
            first = len(function.results)
            last = range(first, first + len(floats))
            both = [*wrt, *range(len(self.args), len(tangent.params))]
            return compile_function(tangent, "vjp", both, options, results=list(last))
        results = self._numbers[:1] if kind == "hessian" else floats
        return compile_function(function, _MODES[kind], wrt, options, results=results)

    def _name(self, kind: str) -> str:
        return identifier(self._compiled_name(kind))

    def _compiled_name(self, kind: str) -> str:
        if kind == "reverse over forward":
            return self.function.name + driver.SUFFIXES["jvp"] + driver.SUFFIXES["vjp"]
        return self.function.name + driver.SUFFIXES[_MODES[kind]]

    @cached_property
    def _seeds(self) -> list[Any]:
        """A cotangent for each float result: numbers that tell its elements apart."""
        return [
            different_numbers(np.shape(self.values[k]), self.function.results[k].type.dtype.numpy)
            for k in self.floats
        ]

    @cached_property
    def values(self) -> list[Any]:
        """What the function returns."""
        return self.compute("value", Setting())


_MODES: dict[str, Mode] = {
    "value": "primal",
    "gradient": "vjp",
    "columns": "jacfwd",
    "rows": "jacrev",
    "hessian": "hessian",
}


def different_numbers(shape: tuple[int, ...], dtype: Any) -> Any:
    """Numbers that tell elements apart."""
    count = int(np.prod(shape))
    return (0.5 + np.arange(count).reshape(shape) / (count + 1)).astype(dtype)[()]


def subject_of(case: Case) -> Subject | None:
    """A case as IR; None where there is nothing to differentiate."""
    args = copy.deepcopy(case.args)
    program = make_program(case.fn, args, {}, [f"arg{k}" for k in range(len(args))], OPTIONS)
    leaves = flatten(args)[0]
    subject = Subject(program.lowered.function, program.arguments_of(leaves))
    return subject if subject.wrt and subject.floats else None

"""What must hold of a random Python program; one call checks one program.

- its value in Python is that of its IR
- forward mode agrees with extrapolated differences of the Python function
- reverse mode is the transpose of forward mode
- after the passes of the driver, and as the text for numba, which is run uncompiled but as
  strictly as machine code would be (:mod:`tests.emit.strict`), both compute the same
- and compiled the same again
- its IR and that of its derivatives as text are read back as they were

With `shared`, every function that can be a routine is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradc.adjoint.forward import forward
from gradc.adjoint.reverse import reverse
from gradc.driver import Inspection, emission_pipeline, mode_pipeline, run_passes
from gradc.emit import emit_module
from gradc.errors import GradcError, InternalError
from gradc.faces.containers import flatten
from gradc.faces.program import Program, make_program
from gradc.faces.runtime_errors import restate
from gradc.ir.core import Function
from gradc.ir.parser import parse_text
from gradc.ir.printer import to_text
from gradc.ir.verify import verify
from gradc.options import Options
from gradc.passes.routines import lowered_together
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from gradc_runtime.differences import derivative
from tests.emit.strict import run_strictly
from tests.generators.python_programs import PythonProgram, forget
from tests.generators.python_writer import PARAMETERS

ACTIVE = (0, 1, 2, 3, 4)
SHARE_ALL = "share{least=-1000000,sites=1,copies=true}"
# Two computations of the same, which may add in another order.
SAME = 1e-11
TRANSPOSE = 1e-9
DIFFERENCES = 1e-6
# A change of the arguments that is larger than rounding, and as small as that.
TINY = 1e-15
# Beyond this size a derivative says more about rounding than about gradc.
MODERATE = 1e4


class WrongError(AssertionError):
    """A program for which something does not hold."""


def check_program(
    drawn: PythonProgram,
    text: bool = True,
    compiled: bool = False,
    shared: bool = False,
    thorough: bool = False,
) -> str:
    """Check one program, and say what became of it.

    Parameters
    ----------
    drawn : PythonProgram
    text : bool
        Whether the pipelines are run and the emitted text too.
    compiled : bool
        Whether that text is compiled.
    shared : bool
        Whether functions that are called become routines of the program, however small and
        seldom called.
    thorough : bool
        Whether the text of both derivatives is made with loops in blocks for threads, too, and
        that of the Jacobian in both modes.

    Returns
    -------
    str
        ``"right"``; ``"refused (class)"``; ``"not settled"`` where differences cannot judge the
        derivative; ``"large"`` where the values are not moderate; ``"raises"`` where Python itself
        raises.

    Raises
    ------
    WrongError
        Where a value or a derivative is wrong.
    """
    function = drawn.function()
    try:
        with np.errstate(all="ignore"):
            return _Check(drawn, function, shared, thorough).run(text, compiled)
    finally:
        forget(function)


class _Check:
    def __init__(self, drawn: PythonProgram, python: Any, shared: bool, thorough: bool) -> None:
        self.drawn, self.python, self.shared, self.thorough = drawn, python, shared, thorough
        rng = np.random.default_rng(drawn.seed + 1000)
        # arguments that share memory are moved as what they are
        moving = replace(drawn, seed=drawn.seed + 1000).arguments()
        self.directions = [moving[index] for index in ACTIVE]
        self.rng = rng

    def along(self, step: float) -> np.ndarray[Any, Any]:
        """The Python function along the direction, as one vector."""
        args = self.drawn.arguments()
        bases: dict[int, Any] = {}
        for index, direction in zip(ACTIVE, self.directions, strict=True):
            if not np.ndim(direction):
                args[index] += step * direction
                continue
            base = _base(args[index])
            if id(base) not in bases:
                bases[id(base)] = base
                base += step * _base(direction)
        return _vector(flatten(self.python(*args))[0])

    def run(self, text: bool, compiled: bool) -> str:
        try:
            values = _vector(flatten(self.python(*self.drawn.arguments()))[0])
        except (ArithmeticError, ValueError):
            return "raises"
        args = self.drawn.arguments()
        try:
            function = self.python, args, {}, PARAMETERS.split(", "), Options(target="python")
            program = make_program(*function)
            if overlaps := program.overlaps(flatten(args)[0]):
                program = make_program(*function, program, overlaps)
        except InternalError as error:
            raise WrongError(f"internal error: {error}") from error
        except GradcError as error:
            return f"refused ({type(error).__name__})"
        if not np.all(np.isfinite(values)) or np.max(np.abs(values), initial=0.0) > MODERATE:
            return "large"
        function = verify(program.lowered.function, "front end")
        if self.shared:
            function = run_passes(function, SHARE_ALL, Inspection(verify_each=True))
        found = self.evaluated(function, _prepared(program, args), program)
        if self.amplifies(_vector(found), values):
            return "large"
        _same("value", _vector(found), values, SAME)
        return self.derivatives(program, function, text, compiled)

    def amplifies(self, found: np.ndarray[Any, Any], values: np.ndarray[Any, Any]) -> bool:
        """Whether values differ by no more than what rounding becomes in such a program."""
        if found.shape != values.shape or _gap(found, values) <= SAME:
            return False
        moved = self.along(TINY)
        return moved.shape == values.shape and _gap(found, values) < _gap(moved, values)

    def evaluated(self, function: Function, args: list[Any], program: Program) -> tuple[Any, ...]:
        try:
            return evaluate(function, args)
        except (ArithmeticError, ValueError, IndexError) as error:
            said = restate(error, program.where)
            raise WrongError(f"{function.name} raises and Python does not: {said}") from error

    def derivatives(self, program: Program, function: Function, text: bool, compiled: bool) -> str:
        args = _prepared(program, self.drawn.arguments())
        results = [i for i, result in enumerate(function.results) if result.type.is_float]
        if not results:
            return "right"
        count = len(function.results)
        tangent = verify(forward(function, ACTIVE), "forward")
        dots = self.evaluated(tangent, [*args, *self.directions], program)[count:]
        seeds = [np.asarray(self.rng.uniform(-1.0, 1.0, np.shape(dot)))[()] for dot in dots]
        if not np.all(np.isfinite(_vector(dots))) or _size(dots) > MODERATE:
            return "large"
        adjoint = verify(reverse(function, ACTIVE, results=results, seeded=True), "reverse")
        bars = self.evaluated(adjoint, [*args, *seeds], program)[count:]
        left, right = _dot(seeds, dots), _dot(bars, self.directions)
        scale = max(1.0, _size(bars), _size(dots))
        _same("transpose", np.asarray(right), np.asarray(left), TRANSPOSE * scale)
        if text:
            self.pipelines(program, function, args, (seeds, results), (dots, bars), compiled)
        return self.against_differences(_vector(dots))

    def against_differences(self, found: np.ndarray[Any, Any]) -> str:
        """Two first steps must agree: one that crosses a condition gives itself away."""
        judged = []
        try:
            for step in (0.01, 1e-4):
                wanted, error = derivative(self.along, step)
                if np.all(np.isfinite(wanted)) and wanted.shape == found.shape:
                    judged.append((wanted, error))
        except (ArithmeticError, ValueError):
            return "not settled"
        scale = max(1.0, float(np.max(np.abs(found), initial=0.0)))
        settled = [wanted for wanted, error in judged if error < 1e-7 * scale]
        if any(_gap(wanted, found) <= DIFFERENCES * scale for wanted in settled):
            return "right"
        if len(settled) < 2 or _gap(*settled) > DIFFERENCES * scale:
            return "not settled"
        _same("forward mode", found, settled[1], DIFFERENCES * scale)
        return "right"

    def pipelines(
        self,
        program: Program,
        function: Function,
        args: list[Any],
        seeds: tuple[list[Any], list[int]],
        wanted: tuple[Sequence[Any], Sequence[Any]],
        compiled: bool,
    ) -> None:
        bar_seeds, results = seeds
        _reads_back(function)
        jobs = [
            _Job(mode_pipeline("jvp", ACTIVE), self.directions, wanted[0]),
            _Job(mode_pipeline("vjp", ACTIVE, results), bar_seeds, wanted[1]),
        ]
        for job in jobs:
            made = run_passes(function, job.pipeline, Inspection(verify_each=True))
            _reads_back(made)
            given = [*args, *job.further]
            self.same(job, self.evaluated(made, given, program), job.pipeline)
            self.as_text(job, made, given, emission_pipeline("loops", "cpu"), compiled)
            if self.thorough:
                blocks = emission_pipeline("loops", "cpu", parallel=True)
                self.as_text(job, made, given, blocks)
        if self.thorough:
            for mode in ("jacfwd", "jacrev"):
                job = _Job(mode_pipeline(mode, ACTIVE, results), [], wanted[0], self.directions)
                made = run_passes(function, job.pipeline, Inspection(verify_each=True))
                self.as_text(job, made, args, emission_pipeline("loops", "cpu"))

    def as_text(
        self, job: _Job, made: Function, given: list[Any], pipeline: str, compiled: bool = False
    ) -> None:
        """Emit a derivative, run its text and compare what comes out."""
        routines, lowered = lowered_together(made, lambda each: _lowered(each, pipeline))
        source = emit_module(
            [lowered],
            style="loops",
            title="fuzzed",
            options={"fastmath": False},
            routines=routines,
        )
        try:
            out = (_run_compiled if compiled else run_strictly)(source, lowered.name, given)
        except (ArithmeticError, ValueError, IndexError, NameError, TypeError) as error:
            raise WrongError(f"the text of {lowered.name} raises {error!r}") from error
        self.same(job, out, "compiled" if compiled else f"text of {lowered.name}")

    def same(self, job: _Job, out: Sequence[Any], what: str) -> None:
        found, scale = _vector(job.read(out)), max(1.0, _size(job.expected))
        _same(what, found, _vector(job.expected), 1e-10 * scale)


@dataclass
class _Job:
    """A derivative to make, what it takes beside the arguments, and what it should give.

    Along `directions` the blocks of a Jacobian are added up to tangents.
    """

    pipeline: str
    further: Sequence[Any]
    expected: Sequence[Any]
    directions: Sequence[Any] = ()

    def read(self, out: Sequence[Any]) -> Sequence[Any]:
        if not self.directions:
            return out[-len(self.expected) :]
        count = len(self.directions)
        rows = [out[k : k + count] for k in range(0, len(out), count)]
        return [
            sum(
                np.tensordot(block, u, np.ndim(u))
                for block, u in zip(row, self.directions, strict=True)
            )
            for row in rows
        ]


def _run_compiled(source: str, name: str, given: Sequence[Any]) -> list[Any]:
    namespace: dict[str, Any] = {}
    exec(compile(source, "<generated>", "exec"), namespace)
    out = namespace[name](*map(_copied, given))
    return list(out) if isinstance(out, tuple) else [out]


def _base(array: Any) -> Any:
    return array if array.base is None else array.base


def _lowered(function: Function, pipeline: str) -> Function:
    return verify(run_passes(function, pipeline, routines=False), "emission")


def _reads_back(function: Function) -> None:
    written = to_text(function, locations=True)
    if to_text(parse_text(written, TABLE), locations=True) != written:
        raise WrongError(f"text of the IR: read back as something else\n{written}")


def _prepared(program: Program, args: Sequence[Any]) -> list[Any]:
    """The arguments as the function of the IR takes them."""
    pairs = zip(program.arguments, args, strict=True)
    return [each.prepare(arg) for each, arg in pairs if each.prepare is not None]


def _copied(arg: Any) -> Any:
    return arg.copy() if isinstance(arg, np.ndarray) else arg


def _vector(values: Sequence[Any]) -> np.ndarray[Any, Any]:
    parts = [np.ravel(np.asarray(value, float)) for value in values]
    return np.concatenate(parts) if parts else np.zeros(0)


def _size(values: Sequence[Any]) -> float:
    return float(np.max(np.abs(_vector(values)), initial=0.0))


def _dot(left: Sequence[Any], right: Sequence[Any]) -> float:
    return float(sum(np.sum(np.asarray(a) * b) for a, b in zip(left, right, strict=True)))


def _gap(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> float:
    return float(np.max(np.abs(left - right), initial=0.0))


def _same(
    what: str, found: np.ndarray[Any, Any], wanted: np.ndarray[Any, Any], allowed: float
) -> None:
    if found.shape != wanted.shape:
        raise WrongError(f"{what}: {found.shape} numbers, not {wanted.shape}")
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    gap = _gap(found, wanted)
    if not gap <= allowed * scale:
        raise WrongError(f"{what}: {found} where {wanted} is right (off by {gap:.3g})")

"""Second order of random programs: ``python -m tests.fuzz.orders [--programs N] [--seed S]``.

For directions ``u`` and ``v`` of the arguments and weights ``w`` of the results, the number
``w . f''(x)[u, v]`` is computed in four ways, which must agree:

- forward over forward: the tangent along ``v`` of the tangent along ``u``
- reverse over forward: the pullback of the tangent along ``u``, times ``v``
- forward over reverse: the tangent along ``v`` of the pullback of ``w``, times ``u``
- reverse over reverse: the pullback of that, times ``v``

Where differences of the first order settle, they have to agree too. Every tenth program has a
third order: forward and reverse mode of all four.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gradc.adjoint.forward import forward
from gradc.adjoint.reverse import reverse
from gradc.driver import run_passes
from gradc.errors import GradcError
from gradc.faces.program import make_program
from gradc.ir.core import Function, Region
from gradc.ir.verify import verify
from gradc.options import Options
from gradc.prims.evaluate import evaluate
from gradc_runtime.differences import derivative
from tests.fuzz.property import ACTIVE, MODERATE, WrongError
from tests.generators.python_programs import PythonProgram, forget, random_program
from tests.generators.python_writer import PARAMETERS

SAME = 1e-8
DIFFERENCES = 1e-5
THIRD_EVERY = 10
CLEAN = "sizes,simplify,cse,dce"
Values = list[Any]


class Swept:
    """A function of floats, its arguments, and its derivatives as such functions."""

    def __init__(self, function: Function, wrt: Sequence[int], args: Values) -> None:
        self.function, self.wrt, self.args = function, list(wrt), args

    @property
    def point(self) -> Values:
        """What is differentiated."""
        return [self.args[place] for place in self.wrt]

    def values(self, point: Values | None = None) -> Values:
        """The results, there or at another point."""
        args = list(self.args)
        for place, value in zip(self.wrt, self.point if point is None else point, strict=True):
            args[place] = value
        return list(evaluate(self.function, args))

    def along(self, direction: Values) -> Swept:
        """The tangent along a direction."""
        return self._with(forward(self.function, self.wrt), direction)

    def pulled(self, weights: Values) -> Swept:
        """The pullback of weights."""
        results = list(range(len(self.function.results)))
        swept = reverse(self.function, self.wrt, results=results, seeded=True)
        return self._with(swept, weights)

    def _with(self, swept: Function, further: Values) -> Swept:
        own = swept.results[len(self.function.results) :]
        made = Function(swept.name, Region(swept.params, swept.ops, own), swept.loc)
        made = verify(run_passes(made, CLEAN), swept.name)
        return Swept(made, self.wrt, [*self.args, *further])


def check_orders(drawn: PythonProgram, third: bool = False) -> str:
    """Check one program, and say what became of it.

    Raises
    ------
    WrongError
        Where two ways disagree.
    """
    function = drawn.function()
    try:
        with np.errstate(all="ignore"):
            return _check(drawn, function, third)
    except (ArithmeticError, ValueError, IndexError) as error:
        return f"raises ({type(error).__name__})"
    finally:
        forget(function)


def _check(drawn: PythonProgram, function: Any, third: bool) -> str:
    args = drawn.arguments()
    try:
        names = PARAMETERS.split(", ")
        program = make_program(function, args, {}, names, Options(target="python"))
    except GradcError as error:
        return f"refused ({type(error).__name__})"
    if program.lowered.mutated:
        args = [np.array(arg) if np.ndim(arg) else arg for arg in args]
    whole = program.lowered.function
    floats = [result for result in whole.results if result.type.is_float]
    if not floats:
        return "no floats"
    body = Region(whole.params, whole.ops, tuple(floats))
    start = Swept(Function(whole.name, body, whole.loc), ACTIVE, program.arguments_of(args))
    rng = np.random.default_rng(drawn.seed + 2000)
    weights = _like(start.values(), rng)
    directions = [_like(start.point, rng) for _ in range(3)]
    first = {"forward": start.along(directions[0]), "reverse": start.pulled(weights)}
    found = dict(_next(first, directions, weights, 1))
    outcome = _agree(found, drawn)
    if outcome == "right":
        outcome = _against_differences(first["forward"], directions[1], weights, found)
    if third and outcome == "right":
        second = {
            f"{outer} over {inner}": getattr(swept, how)(given)
            for inner, swept in first.items()
            for outer, how, given in (
                ("forward", "along", directions[1]),
                ("reverse", "pulled", weights if inner == "forward" else directions[0]),
            )
        }
        outcome = _agree(dict(_next(second, directions, weights, 2)), drawn)
    return outcome


def _next(
    swept: dict[str, Swept], directions: list[Values], weights: Values, order: int
) -> Iterator[tuple[str, float]]:
    """The number in both modes over each function: along the next direction."""
    for name, each in swept.items():
        seeds = _seeds(name, directions, weights)
        yield f"forward over {name}", _dot(seeds, each.along(directions[order]).values())
        yield f"reverse over {name}", _dot(each.pulled(seeds).values(), directions[order])


def _seeds(name: str, directions: list[Values], weights: Values) -> Values:
    """What the results of a derivative are weighed with, by the modes it is made of.

    Forward mode keeps the kind of what its results are: tangents of results stay to be weighed by
    `weights`, those of cotangents by a direction. Reverse mode exchanges the two: the results are
    cotangents, to be weighed by the direction that the pullback takes the place of.
    """
    modes = name.split(" over ")[::-1]  # the first that was applied comes first
    pending = weights
    for order, mode in enumerate(modes):
        if mode == "reverse":
            pending = directions[order]
    return pending


def _agree(found: dict[str, float], drawn: PythonProgram) -> str:
    values = np.array(list(found.values()))
    if not np.all(np.isfinite(values)) or np.max(np.abs(values)) > MODERATE:
        return "large"
    scale = max(1.0, float(np.max(np.abs(values))))
    if np.ptp(values) > SAME * scale:
        said = ", ".join(f"{name} {value:.12g}" for name, value in found.items())
        raise WrongError(f"the modes disagree: {said}")
    return "right"


def _against_differences(
    tangent: Swept, direction: Values, weights: Values, found: dict[str, float]
) -> str:
    """Two first steps must agree: one that crosses a condition gives itself away."""
    number = found["forward over forward"]

    def along(step: float) -> Any:
        moved = [
            np.asarray(x + step * u)[()] for x, u in zip(tangent.point, direction, strict=True)
        ]
        return np.asarray(_dot(weights, tangent.values(moved)))

    scale = max(1.0, abs(number))
    settled = []
    for step in (0.01, 1e-4):
        wanted, error = derivative(along, step)
        if np.isfinite(wanted) and error < 1e-6 * scale:
            settled.append(float(wanted))
    if any(abs(wanted - number) <= DIFFERENCES * scale for wanted in settled):
        return "right"
    if len(settled) < 2 or abs(settled[0] - settled[1]) > DIFFERENCES * scale:
        return "not settled"
    raise WrongError(f"second order: {number} where {settled[1]} is right")


def _like(values: Values, rng: np.random.Generator) -> Values:
    return [np.asarray(rng.uniform(-1.0, 1.0, np.shape(value)))[()] for value in values]


def _dot(left: Values, right: Values) -> float:
    return float(sum(np.sum(np.asarray(a) * b) for a, b in zip(left, right, strict=True)))


def main() -> int:
    """Run as many programs as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.orders", description=__doc__)
    parser.add_argument("--programs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    gc.set_threshold(200_000, 20, 20)
    counts: Counter[str] = Counter()
    began = time.perf_counter()
    for number in range(chosen.programs):
        seed = chosen.seed * 10**8 + number
        program = random_program(seed)
        try:
            counts[check_orders(program, number % THIRD_EVERY == 0)] += 1
        except WrongError as error:
            counts["wrong"] += 1
            print(f"program {seed}: {error}\n{program}", flush=True)
    for outcome, count in sorted(counts.items()):
        print(f"{count:8d} {outcome}")
    print(f"{chosen.programs} programs in {time.perf_counter() - began:.0f} s")
    return counts["wrong"]


if __name__ == "__main__":
    sys.exit(min(main(), 1))

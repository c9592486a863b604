"""What must hold of the pattern of a random Python program.

- it contains every entry of the Jacobian that is not zero, at the point and at other points with
  the same integers, where branches and loops may go another way
- the products along its colours give the entries of the dense Jacobian
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradc.adjoint.forward import forward
from gradc.driver import run_passes
from gradc.errors import GradcError
from gradc.faces.entries import EntriesProgram, lanes_of
from gradc.faces.program import Derivative, make_program
from gradc.faces.structure import PatternProgram, Structure, find_structure
from gradc.ir.verify import verify
from gradc.options import Options
from gradc.prims.evaluate import evaluate
from tests.generators.python_programs import PythonProgram, forget
from tests.generators.python_writer import PARAMETERS

ACTIVE = (0, 1, 2, 3, 4)
POINTS = 4


def check_pattern(drawn: PythonProgram) -> str:
    """Check one program, and say what became of it."""
    function = drawn.function()
    try:
        with np.errstate(all="ignore"):
            return _check(drawn, function)
    finally:
        forget(function)


def _check(drawn: PythonProgram, function: Any) -> str:
    args = drawn.arguments()
    try:
        program = make_program(function, args, {}, PARAMETERS.split(", "), Options(target="python"))
        derivative = program.derivative("jvp", ACTIVE)
    except GradcError as error:
        return f"refused ({type(error).__name__})"
    if not derivative.differentiated:
        return "no floats"
    patterns = PatternProgram(derivative)
    verify(patterns.compiled.function, "pattern")
    tangent = forward(run_passes(program.lowered.function, "sizes,simplify,cse,dce"), ACTIVE)
    rng = np.random.default_rng(drawn.seed)
    structure = None
    judged = 0
    for point in range(POINTS):
        moved = [
            np.asarray(arg + (0.0 if not point else rng.normal(0.0, 2.0, np.shape(arg))))[()]
            if index in ACTIVE
            else arg
            for index, arg in enumerate(args)
        ]
        prepared = derivative.prepare(moved)
        if structure is None:
            sets, results, inputs = patterns.sets_at(prepared)
            structure = find_structure(sets, results, inputs, "auto", False, False)
        try:
            dense = _dense(tangent, prepared, derivative)
            found = _entries(derivative, structure).entries(prepared, structure, structure.sources)
        except (ArithmeticError, ValueError, IndexError):
            continue
        judged += 1
        pattern = np.zeros(structure.shape, bool)
        rows = np.repeat(np.arange(structure.shape[0]), np.diff(structure.starts))
        pattern[rows, structure.indices] = True
        assert dense.shape == pattern.shape
        outside = (dense != 0) & ~pattern & np.isfinite(dense)
        assert not outside.any(), (np.argwhere(outside), function)
        if np.all(np.isfinite(dense)):
            scale = max(1.0, float(np.max(np.abs(dense), initial=0.0)))
            gap = np.abs(found - dense[rows, structure.indices])
            assert np.max(gap, initial=0.0) <= 1e-9 * scale
    return "right" if judged else "raises"


def _entries(derivative: Derivative, structure: Structure) -> EntriesProgram:
    lanes = lanes_of(derivative, structure.count)
    made = EntriesProgram(derivative, structure.mode, lanes, lanes < structure.count)
    verify(made.compiled.function, "entries")
    return made


def _dense(tangent: Any, prepared: list[Any], derivative: Derivative) -> np.ndarray[Any, Any]:
    results = derivative.program.lowered.function.results
    floats = [index for index, result in enumerate(results) if result.type.is_float]
    order = [len(results) + floats.index(index) for index in derivative.differentiated]
    columns = []
    for position in derivative.wrt:
        for place in np.ndindex(np.shape(prepared[position])):
            seeds = [np.zeros(np.shape(prepared[each])) for each in derivative.wrt]
            seeds[derivative.wrt.index(position)][place] = 1.0
            found = evaluate(tangent, [*prepared, *seeds])
            columns.append(np.concatenate([np.ravel(found[place]) for place in order]))
    return np.array(columns).T

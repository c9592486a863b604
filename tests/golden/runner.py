"""Golden cases: input, pipeline, expected text, and arguments at which that text is executed.

A case is one file under ``cases/``::

    # pipeline: reverse{wrt=0},simplify,cse,dce,inplace
    # style: numpy
    # --- input
    def f(x): ...                      a Python function, or the text form of the IR
    # --- expected
    ...                                the whole generated module
    # --- check
    args = [(1.3,), (0.0,)]            NumPy is there as np

Python input is lowered for the types of the first arguments; its first line is line 1.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradc.driver import REGISTRY
from gradc.emit import emit_module
from gradc.frontend.python import Leaf, lower_function
from gradc.ir.core import Function
from gradc.ir.parser import parse_text
from gradc.ir.printer import to_text
from gradc.ir.types import Type, dtype_of_numpy
from gradc.modes import ReversePass
from gradc.passes.base import Pass
from gradc.passes.pipeline import parse_pipeline, run_pipeline
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from tests.emit.running import run_text

_SECTION = re.compile(r"^# --- (input|expected|check)\n", re.MULTILINE)
_DEFINITION = re.compile(r"^def (\w+)\(", re.MULTILINE)
_IR = re.compile(r"^\s+return \(.*,\)$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One golden case.

    Attributes
    ----------
    path : Path
    head : dict
        The ``key: value`` comments at the top.
    input, expected, check : str
        The sections.
    """

    path: Path
    head: dict[str, str]
    input: str
    expected: str
    check: str

    @property
    def args(self) -> list[tuple[Any, ...]]:
        """The arguments to execute at."""
        namespace: dict[str, Any] = {"np": np}
        exec(self.check, namespace)
        given: list[tuple[Any, ...]] = namespace["args"]
        return [tuple(_numpy(arg) for arg in args) for args in given]

    @property
    def passes(self) -> list[Pass]:
        """The passes of the pipeline."""
        text = self.head.get("pipeline", "")
        return parse_pipeline(text, REGISTRY) if text else []

    def with_expected(self, text: str) -> str:
        """The text of the file with another expected section."""
        head = "".join(f"# {key}: {value}\n" for key, value in self.head.items())
        sections = {"input": self.input, "expected": text, "check": self.check}
        return head + "".join(f"# --- {name}\n{body}" for name, body in sections.items())


def read_case(path: Path) -> Case:
    """Read a case from its file."""
    head, *rest = _SECTION.split(path.read_text(encoding="utf-8"))
    names, bodies = rest[::2], rest[1::2]
    if names != ["input", "expected", "check"]:
        raise ValueError(f"{path}: sections {names}; input, expected, check belong there")
    pairs = (line.removeprefix("# ").split(": ", 1) for line in head.splitlines())
    return Case(path, dict(pairs), *bodies)


def source_function(case: Case, folder: Path) -> Function:
    """The function of the input section; `folder` is the current one and may be written to."""
    if _IR.search(case.input):
        function = parse_text(case.input, TABLE)
        assert to_text(parse_text(to_text(function), TABLE)) == to_text(function)
        return function
    # loaded under a relative name, so that messages with the place are the same everywhere
    file = folder / f"{case.path.stem}.py"
    file.write_text(case.input, encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": case.path.stem}
    exec(compile(case.input, file.name, "exec"), namespace)
    *_, python = (each for each in namespace.values() if inspect.isfunction(each))
    return lower_function(python, _leaves(case.args[0])).function


def generated(case: Case, function: Function) -> str:
    """The text that gradc writes for a case."""
    result = run_pipeline(function, case.passes, verify_each=True)
    style: Any = case.head.get("style", "numpy")
    return emit_module([result], style=style, title=f"{function.name}, a golden case.")


def execute(case: Case, function: Function, text: str) -> None:
    """Run the text at the arguments of the case and compare with what the input means."""
    name = _DEFINITION.findall(text)[0]
    for args in case.args:
        before = [np.copy(arg) for arg in args]
        results = run_text(text, name, list(args))
        values = evaluate(function, args)
        expected = list(values)
        for each in case.passes:
            if isinstance(each, ReversePass):
                kept = each.keep or ()
                expected = list(values) if each.values else [values[k] for k in kept]
                expected += gradients(function, args, each.wrt)
        assert len(results) == len(expected), f"{len(results)} results at {args}"
        for have, want in zip(results, expected, strict=True):
            np.testing.assert_allclose(have, want, rtol=1e-6, atol=1e-8, err_msg=f"at {args}")
        for old, new in zip(before, args, strict=True):
            np.testing.assert_array_equal(new, old, err_msg="an argument was written to")


def gradients(function: Function, args: Sequence[Any], wrt: Sequence[int]) -> list[Any]:
    """Central differences of the sum of the float results."""
    found = []
    for position in wrt:
        x = np.asarray(args[position], dtype=float)
        slopes = np.zeros(x.shape)
        for index in np.ndindex(x.shape):
            step = 1e-5 * max(1.0, abs(x[index]))
            ends = []
            for sign in (1.0, -1.0):
                moved = x.copy()
                moved[index] += sign * step
                changed = [moved[()] if k == position else arg for k, arg in enumerate(args)]
                ends.append(_total(function, changed))
            slopes[index] = (ends[0] - ends[1]) / (2 * step)
        found.append(slopes[()])
    return found


def _total(function: Function, args: Sequence[Any]) -> float:
    results = zip(function.results, evaluate(function, args), strict=True)
    return float(sum(np.sum(value) for result, value in results if result.type.is_float))


def _numpy(arg: Any) -> Any:
    return np.asarray(arg)[()]


def _leaves(args: Sequence[Any]) -> list[Leaf]:
    leaves = []
    for number, arg in enumerate(args):
        dtype = dtype_of_numpy(np.asarray(arg).dtype)
        assert dtype is not None
        shape = tuple(
            1 if size == 1 else f"n{number}_{axis}" for axis, size in enumerate(np.shape(arg))
        )
        leaves.append(Leaf(Type(dtype, shape)))
    return leaves

"""What the simulator says, as JSON: run with NUMBA_ENABLE_CUDASIM=1 in a process of its own.

numba decides on its first import whether CUDA is simulated, so that this cannot be done in the
process of the tests.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import gradc
from tests.cuda import functions

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "cuda.md"


def plain(value: Any) -> Any:
    """Arrays as lists with their element type."""
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "values": value.tolist()}
    return value


def told(call: Callable[[], Any]) -> Any:
    """The class and text of the error that a call ends with."""
    try:
        return {"returned": plain(call())}
    except (gradc.GradcError, AssertionError, IndexError, ValueError, TypeError) as error:
        return {"error": type(error).__name__, "text": str(error)}


def run_cases() -> list[Any]:
    found = []
    for case in functions.make_cases():
        of = gradc.value_and_grad(case.function, case.argnums, target="cuda")
        before = [np.copy(arg) for arg in case.args]
        found.append(plain(of(*case.args)))
        if case.has_finite_differences:
            of.check(*case.args)
        for old, arg in zip(before, case.args, strict=True):
            np.testing.assert_array_equal(old, arg)
    return found


def run_others() -> dict[str, Any]:
    from numba import cuda

    x, k = np.linspace(-1.0, 1.0, 6).reshape(2, 3), np.array([1, 7])
    ones = np.ones(4)
    gradient = gradc.grad(functions.cross_entropy, target="cuda")
    scalars = gradc.grad(functions.scalars, target="cuda")
    aux = gradc.value_and_grad(functions.with_aux, has_aux=True, target="cuda")
    formula = gradc.compile_expression("exp(x)*k/3 + log(x)", wrt=("x",), target="cuda")
    formula.check(ones, 2.0)
    on_device = gradient(cuda.to_device(x), np.array([1, 2]))
    return {
        "grad": plain(gradient(x, np.array([1, 2]))),
        "on_device": [type(on_device).__name__, plain(on_device.copy_to_host())],
        "out_of_range": told(lambda: gradient(x, k)),
        "assertion": told(lambda: gradc.grad(positive, target="cuda")(ones - 2.0)),
        "no_samples": plain(scalars(np.zeros(0), np.zeros(0))),
        "aux": plain(aux(ones, 3.0 * ones)),
        "second": plain(gradc.grad(gradc.grad(cube, target="cuda"), target="cuda")(2.0 * ones)),
        "formula": plain(formula(ones, 2.0)),
        "formula_of_arrays": plain(formula(ones, k=2.0 * ones)),
        "formula_without_samples": told(lambda: formula(1.0, ones)),
        "not_contiguous": plain(scalars(np.ones(8)[::2], np.ones((4, 2))[:, 0])),
        "ptx": told(lambda: scalars.specialize(ones, ones).compiled.ptx()),
        "dtype_on_device": told(lambda: gradient(x, cuda.to_device(np.array([1, 2], np.int8)))),
    }


def run_guide() -> dict[str, Any]:
    """The examples of the page on CUDA."""
    told_by_doctest = io.StringIO()
    with contextlib.redirect_stdout(told_by_doctest):
        failed, tried = doctest.testfile(
            str(GUIDE), module_relative=False, optionflags=doctest.ELLIPSIS, encoding="utf-8"
        )
    return {"failed": failed, "tried": tried, "text": told_by_doctest.getvalue()}


def positive(x: float) -> float:
    assert x > 0.0, "x is positive"
    return x * x


def cube(x: float) -> float:
    return x**3


if __name__ == "__main__":
    outcome = {"cases": run_cases(), "others": run_others(), "guide": run_guide()}
    json.dump(outcome, sys.stdout)

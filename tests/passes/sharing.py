"""What the tests of shared functions have in common."""

from __future__ import annotations

import linecache
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradc import driver
from gradc.driver import run_passes
from gradc.faces.program import make_program
from gradc.ir.core import Function
from gradc.ir.printer import to_text
from gradc.ir.routines import routines_of
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.options import Options
from gradc.prims.evaluate import evaluate
from gradc.prims.routines import CALL

V = np.array([0.3, -0.2, 0.9])
ALL = "share{least=-1000000,sites=1}"
FEW = "share{least=1}"


def lowered(function: Callable[..., Any], *args: Any) -> Function:
    names = [f"arg{place}" for place in range(len(args))]
    options = Options(target="python", cache=False)
    return make_program(function, list(args), {}, names, options).lowered.function


def shared(function: Callable[..., Any], *args: Any, how: str = FEW) -> Function:
    """The function with routines, which computes what it computes without."""
    before = lowered(function, *args)
    after = run_passes(before, how)
    for each in [after, *(routine.function for routine in routines_of(after))]:
        verify(each)
    given = [np.asarray(arg) if np.ndim(arg) else arg for arg in args]
    for ours, theirs in zip(evaluate(after, given), evaluate(before, given), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    return after


def heads(function: Function) -> list[str]:
    return [line for line in to_text(function).splitlines() if line.startswith("def ")]


def calls(function: Function) -> int:
    return sum(op.prim is CALL for op in all_ops(function.body))


def both(make: Callable[..., Any], *args: Any, monkeypatch: pytest.MonkeyPatch, how: str = FEW):
    """What a derivative gives with everything shared, and without."""
    monkeypatch.setattr(driver, "SHARE", how)
    return make(share=True)(*args), make(share=False)(*args)


def written(source: str, name: str) -> Callable[..., Any]:
    """A function from source text."""
    file = f"<{name} {hash(source)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {"np": np, "math": math, "__name__": "written"}
    exec(compile(source, file, "exec"), namespace)
    made: Callable[..., Any] = namespace[name]
    return made


def wave(a, b, c):
    t = np.sin(a) * b
    s = t * c + np.cos(b)
    return t * s

"""A second process takes machine code from the disk without what numba needs to compile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

PROGRAM = """
import json, math, sys
import numpy as np
from scipy.special import gammaln
import gradc

def norm(x):
    total = 0.0
    for i in range(len(x)):
        total += math.exp(-x[i] * x[i])
    return total

def vectors(x):
    return np.sum(np.tanh(x) * np.exp(x))

def special(x):
    return np.sum(gammaln(x))

def solved(a, b):
    return np.sum(np.linalg.solve(a, b))

def fourier(x):
    return np.sum(np.abs(np.fft.rfft(x)) ** 2)

def product(a, b):
    return np.sum((a @ b) ** 2)

def ordered(x):
    return np.sum(np.sort(x)[:2] ** 2)

def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)

def element(x, i):
    return x[i] ** 2

x = np.array([0.5, 1.5, 0.25, 2.0])
a = np.array([[2.0, 0.5], [0.25, 1.0]])
b = np.array([1.0, 2.0])
calls = {
    "norm": (norm, (x,)), "vectors": (vectors, (x,)), "single": (vectors, (x.astype("f4"),)),
    "special": (special, (x,)), "solved": (solved, (a, b)), "product": (product, (a, b)),
    "ordered": (ordered, (x,)), "power": (power, (1.5, 3)), "element": (element, (x, 2)),
    "fourier": (fourier, (x,)),
}
name = sys.argv[1]
function, args = calls[name]
derivative = gradc.grad(function)
found = np.asarray(derivative(*args)).tolist()
again = np.asarray(derivative(*args)).tolist()
loaded = [each for each in ("numba.np.arraymath", "numba.core.lowering") if each in sys.modules]
error = None
if name == "element":
    try:
        derivative(x, 9)
    except IndexError as problem:
        error = str(problem)
whole = "numba.np.arraymath" in sys.modules
through = np.asarray(derivative.dispatcher(*args)).tolist()
print(json.dumps({
    "found": found, "again": again, "through": through, "error": error, "whole": whole
}))
"""

NAMES = (
    "norm", "vectors", "single", "special", "solved", "product", "ordered", "power", "element",
    "fourier",
)  # fmt: skip
# The kernels around LAPACK and transforms have dispatchers of their own; sorting refers to numba.
RECORDED = {"vectors", "solved", "power"}
WHOLE = {"solved", "ordered", "fourier"}


def _run(folder: Path, name: str, records: str, through: Sequence[str] = ()) -> dict[str, Any]:
    script = folder / "program.py"
    script.write_text(PROGRAM)
    environment = {
        **os.environ,
        "GRADC_CACHE_DIR": str(folder / "cache"),
        "GRADC_RECORDS": records,
    }
    done = subprocess.run(
        [sys.executable, *through, str(script), name],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    reply: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return reply


@pytest.mark.parametrize("name", NAMES)
def test_a_second_process_computes_the_same_from_the_disk(name: str, tmp_path: Path) -> None:
    first, second = (_run(tmp_path, name, records) for records in ("1", "0"))
    if name in RECORDED:
        assert _run(tmp_path, name, "1") == second
    assert first["whole"]
    assert second["whole"] == (name in WHOLE)
    for key in ("found", "again", "through", "error"):
        assert first[key] == second[key], key
    assert second["found"] == second["again"] == second["through"]
    if name == "element":
        assert "program.py:" in second["error"]
        assert "index 9 is out of range for size 4" in second["error"]


FORGETFUL = """
import runpy, sys
from gradc_runtime import kept
kept.declare_symbols = lambda *ignored: None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("name", ["vectors", "fourier"])
def test_code_with_symbols_that_nobody_declared_is_left_to_the_dispatcher(
    name: str, tmp_path: Path
) -> None:
    first = _run(tmp_path, name, "0")
    forgetful = tmp_path / "forgetful.py"
    forgetful.write_text(FORGETFUL)
    second = _run(tmp_path, name, "0", [str(forgetful)])
    assert second["whole"]
    assert second["found"] == first["found"]

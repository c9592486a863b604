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

derivatives = {name: gradc.grad(calls[name][0]) for name in sys.argv[1:]}

def reply(name):
    derivative, args = derivatives[name], calls[name][1]
    found = np.asarray(derivative(*args)).tolist()
    again = np.asarray(derivative(*args)).tolist()
    error = None
    if name == "element":
        try:
            derivative(x, 9)
        except IndexError as problem:
            error = str(problem)
    whole = "numba.np.arraymath" in sys.modules
    return {"found": found, "again": again, "error": error, "whole": whole}

replies = {name: reply(name) for name in sys.argv[1:]}
for name, found in replies.items():  # all of numba is needed from here on
    found["through"] = np.asarray(derivatives[name].dispatcher(*calls[name][1])).tolist()
print(json.dumps(replies))
"""

NAMES = (
    "norm", "vectors", "single", "special", "solved", "product", "ordered", "power", "element",
    "fourier",
)  # fmt: skip
# The kernels around LAPACK and transforms have dispatchers of their own; sorting refers to numba.
RECORDED = {"vectors", "solved", "power"}
WHOLE = {"solved", "ordered", "fourier"}


Replies = dict[str, dict[str, Any]]


def _run(folder: Path, names: Sequence[str], records: str, through: Sequence[str] = ()) -> Replies:
    """What a process of its own finds for some functions, one after the other."""
    script = folder / "program.py"
    script.write_text(PROGRAM)
    environment = {
        **os.environ,
        "GRADC_CACHE_DIR": str(folder / "cache"),
        "GRADC_RECORDS": records,
    }
    done = subprocess.run(
        [sys.executable, *through, str(script), *names],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    replies: Replies = json.loads(done.stdout.splitlines()[-1])
    return replies


def test_a_second_process_computes_the_same_from_the_disk(tmp_path: Path) -> None:
    first = _run(tmp_path, NAMES, "1")
    apart = [name for name in NAMES if name not in WHOLE]
    second = _run(tmp_path, apart, "0")
    for name in WHOLE:  # each in a process that has not loaded all of numba yet
        second |= _run(tmp_path, [name], "0")
    for name in NAMES:
        assert first[name]["whole"], name
        assert second[name]["whole"] == (name in WHOLE), name
        for key in ("found", "again", "through", "error"):
            assert first[name][key] == second[name][key], (name, key)
        assert second[name]["found"] == second[name]["again"] == second[name]["through"], name
    assert "program.py:" in second["element"]["error"]
    assert "index 9 is out of range for size 4" in second["element"]["error"]
    recorded = _run(tmp_path, [name for name in apart if name in RECORDED], "1")
    for name in RECORDED - WHOLE:
        assert recorded[name] == second[name], name
    assert _run(tmp_path, ["solved"], "1")["solved"] == second["solved"]


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
    first = _run(tmp_path, [name], "0")
    forgetful = tmp_path / "forgetful.py"
    forgetful.write_text(FORGETFUL)
    second = _run(tmp_path, [name], "0", [str(forgetful)])
    assert second[name]["whole"]
    assert second[name]["found"] == first[name]["found"]

"""A million steps: both modes run, and what they take of memory is what the tape says."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

STEPS = 1_000_000
MEGABYTE = 2**20

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

# Peak memory is that of a process, so each function has one of its own. What `getrusage` says does
# not do: there a new process starts with the peak of the one that started it.
SCRIPT = """
import json, sys
import gradc
from tests.adjoint import test_long_loops as functions

def peak():
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024

function, steps = getattr(functions, sys.argv[1]), int(sys.argv[2])
reverse = gradc.value_and_grad(function, cache=False)
reverse(0.3, 3)
gradc.jvp(function, (0.3, 3), (1.0, None), cache=False)
before = peak()
value, dot = gradc.jvp(function, (0.3, steps), (1.0, None), cache=False)
forward = peak() - before
before = peak()
found = reverse(0.3, steps)
print(json.dumps([value, dot, *found, forward, peak() - before]))
"""


def carried(x, n):
    s = x
    for i in range(n):
        s = s * (1.0 - 1e-6 * s) + 1e-9 * i
    return s


def linear(x, n):
    s = x
    for _ in range(n):
        s = 0.999999 * s + 1e-6 * x
    return s


def conditional(x, n):
    s, k = x, 0
    while k < n:
        s = s * (1.0 - 1e-6 * s)
        k += 1
    return s


def rows(x, n):
    out = np.zeros((n, 2))
    for k in range(1, n):
        out[k] = out[k - 1] + 1e-6 * x
    return out[n - 1, 0] * out[n - 1, 1]


@pytest.mark.parametrize(
    ("function", "tangents", "numbers"),
    [
        pytest.param(carried, 0, 1, id="one number is recorded for each step"),
        pytest.param(linear, 0, 0, id="nothing is recorded"),
        # a growing tape has up to twice its size, and the half that it grew from
        pytest.param(conditional, 0, 3, id="a growing tape"),
        # the rows, and their tangents or cotangents
        pytest.param(rows, 4, 4, id="rows of an array"),
    ],
)
def test_a_million_steps(function, tangents, numbers):
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, function.__name__, str(STEPS)],
        capture_output=True,
        text=True,
        check=True,
    )
    value, dot, same_value, gradient, forward, reverse = json.loads(run.stdout)
    wanted = function(0.3, STEPS)
    assert value == pytest.approx(wanted, rel=1e-9)
    assert same_value == pytest.approx(wanted, rel=1e-9)
    assert gradient == pytest.approx(dot, rel=1e-9)
    assert forward < tangents * 8 * STEPS + MEGABYTE
    assert reverse < numbers * 8 * STEPS + 2 * MEGABYTE

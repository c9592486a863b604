"""Memory that kernels free stays with the process, where the C library can be told so."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource
import numpy as np
import gradc

def f(x, n):
    a = x.copy()
    b = x.copy()
    c = x.copy()
    for _ in range(n):
        for i in range(len(a)):
            a[i] = np.sin(a[i])
            b[i] = np.cos(b[i])
            c[i] = np.tanh(c[i])
    return np.sum(a + b + c)

gradient = gradc.grad(f)
x = np.ones(50_000)
for _ in range(3):
    gradient(x, 10)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    gradient(x, 10)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(setting, folder):
    program = folder / "program.py"
    program.write_text(PROGRAM)
    environment = {**os.environ, "GRADC_MALLOC": setting}
    command = [sys.executable, str(program)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="a matter of glibc")
def test_the_tape_of_the_next_call_is_there(tmp_path):
    kept, system = page_faults("keep", tmp_path), page_faults("system", tmp_path)
    assert kept < 20 * 10
    assert system > 20 * 500

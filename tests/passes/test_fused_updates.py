"""Updates of overlapping parts of one array: loops join only where nothing between is read."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gradc

SLICES = ("1:", ":-1", ":0:-1", "-2::-1")
CASES = list(itertools.product(SLICES, repeat=3))


@pytest.mark.parametrize("parts", CASES, ids=" ".join)
def test_two_updates_in_a_row(parts, tmp_path):
    first, second, third = parts
    path = tmp_path / "updates.py"
    path.write_text(
        "import numpy as np\n\ndef f(v, w):\n"
        "    p = 1.0 * v\n"
        f"    p[{first}] += p[{second}] * p[{third}]\n"
        f"    p[{third}] += w * p[{first}]\n"
        f"    return np.sum(p * np.arange(1.0, 6.0)) + np.sum(p[{second}] ** 2)\n"
    )
    namespace = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    v, w = np.array([0.3, 0.5, -0.7, 0.2, 1.1]), np.array([0.4, -0.6, 0.9, 0.1])
    gradc.check_grads(namespace["f"], (v, w), target="python")

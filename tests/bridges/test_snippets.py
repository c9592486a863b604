"""The examples of docs/solvers.md that need another library, where it is installed."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "solvers.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


def energy(x, k):
    """What the page defines in its first example."""
    total = 0.0
    for i in range(len(x) - 1):
        total += 0.5 * k * (x[i + 1] - x[i]) ** 2
    return total


def run(library: str, tmp_path) -> dict[str, object]:
    """Run the example of a library, as a file: gradc reads the source of functions."""
    pytest.importorskip(library)
    (block,) = (each for each in BLOCKS if f"from gradc.bridges.{library} import" in each)
    path = tmp_path / f"snippet_{library}.py"
    path.write_text(block)
    namespace: dict[str, object] = {"np": np, "energy": energy, "__name__": path.stem}
    exec(compile(block, str(path), "exec"), namespace)
    return namespace


def test_torch(tmp_path):
    found = run("torch", tmp_path)
    np.testing.assert_allclose(found["x"].grad, [-2.0, -2.0, 4.0])
    assert len(list(found["layer"].parameters())) == 2


def test_jax(tmp_path):
    found = run("jax", tmp_path)
    np.testing.assert_allclose(found["slope"], [-2.0, -2.0, 4.0])
    np.testing.assert_allclose(found["columns"], [-2.0, -2.0, 4.0])


@pytest.mark.filterwarnings("ignore:Numba will use object mode")
def test_pytensor(tmp_path):
    found = run("pytensor", tmp_path)
    value = found["by_rate"].eval({found["rate"]: 0.5, found["start"]: np.array([1.0, 2.0])})
    np.testing.assert_allclose(value, 3.0 * 1.05**9, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
def test_nutpie(tmp_path):
    found = run("nutpie", tmp_path)
    assert found["trace"].posterior["slope"].shape[-1] == 200
    assert float(found["trace"].posterior["slope"].mean()) < 0.0


def test_each_library_has_one():
    assert len(BLOCKS) == 4

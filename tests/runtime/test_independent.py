"""Loops are marked as independent where no two iterations meet in memory, and only there."""

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradc_runtime import independent
from gradc_runtime.jit import kernel

HEADER = """import numpy as np
from gradc_runtime.arrays import workspace
from gradc_runtime.jit import kernel


"""

# Each writes arrays in loops; the number says how many of the loops are marked.
PROGRAMS = {
    "rows of one array": (
        1,
        """
    for k in range(n // 2):
        for i in range(n):
            h = a[2 * k, i]
            a[2 * k, i] = a[2 * k + 1, i] + h
            a[2 * k + 1, i] = h * x[i]
    return a.sum()""",
    ),
    "an array that was made here, from others": (
        1,
        """
    for i in range(1, n):
        y[i] = x[i - 1] + a[i, 0] * z[i]
    return y.sum()""",
    ),
    "picked by an index that was read": (
        1,
        """
    for i in range(n):
        y[i] = x[k[i]]
    return y.sum()""",
    ),
    "in a branch, backwards, by steps": (
        1,
        """
    for i in range(n - 1, -1, -2):
        if x[i] > 0.5:
            y[i] += x[i]
    return y.sum()""",
    ),
    "with a conditional in what is added": (
        1,
        """
    for i in range(n):
        a[0, i] += 0.0 if x[i] == 0.5 else x[i] * a[1, i]
    return a.sum()""",
    ),
    "two copies of an argument": (
        1,
        """
    b = x.copy()
    for i in range(n - 1):
        b[i] = x[i + 1]
    return b.sum()""",
    ),
    "arrays of one block": (
        2,
        """
    b, c = workspace(n, (2, n))
    for i in range(n):
        c[0, i] = x[i]
    for i in range(1, n):
        b[i] = c[0, i - 1] + x[i]
    return b[1:].sum()""",
    ),
    "a row of one of a block": (
        0,
        """
    b, c = workspace(n, (2, n))
    d = c[0]
    for i in range(1, n):
        c[0, i] = d[i - 1] + x[i]
    return y.sum()""",
    ),
    "a part of one of a block": (
        0,
        """
    b, c = workspace(n, n)
    d = b[1:]
    for i in range(n - 1):
        b[i] = d[i] + x[i]
    return y.sum()""",
    ),
    "one of a block by two names": (
        0,
        """
    b, c = workspace(n, n)
    d = c
    if n > 100:
        d = b
    for i in range(1, n):
        b[i] = d[i - 1] + x[i]
    return y.sum()""",
    ),
    "one iteration reads what the last wrote": (
        0,
        """
    for i in range(1, n):
        y[i] = y[i - 1] * 0.5 + x[i]
    return y.sum()""",
    ),
    "added to where an index says": (
        0,
        """
    for i in range(n):
        y[k[i]] += x[i]
    return y.sum()""",
    ),
    "the same place in each iteration": (
        0,
        """
    for i in range(n):
        y[0] = y[0] * 0.5 + x[i]
    return y.sum()""",
    ),
    "two axes at the index, in turn": (
        0,
        """
    for i in range(n):
        a[i, 0] = a[1, i] + x[i]
    return a.sum()""",
    ),
    "two names for one array": (
        0,
        """
    b = y
    if n > 100:
        b = z
    for i in range(1, n):
        y[i] = b[i - 1] + x[i]
    return y.sum()""",
    ),
    "two names that change places": (
        0,
        """
    for t in range(3):
        for i in range(1, n):
            y[i] = z[i - 1] + x[i]
        y, z = z, y
    return y.sum()""",
    ),
    "a part of the array by another name": (
        0,
        """
    b = y[1:]
    for i in range(n - 1):
        y[i] = b[i] + x[i]
    return y.sum()""",
    ),
    "the array in another shape": (
        0,
        """
    b = a.reshape(n * n)
    for i in range(n):
        b[i] = a[0, n - 1 - i]
    return a.sum()""",
    ),
    "an array from a list": (
        0,
        """
    arrays = [z]
    arrays.append(y)
    b = arrays[1]
    for i in range(1, n):
        y[i] = b[i - 1] + x[i]
    return y.sum()""",
    ),
    "another array in some iterations": (
        0,
        """
    b = z
    for i in range(1, n):
        y[i] = b[i - 1] + x[i]
        if x[i] > 0.5:
            b = y
    return y.sum()""",
    ),
    "one of a tuple of arrays": (
        0,
        """
    b, c = (y, z)
    for i in range(1, n):
        y[i] = b[i - 1] + c[i]
    return y.sum()""",
    ),
    "arguments, which may be one array": (
        0,
        """
    for i in range(1, n):
        x[i] = w[i - 1] * 0.5
    return x.sum()""",
    ),
    "a counter of its own": (
        0,
        """
    j = 0
    for i in range(n):
        y[j] = y[i] + x[i]
        j = (j + 1) % 3
    return y.sum()""",
    ),
    "whole rows": (
        0,
        """
    for i in range(1, n):
        a[i] = a[i - 1] + x[i]
    return a.sum()""",
    ),
}
START = """@kernel("f8[::1], f8[::1], i8[::1], i8")
def program(x, w, k, n):
    y = np.zeros(n)
    z = np.ones(n)
    a = np.ones((n, n))"""


class LookedError(Exception):
    """Ends a compilation where the loops to mark are known."""


@pytest.fixture
def no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile no further than to the loops that are marked."""
    find = independent.independent_loops

    def look(*arguments: Any) -> None:
        raise LookedError(len(list(find(*arguments))))

    monkeypatch.setattr(independent, "independent_loops", look)


def compiled(text: str, folder: Path) -> Any:
    folder.mkdir(exist_ok=True)
    file = folder / "generated.py"
    file.write_text(HEADER + text + "\n")
    spec = importlib.util.spec_from_file_location("generated", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.program


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.usefixtures("no_code")
def test_loops_are_marked_where_no_two_iterations_meet(name: str, tmp_path: Path) -> None:
    count, body = PROGRAMS[name]
    program = compiled(START + body, tmp_path)
    with pytest.raises(LookedError) as looked:
        program.dispatcher  # noqa: B018 - compiles
    assert looked.value.args == (count,)


def test_marked_loops_give_what_the_text_says(tmp_path: Path) -> None:
    bodies = [body for count, body in PROGRAMS.values() if count]
    rng = np.random.default_rng(1)
    n = 37
    given = (rng.random(n), rng.random(n), rng.integers(0, n, n), n)
    for place, body in enumerate(bodies):
        program = compiled(START + body, tmp_path / str(place))
        np.testing.assert_allclose(program(*given), program.py_func(*given), rtol=1e-12)


@kernel("f8[:, ::1], f8[::1], i8")
def layers(a, x, width):
    b = a.copy()
    for k in range(a.shape[0] // 2):
        for i in range(width):
            h = b[2 * k, i]
            b[2 * k, i] = np.exp(-b[2 * k + 1, i]) + h
            b[2 * k + 1, i] = h * x[i]
    return b


def test_what_is_marked_is_made_of_vectors_without_comparing_addresses() -> None:
    shutil.rmtree(Path(__file__).parent / "__pycache__", ignore_errors=True)
    text = layers.inspect_llvm()
    assert "x double>" in text
    assert "vector.memcheck" not in text
    a, x = np.linspace(0.0, 1.0, 84).reshape(6, 14), np.linspace(1.0, 2.0, 14)
    np.testing.assert_allclose(layers(a, x, 14), layers.py_func(a, x, 14), rtol=1e-14)

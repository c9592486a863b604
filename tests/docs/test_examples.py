"""The adjoints in examples/ are what gradc writes today, and they are right."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def _load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


WRITER = _load("write_adjoints")
NAMES = list(WRITER.EXAMPLES)


def _differences(fn, args, argnum):
    """Central differences, extrapolated once."""

    def along(step, place):
        moved = []
        for sign in (1.0, -1.0):
            copies = [np.array(arg, dtype=float) if k == argnum else arg for k, arg in given]
            copies[argnum][place] += sign * step
            if not np.ndim(args[argnum]):
                copies[argnum] = float(copies[argnum])
            moved.append(fn(*copies))
        return (moved[0] - moved[1]) / (2 * step)

    given = list(enumerate(args))
    found = np.zeros(np.shape(args[argnum]))
    for place in np.ndindex(found.shape):
        found[place] = (4 * along(5e-4, place) - along(1e-3, place)) / 3
    return found


def test_each_example_has_its_adjoint():
    assert len(NAMES) == 3
    assert {f"{name}_adjoint" for name in NAMES} == {p.stem for p in EXAMPLES.glob("*_adjoint.py")}


@pytest.mark.parametrize("name", NAMES)
def test_saved_text_is_what_is_written_now(name):
    saved = (EXAMPLES / f"{name}_adjoint.py").read_text()
    assert saved == WRITER.adjoint(name), "run examples/write_adjoints.py"
    assert str(EXAMPLES) not in saved


@pytest.mark.parametrize("name", NAMES)
def test_saved_adjoint_is_the_gradient(name):
    fn_name, args, argnums = WRITER.EXAMPLES[name]
    kernel = getattr(_load(f"{name}_adjoint"), f"{fn_name}_grad")
    found = kernel(*args)
    gradients = found if len(argnums) > 1 else (found,)
    uncompiled = kernel.py_func(*args)
    for gradient, other, argnum in zip(
        gradients, uncompiled if len(argnums) > 1 else (uncompiled,), argnums, strict=True
    ):
        np.testing.assert_allclose(gradient, other, rtol=1e-12, atol=1e-14)
        wanted = _differences(WRITER.function(name), args, argnum)
        np.testing.assert_allclose(gradient, wanted, rtol=1e-7, atol=1e-8)


def test_the_runge_kutta_loop_leaves_early():
    """The loop ends by `break`, before the highest number of steps."""
    _, args, _ = WRITER.EXAMPLES["runge_kutta"]
    exposure = WRITER.function("runge_kutta")
    assert exposure(*args) == exposure(*args[:-1], 10 * args[-1])

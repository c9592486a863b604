"""Writes the gradient programs of the examples beside them: `python examples/write_adjoints.py`."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import gradc

HERE = Path(__file__).parent

#: The function of each example, the arguments that say of what types it is compiled, and those
#: that are differentiated.
EXAMPLES: dict[str, tuple[str, tuple[Any, ...], tuple[int, ...]]] = {
    "recurrence": ("garch", (np.array([0.1, 0.1, 0.8]), np.ones(5)), (0,)),
    "stencil": ("heat", (np.linspace(0.0, 1.0, 6) ** 2, np.full(6, 0.2), 4), (0, 1)),
    "runge_kutta": ("exposure", (2.0, 1.0, 0.5, 0.3, 0.1, 100), (0, 1, 2)),
}


def function(example: str) -> Callable[..., Any]:
    """The function of an example."""
    spec = importlib.util.spec_from_file_location(example, HERE / f"{example}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Callable[..., Any] = getattr(module, EXAMPLES[example][0])
    return made


def adjoint(example: str) -> str:
    """The text of an example's gradient program, the same on every machine."""
    _, args, argnums = EXAMPLES[example]
    gradient = gradc.grad(function(example), argnums=argnums, target="python")
    gradient(*args)
    return gradient.source.replace(f"{HERE}/", "")


if __name__ == "__main__":
    for name in EXAMPLES:
        (HERE / f"{name}_adjoint.py").write_text(adjoint(name))

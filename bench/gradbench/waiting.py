"""GradBench's tool for JAX, waiting for each result: ``python waiting.py path-to-its-run.py``.

JAX hands out arrays that are still being computed, and the tool stops its clock when it has one.
This runs the same tool with functions that return when the numbers are there. It is run by the
interpreter that has JAX, and needs nothing of gradc.
"""

from __future__ import annotations

import importlib
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Decorator = Callable[[Callable[[Any], Any]], Any]


def waiting(
    make: Callable[..., Decorator], ready: Callable[[Any], Any]
) -> Callable[..., Decorator]:
    """A maker of decorators, for functions whose results are waited for."""

    def made(**options: Any) -> Decorator:
        decorate = make(**options)
        return lambda function: decorate(lambda given: ready(function(given)))

    return made


def main() -> None:
    """Run the tool; the modules with its functions lie beside it."""
    path = sys.argv.pop(1)
    jax: Any = importlib.import_module("jax")
    wrap: Any = importlib.import_module("gradbench.wrap")
    for name in ("function", "multiple_runs"):
        setattr(wrap, name, waiting(getattr(wrap, name), jax.block_until_ready))
    sys.path.insert(0, str(Path(path).parent))
    runpy.run_path(path, run_name="__main__")


if __name__ == "__main__":
    main()

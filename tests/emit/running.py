"""Running generated text in plain Python."""

from typing import Any

import numpy as np

from gradc.emit import emit_module
from gradc.ir.core import Function


def run_text(text: str, name: str, args: list[Any]) -> tuple[Any, ...]:
    """Run a function of a generated module uncompiled, as a tuple of results."""
    namespace: dict[str, Any] = {}
    exec(compile(text, "<generated>", "exec"), namespace)
    with np.errstate(all="ignore"):
        results = namespace[name].py_func(*args)
    return results if isinstance(results, tuple) else (results,)


def run_function(function: Function, args: list[Any], style: str) -> tuple[Any, ...]:
    """Write a function and run it uncompiled."""
    return run_text(emit_module([function], style=style, title="t"), function.name, args)

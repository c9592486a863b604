"""Calls written to modules, and what is wrong with their values and gradients."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import gradc
from gradc.faces.containers import flatten, unflatten
from tests.frontend.python.support import run

Call = Callable[[np.ndarray], Any]

_IMPORTS = "import numpy as np\nfrom scipy import special\n\n"


def written(texts: Sequence[str], path: Path) -> list[Call]:
    """Functions of `x` with these bodies, from a module, since gradc reads source text."""
    lines = [f"def call{k}(x):\n    {text}\n" for k, text in enumerate(texts)]
    path.write_text(_IMPORTS + "\n".join(lines), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"crossing_{id(texts)}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [getattr(module, f"call{k}") for k in range(len(texts))]


def value_problem(
    call: Call, array: np.ndarray, expected: Any, refused: re.Pattern[str] | None = None
) -> str | None:
    """What is wrong with a value, or None."""
    try:
        found = run(call, array)
    except gradc.GradcError as error:
        return None if refused and refused.search(str(error)) else str(error)
    except (IndexError, ValueError) as error:
        return repr(error)
    return difference(found, expected, array.dtype)


def difference(found: Any, expected: Any, dtype: np.dtype[Any]) -> str | None:
    """How a value differs from what is expected, in shape, dtype or more than rounding."""
    ours, theirs = flatten(found)[0], flatten(expected)[0]
    if len(ours) != len(theirs):
        return f"{len(ours)} results, not {len(theirs)}"
    tolerance = 2e-6 if dtype == np.float32 else 1e-12
    for one, other in zip(map(np.asarray, ours), map(np.asarray, theirs), strict=True):
        if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
            return f"{one.dtype} {one.shape}, not {other.dtype} {other.shape}"
        if one.dtype.kind == "f" and one.dtype != other.dtype:
            return f"{one.dtype}, not {other.dtype}"
        looser = max(tolerance, 2e-6 if one.dtype == np.float32 else 0.0)
        if not np.allclose(one, other, rtol=looser, atol=looser, equal_nan=True):
            return f"{one.tolist()}, not {other.tolist()}"
    return None


def gradient_problem(
    call: Call, array: np.ndarray, expected: Any, refused: re.Pattern[str] | None = None
) -> str | None:
    """What is wrong with the value or the gradient along one direction, or None."""
    leaves = [np.asarray(leaf) for leaf in flatten(expected)[0]]
    if not leaves or any(
        leaf.dtype.kind != "f" or not np.all(np.isfinite(leaf)) for leaf in leaves
    ):
        return None
    rng = np.random.default_rng(5)
    way, step = rng.uniform(0.5, 1.5, array.shape), 1e-5
    try:
        value, pullback = gradc.vjp(call, array, target="python", fastmath=False)
    except (gradc.GradcError, IndexError) as error:
        return None if refused and refused.search(str(error)) else str(error)
    problem = difference(value, expected, array.dtype)
    if problem is not None:
        return problem
    ours, structure = flatten(value)
    seeds = [rng.uniform(0.5, 1.5, leaf.shape) for leaf in leaves]
    given = [
        seed if isinstance(leaf, np.ndarray) else type(leaf)(seed)
        for seed, leaf in zip(seeds, ours, strict=True)
    ]
    (bar,) = pullback(unflatten(structure, given))
    ahead, behind = (flatten(call(np.asarray(array + side * step * way)))[0] for side in (1, -1))
    wanted = sum(
        float(np.sum(seed * (np.asarray(one) - np.asarray(other)))) / (2 * step)
        for seed, one, other in zip(seeds, ahead, behind, strict=True)
    )
    if np.shape(bar) != array.shape:
        return f"a gradient of shape {np.shape(bar)}"
    found = float(np.sum(bar * way))
    return None if np.isclose(found, wanted, rtol=1e-6, atol=1e-7) else f"{found}, not {wanted}"

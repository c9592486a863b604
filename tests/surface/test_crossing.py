"""Every function with every option, at every kind of array: values, and gradients, uncompiled.

The calls are written to a module, since gradc reads source text. One gradient for each function
and kind of array is compared with differences of NumPy's own values along one direction.
"""

from __future__ import annotations

import importlib.util
import os
import re
import warnings
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradc
from gradc.faces.containers import flatten, unflatten
from tests.frontend.python.support import run
from tests.surface.crossing import ARRAYS, calls

Call = Callable[[np.ndarray], Any]

#: Of the product of calls and arrays each call of a matrix is tried, and each ninth of the others.
#: ``EVERY = 1`` and many gradients try all, in some minutes.
EVERY = int(os.environ.get("GRADC_CROSSING", "9"))
GRADIENTS = 2 if EVERY > 1 else 1000

#: What NumPy does and gradc refuses, in its words: anything else is a failure.
REFUSED = re.compile(
    r"`out=` of \w+ is not supported"
    r"|`out` of np\.\w+ is one array, not a float"  # an array without axes is a number
    r"|an array belongs here, not a float"
    r"|takes an array, not a number"
    r"|a float cannot be indexed"
    r"|an axis is named twice"
    r"|of a single number"
    r"|unexpected keyword argument '(shape|ndmin|axis)' here, or not supported"
)
#: Where nothing is left to take a quantile of, NumPy warns and gives NaN; it cuts a part of one
#: element from none. gradc raises an error when the program runs.
OF_SOME = {"median", "nanmedian", "percentile", "nanpercentile", "quantile", "nanquantile", "split"}
#: Calls that are not differentiable in one of their elements, or constant.
JUMPS = re.compile(r"sort|floor|mod|round|around|fix|rint|ceil|trunc|heaviside|sign|empty|float32")


@pytest.mark.parametrize(("name", "texts"), list(calls()), ids=lambda part: str(part)[:20])
def test_values_and_gradients(name: str, texts: Sequence[str], tmp_path: Path) -> None:
    made = zip(texts, written(texts, tmp_path / "calls.py"), strict=True)
    turn, graded, failures = sum(map(ord, name)), 0, []
    for (text, call), (kind, array) in product(made, ARRAYS.items()):
        turn += 1
        if kind != "matrix" and turn % EVERY:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                expected = call(array)
            except (TypeError, ValueError, IndexError, ArithmeticError):
                continue  # NumPy refuses it
            problem = value_problem(name, call, array, expected)
            smooth = kind != "float32" and not JUMPS.search(text)
            if problem is None and smooth and graded < GRADIENTS and kind != "matrix":
                graded += 1
                problem = gradient_problem(call, array, expected)
        if problem is not None:
            failures.append(f"{text} of {kind}: {problem}")
    assert failures == []


def written(texts: Sequence[str], path: Path) -> list[Call]:
    lines = [f"def call{k}(x):\n    return {text}\n" for k, text in enumerate(texts)]
    path.write_text("import numpy as np\n\n" + "\n".join(lines), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"crossing_{id(texts)}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [getattr(module, f"call{k}") for k in range(len(texts))]


def value_problem(name: str, call: Call, array: np.ndarray, expected: Any) -> str | None:
    """What is wrong with a value, or None."""
    try:
        found = run(call, array)
    except gradc.GradcError as error:
        return None if REFUSED.search(str(error)) else str(error)
    except IndexError as error:
        return None if name in OF_SOME and array.size == 0 else repr(error)
    if name == "nanpercentile" and array.size == 0:
        return None  # NumPy leaves out the axis of the levels
    ours, theirs = flatten(found)[0], flatten(expected)[0]
    if len(ours) != len(theirs):
        return f"{len(ours)} results, not {len(theirs)}"
    tolerance = 2e-6 if array.dtype == np.float32 else 1e-12
    for one, other in zip(map(np.asarray, ours), map(np.asarray, theirs), strict=True):
        if one.shape != other.shape or one.dtype.kind != other.dtype.kind:
            return f"{one.dtype} {one.shape}, not {other.dtype} {other.shape}"
        if one.dtype.kind == "f" and one.dtype != other.dtype:
            return f"{one.dtype}, not {other.dtype}"
        looser = max(tolerance, 2e-6 if one.dtype == np.float32 else 0.0)
        if not np.allclose(one, other, rtol=looser, atol=looser, equal_nan=True):
            return f"{one.tolist()}, not {other.tolist()}"
    return None


def gradient_problem(call: Call, array: np.ndarray, expected: Any) -> str | None:
    """What is wrong with a gradient along one direction, or None."""
    leaves = [np.asarray(leaf) for leaf in flatten(expected)[0]]
    if any(leaf.dtype.kind != "f" or not np.all(np.isfinite(leaf)) for leaf in leaves):
        return None
    rng = np.random.default_rng(5)
    way, step = rng.uniform(0.5, 1.5, array.shape), 1e-5
    try:
        value, pullback = gradc.vjp(call, array, target="python", fastmath=False)
    except (gradc.GradcError, IndexError):
        return None  # said by the value
    ours, structure = flatten(value)
    seeds = [rng.uniform(0.5, 1.5, leaf.shape) for leaf in leaves]
    given = [
        seed if isinstance(leaf, np.ndarray) else type(leaf)(seed)
        for seed, leaf in zip(seeds, ours, strict=True)
    ]
    (bar,) = pullback(unflatten(structure, given))
    ahead, behind = (flatten(call(array + side * step * way))[0] for side in (1, -1))
    wanted = sum(
        float(np.sum(seed * (np.asarray(one) - np.asarray(other)))) / (2 * step)
        for seed, one, other in zip(seeds, ahead, behind, strict=True)
    )
    if np.shape(bar) != array.shape:
        return f"a gradient of shape {np.shape(bar)}"
    found = float(np.sum(bar * way))
    return None if np.isclose(found, wanted, rtol=1e-6, atol=1e-7) else f"{found}, not {wanted}"

"""Every function with every option, at every kind of array: values, and gradients, uncompiled.

The calls are written to a module, since gradc reads source text. One gradient for each function
and kind of array is compared with differences of NumPy's own values along one direction.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from tests.surface.calling import gradient_problem, value_problem, written
from tests.surface.crossing import ARRAYS, calls

#: Of the product of calls and arrays each call of a matrix is tried, and each ninth of the others.
#: ``EVERY = 1`` and many gradients try all, in some minutes.
EVERY = int(os.environ.get("GRADC_CROSSING", "9"))
GRADIENTS = 2 if EVERY > 1 else 1000

#: What NumPy does and gradc refuses, in its words: anything else is a failure.
REFUSED = re.compile(r"`out` of (np)?\.\w+ is an array, not a (float|bool)")  # without axes
#: Calls that are not differentiable in one of their elements, or constant.
JUMPS = re.compile(r"sort|floor|mod|round|around|fix|rint|ceil|trunc|heaviside|sign|empty|float32")


@pytest.mark.parametrize(("name", "texts"), list(calls()), ids=lambda part: str(part)[:20])
def test_values_and_gradients(name: str, texts: Sequence[str], tmp_path: Path) -> None:
    bodies = [f"return {text}" for text in texts]
    made = zip(texts, written(bodies, tmp_path / "calls.py"), strict=True)
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
            problem = value_problem(call, array, expected, REFUSED)
            smooth = kind != "float32" and not JUMPS.search(text)
            if problem is None and smooth and graded < GRADIENTS and kind != "matrix":
                graded += 1
                problem = gradient_problem(call, array, expected, REFUSED)
        if problem is not None:
            failures.append(f"{text} of {kind}: {problem}")
    assert failures == []

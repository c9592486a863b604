"""A cross-section of the zoo, compiled: the kernel computes what its text does uncompiled."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests.zoo import CASES

# Compiling takes most of a second a case, so every seventh; each file of the zoo is represented.
SAMPLE = [
    pytest.param(case, id=case.name)
    for index, case in enumerate(CASES)
    if index % 7 == 0 and any(map(is_active, flatten(case.args)[0]))
]


@pytest.mark.parametrize("case", SAMPLE)
def test_compiled_pullback(case):
    pullbacks = []
    for target in ("python", "cpu"):
        value, pullback = gradc.vjp(case.fn, *case.args, target=target, fastmath=False)
        seed = [
            np.ones_like(leaf) if isinstance(leaf, np.ndarray) else type(leaf)(1)
            for leaf in flatten(value)[0]
        ]
        pullbacks.append((flatten(value), pullback(_like(value, seed))))
    (uncompiled, structure), wanted = pullbacks[0][0], pullbacks[0][1]
    (compiled, same), found = pullbacks[1][0], pullbacks[1][1]
    assert same == structure
    for left, right in zip(compiled, uncompiled, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-13, atol=1e-14)
    for left, right in zip(flatten(found)[0], flatten(wanted)[0], strict=True):
        assert type(left) is type(right)
        if left is not None:
            np.testing.assert_allclose(left, right, rtol=1e-12, atol=1e-13)


def _like(value, leaves):
    from gradc.faces.containers import unflatten

    return unflatten(flatten(value)[1], leaves)

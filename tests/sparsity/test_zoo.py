"""Over the zoo: patterns contain the dense Jacobian, and sparse values are the dense ones."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests.sparsity.dense import active_arguments, dense_jacobian, is_float
from tests.zoo import CASES

ACTIVE = [
    pytest.param(case, id=case.name) for case in CASES if any(map(is_active, flatten(case.args)[0]))
]


@pytest.mark.parametrize("case", ACTIVE)
def test_jacobian(case):
    active = active_arguments(case.args)
    value, _ = gradc.vjp(case.fn, *case.args, target="python")
    if not any(map(is_float, flatten(value)[0])):
        pytest.skip("returns no floats")
    dense = dense_jacobian(case.fn, case.args, active)
    for mode in ("forward", "reverse"):
        jacobian = gradc.sparse_jacobian(case.fn, argnums=active, mode=mode, target="python")
        pattern = jacobian.pattern(*case.args)
        assert pattern.shape == dense.shape
        outside = (dense != 0) & ~pattern.toarray()
        assert not outside.any(), np.argwhere(outside)
        found = np.hstack([part.toarray() for part in jacobian(*case.args)])
        np.testing.assert_allclose(found, dense, rtol=1e-5 if found.dtype == np.float32 else 1e-11)

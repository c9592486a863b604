"""Over the zoo: patterns contain the dense Jacobian, and sparse values are the dense ones."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests.sparsity.dense import active_arguments, dense_jacobian, is_float
from tests.zoo import CASES

# A dense Jacobian is one directional derivative for each column, so every seventh case.
EVERY = 7
# The size of what these return depends on floats.
REFUSED = {"selection.mask_elements", "selection.mask_of_matrix", "selection.mask_of_rows"}
ACTIVE = [
    pytest.param(case, ("forward", "reverse")[index // EVERY % 2], id=case.name)
    for index, case in enumerate(CASES)
    if index % EVERY == 0
    and case.name not in REFUSED
    and any(map(is_active, flatten(case.args)[0]))
]


@pytest.mark.parametrize(("case", "mode"), ACTIVE)
def test_jacobian(case, mode):
    active = active_arguments(case.args)
    value, _ = gradc.vjp(case.fn, *case.args, target="python")
    if not any(map(is_float, flatten(value)[0])):
        pytest.skip("returns no floats")
    dense = dense_jacobian(case.fn, case.args, active)
    jacobian = gradc.sparse_jacobian(case.fn, argnums=active, mode=mode, target="python")
    pattern = jacobian.pattern(*case.args)
    assert pattern.shape == dense.shape
    outside = (dense != 0) & ~pattern.toarray()
    assert not outside.any(), np.argwhere(outside)
    found = np.hstack([part.toarray() for part in jacobian(*case.args)])
    single = any(getattr(leaf, "dtype", None) == np.float32 for leaf in flatten(case.args)[0])
    np.testing.assert_allclose(found, dense, rtol=1e-6 if single else 1e-11)


SCALAR = [
    pytest.param(case, id=case.name)
    for index, case in enumerate(CASES)
    if index % EVERY == 1
    and case.smooth
    and isinstance(case.args[0], np.ndarray)
    and case.args[0].dtype == np.float64
    and isinstance(case.fn(*case.args), float)
]


@pytest.mark.parametrize("case", SCALAR)
def test_hessian(case):
    gradient = gradc.grad(case.fn, target="python")
    dense = dense_jacobian(gradient, case.args, [0])
    hessian = gradc.sparse_hessian(case.fn, target="python")
    pattern = hessian.pattern(*case.args).toarray()
    outside = (dense != 0) & ~pattern
    assert not outside.any(), np.argwhere(outside)
    np.testing.assert_allclose(hessian(*case.args).toarray(), dense, rtol=1e-9, atol=1e-11)


def test_there_are_hessians():
    assert len(SCALAR) >= 5

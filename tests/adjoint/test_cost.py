"""The gradient costs a small multiple of the function, however large it is; counted, not timed."""

from __future__ import annotations

import itertools

import pytest

from gradc.adjoint.reverse import reverse
from gradc.analysis.cost import largest_array, operations
from gradc.driver import run_passes
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Role
from gradc.ir.types import DType, Type
from gradc.prims.elementary import SIGMOID
from gradc.prims.linalg import MATMUL
from gradc.prims.shape import SUM
from gradc.prims.trace import Var

WIDTHS = (256, 512, 1024, 2048)
LAYERS = 4


def _chain() -> Function:
    """``sum(a_L)`` with ``a_k = sigmoid(a_{k-1} @ w_k + b_k)``, all of width n."""
    builder = Builder()
    params = [builder.value(Type(DType.F64, ("n",)), "x")]
    a = Var(builder, params[0])
    for layer in range(1, LAYERS + 1):
        w = builder.value(Type(DType.F64, ("n", "n")), f"w{layer}")
        b = builder.value(Type(DType.F64, ("n",)), f"b{layer}")
        params += [w, b]
        a = SIGMOID(MATMUL(a, Var(builder, w)) + Var(builder, b))
    return Function("chain", builder.close(params, (SUM(a, axes=(0,)).value,)))


@pytest.fixture(scope="module")
def chain() -> Function:
    return _chain()


@pytest.fixture(scope="module")
def adjoint(chain) -> Function:
    made = reverse(chain, range(len(chain.params)))
    return run_passes(made, "simplify,cse,dce")


def test_a_chain_of_layers_costs_width_squared(chain, adjoint):
    counts = [operations(adjoint, {"n": width}) for width in WIDTHS]
    for before, after in itertools.pairwise(counts):
        assert 3.7 < after / before < 4.05
    for width, count in zip(WIDTHS, counts, strict=True):
        assert count < 4.0 * operations(chain, {"n": width})


def test_no_jacobian_is_formed(adjoint):
    # a Jacobian between layers would be n x n; of the weights, n x n x n. The largest arrays are
    # the weights and their gradients, and no product of two matrices occurs at all.
    for width in WIDTHS:
        assert largest_array(adjoint, {"n": width}) == width**2
    matrix_products = [
        op for op in adjoint.ops if op.prim is MATMUL and all(arg.type.rank == 2 for arg in op.args)
    ]
    assert not matrix_products


def test_the_sweep_goes_right_to_left(adjoint):
    # the cotangents of the layers come from w4, w3, w2, w1 in turn
    products = [op for op in adjoint.ops if op.prim is MATMUL and op.role is Role.ADJOINT]
    assert [op.args[0].name for op in products] == ["w4", "w3", "w2", "w1"]

"""Keyword arguments mean the same in whatever order a call gives them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import gradc


def product(x, b, a, *, d, c):
    """Every argument counts differently."""
    return x * (a + 10.0 * b + 100.0 * c + 1000.0 * d) + b * c


VALUES = {"a": 3.0, "b": 2.0, "c": 5.0, "d": 7.0}
ORDERS = [dict(order) for order in itertools.permutations(VALUES.items())]

MAKERS = [
    pytest.param(gradc.grad, id="grad"),
    pytest.param(gradc.value_and_grad, id="value_and_grad"),
    pytest.param(gradc.jacobian, id="jacobian"),
    pytest.param(gradc.jacfwd, id="jacfwd"),
    pytest.param(gradc.jacrev, id="jacrev"),
    pytest.param(gradc.hessian, id="hessian"),
    pytest.param(gradc.sparse_jacobian, id="sparse_jacobian"),
    pytest.param(gradc.sparse_hessian, id="sparse_hessian"),
]


@pytest.mark.parametrize("make", MAKERS)
def test_every_order_gives_the_same(make):
    derivative = make(product, argnums=("x", "b", "c"), target="python")
    found = [derivative(1.5, **order) for order in ORDERS]
    for other in found[1:]:
        assert _numbers(other) == _numbers(found[0])
    fresh = make(product, argnums=("x", "b", "c"), target="python")(1.5, **ORDERS[-1])
    assert _numbers(fresh) == _numbers(found[0])


def test_against_the_formula():
    found = gradc.grad(product, argnums=("x", "b"), target="python")(
        1.5, d=7.0, c=5.0, b=2.0, a=3.0
    )
    assert found == (3.0 + 20.0 + 500.0 + 7000.0, 15.0 + 5.0)


def _numbers(tree):
    if isinstance(tree, tuple):
        return [number for part in tree for number in _numbers(part)]
    dense = tree.toarray() if hasattr(tree, "toarray") else tree
    return np.ravel(dense).tolist()

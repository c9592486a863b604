"""Reads of an array come before the store that overwrites it, where they can."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.driver import run_passes
from gradc.ir.walk import all_ops
from gradc.prims.evaluate import evaluate
from tests.passes.helpers import parse

PROGRAM = """
def f(x: f64[n], y: f64[m, n], n: i64(n), k: i64(k)):
    zero: f64[n] = zeros(n, dtype='f64')
    old: f64[n] = get(x, spec=('all',))
    x1: f64[n] = put(x, zero, spec=('all',))
    {between}
    y1: f64[m, n] = put(y, {read}, k, spec=('at', 'all'))
    return (x1, y1, {other})
"""
X, Y = np.arange(1.0, 4.0), np.arange(6.0).reshape(2, 3)


def written(between: str, read: str, other: str) -> list[str]:
    """Which arrays are written, in order; values are the same before and after."""
    function = parse(PROGRAM.format(between=between, read=read, other=other))
    made = run_passes(function, "loops")
    for ours, theirs in zip(
        evaluate(made, [X, Y, 3, 1]), evaluate(function, [X, Y, 3, 1]), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    ranks = [len(op.args) - 2 for op in all_ops(made.body) if op.prim.name == "put"]
    return ["?xy"[rank] for rank in ranks]


def test_the_read_comes_first():
    assert written("", "old", "k") == ["y", "x"]


def test_what_it_is_computed_from_comes_along():
    assert written("more: f64[n] = exp(old)", "more", "k") == ["x", "y"]
    function = parse(PROGRAM.format(between="more: f64[n] = exp(old)", read="more", other="k"))
    names = [op.prim.name for op in all_ops(run_passes(function, "loops").body)]
    assert names.index("exp") < names.index("put"), "the element is there before x is written"


def test_what_needs_the_new_version_stays_behind():
    between = "sum: f64[n] = add(old, x1)"
    assert written(between, "sum", "k") == ["x", "y"]


def test_a_store_does_not_pass_a_read_of_what_it_overwrites():
    between = "row: f64[n] = get(y, k, spec=('at', 'all'))\n    x2: f64[n] = add(x1, row)"
    assert written(between, "old", "x2")[0] == "x"


def scattered(low, rows, columns):
    factors = np.zeros((low.shape[0], 4, 4))
    factors[:, rows, columns] = low
    return np.sum(factors * factors * factors)


def test_the_adjoint_of_a_scatter_copies_no_array():
    rows, columns = np.tril_indices(4, -1)
    low = np.random.default_rng(1).normal(size=(3, 6))
    gradient = gradc.grad(scattered, target="python")
    np.testing.assert_allclose(gradient(low, rows, columns), 3.0 * low * low, rtol=1e-14)
    assert ".copy()" not in gradient.source
    # Two elements of one place: the last one stays.
    twice = np.array([2, 2]), np.array([1, 1])
    got = gradient(low[:, :2], *twice)
    assert got == pytest.approx(np.stack([0.0 * low[:, 0], 3.0 * low[:, 1] ** 2], axis=1))

"""Loops that carry arrays copy into them; loops that update them in place are left alone."""

import numpy as np

from gradc.driver import emission_pipeline, run_passes
from gradc.emit.cuda_carried import settle_carried_arrays
from gradc.frontend.python import Leaf, lower_function
from gradc.ir.control import FOR
from gradc.ir.core import Function
from gradc.ir.types import F64, DType, Type
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.prims.evaluate import evaluate
from gradc.prims.index import ALL, PUT
from gradc.prims.shape import COPY

TWO = Leaf(Type(DType.F64, (2,)))


def lowered(function, *leaves) -> Function:
    made = lower_function(function, leaves).function
    return run_passes(made, emission_pipeline("loops", "cuda"))


def count(function: Function, prim) -> int:
    return sum(op.prim is prim for op in all_ops(function.body))


def whole_copies(function: Function) -> int:
    """How often an array is copied into another one at the end of an iteration."""
    bodies = [op.regions[0] for op in all_ops(function.body) if op.prim is FOR]
    return sum(
        op.prim is PUT and not op.args[1].type.is_scalar and set(op.params["spec"]) == {ALL}
        for body in bodies
        for op in body.ops
    )


def test_an_update_in_place_stays():
    def running(x, s):
        h = np.zeros(2)
        for _ in range(3):
            for i in range(2):
                h[i] = h[i] * s + x[i]
        return np.sum(h)

    function = lowered(running, TWO, Leaf(F64))
    assert settle_carried_arrays(function) is function


def test_what_is_made_anew_is_copied():
    def recurrent(h, s):
        for _ in range(3):
            h = np.sin(h[::-1] * s)
        return np.sum(h)

    function = lowered(recurrent, TWO, Leaf(F64))
    settled = verify(settle_carried_arrays(function), "settle")
    assert whole_copies(settled) == 1
    assert count(settled, COPY) == count(function, COPY) + 1  # of the argument
    args = [np.array([0.5, 1.5]), 2.0]
    np.testing.assert_array_equal(evaluate(settled, args), evaluate(function, args))


def test_a_swap_goes_through_a_third_array():
    def swapped(a, b, s):
        for _ in range(3):
            a, b = b, a
        return np.sum(a * s - b)

    function = lowered(swapped, TWO, TWO, Leaf(F64))
    settled = verify(settle_carried_arrays(function), "settle")
    assert whole_copies(settled) == 2
    assert count(settled, COPY) == count(function, COPY) + 3  # of both arguments, and between
    args = [np.array([0.5, 1.5]), np.array([2.0, -1.0]), 3.0]
    np.testing.assert_array_equal(evaluate(settled, args), evaluate(function, args))
    assert settle_carried_arrays(settled) is settled

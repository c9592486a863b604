"""A sample of the zoo to second and third order, and in all four combinations of modes."""

from __future__ import annotations

import numpy as np
import pytest

from gradc import hessian, jacfwd, jacrev
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests.zoo.orders import check, smooth_cases

CASES = smooth_cases()
SURFACE = smooth_cases("surface")[3::31]


def _cases(cases):
    return [pytest.param(case, id=case.name) for case in cases]


def _is_scalar(case) -> bool:
    """Whether a function is one float of one argument of floats, at least."""
    value = case.fn(*[_copied(arg) for arg in case.args])
    return isinstance(value, float) and is_active(case.args[0])


def _copied(arg):
    return arg.copy() if isinstance(arg, np.ndarray) else arg


SCALAR = [case for case in CASES[::5] if _is_scalar(case)]


# Slices as long as a loop's index says, which the adjoint of the adjoint runs over, too; and a
# broadcast matrix whose transpose is wrong from the second order on where axes are mixed up.
CHOSEN = ("mutation.gaussian_elimination", "found_by_fuzzing.one_matrix_times_a_stack")
BY_NAME = [case for case in CASES if case.name in CHOSEN]


@pytest.mark.parametrize("case", _cases([*CASES[::29], *BY_NAME]))
def test_second_order(case):
    check(case, 2)


@pytest.mark.parametrize("case", SURFACE, ids=lambda case: case.id)
def test_second_order_of_the_surface(case):
    check(case, 2)


@pytest.mark.parametrize("case", _cases(CASES[7::97]))
def test_third_order(case):
    check(case, 3)


def test_enough_is_tried():
    assert len(SCALAR[::4]) >= 8
    assert len(CASES[::29]) >= 15


@pytest.mark.parametrize("case", _cases(SCALAR[::4]))
def test_all_combinations_of_modes(case):
    found = [
        outer(inner(case.fn, target="python"), target="python")(*case.args)
        for outer in (jacfwd, jacrev)
        for inner in (jacfwd, jacrev)
    ]
    wanted = flatten(hessian(case.fn, target="python")(*case.args))[0]
    for blocks in found:
        for block, want in zip(flatten(blocks)[0], wanted, strict=True):
            np.testing.assert_allclose(block, want, rtol=1e-9, atol=1e-11)

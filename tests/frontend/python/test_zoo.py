"""Every function of the zoo has the value that Python gives it."""

import numpy as np
import pytest

from tests.frontend.python.support import copied, run, same
from tests.zoo import CASES


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_value(case):
    with np.errstate(all="ignore"):
        expected = case.fn(*copied(case.args))
    same(run(case.fn, *case.args), expected)


def test_names_are_unique():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)


def test_arguments_are_left_alone():
    for case in CASES:
        before = copied(case.args)
        run(case.fn, *case.args)
        for old, new in zip(before, case.args, strict=True):
            if isinstance(new, np.ndarray):
                np.testing.assert_array_equal(old, new)

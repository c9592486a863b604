"""The surface: values against the library, both modes of derivatives against differences."""

from __future__ import annotations

import numpy as np
import pytest

import gradc
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests.frontend.python.support import copied, run, same
from tests.surface import CASES
from tests.surface.case import SurfaceCase


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_value(case: SurfaceCase) -> None:
    with np.errstate(all="ignore"):
        expected = case.fn(*copied(case.args))
    same(run(case.fn, *case.args), expected)


SMOOTH = [case for case in CASES if case.smooth and any(map(is_active, flatten(case.args)[0]))]


@pytest.mark.parametrize("case", SMOOTH, ids=lambda case: case.id)
def test_both_modes(case: SurfaceCase) -> None:
    gradc.check_grads(case.fn, case.args, target="python")

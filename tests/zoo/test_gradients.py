"""Every smooth function of the zoo: both modes against differences of the Python function itself.

The text that is emitted runs uncompiled; `test_compiled.py` runs it compiled.
"""

from __future__ import annotations

import pytest

import gradc
from gradc.faces.checking import is_active
from gradc.faces.containers import flatten
from tests.zoo import CASES

SMOOTH = [
    pytest.param(case, id=case.name)
    for case in CASES
    if case.smooth and any(map(is_active, flatten(case.args)[0]))
]


def test_the_zoo_is_large():
    assert len(SMOOTH) >= 250


@pytest.mark.parametrize("case", SMOOTH)
def test_both_modes(case):
    gradc.check_grads(case.fn, case.args, target="python")

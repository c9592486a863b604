"""Passes switched off, over the zoo: raw, all of them, each alone, and all but each, by turns.

What the transformation makes by itself is what the others are compared with;
``python -m tests.zoo.switches`` tries each function in every setting.
"""

from __future__ import annotations

import pytest

from tests.zoo import CASES
from tests.zoo.case import Case
from tests.zoo.switches import ALL, ALONE, SWITCHES, WITHOUT, check, subject_of

BY_TURNS = (*ALONE, *WITHOUT)
EVERY_OTHER = CASES[::2]
FORWARD_TOO = CASES[5::12]


def by_turns(cases: list[Case]) -> list[object]:
    return [
        pytest.param(case, BY_TURNS[place % len(BY_TURNS)], id=case.name)
        for place, case in enumerate(cases)
        if subject_of(case) is not None
    ]


def test_enough_is_tried() -> None:
    assert len({case.fn for case in EVERY_OTHER}) >= 250
    assert len(FORWARD_TOO) >= len(BY_TURNS)
    assert {"simplify", "licm", "jam", "loops", "inplace", "workspace"} <= set(SWITCHES)


@pytest.mark.parametrize(("case", "setting"), by_turns(EVERY_OTHER))
def test_value_and_gradient(case: Case, setting: frozenset[str]) -> None:
    subject = subject_of(case)
    check(subject, "value", (ALL, setting))
    check(subject, "gradient", (ALL, setting))


@pytest.mark.parametrize(("case", "setting"), by_turns(FORWARD_TOO))
def test_reverse_over_forward(case: Case, setting: frozenset[str]) -> None:
    check(subject_of(case), "reverse over forward", (ALL, setting))

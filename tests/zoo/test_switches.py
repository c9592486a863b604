"""Passes switched off, over the zoo: raw, all of them, each alone, and all but each, by turns.

What the transformation makes by itself is what the others are compared with;
``python -m tests.zoo.switches`` tries each function in every setting.
"""

from __future__ import annotations

import pytest

from gradc import driver
from gradc.driver import run_passes
from gradc.ir.routines import routines_of
from gradc.ir.walk import all_ops
from tests.zoo import CASES
from tests.zoo.case import Case
from tests.zoo.switches import ALL, ALONE, SETTINGS, SWITCHES, check, subject_of

BY_TURNS = tuple(name for name in SETTINGS if SETTINGS[name] is not ALL)
EVERY_OTHER = CASES[::2]
DERIVATIVES = ("reverse over forward", "columns", "rows", "hessian")
SHARE_ALL = "share{least=-1000000,sites=1,copies=true}"


def by_turns(cases: list[Case]) -> list[object]:
    return [
        pytest.param(case, BY_TURNS[place % len(BY_TURNS)], id=case.name)
        for place, case in enumerate(cases)
        if subject_of(case) is not None
    ]


def test_enough_is_tried() -> None:
    assert len({case.fn for case in EVERY_OTHER}) >= 250
    assert {"simplify", "licm", "jam", "loops", "gather", "idle", "takeover"} <= set(SWITCHES)


@pytest.mark.parametrize(("case", "setting"), by_turns(EVERY_OTHER))
def test_value_and_gradient(case: Case, setting: str) -> None:
    subject = subject_of(case)
    for kind in ("value", "gradient"):
        check(subject, kind, {"all passes": ALL, setting: SETTINGS[setting]})


@pytest.mark.parametrize(("case", "setting"), by_turns(CASES[5::12]))
def test_further_derivatives(case: Case, setting: str) -> None:
    subject = subject_of(case)
    for kind in DERIVATIVES:
        if kind in subject.kinds:
            check(subject, kind, {"all passes": ALL, setting: SETTINGS[setting]})


def with_callees() -> list[object]:
    """The functions that call others, of which routines can be made."""
    return [
        pytest.param(case, id=case.name)
        for case in CASES
        if (subject := subject_of(case)) is not None
        if any(op.site is not None for op in all_ops(subject.function.body))
        if routines_of(run_passes(subject.function, SHARE_ALL))
    ]


CALLING = with_callees()


def test_enough_functions_call_others() -> None:
    assert len(CALLING) >= 40


@pytest.mark.parametrize("case", CALLING)
def test_with_everything_shared(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "SHARE", SHARE_ALL)
    subject = subject_of(case)
    settings = {"all passes": ALL, "share alone": ALONE["share"]}
    check(subject, "value", settings)
    check(subject, "gradient", settings)


@pytest.mark.parametrize("case", CALLING[::4])
def test_reverse_over_forward_with_everything_shared(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "SHARE", SHARE_ALL)
    check(subject_of(case), "reverse over forward", {"all passes": ALL})

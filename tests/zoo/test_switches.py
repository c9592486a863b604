"""Passes switched off, over the zoo: raw, all of them, each alone, and all but each, by turns.

What the transformation makes by itself is what the others are compared with;
``python -m tests.zoo.switches`` tries each function in every setting.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from gradc import driver
from gradc.driver import run_passes
from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Op, Region
from gradc.ir.routines import routines_of
from gradc.ir.walk import all_ops, map_regions, with_body
from gradc.passes.base import Context, Pass
from gradc.passes.registry import PASSES
from gradc.prims.arithmetic import MUL
from gradc.prims.index import ADD_AT, PUT
from tests.zoo import CASES
from tests.zoo.case import Case
from tests.zoo.switches import ALL, ALONE, BASE, SETTINGS, SWITCHES, WITHOUT, check, subject_of

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


#: For each switch a function whose program it changes, switched off or on alone.
CHANGED = {
    "share": ("numerics.error_of_a_step", "gradient"),
    "sizes": ("numerics.two_layers", "value"),
    "simplify": ("numerics.softened", "value"),
    "cse": ("numerics.log_sum_exp", "value"),
    "dce": ("numerics.banana", "gradient"),
    "induction": ("containers.list_of_rows_that_grows", "gradient"),
    "checks": ("numerics.prefix_sums", "value"),
    "licm": ("numerics.rotated_points", "value"),
    "anew": ("steps.runge_kutta_of_each", "value"),
    "stages": ("steps.runge_kutta_of_each", "gradient"),
    "jam": ("numerics.drawdown", "rows"),
    "twins": ("nested.newton_step_to_the_nearest", "value"),
    "shifts": ("numerics.log_sum_exp", "gradient"),
    "winners": ("numerics.log_sum_exp", "gradient"),
    "parts": ("mutation.gram_schmidt", "gradient"),
    "branches": ("found_by_fuzzing.while_left_by_break_or_return_with_else", "gradient"),
    "rows": ("derivatives.batch_of_batch", "gradient"),
    "zeros": ("jumps.first_negative#2", "gradient"),
    "expand": ("elementwise.clip", "value"),
    "loops": ("numerics.softened", "value"),
    "reach": ("numerics.softened", "columns"),
    "writes": ("numerics.prefix_sums", "gradient"),
    "idle": ("numerics.rotated_points", "columns"),
    "gather": ("numerics.banana", "gradient"),
    "upwards": ("steps.runge_kutta_of_each", "gradient"),
    "trajectory": ("steps.runge_kutta_of_each", "gradient"),
    "takeover": ("numerics.prefix_sums", "gradient"),
    "progressions": ("numerics.fitted_polynomial", "gradient"),
    "stores": ("steps.three_behind", "gradient"),
    "inplace": ("numerics.prefix_sums", "value"),
    "mirror": ("steps.runge_kutta_of_a_chain", "gradient"),
    "workspace": ("numerics.diffusion", "value"),
    "together": ("numerics.rotated_points", "value"),
    "jacobian.once": ("numerics.log_sum_exp", "columns"),
    "hessian.once": ("numerics.softened", "hessian"),
    "stages.behind": ("steps.three_behind", "gradient"),
    "loops.blas": ("numerics.two_layers", "value"),
    "reach.keep": ("numerics.softened", "columns"),
    "workspace.turns": ("numerics.diffusion", "value"),
    "together.copies": ("mutation.augmented_slices", "gradient"),
}
BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_switch_changes_a_program_and_no_number(switch: str) -> None:
    places = [CHANGED[switch]] if switch in CHANGED else _numerical()
    for name, kind in places:
        subject = subject_of(BY_NAME[name])
        off = subject.text(kind, WITHOUT[switch]) != subject.text(kind, ALL)
        alone = subject.text(kind, ALONE[switch]) != subject.text(kind, BASE[switch])
        if off or alone:
            settings = {"all passes": ALL, "without": WITHOUT[switch], "alone": ALONE[switch]}
            check(subject, kind, settings)
            return
    pytest.fail(f"{switch} changes no program: the zoo needs a function, and CHANGED its name")


def _numerical() -> list[tuple[str, str]]:
    """Where a pass that is not in the table is looked for."""
    names = [name for name in BY_NAME if name.startswith("numerics.")]
    return [(name, kind) for kind in ("value", "gradient") for name in names]


@pytest.mark.parametrize("switch", ["gather", "takeover", "idle", "workspace.turns", "writes"])
def test_a_wrong_pass_is_noticed(switch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = switch.partition(".")[0]
    run = PASSES[owner].run

    def wrong(self: Pass, function: Function, context: Context) -> Function:
        made = run(self, function, context)
        return made if made is function else with_body(made, _halved(made.body))

    monkeypatch.setattr(PASSES[owner], "run", wrong)
    name, kind = CHANGED[switch]
    with pytest.raises(AssertionError, match="Not equal"):
        check(subject_of(BY_NAME[name]), kind, {"all passes": ALL})


def _halved(region: Region) -> Region:
    """A region in which each number that is put into an array or added to it is half as large."""
    half = Symbols()
    ops: list[Op] = []
    for op in region.ops:
        op = map_regions(op, _halved)
        if op.prim in (PUT, ADD_AT) and op.args[1].type.is_scalar and op.args[1].type.is_float:
            builder = Builder(half)
            number = builder.const(0.5, op.args[1].type.dtype)
            value = builder.emit(MUL, (op.args[1], number))
            ops += builder.ops
            op = replace(op, args=(op.args[0], value, *op.args[2:]))
        ops.append(op)
    return Region(region.params, tuple(ops), region.yields)


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


#: Found by the run of everything: an array that nothing but its place is needed of has a name.
FOUND = [("containers.list_of_rows_that_grows", "rows", "dce")]


@pytest.mark.parametrize(("name", "kind", "switch"), FOUND)
def test_what_the_run_of_everything_found(name: str, kind: str, switch: str) -> None:
    check(subject_of(BY_NAME[name]), kind, {f"without {switch}": WITHOUT[switch]})

"""A bounded run over random Python programs; `make fuzz N=10000` does more."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz import property as checked
from tests.fuzz.property import WrongError, check_program
from tests.fuzz.run import Tally, report, run_lot
from tests.generators.python_programs import PythonProgram, forget, python_programs

PROGRAMS = 100

KINK = """\
def program(x, y, v, w, a, k):
    s = x
    for i in range(len(v)):
        if s > x + i:
            s = 2.0 * s
        s = s + 0.5 * v[i]
    return s if x > {tie} else 3.0 * x
"""


def at(source: str) -> PythonProgram:
    return PythonProgram(source, (3, 2), 2, 0)


def test_random_programs():
    outcomes: Counter[str] = Counter()

    @settings(
        max_examples=PROGRAMS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(python_programs())
    def run(program: PythonProgram) -> None:
        outcomes[check_program(program, text=sum(outcomes.values()) % 5 == 0)] += 1

    run()
    assert outcomes["right"] > 0.75 * sum(outcomes.values()), outcomes
    assert outcomes["raises"] < 0.05 * sum(outcomes.values()), outcomes
    assert outcomes["not settled"] < 0.05 * sum(outcomes.values()), outcomes


def test_a_program_is_checked_compiled():
    source = KINK.format(tie="-9.0")
    assert check_program(at(source), text=True, compiled=True) == "right"


def test_differences_across_a_tie_do_not_settle():
    x = at(KINK.format(tie="0")).arguments()[0]
    assert check_program(at(KINK.format(tie=repr(x)))) == "not settled"


def test_a_wrong_value_is_noticed(monkeypatch):
    true = checked.evaluate
    monkeypatch.setattr(checked, "evaluate", lambda *given: tuple(r + 1e-6 for r in true(*given)))
    with pytest.raises(WrongError, match="value"):
        check_program(at(KINK.format(tie="-9.0")))


def test_a_wrong_tangent_is_noticed(monkeypatch):
    # the two modes still agree with each other
    monkeypatch.setattr(checked._Check, "derivatives", _halved(checked._Check.derivatives))
    with pytest.raises(WrongError, match="forward mode"):
        check_program(at(KINK.format(tie="-9.0")), text=False)


def _halved(derivatives):
    def run(self, *given):
        along = self.along
        self.along = lambda step: 0.5 * np.asarray(along(step))
        return derivatives(self, *given)

    return run


def test_a_wrong_program_is_shrunk_and_shown(monkeypatch):
    def refuse(program, text, compiled):
        if "for " in program.source:
            raise WrongError("a loop")
        return "right"

    monkeypatch.setattr("tests.fuzz.run.check_program", refuse)
    tally = Tally()
    found = run_lot(tally, 3, 200)
    assert found is not None
    assert "a loop" in found
    assert len(found.splitlines()) < 20
    assert sum(tally.counts.values()) > 0
    assert "1 wrong" in report(tally, 1, 2.0)


def test_the_source_is_let_go_of():
    import linecache

    function = at(KINK.format(tie="-9.0")).function()
    assert function.__code__.co_filename in linecache.cache
    forget(function)
    assert function.__code__.co_filename not in linecache.cache

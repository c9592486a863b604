"""A bounded run over random Python programs; `make fuzz N=10000` does more."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from tests.fuzz import property as checked
from tests.fuzz.property import WrongError, check_program
from tests.fuzz.reduce import reduced
from tests.fuzz.run import Tally, failure_of, report, run
from tests.generators.python_programs import (
    PythonProgram,
    forget,
    python_programs,
    random_program,
)

PROGRAMS = 50
SEEDED = 60
# Of these every function that can be one is a routine of its own.
SHARED = 40
# Loops over arrays, and every text of theirs.
NUMERICAL = 12

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
        outcomes[check_program(program, text=sum(outcomes.values()) % 10 == 0)] += 1

    run()
    for seed in range(SEEDED):
        outcomes[check_program(random_program(seed), text=seed % 10 == 0)] += 1
    for seed in range(SEEDED, SEEDED + SHARED):
        outcomes[check_program(random_program(seed), text=seed % 10 == 0, shared=True)] += 1
    for seed in range(NUMERICAL):
        program = random_program(seed, numerical=True)
        outcomes[check_program(program, text=True, thorough=True)] += 1
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


def test_a_wrong_program_is_made_small_and_shown(monkeypatch):
    def refuse(program, *given, **options):
        if "while " in program.source:
            raise WrongError("a loop: 1.5")
        return "right"

    monkeypatch.setattr("tests.fuzz.run.check_program", refuse)
    tally = Tally()
    found = run(tally, range(40, 70), shrink=20.0)
    assert 0 < len(found) == tally.counts["wrong"] < 30
    assert "a loop" in found[0]
    assert len(found[0].splitlines()) < 12
    assert "right" in report(tally, 2.0)


def test_what_is_left_still_fails_in_the_same_way():
    source = KINK.format(tie="-9.0").replace("return s", "y = np.array([1, 2]) @ v\n    return s")
    program = PythonProgram(source, (3, 2), 2, 0)
    small = reduced(program, lambda each: "2.0 * s" in each.source, seconds=20.0)
    assert small.source.split("\n")[1:] == ["    s = 2.0 * s", ""]


def test_a_program_that_does_not_end_is_no_failure(monkeypatch):
    monkeypatch.setattr("tests.fuzz.run.LONGEST", 1)
    assert (
        failure_of(at("def program(x, y, v, w, a, k):\n    while True:\n        x = y\n")) is None
    )


def test_a_seed_gives_one_program():
    assert repr(random_program(7)) == repr(random_program(7)) != repr(random_program(8))


def test_nested_derivatives_are_complex_steps_in_python():
    source = "def program(x, y, v, w, a, k):\n    return grad(lambda z: z ** 3 * x)(y)\n"
    function = at(source).function()
    assert function(2.0, 0.5, None, None, None, 0) == pytest.approx(1.5, rel=1e-15)
    assert check_program(at(source)) == "right"


def test_overlapping_arguments_are_refused_where_they_matter():
    written = "def program(x, y, v, w, a, k):\n    v[0] = x\n    return w\n"
    read = "def program(x, y, v, w, a, k):\n    return v * w * x\n"
    overlapping = {"sizes": (3, 2), "steps": 1, "seed": 0, "overlap": "w = v[::-1]"}
    assert check_program(PythonProgram(written, **overlapping)) == "refused (AliasingError)"
    assert check_program(PythonProgram(read, **overlapping)) == "right"
    assert check_program(at(written)) == "right"


def test_arguments_that_are_one_array_move_together():
    written = "def program(x, y, v, w, a, k):\n    v[0] = x * w[1]\n    return v * w\n"
    same = {"sizes": (3, 2), "steps": 1, "seed": 0, "overlap": "w is v"}
    program = PythonProgram(written, **same)
    assert check_program(program, text=True) == "right"


def test_functions_that_call_themselves_are_part_of_the_text():
    source = """\
def program(x, y, v, w, a, k):
    def again(u, j):
        if j <= 0:
            return 0.5
        return again(u, j - 1)
    return x * again(y, k)
"""
    assert check_program(at(source), text=True) == "right"


def test_the_source_is_let_go_of():
    import linecache

    function = at(KINK.format(tie="-9.0")).function()
    assert function.__code__.co_filename in linecache.cache
    forget(function)
    assert function.__code__.co_filename not in linecache.cache

"""Random programs to second and third order, in all combinations of modes."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.fuzz import orders
from tests.fuzz.orders import check_orders
from tests.fuzz.property import WrongError
from tests.generators.python_programs import PythonProgram, random_program

SMOOTH = "def program(x, y, v, w, a, k):\n    return np.sin(x * y) * v, np.exp(-x * x)\n"
KINK = "def program(x, y, v, w, a, k):\n    return abs(x - {tie}) * x\n"


def at(source: str) -> PythonProgram:
    return PythonProgram(source, (3, 2), 1, 5)


def test_random_programs():
    outcomes = Counter(check_orders(random_program(seed), seed % 10 == 0) for seed in range(60))
    assert outcomes["right"] >= 50, outcomes


def test_a_program_with_every_order():
    assert check_orders(at(SMOOTH), third=True) == "right"


def test_a_kink_does_not_settle():
    x = at(KINK.format(tie="0")).arguments()[0]
    assert check_orders(at(KINK.format(tie=repr(x)))) == "not settled"


def test_a_mode_that_differs_is_noticed(monkeypatch):
    true = orders.Swept.pulled

    def wrong(self, weights):
        made = true(self, weights)
        values = made.values
        made.values = lambda point=None: [1.001 * np.asarray(each) for each in values(point)]
        return made

    monkeypatch.setattr(orders.Swept, "pulled", wrong)
    with pytest.raises(WrongError, match="the modes disagree: forward over forward"):
        check_orders(at(SMOOTH))


def test_modes_that_are_wrong_together_are_noticed(monkeypatch):
    true = orders._next

    def doubled(*given):
        return [(name, 2.0 * number) for name, number in true(*given)]

    monkeypatch.setattr(orders, "_next", doubled)
    with pytest.raises(WrongError, match=r"second order: .* where .* is right"):
        check_orders(at(SMOOTH))

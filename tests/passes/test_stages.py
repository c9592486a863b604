"""Loops over one array after the other become one loop; see the modules `anew` and `stages`."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradc.driver import READ, run_passes
from gradc.ir.control import FOR
from gradc.ir.core import Function
from gradc.ir.walk import all_ops
from gradc.passes.anew import MakeAnew
from gradc.passes.base import Context
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.stages import JoinStages
from gradc.passes.stores import StoresLast
from tests.passes.helpers import check, parse, unchanged
from tests.zoo import CASES, switches
from tests.zoo.case import Case
from tests.zoo.switches import ALL, subject_of

STEPS = """
    def f(y0: f64[n], h: f64, steps: i64(steps)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        n: i64(n) = dim(y0, axis=0)
        {made}
        with for_(lo, steps, one, {inits}) as (s, {params},):
            s: i64(s)
            {anew}
            c: f64 = get(y, lo, spec=('at',))
            k_1: f64[n] = put(k, c, lo, spec=('at',))
            with for_(one, n, one, k_1) as (i, k_2,):
                i: i64(i)
                p: i64(p) = sub(i, one)
                y_p: f64 = get(y, p, spec=('at',))
                v: f64 = exp(y_p)
                k_3: f64[n] = put(k_2, v, i, spec=('at',))
                yield_(k_3)
            k_4: f64[n] = outs()
            with for_(one, n, one, y) as (j, y_1,):
                j: i64(j)
                k_j: f64 = get(k_4, j, spec=('at',))
                w: f64 = mul(h, k_j)
                y_2: f64[n] = put(y_1, w, j, spec=('at',))
                yield_(y_2)
            y_3: f64[n] = outs()
            yield_({yields})
        {outs} = outs()
        return (y_4,)
"""
CARRIED = STEPS.format(
    made="k_0: f64[n] = zeros(n, dtype='f64')",
    inits="y0, k_0",
    params="y, k",
    anew="",
    yields="y_3, k_4",
    outs="y_4: f64[n]; k_5: f64[n]",
)
ANEW = STEPS.format(
    made="",
    inits="y0",
    params="y",
    anew="k: f64[n] = empty(n, dtype='f64')",
    yields="y_3",
    outs="y_4: f64[n]",
)
JOINED = """
    def f(y0: f64[n], h: f64, steps: i64(steps)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        n: i64(n) = dim(y0, axis=0)
        with for_(lo, steps, one, y0) as (s, y,):
            s: i64(s)
            y_at: f64 = get(y, lo, spec=('at',))
            with for_(one, n, one, y, y_at) as (i, y_1, y_before,):
                i: i64(i)
                y_at_1: f64 = get(y_1, i, spec=('at',))
                k: f64 = exp(y_before)
                w: f64 = mul(h, k)
                y_2: f64[n] = put(y_1, w, i, spec=('at',))
                yield_(y_2, y_at_1)
            y_3: f64[n]; y_before_1: f64 = outs()
            yield_(y_3)
        y_4: f64[n] = outs()
        return (y_4,)
"""


def test_a_work_array_is_made_in_the_step():
    check(CARRIED, ANEW, MakeAnew(), CommonSubexpressions(), DeadCode(), names=False)


def test_two_loops_become_one():
    check(ANEW, JOINED, JoinStages(), names=False)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return (y_4,)", "return (k_5,)"),
        ("put(k, c, lo,", "add_at(k, c, lo,"),
        ("y_p: f64 = get(y, p,", "y_p: f64 = get(k_2, p,"),
        ("c: f64 = get(y, lo,", "c: f64 = get(k, lo,"),
        ("with for_(one, n, one, k_1)", "with for_(one, n, s, k_1)"),
    ],
    ids=["is a result", "is added to", "reads itself", "reads the old one", "has another step"],
)
def test_arrays_that_are_handed_on(old: str, new: str):
    assert old in CARRIED
    unchanged(CARRIED.replace(old, new), MakeAnew())


def test_elements_that_are_not_filled_may_not_be_read():
    late = CARRIED.replace("put(k, c, lo,", "put(k, c, one,")
    function = parse(late)  # reads what it has filled
    assert MakeAnew().run(function, Context()) is not function
    unchanged(late.replace("get(k_4, j,", "get(k_4, lo,"), MakeAnew())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("get(k_4, j,", "get(y0, j,"),
        ("p: i64(p) = sub(i, one)", "p: i64(p) = add(i, one)"),
        ("p: i64(p) = sub(i, one)", "p: i64(p) = mul(i, i)"),
        ("with for_(one, n, one, y)", "with for_(one, steps, one, y)"),
        ("with for_(one, n, one, y)", "with for_(steps, n, one, y)"),
        ("yield_(y_3)", "z: f64[n] = mul(k_4, y_3)\n            yield_(z)"),
    ],
    ids=["nothing read", "ahead", "anywhere", "another end", "another start", "all arrays stay"],
)
def test_stages_that_stay_apart(old: str, new: str):
    assert old in ANEW
    unchanged(ANEW.replace(old, new), JoinStages())


def test_iterations_that_may_not_take_place_are_not_done_before():
    """Where nothing says that the arrays have elements, their first ones are not touched."""
    text = ANEW.replace("c: f64 = get(y, lo, spec=('at',))", "c: f64 = mul(h, h)").replace(
        "            k_1: f64[n] = put(k, c, lo, spec=('at',))\n", ""
    )
    unchanged(text.replace("n, one, k_1)", "n, one, k)"), JoinStages())


# -- stores come last --------------------------------------------------------------------------

SHIFTED = """
    def f(x: f64[n], c: f64):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        n: i64(n) = dim(x, axis=0)
        y: f64[n] = empty(n, dtype='f64')
        with for_(lo, n, one, y, c) as (i, y_1, before,):
            i: i64(i)
            y_2: f64[n] = put(y_1, before, i, spec=('at',))
            x_i: f64 = get(x, i, spec=('at',))
            v: f64 = exp(x_i)
            yield_(y_2, v)
        y_3: f64[n]; last: f64 = outs()
        return (y_3, last)
"""


def test_stores_come_after_what_is_handed_on():
    put = "            y_2: f64[n] = put(y_1, before, i, spec=('at',))\n"
    after = SHIFTED.replace(put, "").replace("            yield_", put + "            yield_")
    check(SHIFTED, after.replace("one, y, c)", "one, y, c, stores_last=True)"), StoresLast())


def test_a_sum_and_a_power_leave_stores_where_they_are():
    unchanged(SHIFTED.replace("exp(x_i)", "mul(before, x_i)"), StoresLast())


# -- whole programs ----------------------------------------------------------------------------


def _loops(function: Function) -> int:
    return sum(op.prim is FOR for op in all_ops(function.body))


def _subject(case: Case) -> switches.Subject:
    subject = subject_of(case)
    assert subject is not None
    return subject


@pytest.mark.parametrize(
    ("name", "loops"),
    [
        ("runge_kutta_of_a_chain", 2),
        ("runge_kutta_of_each", 2),
        ("three_behind", 3),
        ("neighbours_on_both_sides", 3),
        ("while_the_work_is_small", 1),
    ],
)
def test_loops_of_a_step(name: str, loops: int):
    case = next(case for case in CASES if case.name == f"steps.{name}")
    assert _loops(run_passes(_subject(case).function, READ)) == loops


class _Program:
    """A random function of steps, as Python text: stages, elements written by themselves."""

    ARRAYS = ("a", "b", "c", "y")

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.lines = ["def f(x, steps):", "    n = len(x)"]
        self.lines += [f"    {name} = 0.5 * x" for name in self.ARRAYS]
        self.lines += ["    for s in range(steps):"]
        for _ in range(self.random.randint(3, 6)):
            self.stage()
        total = " + ".join(f"{k + 1} * {name}" for k, name in enumerate(self.kept()))
        self.lines += [f"    return {total}"]
        self.text = "\n".join(self.lines) + "\n"

    def kept(self) -> list[str]:
        return ["y", *(name for name in "abc" if self.random.random() < 0.1)]

    def stage(self) -> None:
        choose = self.random.choice
        target, start = choose(self.ARRAYS), choose((0, 0, 0, 1, 1, 2))
        for place in range(start if self.random.random() < 0.7 else 0):
            factor = f"{self.random.random():.2f}"
            self.lines.append(f"        {target}[{place}] = x[{place}] * {factor}")
        ahead = self.random.random() < 0.08
        terms = [self.term(start, ahead) for _ in range(self.random.randint(1, 3))]
        how = choose(("=", "=", "+="))
        self.lines.append(f"        for i in range({start}, n{' - 1' if ahead else ''}):")
        self.lines.append(f"            {target}[i] {how} 0.3 * ({' + '.join(terms)})")

    def term(self, start: int, ahead: bool) -> str:
        distance = self.random.randint(-start, 1 if ahead else 0)
        at = "i" if distance == 0 else f"i {'+' if distance > 0 else '-'} {abs(distance)}"
        element = f"{self.random.choice((*self.ARRAYS, 'x'))}[{at}]"
        return self.random.choice((element, f"np.sin({element})", f"x[i] * {element}"))


def test_random_steps(tmp_path: Path):
    """Values and gradients with all passes are those with none, at sizes down to two."""
    joined = 0
    for seed in range(10):
        path = tmp_path / f"steps_{seed}.py"
        path.write_text("import numpy as np\n\n\n" + _Program(seed).text)
        namespace: dict[str, Any] = {}
        exec(compile(path.read_text(), str(path), "exec"), namespace)
        x = np.linspace(-1.0, 1.5, (2, 3, 7)[seed % 3])
        subject = _subject(Case(f"random {seed}", namespace["f"], (x, 2)))
        without = run_passes(subject.function, READ.replace(",stages", "").replace(",anew", ""))
        joined += _loops(run_passes(subject.function, READ)) < _loops(without)
        switches.check(subject, "gradient", {"all passes": ALL})
    assert joined > 1

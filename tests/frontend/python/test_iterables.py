"""Lists, generators and what ``zip`` and its relatives make are read when Python reads them.

Programs make something to loop over, change what it was made of, and use it in one or several
ways. Each has Python's value and derivative, or is refused; refused is no program that uses a list.
"""

import itertools
import linecache

import numpy as np
import pytest

import gradc
from gradc.errors import GradcError

_LISTS = {
    "comprehension": "[a * v * v for v in x]",
    "chosen": "[a * v * v for v in x if v > 0.4]",
    "nested": "[a * v * x[i] for i in range(n) for v in x[:i]]",
    "indices": "[i * a for i in range(n)]",
    "of an array": "list(x)",
    "tolist": "x.tolist()",
    "of a generator": "list(a * v for v in x)",
    "of a map": "list(map(lambda v: a * v, x))",
    "sorted": "sorted(x, key=lambda v: -v * v)",
    "known": "[a * v for v in (x[0], x[1], 2.0)]",
}
_GENERATORS = {
    "generator": "(a * v * v for v in x)",
    "known generator": "(a * v * v for v in (x[0], x[1], 2.0))",
    "map": "map(lambda v: a * v, x)",
    "known map": "map(lambda v: a * v, (x[0], x[1]))",
    "filter": "filter(lambda v: v > 0.4, x)",
}
_ITERATORS = {
    "zip": "(zip(x, y))",
    "known zip": "zip((x[0], a), (x[1], a))",
    "enumerate": "enumerate(x)",
    "reversed": "zip(reversed(x), y)",
}
_CHANGES = {
    "nothing": "pass",
    "values": "a, x[1] = a + 1.5, 3.0 * x[0]",
    "in a branch": "if x[0] > 0.0:\n        a = 5.0\n        x[0] = 0.25",
}
_NUMBERS = {
    "once": "s = sum(made)",
    "twice": "s = sum(made) + 10.0 * sum(made)",
    "loop": "s = 0.0\n    for v in made:\n        s += v * v",
    "loops": "s = 0.0\n    for k in range(2):\n        for v in made:\n            s += v * v",
    "callee": "s = total(made) * a",
    "changed in the loop": "s = 0.0\n    for v in made:\n        s += v * v\n        x[2] = a = s",
    "largest": "s = max(made) * min(made) if a < 2.2 else x[0]",
    "in both arms": "s = sum(made) if x[0] > 0.3 else 2.0 * sum(made)",
    "array": "s = np.array([w * w for w in made]).sum()",
}
_PAIRS = {
    "once": "s = sum(p * q for p, q in made)",
    "twice": "s = sum(p * q for p, q in made) + 10.0 * sum(p * q for p, q in made)",
    "loop": "s = 0.0\n    for p, q in made:\n        s += p * q",
    "loops": "s = 0.0\n    for k in range(2):\n        for p, q in made:\n            s += p * q",
    "in both arms": "s = a\n    if x[0] > 0.3:\n        for p, q in made:\n            s += p * q\n"
    "    else:\n        for p, q in made:\n            s -= p * q",
    "in one arm": "s = a\n    if x[0] > 0.3:\n        for p, q in made:\n            s += p * q\n"
    "    for p, q in made:\n        s += p * q",
}
_PROGRAM = """
def total(items):
    a = 3.0
    s = 0.0
    for item in items:
        s += item * a
    return s


def f(x, y, n):
    x = x.copy()
    a = 2.0
    made = {made}
    {change}
    {use}
    return s + a * x[1]
"""
_ARGS = (np.array([0.5, -0.25, 0.75, 1.25]), np.array([1.5, 0.5, -1.0, 2.0]), 4)


def _programs(kinds, uses):
    found = []
    for (kind, made), (how, use) in itertools.product(kinds.items(), uses.items()):
        changes = _CHANGES if how not in ("largest", "array") else {"nothing": "pass"}
        for change in changes.items():
            text = _PROGRAM.format(made=made, change=change[1], use=use)
            found.append(pytest.param(text, id=f"{kind}, {change[0]}, {how}"))
    return found


def _function(text):
    linecache.cache["made.py"] = (len(text), None, text.splitlines(keepends=True), "made.py")
    names = {"np": np, "__name__": "made"}
    exec(compile(text, "made.py", "exec"), names)
    return names["f"]


def _check(text, refused):
    function = _function(text)
    x, y, n = _ARGS
    try:
        value, (x_bar, y_bar) = gradc.value_and_grad(function, argnums=(0, 1), target="python")(
            *_ARGS
        )
    except GradcError:
        assert refused
        return
    assert value == pytest.approx(function(*_ARGS), rel=1e-14)
    step = 1e-6
    for given, bar in ((x, x_bar), (y, y_bar)):
        for k in range(n):
            moved = []
            for sign in (1.0, -1.0):
                other = given.copy()
                other[k] += sign * step
                moved.append(function(*(other if each is given else each for each in _ARGS)))
            assert bar[k] == pytest.approx((moved[0] - moved[1]) / (2 * step), rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("text", _programs(_LISTS, _NUMBERS))
def test_lists_are_made_once(text):
    _check(text, refused=False)


@pytest.mark.parametrize("text", _programs(_GENERATORS, _NUMBERS))
def test_generators_are_right_or_refused(text):
    _check(text, refused=True)


@pytest.mark.parametrize("text", _programs(_ITERATORS, _PAIRS))
def test_iterators_are_right_or_refused(text):
    _check(text, refused=True)

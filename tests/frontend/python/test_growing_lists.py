"""Lists that change their length, or items at computed places, while a program runs.

The programs of `_program` are made at random: appends, pops, assignments, aliases, copies, loops,
branches and jumps. Each has Python's value and derivative, Python's exception, or is refused.
"""

import linecache
import random

import numpy as np
import pytest

import gradc
from gradc.errors import GradcError, InternalError
from tests.generators.list_programs import program

_ARGS = (np.array([0.5, -0.25, 0.75, 1.25]), np.array([1.5, 0.5, -1.0, 2.0]), 4)
_ERRORS = (IndexError, ValueError, ZeroDivisionError)
_GROUPS, _EACH = 8, 12


def _function(text, name="f"):
    linecache.cache["made.py"] = (len(text), None, text.splitlines(keepends=True), "made.py")
    names = {"np": np, "__name__": "made"}
    exec(compile(text, "made.py", "exec"), names)
    return names[name]


def _tried(function, args):
    copies = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
    try:
        return function(*copies)
    except InternalError:
        raise
    except GradcError:
        return None
    except _ERRORS as error:
        # what a list is carried in has one length
        return None if "changes in the loop" in str(error) else type(error)


def _slope(function, args, which, place):
    """An extrapolated difference; None where the program branches another way or has a kink."""
    found, middle = [], _tried(function, args)
    for step in (1e-5, 2e-5):
        moved = []
        for sign in (1.0, -1.0):
            other = [arg.copy() if isinstance(arg, np.ndarray) else arg for arg in args]
            other[which][place] += sign * step
            moved.append(_tried(function, other))
        if any(isinstance(value, type) for value in moved):
            return None
        ahead, back = (moved[0] - middle) / step, (middle - moved[1]) / step
        if abs(ahead - back) > 1e-3 * max(1.0, abs(ahead)):
            return None  # extrema of equal items, say, which share their cotangent
        found.append((moved[0] - moved[1]) / (2 * step))
    settled = abs(found[0] - found[1]) < 1e-4 * max(1.0, abs(found[0]))
    return (4.0 * found[0] - found[1]) / 3.0 if settled else None


def check(text):
    """Compare a program with Python; returns whether it was refused."""
    function = _function(text)
    wanted = _tried(function, _ARGS)
    if not isinstance(wanted, type) and not abs(wanted) < 1e6:
        return False
    made = _tried(gradc.value_and_grad(function, argnums=(0, 1), target="python"), _ARGS)
    if made is None:
        return True
    if isinstance(wanted, type) or isinstance(made, type):
        assert made == wanted, text
        return False
    value, bars = made
    assert value == pytest.approx(wanted, rel=1e-11, abs=1e-11), text
    for which, bar in enumerate(bars):
        for place in range(_ARGS[2]):
            slope = _slope(function, _ARGS, which, place)
            assert slope is None or bar[place] == pytest.approx(slope, rel=1e-5, abs=1e-5), text
    return False


@pytest.mark.parametrize("group", range(_GROUPS))
def test_random_programs(group):
    with np.errstate(all="ignore"):
        refused = [check(program(random.Random(f"{group}.{number}"))) for number in range(_EACH)]
    assert sum(refused) <= 0.75 * _EACH


_PROGRAMS = {
    "squares": "out = []\nfor v in x:\n    out.append(v * v)\nreturn sum(out) * len(out)",
    "some": "out = []\nfor v in x:\n    if v > 0:\n        out.append(v ** 3)\n"
    "return sum(out) * len(out)",
    "pairs": "d = []\nfor i in range(n):\n    for j in range(i + 1, n):\n"
    "        d.append((x[i] - x[j]) ** 2)\nreturn max(d) + d[-1] + d[2] * d[len(d) - 2]",
    "history": "h = [1.0]\nk = 0\nwhile k < n:\n    h.append(h[-1] * (1.0 + x[k] ** 2))\n"
    "    k += 1\nreturn h[-1] * h[2]",
    "newton": "e = []\nfor v in x * x:\n    y_ = 1.0\n    while abs(y_ * y_ - v) > 1e-9:\n"
    "        e.append(abs(y_ * y_ - v))\n        y_ = 0.5 * (y_ + v / y_)\nreturn sum(e)",
    "season": "s = [0.0] * 3\nt = 0.0\nfor k, v in enumerate(x):\n    t += (v - s[k % 3]) ** 2\n"
    "    s[k % 3] = 0.4 * v + 0.6 * s[k % 3]\nreturn t",
    "table": "c = [0.0] * n\nfor i in range(n):\n    for j in range(i + 1):\n"
    "        c[j] += x[i] * x[j]\nreturn c[0] * c[-1]",
    "rows": "last = [0.0] * n\nfor v in y:\n    row = [v * w for w in x]\n"
    "    for j in range(1, n):\n        row[j] += row[j - 1] * last[j]\n    last = row\n"
    "return last[-1] + last[1]",
    "swap": "a = [v * 1.0 for v in x]\nb = [v * 2.0 for v in y]\nfor k in range(n):\n"
    "    a[k] = b[k] * a[k - 1]\n    a, b = b, a\nreturn sum(a) * b[0]",
    "stack": "s = []\nt = 0.0\nfor v in x:\n    s.append(v)\n    if len(s) > 2:\n"
    "        p = s.pop()\n        s.append(p * s.pop())\nwhile s:\n    t = t * 0.5 + s.pop()\n"
    "return t",
    "break": "s = []\nfor v in x:\n    if v > 1.0:\n        break\n    s.append(v * v)\n"
    "else:\n    s.append(1.0)\nreturn np.mean(s) if s else 0.0",
    "extended": "s = [x[0]]\ns.extend(x)\ns += [v * 2 for v in y]\ns.append(3.0)\n"
    "return np.prod(s)",
    "joined": "s = [v * v for v in x] + [1.0, y[0]]\nreturn np.dot(s, s)",
    "path": "p = np.zeros(2)\nout = [p]\nfor v in x:\n    p = p + v * np.arange(2.0)\n"
    "    out.append(p)\na = np.array(out)\nreturn np.sum(a[1:] * a[:-1])",
    "rows of a matrix": "m = np.outer(x, y)\nout = []\nfor i in range(n):\n"
    "    out.append(m[i] * x[i])\nreturn np.sum(np.stack(out) ** 2)",
    "two lists": "a = []\nb = []\nfor k in range(n):\n    (a if k < 2 else b).append(x[k])\n"
    "return sum(u * w for u, w in zip(a, b))",
}
_REFUSED = ("two lists",)  # which list it is is known at run time only


@pytest.mark.parametrize("name", _PROGRAMS)
def test_programs_are_taken(name):
    body = "\n".join("    " + line for line in _PROGRAMS[name].splitlines())
    assert check(f"def f(x, y, n):\n{body}\n") == (name in _REFUSED)


def test_a_loop_over_appends_has_no_tape_and_no_check():
    def squares(x):
        out = []
        for v in x:
            out.append(v * v)  # noqa: PERF401
        return np.sum(np.array(out) ** 2)

    gradient = gradc.grad(squares, target="python")
    assert gradient(np.array([1.0, 2.0])) == pytest.approx([4.0, 32.0])
    assert "tape" not in gradient.source
    assert "wrap" not in gradient.source
    assert "out[" in gradient.source


def test_compiled():
    def chosen(x):
        kept = []
        for v in x:
            if v > 0.0:
                kept.append(np.sin(v))  # noqa: PERF401
        return sum(kept) * len(kept)

    x = np.array([0.5, -1.0, 2.0])
    value, bar = gradc.value_and_grad(chosen)(x)
    assert value == pytest.approx(chosen(x))
    assert bar == pytest.approx([2.0 * np.cos(0.5), 0.0, 2.0 * np.cos(2.0)])


@pytest.mark.parametrize(
    ("write", "wanted"),
    [("parts[0] *= 2.0", [2.0, 1.0]), ("parts[-1] += x[0]", [2.0, 1.0])],
)
def test_an_array_in_a_list_is_changed_in_place(write, wanted):
    text = (
        "def f(x):\n    x = x.copy()\n    parts = [x[:1], x[1:]]\n"
        f"    {write}\n    return x.sum()\n"
    )
    function = _function(text)
    x = np.array([3.0, 4.0])
    value, bar = gradc.value_and_grad(function, target="python")(x)
    assert value == function(x)
    assert bar == pytest.approx(wanted)


def test_what_is_appended_is_not_written_to():
    text = (
        "def f(x, n):\n    x = x.copy()\n    path = []\n    for i in range(n):\n"
        "        path.append(x)\n        x[0] += 1.0\n    return np.sum(np.array(path))\n"
    )
    with pytest.raises(gradc.AliasingError, match=r"made\.py:6:9: `x` may be"):
        gradc.grad(_function(text), target="python")(np.ones(2), 3)


def test_pop_from_an_empty_list():
    text = (
        "def f(x, n):\n    s = [v for v in x]\n"
        "    for k in range(n):\n        s.pop()\n    return x[0]\n"
    )
    with pytest.raises(IndexError, match="pop from empty list"):
        gradc.grad(_function(text), target="python")(np.ones(2), 3)

"""Functions that are called at several places are compiled once, where that is smaller."""

from __future__ import annotations

import numpy as np

from gradc.ir.printer import to_text
from gradc.ir.routines import routines_of
from gradc.passes.base import Context
from gradc.passes.sharing import ShareCalls
from tests.passes.sharing import ALL, V, calls, heads, lowered, shared, wave

# -- what is made -------------------------------------------------------------------------------


def test_one_function_for_calls_with_other_arguments():
    def f(x, y):
        return wave(x, y, 0.5) + wave(y, x, 1.5) * wave(x * y, y, 0.5)

    made = shared(f, 0.3, 0.7)
    assert heads(made) == ["def wave(a: f64, b: f64, c: f64):", "def f(x: f64, y: f64):"]
    assert calls(made) == 3


def test_a_constant_that_all_calls_have_stays_in_the_function():
    def f(x, y):
        return wave(x, y, 0.5) + wave(y, x, 0.5)

    made = shared(f, 0.3, 0.7)
    assert heads(made)[0] == "def wave(a: f64, b: f64):"
    assert "const(dtype='f64', value=0.5)" in to_text(made).split("def f")[0]


def test_a_function_that_is_small_or_called_once_stays_in_place():
    def f(x, y):
        return wave(x, y, 0.5) + wave(y, x, 1.5)

    function = lowered(f, 0.3, 0.7)
    assert ShareCalls().run(function, Context()) is function
    assert ShareCalls(least=1, sites=3).run(function, Context()) is function

    def once(x, y):
        return wave(x, y, 0.5)

    function = lowered(once, 0.3, 0.7)
    assert ShareCalls(least=1).run(function, Context()) is function
    assert calls(shared(once, 0.3, 0.7, how=ALL)) == 1


def test_what_calls_others_is_shared_first_and_these_within_it():
    def outer(a, b):
        return wave(a, b, 0.5) + wave(b, a, 0.5) * wave(a, a, 0.5)

    def f(x, y):
        return outer(x, y) * outer(y, x * y) + wave(x, y, 0.5)

    made = shared(f, 0.3, 0.7)
    assert [head.split("(")[0] for head in heads(made)] == ["def wave", "def outer", "def f"]
    assert calls(made) == 3
    (outer_routine,) = [each for each in routines_of(made) if each.name == "outer"]
    assert calls(outer_routine.function) == 3


def test_what_is_called_by_one_shared_function_only_stays_in_it():
    def outer(a, b):
        return wave(a, b, 0.5) + a * b

    def f(x, y):
        return outer(x, y) * outer(y, x * y)

    assert [each.name for each in routines_of(shared(f, 0.3, 0.7))] == ["outer"]


def test_arrays_and_loops():
    def energy(w, v, c):
        total = 0.0
        for i in range(len(v)):
            total += np.tanh(w * v[i]) * c
        return total, v * total

    def f(x, y, v):
        a, b = energy(x, v, 0.5)
        c, d = energy(y, b, 1.5)
        return a * c + np.sum(d * b)

    made = shared(f, 0.3, 0.7, V)
    assert heads(made)[0] == "def energy(w: f64, v: f64[n], c: f64):"
    # a return of an array of the size of an argument
    assert "return (total" in to_text(made).split("def f")[0]


def test_sizes_that_follow_from_others_are_handed_on():
    def ends(v, c):
        w = v[1:] * c + v[:-1]
        return w * np.sin(w)

    def f(v, x):
        return np.sum(ends(v, x)) + np.sum(ends(v * x, 2.0))

    made = shared(f, V, 0.3, how=ALL)
    assert calls(made) == 2


def test_calls_in_a_loop_and_in_a_branch():
    def f(x, v):
        s = x
        for i in range(len(v)):
            s = wave(s, v[i], 0.5)
            if v[i] > 0.1:
                s = s + wave(v[i], s, 0.5)
        return s

    made = shared(f, 0.3, V)
    assert calls(made) == 2


def test_a_recursion_inside():
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    def smooth(x, n):
        return np.sin(power(x, n)) * x + np.cos(x)

    def f(x, n):
        return smooth(x, n) * smooth(2.0 * x, n)

    made = shared(f, 0.3, 4)
    assert [each.name for each in routines_of(made)] == ["power", "smooth"]


# -- what stays in place ------------------------------------------------------------------------


def test_writes_to_an_argument():
    def step(v, c):
        v[0] = np.sin(v[1]) * c
        return v[0] * c

    def f(v):
        w = v * 2.0
        return step(w, 0.5) + step(w, 1.5) + np.sum(w)

    assert calls(shared(f, V)) == 0
    assert calls(shared(f, V, how="share{least=1,copies=true}")) == 2


def test_a_part_of_an_argument_returned():
    def rest(v, c):
        return v[1:], np.sin(c) * c + np.cos(c)

    def f(v, x):
        a, b = rest(v, x)
        c, d = rest(v * b, 2.0 * x)
        return np.sum(a) * d + np.sum(c)

    made = shared(f, V, 0.3)
    # the parts are read before the calls
    assert calls(made) == 2
    assert heads(made)[0] == "def rest(c: f64):"


def test_elements_of_an_array_that_is_differentiated_are_read_before_the_call():
    # the derivative of the call would make a whole array for each of them
    def force(p, t):
        return np.sin(p[0] * t) * p[1] + np.exp(-t * p[2])

    def f(p, v):
        s = 0.0
        for i in range(len(v)):
            s += force(p, v[i]) * force(p, 0.5 * v[i])
        return s

    made = shared(f, V, V)
    assert calls(made) == 2
    assert "f64[" not in heads(made)[0]


def test_elements_read_under_a_condition_in_a_loop():
    def force(p, t):
        return np.sin(p[0] * t) * p[1] if t > 0.1 else np.cos(t) * p[2]

    def f(p, v):
        s = 0.0
        for i in range(len(v)):
            s += force(p, v[i]) * force(p, 0.5 * v[i])
        return s

    def outside(p, x):
        return force(p, x) * force(p, 0.5 * x)

    assert calls(shared(f, V, V)) == 0
    assert calls(shared(outside, V, 0.4)) == 2


def test_functions_that_differ_by_the_types_of_arguments():
    def mixed(a, b):
        return np.sin(a) * b + np.cos(b) * np.sum(a)

    def f(x, v):
        return mixed(x, x) + np.sum(mixed(v, x)) + mixed(2.0 * x, x)

    made = shared(f, 0.3, V)
    assert [each.name for each in routines_of(made)] == ["mixed"]
    assert calls(made) == 2

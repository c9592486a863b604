"""Rows of tapes begin at lines of the cache, where nobody sees them."""

from __future__ import annotations

import numpy as np

import gradc
from gradc.passes.whole_lines import WholeLines
from gradc.prims.evaluate import evaluate
from tests.passes.helpers import check, unchanged

FILLED = """
    def f(x: f64[n], n: i64(n), m: i64(m)):
        zero: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        z: f64 = const(dtype='f64', value=0.0)
{made}
        with for_(zero, m, one, t) as (i, t_1):
            i: i64(i)
            with for_(zero, n, one, t_1) as (j, t_2):
                j: i64(j)
                v: f64 = get(x, j, spec=('at',))
                t_3: f64[m, {row}] = put(t_2, v, i, j, spec=('at', 'at'), inplace=True)
                yield_(t_3)
            t_4: f64[m, {row}] = outs()
            yield_(t_4)
        t_5: f64[m, {row}] = outs()
        with for_(zero, m, one, z) as (k, s):
            k: i64(k)
            w: f64 = get(t_5, k, zero, spec=('at', 'at'))
            s_1: f64 = add(s, w)
            yield_(s_1)
        s_2: f64 = outs()
        return ({results},)
"""
SHORT = FILLED.replace("{row}", "n").replace(
    "{made}", "        t: f64[m, n] = empty(m, n, dtype='f64')"
)
LONG = FILLED.replace("{row}", "room").replace(
    "{made}",
    """        neg: i64(neg) = neg(n)
        c: i64(8) = const(dtype='i64', value=8)
        mod: i64(mod) = mod(neg, c)
        c_1: i64(16) = const(dtype='i64', value=16)
        floordiv: i64(floordiv) = floordiv(n, c_1)
        imin: i64(imin) = imin(mod, floordiv)
        room: i64(room) = add(n, imin)
        t: f64[m, room] = empty(m, room, dtype='f64', lines=True)""",
)


def test_rows_get_longer():
    made = check(SHORT.format(results="s_2"), LONG.format(results="s_2"), WholeLines())
    x = np.arange(1.0, 131.0)
    assert evaluate(made, [x, 130, 3]) == (3.0,)


def test_what_is_returned_stays_as_it_is():
    unchanged(SHORT.format(results="s_2, t_5"), WholeLines())


def test_what_is_used_as_a_whole_stays_as_it_is():
    text = SHORT.format(results="s_2, r").replace(
        "        return", "        r: f64[n] = get(t_5, zero, spec=('at', 'all'))\n        return"
    )
    unchanged(text, WholeLines())


def test_nothing_happens_before_updates_are_in_place():
    unchanged(SHORT.format(results="s_2").replace(", inplace=True", ""), WholeLines())


def test_gradients_of_recorded_rows():
    def steps(x, n):
        y = x.copy()
        for _ in range(n):
            before = 0.0
            for i in range(len(x)):
                now = np.sin(y[i] + 0.3 * before)
                y[i] = now
                before = now * x[i]
        return np.sum(y)

    gradient = gradc.grad(steps)
    for size in (1, 17, 130):
        x = np.linspace(0.1, 1.0, size)
        gradient.check(x, 3)
    assert "// 16" in gradient.derivative_for((x, 3), {})[1].compiled.kernel_text

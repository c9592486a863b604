"""Counters from indices, rows written where they belong, arrays made before loops."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import gradc
from gradc.driver import run_passes
from gradc.ir.control import FOR, WHILE
from gradc.ir.printer import to_text
from gradc.ir.walk import all_ops
from gradc.passes.direct_rows import DirectRows
from gradc.passes.first_writes import FirstWrites
from gradc.passes.induction import Induction
from gradc.passes.skip_zeros import SkipZeros
from gradc.passes.workspace import Workspace
from gradc.prims.evaluate import evaluate
from tests.passes.helpers import check, parse, unchanged

COUNTED = """
def f(a: f64[m], n: i64(n), k: i64(k)):
    one: i64(1) = const(value=1, dtype='i64')
    zero: f64 = const(value=0.0, dtype='f64')
    with for_(k, n, one, k, zero) as (j, place, s):
        j: i64(j)
        place: i64(place)
        v: f64 = get(a, place, spec=('at',))
        s1: f64 = add(s, v)
        next: i64(next) = add(place, one)
        yield_(next, s1)
    last: i64(last); total: f64 = outs()
    return (total, last)
"""


def test_a_counter_is_computed_from_the_index():
    check(
        COUNTED,
        """
        def f(a: f64[m], n: i64(n), k: i64(k)):
            one: i64(1) = const(value=1, dtype='i64')
            zero: f64 = const(value=0.0, dtype='f64')
            with for_(k, n, one, zero) as (j, s):
                j: i64(j)
                offset: i64(offset) = sub(j, k)
                place: i64(place) = add(k, offset)
                v: f64 = get(a, place, spec=('at',))
                s1: f64 = add(s, v)
                next: i64(next) = add(place, one)
                yield_(s1)
            total: f64 = outs()
            count: i64(count) = trip(k, n, one)
            last: i64(last) = add(k, count)
            return (total, last)
        """,
        Induction(),
        names=False,
    )


def test_what_grows_by_something_else_each_time_stays_carried():
    unchanged(COUNTED.replace("add(place, one)", "add(place, j)"), Induction())


ROWS = """
def f(n: i64(n), m: i64(m), x: f64):
    lo: i64(0) = const(value=0, dtype='i64')
    one: i64(1) = const(value=1, dtype='i64')
    all: f64[n, m] = empty(n, m, dtype='f64')
    with for_(lo, n, one, all) as (i, a):
        i: i64(i)
        row: f64[m] = empty(m, dtype='f64')
        with for_(lo, m, one, row) as (j, r):
            j: i64(j)
            {read}
            r1: f64[m] = put(r, v, j, spec=('at',))
            yield_(r1)
        r2: f64[m] = outs()
        a1: f64[n, m] = put(a, r2, i, spec=('at', 'all'))
        yield_(a1)
    a2: f64[n, m] = outs()
    return (a2,)
"""


def test_a_row_is_written_where_it_belongs():
    before = parse(ROWS.format(read="v: f64 = sin(x)"))
    after = DirectRows().run(before, gradc_context())
    assert sum(op.prim.name == "empty" for op in all_ops(after.body)) == 1
    assert "put(r, v, i, j, spec=('at', 'at'))" in to_text(after)


START_OF_A_ROW = (
    ROWS.replace("row: f64[m] = empty(m", "row: f64[i] = empty(i")
    .replace("with for_(lo, m", "with for_(lo, i")
    .replace("r1: f64[m]", "r1: f64[i]")
    .replace("r2: f64[m]", "r2: f64[i]")
    .replace(
        "put(a, r2, i, spec=('at', 'all'))", "put(a, r2, i, {start}, i, one, spec=('at', 'slice'))"
    )
)


def test_the_start_of_a_row_is_written_where_it_belongs():
    before = parse(START_OF_A_ROW.format(read="v: f64 = sin(x)", start="lo"))
    after = DirectRows().run(before, gradc_context())
    assert sum(op.prim.name == "empty" for op in all_ops(after.body)) == 1
    assert "put(r, v, i, j, spec=('at', 'at'))" in to_text(after)
    ours, theirs = (evaluate(each, [3, 4, 0.5])[0] for each in (after, before))
    np.testing.assert_array_equal(np.tril(ours, -1), np.tril(theirs, -1))


def test_another_part_of_a_row_stays_an_array_of_its_own():
    unchanged(START_OF_A_ROW.format(read="v: f64 = sin(x)", start="one"), DirectRows())
    whole = START_OF_A_ROW.replace("put(r, v, j, spec=('at',))", "put(r, all_v, spec=('all',))")
    read = "v: f64 = sin(x)\n            all_v: f64[i] = broadcast(v, i, axes=())"
    unchanged(whole.format(read=read, start="lo"), DirectRows())


def test_a_row_that_is_read_stays_an_array_of_its_own():
    unchanged(ROWS.format(read="v: f64 = get(r, lo, spec=('at',))"), DirectRows())


FILLED = """
def f(x: f64[n], y: f64):
    n: i64(n) = dim(x, axis=0)
    lo: i64(0) = const(value=0, dtype='i64')
    one: i64(1) = const(value=1, dtype='i64')
    zero: f64 = const(value=0.0, dtype='f64')
    b: f64[n] = zeros(n, dtype='f64')
    with for_({bounds}, b) as (i, b_1):
        i: i64(i)
        v: f64 = get(x, i, spec=('at',))
        no: b1 = eq(y, zero)
        p: f64 = mul(v, y)
        t: f64 = select(no, zero, p)
        b_2: f64[n] = add_at(b_1, t, {index}, spec=('at',))
        b_3: f64[n] = add_at(b_2, v, i, spec=('at',))
        yield_(b_3)
    c: f64[n] = outs()
    return (c,)
"""


def test_what_is_added_to_zeros_once_is_written():
    before = parse(FILLED.format(bounds="lo, n, one", index="i"))
    after = FirstWrites().run(before, gradc_context())
    assert [op.prim.name for op in all_ops(after.body)].count("add_at") == 1
    assert "zeros" not in to_text(after)
    args = [np.array([0.5, -2.0]), 3.0]
    np.testing.assert_array_equal(evaluate(after, args)[0], evaluate(before, args)[0])


@pytest.mark.parametrize(
    ("bounds", "index"), [("one, n, one", "i"), ("lo, n, one", "lo"), ("lo, n, n", "i")]
)
def test_a_loop_that_misses_elements_goes_on_adding(bounds, index):
    unchanged(FILLED.format(bounds=bounds, index=index), FirstWrites())


NEAREST = """
def f(b: f64[n], x: f64[n], y: f64):
    n: i64(n) = dim(x, axis=0)
    lo: i64(0) = const(value=0, dtype='i64')
    one: i64(1) = const(value=1, dtype='i64')
    zero: f64 = const(value=0.0, dtype='f64')
    with for_(lo, n, one, b) as (i, b_1):
        i: i64(i)
        v: f64 = get(x, i, spec=('at',))
        no: b1 = eq(y, zero)
        p: f64 = mul(v, y)
        t: f64 = select(no, zero, p)
        b_2: f64[n] = add_at(b_1, {added}, i, spec=('at',))
        yield_(b_2)
    c: f64[n] = outs()
    return (c,)
"""


def test_a_loop_is_skipped_where_the_cotangent_is_zero():
    before = parse(NEAREST.format(added="t"))
    after = run_passes(SkipZeros().run(before, gradc_context()), "simplify,dce")
    text = to_text(after)
    assert "if_(" in text
    assert "select" not in text
    for y in (0.0, 2.0, np.nan):
        args = [np.array([1.0, 2.0]), np.array([0.5, np.inf]), y]
        np.testing.assert_array_equal(evaluate(after, args)[0], evaluate(before, args)[0])


def test_a_loop_that_adds_something_else_is_not_skipped():
    unchanged(NEAREST.format(added="p"), SkipZeros())


def gradc_context():
    from gradc.passes.base import Context

    return Context()


def made_in_loops(function):
    loops = [op for op in all_ops(function.body) if op.prim in (FOR, WHILE)]
    inside = {inner for op in loops for inner in all_ops(op.regions[-1])}
    return [op for op in inside if op.prim.name in ("empty", "zeros")]


def smoothed(x, n):
    total = 0.0
    for i in range(n):
        work = np.zeros(len(x))
        for j in range(len(x)):
            work[j] += x[j] * (i + 1)
        for j in range(1, len(x)):
            total += work[j] * work[j - 1]
    return total


def swapped(x, n):
    u = x.copy()
    for _ in range(n):
        new = np.empty(len(u))
        for j in range(len(u)):
            new[j] = np.sin(u[j])
        u = new
    return np.sum(u)


def multiplied(x, n):
    """What is handed on is a product, what is added to it is another."""
    a = np.sin(np.outer(x, x))
    u = x
    for i in range(n):
        u = a @ u + a.T @ (x * i)
    return np.sum(u)


def remembered(x, n):
    """What was handed on is handed on once more: the array before it is still read."""
    u = x.copy()
    last = x.copy()
    for _ in range(n):
        new = np.empty(len(u))
        for j in range(len(u)):
            new[j] = np.sin(u[j]) + 0.5 * last[j]
        last = u
        u = new
    return np.sum(u * last)


def copied(x, n):
    """An array is handed on that is written to before and after."""
    work = np.zeros(len(x))
    u = x
    for _ in range(n):
        for j in range(len(x)):
            work[j] = np.cos(u[j]) + 0.5 * u[len(x) - 1 - j]
        u = work.copy()
    return np.sum(u)


def in_turn(x, n):
    """An inner loop hands on what the outer one hands on: two for each run of the inner one."""
    u = x
    for i in range(n):
        v = u
        for k in range(i):
            new = np.empty(len(x))
            for j in range(len(x)):
                new[j] = v[j] * v[len(x) - 1 - j] + np.cos(u[j]) * k
            v = new
        u = np.sin(v)
    return np.sum(u)


def in_blocks(x, n):
    """The last block may be shorter."""
    total = 0.0
    for start in range(0, len(x), 2):
        part = x[start : start + 2]
        work = np.empty(len(part))
        for j in range(len(part)):
            work[j] = part[j] * (start + n)
        for j in range(1, len(part)):
            total += work[j] * work[j - 1] + np.sin(part[0])
    return total


def growing(x, n):
    """Rows of a triangle, and of one that stands on its head, whose sizes are products as well."""
    total = 0.0
    for i in range(n):
        row = np.zeros((i + 1, len(x)))
        for j in range(i + 1):
            row[j, 0] += x[0] * j
            row[i, j % len(x)] += x[j % len(x)]
        total += np.sum(row * row)
    for i in range(n - 1, -1, -1):
        row = np.zeros(2 * (n - i))
        for j in range(n - i):
            row[j] += x[0] ** j
            row[j + n - i] += row[j] * x[1 % len(x)]
        total += np.sum(row * row)
    return total


def in_a_branch(x, n):
    total = 0.0
    for i in range(n):
        if i % 2:
            work = np.zeros(len(x))
            for j in range(len(x)):
                work[j] += x[j] * i
            for j in range(1, len(x)):
                total += work[j] * work[j - 1]
        else:
            total += np.sum(x)
    return total


def in_a_while_loop(x, n):
    total = 0.0
    while total < n:
        work = np.zeros(len(x))
        for j in range(len(x)):
            work[j] += np.cos(x[j]) + total
        for j in range(1, len(x)):
            total += work[j] ** 2 + work[j - 1] ** 2
        total += 1.0
    return total


def of_any_size(x, n):
    """Nothing is known about a size."""
    total = 0.0
    size = 1
    for i in range(n):
        size = (7 * size + i) % 5
        work = np.zeros(size)
        for j in range(size):
            work[j] += np.cos(x[j % 3]) * i
        for j in range(1, size):
            total += work[j] * work[j - 1]
    return total


TURNS = [(smoothed, 0), (swapped, 0), (multiplied, 0), (remembered, 1), (copied, 0), (in_turn, 2)]
TURNS += [(in_blocks, 0), (growing, 0), (in_a_branch, 0), (in_a_while_loop, 0), (of_any_size, 1)]


@pytest.mark.parametrize(("fn", "left"), TURNS)
def test_arrays_of_one_iteration_are_made_once(fn, left):
    x = np.array([0.3, -1.2, 0.8])
    value = gradc.value_and_grad(fn, target="python", style="loops")
    for n in (0, 1, 4):
        assert value(x, n)[0] == pytest.approx(fn(x, n), rel=1e-14)
    value.check(x, 4)
    found, _ = primal(fn, x, 4)
    assert len(made_in_loops(found)) == left


def test_nothing_moves_before_updates_are_in_place():
    args = np.array([0.3, -1.2, 0.8]), 4
    before, _ = primal(smoothed, *args, pipeline="sizes,simplify,cse,dce,loops,workspace")
    assert made_in_loops(before)
    made, _ = primal(smoothed, *args)
    assert not made_in_loops(made)


MADE = "sizes,simplify,cse,dce,loops,simplify,cse,dce,inplace,workspace"


def primal(fn, *args, pipeline=MADE):
    """The primal, emitted, and its text."""
    from gradc.faces.program import make_program
    from gradc.options import Options

    names = list(inspect.signature(fn).parameters)
    program = make_program(fn, args, {}, names, Options(target="python"))
    made = run_passes(program.lowered.function, pipeline)
    assert Workspace().run(made, gradc_context()) is made
    return made, to_text(made)

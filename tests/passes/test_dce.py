"""Dead code elimination."""

from gradc.passes.dce import DeadCode
from tests.passes.helpers import check, unchanged

BOUNDS = """
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
"""


def test_unused_ops_go_with_what_only_they_use():
    check(
        """
        def f(x: f64, n: i64(n)):
            a: f64 = sin(x)
            b: f64 = exp(a)
            w: i64(w) = wrap(n, n, line=3)
            y: f64 = cos(x)
            return (y,)
        """,
        """
        def f(x: f64, n: i64(n)):
            y: f64 = cos(x)
            return (y,)
        """,
        DeadCode(),
    )


def test_carried_value_that_only_feeds_itself():
    check(
        f"""
    def f(x: f64, n: i64(n)):{BOUNDS}
        with for_(lo, n, one, x, x, x) as (i, p, q, r):
            i: i64(i)
            p2: f64 = mul(p, r)
            q2: f64 = add(q, p)
            r2: f64 = sin(r)
            yield_(p2, q2, r2)
        p3: f64; q3: f64; r3: f64 = outs()
        return (p3,)
    """,
        f"""
    def f(x: f64, n: i64(n)):{BOUNDS}
        with for_(lo, n, one, x, x) as (i, p, r):
            i: i64(i)
            p2: f64 = mul(p, r)
            r2: f64 = sin(r)
            yield_(p2, r2)
        p3: f64; r3: f64 = outs()
        return (p3,)
    """,
        DeadCode(),
    )


def test_values_that_feed_each_other_in_a_circle():
    check(
        f"""
    def f(x: f64, n: i64(n)):{BOUNDS}
        with for_(lo, n, one, x, x, x) as (i, p, q, r):
            i: i64(i)
            r2: f64 = mul(r, x)
            yield_(q, p, r2)
        p3: f64; q3: f64; r3: f64 = outs()
        return (r3,)
    """,
        f"""
    def f(x: f64, n: i64(n)):{BOUNDS}
        with for_(lo, n, one, x) as (i, r):
            i: i64(i)
            r2: f64 = mul(r, x)
            yield_(r2)
        r3: f64 = outs()
        return (r3,)
    """,
        DeadCode(),
    )


def test_whole_loops_and_branches():
    check(
        f"""
    def f(x: f64, n: i64(n)):{BOUNDS}
        with for_(lo, n, one, x) as (i, p):
            i: i64(i)
            p2: f64 = mul(p, x)
            yield_(p2)
        p3: f64 = outs()
        c: b1 = lt(x, p3)
        with if_(c):
            yield_(x)
        with else_():
            yield_(p3)
        q: f64 = outs()
        return (x,)
    """,
        """
        def f(x: f64, n: i64(n)):
            return (x,)
        """,
        DeadCode(),
    )


def test_unused_results_of_a_branch_and_their_computation():
    check(
        """
        def f(x: f64, y: f64):
            c: b1 = lt(x, y)
            with if_(c):
                a: f64 = sin(x)
                b: f64 = cos(x)
                yield_(a, b)
            with else_():
                d: f64 = exp(x)
                yield_(d, y)
            r: f64; s: f64 = outs()
            return (s,)
        """,
        """
        def f(x: f64, y: f64):
            c: b1 = lt(x, y)
            with if_(c):
                b: f64 = cos(x)
                yield_(b)
            with else_():
                yield_(y)
            s: f64 = outs()
            return (s,)
        """,
        DeadCode(),
    )


def test_condition_of_a_while_keeps_what_it_needs():
    check(
        """
        def f(x: f64, y: f64):
            with while_(x, y, y) as (a, b, d):
                c: b1 = lt(b, y)
                yield_(c)
            with do() as (a1, b1, d1):
                a2: f64 = sin(a1)
                b2: f64 = exp(b1)
                d2: f64 = exp(d1)
                yield_(a2, b2, d2)
            a3: f64; b3: f64; d3: f64 = outs()
            return (a3,)
        """,
        """
        def f(x: f64, y: f64):
            with while_(x, y) as (a, b):
                c: b1 = lt(b, y)
                yield_(c)
            with do() as (a1, b1):
                a2: f64 = sin(a1)
                b2: f64 = exp(b1)
                yield_(a2, b2)
            a3: f64; b3: f64 = outs()
            return (a3,)
        """,
        DeadCode(),
    )


def test_checks_stay_with_the_loop_around_them():
    unchanged(
        f"""
    def f(x: f64, n: i64(n)):{BOUNDS}
        with for_(lo, n, one) as (i,):
            i: i64(i)
            c: b1 = lt(i, n)
            ok: b1 = check(c, error='ValueError', what='too large')
            yield_()
        outs()
        return (x,)
    """,
        DeadCode(),
    )

"""Simplification of arrays, loops and branches."""

import re

import numpy as np

import gradc
from gradc.passes.dce import DeadCode
from gradc.passes.simplify import Simplify
from tests.passes.helpers import check, unchanged

BOTH = (Simplify(), DeadCode())


def test_views_are_composed():
    check(
        """
        def f(s: f64, x: f64[n, m]):
            n: i64(n) = dim(x, axis=0)
            m: i64(m) = dim(x, axis=1)
            a: f64[n] = broadcast(s, n, axes=())
            b: f64[n, m] = broadcast(a, n, m, axes=(0,))
            c: f64[m, n] = transpose(b, perm=(1, 0))
            d: f64[m, n] = transpose(x, perm=(1, 0))
            e: f64[n, m] = transpose(d, perm=(1, 0))
            g: f64[n, m] = reshape(e, n, m)
            h: f64[n, m] = expect(g, n, m, what='no')
            return (c, h)
        """,
        """
        def f(s: f64, x: f64[n, m]):
            n: i64(n) = dim(x, axis=0)
            m: i64(m) = dim(x, axis=1)
            c: f64[m, n] = broadcast(s, m, n, axes=())
            return (c, x)
        """,
        *BOTH,
    )


def test_a_broadcast_keeps_the_order_of_its_operands_axes():
    unchanged(
        """
        def f(x: f64[n, n], k: i64(k)):
            n: i64(n) = dim(x, axis=0)
            b: f64[k, n, n] = broadcast(x, k, n, n, axes=(1, 2))
            c: f64[k, n, n] = transpose(b, perm=(0, 2, 1))
            return (c,)
        """,
        *BOTH,
    )


def test_read_of_what_was_written():
    check(
        """
        def f(a: f64[n], v: f64, w: f64, i: i64(i)):
            one: i64(1) = const(dtype='i64', value=1)
            j: i64(j) = add(i, one)
            b: f64[n] = put(a, v, i, spec=('at',))
            c: f64[n] = put(b, w, j, spec=('at',))
            r: f64 = get(c, i, spec=('at',))
            s: f64 = get(c, j, spec=('at',))
            return (r, s)
        """,
        """
        def f(a: f64[n], v: f64, w: f64, i: i64(i)):
            return (v, w)
        """,
        *BOTH,
    )


def test_read_is_not_moved_to_an_older_version():
    unchanged(
        """
        def f(a: f64[n], v: f64, i: i64(i)):
            one: i64(1) = const(dtype='i64', value=1)
            j: i64(j) = add(i, one)
            b: f64[n] = put(a, v, i, spec=('at',))
            r: f64 = get(b, j, spec=('at',))
            return (b, r)
        """,
        Simplify(),
    )


def test_writes_at_one_index():
    check(
        """
        def f(a: f64[n], v: f64, w: f64, i: i64(i)):
            b: f64[n] = put(a, v, i, spec=('at',))
            c: f64[n] = put(b, w, i, spec=('at',))
            d: f64[n] = add_at(c, v, i, spec=('at',))
            return (d,)
        """,
        """
        def f(a: f64[n], v: f64, w: f64, i: i64(i)):
            add: f64 = add(w, v)
            d: f64[n] = put(a, add, i, spec=('at',))
            return (d,)
        """,
        *BOTH,
    )


def test_whole_arrays():
    check(
        """
        def f(a: f64[n], v: f64[n]):
            b: f64[n] = add_at(a, v, spec=('all',))
            c: f64[n] = put(b, v, spec=('all',))
            d: f64[n] = get(b, spec=('all',))
            return (c, d)
        """,
        """
        def f(a: f64[n], v: f64[n]):
            b: f64[n] = add(a, v)
            return (v, b)
        """,
        *BOTH,
    )


def test_element_of_a_broadcast():
    check(
        """
        def f(x: f64[n], m: i64(m), i: i64(i), j: i64(j)):
            n: i64(n) = dim(x, axis=0)
            b: f64[n, m] = broadcast(x, n, m, axes=(0,))
            r: f64 = get(b, i, j, spec=('at', 'at'))
            return (r,)
        """,
        """
        def f(x: f64[n], m: i64(m), i: i64(i), j: i64(j)):
            r: f64 = get(x, i, spec=('at',))
            return (r,)
        """,
        *BOTH,
    )


def test_branch_on_a_constant_and_within_itself():
    check(
        """
        def f(x: f64, c: b1):
            yes: b1 = const(dtype='b1', value=True)
            with if_(yes):
                y: f64 = sin(x)
                yield_(y)
            with else_():
                yield_(x)
            z: f64 = outs()
            with if_(c):
                with if_(c):
                    p: f64 = exp(z)
                    yield_(p)
                with else_():
                    yield_(x)
                q: f64 = outs()
                yield_(q, x)
            with else_():
                yield_(z, x)
            r: f64; same: f64 = outs()
            return (r, same)
        """,
        """
        def f(x: f64, c: b1):
            y: f64 = sin(x)
            with if_(c):
                p: f64 = exp(y)
                yield_(p)
            with else_():
                yield_(y)
            r: f64 = outs()
            return (r, x)
        """,
        *BOTH,
    )


def test_branch_that_only_selects():
    check(
        """
        def f(x: f64, c: b1):
            n: b1 = lnot(c)
            with if_(n):
                yield_(x)
            with else_():
                two: f64 = const(dtype='f64', value=2.0)
                yield_(two)
            r: f64 = outs()
            return (r,)
        """,
        """
        def f(x: f64, c: b1):
            two: f64 = const(dtype='f64', value=2.0)
            r: f64 = select(c, two, x)
            return (r,)
        """,
        *BOTH,
    )


def test_what_a_loop_hands_on_unchanged():
    check(
        """
        def f(x: f64, y: f64, n: i64(n)):
            lo: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            with for_(lo, n, one, x, y, x) as (i, p, q, t):
                i: i64(i)
                p2: f64 = mul(p, q)
                yield_(p2, q, p2)
            p3: f64; q3: f64; t3: f64 = outs()
            r: f64 = add(p3, t3)
            return (r, q3)
        """,
        """
        def f(x: f64, y: f64, n: i64(n)):
            lo: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            with for_(lo, n, one, x) as (i, p):
                i: i64(i)
                p2: f64 = mul(p, y)
                yield_(p2)
            p3: f64 = outs()
            r: f64 = add(p3, p3)
            return (r, y)
        """,
        *BOTH,
    )


def test_loops_that_run_never_or_once():
    check(
        """
        def f(x: f64, k: i64(k)):
            three: i64(3) = const(dtype='i64', value=3)
            four: i64(4) = const(dtype='i64', value=4)
            one: i64(1) = const(dtype='i64', value=1)
            with for_(four, three, one, x) as (i, p):
                i: i64(i)
                p2: f64 = sin(p)
                yield_(p2)
            p3: f64 = outs()
            with for_(three, four, one, p3, k) as (j, q, m):
                j: i64(j)
                m: i64(m)
                q2: f64 = cos(q)
                m2: i64(m2) = add(j, m)
                yield_(q2, m2)
            q3: f64; m3: i64(m3) = outs()
            return (q3, m3)
        """,
        """
        def f(x: f64, k: i64(k)):
            three: i64(3) = const(dtype='i64', value=3)
            q2: f64 = cos(x)
            m2: i64(m2) = add(three, k)
            return (q2, m2)
        """,
        *BOTH,
    )


def test_result_is_renamed_after_what_it_stood_for():
    result = check(
        """
        def f(x: f64, y: f64):
            one: f64 = const(dtype='f64', value=1.0)
            mul: f64 = mul(x, y)
            x_bar: f64 = mul(mul, one)
            r: f64 = sin(x_bar)
            return (r, x_bar)
        """,
        """
        def f(x: f64, y: f64):
            x_bar: f64 = mul(x, y)
            r: f64 = sin(x_bar)
            return (r, x_bar)
        """,
        *BOTH,
    )
    assert result.results[1].name == "x_bar"


def test_a_size_that_a_loop_without_iterations_counts_keeps_its_name():
    check(
        """
        def f(x: f64[n]):
            zero: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            with for_(zero, zero, one, zero) as (k, count):
                k: i64(k)
                count: i64(count)
                more: i64(more) = add(count, one)
                yield_(more)
            m: i64(m) = outs()
            y: f64[m] = zeros(m, dtype='f64')
            s: f64 = sum(y, axes=(0,))
            return (s,)
        """,
        """
        def f(x: f64[n]):
            m: i64(0) = const(dtype='i64', value=0)
            y: f64[0] = zeros(m, dtype='f64')
            s: f64 = sum(y, axes=(0,))
            return (s,)
        """,
        *BOTH,
    )


def test_the_cotangent_of_a_transposed_matrix_is_one_product():
    """No ``(x.T @ y_bar).T``: weights of networks lie as ``x @ w.T`` needs them."""

    def layer(x, w):
        return np.sum(np.tanh(x @ w.T))

    x, w = np.linspace(-1.0, 1.0, 12).reshape(4, 3), np.linspace(0.1, 0.9, 6).reshape(2, 3)
    gradient = gradc.grad(layer, argnums=1, target="python", cache=False)
    gradient.check(x, w)
    products = re.findall(r"^ *w_bar.* = (.*)", gradient.source, re.M)
    assert [re.sub(r" *#.*", "", each) for each in products] == ["dot(matmul_bar.T, x)"]

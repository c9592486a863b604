"""Common subexpressions."""

from gradc.passes.cse import CommonSubexpressions
from tests.passes.helpers import check, unchanged


def test_equal_ops_sizes_and_constants():
    check(
        """
        def f(x: f64[n]):
            y: f64[n] = sin(x)
            n: i64(n) = dim(x, axis=0)
            m: i64(n) = dim(y, axis=0)
            a: f64 = const(dtype='f64', value=2.0)
            b: f64 = const(dtype='f64', value=2.0)
            p: f64[n] = broadcast(a, n, axes=())
            q: f64[n] = broadcast(b, m, axes=())
            z: f64[n] = sin(x)
            r: f64[n] = mul(y, p)
            s: f64[n] = mul(q, z)
            return (r, s)
        """,
        """
        def f(x: f64[n]):
            y: f64[n] = sin(x)
            n: i64(n) = dim(x, axis=0)
            a: f64 = const(dtype='f64', value=2.0)
            p: f64[n] = broadcast(a, n, axes=())
            r: f64[n] = mul(y, p)
            return (r, r)
        """,
        CommonSubexpressions(),
    )


def test_zeros_of_either_sign_and_types_are_told_apart():
    unchanged(
        """
        def f():
            a: f64 = const(dtype='f64', value=0.0)
            b: f64 = const(dtype='f64', value=-0.0)
            c: f32 = const(dtype='f32', value=0.0)
            return (a, b, c)
        """,
        CommonSubexpressions(),
    )


def test_types_follow_the_sizes_that_are_merged():
    check(
        """
        def f(n: i64(n)):
            one: i64(1) = const(dtype='i64', value=1)
            k: i64(k) = add(n, one)
            l: i64(l) = add(one, n)
            a: f64[k] = zeros(k, dtype='f64')
            b: f64[l] = zeros(l, dtype='f64')
            c: f64[l] = exp(b)
            return (a, c)
        """,
        """
        def f(n: i64(n)):
            one: i64(1) = const(dtype='i64', value=1)
            k: i64(k) = add(n, one)
            a: f64[k] = zeros(k, dtype='f64')
            b: f64[k] = zeros(k, dtype='f64')
            c: f64[k] = exp(b)
            return (a, c)
        """,
        CommonSubexpressions(),
    )


def test_inner_regions_see_outer_values_but_not_each_other():
    check(
        """
        def f(x: f64, y: f64):
            a: f64 = sin(x)
            c: b1 = lt(x, y)
            with if_(c):
                b: f64 = sin(x)
                d: f64 = cos(x)
                p: f64 = mul(b, d)
                yield_(p)
            with else_():
                e: f64 = cos(x)
                yield_(e)
            q: f64 = outs()
            g: f64 = cos(x)
            return (a, q, g)
        """,
        """
        def f(x: f64, y: f64):
            a: f64 = sin(x)
            c: b1 = lt(x, y)
            with if_(c):
                d: f64 = cos(x)
                p: f64 = mul(a, d)
                yield_(p)
            with else_():
                e: f64 = cos(x)
                yield_(e)
            q: f64 = outs()
            g: f64 = cos(x)
            return (a, q, g)
        """,
        CommonSubexpressions(),
    )


def test_buffers_are_not_shared():
    unchanged(
        """
        def f(n: i64(n), x: f64, i: i64(i)):
            a: f64[n] = zeros(n, dtype='f64')
            b: f64[n] = zeros(n, dtype='f64')
            c: f64[n] = put(a, x, i, spec=('at',))
            d: f64[n] = put(a, x, i, spec=('at',))
            return (b, c, d)
        """,
        CommonSubexpressions(),
    )


def test_user_name_survives():
    result = check(
        """
        def f(x: f64):
            mul: f64 = mul(x, x)
            square: f64 = mul(x, x)
            y: f64 = add(mul, square)
            return (y,)
        """,
        """
        def f(x: f64):
            square: f64 = mul(x, x)
            y: f64 = add(square, square)
            return (y,)
        """,
        CommonSubexpressions(),
    )
    assert result.ops[0].out.name == "square"


def test_check_that_was_passed():
    check(
        """
        def f(n: i64(n), m: i64(m)):
            c: b1 = lt(n, m)
            a: b1 = check(c, error='ValueError', what='no')
            b: b1 = check(c, error='ValueError', what='no')
            d: b1 = check(c, error='ValueError', what='never')
            return (n,)
        """,
        """
        def f(n: i64(n), m: i64(m)):
            c: b1 = lt(n, m)
            a: b1 = check(c, error='ValueError', what='no')
            d: b1 = check(c, error='ValueError', what='never')
            return (n,)
        """,
        CommonSubexpressions(),
    )

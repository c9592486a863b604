"""The lowering to loops: which nests come out, what stays, and that the meaning is kept."""

import numpy as np
import pytest

from gradc.ir.control import FOR
from gradc.ir.core import Function, Op, Region
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.loops import Loops
from gradc.passes.simplify import Simplify
from gradc.prims.evaluate import evaluate
from gradc.prims.linalg import MATMUL
from gradc.prims.shape import COPY, EMPTY, TRANSPOSE, ZEROS
from tests.passes.helpers import apply, assert_close, check, outcome, parse

CLEAN = (Simplify(), CommonSubexpressions(), DeadCode())
RNG = np.random.default_rng(0)


def lowered(text: str, *args: np.ndarray, blas: bool = True) -> Function:
    """Lower a function, and compare its results at arguments with those before."""
    function = parse(text)
    result = apply(function, Loops(blas=blas), *CLEAN)
    assert_close(evaluate(result, args), evaluate(function, args), rtol=1e-12)
    return result


def nest(region: Region) -> list:
    """The loops of a region, each as the list of the loops in it; branches are seen through."""
    found: list = []
    for op in region.ops:
        inner = [loop for body in op.regions for loop in nest(body)]
        found += [inner] if op.prim is FOR else inner
    return found


def made(function: Function, prim: object) -> list[Op]:
    return [op for op in all_ops(function.body) if op.prim is prim]


def test_elementwise_chain_and_sum_are_one_loop():
    check(
        """
        def f(x: f64[n], y: f64[n]):
            d: f64[n] = sub(x, y)
            q: f64[n] = mul(d, d)
            s: f64 = sum(q, axes=(0,))
            return (s,)
        """,
        """
        def f(x: f64[n], y: f64[n]):
            c: f64 = const(dtype='f64', value=0.0)
            lo: i64(0) = const(dtype='i64', value=0)
            n: i64(n) = dim(x, axis=0)
            one: i64(1) = const(dtype='i64', value=1)
            with for_(lo, n, one, c) as (i, s):
                i: i64(i)
                a: f64 = get(x, i, spec=('at',))
                b: f64 = get(y, i, spec=('at',))
                d: f64 = sub(a, b)
                q: f64 = mul(d, d)
                t: f64 = add(s, q)
                yield_(t)
            u: f64 = outs()
            return (u,)
        """,
        Loops(),
        names=False,
    )


def test_same_object_without_arrays():
    function = parse(
        """
        def f(x: f64, a: f64[n], b: f64[n, m], c: f64[m, k], i: i64(i)):
            p: f64[n, k] = matmul(b, c)
            n: i64(n) = dim(a, axis=0)
            lo: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            with for_(lo, n, one, a) as (j, t):
                j: i64(j)
                v: f64 = get(t, i, spec=('at',))
                w: f64 = sin(v)
                t2: f64[n] = put(t, w, j, spec=('at',))
                yield_(t2)
            r: f64[n] = outs()
            return (p, r)
        """
    )
    assert Loops().run(function, Context()) is function


def test_softmax_of_rows_is_one_loop_over_rows():
    result = lowered(
        """
        def f(x: f64[n, m]):
            s: f64[n, m] = softmax(x)
            return (s,)
        """,
        RNG.normal(size=(4, 3)),
    )
    assert nest(result.body) == [[[], [], []]]  # the maximum, the sum, the quotients


def test_forward_and_adjoint_share_a_loop():
    """What does not need the whole sum runs where the sum is made."""
    result = lowered(
        """
        def f(x: f64[n], seed: f64):
            n: i64(n) = dim(x, axis=0)
            e: f64[n] = exp(x)
            s: f64 = sum(e, axes=(0,))
            b: f64[n] = broadcast(seed, n, axes=())
            g: f64[n] = mul(b, e)
            return (s, g)
        """,
        RNG.normal(size=5),
        2.0,
    )
    assert nest(result.body) == [[]]
    assert len(made(result, EMPTY)) == 1


def test_cheap_values_are_computed_again_and_costly_ones_stored():
    text = """
        def f(x: f64[n]):
            n: i64(n) = dim(x, axis=0)
            e: f64[n] = {0}(x)
            s: f64 = sum(e, axes=(0,))
            b: f64[n] = broadcast(s, n, axes=())
            g: f64[n] = mul(b, e)
            t: f64 = sum(g, axes=(0,))
            return (t,)
    """
    assert made(lowered(text.format("neg"), np.arange(3.0)), EMPTY) == []
    assert len(made(lowered(text.format("exp"), np.arange(3.0)), EMPTY)) == 1


@pytest.mark.parametrize(
    ("axes", "loops", "arrays"),
    [
        ((0, 1), [[[]]], []),
        ((1,), [[[]]], [EMPTY]),
        ((0,), [[[]]], [ZEROS]),
    ],
)
def test_sums_go_through_memory_in_order(axes, loops, arrays):
    shape = {(0, 1): "", (1,): "[n]", (0,): "[m]"}[axes]
    result = lowered(
        f"""
        def f(x: f64[n, m]):
            s: f64{shape} = sum(x, axes={axes})
            return (s,)
        """,
        RNG.normal(size=(3, 4)),
    )
    assert nest(result.body) == loops
    assert [op.prim for op in all_ops(result.body) if op.prim in (EMPTY, ZEROS)] == arrays


@pytest.mark.parametrize("prim", ["max", "min"])
@pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
def test_extrema(prim, axes):
    shape = {(0, 1): "", (1,): "[n]", (0,): "[m]"}[axes]
    text = f"""
        def f(x: f64[n, m]):
            s: f64{shape} = {prim}(x, axes={axes})
            return (s,)
    """
    lowered(text, RNG.normal(size=(3, 4)))
    lowered(text, np.array([[1.0, np.nan], [np.inf, -np.inf]]))
    lowered(text, np.full((2, 2), -np.inf))


@pytest.mark.parametrize("prim", ["argmax", "argmin"])
@pytest.mark.parametrize("axis", [0, 1])
def test_places_of_extrema(prim, axis):
    text = f"""
        def f(x: f64[n, m]):
            s: i64[{"mn"[axis]}] = {prim}(x, axis={axis})
            return (s,)
    """
    lowered(text, RNG.normal(size=(3, 4)))
    lowered(text, np.array([[1.0, np.nan, np.nan], [2.0, 2.0, 1.0]]))
    lowered(text, np.full((2, 2), -np.inf))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("s: f64 = max(x, axes=(0,))", "zero-size array to reduction operation maximum"),
        ("s: f64 = min(x, axes=(0,))", "zero-size array to reduction operation minimum"),
        ("s: i64(s) = argmax(x, axis=0)", "attempt to get argmax of an empty sequence"),
    ],
)
def test_extremum_of_nothing(line, message):
    function = parse(f"def f(x: f64[n]):\n    {line}\n    return (s,)\n")
    result = apply(function, Loops(), *CLEAN)
    with pytest.raises(ValueError, match=message):
        evaluate(function, [np.zeros(0)])
    with pytest.raises(ValueError, match=message):
        evaluate(result, [np.zeros(0)])


def test_broadcast_and_transpose_are_indices():
    result = lowered(
        """
        def f(x: f64[n, m], b: f64[n]):
            n: i64(n) = dim(x, axis=0)
            m: i64(m) = dim(x, axis=1)
            t: f64[m, n] = transpose(x, perm=(1, 0))
            s: f64[m, n] = broadcast(b, m, n, axes=(1,))
            y: f64[m, n] = add(t, s)
            return (y,)
        """,
        RNG.normal(size=(3, 4)),
        RNG.normal(size=3),
    )
    assert nest(result.body) == [[[]]]
    assert len(made(result, EMPTY)) == 1


def test_slices_of_an_expression_are_not_stored():
    """Each element of ``sin(x)`` is computed where it is read."""
    result = lowered(
        """
        def f(x: f64[n]):
            n: i64(n) = dim(x, axis=0)
            one: i64(1) = const(dtype='i64', value=1)
            k: i64(k) = sub(n, one)
            e: f64[n] = sin(x)
            a: f64[k] = get(e, one, k, one, spec=('slice',))
            s: f64 = sum(a, axes=(0,))
            return (s,)
        """,
        np.arange(4.0),
    )
    assert nest(result.body) == [[]]
    assert made(result, EMPTY) == []


def test_slice_is_overwritten_in_place_where_it_reads_itself():
    result = lowered(
        """
        def f(n: i64(n), v: f64):
            one: i64(1) = const(dtype='i64', value=1)
            k: i64(k) = sub(n, one)
            x: f64[n] = zeros(n, dtype='f64')
            p: f64[k] = get(x, one, k, one, spec=('slice',))
            b: f64[k] = broadcast(v, k, axes=())
            q: f64[k] = add(p, b)
            y: f64[n] = put(x, q, one, k, one, spec=('slice',))
            return (y,)
        """,
        4,
        2.5,
    )
    assert nest(result.body) == [[]]
    assert made(result, EMPTY) == []


def test_overlapping_slices_are_read_before_they_are_written():
    lowered(
        """
        def f(x: f64[n]):
            n: i64(n) = dim(x, axis=0)
            zero: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            k: i64(k) = sub(n, one)
            a: f64[k] = get(x, zero, k, one, spec=('slice',))
            y: f64[n] = put(x, a, one, k, one, spec=('slice',))
            z: f64[n] = add_at(x, y, k, n, minus, spec=('slice',))
            return (y, z)
        """.replace(
            "one: i64(1)", "minus: i64(-1) = const(dtype='i64', value=-1)\n            one: i64(1)"
        ),
        np.arange(4.0),
    )


def test_chain_of_sums_into_slices_is_one_loop():
    """The adjoint of a stencil."""
    result = lowered(
        """
        def f(g: f64[k], n: i64(n)):
            k: i64(k) = dim(g, axis=0)
            zero: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            z: f64[n] = zeros(n, dtype='f64')
            a: f64[n] = add_at(z, g, zero, k, one, spec=('slice',))
            b: f64[n] = add_at(a, g, one, k, one, spec=('slice',))
            return (b,)
        """,
        np.arange(3.0),
        4,
    )
    assert nest(result.body) == [[]]


def test_carried_array_is_summed_up_in_place():
    result = lowered(
        """
        def f(g: f64[n], steps: i64(steps)):
            n: i64(n) = dim(g, axis=0)
            lo: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            w: f64[n] = zeros(n, dtype='f64')
            with for_(lo, steps, one, w) as (t, u):
                t: i64(t)
                v: f64[n] = add(u, g)
                yield_(v)
            r: f64[n] = outs()
            return (r,)
        """,
        np.arange(3.0),
        4,
    )
    assert made(result, EMPTY) == []
    assert nest(result.body) == [[[]]]


def test_array_is_added_to_itself_in_place():
    result = lowered(
        """
        def f(x: f64[4, 1], a: f64[1], k: i64):
            z: f64[4, 1] = sin(x)
            w: f64[4, 1] = put(z, a, k, spec=('at', 'all'))
            y: f64[4, 1] = add(w, w)
            return (y,)
        """,
        *(np.arange(4.0)[:, None], np.array([0.7]), 2),
    )
    assert len(made(result, EMPTY)) == 1


def test_arguments_are_not_written_over():
    result = lowered(
        """
        def f(x: f64[n]):
            y: f64[n] = neg(x)
            return (y,)
        """,
        np.arange(3.0),
    )
    assert len(made(result, EMPTY)) == 1


PRODUCT = """
    def f(a: f64[n, m], b: f64[k, m]):
        t: f64[m, k] = transpose(b, perm=(1, 0))
        p: f64[n, k] = matmul(a, t)
        y: f64[n, k] = tanh(p)
        return (y,)
"""


def test_product_takes_a_transpose_as_it_is():
    result = lowered(PRODUCT, RNG.normal(size=(2, 3)), RNG.normal(size=(4, 3)))
    assert len(made(result, MATMUL)) == len(made(result, TRANSPOSE)) == 1
    assert made(result, EMPTY) == []  # tanh goes where the product lies


def test_product_as_loops():
    result = lowered(PRODUCT, RNG.normal(size=(2, 3)), RNG.normal(size=(4, 3)), blas=False)
    assert made(result, MATMUL) == []


@pytest.mark.parametrize(
    ("left", "right", "out", "shapes"),
    [
        ("[n]", "[n]", "", ((4,), (4,))),
        ("[n, m]", "[m]", "[n]", ((3, 4), (4,))),
        ("[m]", "[m, n]", "[n]", ((4,), (4, 3))),
        ("[n, m]", "[m, k]", "[n, k]", ((3, 4), (4, 2))),
        ("[3, 2]", "[2, 4]", "[3, 4]", ((3, 2), (2, 4))),
    ],
)
@pytest.mark.parametrize("blas", [True, False])
def test_products_of_all_ranks(left, right, out, shapes, blas):
    text = f"""
        def f(a: f64{left}, b: f64{right}):
            p: f64{out} = matmul(a, b)
            return (p,)
    """
    result = lowered(text, *(RNG.normal(size=shape) for shape in shapes), blas=blas)
    small = "3" in left or not out
    assert bool(made(result, MATMUL)) is (blas and not small)


def test_pick_and_its_adjoint():
    lowered(
        """
        def f(x: f64[n, m], l: i64[n], g: f64[n]):
            p: f64[n] = pick(x, l)
            y: f64[n, m] = pick_add(x, g, l)
            s: f64 = sum(p, axes=(0,))
            return (s, y)
        """,
        RNG.normal(size=(3, 4)),
        np.array([0, 3, -1]),
        RNG.normal(size=3),
    )


def test_label_out_of_range():
    function = parse(
        """
        def f(x: f64[n, m], l: i64[n]):
            p: f64[n] = pick(x, l)
            s: f64 = sum(p, axes=(0,))
            return (s,)
        """
    )
    result = apply(function, Loops(), *CLEAN)
    with pytest.raises(IndexError, match="index 4 is out of range for size 4"):
        evaluate(result, [np.zeros((2, 4)), np.array([0, 4])])


@pytest.mark.parametrize("sizes", [(3, 3), (3, 4)])
def test_sizes_are_compared_before_anything_is_read(sizes):
    text = """
        def f(x: f64[n], y: f64[m]):
            n: i64(n) = dim(x, axis=0)
            e: f64[m] = exp(y)
            z: f64[n] = expect(e, n, what='x and y differ')
            p: f64[n] = mul(x, z)
            s: f64 = sum(p, axes=(0,))
            return (s,)
    """
    function = parse(text)
    result = apply(function, Loops(), *CLEAN)
    args = [np.arange(float(size)) for size in sizes]
    before, after = outcome(function, args), outcome(result, args)
    if sizes == (3, 3):
        assert_close(after, before)
        assert nest(result.body) == [[]]
        assert made(result, EMPTY) == []
    else:
        assert after == before == (ValueError, "x and y differ")


def test_reshape():
    text = """
        def f(x: f64[n, m]):
            n: i64(n) = dim(x, axis=0)
            m: i64(m) = dim(x, axis=1)
            one: i64(1) = const(dtype='i64', value=1)
            k: i64(k) = mul(n, m)
            a: f64[k] = reshape(x, k)
            e: f64[n, m] = exp(x)
            b: f64[k] = reshape(e, k)
            c: f64[k] = mul(a, b)
            d: f64[k, 1] = reshape(c, k, one)
            s: f64[k] = sum(d, axes=(1,))
            return (s,)
    """
    lowered(text, RNG.normal(size=(3, 2)))


def test_arrays_inside_loops_and_branches():
    lowered(
        """
        def f(x: f64[n], steps: i64(steps)):
            n: i64(n) = dim(x, axis=0)
            lo: i64(0) = const(dtype='i64', value=0)
            one: i64(1) = const(dtype='i64', value=1)
            e: f64[n] = exp(x)
            with for_(lo, steps, one, x) as (t, u):
                t: i64(t)
                p: f64[n] = mul(u, e)
                c: b1 = lt(t, one)
                with if_(c):
                    q: f64[n] = sin(p)
                    yield_(q)
                with else_():
                    yield_(u)
                w: f64[n] = outs()
                yield_(w)
            r: f64[n] = outs()
            return (r,)
        """,
        np.arange(3.0),
        3,
    )


def test_results_that_are_views_are_arrays_of_their_own():
    result = lowered(
        """
        def f(x: f64[n, m]):
            t: f64[m, n] = transpose(x, perm=(1, 0))
            return (t,)
        """,
        RNG.normal(size=(2, 3)),
    )
    assert len(made(result, EMPTY)) + len(made(result, COPY)) == 1

"""The lowering to loops on random programs: the meaning is kept, and only scalars are left."""

import pytest
from hypothesis import given

from gradc.driver import run_passes
from gradc.ir.printer import to_text
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.expand import Expand
from gradc.passes.loops import Loops, is_lowered
from gradc.passes.simplify import Simplify
from gradc.prims.evaluate import evaluate
from gradc.prims.index import ALL, AT, GET
from gradc.prims.shape import COPY
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import apply, assert_close, parse

CLEAN = (Simplify(), CommonSubexpressions(), DeadCode())


@pytest.mark.parametrize("blas", [True, False])
@given(program=ir_programs())
def test_random_programs(blas, program):
    result = apply(program.function, Loops(blas=blas))
    expected = evaluate(program.function, program.args)
    assert_close(evaluate(result, program.args), expected, rtol=1e-7)
    cleaned = apply(result, *CLEAN)
    assert_close(evaluate(cleaned, program.args), expected, rtol=1e-7)


@given(program=ir_programs())
def test_only_scalars_are_left(program):
    check_what_is_left(program.function)


def check_what_is_left(function):
    """Nothing works on whole arrays but reads of rows, which were handed to a loop as they are."""
    result = apply(function, Loops(blas=False))
    handed = {arg for op in all_ops(result.body) if op.regions for arg in op.args}
    for op in whole_array_ops(result):
        assert reads_a_row(op), to_text(result)
        assert op.out in handed, to_text(result)
    # a loop that turns out to change nothing goes away, and the row that it was handed stays
    cleaned = apply(result, *CLEAN)
    for op in whole_array_ops(cleaned):
        assert reads_a_row(op), to_text(cleaned)
    assert Expand().run(cleaned, Context()) is cleaned


def whole_array_ops(function):
    return [op for op in all_ops(function.body) if is_lowered(op, blas=False)]


def reads_a_row(op):
    spec = op.params.get("spec", ())
    return op.prim is GET and spec == tuple(sorted(spec, key=(AT, ALL).index))


def test_a_row_stays_where_the_loop_that_takes_it_goes_away():
    function = parse(
        """
        def f(a: f64[n, m]):
            n: i64(n) = dim(a, axis=0)
            c: i64(0) = const(dtype='i64', value=0)
            w: i64(w) = wrap(c, n, line=2)
            v: f64[m] = get(a, w, spec=('at', 'all'))
            with while_(c, v) as (t, v_t,):
                t: i64(t)
                two: i64(2) = const(dtype='i64', value=2)
                goes_on: b1 = lt(t, two)
                yield_(goes_on)
            with do() as (k, v_k,):
                k: i64(k)
                one: i64(1) = const(dtype='i64', value=1)
                next: i64(next) = add(k, one)
                yield_(next, v_k)
            last: i64(last); v1: f64[m] = outs()
            total: f64 = sum(v1, axes=(0,))
            return (total, v1)
        """
    )
    check_what_is_left(function)
    cleaned = apply(function, Loops(blas=False), *CLEAN)
    assert [reads_a_row(op) for op in whole_array_ops(cleaned)] == [True]
    assert Loops(blas=False).run(cleaned, Context()) is not cleaned
    # what is returned is no view of an argument in the end
    done = run_passes(function, "loops,simplify,cse,dce,inplace")
    (maker,) = [op for op in all_ops(done.body) if done.results[1] in op.outs]
    assert maker.prim is COPY

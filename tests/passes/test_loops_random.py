"""The lowering to loops on random programs: the meaning is kept, and only scalars are left."""

import pytest
from hypothesis import given

from gradc.passes.base import Context
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.loops import Loops
from gradc.passes.simplify import Simplify
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import apply, assert_close

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
    result = apply(program.function, Loops(blas=False), *CLEAN)
    assert Loops(blas=False).run(result, Context()) is result

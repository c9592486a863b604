"""On random programs: a pass keeps what a function computes, and settles."""

import pytest
from hypothesis import given

from gradc.ir.builder import Builder
from gradc.ir.core import Function
from gradc.ir.parser import parse_text
from gradc.ir.printer import to_text
from gradc.ir.routines import Routine
from gradc.ir.verify import verify
from gradc.passes.base import Context
from gradc.passes.cse import CommonSubexpressions
from gradc.passes.dce import DeadCode
from gradc.passes.expand import Expand
from gradc.passes.simplify import Simplify
from gradc.prims.evaluate import evaluate
from gradc.prims.routines import CALL
from gradc.prims.table import TABLE
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import apply, assert_close, assert_same_bits

EXACT = {
    "simplify": (Simplify(),),
    "cse": (CommonSubexpressions(),),
    "dce": (DeadCode(),),
    "all": (Simplify(), CommonSubexpressions(), DeadCode()),
}


@pytest.mark.parametrize("passes", EXACT.values(), ids=EXACT)
@given(program=ir_programs())
def test_exact_passes_keep_every_bit(passes, program):
    result = apply(program.function, *passes)
    assert_same_bits(evaluate(result, program.args), evaluate(program.function, program.args))


@pytest.mark.parametrize("name", ["simplify", "cse", "dce"])
@given(program=ir_programs())
def test_second_run_changes_nothing(name, program):
    (each,) = EXACT[name]
    once = each.run(program.function, Context())
    assert each.run(once, Context()) is once


@given(program=ir_programs(smooth=True))
def test_relaxed_rewrites_keep_values(program):
    result = apply(program.function, Simplify(relaxed=True), DeadCode())
    assert_close(evaluate(result, program.args), evaluate(program.function, program.args))


@given(program=ir_programs(smooth=True))
def test_expansion_keeps_values(program):
    result = apply(program.function, Expand())
    assert_close(evaluate(result, program.args), evaluate(program.function, program.args))


@given(program=ir_programs())
def test_result_can_be_written_and_read_back(program):
    text = to_text(apply(program.function, *EXACT["all"]))
    assert to_text(parse_text(text, TABLE)) == text


@given(program=ir_programs())
def test_calls_can_be_written_and_read_back(program):
    function = twice(program.function)
    text = to_text(function)
    again = parse_text(text, TABLE)
    assert to_text(again) == text
    assert_same_bits(evaluate(again, program.args), evaluate(function, program.args))


def twice(function):
    """A function that calls another twice, and whose own results are those of both calls."""
    types = tuple(param.type for param in function.params)
    results = tuple(result.type for result in function.results)
    sizes = tuple(param.size for param in function.params)
    routine = Routine(function.name, types, results, function, sizes=sizes)
    builder = Builder()
    params = [builder.value(param.type, param.name, param.size) for param in function.params]
    outs = [builder.emit_all(CALL, params, {"routine": routine}) for _ in range(2)]
    return verify(Function("twice", builder.close(params, [*outs[0], *outs[1]])))

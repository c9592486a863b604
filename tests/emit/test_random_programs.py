"""Programs keep their meaning when updates become writes in place and when they become text."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gradc.driver import run_passes
from gradc.emit import emit_module
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.passes.inplace import make_in_place
from gradc.prims.evaluate import evaluate
from gradc.prims.linalg import MATMUL
from gradc.prims.shape import SUM
from tests.emit.programs import arguments, random_program
from tests.emit.running import run_text
from tests.generators.ir_programs import ir_programs


def check(seed: int, style: str, in_place: bool) -> None:
    function = random_program(seed)
    args = arguments(seed)
    before = [np.copy(arg) for arg in args]
    expected = evaluate(function, args)
    if in_place:
        function = verify(make_in_place(function)[0], "inplace")
    text = emit_module([function], style=style, title="random")
    assert max(map(len, text.splitlines())) <= 100
    results = run_text(text, "program", args)
    for want, have in zip(expected, results, strict=True):
        np.testing.assert_array_equal(have, want, err_msg=text)
    for old, new in zip(before, args, strict=True):
        np.testing.assert_array_equal(new, old, err_msg="an argument was written to\n" + text)
    if in_place:
        check_results_are_fresh(results, args, text)


def check_results_are_fresh(results, args, text) -> None:
    arrays = [result for result in results if np.ndim(result)]
    for index, array in enumerate(arrays):
        assert array.flags.c_contiguous, text
        assert array.flags.writeable, text
        for other in (*arrays[:index], *args):
            assert not np.may_share_memory(array, other), text


@pytest.mark.parametrize("style", ["numpy", "loops"])
@pytest.mark.parametrize("in_place", [False, True])
@example(seed=2369)  # a vector that becomes its product with a matrix
@given(seed=st.integers(0, 2**32))
def test_text_means_what_the_ir_means(style, in_place, seed):
    check(seed, style, in_place)


@pytest.mark.parametrize("style", ["numpy", "loops"])
@given(program=ir_programs())
def test_text_computes_the_same_bits(style, program):
    function, _ = make_in_place(program.function)
    text = emit_module([function], style=style, title="random")
    results = run_text(text, function.name, [np.asarray(arg)[()] for arg in program.args])
    # a sum depends on the order of its terms, and that on how the array lies in memory
    sums = any(op.prim in (SUM, MATMUL) for op in all_ops(function.body))
    tolerance = {"rtol": 1e-11, "atol": 1e-11} if sums else {"rtol": 0.0, "atol": 0.0}
    for want, have in zip(evaluate(program.function, program.args), results, strict=True):
        np.testing.assert_allclose(have, want, err_msg=text, **tolerance)


@given(seed=st.integers(0, 2**32))
def test_text_depends_on_the_program_alone(seed):
    def text() -> str:
        function, _ = make_in_place(random_program(seed))
        return emit_module([function], style="numpy", title="random")

    assert text() == text()


@pytest.mark.parametrize("pipeline", ["inplace", "expand,loops,simplify,cse,dce,inplace"])
@pytest.mark.parametrize("seed", [3, 7])
def test_compiled_text_means_what_the_ir_means(pipeline, seed):
    function = random_program(seed, budget=18)
    args = arguments(seed)
    lowered = run_passes(function, pipeline)
    text = emit_module([lowered], style="loops", title="random", options={"fastmath": False})
    namespace: dict[str, object] = {}
    exec(compile(text, "<generated>", "exec"), namespace)
    results = namespace["program"](*args)
    results = results if isinstance(results, tuple) else (results,)
    for want, have in zip(evaluate(function, args), results, strict=True):
        np.testing.assert_array_equal(have, want, err_msg=text)

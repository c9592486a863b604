"""Programs keep their meaning when updates become writes in place and when they become text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradc.emit import emit_module
from gradc.ir.verify import verify
from gradc.passes.inplace import make_in_place
from gradc.prims.evaluate import evaluate
from tests.emit.programs import arguments, random_program
from tests.emit.running import run_text


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
@given(seed=st.integers(0, 2**32))
def test_text_means_what_the_ir_means(style, in_place, seed):
    check(seed, style, in_place)

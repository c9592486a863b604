"""Random programs mean the same for each sample of a kernel as they do alone."""

import numpy as np
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from gradc.driver import emission_pipeline, mode_pipeline, run_passes
from gradc.emit.cuda import emit_kernel
from gradc.emit.cuda_carried import settle_carried_arrays
from gradc.errors import UnsupportedSyntaxError
from gradc.ir.verify import verify
from gradc.prims.evaluate import evaluate
from tests.cuda.host import run_kernel
from tests.emit.programs import arguments, random_program

SAMPLES = 5


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_each_sample_is_the_program(seed):
    function = random_program(seed)
    lowered = run_passes(function, emission_pipeline("loops", "cuda"))
    text = emit_kernel(lowered, title="random")
    assert max(map(len, text.splitlines())) <= 100
    samples = [arguments(seed + number) for number in range(SAMPLES)]
    batches = [np.stack(values) for values in zip(*samples, strict=True)]
    before = [np.copy(batch) for batch in batches]
    results, failed = run_kernel(text, function.name, *batches)
    assert not any(failed)
    for number, args in enumerate(samples):
        for want, have in zip(evaluate(lowered, args), results, strict=True):
            np.testing.assert_array_equal(have[number], want, err_msg=text)
    for old, new in zip(before, batches, strict=True):
        np.testing.assert_array_equal(new, old, err_msg="an argument was written to\n" + text)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_settled_arrays_keep_the_meaning(seed):
    function = run_passes(random_program(seed), "inplace")
    settled = verify(settle_carried_arrays(function), "settle")
    assert settle_carried_arrays(settled) is settled
    args = arguments(seed)
    for want, have in zip(evaluate(function, args), evaluate(settled, args), strict=True):
        np.testing.assert_array_equal(have, want)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32))
def test_each_sample_has_its_gradient(seed):
    function = random_program(seed)
    pipeline = mode_pipeline("vjp", range(len(function.params)))
    adjoint = run_passes(function, pipeline)
    lowered = run_passes(adjoint, emission_pipeline("loops", "cuda"))
    try:
        text = emit_kernel(lowered, title="g", gradients_of=range(len(function.params)))
    except UnsupportedSyntaxError:
        reject()  # a tape whose length depends on data
    rng = np.random.default_rng(seed)
    seeds = [result.type.shape for result in function.results]
    samples = [
        [*arguments(seed + number), *(rng.integers(-2, 3, shape).astype(float) for shape in seeds)]
        for number in range(SAMPLES)
    ]
    results, _ = run_kernel(text, adjoint.name, *map(np.stack, zip(*samples, strict=True)))
    for number, args in enumerate(samples):
        for want, have in zip(evaluate(lowered, args), results, strict=True):
            np.testing.assert_allclose(have[number], want, rtol=1e-9, err_msg=text)

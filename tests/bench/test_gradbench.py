"""The tool of GradBench: the protocol, and that both forms of a function are the same function."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import numpy as np
import pytest

import gradc
from bench.gradbench import peak
from bench.gradbench.functions import gmm, kmeans, lse, lstm
from bench.gradbench.tool import serve
from bench.gradbench.waiting import waiting


def answers(*messages):
    given = io.StringIO("".join(json.dumps(message) + "\n" for message in messages))
    written = io.StringIO()
    serve(given, written, "loops")
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_each_message_is_answered_with_its_id():
    said = answers(
        {"id": 0, "kind": "start", "eval": "hello"},
        {"id": 1, "kind": "define", "module": "hello"},
        {"id": 2, "kind": "evaluate", "module": "hello", "function": "double", "input": 3.0},
        {"id": 3, "kind": "analysis", "of": 2, "valid": True},
        {"id": 4, "kind": "define", "module": "unheard-of"},
    )
    assert [each["id"] for each in said] == [0, 1, 2, 3, 4]
    assert said[1]["success"] is True
    assert said[2]["output"] == 6.0
    assert [each["name"] for each in said[2]["timings"]] == ["compile", "evaluate"]
    assert said[4]["success"] is False


def test_it_runs_as_often_as_is_asked_for():
    given = {"x": [0.1, 0.7], "min_runs": 4, "min_seconds": 0.0}
    message = {"id": 0, "kind": "evaluate", "module": "lse", "function": "primal", "input": given}
    (said,) = answers(message)
    assert said["output"] == pytest.approx(np.logaddexp(0.1, 0.7), rel=1e-14)
    assert [each["name"] for each in said["timings"]] == ["compile"] + ["evaluate"] * 4


RNG = np.random.default_rng(5)
ALPHA, MU, Q, LOW = RNG.normal(size=3), RNG.random((3, 2)), RNG.random((3, 2)), RNG.random((3, 1))
POINTS = RNG.normal(size=(gmm.BLOCK + 4, 2))
COLUMNS, ROWS = np.triu_indices(2, 1)
LSTM = RNG.random((4, 12)), RNG.random((3, 3)), RNG.random((4, 3)), RNG.random((4, 3))

PAIRS = {
    "gmm": (
        (gmm.objective, (ALPHA, MU, Q, LOW, POINTS, 1.1, 1, 0.3)),
        (gmm.objective_arrays, (ALPHA, MU, Q, LOW, POINTS, ROWS, COLUMNS, 1.1, 1, 0.3)),
        (0, 1, 2, 3),
    ),
    "kmeans": ((kmeans.cost, (MU, POINTS)), (kmeans.cost_arrays, (MU, POINTS)), (0,)),
    "lse": ((lse.primal, (ALPHA,)), (lse.primal_arrays, (ALPHA,)), (0,)),
    "lstm": ((lstm.objective, LSTM), (lstm.objective_arrays, LSTM), (0, 1)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_both_forms_have_one_value_and_one_gradient(name):
    (loops, given), (arrays, also_given), argnums = PAIRS[name]
    value, gradient = gradc.value_and_grad(loops, argnums, target="python")(*given)
    other, same = gradc.value_and_grad(arrays, argnums, target="python")(*also_given)
    assert value == pytest.approx(loops(*given), rel=1e-13)
    assert value == pytest.approx(other, rel=1e-13)
    for ours, theirs in zip(gradient, same, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-13)


def test_the_most_memory_of_a_command_is_noted(tmp_path):
    file = tmp_path / "peak"
    code = "x = bytearray(200 * 2**20); print(input())"
    done = subprocess.run(
        [sys.executable, "-S", peak.__file__, str(file), sys.executable, "-S", "-c", code],
        input="through\n",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "through\n"
    assert 200 * 2**20 < int(file.read_text()) < 300 * 2**20


def test_results_are_waited_for_while_the_clock_runs():
    waited = []

    def timed(**options):
        return lambda function: (options, function)

    def ready(value):
        waited.append(value)
        return value

    options, function = waiting(timed, ready)(pre=1)(lambda given: given + 1)
    assert options == {"pre": 1}
    assert function(2) == 3
    assert waited == [3]

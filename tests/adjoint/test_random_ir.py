"""Both modes on random programs of the IR: against differences, each other, and after passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from gradc.adjoint.forward import forward
from gradc.adjoint.reverse import reverse
from gradc.ir.core import Function
from gradc.ir.parser import parse_text
from gradc.ir.verify import verify
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from gradc_runtime.differences import derivative
from tests.generators.ir_programs import Program, ir_programs


def float_positions(function: Function) -> list[int]:
    """The parameters that are differentiated."""
    return [i for i, param in enumerate(function.params) if param.type.is_float]


def float_results(function: Function) -> list[int]:
    """The results that are differentiated."""
    return [i for i, result in enumerate(function.results) if result.type.is_float]


def random_like(values: list[Any], seed: int) -> list[np.ndarray]:
    """Random numbers in the shapes of the values."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(-1.0, 1.0, np.shape(value)) for value in values]


def dot(left: list[Any], right: list[Any]) -> float:
    """The inner product over several arrays."""
    return float(sum(np.sum(np.asarray(a) * b) for a, b in zip(left, right, strict=True)))


def moved(program: Program, directions: list[np.ndarray], step: float) -> list[Any]:
    """The arguments, a step along the directions."""
    args = list(program.args)
    for index, direction in zip(float_positions(program.function), directions, strict=True):
        args[index] = args[index] + step * direction
    return args


def tangents_of(program: Program, directions: list[np.ndarray]) -> list[Any]:
    """The tangents of the float results."""
    tangent = verify(forward(program.function, float_positions(program.function)))
    results = evaluate(tangent, [*program.args, *directions])
    return list(results[len(program.function.results) :])


def numerical_tangent(program: Program, directions: list[np.ndarray]) -> tuple[Any, float]:
    """The same by extrapolated differences, as one vector, and its error estimate."""
    results = float_results(program.function)

    def along(step: float) -> np.ndarray:
        values = evaluate(program.function, moved(program, directions, step))
        return np.concatenate([np.ravel(values[index]) for index in results])

    return derivative(along, 0.01)


@settings(max_examples=150, deadline=None)
@given(ir_programs(smooth=True))
def test_forward_mode_agrees_with_differences(program):
    assume(float_positions(program.function) and float_results(program.function))
    directions = random_like([program.args[i] for i in float_positions(program.function)], 1)
    found = np.concatenate([np.ravel(dot) for dot in tangents_of(program, directions)])
    assume(np.all(np.isfinite(found)) and np.max(np.abs(found), initial=0.0) < 1e6)
    wanted, error = numerical_tangent(program, directions)
    assume(error < 1e-3)
    scale = max(1.0, float(np.max(np.abs(wanted), initial=0.0)))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-7 * scale + 50 * error)


@settings(max_examples=150, deadline=None)
@given(ir_programs(smooth=True))
def test_reverse_mode_is_the_transpose_of_forward_mode(program):
    function = program.function
    wrt, results = float_positions(function), float_results(function)
    assume(wrt and results)
    directions = random_like([program.args[i] for i in wrt], 2)
    dots = tangents_of(program, directions)
    seeds = random_like(dots, 3)
    adjoint = verify(reverse(function, wrt, seeded=True))
    bars = evaluate(adjoint, [*program.args, *seeds])[len(function.results) :]
    left, right = dot(seeds, dots), dot(list(bars), directions)
    assume(np.isfinite(left) and abs(left) < 1e6)
    assert right == pytest.approx(left, rel=1e-9, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(ir_programs(smooth=True))
def test_second_order_both_ways(program):
    function = program.function
    wrt, results = float_positions(function), float_results(function)
    assume(wrt and results)
    values = evaluate(function, program.args)
    seeds = random_like([values[i] for i in results], 4)
    adjoint = verify(reverse(function, wrt, seeded=True))
    gradients = list(range(len(function.results), len(adjoint.results)))
    over = verify(forward(adjoint, wrt))
    directions = random_like([program.args[i] for i in wrt], 5)
    tangents = evaluate(over, [*program.args, *seeds, *directions])[-len(wrt) :]
    twice = verify(reverse(adjoint, wrt, results=gradients, seeded=True))
    weights = random_like(list(tangents), 6)
    bars = evaluate(twice, [*program.args, *seeds, *weights])[-len(wrt) :]
    left, right = dot(weights, list(tangents)), dot(list(bars), directions)
    assume(np.isfinite(left) and abs(left) < 1e6)
    assert right == pytest.approx(left, rel=1e-8, abs=1e-8)


SIZE_READ_AFTER_THE_LOOP = """
def f(v: f64[n]):
    c: i64(0) = const(value=0, dtype='i64')
    with while_(c, v) as (t, t_1,):
        t: i64(t)
        two: i64(2) = const(value=2, dtype='i64')
        goes_on: b1 = lt(t, two)
        yield_(goes_on)
    with do() as (k, w,):
        k: i64(k)
        u: f64[n] = sin(w)
        one: i64(1) = const(value=1, dtype='i64')
        k1: i64(k1) = add(k, one)
        yield_(k1, u)
    k2: i64(k2); w2: f64[n] = outs()
    n: i64(n) = dim(v, axis=0)
    z: f64[n] = zeros(n, dtype='f64')
    y: f64[n] = add(w2, z)
    s: f64 = sum(y, axes=(0,))
    return (s,)
"""


def test_a_tape_is_sized_by_what_is_defined_before_the_loop():
    function = parse_text(SIZE_READ_AFTER_THE_LOOP, TABLE)
    adjoint = verify(reverse(function, [0]))
    v = np.array([0.3, -0.7, 1.1])
    _, v_bar = evaluate(adjoint, [v])
    np.testing.assert_allclose(v_bar, np.cos(np.sin(v)) * np.cos(v), rtol=1e-14)

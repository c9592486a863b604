"""Loops that read a row or a column of an array that changes around them are handed that alone."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import gradc
from gradc.passes.parts import ReadParts
from gradc.prims.evaluate import evaluate
from tests.generators.ir_programs import ir_programs
from tests.passes.helpers import apply, assert_same_bits, check, unchanged

PROGRAM = """
    def f(a: f64[n, m], n: i64(n), m: i64(m)):
        lo: i64(0) = const(dtype='i64', value=0)
        one: i64(1) = const(dtype='i64', value=1)
        zero: f64 = const(dtype='f64', value=0.0)
        with for_({range}, one, a) as (k, q):
            k: i64(k)
{part}
            with for_(lo, n, one, zero) as (i, d):
                i: i64(i)
                v: f64 = get({read})
                d_1: f64 = add(d, v)
                yield_(d_1)
            d_2: f64 = outs()
            q_1: f64[n, m] = put(q, d_2, lo, {written}, spec=('at', 'at'))
            yield_(q_1)
        q_2: f64[n, m] = outs()
        return (q_2,)
"""
ELEMENT = "q, i, k, spec=('at', 'at')"


def program(part: str = "", read: str = ELEMENT, written: str = "k", range: str = "lo, m") -> str:
    return PROGRAM.format(part=part, read=read, written=written, range=range)


def test_a_column_that_is_written_to_is_read_first():
    part = "            q_part: f64[n] = get(q, k, spec=('all', 'at'))"
    check(program(), program(part, "q_part, i, spec=('at',)"), ReadParts())


@pytest.mark.parametrize(
    "text",
    [
        program(written="lo", range="one, m"),  # another column is written to
        program(range="lo, n"),  # there may be no column of this number
        program(read="q, i, i, spec=('at', 'at')"),  # no part of it
        program(read="a, i, k, spec=('at', 'at')"),  # `a` does not change
    ],
)
def test_what_stays(text):
    unchanged(text, ReadParts())


@given(program=ir_programs())
def test_random_programs(program):
    result = apply(program.function, ReadParts())
    assert_same_bits(evaluate(result, program.args), evaluate(program.function, program.args))


def gram_schmidt(a):
    n, m = a.shape
    q = a.copy()
    total = 0.0
    for j in range(m):
        for k in range(j):
            d = 0.0
            for i in range(n):
                d += q[i, k] * q[i, j]
            for i in range(n):
                q[i, j] -= d * q[i, k]
        r = 0.0
        for i in range(n):
            r += q[i, j] ** 2
        r = np.sqrt(r)
        total += np.log(r) * (j + 1)
        for i in range(n):
            q[i, j] /= r
    return total


def householder(a):
    """Reflections in place: each column below the diagonal is read, then all columns change."""
    n, m = a.shape
    r = a.copy()
    total = 0.0
    v = np.zeros(n)
    for k in range(m):
        s = 0.0
        for i in range(k, n):
            s += r[i, k] ** 2
        s = np.sqrt(s) if r[k, k] < 0 else -np.sqrt(s)
        for i in range(k, n):
            v[i] = r[i, k]
        v[k] -= s
        h = 0.0
        for i in range(k, n):
            h += v[i] ** 2
        for j in range(k, m):
            d = 0.0
            for i in range(k, n):
                d += v[i] * r[i, j]
            for i in range(k, n):
                r[i, j] -= 2.0 * d / h * v[i]
        total += np.log(np.abs(r[k, k])) * (k + 1)
    return total


def rotations(a):
    """Two rows change at a time, and are read by the same loops."""
    n, m = a.shape
    r = a.copy()
    for j in range(m):
        for i in range(n - 1, j, -1):
            h = np.sqrt(r[i - 1, j] ** 2 + r[i, j] ** 2)
            c, s = r[i - 1, j] / h, r[i, j] / h
            for k in range(m):
                upper, lower = r[i - 1, k], r[i, k]
                r[i - 1, k] = c * upper + s * lower
                r[i, k] = c * lower - s * upper
    return np.sum(r[0] * np.arange(1.0, m + 1.0)) + r[1, 1] ** 2


def smoothed(a):
    """An axis more, and a while loop around."""
    u = np.zeros((2, *a.shape))
    u[0] = a
    step = 0
    while step < 3:
        for i in range(a.shape[0]):
            s = 0.0
            for j in range(a.shape[1]):
                s += u[step % 2, i, j] * u[0, i, j]
            for j in range(a.shape[1]):
                u[(step + 1) % 2, i, j] = u[step % 2, i, j] * np.cos(s) + 0.1 * s
        step += 1
    return np.sum(u[1] * u[0])


@pytest.mark.parametrize("function", [gram_schmidt, householder, rotations, smoothed])
def test_gradients(function: Any) -> None:
    a = np.random.default_rng(3).normal(size=(5, 4))
    gradc.check_grads(function, (a,), target="python")


def test_compiled() -> None:
    gradc.check_grads(householder, (np.random.default_rng(3).normal(size=(5, 4)),))


def test_columns_are_recorded_instead_of_the_matrix() -> None:
    gradient = gradc.grad(gram_schmidt, target="python", cache=False)
    gradient(np.random.default_rng(3).normal(size=(5, 4)))
    shapes = re.findall(r"tape(?:_\d+)? = np\.empty\((.*)\)$", gradient.source, re.M)
    assert max(shape.count(",") for shape in shapes) == 2, shapes  # a column for each pair

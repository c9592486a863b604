"""Loads and stores say in which memory they are not, and only where that is certain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from llvmlite import binding, ir

from gradc_runtime import independent
from gradc_runtime.jit import kernel
from gradc_runtime.scopes import Scopes
from tests.runtime.test_independent import PROGRAMS, START, compiled

MAY_MEET = [
    "two names for one array",
    "two names that change places",
    "a part of the array by another name",
    "the array in another shape",
    "an array from a list",
    "another array in some iterations",
    "one of a tuple of arrays",
    "arguments, which may be one array",
]


@pytest.mark.parametrize("name", MAY_MEET)
def test_arrays_that_may_share_memory(name: str, tmp_path: Path) -> None:
    n = 37
    rng = np.random.default_rng(1)
    program = compiled(f"{START}{PROGRAMS[name][1]}  # whatever their scopes", tmp_path)
    x, k = rng.random(n), rng.integers(0, n, n)
    for w in (rng.random(n), x):
        given = [each.copy() for each in (x, w)] if w is not x else [x.copy()] * 2
        again = [each.copy() for each in given] if w is not x else [x.copy()] * 2
        ours, theirs = program(*given, k, n), program.py_func(*again, k, n)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
        np.testing.assert_allclose(given, again, rtol=1e-12)


@kernel("f8[:, ::1], i8[::1], f8[::1]")
def scattered(v, rows, p):
    u_bar = np.zeros(v.shape)
    for e in range(rows.shape[0]):
        for k in range(v.shape[1]):
            u_bar[rows[e], k] += p[e] * v[rows[e], k]
    return u_bar


def test_what_a_loop_reads_lies_apart_from_what_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, frozenset[object]]] = []

    def look(module: Any, arrays: dict[str, frozenset[object]]) -> Scopes:
        seen.append(arrays)
        return Scopes(module, arrays)

    monkeypatch.setattr(independent, "Scopes", look)
    body = """
    b = y[1:]
    c = z if n > 3 else x
    for i in range(n - 1):
        b[i] = y[i] + z[k[i]] * c[i] * w[i]
    return y.sum()"""
    program = compiled(START + body, tmp_path)
    text = program.inspect_llvm()
    (arrays,) = seen
    found = {name: memory for name, memory in arrays.items() if not name.startswith("$")}
    assert found["y"].isdisjoint(found["z"])
    assert found["y"].isdisjoint(found["x"])
    assert found["x"] == found["w"] == found["k"]
    assert found["y"] <= found["b"]
    assert found["c"] >= found["z"] | found["x"]
    assert text.count("!alias.scope") > 4


def test_the_metadata_is_llvms() -> None:
    module = ir.Module()
    pointer = ir.DoubleType().as_pointer()
    function = ir.Function(module, ir.FunctionType(ir.VoidType(), [pointer] * 3), "f")
    builder = ir.IRBuilder(function.append_basic_block())
    scopes = Scopes(module, {"a": frozenset({1}), "b": frozenset({2}), "c": frozenset({1, 2, 3})})
    for name, argument in zip("abc", function.args, strict=True):
        scopes.mark(builder.load(argument), name)
    scopes.mark(builder.load(function.args[0]), "unknown")
    builder.ret_void()
    text = str(binding.parse_assembly(str(module)))
    loads = [line for line in text.splitlines() if " load " in line]
    assert [line.count("!alias.scope") for line in loads] == [1, 1, 1, 0]
    assert [line.count("!noalias") for line in loads] == [1, 1, 0, 0]


def test_scopes_say_what_is_apart() -> None:
    v, p = np.arange(12.0).reshape(4, 3), np.array([1.0, 2.0, 3.0])
    rows = np.array([3, 0, 3])
    np.testing.assert_array_equal(scattered(v, rows, p), scattered.py_func(v, rows, p))


def test_callers_may_change_arguments_between_calls() -> None:
    """LLVM may inline the kernel into the loop: what it reads is not the same in all calls."""
    program = scattered.dispatcher

    @numba.njit
    def steps(v, rows, p, n):
        total = 0.0
        for _ in range(n):
            u = program(v, rows, p)
            total += u.sum()
            rows[:] = (rows + 1) % v.shape[0]
            v[:] = v + 0.1 * u
        return total

    def arguments():
        return np.arange(12.0).reshape(4, 3), np.array([3, 0, 3]), np.array([0.1, 0.2, 0.3]), 4

    program = scattered.dispatcher
    compiled_total = steps(*arguments())
    program = scattered.py_func
    assert compiled_total == pytest.approx(steps.py_func(*arguments()), rel=1e-13)

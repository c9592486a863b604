"""Kernels, exactly as they are written; and what they compute, sample by sample.

A case is as in tests/golden, its arguments are those of one sample each.
``pytest tests/cuda --update-golden`` writes the text that gradc makes now where it is right.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradc.driver import compile_function
from gradc.emit.cuda import emit_kernel
from gradc.frontend.python import Leaf, lower_function
from gradc.ir.core import Function
from gradc.ir.types import Type, dtype_of_numpy
from gradc.options import Options as DriverOptions
from gradc.prims.evaluate import evaluate
from tests.cuda.host import load_kernel, run_kernel
from tests.golden.runner import Case, gradients, read_case

CASES = sorted((Path(__file__).parent / "cases").glob("*.golden"))


def in_double(arg: Any) -> Any:
    return arg.astype(float) if arg.dtype == np.float32 else arg


def source_function(case: Case, folder: Path, *, double: bool = False) -> Function:
    """The function of the input section, for the types and sizes of the first sample."""
    file = folder / f"{case.path.stem}.py"
    file.write_text(case.input, encoding="utf-8")
    namespace: dict[str, Any] = {}
    exec(compile(case.input, file.name, "exec"), namespace)
    leaves = []
    for arg in case.args[0]:
        dtype = dtype_of_numpy(in_double(arg).dtype if double else arg.dtype)
        assert dtype is not None
        leaves.append(Leaf(Type(dtype, np.shape(arg))))
    return lower_function(namespace[case.path.stem], leaves).function


def positions(case: Case, key: str) -> list[int]:
    return [int(number) for number in case.head.get(key, "").split()]


def generated(case: Case, function: Function) -> str:
    """The text of the kernel of value and gradient."""
    wrt, shared = positions(case, "wrt"), positions(case, "shared")
    options = DriverOptions(target="cuda")
    compiled = compile_function(function, "value_and_grad", wrt, options, shared=shared)
    title = f"{function.name}, a golden case."
    return emit_kernel(compiled.lowered("loops"), title=title, shared=shared, gradients_of=wrt)


def execute(case: Case, text: str, folder: Path) -> None:
    """Run the text and compare each sample with what the input means, in double precision."""
    function = source_function(case, folder, double=True)
    shared = positions(case, "shared")
    columns = [
        column[0] if number in shared else np.stack(column)
        for number, column in enumerate(zip(*case.args, strict=True))
    ]
    name = f"{function.name}_value_and_grad"
    results, failed = run_kernel(text, name, *columns)
    assert not any(failed)
    single = any(column.dtype == np.float32 for column in map(np.asarray, columns))
    tolerance = 1e-4 if single else 1e-6
    for number, given in enumerate(case.args):
        args = list(map(in_double, given))
        wanted = [*evaluate(function, args), *gradients(function, args, positions(case, "wrt"))]
        for have, want in zip(results, wanted, strict=True):
            np.testing.assert_allclose(have[number], want, rtol=tolerance, atol=1e-8)


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_text_and_meaning(path, tmp_path, request):
    case = read_case(path)
    function = source_function(case, tmp_path)
    text = generated(case, function)
    if request.config.getoption("--update-golden") and text != case.expected:
        execute(case, text, tmp_path)
        path.write_text(case.with_expected(text), encoding="utf-8")
        return
    assert text == case.expected
    execute(case, case.expected, tmp_path)


def test_a_kernel_of_the_cases_compiles():
    pytest.importorskip("numba_cuda")
    case = read_case(next(path for path in CASES if path.stem == "recurrent"))
    assert ".visible .entry" in load_kernel(case.expected, "recurrent_value_and_grad").ptx()


def test_there_are_cases():
    assert len(CASES) >= 3

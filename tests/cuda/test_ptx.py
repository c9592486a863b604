"""Gradients compile to PTX and to machine code without a GPU."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import numpy as np
import pytest

import gradc
from gradc_runtime.loading import load
from tests.cuda import functions
from tests.cuda.functions import make_cases

pytest.importorskip("numba_cuda")

CHOSEN = (
    "scalars",
    "running",
    "recurrent",
    "branches",
    "cross_entropy",
    "captured",
    "in_place",
    "eliminated",
    "reshaped",
)
CASES = {case.name: case for case in make_cases()}


@pytest.mark.parametrize("name", CHOSEN)
def test_gradient_compiles(name):
    case = CASES[name]
    of = gradc.value_and_grad(case.function, case.argnums, target="cuda")
    ptx = of.specialize(*case.args).compiled.ptx((9, 0))
    assert ".target sm_90" in ptx
    assert re.findall(r"\.entry (\w+)\(", ptx) == [f"{name}_value_and_grad"]


def test_single_precision_stays_single():
    x, W, b = (np.ones(shape, np.float32) for shape in ((2, 3), (2, 2, 3), (2, 2)))
    of = gradc.value_and_grad(functions.layer, (0, 1, 2), target="cuda")
    ptx = of.specialize(x, W, b).compiled.ptx()
    assert ".f32" in ptx
    assert ".f64" not in ptx


def test_an_index_that_fails_ends_the_thread():
    case = CASES["cross_entropy"]
    ptx = gradc.grad(case.function, target="cuda").specialize(*case.args).compiled.ptx()
    assert "atom.global.cas.b64" in ptx or "atom.cas.b64" in ptx


def test_formula_and_machine_code():
    compiled = gradc.compile_expression("exp(x)*y", target="cuda").compiled
    assert compiled.cubin((8, 0)).startswith(b"\x7fELF")


def test_saved_module_stands_alone(tmp_path: Path):
    case = CASES["scalars"]
    of = gradc.value_and_grad(case.function, case.argnums, target="cuda")
    of.specialize(*case.args)
    path = of.save(tmp_path / "scalars.py")
    tree = ast.parse(path.read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {
        name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names
    }
    assert imported <= {"numpy", "math", "gradc_runtime.cuda"}
    assert ".visible .entry" in load(path).scalars_value_and_grad.ptx()


def test_the_program_before_the_first_call():
    assert "x: f64[samples]" in gradc.grad(functions.scalars, target="cuda").source


def test_numba_may_have_seen_numpy_before():
    formula = "exp(x) + floor(x)"
    assert gradc.compile_expression(formula)(0.0) == (1.0, (1.0,))
    assert gradc.compile_expression(formula, target="cuda").compiled.ptx()

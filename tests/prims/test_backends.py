"""The derivative of every elementwise record on every backend, in both precisions, broadcast too.

All records stand in one program, since each costs next to nothing then. The reference is the
evaluation of the adjoint's IR, which the other tests of this folder compare with SymPy, mpmath and
differences.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from gradc.adjoint.reverse import reverse
from gradc.driver import emission_pipeline, run_passes
from gradc.emit import emit_module
from gradc.emit.cuda import emit_kernel
from gradc.emit.cuda_memory import special_function
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Kind, Primitive
from gradc.ir.types import DType, Type
from gradc.ir.walk import all_ops
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from gradc_runtime.special import ON_DEVICE
from tests.cuda.host import run_kernel

SMOOTH = [
    record
    for record in TABLE.values()
    if record.pointwise and record.kind is not Kind.CONSTANT and record.name not in ("cast", "ipow")
]
# Single precision of the same formula; a difference of large terms loses some digits of its seven.
SINGLE = 2e-5


def point_of(record: Primitive) -> tuple[Any, ...]:
    return tuple(record.at[0])


def gradients(records: Sequence[Primitive], dtype: DType, length: int | None) -> Function:
    """One program with the values and gradients of all records, lengths symbolic."""
    builder = Builder()
    shape = () if length is None else ("n",)
    params, wrt, results = [], [], []
    for record in records:
        operands = []
        for k, number in enumerate(point_of(record)):
            kind = DType.BOOL if isinstance(number, bool) else dtype
            operands.append(builder.value(Type(kind, shape), f"x{len(params) + k}"))
            if kind.is_float and k not in record.refuses:
                wrt.append(len(params) + k)
        params += operands
        results.append(builder.emit(record, operands))
    function = Function("f", builder.close(params, tuple(results)))
    return reverse(function, wrt, seeded=True)


def arguments(records: Sequence[Primitive], dtype: DType, length: int | None) -> list[Any]:
    points = [number for record in records for number in point_of(record)]
    given = [
        number if isinstance(number, bool) else dtype.numpy.type(number) for number in points
    ] + [dtype.numpy.type(1.0 + 0.125 * k) for k in range(len(records))]
    return given if length is None else [np.repeat(np.asarray(arg), length) for arg in given]


def outcome(records: Sequence[Primitive], dtype: DType, length: int | None = None) -> Any:
    """The program, its arguments, and what the evaluation of its IR says."""
    function = gradients(records, dtype, length)
    args = arguments(records, dtype, length)
    return function, args, evaluate(function, args)


def loaded(function: Function, style: Any, target: str) -> Any:
    lowered = run_passes(function, emission_pipeline(style, target))
    text = emit_module([lowered], style=style, title="t", options={"fastmath": False})
    namespace: dict[str, Any] = {}
    exec(compile(text, "<generated>", "exec"), namespace)
    return namespace[function.name]


def agree(found: Sequence[Any], wanted: Sequence[Any], dtype: DType) -> None:
    tolerance = 1e-12 if dtype is DType.F64 else 2e-6
    for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
        assert np.asarray(one).dtype == np.asarray(other).dtype
        np.testing.assert_allclose(
            one, other, rtol=tolerance, atol=tolerance, err_msg=f"result {number}"
        )


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32], ids=["f64", "f32"])
def test_compiled(dtype: DType) -> None:
    function, args, wanted = outcome(SMOOTH, dtype)
    found = loaded(function, "loops", "cpu")(*args)
    # numba hands numbers of single precision over as Python's
    agree([np.asarray(one, dtype.numpy)[()] for one in found], wanted, dtype)


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32], ids=["f64", "f32"])
def test_uncompiled_loops(dtype: DType) -> None:
    function, args, wanted = outcome(SMOOTH, dtype)
    with np.errstate(all="ignore"):
        agree(loaded(function, "loops", "cpu").py_func(*args), wanted, dtype)


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32], ids=["f64", "f32"])
def test_whole_arrays(dtype: DType) -> None:
    function, args, wanted = outcome(SMOOTH, dtype, length=3)
    with np.errstate(all="ignore"):
        agree(loaded(function, "numpy", "cpu").py_func(*args), wanted, dtype)


def test_single_precision_is_the_same_function() -> None:
    _, _, double = outcome(SMOOTH, DType.F64)
    _, _, single = outcome(SMOOTH, DType.F32)
    for one, other in zip(single, double, strict=True):
        np.testing.assert_allclose(one, other, rtol=SINGLE, atol=SINGLE)


def on_device(record: Primitive) -> bool:
    """Whether CUDA has all that the gradient is made of."""
    ops = all_ops(gradients([record], DType.F64, None).body)
    return all(special_function(op.prim) in ("", *ON_DEVICE) for op in ops)


def test_kernels_for_the_device() -> None:
    records = [record for record in SMOOTH if on_device(record)]
    assert len(records) > 50
    for record in records:
        function, args, wanted = outcome([record], DType.F64)
        kernel = run_passes(function, emission_pipeline("loops", "cuda"))
        text = emit_kernel(kernel, title="t")
        found, _ = run_kernel(text, function.name, *(np.repeat(arg, 3) for arg in args))
        agree(found, [np.repeat(value, 3) for value in wanted], DType.F64)

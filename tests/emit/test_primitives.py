"""Every primitive with test points has text, and the text computes what the primitive means.

In both styles and both precisions, on scalars and on arrays, uncompiled and compiled.
"""

from typing import Any

import numpy as np
import pytest

from gradc.emit import emit_module
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Primitive, Region, Value
from gradc.ir.types import Dim, DType, Type, dtype_of_numpy
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from tests.emit.running import run_function

POINTWISE = [record for record in TABLE.values() if record.pointwise and record.at]
STRUCTURED = [record for record in TABLE.values() if not record.pointwise and record.at]
# A last digit may differ: powers by multiplication and by logarithm, single precision through
# double, sums in another order.
CLOSE = {DType.F64: {"rtol": 1e-14}, DType.F32: {"rtol": 3e-7}}


def points(record: Primitive) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    found = []
    for point in record.at:
        two = isinstance(point, tuple) and len(point) == 2
        with_params = two and isinstance(point[1], dict)
        found.append((point[0], point[1]) if with_params else (point, {}))
    return found


def typed(arg: Any, dtype: DType, length: int | None) -> Any:
    """An argument in a precision; `length` copies of it for an array."""
    arg = np.asarray(arg)
    if np.issubdtype(arg.dtype, np.floating):
        arg = arg.astype(dtype.numpy)
    return (arg if length is None else np.repeat(arg, length))[()]


def type_of(arg: Any) -> Type:
    dtype = dtype_of_numpy(np.asarray(arg).dtype)
    assert dtype is not None
    shape: tuple[Dim, ...] = np.shape(arg)
    return Type(dtype, shape)


def single(record: Primitive, args: list[Any], params: dict[str, Any]) -> Function:
    builder = Builder()
    values = [builder.value(type_of(arg), f"x{k}", named=True) for k, arg in enumerate(args)]
    if record.results:
        outs = builder.emit_all(record, values, params)
    else:
        outs = (builder.emit(record, values, params),)
    return Function("single", Region(tuple(values), tuple(builder.ops), outs))


@pytest.mark.parametrize("record", POINTWISE, ids=lambda record: record.name)
@pytest.mark.parametrize("dtype", [DType.F64, DType.F32], ids=["f64", "f32"])
@pytest.mark.parametrize("length", [None, 3], ids=["scalar", "array"])
@pytest.mark.parametrize("style", ["numpy", "loops"])
def test_pointwise_text(record, dtype, length, style):
    for point, params in points(record):
        args = [typed(arg, dtype, length) for arg in point]
        function = single(record, args, params)
        (want,) = evaluate(function, args)
        (have,) = run_function(function, args, style)
        assert np.asarray(have).dtype == np.asarray(want).dtype
        np.testing.assert_allclose(have, want, **CLOSE[dtype])


@pytest.mark.parametrize("record", STRUCTURED, ids=lambda record: record.name)
@pytest.mark.parametrize("dtype", [DType.F64, DType.F32], ids=["f64", "f32"])
@pytest.mark.parametrize("style", ["numpy", "loops"])
def test_structured_text(record, dtype, style):
    for point, params in points(record):
        args = [typed(arg, dtype, None) for arg in point]
        function = single(record, args, params)
        wanted = evaluate(function, args)
        for have, want in zip(run_function(function, args, style), wanted, strict=True):
            assert np.asarray(have).dtype == np.asarray(want).dtype
            np.testing.assert_allclose(have, want, **CLOSE[dtype], atol=1e-7 * CLOSE[dtype]["rtol"])


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32], ids=["f64", "f32"])
def test_compiled_text(dtype):
    builder = Builder()
    params: list[Value] = []
    args: list[Any] = []
    results: list[Value] = []
    for record in POINTWISE:
        point, options = points(record)[0]
        given = [typed(arg, dtype, None) for arg in point]
        values = [builder.value(type_of(arg), f"x{len(params) + k}") for k, arg in enumerate(given)]
        params += values
        args += given
        results.append(builder.emit(record, values, options))
    function = Function("all_of_them", Region(tuple(params), tuple(builder.ops), tuple(results)))
    namespace: dict[str, Any] = {}
    text = emit_module([function], style="loops", title="t", options={"fastmath": False})
    exec(compile(text, "<generated>", "exec"), namespace)
    have = namespace["all_of_them"](*args)
    for record, one, other in zip(POINTWISE, have, evaluate(function, args), strict=True):
        np.testing.assert_allclose(one, other, err_msg=record.name, **CLOSE[dtype])
    widened = [
        (record.name, str(kind))
        for record, value, kind in zip(
            POINTWISE,
            results,
            namespace["all_of_them"].dispatcher.nopython_signatures[0].return_type,
            strict=True,
        )
        if value.type.is_float
        and str(kind) != ("float64" if dtype is DType.F64 else "float32")
        and record.name != "cast"
        and record.lower is None  # it is lowered before it is compiled
    ]
    assert widened == []

"""Every primitive of scalars compiles for the device, in each element type that it takes."""

import math
import re

import numpy as np
import pytest

from gradc.driver import emission_pipeline, run_passes
from gradc.emit.cuda import emit_kernel
from gradc.emit.cuda_memory import special_function
from gradc.errors import UnsupportedFunctionError
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Primitive, Region
from gradc.ir.types import DType, Type
from gradc.prims.arithmetic import CAST
from gradc.prims.bessel import J0, J1, Y0, Y1
from gradc.prims.elementary import CLIP, COS, SIN, SINC, TAN
from gradc.prims.table import TABLE
from gradc_runtime.special import ON_DEVICE
from tests.cuda.host import load_kernel, run_kernel

POINTWISE = [
    prim for prim in TABLE.values() if prim.pointwise and special_function(prim) in ("", *ON_DEVICE)
]
ELSEWHERE = [prim for prim in TABLE.values() if prim.pointwise and prim not in POINTWISE]
# A large float32 argument of these is reduced in float64 by CUDA's own library.
REDUCED_IN_DOUBLE = {SIN, COS, TAN, SINC, J0, J1, Y0, Y1}
EDGES = (0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 1e30, math.inf, -math.inf, math.nan)


def first_point(prim: Primitive):
    args, *params = prim.at[0] if isinstance(prim.at[0][0], tuple) else (prim.at[0],)
    return args, params[0] if params else {}


def program(prim: Primitive, dtype: DType) -> Function | None:
    """The primitive alone, on operands of a type; None where it does not take them."""
    args, params = first_point(prim)
    builder = Builder()
    given = [
        builder.value(Type(DType.BOOL if isinstance(arg, bool) else dtype), f"x{number}")
        for number, arg in enumerate(args)
    ]
    try:
        out = builder.emit(prim, given, params)
    except TypeError:
        return None
    alone = Function("f", Region(tuple(given), tuple(builder.ops), (out,)))
    return run_passes(alone, emission_pipeline("loops", "cuda"))


@pytest.mark.parametrize("prim", POINTWISE, ids=lambda prim: prim.name)
def test_compiles_for_the_device(prim):
    pytest.importorskip("numba_cuda")
    taken = 0
    for dtype in DType:
        function = program(prim, dtype)
        if function is None:
            continue
        taken += 1
        ptx = load_kernel(emit_kernel(function, title="t"), "f").ptx()
        assert re.search(r"\.visible \.entry f\(", ptx)
        if dtype is DType.F32 and prim is not CAST and prim not in REDUCED_IN_DOUBLE:
            assert ".f64" not in ptx
    assert taken


def test_what_the_device_does_not_have_is_refused():
    assert len(ELSEWHERE) > 20
    for prim in ELSEWHERE:
        with pytest.raises(UnsupportedFunctionError, match="not available in CUDA kernels"):
            emit_kernel(program(prim, DType.F64), title="t")


def column(prim: Primitive, number: int, arg: object, dtype: DType) -> np.ndarray:
    """Values of an operand: edges, for each operand in another order."""
    if isinstance(arg, bool):
        return np.array([arg, not arg] * (len(EDGES) // 2))
    if prim is CLIP and number:
        return np.full(len(EDGES), arg, dtype.numpy)  # a limit that is nan limits nothing
    return np.roll(np.array(EDGES, dtype.numpy), number)


@pytest.mark.parametrize("dtype", [DType.F64, DType.F32])
@pytest.mark.parametrize("prim", POINTWISE, ids=lambda prim: prim.name)
def test_text_means_what_the_primitive_does(prim, dtype):
    function = program(prim, dtype)
    if function is None:
        return
    args, params = first_point(prim)
    columns = [column(prim, number, arg, dtype) for number, arg in enumerate(args)]
    (found,), _ = run_kernel(emit_kernel(function, title="t"), "f", *columns)
    with np.errstate(all="ignore"):
        wanted = [prim.evaluate(*values, **params) for values in zip(*columns, strict=True)]
    tolerance = 1e-12 if dtype is DType.F64 else 1e-5
    np.testing.assert_allclose(found, np.array(wanted, found.dtype), rtol=tolerance)

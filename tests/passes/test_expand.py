"""Expansion of composite primitives."""

import numpy as np
import pytest

from gradc.errors import Location
from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Kind, Op, Region, Role, Value
from gradc.ir.types import F64, INT
from gradc.ir.verify import verify
from gradc.ir.walk import all_ops
from gradc.passes.base import Context
from gradc.passes.expand import Expand
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from tests.passes.helpers import apply, assert_close, parse, unchanged

LOWERED = [
    prim for prim in TABLE.values() if prim.lower is not None and prim.name != "batched_matmul"
]


def test_there_is_something_to_expand():
    assert {"softmax", "logsumexp", "sigmoid", "relu"} <= {prim.name for prim in LOWERED}


@pytest.mark.parametrize("prim", LOWERED, ids=lambda prim: prim.name)
def test_expansion_means_the_same(prim):
    for point in prim.at:
        values, settings = point if _has_params(point) else (point, {})
        if prim.kind is Kind.ELEMENTWISE:
            values = [np.atleast_1d(value) for value in values]
        function = _calling(prim, values, settings)
        result = apply(function, Expand())
        assert all(op.prim.lower is None for op in all_ops(result.body))
        assert_close(evaluate(result, values), evaluate(function, values), rtol=1e-12)


def _calling(prim, values, settings):
    """A function that is one op; arrays have symbolic sizes, and integers are sizes."""
    builder = Builder(Symbols())
    params = []
    for k, value in enumerate(values):
        if isinstance(value, int):
            params.append(Value(INT, f"p{k}", size=f"n{k}"))
        else:
            shape = tuple(f"d{axis}" for axis in range(np.ndim(value)))
            params.append(Value(F64.with_shape(shape), f"p{k}"))
    out = builder.emit(prim, params, settings, "y")
    return verify(Function("f", Region(tuple(params), tuple(builder.ops), (out,))))


def _has_params(point):
    return len(point) == 2 and isinstance(point[1], dict)


def test_products_of_stacks_become_loops():
    for a, b in TABLE["batched_matmul"].at:
        left, right = (", ".join(map(str, np.shape(one))) for one in (a, b))
        shape = ", ".join(map(str, (*a.shape[:-1], b.shape[-1])))
        function = parse(
            f"def f(a: f64[{left}], b: f64[{right}]):\n"
            f"    y: f64[{shape}] = batched_matmul(a, b)\n    return (y,)\n"
        )
        result = apply(function, Expand())
        assert any(op.prim.name == "matmul" for op in all_ops(result.body))
        assert all(op.prim.lower is None for op in all_ops(result.body))
        assert_close(evaluate(result, [a, b]), evaluate(function, [a, b]), rtol=1e-12)


def test_place_and_sweep_are_kept():
    function = parse("def f(x: f64[n]):\n    y: f64[n] = sigmoid(x)\n    return (y,)\n")
    (op,) = function.ops
    loc = Location("a.py", 7, 3)
    moved = Op(op.prim, op.args, op.params, op.outs, (), loc, Role.ADJOINT)
    body = Region(function.params, (moved,), function.results)
    result = Expand().run(Function("f", body), Context())
    assert len(result.ops) > 3
    assert {(op.loc, op.role) for op in result.ops} == {(loc, Role.ADJOINT)}
    assert result.results == function.results


def test_nothing_to_expand():
    unchanged("def f(x: f64):\n    y: f64 = sin(x)\n    return (y,)\n", Expand())

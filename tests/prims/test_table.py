"""Every record of the primitive table at each of its test points.

Value against the record's own meaning is the business of the backends; here it is the derivative:
forward mode against extrapolated differences, reverse mode against forward mode by the inner
product identity, and the second order by differentiating the adjoint again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from gradc.adjoint.forward import forward
from gradc.adjoint.reverse import reverse
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Kind, Primitive
from gradc.ir.types import INT, DType, Type, dtype_of_numpy
from gradc.ir.verify import verify
from gradc.prims.evaluate import evaluate
from gradc.prims.table import TABLE
from gradc_runtime.differences import derivative

# What has no meaning on numbers alone: control and creation, sizes, tapes, calls.
STRUCTURAL = {
    "const", "dim", "zeros", "empty", "tape", "trip", "wrap", "grow", "copy", "again",
    "stop_gradient",
    "broadcast", "sum", "max", "min", "argmax", "argmin", "transpose", "reshape", "expect",
    "get", "put", "add_at", "pick", "pick_add", "eye",
    "stand_in",  # the value of one operand, the derivative of another: tests/passes/test_winners.py
    "call",  # its derivative is that of its function: tests/passes/test_shared_programs.py
}  # fmt: skip

DIFFERENTIABLE = [
    prim
    for prim in TABLE.values()
    if prim.kind not in (Kind.CONSTANT, Kind.CONTROL) and prim.name not in STRUCTURAL
]


def _points(prim: Primitive) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    points = []
    for point in prim.at:
        has_params = len(point) == 2 and isinstance(point[1], dict)
        args, params = point if has_params else (point, {})
        points.append((tuple(args), dict(params)))
    return points


CASES = [
    pytest.param(prim, args, params, id=f"{prim.name}-{index}")
    for prim in DIFFERENTIABLE
    for index, (args, params) in enumerate(_points(prim))
]


def _function(prim: Primitive, args: tuple[Any, ...], params: dict[str, Any]) -> Function:
    builder = Builder()
    values = []
    for index, arg in enumerate(args):
        array = np.asarray(arg)
        if array.dtype == np.int64 and not array.shape:  # a size
            values.append(builder.value(INT, f"a{index}", size=int(arg)))
            continue
        kind = DType.F64 if array.dtype.kind == "f" else dtype_of_numpy(array.dtype)
        values.append(builder.value(Type(kind, array.shape), f"a{index}"))
    if prim.results:
        outs = builder.emit_all(prim, values, params)
    else:
        outs = (builder.emit(prim, values, params),)
    return verify(Function(prim.name, builder.close(values, outs)))


def _active(prim: Primitive, args: tuple[Any, ...]) -> list[int]:
    """The arguments to differentiate: floats, but those whose derivative is refused."""
    floats = [i for i, arg in enumerate(args) if np.asarray(arg).dtype.kind == "f"]
    return [i for i in floats if i not in prim.refuses]


def _flat(parts: Sequence[Any]) -> np.ndarray:
    """The float results, end to end: a primitive may have several."""
    floats = [np.asarray(part) for part in parts if np.asarray(part).dtype.kind == "f"]
    return np.concatenate([np.ravel(part) for part in floats])


def _bars_for(outs: Sequence[Any], seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [
        rng.uniform(0.5, 1.5, np.shape(out)).astype(np.asarray(out).dtype)
        for out in outs
        if np.asarray(out).dtype.kind == "f"
    ]


def _directions(prim: Primitive, args: tuple[Any, ...], seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.5, 1.5, np.shape(args[i])) for i in _active(prim, args)]


def _moved(
    prim: Primitive, args: tuple[Any, ...], directions: list[np.ndarray], step: float
) -> list[Any]:
    moved = [np.array(arg) for arg in args]
    for index, direction in zip(_active(prim, args), directions, strict=True):
        moved[index] = moved[index] + step * direction
    return moved


def _assert_close(found: Any, wanted: Any, error: float) -> None:
    scale = max(float(np.max(np.abs(wanted))), 1.0)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-9 * scale + 50 * error)


def test_every_record_has_test_points():
    without = [prim.name for prim in DIFFERENTIABLE if not prim.at]
    assert not without, f"records without test points: {without}"


def test_what_is_structural_is_still_in_the_table():
    assert set(TABLE) >= STRUCTURAL


@pytest.mark.parametrize(("prim", "args", "params"), CASES)
def test_forward_mode_agrees_with_differences(prim, args, params):
    function = _function(prim, args, params)
    tangent = verify(forward(function, _active(prim, args)))
    directions = _directions(prim, args, 1)
    wanted, error = derivative(
        lambda step: _flat(evaluate(function, _moved(prim, args, directions, step))), 0.02
    )
    tolerance_of_float32 = 1.0 if params.get("dtype") is DType.F32 else 0.0
    found = evaluate(tangent, [*args, *directions])[len(function.results) :]
    _assert_close(_flat(found), wanted, error + 1e-7 * tolerance_of_float32)


@pytest.mark.parametrize(("prim", "args", "params"), CASES)
def test_reverse_mode_is_the_transpose_of_forward_mode(prim, args, params):
    function = _function(prim, args, params)
    active, directions = _active(prim, args), _directions(prim, args, 2)
    outs = evaluate(function, args)
    count, seeds = len(outs), _bars_for(outs, 3)
    dots = evaluate(forward(function, active), [*args, *directions])[count:]
    adjoint = verify(reverse(function, active, seeded=True))
    bars = evaluate(adjoint, [*args, *seeds])[count:]
    left = sum(np.sum(bar * dot) for bar, dot in zip(seeds, dots, strict=True))
    right = sum(np.sum(b * d) for b, d in zip(bars, directions, strict=True))
    single = any(seed.dtype == np.float32 for seed in seeds)
    assert right == pytest.approx(left, rel=1e-6 if single else 1e-12)


@pytest.mark.parametrize(("prim", "args", "params"), CASES)
def test_second_order(prim, args, params):
    function = _function(prim, args, params)
    active, directions = _active(prim, args), _directions(prim, args, 4)
    outs = evaluate(function, args)
    count, seeds = len(outs), _bars_for(outs, 5)
    adjoint = reverse(function, active, seeded=True)
    bars = list(range(count, count + len(active)))

    def first(step: float) -> Any:
        found = evaluate(adjoint, [*_moved(prim, args, directions, step), *seeds])
        return np.concatenate([np.ravel(found[index]) for index in bars])

    wanted, error = derivative(first, 0.02)
    over = verify(forward(adjoint, active))
    found = evaluate(over, [*args, *seeds, *directions])[-len(active) :]
    flat = np.concatenate([np.ravel(part) for part in found])
    loose = 1e-6 if params.get("dtype") is DType.F32 else 0.0
    _assert_close(flat, wanted, error + loose)

    twice = verify(reverse(adjoint, active, results=bars, seeded=True))
    weights = _directions(prim, args, 6)
    again = evaluate(twice, [*args, *seeds, *weights])[count + len(active) :]
    left = sum(np.sum(w * t) for w, t in zip(weights, found, strict=True))
    right = sum(np.sum(b * d) for b, d in zip(again, directions, strict=True))
    assert right == pytest.approx(left, rel=1e-5 if loose else 1e-10, abs=1e-12)

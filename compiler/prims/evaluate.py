"""The meaning of a function of the IR: a plain evaluator on NumPy values.

It is the reference that passes and backends are tested against, and it supplies the values
that an explanation shows. It is not meant to be fast.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE
from gradc.ir.core import Function, Op, Region, Value


def evaluate(function: Function, args: Sequence[Any]) -> tuple[Any, ...]:
    """Evaluate a function at arguments of the types of its parameters."""
    values = evaluate_all(function, args)
    return tuple(values[result] for result in function.results)


def evaluate_all(function: Function, args: Sequence[Any]) -> Mapping[Value, Any]:
    """Evaluate a function and return what each value held last."""
    values: dict[Value, Any] = {}
    for param, arg in zip(function.params, args, strict=True):
        values[param] = np.array(arg, dtype=param.type.dtype.numpy)[()]
    with np.errstate(all="ignore"):
        _run(function.body.ops, values)
    return values


def _run(ops: Sequence[Op], values: dict[Value, Any]) -> None:
    for op in ops:
        if op.prim is FOR:
            _run_loop(op, values)
        elif op.prim is WHILE:
            _run_conditional_loop(op, values)
        elif op.prim is IF:
            region = op.regions[0] if values[op.args[0]] else op.regions[1]
            _assign(op.outs, _run_region(region, (), values), values)
        elif op.prim is CONST:
            values[op.out] = op.params["dtype"].numpy.type(op.params["value"])
        else:
            _run_simple(op, values)


def _run_simple(op: Op, values: dict[Value, Any]) -> None:
    if op.prim.evaluate is None:
        raise TypeError(f"{op.prim.name} has no meaning of its own")
    result = op.prim.evaluate(*(values[arg] for arg in op.args), **op.params)
    for out, part in zip(op.outs, result if op.prim.results else (result,), strict=True):
        values[out] = np.asarray(part).astype(out.type.dtype.numpy, copy=False)[()]


def _assign(targets: Sequence[Value], results: Sequence[Any], values: dict[Value, Any]) -> None:
    values.update(zip(targets, results, strict=True))


def _run_region(region: Region, args: Sequence[Any], values: dict[Value, Any]) -> list[Any]:
    _assign(region.params, args, values)
    _run(region.ops, values)
    return [values[value] for value in region.yields]


def _run_loop(op: Op, values: dict[Value, Any]) -> None:
    start, stop, step = (int(values[arg]) for arg in op.args[:LOOP_BOUNDS])
    carried = [values[arg] for arg in op.args[LOOP_BOUNDS:]]
    for index in range(start, stop, step):
        carried = _run_region(op.regions[0], [np.int64(index), *carried], values)
    _assign(op.outs, carried, values)


def _run_conditional_loop(op: Op, values: dict[Value, Any]) -> None:
    condition, body = op.regions
    carried = [values[arg] for arg in op.args]
    while _run_region(condition, carried, values)[0]:
        carried = _run_region(body, carried, values)
    _assign(op.outs, carried, values)

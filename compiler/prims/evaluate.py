"""The meaning of a function of the IR: a plain evaluator on NumPy values.

It is the reference that passes and backends are tested against, and it supplies the values
that an explanation shows. It is not meant to be fast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE
from gradc.ir.core import Function, Op, Region, Value

# Sees each op that is no loop or branch, and all values, after it has run; may change them.
Observer = Callable[[Op, dict[Value, Any]], None]


def evaluate(
    function: Function, args: Sequence[Any], observe: Observer | None = None
) -> tuple[Any, ...]:
    """Evaluate a function at arguments of the types of its parameters.

    Parameters
    ----------
    function : Function
    args : sequence
    observe : callable, optional
        See :data:`Observer`.
    """
    values = evaluate_all(function, args, observe)
    return tuple(values[result] for result in function.results)


def evaluate_all(
    function: Function, args: Sequence[Any], observe: Observer | None = None
) -> Mapping[Value, Any]:
    """Evaluate a function and return what each value held last."""
    values: dict[Value, Any] = {}
    for param, arg in zip(function.params, args, strict=True):
        values[param] = np.array(arg, dtype=param.type.dtype.numpy)[()]
    with np.errstate(all="ignore"):
        _Machine(values, observe).run(function.body.ops)
    return values


@dataclass(slots=True)
class _Machine:
    values: dict[Value, Any]
    observe: Observer | None

    def run(self, ops: Sequence[Op]) -> None:
        for op in ops:
            if op.prim is FOR:
                self.loop(op)
            elif op.prim is WHILE:
                self.conditional_loop(op)
            elif op.prim is IF:
                region = op.regions[0] if self.values[op.args[0]] else op.regions[1]
                self.assign(op.outs, self.region(region, ()))
            elif op.prim is CONST:
                self.values[op.out] = op.params["dtype"].numpy.type(op.params["value"])
            else:
                self.simple(op)

    def simple(self, op: Op) -> None:
        if op.prim.evaluate is None:
            raise TypeError(f"{op.prim.name} has no meaning of its own")
        result = op.prim.evaluate(*(self.values[arg] for arg in op.args), **op.params)
        for out, part in zip(op.outs, result if op.prim.results else (result,), strict=True):
            self.values[out] = np.asarray(part).astype(out.type.dtype.numpy, copy=False)[()]
        if self.observe is not None:
            self.observe(op, self.values)

    def assign(self, targets: Sequence[Value], results: Sequence[Any]) -> None:
        self.values.update(zip(targets, results, strict=True))

    def region(self, region: Region, args: Sequence[Any]) -> list[Any]:
        self.assign(region.params, args)
        self.run(region.ops)
        return [self.values[value] for value in region.yields]

    def loop(self, op: Op) -> None:
        start, stop, step = (int(self.values[arg]) for arg in op.args[:LOOP_BOUNDS])
        carried = [self.values[arg] for arg in op.args[LOOP_BOUNDS:]]
        for index in range(start, stop, step):
            carried = self.region(op.regions[0], [np.int64(index), *carried])
        self.assign(op.outs, carried)

    def conditional_loop(self, op: Op) -> None:
        condition, body = op.regions
        carried = [self.values[arg] for arg in op.args]
        while self.region(condition, carried)[0]:
            carried = self.region(body, carried)
        self.assign(op.outs, carried)

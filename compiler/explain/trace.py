"""What a function does at one point: the ops it executes, without loops and branches.

The explanation of a derivative follows the values that were computed. A loop appears as often as
it ran, a branch as the arm that was taken, and every size and index is a number::

    for i in range(3):          p_1 = p * x
        p = p * x               p_2 = p_1 * x
                                p_3 = p_2 * x
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradc.ir.builder import CONST
from gradc.ir.control import FOR, IF, LOOP_BOUNDS, WHILE
from gradc.ir.core import Function, Op, Params, Region, Value
from gradc.ir.types import DType, Type

#: A trace of more operations than this helps nobody; loops are then summed up.
LONGEST_TRACE = 200


class _TooLongError(Exception):
    """The function executes more operations than are worth showing."""


def trace(function: Function, args: Sequence[Any]) -> Function | None:
    """Return the straight-line function that is executed at a point.

    Parameters
    ----------
    function : Function
    args : sequence
        Of the types of the parameters.

    Returns
    -------
    Function or None
        Of the same parameters with the sizes of `args`; None where more than `LONGEST_TRACE`
        operations are executed.
    """
    tracer = _Tracer()
    params = [
        tracer.make(param, np.array(arg, dtype=param.type.dtype.numpy)[()])
        for param, arg in zip(function.params, args, strict=True)
    ]
    try:
        with np.errstate(all="ignore"):
            tracer.run(function.body.ops)
    except _TooLongError:
        return None
    results = tuple(tracer.env[result] for result in function.results)
    body = Region(tuple(params), tuple(tracer.ops), results)
    return Function(function.name, body, function.loc)


class _Tracer:
    """Runs ops and writes down each one that runs, on values of known sizes."""

    def __init__(self) -> None:
        self.ops: list[Op] = []
        self.env: dict[Value, Value] = {}
        self.numbers: dict[Value, Any] = {}
        self.constants: dict[tuple[DType, str, str], Value] = {}
        self.executed = 0

    def make(self, like: Value, number: Any) -> Value:
        """Make the value of one execution, and let it stand for `like` from now on."""
        shape = tuple(int(size) for size in np.shape(number))
        integer = like.type.dtype is DType.INT and not shape
        made = replace(
            like, type=Type(like.type.dtype, shape), size=int(number) if integer else None
        )
        self.env[like] = made
        self.numbers[made] = number
        return made

    def run(self, ops: Sequence[Op]) -> None:
        for op in ops:
            if op.prim is IF:
                arm = op.regions[0] if self.number(op.args[0]) else op.regions[1]
                self.assign(op.outs, self.region(arm, ()))
            elif op.prim is FOR:
                self.loop(op)
            elif op.prim is WHILE:
                self.conditional_loop(op)
            else:
                self.simple(op)

    def number(self, value: Value) -> Any:
        return self.numbers[self.env[value]]

    def assign(self, targets: Sequence[Value], values: Sequence[Value]) -> None:
        self.env.update(zip(targets, values, strict=True))

    def region(self, region: Region, values: Sequence[Value]) -> list[Value]:
        self.assign(region.params, values)
        self.run(region.ops)
        return [self.env[result] for result in region.yields]

    def loop(self, op: Op) -> None:
        (body,) = op.regions
        bounds = [int(self.number(arg)) for arg in op.args[:LOOP_BOUNDS]]
        carried = [self.env[arg] for arg in op.args[LOOP_BOUNDS:]]
        for index in range(*bounds):
            self.count()
            counter = self.constant(body.params[0], index)
            carried = self.region(body, [counter, *carried])
        self.assign(op.outs, carried)

    def conditional_loop(self, op: Op) -> None:
        condition, body = op.regions
        carried = [self.env[arg] for arg in op.args]
        while self.numbers[self.region(condition, carried)[0]]:
            self.count()
            carried = self.region(body, carried)
        self.assign(op.outs, carried)

    def count(self) -> None:
        self.executed += 1
        if self.executed > LONGEST_TRACE:
            raise _TooLongError

    def simple(self, op: Op) -> None:
        if op.prim is CONST:
            self.env[op.out] = self.constant(op.out, op.params["value"])
            return
        assert op.prim.evaluate is not None, op.prim
        number = op.prim.evaluate(*(self.number(arg) for arg in op.args), **op.params)
        if op.prim.results:
            self.count()
            self.keep(op, number)
            return
        dtype = op.out.type.dtype
        if dtype is DType.INT and np.ndim(number) == 0:
            # sizes and indices are numbers in a trace
            self.env[op.out] = self.constant(op.out, int(number))
            return
        self.count()
        self.keep(op, (number,))

    def keep(self, op: Op, numbers: Sequence[Any]) -> None:
        """Write down an op that ran, with its results."""
        args = tuple(self.env[arg] for arg in op.args)
        outs = tuple(
            self.make(out, np.asarray(number).astype(out.type.dtype.numpy, copy=False)[()])
            for out, number in zip(op.outs, numbers, strict=True)
        )
        self.ops.append(replace(op, args=args, outs=outs))

    def constant(self, like: Value, number: Any) -> Value:
        key = (like.type.dtype, repr(number), like.name if _is_symbol(like) else "")
        if key not in self.constants:
            dtype = like.type.dtype
            params: Params = {"dtype": dtype, "value": number}
            made = self.make(like, dtype.numpy.type(number))
            self.ops.append(Op(CONST, (), params, (made,), (), like.loc))
            self.constants[key] = made
        self.env[like] = self.constants[key]
        return self.constants[key]


def _is_symbol(value: Value) -> bool:
    return value.name in ("pi", "e") and not value.named

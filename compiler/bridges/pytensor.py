"""PyTensor: a function of gradc as an ``Op``, so that PyMC models can contain it.

solve = as_op(simulate)                  # simulate(rate, start) -> array
rate = pm.LogNormal("rate", 0.0, 1.0)
pm.Normal("seen", solve(rate, start), 0.1, observed=data)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Unpack

import numpy as np
import pytensor.tensor as pt
from pytensor.gradient import DisconnectedType
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch.basic import numba_funcify

from gradc.bridges.calls import Call, as_array, float_places
from gradc.bridges.pytensor_numba import compiled_call
from gradc.errors import GradTypeError
from gradc.faces.containers import unflatten
from gradc.faces.options import OptionKeywords
from gradc.frontend.python import Static


def as_op(fun: Callable[..., Any], **options: Unpack[OptionKeywords]) -> Callable[..., Any]:
    """A function of PyTensor variables that calls gradc's kernel and is differentiated by it.

    Parameters
    ----------
    fun : callable
        A function of numbers and arrays that returns one, or a container of them.
    **options
        As for :func:`gradc.grad`.

    Returns
    -------
    callable
        Of positional arguments, variables or what becomes one. Gradients are taken to any order.
    """
    call = Call.with_keywords(fun, options)

    def apply(*inputs: Any) -> Any:
        variables = [pt.as_tensor_variable(each) for each in inputs]
        op = GradcOp(call)
        _, spec = call.result_types(_examples(variables))
        return unflatten(spec, op(*variables, return_list=True))

    return apply


class GradcOp(Op):  # type: ignore[misc,unused-ignore]
    """What :func:`as_op` puts into the graph."""

    __props__ = ("call",)

    def __init__(self, call: Call) -> None:
        self.call = call

    def __str__(self) -> str:
        return f"GradcOp({getattr(self.call.function, '__name__', 'function')})"

    def make_node(self, *inputs: Any) -> Any:
        """The application to inputs, with results of the types that gradc infers."""
        variables = [pt.as_tensor_variable(each) for each in inputs]
        types, _ = self.call.result_types(_examples(variables))
        if any(isinstance(each, Static) for each in types):
            raise GradTypeError("what PyTensor calls returns numbers and arrays only")
        outputs = [
            pt.tensor(dtype=each[1].name, shape=(None,) * len(each[0]))
            for each in types
            if isinstance(each, tuple)
        ]
        return Apply(self, variables, outputs)

    def perform(self, node: Any, inputs: Sequence[Any], storage: Sequence[list[Any]]) -> None:
        """Run the kernel."""
        values, _ = self.call.values([as_array(each) for each in inputs])
        for place, value, output in zip(storage, values, node.outputs, strict=True):
            place[0] = np.asarray(value, output.dtype)

    def connection_pattern(self, node: Any) -> list[list[bool]]:
        """Which outputs have a derivative with respect to which inputs: floats both."""
        return [
            ["float" in given.dtype and "float" in made.dtype for made in node.outputs]
            for given in node.inputs
        ]

    def pullback(
        self, inputs: Sequence[Any], outputs: Sequence[Any], cotangents: Sequence[Any]
    ) -> list[Any]:
        """The cotangents of the inputs, as the application of another op."""
        seeds = [
            pt.zeros_like(made) if isinstance(bar.type, DisconnectedType) else bar
            for made, bar in zip(outputs, cotangents, strict=True)
            if "float" in made.dtype
        ]
        examples = _examples(inputs)
        found = GradcOp(self.call.pullback(examples))(*inputs, *seeds, return_list=True)
        by_place = dict(zip(float_places(examples), found, strict=True))
        return [
            by_place[place] if place in by_place else DisconnectedType()()
            for place in range(len(inputs))
        ]

    # the name of the same before PyTensor 3
    L_op = pullback


def _examples(variables: Sequence[Any]) -> list[Any]:
    """Arguments of the types of variables, of which no more than the types count."""
    return [
        as_array(np.ones([1 if size == 1 else 2 for size in each.type.shape], each.dtype))
        for each in variables
    ]


def _for_numba(op: GradcOp, node: Any = None, **_: Any) -> Callable[..., Any]:
    """What PyTensor's numba backend runs."""
    return compiled_call(op.call, _examples(node.inputs), node.outputs)


numba_funcify.register(GradcOp, _for_numba)


__all__ = ["GradcOp", "as_op"]

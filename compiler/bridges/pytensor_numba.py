"""PyTensor's numba backend: a graph calls gradc's kernel as compiled code, not through Python.

PyTensor compiles each op to a function of arrays; for an op of gradc that is::

    def energy(a0, a1):
        r0, = (kernel(np.ascontiguousarray(a0), a1[()]),)
        return np.asarray(r0)

where `kernel` is the numba function that gradc has made for arguments of these types.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pytensor.link.numba.dispatch.basic import numba_njit

from gradc.faces.containers import flatten

if TYPE_CHECKING:
    from gradc.bridges.calls import Call


def compiled_call(
    call: Call, examples: Sequence[Any], outputs: Sequence[Any]
) -> Callable[..., Any]:
    """A numba function of arrays that calls the kernel of a function.

    Parameters
    ----------
    call : Call
    examples : sequence
        Arguments of the types that it is compiled for.
    outputs : sequence
        What the function returns as PyTensor sees it.
    """
    derivative = call.primal(examples).specialize(*examples)
    count = len(derivative.program.lowered.function.results)
    wanted = [leaf for leaf in flatten(derivative.value_tree)[0] if isinstance(leaf, int)]
    names = [f"a{place}" for place in range(len(examples))]
    given = [
        f"np.ascontiguousarray({name})" if np.ndim(example) else f"{name}[()]"
        for name, example in zip(names, examples, strict=True)
    ]
    found = ", ".join(f"r{place}" for place in range(count))
    value = f"kernel({', '.join(given)})"
    if count == 1:
        value = f"({value},)"
    made = [
        f"r{leaf}.copy()" if output.type.ndim else f"np.asarray(r{leaf}, np.{output.dtype})"
        for leaf, output in zip(wanted, outputs, strict=True)
    ]
    source = f"def gradc_call({', '.join(names)}):\n    {found}, = {value}\n"
    source += f"    return {', '.join(made)}\n"
    namespace = {"np": np, "kernel": derivative.compiled.kernel.dispatcher}
    exec(source, namespace)
    made_function: Callable[..., Any] = numba_njit(namespace["gradc_call"])
    return made_function

"""The routes that calls leave behind: see :mod:`gradc.faces.routes`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradc.faces.arguments import Argument, as_kernels_take
from gradc.faces.program import Derivative
from gradc.faces.routes import (
    Route,
    check_of_array,
    finish_of_gradient,
    finish_of_pair,
    run_of_entry,
)
from gradc.frontend.python import Leaf, Static

Arrange = Callable[[Derivative, list[Any]], Any]
_NUMBERS = (float, int, bool)


def route_for(derivative: Derivative, args: Sequence[Any], arrange: Arrange) -> Route | None:
    """The route that a call leaves behind; None where its arguments take the long way.

    Parameters
    ----------
    derivative : Derivative
        What the arguments were compiled for.
    args : sequence
        The positional arguments; there are no others.
    arrange : callable
        From the results of the kernel to what the user gets.
    """
    program = derivative.program
    if program.options.target != "cpu" or not all(map(_is_plain, args, program.arguments)):
        return None
    if program.asks_for_memory:
        return None  # each call has to look for arguments that share memory
    captured = tuple(array for _, array in program.lowered.captured)
    kinds = (value.type for value, _ in program.lowered.captured)
    if not all(as_kernels_take(a, kind) is a for a, kind in zip(captured, kinds, strict=True)):
        return None  # copied in each call: it may have other numbers then
    checks = [
        (position, check_of_array(arg))
        for position, arg in enumerate(args)
        if type(arg) is np.ndarray
    ]
    entry, finish = derivative.compiled.kernel.entry, _finish(derivative, arrange)
    return Route(derivative, run_of_entry(entry, captured, checks, finish, derivative.instead))


def _is_plain(arg: Any, argument: Argument) -> bool:
    """Whether an argument of this type goes to the kernel as it is."""
    kind = type(arg)
    if kind is np.ndarray:
        return bool(arg.ndim)
    if isinstance(arg, np.generic) and isinstance(argument.spec, Leaf):
        return bool(arg.dtype == argument.spec.type.dtype.numpy)
    return kind in _NUMBERS


def _finish(derivative: Derivative, arrange: Arrange) -> Callable[[Any], Any] | None:
    """From the kernel's results to what the user gets; None where they are that already."""
    program = derivative.program
    is_simple = derivative.mode in ("grad", "value_and_grad") and not derivative.has_aux
    if not is_simple or not all(spec.is_leaf() for _, _, spec in derivative.groups):
        return lambda results: arrange(
            derivative, list(results) if isinstance(results, tuple) else [results]
        )
    restore = [_restore(program.arguments[leaf]) for (leaf,) in derivative.leaves]
    if derivative.mode != "value_and_grad":
        return finish_of_gradient(restore, derivative.single)
    weak = program.lowered.out_weak[derivative.value_tree]
    result = program.lowered.function.results[derivative.value_tree].type
    return finish_of_pair(None if weak else result.dtype.numpy.type, restore, derivative.single)


def _restore(argument: Argument) -> Callable[[Any], Any] | None:
    """How a gradient gets the type of its argument; None where it has it already."""
    spec = argument.spec
    if isinstance(spec, Static) or (spec.type.is_scalar and not spec.weak):
        return argument.restore
    return None

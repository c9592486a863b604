"""Bodies of parallel loops, functions of their own in generated modules."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any, cast


class BlockKernel:
    """The body of a parallel loop: called by a kernel, and compiled with it.

    Attributes
    ----------
    py_func : function
        The uncompiled function; a call runs this.
    fastmath : bool
    dispatcher : object
        The numba dispatcher, once there is one.
    """

    def __init__(self, py_func: types.FunctionType, fastmath: bool) -> None:
        functools.update_wrapper(self, py_func)
        self.py_func = py_func
        self.fastmath = fastmath
        self.dispatcher: Any = None

    def __call__(self, *args: Any) -> Any:
        """Run it uncompiled."""
        return self.py_func(*args)


def kernel_block(*, fastmath: bool = True) -> Callable[[Callable[..., Any]], BlockKernel]:
    """Make the body of a parallel loop of a function of a generated module."""

    def decorate(function: Callable[..., Any]) -> BlockKernel:
        return BlockKernel(cast("types.FunctionType", function), fastmath)

    return decorate

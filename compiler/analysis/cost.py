"""Cost: how many arithmetic operations a function does, as a function of its sizes.

The count is exact for straight code and for loops whose trip count follows from sizes; both
sides of a branch are counted as the dearer one. Tests hold the adjoint to a small multiple of
the primal by it, without a clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Function, Op
from gradc.ir.types import Dim, Type
from gradc.prims.linalg import MATMUL

Sizes = Mapping[str, int]


class UnknownSizeError(ValueError):
    """A size or trip count that the given sizes do not decide."""


def operations(function: Function, sizes: Sizes) -> int:
    """Count the arithmetic operations of one call.

    Parameters
    ----------
    function : Function
    sizes : mapping
        The value of each size symbol.

    Raises
    ------
    UnknownSizeError
        For a size symbol without a value, and for loops whose trip count is not decided.
    """
    return sum(_op(op, sizes) for op in function.ops)


def largest_array(function: Function, sizes: Sizes) -> int:
    """The number of elements of the largest array made or taken, at the outermost level."""
    values = [*function.params, *(out for op in function.ops for out in op.outs)]
    return max(_elements(value.type, sizes) for value in values)


def _op(op: Op, sizes: Sizes) -> int:
    if op.prim is IF:
        return max(_ops(region.ops, sizes) for region in op.regions)
    if op.prim is FOR:
        start, stop, step = (_size(arg.size, sizes) for arg in op.args[:3])
        return len(range(start, stop, step)) * _ops(op.regions[0].ops, sizes)
    if op.prim is WHILE:
        raise UnknownSizeError("the trip count of a while loop does not follow from sizes")
    if op.prim is MATMUL:
        inner = _size(op.args[0].type.shape[-1], sizes)
        return 2 * inner * _elements(op.out.type, sizes)
    largest = max((_elements(value.type, sizes) for value in (*op.args, *op.outs)), default=0)
    return op.prim.cost * largest


def _ops(ops: Sequence[Op], sizes: Sizes) -> int:
    return sum(_op(op, sizes) for op in ops)


def _elements(type: Type, sizes: Sizes) -> int:
    return math.prod(_size(dim, sizes) for dim in type.shape)


def _size(dim: Dim | None, sizes: Sizes) -> int:
    if isinstance(dim, int):
        return dim
    if dim is None or dim not in sizes:
        raise UnknownSizeError(f"no value is given for the size {dim}")
    return sizes[dim]

"""Loops that passes append to write an array one element after the other.

::

    with for_(zero, size, one, array) as (i, array_1):
        array_2 = write(array_1, i)
        yield_(array_2)
    out = outs()
"""

from __future__ import annotations

from collections.abc import Callable

from gradc.ir.builder import Builder
from gradc.ir.core import Value
from gradc.ir.types import INT

#: Appends the next version of an array, given a builder, the array and an index.
Write = Callable[[Builder, Value, Value], Value]


def written_by_element(
    builder: Builder, size: Value, array: Value, write: Write, out: Value | None = None
) -> Value:
    """Append a loop over `size` indices in which `write` makes the next version of an array.

    `out` is for the array that it leaves; it is returned.
    """
    inside = builder.child()
    index, param = inside.value(INT, "i"), inside.value(array.type, array.name)
    body = inside.close([index, param], [write(inside, param, index)])
    bounds = builder.const(0), size, builder.const(1)
    (left,) = builder.loop(bounds, [array], body, None if out is None else [out])
    return left

"""Arrays of which nothing but elements is used, so that nobody sees how they lie in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gradc.analysis.storage import StorageClasses
from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Function, Op, Value
from gradc.ir.walk import all_ops
from gradc.prims.index import ADD_AT, AT, GET, PUT
from gradc.prims.shape import COPY, EMPTY, ZEROS

_ELEMENTS = frozenset({GET, PUT, ADD_AT})
_CONTROL = frozenset({FOR, WHILE, IF})
MAKERS = frozenset({EMPTY, ZEROS, COPY})


def is_element(op: Op) -> bool:
    """Whether an op reads or updates one element of an array."""
    return op.prim in _ELEMENTS and set(op.params["spec"]) == {AT}


def seen_by_element(
    function: Function, classes: StorageClasses, makers: Sequence[Op]
) -> dict[Value, Op]:
    """For each class of arrays of which only elements are used: the op that makes it.

    Parameters
    ----------
    function : Function
        With updates in place.
    classes : StorageClasses
    makers : sequence of Op
        Those that are asked about, each ``empty``, ``zeros`` or ``copy``.

    Returns
    -------
    dict of Value to Op
        By representative. Where several ops may make an array, it is not among them.
    """
    homes: dict[Value, list[Op]] = {}
    for op in all_ops(function.body):
        if op.prim in MAKERS:
            homes.setdefault(classes.of(op.out), []).append(op)
    seen = {classes.of(value) for value in _seen_whole(function)}
    asked = set(makers)
    return {
        home: made[0]
        for home, made in homes.items()
        if len(made) == 1 and made[0] in asked and home not in seen
    }


def _seen_whole(function: Function) -> Iterator[Value]:
    """The arrays of which more than elements is used."""
    yield from (value for value in function.params if value.type.rank)
    yield from (value for value in function.results if value.type.rank)
    for op in all_ops(function.body):
        if op.prim in _CONTROL:
            continue
        by_element = is_element(op)
        yield from (value for value in op.args[1 if by_element else 0 :] if value.type.rank)
        if not by_element and op.prim not in MAKERS:
            yield from (value for value in op.outs if value.type.rank)

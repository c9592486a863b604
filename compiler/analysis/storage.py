"""Which array values may lie in one buffer once the program is printed.

Views, updates in place and what loops carry share the buffer of their source; two values of
different classes never do. The classes are coarse: they only decide whether a read may be moved
past a write.
"""

from __future__ import annotations

from collections.abc import Iterator

from gradc.ir.control import FOR, IF, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import all_ops
from gradc.prims.index import ADD_AT, GET, PICK_ADD, PUT
from gradc.prims.loops import GROW
from gradc.prims.shape import AGAIN, BROADCAST, EXPECT, RESHAPE, REUSE, STOP_GRADIENT, TRANSPOSE

UPDATES = frozenset({PUT, ADD_AT, PICK_ADD})
# Results that may be (part of) their first operand when printed.
VIEWS = frozenset({AGAIN, GET, BROADCAST, EXPECT, RESHAPE, REUSE, STOP_GRADIENT, TRANSPOSE, GROW})


def is_in_place(op: Op) -> bool:
    """Whether an op writes into the buffer of its first operand."""
    return op.prim in UPDATES and bool(op.params.get("inplace"))


def is_settled(function: Function) -> bool:
    """Whether all updates are in place, so that it is known which arrays share memory."""
    return all(is_in_place(op) for op in all_ops(function.body) if op.prim in UPDATES)


class StorageClasses:
    """Classes of array values that may share a buffer.

    Parameters
    ----------
    body : Region
    updates : bool
        Whether every update counts as one in place.
    """

    def __init__(self, body: Region, updates: bool = False) -> None:
        self._parents: dict[Value, Value] = {}
        for op in all_ops(body):
            for left, right in _shared(op, updates):
                if not left.type.is_scalar and not right.type.is_scalar:
                    self.join(left, right)

    def of(self, value: Value) -> Value:
        """The representative of the class of an array."""
        root = value
        while root in self._parents:
            root = self._parents[root]
        while value is not root:
            self._parents[value], value = root, self._parents[value]
        return root

    def join(self, left: Value, right: Value) -> None:
        """Note that two arrays may share a buffer."""
        a, b = self.of(left), self.of(right)
        if a is not b:
            self._parents[b] = a


def _shared(op: Op, updates: bool) -> Iterator[tuple[Value, Value]]:
    if op.prim in VIEWS or is_in_place(op) or (updates and op.prim in UPDATES):
        yield op.args[0], op.out
    elif op.prim in (FOR, WHILE):
        yields = loop_body(op).yields
        for init, param, result, out in zip(
            carried_inits(op), carried_params(op), yields, op.outs, strict=True
        ):
            yield from ((init, param), (param, result), (param, out))
        if op.prim is WHILE:
            yield from zip(op.regions[0].params, op.regions[1].params, strict=True)
    elif op.prim is IF:
        for region in op.regions:
            yield from zip(region.yields, op.outs, strict=True)


class Writes:
    """Where each region writes in place, by storage class; nested writes count for the outer op."""

    def __init__(self, function: Function, storage: StorageClasses) -> None:
        self._storage = storage
        self._positions: dict[Region, dict[Value, list[int]]] = {}
        self._visit(function.body)

    def between(self, region: Region, first: int, last: int, classes: set[Value]) -> bool:
        """Whether ops number first+1 .. last-1 of a region write to one of the classes."""
        positions = self._positions[region]
        return any(
            any(first < position < last for position in positions.get(storage, ()))
            for storage in classes
        )

    def _visit(self, region: Region) -> set[Value]:
        positions: dict[Value, list[int]] = {}
        for index, op in enumerate(region.ops):
            written = {storage for inner in op.regions for storage in self._visit(inner)}
            if is_in_place(op):
                written.add(self._storage.of(op.args[0]))
            for storage in written:
                positions.setdefault(storage, []).append(index)
        self._positions[region] = positions
        return set(positions)

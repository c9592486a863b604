"""The integers of a loop's body that can be computed before it, and room for arrays that vary."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gradc.analysis.at_most import Bound
from gradc.ir.builder import CONST, DIM
from gradc.ir.control import IF
from gradc.ir.core import Op, Region, Value
from gradc.ir.types import INT, Dim
from gradc.ir.walk import rebuilt
from gradc.prims.arithmetic import ADD, FLOORDIV, MOD, MUL, NEG, SUB
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.loops import TRIP

# Sizes are made of these; none of them can raise.
ARITHMETIC = frozenset({CONST, DIM, TRIP, ADD, SUB, MUL, NEG, IMAX, IMIN})


@dataclass(frozen=True, slots=True)
class Room:
    """The size of an array before a loop: that which it has in the loop, or a larger first axis.

    Attributes
    ----------
    size : Value or None
        The first size in the loop, where it is not known before.
    bound : Bound or None
        What it is at most.
    """

    size: Value | None = None
    bound: Bound | None = None


class Sizes:
    """The integers of a loop body that are the same in all iterations.

    Attributes
    ----------
    inside : set of Value
        All that the body defines, but in loops inside.
    integers : dict of Value to Op
        The ops that make integers.
    makers : dict of Value to Op
        Those of them that can be computed before the loop.
    taken : dict
        The ops that have been moved there.
    """

    def __init__(self, body: Region) -> None:
        self.inside: set[Value] = set(body.params)
        self.integers: dict[Value, Op] = {}
        self.makers: dict[Value, Op] = {}
        self.taken: dict[Op, None] = {}
        self._symbols: dict[Dim, Value] = {}
        for op in _with_branches(body):
            fixed = all(arg not in self.inside or arg in self.makers for arg in op.args)
            if op.prim in ARITHMETIC and fixed:
                self.makers[op.out] = op
            if len(op.outs) == 1 and op.out.type == INT:
                self.integers[op.out] = op
            self.inside.update(op.outs)
        for value in (*body.params, *(out for op in body.ops for out in op.outs)):
            if value.type == INT and value.size is not None:
                self._symbols.setdefault(value.size, value)

    def is_known(self, value: Value) -> bool:
        """Whether an integer can be computed before the loop."""
        return value not in self.inside or value in self.makers

    def are_known(self, sizes: Iterable[Value]) -> bool:
        """Whether sizes can be computed before the loop."""
        return all(map(self.is_known, sizes))

    def with_symbol(self, dim: Dim) -> Value | None:
        """The integer of the body that a dimension is."""
        return self._symbols.get(dim)

    def take(self, sizes: Iterable[Value]) -> list[Op]:
        """The ops that compute sizes, to be moved before the loop; each once."""
        found: list[Op] = []
        for size in sizes:
            op = self.makers.get(size)
            if op is not None and op not in self.taken:
                found += self.take(op.args)
                self.taken[op] = None
                found.append(op)
        return found


def _with_branches(region: Region) -> Iterator[Op]:
    """The ops of a region and of the branches in it."""
    for op in region.ops:
        if op.prim is IF:
            for branch in op.regions:
                yield from _with_branches(branch)
        yield op


def without(ops: Sequence[Op], taken: Collection[Op]) -> tuple[Op, ...]:
    """The ops of a body, those in branches too, but for some of them."""
    kept: list[Op] = []
    for op in ops:
        if op.prim is IF:
            regions = tuple(
                rebuilt(each, without(each.ops, taken), each.yields) for each in op.regions
            )
            kept.append(replace(op, regions=regions))
        elif op not in taken:
            kept.append(op)
    return tuple(kept)


def is_not_negative(size: Value, makers: Mapping[Value, Op], axes: Container[Dim]) -> bool:
    """Whether a size certainly is not negative: an axis, a count, or made of such."""
    if isinstance(size.size, int):
        return size.size >= 0
    if size.size in axes:
        return True
    op = makers.get(size)
    if op is None:
        return False
    if op.prim is CONST:
        return bool(op.params["value"] >= 0)
    found = [is_not_negative(arg, makers, axes) for arg in op.args if arg.type == INT]
    if op.prim in (MOD, FLOORDIV):
        return is_divided(op) and (op.prim is MOD or found[0])
    if op.prim is IMAX:
        return any(found)
    return op.prim in (DIM, TRIP) or (op.prim in (IMIN, ADD, MUL) and all(found))


def is_divided(op: Op) -> bool:
    """Whether an op is a division of integers, or what remains of it, by a positive constant."""
    divisor = op.args[-1].size
    return op.prim in (MOD, FLOORDIV) and isinstance(divisor, int) and divisor > 0

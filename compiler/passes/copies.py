"""Copies of a user's function among the ops of another, and what tells two of them apart.

Two copies are the same but for what the function was given::

    a = mul(x, c2)            a_1 = mul(z, c3)        x is z, and the constant 2.0 is 3.0
    b = sin(a)                b_1 = sin(a_1)

An integer scalar is known by the size that it denotes. Constants, and integers that follow from
sizes outside, are not compared: which of them a copy computes itself depends on what was known
before it. Neither are the reads of elements and parts of arrays from outside that a copy begins
with: they stay where they are, and the function is given what is read. Its derivative would make
a whole array for the cotangent of an element otherwise.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gradc.ir.builder import CONST, DIM
from gradc.ir.control import FOR, IF
from gradc.ir.core import Op, Region, Site, Value
from gradc.ir.types import INT, Dim, DType, Type
from gradc.ir.walk import all_ops
from gradc.passes.cse import params_key_of
from gradc.prims.arithmetic import ADD, FLOORDIV, MOD, MUL, NEG, SUB
from gradc.prims.index import GET, WRAP
from gradc.prims.integers import IMAX, IMIN
from gradc.prims.routines import is_pure

Literal = tuple[DType, str]

_OF_SIZES = frozenset({ADD, SUB, MUL, NEG, FLOORDIV, MOD, IMAX, IMIN})
_READS = frozenset({GET, WRAP})
_STEP = 2


@dataclass(frozen=True, eq=False, slots=True)
class Copy:
    """The ops of one call that was read in place.

    Attributes
    ----------
    site : Site
    region : Region
        Where they lie, from number `first` up to `stop`.
    kept : tuple of Op
        Those that are not compared, and stay when the others become a call.
    ops : tuple of Op
        The others.
    inside : set of Value
        What these define, in their regions too.
    dims : dict
        The ops in their regions that read the size of an array around the copy, which are not
        compared either, by what they define.
    count : int
        How many there are, in their regions too.
    in_loop : bool
        Whether the call stands in a loop.
    """

    site: Site
    region: Region
    first: int
    stop: int
    kept: tuple[Op, ...]
    ops: tuple[Op, ...]
    inside: frozenset[Value]
    dims: Mapping[Value, Op]
    count: int
    in_loop: bool

    @property
    def outs(self) -> list[Value]:
        """What the ops define in the region itself."""
        return [out for op in self.ops for out in op.outs]


def literals_of(bodies: Sequence[Region]) -> dict[Value, Literal]:
    """The constants of some bodies, as keys that tell -0.0 from 0.0."""
    return {
        op.out: (op.params["dtype"], _text(op))
        for body in bodies
        for op in all_ops(body)
        if op.prim is CONST
    }


def _text(op: Op) -> str:
    kind = {DType.INT: int, DType.BOOL: bool}.get(op.params["dtype"], float)
    return repr(kind(op.params["value"]))


def copies_in(region: Region, done: Container[Site], in_loop: bool = False) -> Iterator[Copy]:
    """The copies of functions in a region and the regions inside.

    Parameters
    ----------
    region : Region
    done : container of Site
        Calls that these ops have been taken out of already.
    in_loop : bool
        Whether the region is, or is in, the body of a loop.
    """
    places: dict[Site, list[int]] = {}
    for place, op in enumerate(region.ops):
        site = op.site
        while site is not None and site not in done:
            places.setdefault(site, []).append(place)
            site = site.outer
        for inner in op.regions:
            yield from copies_in(inner, done, in_loop or op.prim is not IF)
    for site, own in places.items():
        if own[-1] - own[0] + 1 == len(own):
            yield _copy(site, region, own[0], own[-1] + 1, in_loop)


def _copy(site: Site, region: Region, first: int, stop: int, in_loop: bool) -> Copy:
    kept: list[Op] = []
    ops: list[Op] = []
    inside: set[Value] = set()
    dims: dict[Value, Op] = {}
    may_raise = False
    for op in region.ops[first:stop]:
        stays = _is_of_sizes(op) or (op.prim in _READS and not may_raise)
        if stays and inside.isdisjoint(op.args):
            kept.append(op)
            continue
        may_raise = may_raise or any(not is_pure(each) for each in _with_inner(op))
        ops.append(op)
        _define(op, inside, dims)
    body = Region((), tuple(ops), ())
    count = sum(op.prim not in (CONST, DIM) for op in all_ops(body))
    own = frozenset(inside)
    return Copy(site, region, first, stop, tuple(kept), tuple(ops), own, dims, count, in_loop)


def _with_inner(op: Op) -> Iterator[Op]:
    yield op
    for region in op.regions:
        yield from all_ops(region)


def _is_of_sizes(op: Op) -> bool:
    """Whether an op is a constant, or an integer that follows from sizes."""
    if op.prim in (CONST, DIM):
        return True
    return op.prim in _OF_SIZES and all(value.type == INT for value in (*op.args, *op.outs))


def _define(op: Op, inside: set[Value], dims: dict[Value, Op]) -> None:
    """Add what an op and its regions define, and the sizes that are left out."""
    for region in op.regions:
        inside.update(region.params)
        for inner in region.ops:
            if not is_left_out(inner, inside):
                _define(inner, inside, dims)
            elif inner.prim is DIM:
                dims[inner.out] = inner
    inside.update(op.outs)


def is_left_out(op: Op, inside: Container[Value]) -> bool:
    """Whether an op of a copy is not compared: a constant, or the size of an array around it."""
    return op.prim is CONST or (op.prim is DIM and op.args[0] not in inside)


@dataclass(eq=False, slots=True)
class Comparison:
    """What another copy has in the place of what a copy uses.

    Attributes
    ----------
    first, other : Copy
    literals : mapping
        The constants around both.
    values : dict
        The other's value for each of the first's, but for integers and constants.
    dims : dict
        The other's size for each size symbol of the first.
    integers : dict
        The other's integer for each size symbol that the first uses and does not define.
    constants : list of (Value, Value)
        Both constants at each place that has one, in the order of the ops.
    """

    first: Copy
    other: Copy
    literals: Mapping[Value, Literal]
    values: dict[Value, Value] = field(default_factory=dict)
    dims: dict[str, Dim] = field(default_factory=dict)
    integers: dict[str, Value] = field(default_factory=dict)
    constants: list[tuple[Value, Value]] = field(default_factory=list)

    def agrees(self) -> bool:
        """Compare; returns whether the first, for other arguments, is the other."""
        return self._ops(self.first.ops, self.other.ops)

    def _ops(self, ours: Sequence[Op], theirs: Sequence[Op]) -> bool:
        ours = [op for op in ours if not is_left_out(op, self.first.inside)]
        theirs = [op for op in theirs if not is_left_out(op, self.other.inside)]
        return len(ours) == len(theirs) and all(map(self._op, ours, theirs))

    def _op(self, ours: Op, theirs: Op) -> bool:
        if ours.prim is not theirs.prim or len(ours.args) != len(theirs.args):
            return False
        if len(ours.regions) != len(theirs.regions) or not self._params(ours, theirs):
            return False
        if ours.prim is FOR and not self._same(ours.args[_STEP], theirs.args[_STEP]):
            return False
        return (
            all(map(self._use, ours.args, theirs.args))
            and all(map(self._region, ours.regions, theirs.regions))
            and self._define(ours.outs, theirs.outs)
        )

    def _params(self, ours: Op, theirs: Op) -> bool:
        mine, other = dict(ours.params), dict(theirs.params)
        symbols = mine.pop("symbol", None), other.pop("symbol", None)
        if symbols != (None, None) and (None in symbols or not self._dim(*symbols)):
            return False
        return params_key_of(mine) == params_key_of(other)

    def _same(self, ours: Value, theirs: Value) -> bool:
        """Whether two values are the same constant, if one of them is a constant."""
        return self.literals.get(ours) == self.literals.get(theirs)

    def _region(self, ours: Region, theirs: Region) -> bool:
        return (
            self._define(ours.params, theirs.params)
            and self._ops(ours.ops, theirs.ops)
            and len(ours.yields) == len(theirs.yields)
            and all(map(self._use, ours.yields, theirs.yields))
        )

    def _define(self, ours: Sequence[Value], theirs: Sequence[Value]) -> bool:
        self.values.update(zip(ours, theirs, strict=False))
        return len(ours) == len(theirs) and all(map(self._types, ours, theirs))

    def _use(self, ours: Value, theirs: Value) -> bool:
        literal = self.literals.get(ours)
        if literal is not None:
            other = self.literals.get(theirs)
            self.constants.append((ours, theirs))
            return other is not None and other[0] is literal[0]
        if ours.type == INT and isinstance(ours.size, str):
            if ours in self.first.inside:
                return self._types(ours, theirs)
            self.integers.setdefault(ours.size, theirs)
            return theirs not in self.other.inside and self._types(ours, theirs)
        if ours in self.values:
            known = self.values[ours]
            return known is theirs or (known in self.literals and self._same(known, theirs))
        if theirs in self.other.inside:
            return False
        self.values[ours] = theirs
        return self._types(ours, theirs)

    def _types(self, ours: Value, theirs: Value) -> bool:
        if (ours.size is None) != (theirs.size is None):
            return False
        if ours.size is not None and not self._dim(ours.size, theirs.size):
            return False
        return self._shapes(ours.type, theirs.type)

    def _shapes(self, ours: Type, theirs: Type) -> bool:
        if ours.dtype is not theirs.dtype or ours.rank != theirs.rank:
            return False
        return all(map(self._dim, ours.shape, theirs.shape))

    def _dim(self, ours: Dim, theirs: Dim | None) -> bool:
        if theirs is None:
            return False
        if isinstance(ours, int):
            return ours == theirs
        return self.dims.setdefault(ours, theirs) == theirs

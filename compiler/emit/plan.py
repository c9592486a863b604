"""Which values get a statement of their own, and which are written where they are used.

A value is written in place of its only use when nobody gave it a name, when it is used in the
region it is made in, when no write into an array that it reads lies between, and while the line
stays short. Constants, and broadcasts that NumPy makes by itself, never get a statement.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from gradc.analysis.storage import UPDATES, StorageClasses, Writes, is_in_place
from gradc.ir.builder import CONST
from gradc.ir.control import FOR, STORES_LAST, WHILE
from gradc.ir.core import Function, Kind, Op, Region, Role, Value
from gradc.ir.types import Dim
from gradc.ir.walk import use_counts
from gradc.prims.compare import SELECT
from gradc.prims.effects import CHECK
from gradc.prims.index import ADD_AT, ALL, GET, PICK, PUT
from gradc.prims.linalg import MATMUL
from gradc.prims.routines import is_pure
from gradc.prims.shape import (
    AGAIN,
    BLOCK,
    BROADCAST,
    EMPTY,
    EXPECT,
    REUSE,
    STAND_IN,
    STOP_GRADIENT,
    TRANSPOSE,
    ZEROS,
)

# Operands that the text of a primitive mentions twice: they need a name.
_MENTIONED_TWICE = {PICK: (1,), EXPECT: (0,), REUSE: (0,)}
# About how long the text of a primitive without template is, beside its operands.
_LENGTHS = {GET: 2, PUT: 5, ADD_AT: 6, MATMUL: 3, BROADCAST: 9, TRANSPOSE: 2}
_PLACE = re.compile(r"\{\w+\}")
_LONGEST_NAME = 12
# What is computed whether it is chosen or not.
_CHEAP = 10


def only_renames(op: Op) -> bool:
    """Whether an op hands its first operand on without a statement."""
    return op.prim in (STOP_GRADIENT, AGAIN, STAND_IN) or (
        op.prim is EXPECT and not op.params["what"]
    )


@dataclass(frozen=True, slots=True)
class Site:
    """Where a value is read: the op number `index` of a region, or its yields."""

    region: Region
    index: int


@dataclass(slots=True)
class Plan:
    """What is printed where.

    Attributes
    ----------
    aliases : dict
        Values that are another value under another name (an updated array is the array).
    made_by : dict
        The op that makes a value.
    sites : dict
        Where the printed program reads a value.
    inlined : set of Value
        Values written where they are used.
    implicit : set of Value
        Broadcasts left to NumPy; they are among `inlined`.
    likes : dict
        For a new array, the argument whose type and sizes it has.
    """

    aliases: dict[Value, Value] = field(default_factory=dict)
    made_by: dict[Value, Op] = field(default_factory=dict)
    sites: dict[Value, list[Site]] = field(default_factory=dict)
    inlined: set[Value] = field(default_factory=set)
    implicit: set[Value] = field(default_factory=set)
    likes: dict[Value, Value] = field(default_factory=dict)

    def real(self, value: Value) -> Value:
        """The value behind its aliases."""
        while value in self.aliases:
            value = self.aliases[value]
        return value

    def is_dead(self, op: Op) -> bool:
        """Whether nothing printed reads what a pure op makes."""
        return (
            op.prim.kind is not Kind.CONTROL
            and is_pure(op)
            and (op.prim is not EXPECT or only_renames(op))
            and not any(self.sites.get(out) for out in op.outs)
        )

    def factors(self, op: Op) -> Sequence[Value]:
        """What an update writes the product of into all of an array; nothing for other updates."""
        maker = self.made_by.get(self.real(op.args[1]))
        product = maker is not None and maker.prim is MATMUL and maker.out in self.inlined
        whole = op.prim is PUT and is_in_place(op) and set(op.params["spec"]) == {ALL}
        return maker.args if maker is not None and product and whole else ()

    def operands(self, op: Op) -> Sequence[Value]:
        """The operands that the text of an op mentions."""
        if op.outs and op.outs[0] in self.implicit:
            return op.args[:1]
        if op.outs and op.outs[0] in self.likes:
            return (self.likes[op.outs[0]],)
        return op.args

    def leaves(self, value: Value) -> Iterator[Value]:
        """The variables that the text of a value reads."""
        value = self.real(value)
        if value not in self.inlined:
            yield value
            return
        for operand in self.operands(self.made_by[value]):
            yield from self.leaves(operand)


def make_plan(function: Function, style: str, width: int, late: Collection[Value] = ()) -> Plan:
    """Decide what is printed where.

    Parameters
    ----------
    function : Function
    style : {"numpy", "loops"}
    width : int
        About how long an expression may become.
    late : collection of Value
        Values with a name that are computed where they are handed on all the same.
    """
    return _Planner(function, style, width, late).run()


class _Planner:
    def __init__(self, function: Function, style: str, width: int, late: Collection[Value]) -> None:
        self.function = function
        self.style = style
        self.late = late
        self.width = width
        self.plan = Plan()
        self.storage = StorageClasses(function.body)
        self.writes = Writes(function, self.storage)
        self.need_names: set[Value] = set()
        self.params = {param.type: param for param in reversed(function.params) if param.type.rank}
        self.used = set(use_counts(function.body))
        self.lengths: dict[Value, int] = {}
        self.reads: dict[Value, set[Value]] = {}

    def run(self) -> Plan:
        self._index(self.function.body)
        self._find_implicit()
        self._find_sites(self.function.body)
        self._inline(self.function.body)
        return self.plan

    # -- who makes and who is whom ----------------------------------------------------------

    def _index(self, region: Region) -> None:
        for op in region.ops:
            for out in op.outs:
                self.plan.made_by[out] = op
            checked = op.prim is EXPECT or (op.prim is CHECK and op.out in self.used)
            if checked or is_in_place(op) or only_renames(op):
                self.plan.aliases[op.out] = op.args[0]
                if not only_renames(op):
                    self.need_names.add(op.args[0])
            elif op.prim in (ZEROS, EMPTY) and self._is_like(op):
                self.plan.likes[op.out] = self.params[op.out.type]
            elif op.prim is FOR and STORES_LAST in op.params:
                self.need_names.update(op.regions[0].yields)
            elif op.prim is WHILE:
                condition, body = op.regions
                self.plan.aliases.update(zip(body.params, condition.params, strict=True))
            for inner in op.regions:
                self._index(inner)
            if BLOCK in op.params or op.prim is REUSE:
                self.need_names.add(op.out)
            if not only_renames(op):
                self.need_names.update(op.args[k] for k in _MENTIONED_TWICE.get(op.prim, ()))

    def _is_like(self, op: Op) -> bool:
        """Whether a new array is best described by an argument: ``x_bar`` is like ``x``.

        In compiled programs the sizes are written: that is quicker to compile.
        """
        model = self.params.get(op.out.type)
        return (
            self.style == "numpy" and model is not None and op.out.name.startswith(f"{model.name}_")
        )

    # -- broadcasts that NumPy makes by itself ----------------------------------------------

    def _find_implicit(self) -> None:
        consumers: dict[Value, list[Op]] = {}
        yielded: set[Value] = set()
        self._collect_consumers(self.function.body, consumers, yielded)
        in_order = [
            value
            for value, op in self.plan.made_by.items()
            if op.prim is BROADCAST and value not in yielded
            if not value.named or op.role is not Role.PRIMAL
            if all(self._spreads(user, value) for user in consumers.get(value, ()))
        ]
        candidates = set(in_order)
        changed = True
        while changed:
            changed = False
            for value in in_order:
                for user in consumers.get(value, ()):
                    if value in candidates and not self._covered(user, candidates):
                        candidates.discard(value)
                        changed = True
        self.plan.implicit = candidates
        self.plan.inlined |= candidates

    def _collect_consumers(
        self, region: Region, consumers: dict[Value, list[Op]], yielded: set[Value]
    ) -> None:
        for op in region.ops:
            for value in op.args:
                consumers.setdefault(value, []).append(op)
            for inner in op.regions:
                self._collect_consumers(inner, consumers, yielded)
        yielded.update(region.yields)

    def _spreads(self, user: Op, value: Value) -> bool:
        """Whether the text of an op would spread this operand to the full shape by itself."""
        if user.prim.pointwise:
            return len(user.args) > 1
        return user.prim in UPDATES and user.args[1] is value and user.args[0] is not value

    def _covered(self, user: Op, implicit: set[Value]) -> bool:
        """Whether the operands give the full shape although some broadcasts are not written."""
        if user.prim in UPDATES:
            return True
        shape = user.out.type.shape
        return all(
            any(self._has_axis(arg, axis, shape, implicit) for arg in user.args)
            for axis in range(len(shape))
        )

    def _has_axis(
        self, value: Value, axis: int, shape: tuple[Dim, ...], implicit: set[Value]
    ) -> bool:
        if value not in implicit:
            return True
        op = self.plan.made_by[value]
        axes: tuple[int, ...] = op.params["axes"]
        if axis not in axes:
            return shape[axis] == 1
        return op.args[0].type.shape[axes.index(axis)] == shape[axis]

    # -- who is read where ------------------------------------------------------------------

    def _find_sites(self, region: Region) -> None:
        self._read(region.yields, Site(region, len(region.ops)))
        for index in reversed(range(len(region.ops))):
            op = region.ops[index]
            for inner in reversed(op.regions):
                self._find_sites(inner)
            if self.plan.is_dead(op):
                continue
            if op.outs and op.outs[0] in self.plan.implicit:
                self.plan.sites.setdefault(op.args[0], []).extend(self.plan.sites[op.out])
                continue
            if op.outs and op.outs[0] in self.plan.aliases:
                seen = self.plan.sites.get(op.out, ())
                self.plan.sites.setdefault(op.args[0], []).extend(seen)
            if op.prim is WHILE:
                condition, body = op.regions
                for inside, outside in zip(body.params, condition.params, strict=True):
                    sites = self.plan.sites.get(inside, ())
                    self.plan.sites.setdefault(outside, []).extend(sites)
            if not only_renames(op):
                self._read(self.plan.operands(op), Site(region, index))

    def _read(self, values: Sequence[Value], site: Site) -> None:
        for value in values:
            self.plan.sites.setdefault(value, []).append(site)

    # -- what is written where it is used ---------------------------------------------------

    def _inline(self, region: Region) -> None:
        for index, op in enumerate(region.ops):
            for inner in op.regions:
                self._inline(inner)
            if op.prim.kind is Kind.CONTROL or self.plan.is_dead(op):
                continue
            if op.prim is CONST:
                self.plan.inlined.add(op.out)
                self.lengths[op.out] = len(repr(op.params["value"]))
                continue
            self._keep_short(op)
            self._keep_conditionals_apart(op)
            if op.prim.results:
                continue
            operands = self.plan.operands(op)
            self.lengths[op.out] = self._length(op, operands)
            self.reads[op.out] = self._read_by(operands)
            if self._fits_its_use(op, region, index):
                self.plan.inlined.add(op.out)

    def _fits_its_use(self, op: Op, region: Region, index: int) -> bool:
        value = op.out
        sites = self.plan.sites.get(value, ())
        if value in self.plan.aliases or value in self.need_names:
            return False
        if value.named and value not in self.late and not self._stored_under_its_name(value):
            return False
        if op.prim in UPDATES or len(sites) != 1 or sites[0].region is not region:
            return False
        if not self._belongs(op, region, sites[0].index):
            return False
        if op.prim is MATMUL and self._overwrites_a_factor(value, sites[0]):
            return False
        return not self.writes.between(region, index, sites[0].index, self.reads[value])

    def _overwrites_a_factor(self, product: Value, site: Site) -> bool:
        """Whether a product is written into an array that it is made from: not as it is made."""
        if site.index == len(site.region.ops):
            return False
        user = site.region.ops[site.index]
        return user.prim in UPDATES and self.storage.of(user.args[0]) in self.reads[product]

    def _stored_under_its_name(self, value: Value) -> bool:
        """Whether a scalar only goes into an array of the same name: ``a[i] = ...`` says it."""
        (site, *others) = self.plan.sites[value]
        if others or not value.type.is_scalar or site.index == len(site.region.ops):
            return False
        user = site.region.ops[site.index]
        return user.prim in UPDATES and user.args[1] is value and user.out.name == value.name

    def _belongs(self, op: Op, region: Region, index: int) -> bool:
        """Whether the reader of an op is a statement that it may be part of.

        A line of the derivative speaks of one line of the source. What is returned beside other
        results has a name there.
        """
        if index == len(region.ops):
            whole = region is self.function.body
            return not whole or (len(region.yields) == 1 and op.role is Role.PRIMAL)
        user = region.ops[index]
        if op.role is Role.PRIMAL or user.prim.kind is Kind.CONTROL:
            return True
        return op.role is user.role and op.loc.line == user.loc.line

    def _keep_short(self, op: Op) -> None:
        """Give operands a statement of their own until the text of the op is short enough."""
        operands = self.plan.operands(op)
        while self._length(op, operands) > self.width:
            nested = [value for value in map(self._source, operands) if self._may_be_named(value)]
            if not nested:
                return
            self.plan.inlined.discard(max(nested, key=self.lengths.__getitem__))

    def _keep_conditionals_apart(self, op: Op) -> None:
        """Give elements that a conditional chooses from a statement, unless they are dear.

        ``p = a * x[i]``, ``0.0 if zero else p`` reads in any case, so that a loop around becomes
        vectors; ``0.0 if zero else a * x[i]`` is a branch.
        """
        if op.prim is not SELECT or not op.out.type.is_scalar:
            return
        for value in self.plan.operands(op)[1:]:
            if self._may_be_named(value) and self.reads[value] and self._is_cheap(value):
                self.plan.inlined.discard(value)

    def _is_cheap(self, value: Value) -> bool:
        maker = self.plan.made_by[value]
        inside = filter(self._may_be_named, self.plan.operands(maker))
        return maker.prim.cost <= _CHEAP and all(map(self._is_cheap, inside))

    def _source(self, value: Value) -> Value:
        """What is written for a value: of a broadcast that NumPy makes, its operand."""
        value = self.plan.real(value)
        while value in self.plan.implicit:
            value = self.plan.real(self.plan.made_by[value].args[0])
        return value

    def _may_be_named(self, value: Value) -> bool:
        return value in self.plan.inlined and self.plan.made_by[value].prim is not CONST

    def _length(self, op: Op, operands: Sequence[Value]) -> int:
        own = len(_PLACE.sub("", op.prim.texts.array)) or _LENGTHS.get(
            op.prim, len(op.prim.name) + 6
        )
        return own + sum(
            self.lengths[value] if value in self.plan.inlined else _length_of_name(value)
            for value in map(self._source, operands)
        )

    def _read_by(self, operands: Sequence[Value]) -> set[Value]:
        """Storage classes of the arrays that the text with these operands reads."""
        classes: set[Value] = set()
        for value in map(self.plan.real, operands):
            if value in self.plan.inlined:
                classes |= self.reads.get(value, set())
            elif not value.type.is_scalar:
                classes.add(self.storage.of(value))
        return classes


def _length_of_name(value: Value) -> int:
    return min(len(value.name), _LONGEST_NAME)

"""Nests of loops that add to an element and to its neighbours: what `gather` asks for.

The nest is perfect: each loop hands the arrays that it carries to the one loop in it, and that
back. An array is added to at places that are the indices of the loops, each at an axis of its
own, and numbers known at compile time. What is added depends on the indices, on values from
outside, and on arrays whose elements are overwritten after they are read, if at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gradc.analysis.affine import Affine, AffineForms
from gradc.ir.control import FEW, FOR, LOOP_BOUNDS
from gradc.ir.core import Op, Region, Value
from gradc.ir.walk import needed_for
from gradc.passes.control import without_positions
from gradc.prims.index import ADD_AT, AT, GET, PUT
from gradc.prims.routines import is_pure

# What is added may cost so much, for all neighbours together, and no op of it more than that.
_COST_LIMIT, _OP_LIMIT = 80, 8


@dataclass(frozen=True, slots=True)
class Nest:
    """Loops in each other, outermost first.

    Attributes
    ----------
    loops : tuple of Op
    paths : tuple of tuple of int
        For each value that is carried, its place in each of the loops.
    ops : tuple of Op
        What is computed in them, in order.
    """

    loops: tuple[Op, ...]
    paths: tuple[tuple[int, ...], ...]
    ops: tuple[Op, ...]

    @property
    def indices(self) -> list[Value]:
        """The indices of the loops."""
        return [loop.regions[0].params[0] for loop in self.loops]

    def params(self, path: Sequence[int]) -> list[Value]:
        """A carried value as each loop has it."""
        return [
            loop.regions[0].params[1 + slot] for loop, slot in zip(self.loops, path, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Stencil:
    """An array that a nest adds to.

    Attributes
    ----------
    nest : Nest
    path : tuple of int
        Its place in each of the loops.
    updates : tuple of Op
        The additions, in the innermost loop.
    shifts : tuple of tuple of int
        For each of them how far it is from one of them, along the axis of each loop.
    outside : dict
        What stands for carried arrays that are read, as they were before the nest.
    """

    nest: Nest
    path: tuple[int, ...]
    updates: tuple[Op, ...]
    shifts: tuple[tuple[int, ...], ...]
    outside: dict[Value, Value]

    @property
    def init(self) -> Value:
        """The array as it was before the nest."""
        return self.nest.loops[0].args[LOOP_BOUNDS + self.path[0]]

    @property
    def out(self) -> Value:
        """The array as it is after the nest."""
        return self.nest.loops[0].outs[self.path[0]]

    def reach(self, level: int) -> tuple[int, int]:
        """The smallest and the largest shift along the axis of a loop."""
        steps = [shift[level] for shift in self.shifts]
        return min(steps), max(steps)

    def rest(self) -> Op:
        """The nest without what it adds to this array."""
        inner: Op | None = None
        for loop, slot in zip(reversed(self.nest.loops), reversed(self.path), strict=True):
            (body,) = loop.regions
            ops = [op for op in body.ops if op not in self.updates]
            if inner is not None:
                ops = [inner if op.regions else op for op in ops]
            region = Region(body.params, tuple(ops), body.yields)
            inner = without_positions(replace(loop, regions=(region,)), {slot})
        assert inner is not None
        return inner


def stencil_of(op: Op) -> Stencil | None:
    """The first array of a nest that can be gathered."""
    nest = _nest(op)
    if nest is None:
        return None
    forms = AffineForms({out: each for each in nest.ops for out in each.outs})
    for path in nest.paths:
        found = _stencil(nest, path, forms)
        if found is not None:
            return found
    return None


def _nest(op: Op) -> Nest | None:
    loops = [op]
    paths: list[tuple[int, ...]] = [(slot,) for slot in range(len(op.outs))]
    ops: list[Op] = []
    while True:
        (body,) = loops[-1].regions
        if loops[-1].args[2].size not in (1, -1) or FEW in loops[-1].params:
            return None
        inner = [each for each in body.ops if each.regions]
        if not all(each.regions or is_pure(each) for each in body.ops):
            return None
        ops += [each for each in body.ops if not each.regions]
        if not inner:
            return Nest(tuple(loops), tuple(paths), tuple(ops))
        if len(inner) > 1 or inner[0].prim is not FOR or len(inner[0].outs) != len(paths):
            return None
        places = dict(zip(inner[0].args[LOOP_BOUNDS:], range(len(paths)), strict=True))
        extended = []
        for path in paths:
            place = places.get(body.params[1 + path[-1]])
            if place is None or body.yields[path[-1]] is not inner[0].outs[place]:
                return None
            extended.append((*path, place))
        paths = extended
        loops.append(inner[0])


def _stencil(nest: Nest, path: tuple[int, ...], forms: AffineForms) -> Stencil | None:
    updates = _updates(nest, path)
    if len(updates) < 2:
        return None
    shifts = _shifts(nest, updates, forms)
    if shifts is None or len(set(shifts)) < 2:
        return None
    found: dict[Op, None] = {}
    for update in updates:
        found.update(dict.fromkeys(needed_for(nest.ops, update.args[1:])))
    bounds = [value for loop in nest.loops for value in loop.args[:LOOP_BOUNDS]]
    fixed = needed_for(nest.ops, bounds)
    indices = set(nest.indices)
    if any(not indices.isdisjoint(each.args) for each in fixed):
        return None
    cost = sum(
        each.prim.cost for update in updates for each in needed_for(nest.ops, update.args[1:2])
    )
    if cost > _COST_LIMIT or any(each.prim.cost > _OP_LIMIT for each in found):
        return None
    added = {arg for update in updates for arg in update.args[1:]}
    outside = _outside(nest, path, [*found, *fixed], added, forms)
    return None if outside is None else Stencil(nest, path, updates, shifts, outside)


def _updates(nest: Nest, path: Sequence[int]) -> tuple[Op, ...]:
    """The additions to an array that is used for nothing else."""
    body = nest.loops[-1].regions[0]
    value, end = body.params[1 + path[-1]], body.yields[path[-1]]
    params = set(nest.params(path)[:-1])
    found: list[Op] = []
    while value is not end:
        users = [op for op in nest.ops if value in op.args]
        if len(users) != 1 or users[0].prim is not ADD_AT or users[0].args[0] is not value:
            return ()
        if value in users[0].args[1:] or set(users[0].params["spec"]) != {AT}:
            return ()
        found.append(users[0])
        value = users[0].out
    used = {arg for op in nest.ops for arg in op.args}
    loose = used.isdisjoint(params) and end not in used and body.yields.count(end) == 1
    return tuple(found) if loose else ()


def _shifts(
    nest: Nest, updates: Sequence[Op], forms: AffineForms
) -> tuple[tuple[int, ...], ...] | None:
    """How far the places of additions are from one of them, along the axis of each loop."""
    first = _reference(nest, [[forms.of(index) for index in each.args[2:]] for each in updates])
    axes = _axes(nest, first)
    if axes is None:
        return None
    shifts = []
    for update in updates:
        steps = [
            forms.of(index).minus(begin).known
            for index, begin in zip(update.args[2:], first, strict=True)
        ]
        if any(step is None or (step and axis not in axes) for axis, step in enumerate(steps)):
            return None
        shifts.append(tuple(int(steps[axis] or 0) for axis in axes))
    return tuple(shifts)


def _reference(nest: Nest, places: Sequence[list[Affine]]) -> list[Affine]:
    """The place that the indices of the loops are, if there is one, or else the first."""
    symbols = [str(index.size) for index in nest.indices]
    for place in places:
        if all(form.constant == 0 or not set(symbols) & set(form.terms) for form in place):
            return place
    return places[0]


def _axes(nest: Nest, place: Sequence[Affine]) -> list[int] | None:
    """For each loop the axis that it alone runs along, one by one."""
    symbols = [str(index.size) for index in nest.indices]
    axes = []
    for symbol in symbols:
        along = [axis for axis, form in enumerate(place) if symbol in form.terms]
        if len(along) != 1 or place[along[0]].terms[symbol] != 1:
            return None
        if sum(other in place[along[0]].terms for other in symbols) != 1:
            return None
        axes += along
    return axes


def _outside(
    nest: Nest, path: Sequence[int], ops: Sequence[Op], added: set[Value], forms: AffineForms
) -> dict[Value, Value] | None:
    """What stands for carried arrays that ops read; None where they read anything later.

    `added` is what is added as it is: a number that iterations hand on cannot be.
    """
    if not all(out.type.is_scalar for op in ops for out in op.outs):
        return None
    read = added | {arg for op in ops for arg in op.args}
    outside: dict[Value, Value] = {}
    for other in nest.paths:
        for param in nest.params(other):
            if param not in read:
                continue
            gets = [op for op in ops if param in op.args]
            if other == path or not param.type.rank or any(op.prim is not GET for op in gets):
                return None
            if not _read_first(nest, other, gets, forms):
                return None
            outside[param] = nest.loops[0].args[LOOP_BOUNDS + other[0]]
    return outside


def _read_first(nest: Nest, path: Sequence[int], gets: Sequence[Op], forms: AffineForms) -> bool:
    """Whether no element of an array is read after the nest has written it."""
    versions = set(nest.params(path))
    place = None
    for op in nest.ops:
        if op.prim in (PUT, ADD_AT) and op.args[0] in versions:
            versions.add(op.out)
            if op.prim is not PUT or set(op.params["spec"]) != {AT}:
                return False
            own = [forms.of(index) for index in op.args[2:]]
            if place is not None and [f.key() for f in own] != [f.key() for f in place]:
                return False
            place = own
        elif op.prim is not GET and not versions.isdisjoint(op.args):
            return False
    if place is None:
        return True
    keys = [form.key() for form in place]
    return _axes(nest, place) is not None and all(
        set(op.params["spec"]) == {AT} and [forms.of(index).key() for index in op.args[1:]] == keys
        for op in gets
    )

"""How values enter and leave the regions of a pattern program.

What a branch yields or a loop carries are the known integers and a set, or an array of sets, for
each float that depends on an input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from gradc.ir.builder import Builder
from gradc.ir.control import FOR, carried_inits, carried_params, loop_body
from gradc.ir.core import Op, Region, Value
from gradc.ir.types import INT, DType
from gradc.sparsity.dependence import NOTHING, Elements, Scope, Sets, Union


@dataclass(slots=True)
class Side:
    """One side of a branch whose condition is known."""

    region: Region
    builder: Builder
    scope: Scope

    def close(self, values: Sequence[Value]) -> Region:
        """The translated side, with what it yields."""
        return self.builder.close((), values)


def branch_ends(
    sets: Sets, outs: Sequence[Value], floats: Sequence[int], sides: Sequence[Side]
) -> tuple[list[list[Value]], list[bool]]:
    """What each side yields for its floats, and whether that is an array of sets."""
    ends: list[list[Value]] = [[] for _ in sides]
    forms = []
    for place in floats:
        found = [side.scope.of(side.region.yields[place]) for side in sides]
        arrays: list[Value | None] = [None, None]
        if any(isinstance(each, Elements) for each in found):
            arrays = [
                sets.elements(side.builder, each, outs[place].type)
                for side, each in zip(sides, found, strict=True)
            ]
        whole = [array for array in arrays if array is not None]
        forms.append(len(whole) == len(sides))
        for index, (side, each) in enumerate(zip(sides, found, strict=True)):
            if forms[-1]:
                ends[index].append(whole[index])
            else:
                ends[index].append(sets.one(side.builder, sets.parts(side.builder, each)))
    return ends, forms


@dataclass(slots=True)
class Carried:
    """What a loop carries, while its body is translated.

    Attributes
    ----------
    integers, floats : list of int
        The places of the carried values that stay.
    as_one : set of int
        Arrays that are carried as one set for all elements.
    builder, scope
        Of the body.
    params, inits, yields : list of Value
        Of the translated loop, without the index.
    """

    op: Op
    sets: Sets
    integers: list[int]
    floats: list[int]
    as_one: set[int]
    builder: Builder
    scope: Scope
    index: Value | None = None
    params: list[Value] = field(default_factory=list)
    inits: list[Value] = field(default_factory=list)
    yields: list[Value] = field(default_factory=list)

    def enter(self, scope: Scope, builder: Builder) -> None:
        """Make the initial values and the parameters."""
        inits, params = carried_inits(self.op), carried_params(self.op)
        if self.op.prim is FOR:
            self.index = replace(loop_body(self.op).params[0])
            self.builder.symbols.note(self.index)
            self.scope.integers[loop_body(self.op).params[0]] = self.index
        for place in self.integers:
            made = self.param(replace(params[place]), scope.integers[inits[place]])
            self.scope.integers[params[place]] = made
        for place in self.floats:
            init, param, name = scope.of(inits[place]), params[place], params[place].name
            array = None
            if self.may_be_whole(place, init == NOTHING or isinstance(init, Elements)):
                array = self.sets.elements(builder, init, param.type)
            if array is None:
                self.as_one.add(place)
                one = self.sets.one(builder, self.sets.parts(builder, init))
                made = self.param(self.builder.value(INT, name), one)
                self.scope.sets[param] = Union((made,))
            else:
                type = param.type.with_dtype(DType.INT)
                made = self.param(self.builder.value(type, name), array)
                self.scope.sets[param] = Elements(made)

    def may_be_whole(self, place: int, fits: bool) -> bool:
        """Whether an array can be carried element by element."""
        param = carried_params(self.op)[place]
        return fits and place not in self.as_one and not param.type.is_scalar

    def param(self, param: Value, init: Value) -> Value:
        """Add a parameter with its initial value."""
        self.builder.symbols.note(param)
        self.params.append(param)
        self.inits.append(init)
        return param

    def finish(self) -> set[int]:
        """Make the yields, and return the places that cannot be carried as they are."""
        lost: set[int] = set()
        results = loop_body(self.op).yields
        for place in self.integers:
            known = self.scope.integers.get(results[place])
            if known is None:
                lost.add(place)
            else:
                self.yields.append(known)
        for place in self.floats:
            found = self.scope.of(results[place])
            if place in self.as_one:
                self.yields.append(
                    self.sets.one(self.builder, self.sets.parts(self.builder, found))
                )
                continue
            array = None
            if isinstance(found, Elements) or found == NOTHING:
                array = self.sets.elements(self.builder, found, results[place].type)
            if array is None:
                lost.add(place)
            else:
                self.yields.append(array)
        return lost

    def region(self) -> Region:
        """The translated body."""
        index = () if self.index is None else (self.index,)
        return self.builder.close((*index, *self.params), self.yields)

    def leave(self, scope: Scope, outs: Sequence[Value]) -> None:
        """Say what the results of the loop stand for."""
        originals = self.op.outs
        for place, out in zip(self.integers, outs, strict=False):
            scope.integers[originals[place]] = out
        for place, out in zip(self.floats, outs[len(self.integers) :], strict=True):
            one = place in self.as_one
            scope.sets[originals[place]] = Union((out,)) if one else Elements(out)

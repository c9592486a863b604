"""What stands for a float value in a program of patterns: the sets of its elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gradc.errors import InternalError
from gradc.ir.builder import Builder
from gradc.ir.control import FOR, IF, WHILE, carried_inits, carried_params, loop_body
from gradc.ir.core import Op, Params, Primitive, Region, Value
from gradc.ir.types import INT, DType, Type
from gradc.prims.index import ADD_AT, PUT
from gradc.prims.index_sets import JOIN, JOIN_ALL, JOIN_EACH
from gradc.prims.shape import BROADCAST, COPY, ZEROS


@dataclass(frozen=True, slots=True)
class Elements:
    """An array of sets: one for each element."""

    value: Value


@dataclass(frozen=True, slots=True)
class Union:
    """One set for all elements: the union of these; for a scalar, its own."""

    parts: tuple[Value, ...] = ()


Dependence = Elements | Union
NOTHING = Union()


@dataclass(slots=True)
class Scope:
    """What stands for the values of a region.

    Attributes
    ----------
    integers : dict
        For each known integer or boolean, the same in the program of patterns.
    sets : dict
        For each float that depends on an input, its sets.
    """

    integers: dict[Value, Value] = field(default_factory=dict)
    sets: dict[Value, Dependence] = field(default_factory=dict)

    def inner(self) -> Scope:
        """The same for a region inside."""
        return Scope(dict(self.integers), dict(self.sets))

    def of(self, value: Value) -> Dependence:
        """The sets of a float."""
        return self.sets.get(value, NOTHING)

    def known(self, values: Sequence[Value]) -> list[Value] | None:
        """The same integers in the program of patterns, if all are known."""
        found = [self.integers.get(value) for value in values]
        return [value for value in found if value is not None] if all(found) else None


@dataclass(slots=True)
class Sets:
    """Makes unions, for programs whose sets all lie in the array `arena`."""

    arena: Value

    def emit(
        self, builder: Builder, prim: Primitive, args: Sequence[Value], type: Type, name: str = "s"
    ) -> Value:
        """Append an op with a result of a given type, whose sizes keep their symbols."""
        return self.emit_with(builder, prim, args, {}, type, name)

    def emit_with(
        self,
        builder: Builder,
        prim: Primitive,
        args: Sequence[Value],
        params: Params,
        type: Type,
        name: str = "s",
    ) -> Value:
        """The same for a primitive with parameters."""
        made = builder.value(type, name)
        builder.append(Op(prim, tuple(args), params, (made,), (), builder.loc, builder.role))
        return made

    def one(self, builder: Builder, parts: Sequence[Value]) -> Value:
        """One set: the union of some."""
        distinct = list(dict.fromkeys(parts))
        if not distinct:
            return builder.const(0)
        if len(distinct) == 1:
            return distinct[0]
        return self.emit(builder, JOIN, [self.arena, *distinct], INT)

    def parts(self, builder: Builder, dependence: Dependence) -> tuple[Value, ...]:
        """The sets whose union is that of all elements."""
        if isinstance(dependence, Union):
            return dependence.parts
        return (self.emit(builder, JOIN_ALL, [self.arena, dependence.value], INT),)

    def union(self, builder: Builder, dependences: Sequence[Dependence]) -> Union:
        """One set for all elements of some values."""
        found: dict[Value, None] = {}
        for dependence in dependences:
            found.update(dict.fromkeys(self.parts(builder, dependence)))
        return Union(tuple(found))

    def elements(self, builder: Builder, dependence: Dependence, type: Type) -> Value | None:
        """An array with a set for each element of a value of this type.

        None where a size of the array depends on floats.
        """
        if isinstance(dependence, Elements):
            return dependence.value
        wanted = type.with_dtype(DType.INT)
        try:
            sizes = [builder.size(dim) for dim in type.shape]
        except InternalError:
            return None
        if not dependence.parts:
            return self.emit_with(builder, ZEROS, sizes, {"dtype": DType.INT}, wanted)
        one = self.one(builder, dependence.parts)
        spread = self.emit_with(builder, BROADCAST, [one, *sizes], {"axes": ()}, wanted)
        return self.emit(builder, COPY, [spread], wanted)

    def either(
        self, builder: Builder, left: Dependence, right: Dependence, type: Type
    ) -> Dependence:
        """The sets of a value that is one of two."""
        if isinstance(left, Union) and isinstance(right, Union):
            return self.union(builder, [left, right])
        arrays = [self.elements(builder, side, type) for side in (left, right)]
        if arrays[0] is None or arrays[1] is None:
            return self.union(builder, [left, right])
        args = [self.arena, arrays[0], arrays[1]]
        return Elements(self.emit(builder, JOIN_EACH, args, type.with_dtype(DType.INT)))


def root_of(value: Value, region: Region) -> Value | None:
    """The array outside of a region that a value of it is an updated version of.

    None where it is something else. A value from outside is its own root.
    """
    makers = {out: op for op in region.ops for out in op.outs}
    root: Value | None = value
    while root is not None and root in makers:
        op = makers[root]
        if op.prim in (PUT, ADD_AT):
            root = op.args[0]
        elif op.prim in (FOR, WHILE):
            root = _root_through_loop(op, op.outs.index(root))
        elif op.prim is IF:
            place = op.outs.index(root)
            roots = {root_of(inner.yields[place], inner) for inner in op.regions}
            root = roots.pop() if len(roots) == 1 else None
        else:
            root = None
    return root


def _root_through_loop(op: Op, place: int) -> Value | None:
    body = loop_body(op)
    carried = carried_params(op)[place]
    return carried_inits(op)[place] if root_of(body.yields[place], body) is carried else None

"""Building IR: a :class:`Builder` appends ops to a list, at a current location.

Arithmetic on values, as derivative rules and lowerings want it, is in :mod:`gradc.prims.trace`.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from gradc.errors import NOWHERE, InternalError, Location
from gradc.ir.control import FOR, IF, WHILE
from gradc.ir.core import Function, Kind, Op, Params, Primitive, Region, Role, Value
from gradc.ir.types import BOOL, INT, Dim, DType, Type


def _infer_const(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    return (Type(params["dtype"]),)


def _infer_dim(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    if not 0 <= params["axis"] < args[0].type.rank:
        raise TypeError(f"dim: axis {params['axis']} of {args[0].type}")
    return (INT,)


CONST = Primitive("const", Kind.CONSTANT, _infer_const, cost=0)
DIM = Primitive("dim", Kind.CONSTANT, _infer_dim, evaluate=lambda a, axis: a.shape[axis], cost=0)


class Symbols:
    """The size symbols in scope: fresh names, and where each size can be read.

    A region sees the sizes of the regions around it; its own come first, because a copy of a
    region (a recomputation, say) defines the same symbols again.
    """

    def __init__(self, outer: Symbols | None = None) -> None:
        self.taken: set[str] = set() if outer is None else outer.taken
        self._values: ChainMap[str, Value] = (
            ChainMap() if outer is None else outer._values.new_child()
        )
        self._arrays: ChainMap[str, tuple[Value, int]] = (
            ChainMap() if outer is None else outer._arrays.new_child()
        )
        self._first: ChainMap[str, Value | tuple[Value, int]] = (
            ChainMap() if outer is None else outer._first.new_child()
        )

    def fresh(self, hint: str) -> str:
        """Return a symbol that is new in this function."""
        name, count = hint, 0
        while name in self.taken:
            count += 1
            name = f"{hint}_{count}"
        self.taken.add(name)
        return name

    def note(self, value: Value) -> None:
        """Remember that a value denotes a size, or is an array that has it."""
        if isinstance(value.size, str):
            self.taken.add(value.size)
            self._values.maps[0].setdefault(value.size, value)
            self._first.maps[0].setdefault(value.size, value)
        for axis, dim in enumerate(value.type.shape):
            if isinstance(dim, str):
                self.taken.add(dim)
                self._arrays.maps[0].setdefault(dim, (value, axis))
                self._first.maps[0].setdefault(dim, (value, axis))

    def note_region(self, region: Region) -> None:
        """Remember what a region defines at its own level, and all names below it."""
        for value in region.params:
            self.note(value)
        for op in region.ops:
            for value in op.outs:
                self.note(value)
            for inner in op.regions:
                Symbols(self).note_region(inner)

    def value_of(self, dim: str) -> Value | None:
        """Return an integer value that denotes the size, if there is one."""
        return self._values.get(dim)

    def array_with(self, dim: str) -> tuple[Value, int] | None:
        """Return an array and the axis that has the size, if there is one."""
        return self._arrays.get(dim)

    def first_with(self, dim: str) -> Value | tuple[Value, int] | None:
        """Return what had the size first, as a value or the axis of an array.

        That is defined wherever anything else of the size is.
        """
        for layer in reversed(self._first.maps):
            if dim in layer:
                return layer[dim]
        return None

    @classmethod
    def of(cls, function: Function) -> Symbols:
        """Collect the symbols of an existing function."""
        symbols = cls()
        symbols.note_region(function.body)
        return symbols


class Builder:
    """Appends ops to a list, at a current location and role.

    Parameters
    ----------
    symbols : Symbols, optional
        Shared by all builders of one function.
    """

    def __init__(self, symbols: Symbols | None = None) -> None:
        self.symbols = symbols if symbols is not None else Symbols()
        self.ops: list[Op] = []
        self.loc: Location = NOWHERE
        self.role: Role = Role.PRIMAL
        self._constants: dict[tuple[DType, str], Value] = {}

    # -- values ---------------------------------------------------------------------------

    def value(
        self,
        type: Type,
        name: str,
        size: Dim | None = None,
        named: bool = False,
    ) -> Value:
        """Make a value at the current location; every integer scalar denotes a size."""
        if type == INT and size is None:
            size = self.symbols.fresh(name)
        value = Value(type, name, self.loc, size, named)
        self.symbols.note(value)
        return value

    def const(self, constant: float | int | bool, dtype: DType | None = None) -> Value:
        """Return a scalar constant; its type is that of the Python value unless given."""
        if dtype is None:
            dtype = (
                DType.BOOL
                if isinstance(constant, bool)
                else DType.INT
                if isinstance(constant, int)
                else DType.F64
            )
        if dtype.is_float:
            constant = float(constant)
        key = (dtype, repr(constant))
        if key not in self._constants:
            size = constant if dtype is DType.INT else None
            out = Value(Type(dtype), "c", self.loc, int(size) if size is not None else None)
            params = {"dtype": dtype, "value": constant}
            self.ops.append(Op(CONST, (), params, (out,), (), self.loc, self.role))
            self._constants[key] = out
        return self._constants[key]

    def size(self, dim: Dim) -> Value:
        """Return the integer value of a dimension."""
        if isinstance(dim, int):
            return self.const(dim)
        first = self.symbols.first_with(dim)
        if first is None:
            raise InternalError(f"no value of size {dim} is in scope")
        return first if isinstance(first, Value) else self.dim(*first)

    def dim(self, array: Value, axis: int) -> Value:
        """Return the size of an axis of an array."""
        dim = array.type.shape[axis]
        if isinstance(dim, int):
            return self.const(dim)
        out = Value(INT, dim, self.loc, dim)
        self.symbols.note(out)
        self.ops.append(Op(DIM, (array,), {"axis": axis}, (out,), (), self.loc, self.role))
        return out

    # -- ops ------------------------------------------------------------------------------

    def emit(
        self,
        prim: Primitive,
        args: Sequence[Value],
        params: Params | None = None,
        name: str | None = None,
        size: Dim | None = None,
    ) -> Value:
        """Append an op with one output and return that."""
        params = {} if params is None else params
        (type,) = prim.infer(args, params)
        out = self.value(type, name or prim.name.rstrip("_"), size)
        self.append(Op(prim, tuple(args), params, (out,), (), self.loc, self.role))
        return out

    def emit_all(
        self, prim: Primitive, args: Sequence[Value], params: Params | None = None
    ) -> tuple[Value, ...]:
        """Append an op with several outputs and return them."""
        params = {} if params is None else params
        types = prim.infer(args, params)
        names = prim.results if len(prim.results) == len(types) else ()
        names = names or (prim.name.rstrip("_"),) * len(types)
        outs = tuple(self.value(type, name) for type, name in zip(types, names, strict=True))
        self.append(Op(prim, tuple(args), params, outs, (), self.loc, self.role))
        return outs

    def append(self, op: Op) -> None:
        """Append a finished op."""
        self.ops.append(op)

    # -- regions --------------------------------------------------------------------------

    def child(self) -> Builder:
        """Return a builder for a region inside the current one."""
        inner = Builder(Symbols(self.symbols))
        inner.loc, inner.role = self.loc, self.role
        return inner

    @contextmanager
    def at(self, loc: Location, role: Role | None = None) -> Iterator[None]:
        """Set the location (and role) of what is built inside the block."""
        before = self.loc, self.role
        self.loc = loc
        if role is not None:
            self.role = role
        try:
            yield
        finally:
            self.loc, self.role = before

    def close(self, params: Iterable[Value], yields: Iterable[Value]) -> Region:
        """Return the ops built so far as a region."""
        return Region(tuple(params), tuple(self.ops), tuple(yields))

    def loop(
        self,
        bounds: tuple[Value, Value, Value],
        inits: Sequence[Value],
        region: Region,
        outs: Sequence[Value] | None = None,
    ) -> tuple[Value, ...]:
        """Append a counted loop and return what it carries out."""
        made = outs if outs is not None else self.outs_like(region.yields, region.params[1:])
        args = (*bounds, *inits)
        self.append(Op(FOR, args, {}, tuple(made), (region,), self.loc, self.role))
        return tuple(made)

    def conditional_loop(
        self, inits: Sequence[Value], condition: Region, body: Region
    ) -> tuple[Value, ...]:
        """Append a while loop and return what it carries out."""
        made = self.outs_like(body.yields, body.params)
        regions = (condition, body)
        self.append(Op(WHILE, tuple(inits), {}, made, regions, self.loc, self.role))
        return made

    def branch(
        self,
        condition: Value,
        then: Region,
        otherwise: Region,
        names: Sequence[str] | None = None,
    ) -> tuple[Value, ...]:
        """Append a branch and return what its regions yield."""
        if condition.type != BOOL:
            raise TypeError(f"if_: condition of type {condition.type}")
        made = tuple(
            self.value(value.type, name, named=value.named)
            for value, name in zip(
                then.yields, names or [value.name for value in then.yields], strict=True
            )
        )
        self.append(Op(IF, (condition,), {}, made, (then, otherwise), self.loc, self.role))
        return made

    def outs_like(self, values: Sequence[Value], names: Sequence[Value]) -> tuple[Value, ...]:
        """Make output values of the types of `values`, called like `names`."""
        return tuple(
            self.value(value.type, like.name, named=like.named)
            for value, like in zip(values, names, strict=True)
        )


def dim_of(size: Value) -> Dim:
    """Return the dimension that an integer value denotes."""
    if size.type != INT or size.size is None:
        raise TypeError(f"{size} does not denote a size")
    return size.size

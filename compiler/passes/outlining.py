"""A routine in the place of copies of a function: its parameters, its body, and the calls of it.

What a copy uses from around it becomes a parameter: values, integers by the size that they
denote, and constants that are not the same in all copies. What is used after one of the copies
becomes a result. See :mod:`gradc.passes.sharing`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gradc.analysis.storage import UPDATES, StorageClasses
from gradc.ir.builder import Builder, Symbols
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.routines import Routine
from gradc.ir.types import Dim, DType, Type
from gradc.ir.walk import all_ops, free_in_ops
from gradc.passes.copies import Comparison, Copy, Literal, is_left_out
from gradc.prims.index import GET, PICK
from gradc.prims.routines import CALL

#: Parameters that a function may have and still be read.
_MOST_PARAMS = 40


@dataclass(frozen=True, eq=False, slots=True)
class _Param:
    """A parameter of a routine, and what each copy passes for it.

    Attributes
    ----------
    value : Value
    given : sequence of Value
        By copy.
    place : tuple
        Where it stands among the parameters.
    """

    value: Value
    given: Sequence[Value]
    place: tuple[int, int]


@dataclass(eq=False, slots=True)
class Outlining:
    """One routine for several copies.

    Attributes
    ----------
    copies : list of Copy
    found : list of Comparison
        Of the first copy with each, itself included.
    literals : mapping
        The constants around them.
    copied : bool
        Whether arrays from around may be written to and returned, which makes copies of them.
    """

    copies: Sequence[Copy]
    found: Sequence[Comparison]
    literals: Mapping[Value, Literal]
    copied: bool
    params: list[_Param] = field(default_factory=list)
    # The first copy's values by those of the routine; integers also by size symbol.
    mapping: dict[Value, Value] = field(default_factory=dict)
    integers: dict[str, Value] = field(default_factory=dict)

    @property
    def first(self) -> Copy:
        """The copy that the routine is made from."""
        return self.copies[0]

    def run(self) -> tuple[Routine, list[list[Op]]] | None:
        """The routine and, for each copy, the ops in its place; None where there can be none."""
        live = self._live()
        results = [self.first.outs[place] for place in live]
        free = [value for value in self.found[0].values if value not in self.first.inside]
        if not results or not (self.copied or self._can_be_apart(free, results)):
            return None
        builder = Builder(Symbols())
        constants = self._params(free, results)
        if len(self.params) > _MOST_PARAMS or not self._sizes_known(results):
            return None
        self.params.sort(key=lambda param: param.place)
        routine = self._routine(builder, constants, results)
        calls = [self._call(number, live, routine) for number in range(len(self.copies))]
        return routine, calls

    # -- what goes in and out -----------------------------------------------------------------

    def _live(self) -> list[int]:
        """Which of what the copies define is used after one of them, by position."""
        live: set[int] = set()
        for copy in self.copies:
            after = set(free_in_ops(copy.region.ops[copy.stop :], copy.region.yields))
            live.update(place for place, out in enumerate(copy.outs) if out in after)
        return sorted(live)

    def _can_be_apart(self, free: Sequence[Value], results: Sequence[Value]) -> bool:
        """Whether calls cost no more than the copies do.

        A call would copy an array from around that is written to, or returned in part; and in a
        loop it would make an array for the cotangent of a single element that is read.
        """
        body = Region((), self.first.ops, tuple(results))
        classes = StorageClasses(body, updates=True)
        around = {classes.of(value) for value in free if not value.type.is_scalar}
        if any(classes.of(value) in around for value in results):
            return False
        if any(copy.in_loop for copy in self.copies):
            floats = {classes.of(value) for value in free if value.type.is_float}
            around_and_read = (op.args[0] for op in all_ops(body) if op.prim in (GET, PICK))
            if any(classes.of(array) in floats & around for array in around_and_read):
                return False
        updated = (op.args[0] for op in all_ops(body) if op.prim in UPDATES)
        return not any(classes.of(array) in around for array in updated)

    def _sizes_known(self, results: Sequence[Value]) -> bool:
        known: set[Dim | None] = {param.value.size for param in self.params}
        known.update(dim for param in self.params for dim in param.value.type.shape)
        return all(
            dim in known for value in results for dim in value.type.shape if isinstance(dim, str)
        )

    def _params(self, free: Sequence[Value], results: Sequence[Value]) -> list[_Param | Value]:
        """Make the parameters; returns what stands at each place that has a constant."""
        names = self._names()
        parts = {op.out: op.args[0] for op in self.first.kept if op.prim is GET}
        for value in free:
            whole = parts.get(value, value)
            place, name = names.get(value) or names.get(whole) or (_MOST_PARAMS, value.name)
            if value in parts and value.named:
                name = value.name
            given = [found.values[value] for found in self.found]
            self._param(value, replace(value, name=name), given, (place, len(self.params)))
        of_arrays = {dim for value in free for dim in value.type.shape}
        for size in self._integers(results):
            if size in of_arrays:
                continue
            given = [found.integers[size] for found in self.found]
            own = given[0]
            place, name = names.get(own, (_MOST_PARAMS, own.name))
            made = replace(own, name=name)
            self._param(own, made, given, (place, len(self.params)))
            self.integers[size] = made
        return self._constants()

    def _param(
        self, value: Value, own: Value, given: Sequence[Value], place: tuple[int, int]
    ) -> None:
        self.mapping[value] = own
        self.params.append(_Param(own, given, place))

    def _integers(self, results: Sequence[Value]) -> Iterator[str]:
        """The sizes that the body or its results need and that are not computed in it."""
        first = self.found[0]
        kept = {op.out.size: op for op in self.first.kept if isinstance(op.out.size, str)}
        for value in results:
            for dim in value.type.shape:
                if isinstance(dim, str) and dim in kept and dim not in first.integers:
                    for number, found in enumerate(self.found):
                        own = self._size_in(self.copies[number], found.dims[dim])
                        if own is not None:
                            found.integers[dim] = own
        complete = [
            size for size in first.integers if all(size in found.integers for found in self.found)
        ]
        return iter(complete)

    @staticmethod
    def _size_in(copy: Copy, dim: Dim) -> Value | None:
        return next((op.out for op in copy.kept if op.out.size == dim), None)

    def _names(self) -> dict[Value, tuple[int, str]]:
        """The places and names of the user's parameters, by what the first copy has for them."""
        copy = self.first
        free = free_in_ops(copy.region.ops[copy.first : copy.stop])
        names = copy.site.names
        if len(free) != len(names):
            return {}
        return {value: own for value, own in zip(free, names, strict=True) if own is not None}

    # -- constants ----------------------------------------------------------------------------

    def _constants(self) -> list[_Param | Value]:
        made: dict[tuple[Literal, ...], _Param | Value] = {}
        places: list[_Param | Value] = []
        for pairs in zip(*(found.constants for found in self.found), strict=True):
            given = [theirs for _, theirs in pairs]
            key = tuple(self.literals[value] for value in given)
            if key not in made:
                made[key] = given[0] if len(set(key)) == 1 else self._constant(given, key)
            places.append(made[key])
        return places

    def _constant(self, given: Sequence[Value], key: Sequence[Literal]) -> _Param:
        place, name = self._name_of_constant(key) or (_MOST_PARAMS, "c")
        dtype, own = key[0][0], given[0]
        size = self._fresh(name) if dtype is DType.INT else None
        value = Value(Type(dtype), name, own.loc, size)
        param = _Param(value, given, (place, len(self.params)))
        self.params.append(param)
        return param

    def _name_of_constant(self, key: Sequence[Literal]) -> tuple[int, str] | None:
        """The parameter for which each of the copies is given these constants, if there is one."""
        for number, name, _ in self.first.site.constants:
            texts = [
                _number(text)
                for copy in self.copies
                for _, own, text in copy.site.constants
                if own == name
            ]
            if texts == [_number(text) for _, text in key]:
                return number, name
        return None

    def _fresh(self, name: str) -> str:
        taken = {*self.found[0].dims, *(param.value.size for param in self.params)}
        fresh, count = name, 0
        while fresh in taken:
            count += 1
            fresh = f"{name}_{count}"
        return fresh

    # -- the routine --------------------------------------------------------------------------

    def _routine(
        self, builder: Builder, constants: Sequence[_Param | Value], results: Sequence[Value]
    ) -> Routine:
        site = self.first.site
        builder.loc = site.home
        params = [param.value for param in self.params]
        for param in params:
            builder.symbols.note(param)
        for size in self.found[0].integers:
            if size not in self.integers and builder.symbols.array_with(size) is not None:
                self.integers[size] = builder.size(size)
        places = iter([self._own(each, builder) for each in constants])
        around = (self.mapping, self.integers, self.literals, self.first.inside)
        ops = _Cloning(*around, places).ops(self.first.ops)
        body = Region(
            tuple(params), (*builder.ops, *ops), tuple(self.mapping[value] for value in results)
        )
        return Routine(
            site.name,
            tuple(param.type for param in params),
            tuple(value.type for value in results),
            Function(site.name, body, site.home),
            sizes=tuple(param.size for param in params),
        )

    def _own(self, constant: _Param | Value, builder: Builder) -> Value:
        if isinstance(constant, _Param):
            return constant.value
        return _literal(self.literals[constant], builder)

    def _call(self, number: int, live: Sequence[int], routine: Routine) -> list[Op]:
        """The ops in the place of a copy: what is not part of the routine, and the call."""
        copy = self.copies[number]
        builder = Builder(Symbols())
        builder.loc = copy.site.loc
        args = [self._given(param.given[number], copy, builder) for param in self.params]
        outs = tuple(copy.outs[place] for place in live)
        builder.append(Op(CALL, tuple(args), {"routine": routine}, outs, (), copy.site.loc))
        return [replace(op, site=copy.site.outer) for op in (*copy.kept, *builder.ops)]

    def _given(self, value: Value, copy: Copy, builder: Builder) -> Value:
        """What a copy passes, where the call is going to stand."""
        if value in self.literals:
            return _literal(self.literals[value], builder)
        if value in copy.dims:
            array, axis = copy.dims[value].args[0], copy.dims[value].params["axis"]
            return builder.dim(array, axis)
        return value


@dataclass(eq=False, slots=True)
class _Cloning:
    """Copies ops, with others' constants at the places that have one."""

    mapping: dict[Value, Value]
    integers: Mapping[str, Value]
    literals: Mapping[Value, Literal]
    inside: Container[Value]
    constants: Iterator[Value]

    def ops(self, ops: Sequence[Op]) -> list[Op]:
        return [self.op(op) for op in ops if not is_left_out(op, self.inside)]

    def op(self, op: Op) -> Op:
        args = tuple(map(self.use, op.args))
        regions = tuple(map(self.region, op.regions))
        return replace(op, args=args, regions=regions, outs=tuple(map(self.define, op.outs)))

    def region(self, region: Region) -> Region:
        params = tuple(map(self.define, region.params))
        ops = tuple(self.ops(region.ops))
        return Region(params, ops, tuple(map(self.use, region.yields)))

    def define(self, value: Value) -> Value:
        self.mapping[value] = replace(value)
        return self.mapping[value]

    def use(self, value: Value) -> Value:
        if value in self.literals:
            return next(self.constants)
        if value in self.mapping:
            return self.mapping[value]
        return self.integers[str(value.size)]


def _literal(literal: Literal, builder: Builder) -> Value:
    dtype, text = literal
    return builder.const(_number(text), dtype)


def _number(text: str) -> float | int | bool:
    if text in ("True", "False"):
        return text == "True"
    try:
        return int(text)
    except ValueError:
        return float(text)

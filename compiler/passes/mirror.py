"""An array that loops go through from its end lies in memory from its end.

Before::

    b: f64[n] = zeros(n)
    ...
    with for_(top, minus, minus, b, zero, stores_last=True) as (i, b_1, before):
        v: f64 = get(b_1, i, spec=('at',))
        ...
        b_2: f64[n] = add_at(b_1, w, i, spec=('at',))
        yield_(b_2, v)

After::

    last: i64(last) = sub(n, one)
    b_reversed: f64[n] = zeros(n)
    ...
    with for_(top, minus, minus, b_reversed, zero, stores_last=True) as (i, b_1, before):
        at: i64(at) = sub(last, i)
        v: f64 = get(b_1, at, spec=('at',))
        ...
        b_2: f64[n] = add_at(b_1, w, at, spec=('at',))
        yield_(b_2, v)

The adjoint of a loop that hands on numbers runs downwards. A vector of its iterations has the
elements of an array in the other order than memory has them, so each is turned around after it is
read and before it is written; that takes the units which move what iterations hand on, too. The
cotangent of an array that a loop steps forward is read and written by each step, and nothing but
its elements is used: nobody sees in which order they lie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from gradc.analysis.affine import AffineForms
from gradc.analysis.by_element import MAKERS, is_element, seen_by_element
from gradc.analysis.storage import StorageClasses, is_settled
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, STORES_LAST
from gradc.ir.core import Function, Op, Region, Value
from gradc.ir.walk import all_ops, defining_ops, with_body
from gradc.passes.base import Context
from gradc.passes.element_loops import written_by_element
from gradc.prims.arithmetic import SUB
from gradc.prims.index import AT, GET, PUT
from gradc.prims.shape import COPY, EMPTY


@dataclass(frozen=True, slots=True)
class Mirror:
    """The pass; it does nothing before updates are in place."""

    name: ClassVar[str] = "mirror"

    def run(self, function: Function, context: Context) -> Function:
        """Return the function with arrays in the other order."""
        downwards = [op for op in all_ops(function.body) if _runs_downwards(op)]
        if not downwards or not is_settled(function):
            return function
        classes = StorageClasses(function.body)
        makers = [op for op in all_ops(function.body) if op.prim in MAKERS and _may_turn(op)]
        found = seen_by_element(function, classes, makers)
        turned = _gone_through_downwards(function, classes)
        ours = {home: op for home, op in found.items() if home in turned}
        return _Turning(function, classes, ours).run() if ours else function


def _runs_downwards(op: Op) -> bool:
    return op.prim is FOR and op.args[2].size == -1 and STORES_LAST in op.params


def _may_turn(op: Op) -> bool:
    return op.out.type.rank == 1 or (op.prim is not COPY and op.out.type.rank > 0)


def _gone_through_downwards(function: Function, classes: StorageClasses) -> set[Value]:
    """The classes of arrays that the innermost loops go through downwards, and none upwards."""
    ways: dict[Value, dict[int, set[int]]] = {}
    forms = AffineForms(defining_ops(function.body))
    for access, loops in _accesses(function.body, ()):
        loop = loops[-1]
        step = loop.args[2].size
        (index,) = forms.of(loop.regions[0].params[0]).terms
        factor = forms.of(access.args[-1]).terms.get(index, 0)
        if abs(factor) == 1 and step in (1, -1):
            way = factor * step
            if way == 1 or _runs_downwards(loop):
                home = classes.of(access.args[0])
                ways.setdefault(home, {}).setdefault(len(loops), set()).add(way)
    return {home for home, by_depth in ways.items() if by_depth[max(by_depth)] == {-1}}


def _accesses(region: Region, loops: Sequence[Op]) -> Iterator[tuple[Op, Sequence[Op]]]:
    """The reads and updates of elements in counted loops, with the loops around them."""
    for op in region.ops:
        if loops and is_element(op):
            yield op, loops
        for inner in op.regions:
            yield from _accesses(inner, (*loops, op) if op.prim is FOR else loops)


class _Turning:
    """Turns some arrays around."""

    def __init__(
        self, function: Function, classes: StorageClasses, makers: dict[Value, Op]
    ) -> None:
        self.function, self.classes = function, classes
        self.makers = set(makers.values())
        self.homes = set(makers)
        self.symbols = Symbols.of(function)
        self.last: dict[Value, Value] = {}
        self.new: dict[Value, Value] = {}

    def run(self) -> Function:
        return with_body(self.function, self.region(self.function.body))

    def region(self, region: Region) -> Region:
        builder = Builder(Symbols(self.symbols))
        mirrored: dict[tuple[Value, Value], Value] = {}
        params = tuple(map(self.value, region.params))
        for op in region.ops:
            builder.loc, builder.role = op.loc, op.role
            if op in self.makers:
                self.make(op, builder)
                continue
            args = list(map(self.value, op.args))
            if is_element(op) and self.classes.of(op.args[0]) in self.homes:
                key = self.last[self.classes.of(op.args[0])], op.args[-1]
                if key not in mirrored:
                    first = op.args[-1].size == 0
                    mirrored[key] = key[0] if first else builder.emit(SUB, key, name="at")
                args[-1] = mirrored[key]
            inner = tuple(map(self.region, op.regions))
            outs = tuple(map(self.value, op.outs))
            builder.append(replace(op, args=tuple(args), outs=outs, regions=inner))
        return Region(params, tuple(builder.ops), tuple(map(self.value, region.yields)))

    def make(self, op: Op, builder: Builder) -> None:
        """Append the op that makes an array, and the index of the last element of its rows."""
        copied = op.prim is COPY
        size = builder.dim(op.args[0], 0) if copied else op.args[-1]
        last = builder.emit(SUB, [size, builder.const(1)], name="last")
        self.last[self.classes.of(op.out)] = last
        if copied:
            self.copy(op, size, last, builder)
        else:
            builder.append(replace(op, outs=(self.value(op.out),)))

    def copy(self, op: Op, size: Value, last: Value, builder: Builder) -> None:
        """Append a loop that copies an array from its end."""
        out, like = self.value(op.out), {"dtype": op.out.type.dtype}
        empty = builder.emit(EMPTY, [size], like, name=out.name)

        def turned(inside: Builder, array: Value, index: Value) -> Value:
            value = inside.emit(GET, [op.args[0], index], {"spec": (AT,)})
            at = inside.emit(SUB, [last, index], name="at")
            return inside.emit(PUT, [array, value, at], {"spec": (AT,), "inplace": True})

        written_by_element(builder, size, empty, turned, out)

    def value(self, value: Value) -> Value:
        """A value, with the name that says in which order it is."""
        if not value.type.rank or self.classes.of(value) not in self.homes:
            return value
        if value not in self.new:
            self.new[value] = replace(value, name=f"{value.name}_reversed")
        return self.new[value]

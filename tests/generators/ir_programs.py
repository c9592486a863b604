"""Small random programs of the IR, with arguments to run them at.

`ir_programs()` draws statement by statement from what is in scope, simplest choices first, so
that hypothesis shrinks a failure to a few lines. With ``smooth=True`` the functions have
derivatives everywhere and stay of moderate size: good for comparing gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from gradc.errors import Location
from gradc.ir.builder import Builder
from gradc.ir.core import Function, Primitive, Region, Value
from gradc.ir.printer import to_text
from gradc.ir.types import F64, INT, Dim, DType, Type
from gradc.ir.verify import verify
from gradc.prims import arithmetic, compare, elementary, index, linalg, rows, shape
from gradc.prims.trace import broadcast_scalar

SMOOTH_UNARY = (arithmetic.NEG, elementary.SIN, elementary.TANH, elementary.SIGMOID)
ROUGH_UNARY = (
    *SMOOTH_UNARY,
    elementary.EXP,
    arithmetic.LOG,
    arithmetic.SQRT,
    elementary.RELU,
    elementary.ABS,
)
SMOOTH_BINARY = (arithmetic.ADD, arithmetic.SUB, arithmetic.MUL)
ROUGH_BINARY = (*SMOOTH_BINARY, arithmetic.DIV, elementary.MAXIMUM, arithmetic.POW)
CONSTANTS = (0.0, 1.0, -1.0, 2.0, 0.5, -0.0)


@dataclass(frozen=True, repr=False)
class Program:
    """A function and arguments of the types of its parameters."""

    function: Function
    args: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"{to_text(self.function)}at {self.args}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How hypothesis shows a failing example."""
        printer.text(repr(self))


@dataclass
class Scope:
    """A builder and the values that the next statement may use."""

    builder: Builder
    values: list[Value] = field(default_factory=list)

    def inner(self, like: list[tuple[Type, str]]) -> tuple[Scope, list[Value]]:
        """A scope inside this one, and its parameters."""
        child = self.builder.child()
        params = [child.value(type, name) for type, name in like]
        return Scope(child, [*self.values, *params]), params

    def floats(self, fits: Callable[[Type], bool] = lambda type: True) -> list[Value]:
        return [v for v in self.values if v.type.is_float and fits(v.type)]

    def integers(self) -> list[Value]:
        return [v for v in self.values if v.type == INT]

    def add(self, value: Value) -> None:
        self.values.append(value)


class Generator:
    def __init__(self, draw: Any, smooth: bool, control: bool) -> None:
        self.draw = draw
        self.smooth = smooth
        self.control = control
        self.line = 1
        self.count = 0

    def pick(self, choices: Any) -> Any:
        return self.draw(st.sampled_from(list(choices)))

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    # -- statements -----------------------------------------------------------------------------

    def statements(self, scope: Scope, most: int, depth: int) -> None:
        for _ in range(self.draw(st.integers(1, most))):
            self.line += 1
            loc = Location("program.py", self.line, 1)
            kinds = [self.binary, self.unary, self.constant, self.scaled, self.reduced]
            kinds += [self.read, self.updated, self.viewed, self.multiplied, self.row_function]
            if not self.smooth:
                kinds += [self.selected, self.extremum, self.compared_integers, self.picked]
            if depth > 0 and self.control:
                kinds += [self.loop, self.branch, self.conditional_loop]
            with scope.builder.at(loc):
                kind = self.pick(kinds)
                if kind in (self.loop, self.branch, self.conditional_loop):
                    kind(scope, depth)
                else:
                    kind(scope)

    def emit(self, scope: Scope, prim: Primitive, *args: Value, **params: Any) -> Value:
        value = scope.builder.emit(prim, args, params, name=self.name())
        scope.add(value)
        return value

    def constant(self, scope: Scope) -> None:
        scope.add(scope.builder.const(self.pick(CONSTANTS)))

    def unary(self, scope: Scope) -> None:
        choices = SMOOTH_UNARY if self.smooth else ROUGH_UNARY
        self.emit(scope, self.pick(choices), self.pick(scope.floats()))

    def binary(self, scope: Scope) -> None:
        left = self.pick(scope.floats())
        right = self.pick(scope.floats(lambda type: type in (left.type, F64)))
        if right.type != left.type:
            right = broadcast_scalar(scope.builder, right, left.type.shape)
        choices = SMOOTH_BINARY if self.smooth else ROUGH_BINARY
        operands = (left, right) if self.draw(st.booleans()) else (right, left)
        self.emit(scope, self.pick(choices), *operands)

    def scaled(self, scope: Scope) -> None:
        value = self.pick(scope.floats())
        factor = scope.builder.const(self.pick(CONSTANTS))
        if not value.type.is_scalar:
            factor = broadcast_scalar(scope.builder, factor, value.type.shape)
        self.emit(scope, self.pick((arithmetic.MUL, arithmetic.ADD, arithmetic.SUB)), value, factor)

    def reduced(self, scope: Scope) -> None:
        arrays = scope.floats(lambda type: type.rank > 0)
        if arrays:
            array = self.pick(arrays)
            axes = self.pick(_subsets(array.type.rank))
            self.emit(scope, shape.SUM, array, axes=axes)

    def extremum(self, scope: Scope) -> None:
        arrays = scope.floats(lambda type: type.rank > 0)
        if arrays:
            array = self.pick(arrays)
            axes = self.pick(_subsets(array.type.rank))
            self.emit(scope, self.pick((shape.MAX, shape.MIN)), array, axes=axes)

    def selected(self, scope: Scope) -> None:
        left = self.pick(scope.floats())
        same = scope.floats(lambda type: type == left.type)
        condition = scope.builder.emit(
            self.pick((compare.LT, compare.EQ, compare.GE)), (left, self.pick(same))
        )
        self.emit(scope, compare.SELECT, condition, self.pick(same), self.pick(same))

    def compared_integers(self, scope: Scope) -> None:
        numbers = [*scope.integers(), scope.builder.const(self.pick((0, 1, 2)))]
        condition = scope.builder.emit(
            self.pick((compare.LT, compare.EQ, compare.GE)),
            (self.pick(numbers), self.pick(numbers)),
        )
        scalars = scope.floats(lambda type: type == F64)
        self.emit(scope, compare.SELECT, condition, self.pick(scalars), self.pick(scalars))

    def viewed(self, scope: Scope) -> None:
        arrays = scope.floats(lambda type: type.rank > 0)
        if not arrays:
            return
        array = self.pick(arrays)
        if array.type.rank == 2 and self.draw(st.booleans()):
            self.emit(scope, shape.TRANSPOSE, array, perm=(1, 0))
        elif array.type.rank == 2:
            sizes = [scope.builder.size(dim) for dim in array.type.shape]
            total = scope.builder.emit(arithmetic.MUL, sizes, name="total")
            self.emit(scope, shape.RESHAPE, array, total)
        else:
            others = [dim for v in arrays for dim in v.type.shape]
            dims: tuple[Dim, ...] = (array.type.shape[0], self.pick(others))
            axis = self.pick((0, 1))
            sizes = [scope.builder.size(dim) for dim in (dims if axis == 0 else dims[::-1])]
            self.emit(scope, shape.BROADCAST, array, *sizes, axes=(axis,))

    def row_function(self, scope: Scope) -> None:
        arrays = scope.floats(lambda type: type.rank > 0)
        if arrays:
            self.emit(scope, self.pick((rows.LOGSUMEXP, rows.SOFTMAX)), self.pick(arrays))

    def picked(self, scope: Scope) -> None:
        arrays = scope.floats(lambda type: type.rank == 2)
        if arrays:
            array = self.pick(arrays)
            labels = scope.builder.emit(shape.ARGMAX, [array], {"axis": 1}, name="labels")
            part = self.emit(scope, index.PICK, array, labels)
            self.emit(scope, index.PICK_ADD, array, part, labels)

    def multiplied(self, scope: Scope) -> None:
        arrays = scope.floats(lambda type: type.rank > 0)
        pairs = [(a, b) for a in arrays for b in arrays if a.type.shape[-1] == b.type.shape[0]]
        if pairs:
            self.emit(scope, linalg.MATMUL, *self.pick(pairs))

    # -- parts ------------------------------------------------------------------------------------

    def index_of(self, scope: Scope, array: Value, whole: bool) -> tuple[tuple[str, ...], list]:
        spec, operands = [], []
        for axis, dim in enumerate(array.type.shape):
            choices = (index.AT, index.ALL, index.SLICE) if whole else (index.AT,)
            # a slice of a slice may be empty, or have less than no elements
            item = self.pick(choices if dim in ("n", "m") else choices[:2])
            spec.append(item)
            if item == index.AT:
                operands.append(self.checked(scope, scope.builder.dim(array, axis)))
            elif item == index.SLICE:
                operands += self.slice_of(scope, dim)
        return tuple(spec), operands

    def checked(self, scope: Scope, size: Value) -> Value:
        numbers = [scope.builder.const(0), scope.builder.const(-1), *scope.integers()]
        wanted = self.pick(numbers)
        if wanted not in numbers[:2]:  # an integer of the program: bring it into range
            wanted = scope.builder.emit(arithmetic.MOD, [wanted, size], name="r")
        return scope.builder.emit(index.WRAP, [wanted, size], {"line": self.line}, name="w")

    def slice_of(self, scope: Scope, dim: Dim) -> list[Value]:
        """All but the first, all but the last, or all backwards."""
        size, one = scope.builder.size(dim), scope.builder.const(1)
        shorter = scope.builder.emit(arithmetic.SUB, [size, one], name="shorter")
        how = self.pick(("tail", "head", "reversed"))
        if how == "reversed":
            return [shorter, size, scope.builder.const(-1)]
        return [one if how == "tail" else scope.builder.const(0), shorter, one]

    def read(self, scope: Scope) -> None:
        arrays = scope.floats(lambda type: type.rank > 0)
        if arrays:
            array = self.pick(arrays)
            spec, operands = self.index_of(scope, array, whole=True)
            self.emit(scope, index.GET, array, *operands, spec=spec)

    def updated(self, scope: Scope) -> None:
        arrays = scope.floats(lambda type: type.rank > 0)
        if not arrays:
            return
        array = self.pick(arrays)
        spec, operands = self.index_of(scope, array, whole=True)
        part = index.part_type(array.type, spec, operands)
        value = self.pick(scope.floats(lambda type: type in (part, F64)))
        if value.type != part:
            value = broadcast_scalar(scope.builder, value, part.shape)
        prim = self.pick((index.ADD_AT, index.PUT))
        self.emit(scope, prim, array, value, *operands, spec=spec)

    # -- control --------------------------------------------------------------------------

    def carried(self, scope: Scope) -> list[Value]:
        floats = scope.floats()
        return [self.pick(floats) for _ in range(self.draw(st.integers(1, 2)))]

    def ends(self, inner: Scope, types: list[Type]) -> list[Value]:
        """For each type the newest values of the region first."""
        return [self.pick([v for v in reversed(inner.values) if v.type == t]) for t in types]

    def loop(self, scope: Scope, depth: int) -> None:
        builder = scope.builder
        inits = self.carried(scope)
        dims = [dim for v in scope.values for dim in v.type.shape if isinstance(dim, str)]
        stops = [builder.const(3), *map(builder.size, dims), *scope.integers()]
        zero, one = builder.const(0), builder.const(1)
        bounds = (self.pick((zero, one)), self.pick(stops), one)
        if self.draw(st.booleans()):
            last = builder.emit(arithmetic.SUB, [bounds[1], one], name="last")
            bounds = (last, builder.const(-1), builder.const(-1))
        inner, params = scope.inner([(INT, "i"), *((v.type, f"{v.name}_c") for v in inits)])
        self.statements(inner, 3, depth - 1)
        region = inner.builder.close(params, self.ends(inner, [v.type for v in inits]))
        scope.values += builder.loop(bounds, inits, region)

    def conditional_loop(self, scope: Scope, depth: int) -> None:
        """Count to a small number; the counter is carried beside what the body changes."""
        builder = scope.builder
        inits = [builder.const(0), *self.carried(scope)]
        condition, tests = scope.inner([(v.type, "t") for v in inits])
        limit = condition.builder.const(self.pick((2, 0)))
        goes_on = condition.builder.emit(compare.LT, [tests[0], limit], name="goes_on")
        inner, params = scope.inner([(v.type, f"{v.name}_w") for v in inits])
        self.statements(inner, 2, depth - 1)
        counted = inner.builder.emit(arithmetic.ADD, [params[0], inner.builder.const(1)])
        ends = [counted, *self.ends(inner, [v.type for v in inits[1:]])]
        scope.values += builder.conditional_loop(
            inits,
            condition.builder.close(tests, [goes_on]),
            inner.builder.close(params, ends),
        )

    def branch(self, scope: Scope, depth: int) -> None:
        builder = scope.builder
        if self.smooth or self.draw(st.booleans()):
            numbers = [builder.const(1), builder.const(2), *scope.integers()]
            operands = [self.pick(numbers), self.pick(numbers)]
        else:
            scalars = scope.floats(lambda type: type == F64)
            operands = [self.pick(scalars), self.pick(scalars)]
        condition = builder.emit(self.pick((compare.LT, compare.EQ)), operands, name="cond")
        types = [v.type for v in self.carried(scope)]
        regions: list[Region] = []
        for _ in range(2):
            inner, _ = scope.inner([])
            self.statements(inner, 2, depth - 1)
            regions.append(inner.builder.close((), self.ends(inner, types)))
        scope.values += builder.branch(condition, *regions)


def _subsets(rank: int) -> list[tuple[int, ...]]:
    return [(0,)] if rank == 1 else [(1,), (0,), (0, 1)]


@st.composite
def ir_programs(
    draw: Any, *, smooth: bool = False, control: bool = True, most: int = 7, depth: int = 2
) -> Program:
    """Draw a program of up to `most` statements at its outermost level.

    Its parameters are two scalars, a vector, a matrix and an integer; it returns a scalar first
    and then whatever its last statement made.
    """
    sizes = {"n": draw(st.sampled_from((2, 3, 4))), "m": draw(st.sampled_from((3, 2)))}
    builder = Builder()
    x, y = builder.value(F64, "x"), builder.value(F64, "y")
    vector = builder.value(Type(DType.F64, ("n",)), "v")
    matrix = builder.value(Type(DType.F64, ("n", "m")), "a")
    count = builder.value(INT, "count")
    params = [x, y, vector, matrix, count]
    for param in params:
        builder.symbols.note(param)
    scope = Scope(builder, list(params))
    generator = Generator(draw, smooth, control)
    generator.statements(scope, most, depth)
    last = scope.floats()[-1]
    total = last
    if not last.type.is_scalar:
        axes = tuple(range(last.type.rank))
        total = builder.emit(shape.SUM, [last], {"axes": axes}, name="total")
    results = (total,) if smooth else (total, last)
    region = builder.close(params, results)
    function = verify(Function("f", region, Location("program.py", 1, 1)), "generation")
    rng = np.random.default_rng(draw(st.integers(0, 3)))
    arrays = (rng.normal(size=sizes["n"]), rng.normal(size=(sizes["n"], sizes["m"])))
    scalars = (rng.normal(), rng.normal())
    return Program(function, (*scalars, *arrays, draw(st.integers(0, 3))))

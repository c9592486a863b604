"""Random programs of the IR: arrays updated, carried through loops, aliased and returned.

Numbers are small integers, so that results agree exactly or not at all.
"""

import random
from dataclasses import dataclass, field

import numpy as np

from gradc.ir.builder import Builder
from gradc.ir.core import Function, Region, Value
from gradc.ir.types import F64, INT, DType, Type
from gradc.ir.verify import verify
from gradc.prims.arithmetic import ADD, MUL, NEG, SUB
from gradc.prims.compare import GT, LAND, LT, SELECT
from gradc.prims.elementary import CLIP, MAXIMUM
from gradc.prims.index import ADD_AT, ALL, AT, GET, PUT, SLICE, WRAP
from gradc.prims.linalg import MATMUL
from gradc.prims.shape import BROADCAST, COPY, EXPECT, RESHAPE, SUM, TRANSPOSE, ZEROS

N = 3
VECTOR, MATRIX = Type(DType.F64, (N,)), Type(DType.F64, (N, N))
KINDS = (F64, VECTOR, MATRIX)


@dataclass
class Generator:
    """Draws one program from a source of random numbers."""

    rng: random.Random
    budget: int = 30
    depth: int = 0
    counter: int = 0
    scopes: list[list[Value]] = field(default_factory=list)

    def function(self) -> Function:
        builder = Builder()
        params = [
            builder.value(F64, "s", named=True),
            builder.value(VECTOR, "v", named=True),
            builder.value(VECTOR, "w", named=True),
            builder.value(MATRIX, "a", named=True),
        ]
        self.scopes.append(list(params))
        self.fill(builder, self.budget)
        results = [self.pick(self.rng.choice(KINDS)) for _ in range(self.rng.randint(1, 4))]
        function = Function("program", Region(tuple(params), tuple(builder.ops), tuple(results)))
        return verify(function)

    # -- choices --------------------------------------------------------------------------------

    def pick(self, type: Type) -> Value:
        """A value in scope, the newest most often."""
        known = [value for scope in self.scopes for value in scope if value.type == type]
        return known[-1 - min(int(self.rng.expovariate(0.7)), len(known) - 1)]

    def keep(self, value: Value) -> Value:
        self.scopes[-1].append(value)
        return value

    def emit(self, builder: Builder, prim, args, params=None) -> Value:
        name = self.rng.choice(["x", "y", "z", None])
        made = builder.emit(prim, args, params, name=name)
        if name is not None and self.rng.random() < 0.4:
            (op,) = builder.ops[-1:]
            made = Value(made.type, name, made.loc, made.size, named=True)
            builder.ops[-1] = type(op)(op.prim, op.args, op.params, (made,), (), op.loc, op.role)
        return made

    def fill(self, builder: Builder, count: int) -> None:
        for _ in range(count):
            if self.budget <= 0:
                return
            self.budget -= 1
            step = self.rng.choices(
                [self.pointwise, self.read, self.update, self.reshape, self.control],
                [4, 3, 6, 2, 4],
            )[0]
            step(builder)

    # -- steps ----------------------------------------------------------------------------------

    def pointwise(self, builder: Builder) -> None:
        type = self.rng.choice(KINDS)
        prim = self.rng.choice([ADD, SUB, MUL, NEG, MAXIMUM, SELECT])
        if prim is SELECT:
            condition = builder.emit(GT, [self.pick(type), self.pick(type)])
            made = self.emit(builder, SELECT, [condition, self.pick(type), self.pick(type)])
        elif prim is NEG:
            made = self.emit(builder, NEG, [self.pick(type)])
        elif type != F64 and self.rng.random() < 0.4:
            source = self.pick(self.rng.choice(KINDS[: type.rank]))
            axes = () if source.type.is_scalar else (self.rng.randrange(type.rank),)
            sizes = [builder.const(N)] * type.rank
            spread = builder.emit(BROADCAST, [source, *sizes], {"axes": axes})
            made = self.emit(builder, prim, self.shuffled([spread, self.pick(type)]))
        else:
            made = self.emit(builder, prim, [self.pick(type), self.pick(type)])
        self.keep(self.bounded(builder, made))

    def bounded(self, builder: Builder, value: Value) -> Value:
        limits = [builder.const(-9.0), builder.const(9.0)]
        if not value.type.is_scalar:
            sizes = [builder.const(N)] * value.type.rank
            limits = [builder.emit(BROADCAST, [x, *sizes], {"axes": ()}) for x in limits]
        return builder.emit(CLIP, [value, *limits])

    def shuffled(self, values: list[Value]) -> list[Value]:
        self.rng.shuffle(values)
        return values

    def index(self, builder: Builder) -> Value:
        ints = [value for scope in self.scopes for value in scope if value.type == INT]
        if ints and self.rng.random() < 0.5:
            return builder.emit(
                WRAP, [self.rng.choice(ints), builder.const(N)], {"line": 1}, name="at"
            )
        return builder.const(self.rng.randrange(N))

    def spec(self, builder: Builder, rank: int) -> tuple[tuple[str, ...], list[Value], Type]:
        spec, operands, shape = [], [], []
        for _ in range(rank):
            item = self.rng.choice([AT, AT, SLICE, ALL])
            spec.append(item)
            if item == AT:
                operands.append(self.index(builder))
            elif item == ALL:
                shape.append(N)
            else:
                operands += map(builder.const, self.rng.choice([(0, N, 1), (N - 1, N, -1)]))
                shape.append(N)
        return tuple(spec), operands, Type(DType.F64, tuple(shape))

    def read(self, builder: Builder) -> None:
        array = self.pick(self.rng.choice(KINDS[1:]))
        spec, operands, _ = self.spec(builder, array.type.rank)
        self.keep(self.emit(builder, GET, [array, *operands], {"spec": spec}))

    def update(self, builder: Builder) -> None:
        array = self.pick(self.rng.choice(KINDS[1:]))
        spec, operands, part = self.spec(builder, array.type.rank)
        if not part.is_scalar and self.rng.random() < 0.4:
            sizes = [builder.const(N)] * part.rank
            value = builder.emit(BROADCAST, [self.pick(F64), *sizes], {"axes": ()})
        else:
            value = self.pick(part)
        prim = self.rng.choice([PUT, PUT, ADD_AT])
        updated = self.emit(builder, prim, [array, value, *operands], {"spec": spec})
        if prim is ADD_AT:
            updated = self.bounded(builder, updated) if self.rng.random() < 0.3 else updated
        self.keep(updated)

    def reshape(self, builder: Builder) -> None:
        n = builder.const(N)
        match self.rng.randrange(7):
            case 0:
                made = self.emit(builder, TRANSPOSE, [self.pick(MATRIX)], {"perm": (1, 0)})
            case 1:
                axes = self.rng.choice([(0,), (1,)])
                made = self.emit(builder, SUM, [self.pick(MATRIX)], {"axes": axes})
            case 2:
                made = self.emit(builder, SUM, [self.pick(VECTOR)], {"axes": (0,)})
            case 3:
                type = self.rng.choice([VECTOR, MATRIX])
                sizes = [n] * type.rank
                made = self.emit(builder, ZEROS, sizes, {"dtype": DType.F64})
            case 4:
                made = self.emit(builder, MATMUL, [self.pick(MATRIX), self.pick(VECTOR)])
            case 5:
                made = self.emit(builder, EXPECT, [self.pick(VECTOR), n], {"what": "no fit"})
            case _:
                source = self.pick(VECTOR)
                prim, args = self.rng.choice([(COPY, [source]), (RESHAPE, [source, n])])
                made = self.emit(builder, prim, args)
        self.keep(made)

    # -- control --------------------------------------------------------------------------------

    def control(self, builder: Builder) -> None:
        if self.depth == 3:
            return
        self.depth += 1
        self.rng.choice([self.branch, self.counted, self.counted, self.conditional])(builder)
        self.depth -= 1

    def block(self, builder: Builder, params: list[Value], types: list[Type]) -> list[Value]:
        self.scopes.append(list(params))
        self.fill(builder, self.rng.randint(0, 6))
        yields = [self.pick(type) for type in types]
        self.scopes.pop()
        return yields

    def types(self) -> list[Type]:
        kinds = [F64, VECTOR, VECTOR, VECTOR, MATRIX]
        return [self.rng.choice(kinds) for _ in range(self.rng.randint(1, 4))]

    def name(self) -> tuple[str, bool]:
        return self.rng.choice(["x", "y", "p", "q"]), self.rng.random() < 0.5

    def branch(self, builder: Builder) -> None:
        types = self.types()
        condition = builder.emit(GT, [self.pick(F64), builder.const(0.0)])
        regions = []
        for _ in range(2):
            inner = builder.child()
            regions.append(inner.close((), self.block(inner, [], types)))
        for out in builder.branch(condition, regions[0], regions[1]):
            self.keep(out)

    def carried(self, builder: Builder) -> tuple[list[Type], list[Value], list[Value]]:
        types = self.types()
        inits = [self.pick(type) for type in types]
        params = []
        for type in types:
            name, named = self.name()
            params.append(builder.value(type, name, named=named))
        return types, inits, params

    def counted(self, builder: Builder) -> None:
        types, inits, params = self.carried(builder)
        bounds = tuple(map(builder.const, self.rng.choice([(0, 2, 1), (0, 0, 1), (2, -1, -1)])))
        inner = builder.child()
        index = inner.value(INT, "i")
        yields = self.block(inner, [index, *params], types)
        region = inner.close((index, *params), yields)
        for out in builder.loop(bounds, inits, region):
            self.keep(out)

    def conditional(self, builder: Builder) -> None:
        types, inits, params = self.carried(builder)
        start = builder.const(float(self.rng.randint(0, 3)))
        count = builder.value(F64, "count")
        tested = builder.value(F64, "count")
        shown = [builder.value(p.type, p.name, named=p.named) for p in params]
        test = builder.child()
        self.scopes.append(list(shown))
        self.fill(test, self.rng.choice([0, 2, 5]))
        verdict = test.emit(LT, [tested, test.const(2.0)])
        if self.rng.random() < 0.5:
            total = test.emit(SUM, [self.pick(VECTOR)], {"axes": (0,)})
            bounded = test.emit(LT, [total, test.const(1e6)])
            verdict = test.emit(LAND, [verdict, bounded])
        self.scopes.pop()
        condition = test.close((tested, *shown), [verdict])
        inner = builder.child()
        following = inner.emit(ADD, [count, inner.const(1.0)])
        yields = self.block(inner, params, types)
        body = inner.close((count, *params), [following, *yields])
        for out in builder.conditional_loop([start, *inits], condition, body)[1:]:
            self.keep(out)


def random_program(seed: int, budget: int = 30) -> Function:
    """The program number `seed`."""
    return Generator(random.Random(seed), budget).function()


def arguments(seed: int) -> list[object]:
    """Arguments for a random program."""
    rng = np.random.default_rng(seed)
    shapes = [(), (N,), (N,), (N, N)]
    return [rng.integers(-3, 4, shape).astype(float)[()] for shape in shapes]

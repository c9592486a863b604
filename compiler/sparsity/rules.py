"""What an op that is neither a loop nor a branch does to sets.

Reads and writes of arrays at known indices do the same to arrays of sets; rearrangements move
sets about; every other op makes the union of the sets of its operands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gradc.analysis.activity import differentiable_args
from gradc.errors import InternalError
from gradc.ir.builder import DIM, Builder
from gradc.ir.core import Op, Value
from gradc.ir.types import BOOL, INT, DType
from gradc.prims.arithmetic import ADD
from gradc.prims.compare import GE, LAND, LT, SELECT
from gradc.prims.effects import CHECK
from gradc.prims.index import ADD_AT, ALL, AT, GET, PUT, WRAP, split_operands
from gradc.prims.index_sets import JOIN_ROWS
from gradc.prims.linalg import MATMUL
from gradc.prims.loops import GROW
from gradc.prims.shape import BROADCAST, COPY, EXPECT, RESHAPE, TRANSPOSE
from gradc.sparsity.dependence import NOTHING, Dependence, Elements, Scope, Sets, Union

MOVEMENTS = frozenset({BROADCAST, COPY, EXPECT, GROW, RESHAPE, TRANSPOSE})


@dataclass(slots=True)
class Rules:
    """Translates single ops.

    Attributes
    ----------
    sets : Sets
    unknown : frozenset of Value
        Integers and conditions that depend on floats.
    """

    sets: Sets
    unknown: frozenset[Value]

    # -- integers ------------------------------------------------------------------------------

    def integer(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> None:
        """Compute an integer or a condition, where it is known, as the function does.

        What is `tentative` may never be reached, and raises nothing then.
        """
        if op.prim is DIM:
            self._size(op, scope, builder)
            return
        args = scope.known(op.args)
        if args is None or any(out in self.unknown for out in op.outs):
            return
        if tentative and op.prim is CHECK:
            scope.integers[op.out] = args[0]
        elif tentative and op.prim is WRAP:
            scope.integers[op.out] = _wrapped(builder, args[0], args[1])
        elif tentative and "spec" in op.params:
            return
        else:
            outs = tuple(replace(out) for out in op.outs)
            builder.append(replace(op, args=tuple(args), outs=outs))
            for out, made in zip(op.outs, outs, strict=True):
                builder.symbols.note(made)
                scope.integers[out] = made

    def _size(self, op: Op, scope: Scope, builder: Builder) -> None:
        try:
            scope.integers[op.out] = builder.size(op.args[0].type.shape[op.params["axis"]])
        except InternalError:
            return

    # -- floats --------------------------------------------------------------------------------

    def float(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> None:
        """Note the sets of what an op makes."""
        rule = _RULES.get(op.prim)
        if op.prim in MOVEMENTS:
            scope.sets[op.out] = self.moved(op, scope, builder)
        elif rule is not None:
            scope.sets[op.out] = rule(self, op, scope, builder, tentative)
        else:
            scope.sets.update(self.combined(op, scope, builder))

    def combined(self, op: Op, scope: Scope, builder: Builder) -> Mapping[Value, Dependence]:
        """Every result depends on all operands; element by element where the op is such."""
        found = [scope.of(arg) for arg in differentiable_args(op)]
        if op.prim.pointwise and any(isinstance(each, Elements) for each in found):
            (out,) = op.outs
            made: Dependence = NOTHING
            for each in found:
                made = self.sets.either(builder, made, each, out.type)
            return {out: made}
        whole = self.sets.union(builder, found)
        return {out: whole for out in op.outs if out.type.is_float}

    def moved(self, op: Op, scope: Scope, builder: Builder) -> Dependence:
        """A rearrangement moves the sets."""
        source = scope.of(op.args[0])
        if isinstance(source, Union):
            return source
        operands = scope.known(op.args[1:])
        if operands is None:
            return self.sets.union(builder, [source])
        type = op.out.type.with_dtype(DType.INT)
        args = [source.value, *operands]
        made = self.sets.emit_with(builder, op.prim, args, op.params, type, op.out.name)
        return Union((made,)) if op.out.type.is_scalar else Elements(made)

    def select(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> Dependence:
        """A known condition chooses between sets."""
        condition = scope.integers.get(op.args[0])
        left, right = (scope.of(arg) for arg in op.args[1:])
        if condition is None or not op.out.type.is_scalar:
            return self.sets.either(builder, left, right, op.out.type)
        sides = [self.sets.one(builder, self.sets.parts(builder, each)) for each in (left, right)]
        return Union((self.sets.emit(builder, SELECT, [condition, *sides], INT),))

    def product(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> Dependence:
        """An element of a matrix product depends on a row of the first and a column of the second.

        No precision is lost: the sets of a row are joined with those of a column one by one anyway.
        """
        left, right = (scope.of(arg) for arg in op.args)
        rows = self._along(left, op.args[0], builder, False)
        columns = self._along(right, op.args[1], builder, True)
        if isinstance(rows, Union) and isinstance(columns, Union):
            return self.sets.union(builder, [rows, columns])
        made: Dependence = NOTHING
        last = op.out.type.rank - 1
        for side, axis in ((rows, 0), (columns, last)):
            spread = self._spread(side, axis, op.out, builder)
            made = self.sets.either(builder, made, spread, op.out.type)
        return made

    def _along(
        self, dependence: Dependence, value: Value, builder: Builder, columns: bool
    ) -> Dependence:
        """The sets of the rows (columns) of a matrix; of a vector, that of all."""
        if isinstance(dependence, Union) or value.type.rank == 1:
            return self.sets.union(builder, [dependence])
        matrix = dependence.value
        if columns:
            flipped = matrix.type.with_shape(matrix.type.shape[::-1])
            perm = {"perm": (1, 0)}
            matrix = self.sets.emit_with(builder, TRANSPOSE, [matrix], perm, flipped)
        type = matrix.type.with_shape(matrix.type.shape[:1])
        return Elements(self.sets.emit(builder, JOIN_ROWS, [self.sets.arena, matrix], type))

    def _spread(self, side: Dependence, axis: int, out: Value, builder: Builder) -> Dependence:
        if isinstance(side, Union) or out.type.rank == 1:
            return side
        type = out.type.with_dtype(DType.INT)
        sizes = [builder.size(dim) for dim in type.shape]
        axes = {"axes": (axis,)}
        spread = self.sets.emit_with(builder, BROADCAST, [side.value, *sizes], axes, type)
        return Elements(self.sets.emit(builder, COPY, [spread], type))

    # -- parts of arrays -----------------------------------------------------------------------

    def get(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> Dependence:
        """Read sets; where an index is unknown, the union of all that may be meant."""
        source, spec = scope.of(op.args[0]), op.params["spec"]
        if isinstance(source, Union):
            return source
        operands = scope.known(op.args[1:])
        whole = set(spec) != {AT}
        if operands is None or (tentative and whole):
            return self._get_some(op, source.value, scope, builder, tentative)
        if tentative:
            return Union((self._guarded_get(source.value, operands, builder),))
        type = op.out.type.with_dtype(DType.INT)
        args = [source.value, *operands]
        made = self.sets.emit_with(builder, GET, args, op.params, type, op.out.name)
        return Elements(made) if type.rank else Union((made,))

    def _get_some(
        self, op: Op, source: Value, scope: Scope, builder: Builder, tentative: bool
    ) -> Dependence:
        """The union of what an index may mean: of whole axes where it is unknown."""
        spec: list[str] = []
        operands: list[Value] = []
        for item, own in split_operands(op.params["spec"], op.args[1:]):
            known = None if tentative else scope.known(own)
            spec.append(item if known is not None else ALL)
            operands += known or []
        if set(spec) == {ALL}:
            return self.sets.union(builder, [Elements(source)])
        part = builder.emit(GET, [source, *operands], {"spec": tuple(spec)})
        return self.sets.union(builder, [Elements(part)])

    def _guarded_get(self, source: Value, indices: Sequence[Value], builder: Builder) -> Value:
        """A read that may lie outside: nothing there."""
        inside = self._inside(source, indices, builder)
        read, none = builder.child(), builder.child()
        spec = {"spec": tuple(AT for _ in indices)}
        found = read.emit(GET, [source, *indices], spec)
        nothing = none.const(0)
        (out,) = builder.branch(inside, read.close((), (found,)), none.close((), (nothing,)))
        return out

    def _inside(self, array: Value, indices: Sequence[Value], builder: Builder) -> Value:
        result: Value | None = None
        zero = builder.const(0)
        for axis, index in enumerate(indices):
            low = self.sets.emit(builder, GE, [index, zero], BOOL)
            high = self.sets.emit(builder, LT, [index, builder.dim(array, axis)], BOOL)
            both = self.sets.emit(builder, LAND, [low, high], BOOL)
            result = both if result is None else self.sets.emit(builder, LAND, [result, both], BOOL)
        assert result is not None
        return result

    def put(self, op: Op, scope: Scope, builder: Builder, tentative: bool) -> Dependence:
        """Write sets; where the index is unknown all elements may have been written to.

        What is tentative, or adds, keeps the old sets beside the new ones.
        """
        target, added = scope.of(op.args[0]), scope.of(op.args[1])
        operands = scope.known(op.args[2:])
        adds = tentative or op.prim is ADD_AT
        if adds and added == NOTHING:
            return target
        single = set(op.params["spec"]) == {AT}
        array = None
        if operands is not None and (single or not tentative):
            array = self.target(builder, target, op)
        if array is None or operands is None:
            return self.sets.union(builder, [target, added])
        if not single:
            return self._put_part(op, array, added, operands, builder)
        if not tentative:
            return Elements(self._put_one(op, array, added, operands, builder, adds))
        written, kept = builder.child(), builder.child()
        inside = self._inside(array, operands, builder)
        made = self._put_one(op, array, added, operands, written, True)
        regions = written.close((), (made,)), kept.close((), (array,))
        (out,) = builder.branch(inside, *regions, names=[op.out.name])
        return Elements(out)

    def target(self, builder: Builder, target: Dependence, op: Op) -> Value | None:
        """The array that is written to: new where nothing in it depends on anything yet."""
        if isinstance(target, Union) and target.parts:
            return None
        return self.sets.elements(builder, target, op.out.type)

    def _put_one(
        self,
        op: Op,
        array: Value,
        added: Dependence,
        operands: Sequence[Value],
        builder: Builder,
        adds: bool,
    ) -> Value:
        parts = list(self.sets.parts(builder, added))
        spec = {"spec": op.params["spec"]}
        if adds:
            old = builder.emit(GET, [array, *operands], spec, name="old")
            parts.insert(0, old)
        one = self.sets.one(builder, parts)
        args = [array, one, *operands]
        return self.sets.emit_with(builder, PUT, args, spec, array.type, op.out.name)

    def _put_part(
        self,
        op: Op,
        array: Value,
        added: Dependence,
        operands: Sequence[Value],
        builder: Builder,
    ) -> Dependence:
        type = op.args[1].type
        spec = {"spec": op.params["spec"]}
        if op.prim is ADD_AT:
            part = type.with_dtype(DType.INT)
            old = self.sets.emit_with(builder, GET, [array, *operands], spec, part, "old")
            added = self.sets.either(builder, Elements(old), added, type)
        sets = self.sets.elements(builder, added, type)
        if sets is None:
            return self.sets.union(builder, [Elements(array), added])
        args = [array, sets, *operands]
        return Elements(self.sets.emit_with(builder, PUT, args, spec, array.type, op.out.name))


Rule = Callable[[Rules, Op, Scope, Builder, bool], Dependence]
_RULES: Mapping[object, Rule] = {
    GET: Rules.get,
    PUT: Rules.put,
    ADD_AT: Rules.put,
    SELECT: Rules.select,
    MATMUL: Rules.product,
}


def _wrapped(builder: Builder, index: Value, size: Value) -> Value:
    """An index counted from the end where it is negative, without a check."""
    negative = builder.emit(LT, [index, builder.const(0)])
    moved = builder.emit(ADD, [index, size])
    return builder.emit(SELECT, [negative, moved, index])

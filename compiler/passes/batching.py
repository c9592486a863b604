"""A function of one sample as a function of a batch of them: a loop of independent iterations.

Before::

    def f(x: f64[n], w: f64[n]):
        p: f64[n] = mul(x, w)
        y: f64 = sum(p)
        return y

After, with ``x`` mapped along axis 0 and ``w`` the same for all samples::

    def f_batch(x: f64[m, n], w: f64[n]):
        y: f64[m] = empty(m)
        with for_(0, m, 1, y) as (k, y_k):
            x_k: f64[n] = get(x, k, spec=('at', 'all'))
            p: f64[n] = mul(x_k, w)
            s: f64 = sum(p)
            y_1: f64[m] = put(y_k, s, k, spec=('at',))
            yield_(y_1)
        y_2, = outs()
        return y_2

The sizes of results have to be the same for all samples: they are computed before the loop, from
the sizes of the arguments and from arguments that are not mapped.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.errors import Diagnostic, GradTypeError
from gradc.ir.builder import DIM, Builder, Symbols
from gradc.ir.core import Function, Op, Value
from gradc.ir.inlining import inline, inline_ops
from gradc.ir.renaming import SymbolRenaming
from gradc.ir.types import INT, Dim, Type
from gradc.ir.walk import used_by, with_body
from gradc.prims.index import ALL, AT, GET, PUT
from gradc.prims.shape import EMPTY, EXPECT

Axis = int | None


def batched(
    function: Function, types: Sequence[Type], in_axes: Sequence[Axis], out_axes: Sequence[Axis]
) -> Function:
    """Build the function of a batch.

    Parameters
    ----------
    function : Function
        Of one sample.
    types : sequence of Type
        Of the parameters of the result: those of `function`, with one more axis where mapped.
    in_axes : sequence of int or None
        For each parameter the axis of the samples; None for what is the same for all of them.
    out_axes : sequence of int or None
        For each result where the axis of the samples goes; None for a result that is the same
        for all samples.

    Raises
    ------
    GradTypeError
        Where the sizes of a result depend on the values of a sample, or a result without an
        axis on the sample.
    """
    return _Batching(function, types, in_axes, out_axes).run()


class _Batching:
    def __init__(
        self,
        function: Function,
        types: Sequence[Type],
        in_axes: Sequence[Axis],
        out_axes: Sequence[Axis],
    ) -> None:
        function = _without_clashes(function, types)
        self.function, self.in_axes, self.out_axes = function, in_axes, out_axes
        self.builder = Builder(Symbols())
        self.builder.symbols.taken.update(Symbols.of(function).taken)
        self.builder.loc = function.loc
        self.params = [
            Value(type, param.name, param.loc, param.size, param.named)
            for type, param in zip(types, function.params, strict=True)
        ]
        for param in self.params:
            self.builder.symbols.note(param)
        self.mapped = {
            param for param, axis in zip(function.params, in_axes, strict=True) if axis is not None
        }

    def run(self) -> Function:
        args = self._of_one_size()
        count = self._count(args)
        single = self._same_for_all(args)
        mapped = [place for place, axis in enumerate(self.out_axes) if axis is not None]
        sizes = self._result_sizes(args, [self.function.results[place] for place in mapped])
        buffers = [self._buffer(place, count, sizes) for place in mapped]
        inner = self.builder.child()
        index = inner.value(INT, "k")
        carried = [inner.value(buffer.type, buffer.name) for buffer in buffers]
        samples = [
            arg if axis is None else _part(inner, arg, index, axis)
            for arg, axis in zip(args, self.in_axes, strict=True)
        ]
        results = inline(inner, self.function, samples)
        ends = []
        for place, buffer in zip(mapped, carried, strict=True):
            operands = [buffer, results[place], index]
            spec = _spec(buffer.type.rank, self._out_axis(place))
            ends.append(inner.emit(PUT, operands, {"spec": spec}, name=buffer.name))
        bounds = (self.builder.const(0), count, self.builder.const(1))
        outs: Sequence[Value] = ()
        if mapped:
            outs = self.builder.loop(bounds, buffers, inner.close((index, *carried), ends))
        made = {**single, **dict(zip(mapped, outs, strict=True))}
        yields = [made[place] for place in range(len(self.function.results))]
        body = self.builder.close(self.params, yields)
        return Function(f"{self.function.name}_batch", body, self.function.loc)

    def refuse(self, message: str, hint: str) -> GradTypeError:
        return GradTypeError(Diagnostic(self.function.loc, message, hint))

    def _of_one_size(self) -> list[Value]:
        """The parameters, all mapped ones of the same number of samples."""
        found: list[Value] = []
        dim: Dim | None = None
        for param, axis in zip(self.params, self.in_axes, strict=True):
            if axis is not None and dim is None:
                dim = param.type.shape[axis]
            elif axis is not None and dim is not None and param.type.shape[axis] != dim:
                shape = list(param.type.shape)
                shape[axis] = dim
                sizes = [self.builder.size(each) for each in shape]
                what = f"the arguments of {self.function.name} have batches of different sizes"
                param = self.builder.emit(EXPECT, [param, *sizes], {"what": what}, name=param.name)
            found.append(param)
        return found

    def _count(self, args: Sequence[Value]) -> Value:
        for arg, axis in zip(args, self.in_axes, strict=True):
            if axis is not None:
                return self.builder.size(arg.type.shape[axis])
        raise self.refuse(
            f"no argument of {self.function.name} is mapped", "give one of them an axis in in_axes"
        )

    def _out_axis(self, place: int) -> int:
        axis, rank = self.out_axes[place], self.function.results[place].type.rank + 1
        assert axis is not None
        if not -rank <= axis < rank:
            raise self.refuse(
                f"out_axes asks for axis {axis} of a result that has {rank} axes with the batch",
                f"choose one from {-rank} to {rank - 1}",
            )
        return axis % rank

    def _same_for_all(self, args: Sequence[Value]) -> dict[int, Value]:
        """The results without an axis of samples, computed once."""
        places = [place for place, axis in enumerate(self.out_axes) if axis is None]
        wanted = [self.function.results[place] for place in places]
        problem = self.refuse(
            f"a result of {self.function.name} with None in out_axes depends on the sample",
            "give it an axis in out_axes",
        )
        made = self._before_loop(self.function.ops, wanted, args, problem)
        return dict(zip(places, made, strict=True))

    def _result_sizes(self, args: Sequence[Value], results: Sequence[Value]) -> dict[str, Value]:
        """The sizes of results as integers, for what they are before the loop."""
        inside = Builder(Symbols.of(self.function))
        inside.loc = self.function.loc
        dims = dict.fromkeys(
            dim for result in results for dim in result.type.shape if isinstance(dim, str)
        )
        wanted = [inside.size(dim) for dim in dims]
        problem = self.refuse(
            f"the size of a result of {self.function.name} depends on the values of a sample, and "
            "a batch of results of different sizes is no array",
            "let it depend on the sizes of the arguments, or on arguments with None in in_axes",
        )
        ops = [*self.function.ops, *inside.ops]
        return dict(zip(dims, self._before_loop(ops, wanted, args, problem), strict=True))

    def _before_loop(
        self,
        ops: Sequence[Op],
        wanted: Sequence[Value],
        args: Sequence[Value],
        problem: GradTypeError,
    ) -> list[Value]:
        """Compute values that are the same for all samples; sizes are those of the batch."""
        known = {dim for param in self.function.params for dim in param.type.shape}
        mapping: dict[Value, Value] = dict(zip(self.function.params, args, strict=True))
        for op in _slice(ops, wanted):
            if op.prim is DIM and op.out.size in known:
                mapping[op.out] = self.builder.size(op.args[0].type.shape[op.params["axis"]])
                continue
            if not self.mapped.isdisjoint(used_by(op)):
                raise problem
            inline_ops(self.builder, [op], mapping)
        if not self.mapped.isdisjoint(wanted):
            raise problem
        return [mapping.get(value, value) for value in wanted]

    def _buffer(self, place: int, count: Value, sizes: dict[str, Value]) -> Value:
        result = self.function.results[place]
        shape = [
            sizes[dim] if isinstance(dim, str) else self.builder.const(dim)
            for dim in result.type.shape
        ]
        shape.insert(self._out_axis(place), count)
        dtype = {"dtype": result.type.dtype}
        return self.builder.emit(EMPTY, shape, dtype, name=result.name)


def _without_clashes(function: Function, types: Sequence[Type]) -> Function:
    """Rename sizes of the function that happen to be called like the size of a batch."""
    symbols = Symbols.of(function)
    own = {dim for param in function.params for dim in param.type.shape}
    around = {dim for type in types for dim in type.shape if isinstance(dim, str)}
    clashing = sorted((around - own) & symbols.taken)
    if not clashing:
        return function
    symbols.taken.update(around)
    renaming = SymbolRenaming({symbol: symbols.fresh(symbol) for symbol in clashing})
    return with_body(function, renaming.region(function.body))


def _slice(ops: Sequence[Op], wanted: Sequence[Value]) -> list[Op]:
    """The ops that some values depend on, in order."""
    needed, found = set(wanted), []
    for op in reversed(ops):
        if not needed.isdisjoint(op.outs):
            found.append(op)
            needed.update(used_by(op))
    return found[::-1]


def _spec(rank: int, axis: int) -> tuple[str, ...]:
    return tuple(AT if each == axis else ALL for each in range(rank))


def _part(builder: Builder, array: Value, index: Value, axis: int) -> Value:
    spec = {"spec": _spec(array.type.rank, axis)}
    return builder.emit(GET, [array, index], spec, name=array.name)


def sample_type(type: Type, axis: int) -> Type:
    """The type of one sample of an array."""
    return type.with_shape(type.shape[:axis] + type.shape[axis + 1 :])

"""``vjp`` and ``jvp`` inside a function that is compiled.

The inner function is interpreted apart (:mod:`gradc.frontend.python.regions`) and differentiated;
the ops of the product are put in place of the call::

    def f(x, y):
        value, slope = jvp(lambda z: z * z * y, (x,), (1.0,))   # d/dz, with y from outside
        value, pullback = vjp(lambda z: z * z * y, x)
        return slope * pullback(value)[0]

The result is ordinary IR, so that an outer derivative of either mode sees how it depends on
everything around. No tag tells inner from outer perturbations: they are different values.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.derived import OPTIONS
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Constant, List, Ref, Tuple
from gradc.frontend.python.regions import Closed, closed_call
from gradc.frontend.python.sharing import copies
from gradc.frontend.python.trees import Parts, is_number, made_ref, taken_apart
from gradc.ir.core import Function, Value
from gradc.ir.inlining import inline
from gradc.ir.types import Type
from gradc.prims.shape import EXPECT

Call = Callable[..., Ref]


@dataclass(frozen=True, slots=True)
class Product:
    """What ``vjp`` or ``jvp`` means inside a compiled function.

    Attributes
    ----------
    name : {"vjp", "jvp"}
    build : callable
        ``build(function, wrt, results)`` is the function of the product: its parameters are those
        of `function`, then the cotangents or tangents; its results are those of `function`, then
        what is asked for.
    """

    name: str
    build: Callable[[Function, Sequence[int], Sequence[int]], Function]


@dataclass(frozen=True, eq=False, slots=True)
class Pullback(Ref):
    """What ``vjp`` returns beside the value: it is called with cotangents of the value.

    Attributes
    ----------
    product : Product
    inner : Closed
        The function, of the floats among the arguments and what it uses from around.
    args : tuple of Parts
        The arguments, with the floats in them chosen.
    actual : tuple of Value
        The values of all parameters of the inner function.
    weak : tuple of bool
        Which of the floats are Python numbers.
    """

    product: Product
    inner: Closed
    args: tuple[Parts, ...]
    actual: tuple[Value, ...]
    weak: tuple[bool, ...]


def apply_product(
    ctx: Lowering,
    call: Call,
    product: Product,
    args: Sequence[Ref],
    kwargs: Mapping[str, Ref],
    node: ast.AST | None,
) -> Ref:
    """Interpret ``vjp(function, *args)`` or ``jvp(function, args, tangents)``."""
    given = {key: ref for key, ref in kwargs.items() if key not in OPTIONS}
    if product.name == "vjp":
        if given or not args:
            raise shapes("inside a compiled function, vjp takes a function and its arguments")
        return _value_and_pullback(ctx, call, product, args, node)
    named = dict(zip(("function", "args", "tangents"), args, strict=False)) | given
    if len(args) > 3 or set(named) != {"function", "args", "tangents"}:
        raise shapes("inside a compiled function, jvp takes a function, its arguments and tangents")
    primals = _items(ctx, named["args"], "the arguments")
    tangents = _items(ctx, named["tangents"], "the tangents")
    if len(primals) != len(tangents):
        raise shapes(f"{len(tangents)} tangents for {len(primals)} arguments")
    return _Pushforward(ctx, call, product, named["function"], primals, tangents, node).run()


def _items(ctx: Lowering, ref: Ref, what: str) -> tuple[Ref, ...]:
    match ref:
        case Tuple(items=items):
            return items
        case List():
            return ctx.state.items(ref)
    raise shapes(f"{what} of jvp are a tuple, not {ctx.describe(ref)}")


def _differentiable(ctx: Lowering, ref: Ref) -> bool:
    return ctx.is_numeric(ref) and ctx.kind(ref).dtype.is_float


def _interpreted(
    ctx: Lowering,
    call: Call,
    product: Product,
    function: Ref,
    groups: Sequence[Parts],
    node: ast.AST | None,
) -> tuple[Closed, list[Value], tuple[bool, ...]]:
    """The function of the chosen leaves; the values of its parameters; which are Python numbers."""
    leaves = [leaf for group in groups for leaf in group.leaves]
    if not leaves:
        raise shapes(f"no argument of {product.name} holds a float; pass 3.0 rather than 3")
    actual = [ctx.value(leaf) for leaf in leaves]
    weak = tuple(ctx.kind(leaf).weak for leaf in leaves)

    def run(params: list[Ref]) -> Ref:
        rest = iter(params)
        refs = [group.around([next(rest) for _ in group.leaves]) for group in groups]
        with copies(ctx, list(zip(leaves, params, strict=True))):
            return call(ctx, function, refs, {}, node)

    types = [(value.type, value.name, own) for value, own in zip(actual, weak, strict=True)]
    inner = closed_call(ctx, f"a function inside {product.name}", types, run, writes=True)
    return inner, [*actual, *inner.around], weak


def _floats(inner: Closed) -> list[int]:
    found = inner.function.results
    return [place for place, result in enumerate(found) if result.type.is_float]


@dataclass(frozen=True, slots=True)
class _Pushforward:
    """One call of ``jvp``."""

    ctx: Lowering
    call: Call
    product: Product
    function: Ref
    primals: tuple[Ref, ...]
    tangents: tuple[Ref, ...]
    node: ast.AST | None

    def run(self) -> Ref:
        ctx = self.ctx
        groups = [
            taken_apart(ctx, primal, _no_leaf if _is_none(tangent) else _differentiable)
            for primal, tangent in zip(self.primals, self.tangents, strict=True)
        ]
        inner, actual, _ = _interpreted(
            ctx, self.call, self.product, self.function, groups, self.node
        )
        dots = [
            fitted(ctx, dot, ctx.value(leaf).type, "a tangent")
            for group, tangent in zip(groups, self.tangents, strict=True)
            for leaf, dot in zip(group.leaves, self.parts_of(tangent, group), strict=True)
        ]
        floats = _floats(inner)
        made = self.product.build(inner.function, range(len(dots)), floats)
        values = inline(ctx.builder, made, [*actual, *dots])
        count = len(inner.weak)
        further = dict(zip(floats, values[count:], strict=True))
        value = [made_ref(ctx, *each) for each in zip(values[:count], inner.weak, strict=True)]
        slopes = [
            made_ref(ctx, further[place], weak) if place in further else Constant(0)
            for place, weak in enumerate(inner.weak)
        ]
        return Tuple((inner.out.around(value), inner.out.around(slopes)))

    def parts_of(self, tangent: Ref, group: Parts) -> list[Ref]:
        if not group.leaves:
            return []
        found = taken_apart(self.ctx, tangent, is_number)
        if found.structure != group.structure:
            raise shapes("a tangent of jvp has another structure than its argument")
        return found.leaves


def _no_leaf(ctx: Lowering, ref: Ref) -> bool:
    return False


def _is_none(ref: Ref) -> bool:
    return isinstance(ref, Constant) and ref.value is None


def _value_and_pullback(
    ctx: Lowering,
    call: Call,
    product: Product,
    args: Sequence[Ref],
    node: ast.AST | None,
) -> Ref:
    groups = [taken_apart(ctx, arg, _differentiable) for arg in args[1:]]
    inner, actual, weak = _interpreted(ctx, call, product, args[0], groups, node)
    if not _floats(inner):
        raise shapes("a function inside vjp returns no float")
    values = inline(ctx.builder, inner.function, actual)
    leaves = [made_ref(ctx, *each) for each in zip(values, inner.weak, strict=True)]
    pullback = Pullback(product, inner, tuple(groups), tuple(actual), weak)
    return Tuple((inner.out.around(leaves), pullback))


def pull_back(ctx: Lowering, pullback: Pullback, args: Sequence[Ref]) -> Ref:
    """Interpret a call of what ``vjp`` has returned."""
    if len(args) != 1:
        raise shapes("what vjp returns takes one argument: the cotangent of the value")
    inner = pullback.inner
    given = taken_apart(ctx, args[0], is_number)
    if given.structure != inner.out.structure:
        raise RefusedError(
            "the cotangent has another structure than the value",
            "pass a cotangent of the structure of the value, with a number for each number",
        )
    floats, results = _floats(inner), inner.function.results
    seeds = [
        fitted(ctx, given.leaves[place], results[place].type, "a cotangent") for place in floats
    ]
    count = len(pullback.weak)
    made = pullback.product.build(inner.function, range(count), floats)
    values = inline(ctx.builder, made, [*pullback.actual, *seeds])
    pairs = zip(values[len(results) :], pullback.weak, strict=True)
    bars = iter([made_ref(ctx, value, weak) for value, weak in pairs])
    return Tuple(
        tuple(
            group.around([next(bars) for _ in group.leaves], lambda ref: NONE)
            if group.leaves
            else NONE
            for group in pullback.args
        )
    )


def fitted(ctx: Lowering, ref: Ref, type: Type, what: str) -> Value:
    """A number or array as a value of a type: cast, and its sizes checked when it runs."""
    value = ctx.value(ref, type.dtype)
    if value.type.rank != type.rank:
        raise shapes(f"{what} has {value.type.rank} axes, not {type.rank}")
    if value.type.shape == type.shape:
        return value
    sizes = [ctx.size(dim) for dim in type.shape]
    return ctx.emit(EXPECT, (value, *sizes), {"what": f"{what} has another shape"}, value.name)

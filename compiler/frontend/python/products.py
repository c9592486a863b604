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
from gradc.frontend.python.derived import OPTIONS, fitted, is_differentiable, value_and_aux
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Constant, List, Ref, Tuple
from gradc.frontend.python.regions import Closed, closed_call
from gradc.frontend.python.sharing import copies
from gradc.frontend.python.trees import Parts, is_number, made_ref, taken_apart
from gradc.ir.core import Function, Value
from gradc.ir.inlining import inline

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
    inner : _Interpreted
        The function.
    args : tuple of Parts
        The arguments, with the floats in them chosen.
    """

    product: Product
    inner: _Interpreted
    args: tuple[Parts, ...]


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
        if given.keys() - {"has_aux"} or not args:
            raise shapes(
                "inside a compiled function, vjp takes a function, its arguments, has_aux and "
                "options of compilation",
                "for other keywords: vjp(lambda x: f(x, k=2.0), x)",
            )
        has_aux = _has_aux(ctx, given, "vjp")
        return _value_and_pullback(ctx, call, product, args, has_aux, node)
    names = ("function", "args", "tangents", "has_aux")
    named = dict(zip(names, args, strict=False)) | given
    if len(args) > 4 or named.keys() - set(names) or not named.keys() >= set(names[:3]):
        raise shapes(
            "inside a compiled function, jvp takes a function, its arguments, tangents, has_aux "
            "and options of compilation",
            "for other keywords: jvp(lambda x: f(x, k=2.0), (x,), (1.0,))",
        )
    primals = _items(ctx, named["args"], "the arguments")
    tangents = _items(ctx, named["tangents"], "the tangents")
    if len(primals) != len(tangents):
        raise shapes(f"{len(tangents)} tangents for {len(primals)} arguments")
    inner = _Inner(call, product, named["function"], _has_aux(ctx, named, "jvp"), node)
    return _Pushforward(ctx, inner, primals, tangents).run()


def _has_aux(ctx: Lowering, given: Mapping[str, Ref], name: str) -> bool:
    return bool(ctx.constant(given.get("has_aux", Constant(False)), f"has_aux of {name}"))


def _items(ctx: Lowering, ref: Ref, what: str) -> tuple[Ref, ...]:
    match ref:
        case Tuple(items=items):
            return items
        case List():
            return ctx.state.items(ref)
    raise shapes(f"{what} of jvp are a tuple, not {ctx.describe(ref)}")


@dataclass(frozen=True, slots=True)
class _Inner:
    """The function that a product is of, and how it is called."""

    call: Call
    product: Product
    function: Ref
    has_aux: bool
    node: ast.AST | None

    def interpreted(self, ctx: Lowering, groups: Sequence[Parts]) -> _Interpreted:
        """Interpret it for the floats that were chosen in its arguments."""
        leaves = [leaf for group in groups for leaf in group.leaves]
        if not leaves:
            raise shapes(
                f"no argument of {self.product.name} holds a float; pass 3.0 rather than 3"
            )
        actual = [ctx.value(leaf) for leaf in leaves]
        weak = tuple(ctx.kind(leaf).weak for leaf in leaves)
        values: list[Parts] = []

        def run(params: list[Ref]) -> Ref:
            rest = iter(params)
            refs = [group.around([next(rest) for _ in group.leaves]) for group in groups]
            with copies(ctx, list(zip(leaves, params, strict=True))):
                result = self.call(ctx, self.function, refs, {}, self.node)
            value = value_and_aux(ctx, result)[0] if self.has_aux else result
            values.append(taken_apart(ctx, value, is_number))
            return result

        types = [(value.type, value.name, own) for value, own in zip(actual, weak, strict=True)]
        title = f"a function inside {self.product.name}"
        closed = closed_call(ctx, title, types, run, writes=True)
        return _Interpreted(closed, values[0], self.has_aux, (*actual, *closed.around), weak)


@dataclass(frozen=True, slots=True)
class _Interpreted:
    """A function of the floats among its arguments and what it uses from around.

    Attributes
    ----------
    closed : Closed
    value : Parts
        The numbers in what is differentiated, which come first among the results.
    has_aux : bool
    actual : tuple of Value
        The values of all parameters.
    weak : tuple of bool
        Which of the floats are Python numbers.
    """

    closed: Closed
    value: Parts
    has_aux: bool
    actual: tuple[Value, ...]
    weak: tuple[bool, ...]

    def floats(self) -> list[int]:
        """The results that are differentiated."""
        found = self.closed.function.results[: len(self.value.leaves)]
        return [place for place, result in enumerate(found) if result.type.is_float]

    def returned(self, ctx: Lowering, values: Sequence[Value]) -> tuple[Ref, tuple[Ref, ...]]:
        """What the function returns for the values of its results: the value, and any aux."""
        pairs = zip(values, self.closed.weak, strict=False)
        whole = self.closed.out.around([made_ref(ctx, *each) for each in pairs])
        if not self.has_aux:
            return whole, ()
        assert isinstance(whole, Tuple)
        value, aux = whole.items
        return value, (aux,)


@dataclass(frozen=True, slots=True)
class _Pushforward:
    """One call of ``jvp``."""

    ctx: Lowering
    inner: _Inner
    primals: tuple[Ref, ...]
    tangents: tuple[Ref, ...]

    def run(self) -> Ref:
        ctx = self.ctx
        groups = [
            taken_apart(ctx, primal, _no_leaf if _is_none(tangent) else is_differentiable)
            for primal, tangent in zip(self.primals, self.tangents, strict=True)
        ]
        inner = self.inner.interpreted(ctx, groups)
        function, floats = inner.closed.function, inner.floats()
        dots = [
            fitted(ctx, dot, ctx.value(leaf).type, "a tangent")
            for group, tangent in zip(groups, self.tangents, strict=True)
            for leaf, dot in zip(group.leaves, self.parts_of(tangent, group), strict=True)
        ]
        made = self.inner.product.build(function, range(len(dots)), floats)
        values = inline(ctx.builder, made, [*inner.actual, *dots])
        further = dict(zip(floats, values[len(function.results) :], strict=True))
        slopes = [
            made_ref(ctx, further[place], inner.closed.weak[place])
            if place in further
            else Constant(0)
            for place in range(len(inner.value.leaves))
        ]
        value, aux = inner.returned(ctx, values)
        return Tuple((value, inner.value.around(slopes), *aux))

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
    has_aux: bool,
    node: ast.AST | None,
) -> Ref:
    groups = [taken_apart(ctx, arg, is_differentiable) for arg in args[1:]]
    inner = _Inner(call, product, args[0], has_aux, node).interpreted(ctx, groups)
    if not inner.floats():
        raise shapes("a function inside vjp returns no float")
    values = inline(ctx.builder, inner.closed.function, inner.actual)
    value, aux = inner.returned(ctx, values)
    return Tuple((value, Pullback(product, inner, tuple(groups)), *aux))


def pull_back(ctx: Lowering, pullback: Pullback, args: Sequence[Ref]) -> Ref:
    """Interpret a call of what ``vjp`` has returned."""
    if len(args) != 1:
        raise shapes("what vjp returns takes one argument: the cotangent of the value")
    inner = pullback.inner
    given = taken_apart(ctx, args[0], is_number)
    if given.structure != inner.value.structure:
        raise RefusedError(
            "the cotangent has another structure than the value",
            "pass a cotangent of the structure of the value, with a number for each number",
        )
    floats, results = inner.floats(), inner.closed.function.results
    seeds = [
        fitted(ctx, given.leaves[place], results[place].type, "a cotangent") for place in floats
    ]
    made = pullback.product.build(inner.closed.function, range(len(inner.weak)), floats)
    values = inline(ctx.builder, made, [*inner.actual, *seeds])
    pairs = zip(values[len(results) :], inner.weak, strict=True)
    bars = iter([made_ref(ctx, value, weak) for value, weak in pairs])
    return Tuple(
        tuple(
            group.around([next(bars) for _ in group.leaves], lambda ref: NONE)
            if group.leaves
            else NONE
            for group in pullback.args
        )
    )

"""``itertools``, ``operator``, ``np.ndindex`` and their like."""

from __future__ import annotations

import ast
import itertools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic, indexing, sequences
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions.common import integer_constant, is_none
from gradc.frontend.python.functions.elementwise import magnitude
from gradc.frontend.python.functions.iterating import ONE, indexable, range_, zip_
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import (
    NONE,
    Array,
    Constant,
    Iteration,
    Once,
    Range,
    Ref,
    Slice,
    Tuple,
)
from gradc.frontend.python.written import iterables as written

REGISTRY = Registry()

_BINARY: dict[Any, type[ast.operator]] = {
    operator.add: ast.Add,
    operator.sub: ast.Sub,
    operator.mul: ast.Mult,
    operator.truediv: ast.Div,
    operator.floordiv: ast.FloorDiv,
    operator.mod: ast.Mod,
    operator.pow: ast.Pow,
    operator.and_: ast.BitAnd,
    operator.or_: ast.BitOr,
    operator.xor: ast.BitXor,
    operator.lshift: ast.LShift,
    operator.rshift: ast.RShift,
}
_COMPARISONS: dict[Any, type[ast.cmpop]] = {
    operator.lt: ast.Lt,
    operator.le: ast.LtE,
    operator.gt: ast.Gt,
    operator.ge: ast.GtE,
    operator.eq: ast.Eq,
    operator.ne: ast.NotEq,
}


# -- operator -----------------------------------------------------------------------------------


def _operator(op: type[ast.operator], title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, a: Ref, b: Ref, /) -> Ref:
        return arithmetic.binary(ctx, op, a, b, title)

    return handler


def _comparison(op: type[ast.cmpop], title: str) -> Callable[..., Ref]:
    def handler(ctx: Lowering, a: Ref, b: Ref, /) -> Ref:
        return arithmetic.compare(ctx, op, a, b, title)

    return handler


for _function, _op in _BINARY.items():
    REGISTRY.function(_function)(_operator(_op, f"operator.{_function.__name__}"))
for _function, _compare in _COMPARISONS.items():
    REGISTRY.function(_function)(_comparison(_compare, f"operator.{_function.__name__}"))


@REGISTRY.function(operator.neg)
def negative(ctx: Lowering, a: Ref, /) -> Ref:
    """``operator.neg``."""
    return arithmetic.negate(ctx, a)


@REGISTRY.function(operator.abs)
def absolute(ctx: Lowering, a: Ref, /) -> Ref:
    """``operator.abs``."""
    return magnitude(ctx, a)


@REGISTRY.function(operator.not_)
def negation(ctx: Lowering, a: Ref, /) -> Ref:
    """``operator.not_``."""
    return ctx.boolean(ctx.negated(ctx.truth(a)))


@REGISTRY.function(operator.matmul)
def product_of_matrices(ctx: Lowering, a: Ref, b: Ref, /) -> Ref:
    """``operator.matmul``."""
    return ctx.call(Constant(np.matmul), (a, b), {}, None)


@REGISTRY.function(operator.getitem)
def item(ctx: Lowering, a: Ref, b: Ref, /) -> Ref:
    """``operator.getitem``."""
    return indexing.subscript(ctx, a, b, "operator.getitem")


@REGISTRY.function(operator.itemgetter)
def item_getter(ctx: Lowering, *items: Ref) -> Ref:
    """``operator.itemgetter`` of constants: a function."""
    wanted = [ctx.constant(each, "what itemgetter gets") for each in items]
    return Constant(operator.itemgetter(*wanted))


# -- itertools ----------------------------------------------------------------------------------


@REGISTRY.function(itertools.product)
def product(ctx: Lowering, *iterables: Ref, repeat: Ref = ONE) -> Ref:
    """``itertools.product``."""
    times = integer_constant(ctx, repeat, "repeat")
    given = [
        each if isinstance(each, Range) else indexable(ctx, each) for each in iterables
    ] * times
    if not given:
        return Once((Tuple(()),))
    return Iteration("product", tuple(given), ctx.loops)


def _items(ctx: Lowering, iterable: Ref, title: str) -> list[Ref]:
    return list(sequences.elements(ctx, iterable, f"{title}()", "write the loops"))


def _of_known(function: Callable[..., Iterable[Any]], title: str) -> Callable[..., Ref]:
    """A function that chooses among items that are known one by one."""

    def handler(ctx: Lowering, iterable: Ref, r: Ref = NONE) -> Ref:
        size = () if is_none(r) else (integer_constant(ctx, r, "r"),)
        chosen = function(_items(ctx, iterable, title), *size)
        return Once(tuple(Tuple(tuple(each)) for each in chosen))

    return handler


for _function in (
    itertools.combinations,
    itertools.combinations_with_replacement,
    itertools.permutations,
):
    REGISTRY.function(_function)(_of_known(_function, f"itertools.{_function.__name__}"))


@REGISTRY.function(itertools.pairwise)
def pairwise(ctx: Lowering, iterable: Ref) -> Ref:
    """``itertools.pairwise``."""
    iterable = indexable(ctx, iterable)
    if sequences.static_items(ctx, iterable) is None:
        starts = (Slice(NONE, Constant(-1), NONE), Slice(ONE, NONE, NONE))
        parts = [indexing.subscript(ctx, iterable, each, "pairwise()") for each in starts]
        return zip_(ctx, *parts)
    items = _items(ctx, iterable, "pairwise")
    return Once(tuple(Tuple(pair) for pair in itertools.pairwise(items)))


@REGISTRY.function(itertools.chain)
def chain(ctx: Lowering, *iterables: Ref) -> Ref:
    """``itertools.chain``."""
    hint = "np.concatenate joins arrays"
    parts = [sequences.elements(ctx, each, "chain()", hint) for each in iterables]
    return Once(tuple(each for part in parts for each in part))


@REGISTRY.function(itertools.repeat)
def repeat(ctx: Lowering, object: Ref, times: Ref = NONE) -> Ref:
    """``itertools.repeat``."""
    if is_none(times):
        raise RefusedError("repeat() without an end is not supported", "say how often")
    return Once((object,) * integer_constant(ctx, times, "times"))


@REGISTRY.function(itertools.starmap)
def starmap(ctx: Lowering, function: Ref, iterable: Ref) -> Ref:
    """``itertools.starmap`` over items that are known one by one."""
    rows = [_items(ctx, each, "starmap") for each in _items(ctx, iterable, "starmap")]
    return Once(tuple(ctx.call(function, row, {}, None) for row in rows))


@REGISTRY.function(itertools.islice)
def islice(ctx: Lowering, iterable: Ref, *bounds: Ref) -> Ref:
    """``itertools.islice``: the slice of a sequence."""
    start, stop, step = (NONE, *bounds, NONE) if len(bounds) == 1 else (*bounds, NONE)[:3]
    part = Slice(start, stop, step)
    return indexing.subscript(ctx, indexable(ctx, iterable), part, "islice()")


@REGISTRY.function(itertools.accumulate)
def accumulate(ctx: Lowering, iterable: Ref, func: Ref = NONE, *, initial: Ref = NONE) -> Ref:
    """``itertools.accumulate``."""
    combine = Constant(operator.add) if is_none(func) else func
    iterable = indexable(ctx, iterable)
    if sequences.static_items(ctx, iterable) is None:
        if not is_none(initial):
            raise RefusedError(
                "accumulate() with an initial value is for items that are known one by one",
                "write the loop",
            )
        return ctx.library(written.accumulated, combine, iterable)
    items = _items(ctx, iterable, "accumulate")
    found = [] if is_none(initial) else [initial]
    for each in items:
        found.append(ctx.call(combine, (found[-1], each), {}, None) if found else each)
    return Once(tuple(found))


# -- indices and elements of arrays -------------------------------------------------------------


@REGISTRY.function(np.ndindex)
def ndindex(ctx: Lowering, *shape: Ref) -> Ref:
    """``np.ndindex``: the indices of an array of a shape, the last one running fastest."""
    sizes = shape[0].items if len(shape) == 1 and isinstance(shape[0], Tuple) else shape
    if not sizes:
        raise shapes("np.ndindex of an array without axes")
    return Iteration("product", tuple(range_(ctx, size) for size in sizes), ctx.loops)


@REGISTRY.attribute("flat")
def flat(ctx: Lowering, owner: Ref) -> Ref:
    """``x.flat``: the elements one after the other, to loop over."""
    if not isinstance(owner, Array) or not owner.type.rank:
        raise shapes(f".flat of {ctx.describe(owner)}")
    return Iteration("flat", (owner,), ctx.loops)


@REGISTRY.function(np.ndenumerate)
def ndenumerate(ctx: Lowering, arr: Ref) -> Ref:
    """``np.ndenumerate``: indices and elements."""
    elements = flat(ctx, arr)
    sizes = [ctx.dim(dim) for dim in ctx.shape(arr)]
    return Iteration("zip", (ndindex(ctx, *sizes), elements), ctx.loops)

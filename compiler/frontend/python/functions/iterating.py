"""Python's functions of iterables: what they loop over, and what they make of it."""

from __future__ import annotations

import ast
import functools
from collections.abc import Sequence

import numpy as np

from gradc.frontend.python import arithmetic, listed, sequences
from gradc.frontend.python.branches import lazily
from gradc.frontend.python.comprehensions import collected, folded
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.functions import common
from gradc.frontend.python.functions.attributes import item as number_of
from gradc.frontend.python.functions.common import is_none
from gradc.frontend.python.functions.elementwise import extremum
from gradc.frontend.python.functions.reductions import max_, min_, sum_
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import (
    NONE,
    Array,
    Constant,
    Generated,
    Iteration,
    List,
    Once,
    Partial,
    PythonItems,
    Range,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_listed,
)
from gradc.frontend.python.written import iterables as written
from gradc.ir.core import Value

REGISTRY = Registry()

ZERO, ONE, EMPTY = Constant(0), Constant(1), Tuple(())


# -- what is looped over ------------------------------------------------------------------------


@REGISTRY.function(range, "numba.prange")
def range_(ctx: Lowering, *args: Ref) -> Ref:
    """``range``."""
    if not 1 <= len(args) <= 3:
        raise shapes("range() takes one to three integers")
    for bound in args:
        ctx.integer(bound, "a bound of range")
    if len(args) == 1:
        return Range(ZERO, args[0], ONE)
    return Range(args[0], args[1], args[2] if len(args) == 3 else ONE)


@REGISTRY.function(enumerate)
def enumerate_(ctx: Lowering, iterable: Ref, start: Ref = ZERO) -> Ref:
    """``enumerate``."""
    return Iteration("enumerate", (iterable, start), ctx.loops)


@REGISTRY.function(zip)
def zip_(ctx: Lowering, *iterables: Ref, strict: Ref = NONE) -> Ref:
    """``zip``; lengths that `strict` asks to be equal are compared before the first round."""
    if not is_none(strict) and ctx.constant(strict, "strict"):
        counts = [_rounds(ctx, part) for part in iterables]
        for number, count in enumerate(counts[1:], 2):
            same = ctx.truth(arithmetic.compare(ctx, ast.Eq, counts[0], count, "zip"))
            if same is not True:
                test = same if isinstance(same, Value) else ctx.builder.const(same)
                ctx.check(test, "ValueError", f"zip() argument {number} has another length")
    return Iteration("zip", iterables, ctx.loops)


def _rounds(ctx: Lowering, iterable: Ref) -> Ref:
    items = sequences.static_items(ctx, iterable)
    if items is not None:
        return Constant(len(items))
    return Scalar(sequences.positions(ctx, iterable)[0], weak=True)


@REGISTRY.function(reversed)
def reversed_(ctx: Lowering, sequence: Ref) -> Ref:
    """``reversed``."""
    if sequences.holds_generator(ctx, sequence):
        raise shapes("a generator is not reversible", "reverse a list: `[... for ...]`")
    return Iteration("reversed", (sequence,), ctx.loops)


@REGISTRY.function(map)
def map_(ctx: Lowering, function: Ref, *iterables: Ref) -> Ref:
    """``map``: the function is called where the result is used up."""
    given = [sequences.used(ctx, iterable) for iterable in iterables]
    columns = [sequences.static_items(ctx, iterable) for iterable in given]
    if any(items is not None for items in columns):
        rows = [sequences.elements(ctx, iterable, "map()") for iterable in given]
        results = [ctx.call(function, row, {}, None) for row in zip(*rows, strict=False)]
        return Once(tuple(results))
    one = ast.Name("$item", ast.Load())
    if len(given) == 1:
        return _generator(ctx, ast.Call(_code(function), [one], []), given[0])
    zipped = Iteration("zip", tuple(given), ctx.loops)
    return _generator(ctx, ast.Call(_code(function), [ast.Starred(one)], []), zipped)


@REGISTRY.function(filter)
def filter_(ctx: Lowering, function: Ref, iterable: Ref) -> Ref:
    """``filter``: the items for which a function, or the item itself, is true."""
    one = ast.Name("$item", ast.Load())
    test = one if is_none(function) else ast.Call(_code(function), [one], [])
    iterable = sequences.used(ctx, iterable)
    items = sequences.static_items(ctx, iterable)
    if items is None:
        return _generator(ctx, one, iterable, [test])
    kept: list[Ref] = []
    for each in items:
        chosen = each if is_none(function) else ctx.call(function, (each,), {}, None)
        truth = ctx.truth(chosen)
        if not isinstance(truth, bool):
            raise RefusedError(
                "how many items filter() leaves is known at run time only",
                "make an array of them first, or test with an `if` in a loop",
            )
        if truth:
            kept.append(each)
    return Once(tuple(kept))


def _generator(
    ctx: Lowering, element: ast.expr, iterable: Ref, tests: Sequence[ast.expr] = ()
) -> Generated:
    """``(element for $item in iterable if tests)``, at the place of the call."""
    target = ast.Name("$item", ast.Store())
    made = ast.GeneratorExp(
        element, [ast.comprehension(target, ast.Constant(None), list(tests), 0)]
    )
    assert ctx.node is not None
    ast.fix_missing_locations(ast.copy_location(made, ctx.node))
    ctx.kept_nodes.append(made)
    return Generated(made, iterable)


def _code(ref: Ref) -> ast.expr:
    return ast.Constant(ref)  # type: ignore[arg-type]


# -- sums, products and extrema -----------------------------------------------------------------


@REGISTRY.function(sum)
def sum_of_items(ctx: Lowering, iterable: Ref, start: Ref = ZERO) -> Ref:
    """``sum`` of the items of a sequence or an array."""
    if isinstance(iterable, Array) and sequences.static_items(ctx, iterable) is None:
        if iterable.type.rank == 0:
            raise shapes("a number cannot be summed over")
        total = sum_(ctx, iterable, ZERO)
        if isinstance(start, Constant) and start.value == 0:
            return total
        return arithmetic.binary(ctx, ast.Add, start, total, "sum()")
    if isinstance(iterable, Generated):
        return folded(ctx, iterable, start, lambda total, item: ast.BinOp(total, ast.Add(), item))
    if is_listed(iterable):
        total = sum_of_items(ctx, listed.array_of(iterable), start)
        return listed.as_item(iterable, total)
    total = start
    for each in sequences.elements(ctx, iterable, "sum()"):
        total = arithmetic.binary(ctx, ast.Add, total, each, "sum()")
    return total


def _extremum(ctx: Lowering, args: Sequence[Ref], key: Ref, larger: bool) -> Ref:
    name = "max" if larger else "min"
    if not is_none(key):
        items = args[0] if len(args) == 1 else Tuple(tuple(args))
        chosen = written.largest if larger else written.smallest
        return ctx.library(chosen, indexable(ctx, items), key)
    if len(args) == 1 and is_listed(args[0]):
        found = _extremum(ctx, (listed.array_of(args[0]),), key, larger)
        return listed.as_item(args[0], found)
    if len(args) == 1 and isinstance(args[0], Array):
        if args[0].type.rank != 1:
            raise shapes(f"{name}() of a matrix", f"use np.{name}(...)")
        return (max_ if larger else min_)(ctx, args[0])
    if len(args) == 1 and isinstance(args[0], Generated):
        return _extremum(ctx, (common.generated_array(ctx, args[0]),), key, larger)
    given = args if len(args) > 1 else sequences.elements(ctx, args[0], f"{name}()")
    if not given:
        raise shapes(f"{name}() of nothing")
    if any(ctx.shape(item) for item in given):
        raise shapes(f"{name}() of whole arrays", f"use np.{name}imum(...)")
    best = given[0]
    for item in given[1:]:
        if isinstance(best, Constant) and isinstance(item, Constant):
            best = arithmetic.fold(max if larger else min, best.value, item.value)
        else:
            best = extremum(ctx, (best, item), larger)
    return best


@REGISTRY.function(max)
def maximum(ctx: Lowering, *args: Ref, key: Ref = NONE) -> Ref:
    """``max`` of numbers, or of the items of a sequence."""
    return _extremum(ctx, args, key, larger=True)


@REGISTRY.function(min)
def minimum(ctx: Lowering, *args: Ref, key: Ref = NONE) -> Ref:
    """``min`` of numbers, or of the items of a sequence."""
    return _extremum(ctx, args, key, larger=False)


@REGISTRY.function(functools.reduce)
def reduce_(ctx: Lowering, function: Ref, iterable: Ref, initial: Ref = NONE) -> Ref:
    """``functools.reduce``."""
    iterable = sequences.used(ctx, iterable)
    if sequences.static_items(ctx, iterable) is None:
        if is_none(initial):
            return ctx.library(written.reduced, function, indexable(ctx, iterable))
        return ctx.library(written.reduced_from, function, iterable, initial)
    items = list(sequences.elements(ctx, iterable, "reduce()"))
    total = items.pop(0) if is_none(initial) and items else initial
    for item in items:
        total = ctx.call(function, (total, item), {}, None)
    return total


@REGISTRY.function(functools.partial)
def partial(ctx: Lowering, function: Ref, *args: Ref, **kwargs: Ref) -> Ref:
    """``functools.partial``."""
    made = Partial(function, args, kwargs)
    sequences.check_kept(ctx, made)
    return made


# -- lists and tuples ---------------------------------------------------------------------------


def indexable(ctx: Lowering, iterable: Ref) -> Ref:
    """The items of an iterable as something with a length and an index."""
    iterable = sequences.used(ctx, iterable)
    items = sequences.static_items(ctx, iterable)
    if items is not None:
        return Tuple(tuple(items))
    return iterable if isinstance(iterable, Array) else _list_of(ctx, iterable, "this")


def _list_of(ctx: Lowering, iterable: Ref, what: str) -> Ref:
    """A list of items whose number is known at run time only."""
    if isinstance(iterable, Array) and iterable.type.rank == 1:
        return listed.new_listed(ctx.copied(iterable), weak=False)
    if is_listed(iterable):
        assert isinstance(iterable, Struct)
        return Struct(iterable.cls, {"items": ctx.copied(listed.array_of(iterable))})
    if isinstance(iterable, Generated):
        return collected(ctx, iterable)
    if isinstance(iterable, Range):
        bounds = (iterable.start, iterable.stop, iterable.step)
        return listed.new_listed(ctx.call(Constant(np.arange), bounds, {}, None), weak=True)
    known = sequences.elements(ctx, iterable, what, "loop over the items where they are used")
    return Tuple(tuple(known))


def _is_open(ctx: Lowering, iterable: Ref) -> bool:
    """Whether how many items there are is known at run time only."""
    if sequences.static_items(ctx, iterable) is not None:
        return False
    if isinstance(iterable, Generated):
        return True
    return not isinstance(sequences.positions(ctx, iterable)[0].size, int)


def _as_items(ctx: Lowering, iterable: Ref, what: str) -> Ref:
    iterable = sequences.used(ctx, iterable)
    if _is_open(ctx, iterable):
        return _list_of(ctx, iterable, what)
    return Tuple(tuple(sequences.elements(ctx, iterable, what)))


@REGISTRY.function(tuple)
def tuple_(ctx: Lowering, iterable: Ref = EMPTY) -> Ref:
    """``tuple``."""
    return _as_items(ctx, iterable, "tuple()")


@REGISTRY.function(list)
def list_(ctx: Lowering, iterable: Ref = EMPTY) -> Ref:
    """``list``."""
    found = _as_items(ctx, iterable, "list()")
    if not isinstance(found, Tuple):
        return found
    made = List()
    ctx.state.lists[made] = found.items
    return made


@REGISTRY.method("tolist")
def tolist(ctx: Lowering, owner: Ref) -> Ref:
    """``x.tolist()``: Python's numbers, in lists of lists where there are more axes."""
    if not isinstance(owner, Array):
        return number_of(ctx, owner)
    if owner.type.rank == 1 and _is_open(ctx, owner):
        return listed.new_listed(ctx.copied(owner), weak=True)
    made = List()
    rows = sequences.elements(
        ctx,
        owner,
        "tolist()",
        "leave `.tolist()` out: an array is looped over and indexed as it is",
    )
    ctx.state.lists[made] = tuple(tolist(ctx, row) for row in rows)
    return made


@REGISTRY.function(sorted)
def sorted_(ctx: Lowering, iterable: Ref, *, key: Ref = NONE, reverse: Ref = NONE) -> Ref:
    """``sorted`` numbers: a list."""
    items = _as_items(ctx, iterable, "sorted()")
    backwards = Constant(not is_none(reverse) and bool(ctx.constant(reverse, "reverse")))
    weak = (
        items.cls is PythonItems
        if isinstance(items, Struct)
        else all(ctx.kind(each).weak for each in sequences.elements(ctx, items, "sorted()"))
    )
    array = common.as_operand(ctx, items)
    if len(ctx.shape(array)) != 1:
        raise shapes("sorted() of arrays", "sort numbers: np.sort, or np.argsort of a key")
    found = ctx.library(written.in_order, array, key, backwards)
    made = listed.new_listed(found, weak)
    if not isinstance(items, Tuple):
        return made
    result = List()
    ctx.state.lists[result] = tuple(
        listed.as_item(made, each) for each in sequences.elements(ctx, found, "sorted()")
    )
    return result


# -- conditions ---------------------------------------------------------------------------------


def _as_truth(item: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), ast.UnaryOp(ast.Not(), item))


def _conditions(ctx: Lowering, iterable: Ref, is_and: bool) -> Ref:
    if isinstance(iterable, Generated):
        start = Scalar(ctx.builder.const(is_and), weak=True)
        return folded(
            ctx, iterable, start, lambda total, item: _as_truth(item), stop_when=not is_and
        )
    if is_listed(iterable):
        iterable = listed.array_of(iterable)
    if isinstance(iterable, Array) and iterable.type.rank == 1:
        found_in_array = ctx.call(Constant(np.all if is_and else np.any), (iterable,), {}, None)
        return ctx.boolean(ctx.truth(found_in_array))
    found: Value | bool = is_and
    for each in sequences.elements(ctx, iterable, "all()" if is_and else "any()"):
        truth = ctx.truth(each)
        if isinstance(found, bool):
            found = truth if found is is_and else found
        else:
            found = lazily(ctx, is_and, found, lambda truth=truth: truth)  # type: ignore[misc]
    return ctx.boolean(found)


@REGISTRY.function(all)
def all_(ctx: Lowering, iterable: Ref) -> Ref:
    """``all`` of the items of a sequence."""
    return _conditions(ctx, iterable, is_and=True)


@REGISTRY.function(any)
def any_(ctx: Lowering, iterable: Ref) -> Ref:
    """``any`` of the items of a sequence."""
    return _conditions(ctx, iterable, is_and=False)

"""Comprehensions and generator expressions.

Over items known one by one they become lists. One over something of run-time length stays a recipe
(:class:`Generated`) where it is used at once: ``sum``, ``max``, ``np.array`` and their like turn it
into a loop. Elsewhere a list is made of it (:mod:`gradc.frontend.python.listed`), as Python does.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from gradc.frontend.python import indexing, listed, sequences
from gradc.frontend.python.assigning import assign
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.liveness import names_assigned
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import (
    NONE,
    POISON,
    Array,
    Constant,
    Dict,
    Generated,
    List,
    Once,
    Poison,
    Range,
    Ref,
    Slice,
    Tuple,
    is_listed,
)
from gradc.ir.core import Value
from gradc.ir.types import INT, Dim
from gradc.prims.shape import EMPTY

Comprehension = ast.ListComp | ast.GeneratorExp

#: A list comprehension over a range with known bounds is written out up to this length.
_LONGEST = 256


_USED_AT_ONCE = (sum, max, min, any, all, math.fsum, math.prod)


def is_used_at_once(function: object) -> bool:
    """Whether a function uses up what it is given, so that no list needs to be made of it."""
    module = (getattr(function, "__module__", None) or "").split(".")[0]
    return module == "numpy" or any(function is known for known in _USED_AT_ONCE)


def comprehension(ctx: Lowering, node: Comprehension) -> Ref:
    """A comprehension that is used at once: its items, or how they are made."""
    first = _first(ctx, node)
    if isinstance(first, Poison):
        return POISON
    before, found = ctx.state.snapshot(), len(ctx.diagnostics.found)
    items = _expanded(ctx, node.elt, node.generators, first)
    if items is None:
        ctx.state.restore(before)
        del ctx.diagnostics.found[found:]
        return Generated(node, first)
    if isinstance(node, ast.GeneratorExp):
        return Once(tuple(items))
    return _new_list(ctx, items)


def list_of(ctx: Lowering, node: ast.ListComp) -> Ref:
    """A list comprehension: all its items are computed now."""
    made = comprehension(ctx, node)
    return collected(ctx, made) if isinstance(made, Generated) else made


def dictionary(ctx: Lowering, node: ast.DictComp) -> Ref:
    """A dictionary comprehension over known items."""
    pair = ast.copy_location(ast.Tuple([node.key, node.value], ast.Load()), node)
    first = _first(ctx, node)
    items = [] if isinstance(first, Poison) else _expanded(ctx, pair, node.generators, first)
    if items is None:
        raise RefusedError(
            "the keys of a dictionary must be known at compile time",
            "fill an array instead: `y = np.zeros(n)`, and in a loop `y[i] = ...`",
        )
    entries: dict[object, Ref] = {}
    for item in items:
        assert isinstance(item, Tuple)
        entries[ctx.constant(item.items[0], "the key of a dictionary")] = item.items[1]
    return Dict(entries)


def _first(ctx: Lowering, node: Comprehension | ast.DictComp) -> Ref:
    """What the first ``for`` of a comprehension runs over, which its names do not hide."""
    return sequences.used(ctx, ctx.expression(node.generators[0].iter))


def _new_list(ctx: Lowering, items: Sequence[Ref]) -> Ref:
    made = List()
    ctx.state.lists[made] = tuple(items)
    return made


@contextmanager
def _own_names(ctx: Lowering, generators: Sequence[ast.comprehension]) -> Iterator[None]:
    """The targets of a comprehension are names of its own."""
    frame = ctx.state.frame
    own = names_assigned([generator.target for generator in generators])
    saved = {name: frame.names.pop(name, None) for name in own}
    try:
        yield
    finally:
        for name, ref in saved.items():
            if ref is None:
                ctx.state.frame.names.pop(name, None)
            else:
                ctx.state.frame.names[name] = ref


def _expanded(
    ctx: Lowering,
    element: ast.expr,
    generators: Sequence[ast.comprehension],
    first: Ref,
) -> list[Ref] | None:
    """The items one by one; None where a length is known at run time only."""
    with _own_names(ctx, generators):
        return _expanded_from(ctx, element, generators, first)


def _expanded_from(
    ctx: Lowering, element: ast.expr, generators: Sequence[ast.comprehension], iterable: Ref
) -> list[Ref] | None:
    generator, rest = generators[0], generators[1:]
    items = _known_items(ctx, iterable)
    if items is None:
        return None
    made: list[Ref] = []
    for number, item in enumerate(items):
        with ctx.inside((id(generator), number)):
            assign(ctx, generator.target, item)
            tests = [ctx.truth(ctx.expression(test)) for test in generator.ifs]
            if any(not isinstance(test, bool) for test in tests):
                return None
            if not all(tests):
                continue
            if not rest:
                made.append(ctx.expression(element))
                continue
            following = ctx.expression(rest[0].iter)
            if isinstance(following, Poison):
                return []
            inner = _expanded_from(ctx, element, rest, sequences.used(ctx, following))
            if inner is None:
                return None
            made += inner
    return made


def _known_items(ctx: Lowering, iterable: Ref) -> Sequence[Ref] | None:
    items = sequences.static_items(ctx, iterable)
    if items is not None or not isinstance(iterable, Range):
        return items
    bounds = [bound.size for bound in sequences.range_bounds(ctx, iterable)]
    if not all(isinstance(bound, int) for bound in bounds):
        return None
    start, stop, step = (int(bound or 0) for bound in bounds)
    if len(range(start, stop, step)) > _LONGEST:
        return None
    return [Constant(number) for number in range(start, stop, step)]


def positions(ctx: Lowering, recipe: Generated) -> tuple[Value, sequences.Item]:
    """How many elements a generator has, and the one at each position, computed when asked for."""
    node = recipe.node
    (generator, *others) = node.generators
    if others or generator.ifs:
        raise RefusedError(
            "the elements of this generator are chosen at run time",
            "loop over a list of them: `[... for ... if ...]`, or test with an `if` in the loop",
        )
    count, item = sequences.positions(ctx, recipe.first)

    def element(index: Value) -> Ref:
        with _own_names(ctx, node.generators):
            assign(ctx, generator.target, item(index))
            return ctx.expression(node.elt)

    return count, element


# -- recipes as loops ---------------------------------------------------------------------------


def _hidden(node: Comprehension, what: str) -> str:
    """A name for a helper of a comprehension, beside the user's names."""
    return f"${what}_{node.lineno}_{node.col_offset}"


def folded(
    ctx: Lowering,
    recipe: Generated,
    start: Ref,
    combine: Callable[[ast.expr, ast.expr], ast.expr],
    stop_when: bool | None = None,
) -> Ref:
    """Combine the elements of a recipe one after the other, in a loop.

    Parameters
    ----------
    start : Ref
        The result for no elements.
    combine : callable
        Makes the expression that combines what is there with an element.
    stop_when : bool, optional
        Leave the loop when the result has this truth value.
    """
    node = recipe.node
    total = _hidden(node, "total")
    loaded = ast.Name(total, ast.Load())
    update: list[ast.stmt] = [_set(total, combine(loaded, node.elt))]
    if stop_when is not None:
        test = loaded if stop_when else ast.UnaryOp(ast.Not(), loaded)
        update.append(ast.If(test, [ast.Break()], []))
    ctx.state.frame.names[total] = start
    _run(ctx, recipe, update)
    return ctx.state.frame.names.pop(total, POISON)


def filled(ctx: Lowering, recipe: Generated, make: Callable[[Ref, Sequence[Dim]], Ref]) -> Ref:
    """Write the elements of a recipe into a new array, in a loop.

    `make` makes the array from an example of an element and the shape of the whole.
    """
    example = _example(ctx, recipe)
    if isinstance(example, Poison):
        return POISON
    node, frame = recipe.node, ctx.state.frame
    shape = ctx.shape(example)
    if not all(ctx.in_scope(dim) for dim in shape):
        raise RefusedError("the parts of this array differ in shape")
    out, index = _hidden(node, "out"), _hidden(node, "at")
    chosen = len(node.generators) > 1 or bool(node.generators[0].ifs)
    frame.names[out] = make(example, [_dim(_most(ctx, recipe)), *shape])
    frame.names[index] = Constant(0)
    place = ast.Subscript(_get(out), _get(index), ast.Store())
    _run(ctx, recipe, [ast.Assign([place], node.elt), _count(index)])
    array, end = frame.names.pop(out, POISON), frame.names.pop(index, POISON)
    if not chosen or isinstance(array, Poison):
        return array
    return indexing.subscript(ctx, array, Slice(NONE, end, NONE), "a list")


def _most(ctx: Lowering, recipe: Generated) -> Value:
    """How many elements there are at most: all that the tests of the last ``for`` may let pass."""
    generators = recipe.node.generators
    if len(generators) == 1:
        return sequences.positions(ctx, recipe.first)[0]
    count, before = _hidden(recipe.node, "count"), ctx.state.snapshot()
    ctx.state.frame.names[count] = Constant(0)
    _run(ctx, recipe, [_count(count)])
    if ctx.state.changes_of_objects(before):
        raise RefusedError(
            "what this list runs over, or its tests, change an array or a list",
            "write a loop that fills an array",
        )
    return ctx.integer(ctx.state.frame.names.pop(count, POISON), "a length")


def collected(ctx: Lowering, recipe: Generated) -> Ref:
    """The list of the elements of a recipe."""
    example = _example(ctx, recipe, keep=True)
    if isinstance(example, Poison):
        return POISON
    if not ctx.is_numeric(example):
        is_list = is_listed(example) or isinstance(example, List)
        raise RefusedError(
            "a list whose length is known at run time only cannot hold"
            f" {'lists' if is_list else ctx.describe(example)}",
            "fill arrays instead: `y = np.zeros((n, m))`, and in loops `y[i, j] = ...`",
        )
    if isinstance(example, Array) and example.cell in ctx.state.cells:
        raise RefusedError(
            "a list whose length is known at run time only cannot hold parts of"
            f" `{example.cell.name}`",
            "loop over the parts where they are used, or copy each: `[....copy() for ...]`",
        )
    weak = ctx.kind(example).weak

    def make(example: Ref, shape: Sequence[Dim]) -> Ref:
        sizes = [ctx.size(dim) for dim in shape]
        dtype = ctx.kind(example).dtype
        return ctx.result(ctx.emit(EMPTY, sizes, {"dtype": dtype}, "items"))

    array = filled(ctx, recipe, make)
    return POISON if isinstance(array, Poison) else listed.new_listed(array, weak)


def _dim(count: Value) -> Dim:
    assert count.size is not None, count
    return count.size


def _example(ctx: Lowering, recipe: Generated, keep: bool = False) -> Ref:
    """An element, interpreted to see what it is; a sequence as an array, unless `keep` says no."""
    before, found = ctx.state.snapshot(), len(ctx.diagnostics.found)
    node = recipe.node
    with ctx.in_loop(), ctx.region() as inner, _own_names(ctx, node.generators):
        iterable = recipe.first
        for number, generator in enumerate(node.generators):
            if number:
                iterable = sequences.used(ctx, ctx.expression(generator.iter))
            items = sequences.static_items(ctx, iterable)
            if items is None:
                _, item = sequences.positions(ctx, iterable)
                assign(ctx, generator.target, item(inner.value(INT, "at")))
            elif items:
                assign(ctx, generator.target, items[0])
        example = operand = ctx.expression(node.elt)
        if not keep and not isinstance(example, Poison):
            operand = ctx.array_like(example)
    ctx.state.restore(before)
    if not isinstance(operand, Poison):  # else nobody asks again
        del ctx.diagnostics.found[found:]
    return operand


def _get(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _set(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _count(name: str) -> ast.stmt:
    return ast.AugAssign(ast.Name(name, ast.Store()), ast.Add(), ast.Constant(1))


def _run(ctx: Lowering, recipe: Generated, body: list[ast.stmt]) -> None:
    """Interpret the loops of a comprehension; every name stays alive over them."""
    node, frame = recipe.node, ctx.state.frame
    over = _hidden(node, "first")
    loops: list[ast.For] = []
    for number, generator in reversed(list(enumerate(node.generators))):
        for test in reversed(generator.ifs):
            body = [ast.If(test, body, [])]
        iterable = generator.iter if number else _get(over)
        loops.insert(0, ast.For(generator.target, iterable, body, []))
        body = [loops[0]]
    for inner in ast.walk(loops[0]):
        if isinstance(inner, ast.stmt | ast.expr) and not hasattr(inner, "lineno"):
            ast.fix_missing_locations(ast.copy_location(inner, node))
    with _own_names(ctx, node.generators):
        frame.names[over] = recipe.first
        alive = frozenset(frame.names) - {over}
        for loop in loops:
            for inner in (loop, *_statements(loop.body)):
                frame.live.after[id(inner)] = frame.live.head[id(inner)] = alive
            alive |= names_assigned([loop.target])
        ctx.kept_nodes.append(loops[0])
        ctx.statement(loops[0])
        frame.names.pop(over, None)


def _statements(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of the body of a loop, those of loops inside left out."""
    for stmt in body:
        if not isinstance(stmt, ast.For):
            yield stmt
        if isinstance(stmt, ast.If):
            yield from _statements(stmt.body)

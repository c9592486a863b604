"""Comprehensions and generator expressions.

Over items known one by one they become lists. A generator over something of run-time length stays
a recipe (:class:`Generated`) that ``sum``, ``max``, ``np.array`` and their like turn into a loop.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from gradc.frontend.python import sequences
from gradc.frontend.python.assigning import assign
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.liveness import names_assigned
from gradc.frontend.python.problems import RefusedError
from gradc.frontend.python.refs import POISON, Constant, Dict, List, Poison, Range, Ref, Tuple
from gradc.ir.core import Value
from gradc.ir.types import Dim

Comprehension = ast.ListComp | ast.GeneratorExp

#: A list comprehension over a range with known bounds is written out up to this length.
_LONGEST = 256


@dataclass(frozen=True, eq=False, slots=True)
class Generated(Ref):
    """A comprehension over something whose length is known at run time only."""

    node: Comprehension


def comprehension(ctx: Lowering, node: Comprehension) -> Ref:
    """A list comprehension or generator expression."""
    with _own_names(ctx, node.generators):
        items = _expanded(ctx, node.elt, node.generators)
    if items is None:
        return Generated(node)
    made = List()
    ctx.state.lists[made] = tuple(items)
    return made


def dictionary(ctx: Lowering, node: ast.DictComp) -> Ref:
    """A dictionary comprehension over known items."""
    pair = ast.copy_location(ast.Tuple([node.key, node.value], ast.Load()), node)
    with _own_names(ctx, node.generators):
        items = _expanded(ctx, pair, node.generators)
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
    ctx: Lowering, element: ast.expr, generators: Sequence[ast.comprehension]
) -> list[Ref] | None:
    """The items one by one; None where a length is known at run time only."""
    if not generators:
        return [ctx.expression(element)]
    first, rest = generators[0], generators[1:]
    iterable = ctx.expression(first.iter)
    if isinstance(iterable, Poison):
        return []
    items = _known_items(ctx, iterable)
    if items is None:
        return None
    made: list[Ref] = []
    for number, item in enumerate(items):
        with ctx.inside((id(first), number)):
            assign(ctx, first.target, item)
            tests = [ctx.truth(ctx.expression(test)) for test in first.ifs]
            if any(not isinstance(test, bool) for test in tests):
                return None
            if all(tests):
                inner = _expanded(ctx, element, rest)
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


# -- recipes as loops ---------------------------------------------------------------------------


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
    total = f"$total_{node.lineno}_{node.col_offset}"
    loaded = ast.Name(total, ast.Load())
    update: list[ast.stmt] = [ast.Assign([ast.Name(total, ast.Store())], combine(loaded, node.elt))]
    if stop_when is not None:
        test = loaded if stop_when else ast.UnaryOp(ast.Not(), loaded)
        update.append(ast.If(test, [ast.Break()], []))
    loop = _loop(node, update)
    ctx.state.frame.names[total] = start
    _run(ctx, node, loop)
    return ctx.state.frame.names.pop(total, POISON)


def filled(ctx: Lowering, recipe: Generated, make: Callable[[Ref, Sequence[Dim]], Ref]) -> Ref:
    """Write the elements of a recipe into a new array, in a loop.

    `make` makes the array from an example of an element and the shape of the whole.
    """
    node = recipe.node
    (generator, *others) = node.generators
    if others or generator.ifs:
        raise RefusedError(
            "an array of elements chosen at run time has no known length",
            "write a loop that fills an array of full length",
        )
    iterable = ctx.expression(generator.iter)
    if isinstance(iterable, Poison):
        return POISON
    count, item = sequences.positions(ctx, iterable)
    example = _example(ctx, node, item)
    if isinstance(example, Poison):
        return POISON
    shape = ctx.shape(example)
    if not all(ctx.in_scope(dim) for dim in shape):
        raise RefusedError("the parts of this array differ in shape")
    array = make(example, [_dim(count), *shape])
    out, index = f"$out_{node.lineno}_{node.col_offset}", f"$at_{node.lineno}_{node.col_offset}"
    place = ast.Subscript(ast.Name(out, ast.Load()), ast.Name(index, ast.Load()), ast.Store())
    target = ast.Tuple([ast.Name(index, ast.Store()), generator.target], ast.Store())
    numbered = ast.Call(ast.Constant(enumerate), [generator.iter], [])  # type: ignore[arg-type]
    ctx.state.frame.names[out] = array
    _run(ctx, node, ast.For(target, numbered, [ast.Assign([place], node.elt)], []))
    return ctx.state.frame.names.pop(out, POISON)


def _dim(count: Value) -> Dim:
    assert count.size is not None, count
    return count.size


def _example(ctx: Lowering, node: Comprehension, item: sequences.Item) -> Ref:
    """An element, interpreted to see what it is; nothing of it is kept."""
    before, found = ctx.state.snapshot(), len(ctx.diagnostics.found)
    with ctx.region() as inner, _own_names(ctx, node.generators):
        assign(ctx, node.generators[0].target, item(inner.const(0)))
        example = ctx.expression(node.elt)
    ctx.state.restore(before)
    del ctx.diagnostics.found[found:]
    return example


def _loop(node: Comprehension, body: list[ast.stmt]) -> ast.For:
    for generator in reversed(node.generators):
        for test in reversed(generator.ifs):
            body = [ast.If(test, body, [])]
        body = [ast.For(generator.target, generator.iter, body, [])]
    (loop,) = body
    assert isinstance(loop, ast.For)
    return loop


def _run(ctx: Lowering, node: Comprehension, loop: ast.For) -> None:
    """Interpret a loop that the user did not write; every name stays alive over it."""
    for inner in ast.walk(loop):
        if isinstance(inner, ast.stmt | ast.expr) and not hasattr(inner, "lineno"):
            ast.fix_missing_locations(ast.copy_location(inner, node))
    frame = ctx.state.frame
    with _own_names(ctx, node.generators):
        alive = frozenset(frame.names)
        for inner in ast.walk(loop):
            if isinstance(inner, ast.stmt):
                frame.live.after[id(inner)] = alive
                frame.live.head[id(inner)] = alive
        ctx.kept_nodes.append(loop)
        ctx.statement(loop)

"""Tuples and lists joined by ``+`` and repeated by ``*``."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import numpy as np

from gradc.frontend.python import growing, listed, sequences
from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import (
    Constant,
    List,
    PythonItems,
    Ref,
    Scalar,
    Struct,
    Tuple,
    is_listed,
)
from gradc.prims.integers import IMAX


def of_sequences(ctx: Lowering, node: ast.BinOp, left: Ref, right: Ref) -> Ref:
    """Tuples and lists are joined by ``+`` and repeated by ``*``."""
    if isinstance(node.op, ast.Add) and type(left) is type(right):
        return _like(ctx, left, [*_items(ctx, left), *_items(ctx, right)])
    if isinstance(node.op, ast.Mult):
        items, count = (left, right) if isinstance(left, Tuple | List) else (right, left)
        if isinstance(items, List) and isinstance(count, Scalar):
            return _repeated(ctx, items, count)
        times = ctx.constant(count, "how often a list is repeated")
        if isinstance(times, int):
            return _like(ctx, items, list(_items(ctx, items)) * times)
    if ctx.is_numeric(left) or ctx.is_numeric(right):
        raise shapes(
            f"`{ast.unparse(node)}`: {ctx.describe(left)} and {ctx.describe(right)}",
            "make it an array first: np.array(...)",
        )
    raise shapes(f"`{ast.unparse(node)}`: {ctx.describe(left)} and {ctx.describe(right)}")


def of_open_length(ctx: Lowering, node: ast.BinOp, left: Ref, right: Ref) -> Ref:
    """``parts + others`` of lists of which one has a length that is known at run time only."""
    sides = [
        growing.as_listed(ctx, side) if isinstance(side, List) else side for side in (left, right)
    ]
    if not isinstance(node.op, ast.Add) or not all(side and is_listed(side) for side in sides):
        raise listed.not_joined(ast.unparse(node))
    arrays = [listed.array_of(side) for side in sides if side is not None]
    if len({array.type.rank for array in arrays}) > 1:
        raise listed.not_joined(ast.unparse(node))
    whole = ctx.call(Constant(np.concatenate), (Tuple(tuple(arrays)),), {}, None)
    weak = all(isinstance(side, Struct) and side.cls is PythonItems for side in sides)
    return listed.new_listed(whole, weak)


def _repeated(ctx: Lowering, items: List, count: Scalar) -> Ref:
    """``[0.0] * n``: a list whose length is known at run time only."""
    known = ctx.state.items(items)
    if len(known) != 1 or not ctx.is_numeric(known[0]) or ctx.shape(known[0]):
        raise RefusedError(
            "only a list of one number is repeated as often as a number says that is known at run"
            " time",
            "use an array: np.tile(...)",
        )
    times = ctx.builder.integer(IMAX, ctx.integer(count, "how often a list is repeated"), 0)
    made = ctx.call(Constant(np.full), (Scalar(times, weak=True), known[0]), {}, None)
    return listed.new_listed(made, ctx.kind(known[0]).weak)


def _items(ctx: Lowering, ref: Ref) -> Sequence[Ref]:
    return sequences.elements(ctx, ref, "a sequence")


def _like(ctx: Lowering, ref: Ref, items: Sequence[Ref]) -> Ref:
    return Tuple(tuple(items)) if isinstance(ref, Tuple) else new_list(ctx, items)


def new_list(ctx: Lowering, items: Sequence[Ref]) -> Ref:
    """A new list."""
    made = List()
    ctx.state.lists[made] = tuple(items)
    return made

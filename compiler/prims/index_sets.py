"""Unions of index sets: what programs of sparsity patterns are made of.

Such a program computes, in place of each number, the set of the inputs that it depends on. A set
is an integer, its place in an array that holds all sets (:mod:`gradc_runtime.index_sets`); 0 is
the empty set. Adding a set to that array is no effect that a program can see: the same union is
the same set wherever it lies.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradc.ir.core import Kind, Params, Primitive, Value
from gradc.ir.types import INT, DType, Type
from gradc_runtime import index_sets


def _need(args: Sequence[Value], ranks: Sequence[int | None], what: str) -> None:
    given = [value.type for value in args]
    fits = len(given) == len(ranks) and all(
        rank in (None, type.rank) for type, rank in zip(given, ranks, strict=True)
    )
    if not fits or any(type.dtype is not DType.INT for type in given):
        raise TypeError(f"{what} of {', '.join(map(str, given))}")


def _infer_join(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    _need(args, [1, *(0 for _ in args[1:])], "join")
    return (INT,)


def _infer_join_all(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    _need(args, [1, None], "join_all")
    return (INT,)


def _infer_join_each(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    _need(args, [1, None, args[1].type.rank], "join_each")
    return (args[1].type,)


def _infer_join_rows(args: Sequence[Value], params: Params) -> tuple[Type, ...]:
    _need(args, [1, 2], "join_rows")
    return (args[1].type.with_shape(args[1].type.shape[:1]),)


# ``join(sets, a, b, ...)``: the union of sets; of all sets in an array; element by element of two
# arrays of one shape; of all sets in each row of a matrix.
JOIN = Primitive("join", Kind.CONSTANT, _infer_join, index_sets.join)
JOIN_ALL = Primitive("join_all", Kind.CONSTANT, _infer_join_all, index_sets.join_all)
JOIN_EACH = Primitive("join_each", Kind.CONSTANT, _infer_join_each, index_sets.join_each)
JOIN_ROWS = Primitive("join_rows", Kind.CONSTANT, _infer_join_rows, index_sets.join_rows)

RECORDS = (JOIN, JOIN_ALL, JOIN_EACH, JOIN_ROWS)

"""Sums of products over named axes: what ``np.einsum``, ``np.tensordot`` and ``@`` have in common.

An operand is a value with a label for each axis. Two of them are contracted at a time:

- labels that only one of them has, and nobody else wants, are summed first;
- without a summed label the product is one of elements;
- otherwise it is a matrix product of the axes left, or, where both have labels that stay, a stack
  of matrix products; where one side has no axis of its own it is a sum of products of elements.

Axes are put in order by transposes and joined by reshapes, which cost nothing where they lie in
order already.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradc.frontend.python import arithmetic, slices
from gradc.frontend.python.context import Lowering
from gradc.ir.core import Value
from gradc.ir.types import Dim
from gradc.prims.arithmetic import ADD, MUL
from gradc.prims.index import ALL, GET, SLICE
from gradc.prims.linalg import BATCHED_MATMUL, MATMUL
from gradc.prims.shape import BROADCAST, SUM, TRANSPOSE

Labels = tuple[Hashable, ...]

#: What a size that is not known counts when the order of a product of many factors is chosen.
NOMINAL_SIZE = 64
#: From this number of factors on the order is found step by step, not among all of them.
MANY_FACTORS = 6


@dataclass(frozen=True, slots=True)
class Term:
    """A value with a label for each of its axes."""

    value: Value
    labels: Labels

    def dim(self, label: Hashable) -> Dim:
        """The size of the axis with a label."""
        return self.value.type.shape[self.labels.index(label)]


def sum_of_products(ctx: Lowering, terms: Sequence[Term], out: Labels, what: str) -> Value:
    """The sum of the products of all terms over the labels that are not in `out`."""
    pending = [_without_repetition(ctx, term, what) for term in terms]
    pending = agreeing(ctx, pending, what)
    while len(pending) > 1:
        first, second = _next_pair(pending, out)
        left, right = pending[first], pending[second]
        others = [term for k, term in enumerate(pending) if k not in (first, second)]
        wanted = {*out, *(label for term in others for label in term.labels)}
        pending = [*others, _contracted(ctx, left, right, wanted)]
    (last,) = pending
    summed = _summed(ctx, last, set(out))
    return _in_order(ctx, summed, out).value


# -- sizes and labels ---------------------------------------------------------------------------


def agreeing(ctx: Lowering, terms: Sequence[Term], what: str) -> list[Term]:
    """The terms with one size for each label; an axis of size 1 goes with any, as in NumPy."""
    sizes: dict[Hashable, Dim] = {}
    for term in terms:
        for label, dim in zip(term.labels, term.value.type.shape, strict=True):
            known = sizes.setdefault(label, dim)
            if known == 1 or (isinstance(known, str) and isinstance(dim, int) and dim != 1):
                sizes[label] = dim
    found = []
    for term in terms:
        lost = {x for x in term.labels if term.dim(x) == 1 and sizes[x] != 1}
        term = _summed(ctx, term, set(term.labels) - lost)
        shape = tuple(sizes[label] for label in term.labels)
        value = arithmetic.expect_shape(ctx, term.value, shape, f"{what}: the sizes do not fit")
        found.append(Term(value, term.labels))
    return found


def _without_repetition(ctx: Lowering, term: Term, what: str) -> Term:
    """Take the diagonal where a label stands twice."""
    for label in term.labels:
        while term.labels.count(label) > 1:
            first = term.labels.index(label)
            second = term.labels.index(label, first + 1)
            kept = tuple(x for k, x in enumerate(term.labels) if k not in (first, second))
            value = diagonal(ctx, term.value, first, second, f"{what}: the sizes do not fit")
            term = Term(value, (*kept, label))
    return term


def diagonal(ctx: Lowering, value: Value, first: int, second: int, what: str) -> Value:
    """The elements with one index along two axes of one size; that axis is the last one."""
    rank = value.type.rank
    others = [k for k in range(rank) if k not in (first, second)]
    perm = (*others, first, second)
    if perm != tuple(range(rank)):
        value = ctx.emit(TRANSPOSE, (value,), {"perm": perm}, value.name)
    shape = value.type.shape
    value = arithmetic.expect_shape(ctx, value, (*shape[:-1], shape[-2]), what)
    size = ctx.size(shape[-2])
    flat = arithmetic.reshaped(
        ctx, value, (*shape[:-2], slices.product(ctx, (shape[-2], shape[-2])).size or 0)
    )
    operands = (flat, ctx.builder.const(0), size, ctx.builder.integer(ADD, size, 1))
    spec = (*(ALL for _ in others), SLICE)
    return ctx.emit(GET, operands, {"spec": spec}, "diagonal")


def _summed(ctx: Lowering, term: Term, wanted: set[Hashable]) -> Term:
    axes = tuple(k for k, label in enumerate(term.labels) if label not in wanted)
    if not axes:
        return term
    labels = tuple(label for label in term.labels if label in wanted)
    return Term(ctx.emit(SUM, (term.value,), {"axes": axes}), labels)


def _in_order(ctx: Lowering, term: Term, labels: Labels) -> Term:
    perm = tuple(term.labels.index(label) for label in labels)
    if perm == tuple(range(len(perm))):
        return term
    return Term(ctx.emit(TRANSPOSE, (term.value,), {"perm": perm}, term.value.name), labels)


# -- two at a time ------------------------------------------------------------------------------


def _contracted(ctx: Lowering, left: Term, right: Term, wanted: set[Hashable]) -> Term:
    left = _summed(ctx, left, wanted | set(right.labels))
    right = _summed(ctx, right, wanted | set(left.labels))
    shared = [label for label in left.labels if label in right.labels]
    stack = tuple(label for label in shared if label in wanted)
    inner = tuple(label for label in shared if label not in wanted)
    rows = tuple(label for label in left.labels if label not in shared)
    columns = tuple(label for label in right.labels if label not in shared)
    is_float = left.value.type.is_float
    alone = bool(stack) and not (rows and columns)
    if not inner or alone or not is_float:
        return _elementwise(ctx, left, right, (*stack, *rows, *columns), inner)
    a = _grouped(ctx, _in_order(ctx, left, (*stack, *rows, *inner)), len(stack), len(rows))
    b = _grouped(ctx, _in_order(ctx, right, (*stack, *inner, *columns)), len(stack), len(inner))
    made = ctx.emit(BATCHED_MATMUL if stack else MATMUL, (a, b))
    labels = (*stack, *rows, *columns)
    sizes = {**_sizes(left), **_sizes(right)}
    return Term(arithmetic.reshaped(ctx, made, tuple(sizes[x] for x in labels)), labels)


def _sizes(term: Term) -> dict[Hashable, Dim]:
    return dict(zip(term.labels, term.value.type.shape, strict=True))


def _grouped(ctx: Lowering, term: Term, stack: int, first: int) -> Value:
    """A stack of matrices: `first` axes joined for the rows, the others for the columns."""
    shape = term.value.type.shape
    groups = [shape[stack : stack + first], shape[stack + first :]]
    joined = [slices.product(ctx, group).size or 0 for group in groups if group]
    return arithmetic.reshaped(ctx, term.value, (*shape[:stack], *joined))


def _elementwise(ctx: Lowering, left: Term, right: Term, out: Labels, inner: Labels) -> Term:
    """Products of elements, summed over the inner labels."""
    labels = (*out, *inner)
    sizes = {**_sizes(left), **_sizes(right)}
    values = []
    for term in (left, right):
        own = tuple(label for label in labels if label in term.labels)
        value = _in_order(ctx, term, own).value
        if own != labels:
            axes = tuple(labels.index(label) for label in own)
            operands = (value, *(ctx.size(sizes[label]) for label in labels))
            value = ctx.emit(BROADCAST, operands, {"axes": axes}, value.name)
        values.append(value)
    made = ctx.emit(MUL, values)
    if inner:
        axes = tuple(range(len(out), len(labels)))
        made = ctx.emit(SUM, (made,), {"axes": axes})
    return Term(made, out)


# -- the order ----------------------------------------------------------------------------------


def _next_pair(terms: Sequence[Term], out: Labels) -> tuple[int, int]:
    """Which two terms to contract next.

    NumPy's own search, over sizes as they are known: every unknown one counts `NOMINAL_SIZE`.
    """
    if len(terms) == 2:
        return 0, 1
    numbers: dict[Hashable, int] = {}
    operands: list[Any] = []
    for term in terms:
        own = [numbers.setdefault(label, len(numbers)) for label in term.labels]
        sizes = [dim if isinstance(dim, int) else NOMINAL_SIZE for dim in term.value.type.shape]
        operands += [np.broadcast_to(0.0, sizes), own]
    operands.append([numbers[label] for label in out])
    method = "optimal" if len(terms) < MANY_FACTORS else "greedy"
    path, _ = np.einsum_path(*operands, optimize=method)
    first, *others = path[1]
    return (first, others[0]) if others else (0, 1)

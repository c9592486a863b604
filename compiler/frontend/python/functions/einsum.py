"""``np.einsum``: any formula, contracted two operands at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.contraction import Labels, Term, sum_of_products
from gradc.frontend.python.functions.common import is_none
from gradc.frontend.python.functions.linalg import number_arrays
from gradc.frontend.python.functions.registry import Registry
from gradc.frontend.python.outs import casting_of
from gradc.frontend.python.problems import shapes
from gradc.frontend.python.promote import becomes
from gradc.frontend.python.refs import NONE, Constant, Ref
from gradc.ir.core import Value

REGISTRY = Registry()

DOTS = "..."
FALSE, SAFE = Constant(False), Constant("safe")


@REGISTRY.function(np.einsum)
def einsum(
    ctx: Lowering,
    *operands: Ref,
    dtype: Ref = NONE,
    order: Ref = NONE,
    casting: Ref = SAFE,
    optimize: Ref = FALSE,
) -> Ref:
    """``np.einsum``; the order is chosen here, whatever `optimize` says."""
    ctx.constant(optimize, "optimize")
    formula, arrays = _formula(ctx, operands)
    values = number_arrays(ctx, *arrays)
    if not is_none(dtype):
        values = [_converted(ctx, value, dtype, casting) for value in values]
    inputs, arrow, output = formula.replace(" ", "").partition("->")
    listed = inputs.split(",")
    if len(listed) != len(values):
        raise shapes(
            f"np.einsum: the formula {formula!r} has {len(listed)} operands,"
            f" {len(values)} are given"
        )
    terms = [
        Term(value, _labels(part, value.type.rank, formula))
        for part, value in zip(listed, values, strict=True)
    ]
    out = _output(terms, output if arrow else None, formula)
    return ctx.result(sum_of_products(ctx, terms, out, "np.einsum"))


def _converted(ctx: Lowering, value: Value, dtype: Ref, casting: Ref) -> Value:
    wanted, rule = ctx.dtype(dtype), casting_of(ctx, casting)
    if not becomes(value.type.dtype, wanted, rule):
        raise shapes(
            f"np.einsum: an array of {value.type.dtype.numpy_name} does not become one of"
            f" {wanted.numpy_name} with casting={rule!r}",
            'give casting="same_kind"',
        )
    return ctx.cast(value, wanted)


def _formula(ctx: Lowering, operands: Sequence[Ref]) -> tuple[str, Sequence[Ref]]:
    """The formula and the arrays; each may also be followed by the numbers of its axes."""
    if not operands:
        raise shapes("np.einsum takes a formula and arrays")
    if isinstance(operands[0], Constant) and isinstance(operands[0].value, str):
        return operands[0].value, operands[1:]
    arrays, lists = operands[:-1:2], operands[1::2]
    parts = [_letters(ctx.constant(numbers, "the axes of np.einsum")) for numbers in lists]
    formula = ",".join(parts)
    if len(operands) % 2:
        last = _letters(ctx.constant(operands[-1], "the axes of np.einsum"))
        formula += f"->{last}"
    return formula, arrays


def _letters(numbers: Sequence[object]) -> str:
    if not isinstance(numbers, list | tuple):
        raise shapes("np.einsum: each array is followed by a list of the numbers of its axes")
    return "".join(
        chr(ord("A") + number if number < 26 else ord("a") + number - 26)
        if isinstance(number, int)
        else DOTS
        for number in numbers
    )


def _labels(part: str, rank: int, formula: str) -> Labels:
    """The labels of the axes of one operand; the dots stand for axes counted from the last."""
    before, dots, after = part.partition(DOTS)
    letters = (*before, *after)
    hidden = rank - len(letters)
    if not all(letter.isalpha() for letter in letters):
        raise shapes(f"np.einsum: {formula!r} is no formula of letters, commas and dots")
    if hidden < 0 or (hidden > 0 and not dots):
        raise shapes(f"np.einsum: {part!r} in {formula!r} stands for an array of {rank} axes")
    return (*before, *((DOTS, k - hidden) for k in range(hidden)), *after)


def _output(terms: Sequence[Term], output: str | None, formula: str) -> Labels:
    found = [label for term in terms for label in term.labels]
    numbers = {label[1] for label in found if isinstance(label, tuple)}
    dots = [(DOTS, number) for number in sorted(numbers)]
    if output is None:
        single = sorted(x for x in set(found) if isinstance(x, str) and found.count(x) == 1)
        return (*dots, *single)
    before, has_dots, after = output.partition(DOTS)
    wrong = [x for x in (*before, *after) if x not in found]
    repeated = len(set(before + after)) != len(before + after)
    if wrong or repeated or (dots and not has_dots):
        raise shapes(f"np.einsum: the output of {formula!r} does not fit its operands")
    return (*before, *dots, *after) if has_dots else (*before, *after)

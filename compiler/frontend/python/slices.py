"""Indices and slices of one axis, with Python's rules for negative and excessive bounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from gradc.frontend.python.context import Lowering
from gradc.frontend.python.problems import RefusedError, shapes
from gradc.frontend.python.refs import NONE, Constant, Ref, Scalar, Slice
from gradc.frontend.python.sizes import Affine, SizedBuilder
from gradc.ir.core import Value
from gradc.ir.types import Dim, DType
from gradc.prims.arithmetic import ADD, FLOORDIV, MUL, SUB
from gradc.prims.compare import GE, LT, NE, SELECT
from gradc.prims.index import ALL, SLICE, WRAP
from gradc.prims.integers import IMAX, IMIN

#: The elements that an axis of an argument has at least, where its size is not known to be 0 or 1.
_FEWEST = 2


def position(ctx: Lowering, index: Ref, dim: Dim, axis: int) -> Value:
    """Return a checked index that is not negative."""
    value = ctx.integer(index, "an index")
    size = ctx.size(dim)
    if isinstance(value.size, int) and isinstance(dim, int) and dim:
        # An axis without elements may be indexed where the program does not get.
        if not -dim <= value.size < dim:
            raise shapes(f"index {value.size} is out of range for axis {axis} of size {dim}")
        return ctx.builder.const(value.size % dim)
    builder = ctx.builder
    below = builder.sizes.form(dim).plus(builder.sizes.form(1), -1)
    inside = builder.certain(value, 0) and builder.sizes.at_least(below, builder.form(value))
    if inside:
        return value
    return ctx.emit(WRAP, (value, size), {"line": builder.loc.line}, value.name)


def part(ctx: Lowering, given: Slice, dim: Dim) -> tuple[str, list[Value]]:
    """Return the item of an index specification for a slice, and its operands."""
    step = _step(ctx, given.step)
    if step == 1 and given.start is NONE and given.stop is NONE:
        return ALL, []
    if step == 1 and isinstance(dim, str):
        single = _single(ctx, given, dim)
        if single is not None:
            return SLICE, [single, ctx.builder.const(1), ctx.builder.const(1)]
    size = ctx.size(dim)
    if step > 0:
        start, count = _forward(ctx, given, size)
    else:
        start, count = _backward(ctx, given, size)
    if abs(step) != 1:
        count = ctx.builder.integer(
            FLOORDIV, ctx.builder.integer(ADD, count, abs(step) - 1), abs(step)
        )
    if step == 1 and count.size == dim and isinstance(start.size, int) and start.size == 0:
        return ALL, []
    return SLICE, [start, count, ctx.builder.const(step)]


def _step(ctx: Lowering, step: Ref) -> int:
    if step is NONE:
        return 1
    if not isinstance(step, Constant):
        raise RefusedError(
            "the step of a slice must be known at compile time", "loop over the elements instead"
        )
    if not isinstance(step.value, int) or step.value == 0:
        raise shapes(f"the step of a slice is an integer other than 0, not {step.value!r}")
    return step.value


def _bound(ctx: Lowering, bound: Ref) -> Value:
    return ctx.integer(bound, "a bound of a slice")


def _single(ctx: Lowering, given: Slice, dim: str) -> Value | None:
    """Where a slice like ``x[k:k + 1]`` or ``x[-1:]`` starts; None for other slices.

    Its size is 1 at compile time, as it must be to be stretched against other arrays, so it is an
    error at run time where there is no such element: then the program for sizes as they come runs
    in its place, in which it is a slice like others.
    """
    builder = ctx.builder
    start = builder.const(0) if given.start is NONE else _bound(ctx, given.start)
    first = builder.form(start)
    from_end = given.stop is NONE and builder.certain(-1, start)
    if given.stop is NONE:
        last = Affine() if from_end else builder.sizes.form(dim)
    else:
        stop = _bound(ctx, given.stop)
        from_end = builder.certain(-1, stop)
        last = builder.form(stop)
    gap = last.plus(first, -1)
    if gap.terms or gap.constant != 1:
        return None
    if not _is_there(builder, start, dim):
        if builder.sizes.as_they_come:
            return None
        if isinstance(start.size, int):
            return _checked(ctx, start.size, ctx.size(dim))
        builder.sizes.assumed.add(builder.loc.line)
    if not from_end and not builder.certain(start, 0):
        if isinstance(start.size, int):
            return None
        # ``x[-1:0]`` is empty in Python.
        inside = ctx.emit(NE, (start, builder.const(-1)))
        _assume(ctx, inside, "the slice from -1 to 0 is empty")
    return position(ctx, Scalar(start, weak=True), dim, 0)


def _checked(ctx: Lowering, start: int, size: Value) -> Value:
    """A known index; the check stays where only the size of the slice is used."""
    builder = ctx.builder
    fewest = start + 1 if start >= 0 else -start
    enough = ctx.emit(GE, (size, builder.const(fewest)))
    _assume(ctx, enough, f"there is no element {start} for the slice of it")
    return builder.const(start) if start >= 0 else builder.integer(ADD, size, start)


def _assume(ctx: Lowering, condition: Value, what: str) -> None:
    """Check what the program takes for granted."""
    builder = ctx.builder
    message = f"{PurePath(builder.loc.file).name}:{builder.loc.line}: {what}"
    builder.sizes.assumed.add(message)
    ctx.check(condition, "IndexError", message)


def _is_there(builder: SizedBuilder, start: Value, dim: str) -> bool:
    """Whether an axis certainly has an element at an index."""
    if isinstance(start.size, int) and dim in builder.sizes.given:
        return -_FEWEST <= start.size < _FEWEST
    below = builder.sizes.form(dim).plus(builder.sizes.form(1), -1)
    return builder.certain(start, 0) and builder.sizes.at_least(below, builder.form(start))


def _forward(ctx: Lowering, given: Slice, size: Value) -> tuple[Value, Value]:
    """Start and number of elements between the bounds, for a positive step."""
    builder = ctx.builder
    end = None if given.stop is NONE else _bound(ctx, given.stop)
    start = builder.const(0) if given.start is NONE else _bound(ctx, given.start)
    if end is not None and builder.certain(-1, end) and builder.certain(start, 0):
        until = builder.integer(ADD, size, end)
        return start, builder.integer(IMAX, builder.integer(SUB, until, start), 0)
    stop = size if end is None else _clamped(ctx, end, size)
    if given.start is NONE:
        return start, stop
    if builder.certain(start, 0):
        # Beyond the end nothing is taken, wherever it would start.
        return start, builder.integer(IMAX, builder.integer(SUB, stop, start), 0)
    start = _clamped(ctx, start, size)
    return start, builder.integer(IMAX, builder.integer(SUB, stop, start), 0)


def _clamped(ctx: Lowering, bound: Value, size: Value) -> Value:
    """A bound counted from the front, between 0 and the size."""
    builder = ctx.builder
    if builder.certain(bound, 0):
        return builder.integer(IMIN, bound, size)
    if builder.certain(-1, bound):
        return builder.integer(IMAX, builder.integer(ADD, size, bound), 0)
    from_end = builder.integer(IMAX, builder.integer(ADD, size, bound), 0)
    from_front = builder.integer(IMIN, bound, size)
    negative = ctx.emit(LT, (bound, builder.const(0)))
    return ctx.emit(SELECT, (negative, from_end, from_front), None, bound.name)


def _backward(ctx: Lowering, given: Slice, size: Value) -> tuple[Value, Value]:
    """Start and number of elements between the bounds, for a negative step."""
    builder = ctx.builder
    last = builder.integer(SUB, size, 1)
    start = last if given.start is NONE else _clamped_back(ctx, _bound(ctx, given.start), size)
    if given.stop is NONE:
        return start, builder.integer(ADD, start, 1)
    stop = _clamped_back(ctx, _bound(ctx, given.stop), size)
    return start, builder.integer(IMAX, builder.integer(SUB, start, stop), 0)


def _clamped_back(ctx: Lowering, bound: Value, size: Value) -> Value:
    """A bound counted from the front, between -1 and the size less 1."""
    builder = ctx.builder
    last = builder.integer(SUB, size, 1)
    if builder.certain(bound, 0):
        return builder.integer(IMIN, bound, last)
    if builder.certain(-1, bound):
        return builder.integer(IMAX, builder.integer(ADD, size, bound), -1)
    from_end = builder.integer(IMAX, builder.integer(ADD, size, bound), -1)
    from_front = builder.integer(IMIN, bound, last)
    negative = ctx.emit(LT, (bound, builder.const(0)))
    return ctx.emit(SELECT, (negative, from_end, from_front), None, bound.name)


def product(ctx: Lowering, dims: Sequence[Dim]) -> Value:
    """The product of sizes."""
    total = ctx.builder.const(1)
    for dim in dims:
        if dim != 1:
            size = ctx.size(dim)
            total = size if total.size == 1 else ctx.builder.integer(MUL, total, size)
    return total


def integer_ref(ctx: Lowering, value: Value) -> Ref:
    """A Python integer, as a constant where it is known."""
    if isinstance(value.size, int):
        return Constant(value.size)
    return Scalar(ctx.cast(value, DType.INT), weak=True)

"""Views: reading an array through steps, and writing to its base through them."""

from __future__ import annotations

from collections.abc import Sequence

from gradc.frontend.python.refs import Step
from gradc.frontend.python.sizes import SizedBuilder
from gradc.ir.core import Value
from gradc.ir.types import Type
from gradc.prims.arithmetic import ADD, MUL
from gradc.prims.index import ALL, AT, GET, PUT, SLICE, part_type, split_operands
from gradc.prims.shape import RESHAPE, TRANSPOSE

GET_STEP, TRANSPOSE_STEP, RESHAPE_STEP = "get", "transpose", "reshape"


def get_step(base: Type, spec: Sequence[str], operands: Sequence[Value]) -> Step:
    """A basic index of an array of type `base`."""
    kind = part_type(base, spec, operands)
    return Step(GET_STEP, kind, tuple(operands), tuple(spec))


def transpose_step(base: Type, perm: Sequence[int]) -> Step:
    """A permutation of axes."""
    kind = base.with_shape(tuple(base.shape[axis] for axis in perm))
    return Step(TRANSPOSE_STEP, kind, (), (), tuple(perm))


def reshape_step(base: Type, sizes: Sequence[Value]) -> Step:
    """The same elements in another shape."""
    shape = tuple(_dim(size) for size in sizes)
    return Step(RESHAPE_STEP, base.with_shape(shape), tuple(sizes))


def _dim(size: Value) -> int | str:
    assert size.size is not None, size
    return size.size


def apply(builder: SizedBuilder, value: Value, steps: Sequence[Step], name: str) -> Value:
    """Read a view of an array."""
    for step in steps:
        value = _apply(builder, value, step, name)
    return value


def _apply(builder: SizedBuilder, value: Value, step: Step, name: str) -> Value:
    if step.kind == GET_STEP:
        return builder.emit(GET, (value, *step.operands), {"spec": step.spec}, name)
    if step.kind == TRANSPOSE_STEP:
        return builder.emit(TRANSPOSE, (value,), {"perm": step.perm}, name)
    return builder.emit(RESHAPE, (value, *step.operands), {}, name)


def write(
    builder: SizedBuilder, base: Value, steps: Sequence[Step], part: Value, name: str
) -> Value:
    """Return the base array with a view of it replaced by other contents."""
    if not steps:
        return part
    first, rest = steps[0], steps[1:]
    if rest:
        part = write(builder, _apply(builder, base, first, name), rest, part, name)
    if first.kind == GET_STEP:
        args = (base, part, *first.operands)
        return builder.emit(PUT, args, {"spec": first.spec}, name)
    if first.kind == TRANSPOSE_STEP:
        inverse = tuple(first.perm.index(axis) for axis in range(len(first.perm)))
        return builder.emit(TRANSPOSE, (part,), {"perm": inverse}, name)
    sizes = [builder.size(dim) for dim in base.type.shape]
    return builder.emit(RESHAPE, (part, *sizes), {}, name)


def extend(
    builder: SizedBuilder, base: Type, steps: tuple[Step, ...], step: Step
) -> tuple[Step, ...]:
    """Add a step to a view; an index of an index becomes one index of the base."""
    if not steps:
        return (step,)
    last, before = steps[-1], steps[:-1]
    below = before[-1].type if before else base
    if step.kind == GET_STEP and last.kind == GET_STEP:
        return (*before, _compose(builder, below, last, step))
    if step.kind == GET_STEP and last.kind == TRANSPOSE_STEP:
        return _index_below_transpose(builder, base, before, last, step)
    if step.kind == TRANSPOSE_STEP and last.kind == TRANSPOSE_STEP:
        perm = tuple(last.perm[axis] for axis in step.perm)
        if perm == tuple(range(len(perm))):
            return before
        return (*before, transpose_step(below, perm))
    return (*steps, step)


def _compose(builder: SizedBuilder, base: Type, outer: Step, inner: Step) -> Step:
    """One index that is `inner` of `outer`."""
    spec: list[str] = []
    operands: list[Value] = []
    parts = iter(split_operands(inner.spec, inner.operands))
    for item, own in split_operands(outer.spec, outer.operands):
        if item == AT:
            spec.append(AT)
            operands += own
            continue
        how, more = next(parts)
        if how == ALL:
            spec.append(item)
            operands += own
        elif item == ALL:
            spec.append(how)
            operands += more
        else:
            start, _, stride = own
            moved = builder.integer(ADD, start, builder.integer(MUL, more[0], stride))
            spec.append(how)
            operands.append(moved)
            if how == SLICE:
                operands += [more[1], builder.integer(MUL, more[2], stride)]
    return get_step(base, spec, operands)


def _index_below_transpose(
    builder: SizedBuilder, base: Type, before: tuple[Step, ...], last: Step, step: Step
) -> tuple[Step, ...]:
    """Index first, then permute the axes that are left: the index stays one index of the base."""
    items = split_operands(step.spec, step.operands)
    below = before[-1].type if before else base
    moved = [items[last.perm.index(axis)] for axis in range(len(last.perm))]
    spec = [item for item, _ in moved]
    operands = [operand for _, own in moved for operand in own]
    indexed = get_step(below, spec, operands)
    steps = extend(builder, base, before, indexed)
    kept_below = [axis for axis in range(len(last.perm)) if moved[axis][0] != AT]
    kept = [axis for axis, (item, _) in zip(last.perm, items, strict=True) if item != AT]
    perm = tuple(kept_below.index(axis) for axis in kept)
    if perm == tuple(range(len(perm))):
        return steps
    return (*steps, transpose_step(indexed.type, perm))

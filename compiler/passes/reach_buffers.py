"""Arrays of zeros for a direction are made once, and zeroed again where the direction reached.

Before, a part of :mod:`gradc.passes.reach`::

    with for_(lo, n, one, jac) as (p, jac_1):
        z: f64[n] = zeros(n)
        s: f64[n] = put(z, c, p, spec=('at',))
        ...
        yield_(jac_2)

After::

    z: f64[n] = zeros(n)
    with for_(lo, n, one, jac, z) as (p, jac_1, z_1):
        s: f64[n] = put(z_1, c, p, spec=('at',))
        ...
        with for_(p, end, one, s) as (i, z_2):
            z_3: f64[n] = put(z_2, zero, i, spec=('at',))
            yield_(z_3)
        z_4: f64[n] = outs()
        yield_(jac_2, z_4)

The array goes from update to update, so that one buffer serves all directions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gradc.analysis.affine import number
from gradc.analysis.spans import Interval, Span, is_at_least
from gradc.ir.builder import Builder, Symbols
from gradc.ir.control import FOR, LOOP_BOUNDS
from gradc.ir.core import Op, Region, Value
from gradc.ir.types import INT
from gradc.ir.walk import substitute_op, used_by
from gradc.passes.reach_bounds import Bounds, Place
from gradc.prims.index import ADD_AT, AT, GET, PUT
from gradc.prims.shape import ZEROS


@dataclass(frozen=True, slots=True)
class Kept:
    """An array of zeros that a direction writes to: how it begins, its last version, its span.

    Attributes
    ----------
    first, last : Value
    span : Span
    made : Op or None
        What makes it inside of the loop over directions, where it is made there.
    """

    first: Value
    last: Value
    span: Span
    made: Op | None


def kept_arrays(
    body: Region, spans: Mapping[Value, Span], outside: Sequence[Value], made: Sequence[Op]
) -> list[Kept]:
    """The arrays that the body of a loop over directions writes to, and nothing else uses.

    Parameters
    ----------
    body : Region
    spans : mapping of Value to Span
        What is known in the body.
    outside : sequence of Value
        Arrays of zeros from before the loop that nothing else uses.
    made : sequence of Op
        What makes arrays of zeros in the body.
    """
    found = []
    starts = [*((value, None) for value in outside), *((op.out, op) for op in made)]
    for first, op in starts:
        last = last_version(body.ops, first)
        if last is None or last is first or last in body.yields:
            continue
        span = spans.get(last)
        if span is not None:
            found.append(Kept(first, last, span, op))
    return found


def with_kept(
    loop: Op, arrays: Sequence[Kept], place: Place, inside: Place, builder: Builder
) -> Op:
    """The loop with arrays carried from direction to direction; makes them before it."""
    (body,) = loop.regions
    inits: list[Value] = []
    mapping: dict[Value, Value] = {}
    for each in arrays:
        first = each.first
        mapping[first] = replace(first)
        if each.made is None:
            inits.append(first)
            continue
        sizes = [place.size(dim, builder) for dim in first.type.shape]
        inits.append(replace(first))
        builder.append(
            replace(
                each.made,
                prim=ZEROS,
                args=tuple(sizes),
                params={"dtype": first.type.dtype},
                outs=(inits[-1],),
            )
        )
    gone = {each.made for each in arrays}
    inner = Builder(Symbols(builder.symbols))
    inner.loc, inner.role = builder.loc, builder.role
    for op in body.ops:
        if op not in gone:
            inner.append(substitute_op(op, mapping))
    ends = _zeroed(arrays, inside, inner)
    region = inner.close((*body.params, *mapping.values()), (*body.yields, *ends))
    outs = (*loop.outs, *(replace(each.last) for each in arrays))
    return replace(loop, args=(*loop.args, *inits), outs=outs, regions=(region,))


def _zeroed(arrays: Sequence[Kept], place: Place, builder: Builder) -> list[Value]:
    """Write what makes zeros of arrays again; those of one size and span together."""
    groups: dict[object, list[int]] = {}
    for slot, each in enumerate(arrays):
        (dim,) = each.last.type.shape
        key = dim, each.last.type.dtype, tuple((i.low.key(), i.high.key()) for i in each.span)
        groups.setdefault(key, []).append(slot)
    ends = [each.last for each in arrays]
    for group in groups.values():
        current: Sequence[Value] = [ends[slot] for slot in group]
        for interval in arrays[group[0]].span:
            current = _zeros_in(current, interval, place, builder)
        for slot, value in zip(group, current, strict=True):
            ends[slot] = value
    return ends


def _zeros_in(
    arrays: Sequence[Value], interval: Interval, place: Place, builder: Builder
) -> Sequence[Value]:
    bounds = Bounds(place.forms, place, builder)
    size = place.size(arrays[0].type.shape[0], builder)
    nothing = builder.const(0.0, arrays[0].type.dtype)
    inside = is_at_least(interval.low, number(0), place.facts) and is_at_least(
        place.forms.of(size), interval.high, place.facts
    )
    if inside and interval.high.minus(interval.low).known == 1:
        where = bounds.value(interval.low)
        return [_put(builder, array, nothing, where) for array in arrays]
    zero, one = builder.const(0), builder.const(1)
    low = bounds.largest(interval.low, [(zero, number(0))])
    high = bounds.smaller(interval.high, size)
    inner = builder.child()
    index = inner.value(INT, "i")
    params = [replace(array) for array in arrays]
    ends = [_put(inner, param, nothing, index) for param in params]
    region = inner.close((index, *params), ends)
    return builder.loop((low, high, one), arrays, region)


def _put(builder: Builder, array: Value, value: Value, where: Value) -> Value:
    return builder.emit(PUT, [array, value, where], {"spec": (AT,)}, name=array.name)


def last_version(ops: Sequence[Op], first: Value) -> Value | None:
    """The version of an array after all updates, if it goes from one to the next.

    Nothing else may use it but reads of elements, each before the next update.
    """
    current, old = first, set[Value]()
    for op in ops:
        used = set(used_by(op))
        if not old.isdisjoint(used):
            return None
        if current not in used:
            continue
        following = _updated(op, current)
        if following is not None:
            old.add(current)
            current = following
        elif not _only_reads(op, current):
            return None
    return current


def _updated(op: Op, array: Value) -> Value | None:
    """What an op makes of an array that it writes to."""
    if op.args.count(array) != 1:
        return None
    place = op.args.index(array)
    if op.prim in (PUT, ADD_AT):
        return op.out if place == 0 else None
    if op.prim is not FOR or place < LOOP_BOUNDS:
        return None
    (body,) = op.regions
    slot = place - LOOP_BOUNDS
    if any(array in (*used_by(inner), *body.yields) for inner in body.ops):
        return None
    same = last_version(body.ops, body.params[1 + slot]) is body.yields[slot]
    return op.outs[slot] if same and body.yields.count(body.yields[slot]) == 1 else None


def _only_reads(op: Op, array: Value) -> bool:
    """Whether an op reads elements of an array, and hands nothing of it on."""
    if op.prim is GET:
        return array not in op.args[1:] and op.params["spec"] == (AT,)
    if array in op.args or not op.regions:
        return False
    return all(
        array not in region.yields
        and all(_only_reads(inner, array) for inner in region.ops if array in used_by(inner))
        for region in op.regions
    )
